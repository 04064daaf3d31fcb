// SPDX-License-Identifier: MIT
// Limiters of Node, 5 in 2 s each: node.mjs NAME PORT. It is copied to the
// folder of their packages.
const [name, port] = process.argv.slice(2);
const limit = 5, windowMs = 2000, host = "127.0.0.1";

async function express(options) {
	const app = (await import("express")).default();
	const { rateLimit } = await import("express-rate-limit");
	app.use(rateLimit({ windowMs, limit, ...options }));
	app.use((_, answer) => answer.send("ok"));
	app.listen(port, host);
}

/* It delays those over its limit, and answers them all. */
async function slowDown() {
	const app = (await import("express")).default();
	const { slowDown } = await import("express-slow-down");
	app.use(slowDown({ windowMs, delayAfter: limit,
		delayMs: (hits) => 400 * (hits - limit), maxDelayMs: 4000 }));
	app.use((_, answer) => answer.send("ok"));
	app.listen(port, host);
}

/* It answers what comes too early with a time that is rounded up. */
async function brute() {
	const app = (await import("express")).default();
	const Brute = (await import("express-brute")).default;
	app.use(new Brute(new Brute.MemoryStore(), { freeRetries: limit,
		minWait: 500, maxWait: 500, lifetime: windowMs / 1000,
		refreshTimeoutOnRequest: false }).prevent);
	app.use((_, answer) => answer.send("ok"));
	app.listen(port, host);
}

/* 2 a second, and 5 more in 10 s. */
async function bursty() {
	const app = (await import("express")).default();
	const { BurstyRateLimiter, RateLimiterMemory } =
		(await import("rate-limiter-flexible")).default;
	const limiter = new BurstyRateLimiter(
		new RateLimiterMemory({ points: 2, duration: 1 }),
		new RateLimiterMemory(
			{ keyPrefix: "burst", points: limit, duration: 10 }));
	app.use((_, answer, next) => limiter.consume("all").then(() => next(),
		() => answer.status(429).send("Too Many Requests")));
	app.use((_, answer) => answer.send("ok"));
	app.listen(port, host);
}

async function elysia() {
	const { Elysia } = await import("elysia");
	const { node } = await import("@elysiajs/node");
	const { rateLimit } = await import("elysia-rate-limit");
	new Elysia({ adapter: node() }).use(rateLimit({ duration: windowMs,
		max: limit, generator: () => "all" })).get("/x", () => "ok")
		.listen({ port: Number(port), hostname: host });
}

async function hapi() {
	const server = (await import("@hapi/hapi")).default.server(
		{ port, host });
	await server.register({
		plugin: (await import("hapi-rate-limit")).default,
		options: { userLimit: false, pathLimit: limit,
			pathCache: { expiresIn: windowMs } } });
	server.route({ method: "GET", path: "/x", handler: () => "ok" });
	await server.start();
}

async function moleculer() {
	const { ServiceBroker } = (await import("moleculer")).default;
	const api = (await import("moleculer-web")).default;
	const broker = new ServiceBroker({ logger: false });
	broker.createService({ name: "x", actions: { get() { return "ok"; } } });
	broker.createService({ name: "api", mixins: [api], settings: { port,
		ip: host, rateLimit: { window: windowMs, limit, headers: true },
		routes: [{ path: "/", aliases: { "GET x": "x.get" } }] } });
	await broker.start();
}

async function koa2() {
	const app = new (await import("koa")).default();
	const { RateLimit } = (await import("koa2-ratelimit")).default;
	app.use(RateLimit.middleware({ interval: windowMs, max: limit }));
	app.use((context) => { context.body = "ok"; });
	app.listen(port, host);
}

async function koa() {
	const app = new (await import("koa")).default();
	const ratelimit = (await import("koa-ratelimit")).default;
	app.use(ratelimit({ driver: "memory", db: new Map(), duration: windowMs,
		max: limit, id: () => "all", headers: {
			remaining: "X-RateLimit-Remaining",
			reset: "X-RateLimit-Reset", total: "X-RateLimit-Limit" } }));
	app.use((context) => { context.body = "ok"; });
	app.listen(port, host);
}

async function fastify(options) {
	const app = (await import("fastify")).default();
	await app.register((await import("@fastify/rate-limit")).default,
		{ max: limit, timeWindow: windowMs, ...options });
	app.get("/*", async () => "ok");
	await app.listen({ port, host });
}

async function hono(options) {
	const app = new (await import("hono")).Hono();
	const { serve } = await import("@hono/node-server");
	const { rateLimiter } = await import("hono-rate-limiter");
	app.use(rateLimiter({ windowMs, limit, keyGenerator: () => "all",
		...options }));
	app.get("/*", (context) => context.text("ok"));
	serve({ fetch: app.fetch, port: Number(port), hostname: host });
}

async function nest(throttlers) {
	await import("reflect-metadata");
	const { Controller, Get, Module } = await import("@nestjs/common");
	const { APP_GUARD, NestFactory } = await import("@nestjs/core");
	const { ThrottlerGuard, ThrottlerModule } =
		await import("@nestjs/throttler");
	class Answer { get() { return "ok"; } }
	Reflect.decorate([Get("x")], Answer.prototype, "get",
		Object.getOwnPropertyDescriptor(Answer.prototype, "get"));
	Controller()(Answer);
	class App {}
	Module({ imports: [ThrottlerModule.forRoot(throttlers)],
		controllers: [Answer],
		providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
	})(App);
	const app = await NestFactory.create(App, { logger: false });
	await app.listen(port, host);
}

/* As its README does. */
async function flexible(options) {
	const { RateLimiterMemory } = (await import("rate-limiter-flexible")).default;
	const limiter = new RateLimiterMemory(
		{ points: limit, duration: windowMs / 1000, ...options });
	(await import("node:http")).createServer((_, answer) => {
		const end = (status, result) => {
			answer.writeHead(status, {
				"Retry-After": result.msBeforeNext / 1000,
				"X-RateLimit-Limit": limit,
				"X-RateLimit-Remaining": result.remainingPoints,
				"X-RateLimit-Reset": Math.ceil(
					(Date.now() + result.msBeforeNext) / 1000) });
			answer.end("ok");
		};
		limiter.consume("all").then((result) => end(200, result),
			(result) => end(429, result));
	}).listen(port, host);
}

async function restify() {
	const library = (await import("restify")).default;
	const app = library.createServer();
	app.use(library.plugins.throttle(
		{ rate: 2, burst: limit, ip: true, setHeaders: true }));
	app.get("/x", (_, answer, next) => { answer.send("ok"); next(); });
	app.listen(port, host);
}

await {
	"express": () => express({}),
	"express-silent": () => express(
		{ legacyHeaders: false, standardHeaders: false }),
	"koa": koa,
	"fastify": () => fastify({}),
	"fastify-exceeding": () => fastify({ continueExceeding: true }),
	"hono": () => hono({}),
	"hono-7": () => hono({ standardHeaders: "draft-7" }),
	"nest": () => nest([{ ttl: windowMs, limit }]),
	"nest-names": () => nest([{ name: "short", ttl: windowMs, limit },
		{ name: "long", ttl: 60000, limit: 100000 }]),
	"nest-block": () => nest([{ ttl: windowMs, limit, blockDuration: 4000 }]),
	"flexible": () => flexible({}),
	"flexible-block": () => flexible({ blockDuration: 4 }),
	"fastify-ban": () => fastify({ ban: 20 }),
	"express-6": () => express(
		{ legacyHeaders: false, standardHeaders: "draft-6" }),
	"express-8": () => express(
		{ legacyHeaders: false, standardHeaders: "draft-8" }),
	"slow-down": slowDown,
	"brute": brute,
	"bursty": bursty,
	"elysia": elysia,
	"hapi": hapi,
	"koa2": koa2,
	"moleculer": moleculer,
	"restify": restify,
}[name]();
