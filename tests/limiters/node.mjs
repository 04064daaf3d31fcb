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

await {
	"express": () => express({}),
	"express-silent": () => express(
		{ legacyHeaders: false, standardHeaders: false }),
	"koa": koa,
	"fastify": () => fastify({}),
	"fastify-exceeding": () => fastify({ continueExceeding: true }),
}[name]();
