#!/bin/sh
# SPDX-License-Identifier: MIT
#
# @nestjs/throttler 6.7.1 with named throttlers: its 429 has no Retry-After, but
# a field of its own for each name, "Retry-After-short", which no client knows.
# With one throttler without a name it is the Retry-After of RFC 9110. So a
# second limit that is added to a service takes Retry-After away from all its
# clients.
#
# Guess: Retry-After is the wait of the throttler that refused; only the
# X-RateLimit fields carry names.
# Seen:  429, retry-after absent, retry-after-short: 10

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

command -v npm >/dev/null || { echo "skipped: no npm"; exit 77; }
npm install --silent --no-audit --no-fund --prefix "$dir" \
	@nestjs/throttler@6.7.1 @nestjs/common@11.1.6 @nestjs/core@11.1.6 \
	@nestjs/platform-express@11.1.6 reflect-metadata@0.2.2 rxjs@7.8.2 \
	>"$dir/log" 2>&1 ||
	{ echo "skipped: @nestjs/throttler 6.7.1 cannot be had"; exit 77; }

cat >"$dir/ask.js" <<'JS'
require('reflect-metadata');
const http = require('http');
const { Controller, Get, Module } = require('@nestjs/common');
const { APP_GUARD, NestFactory } = require('@nestjs/core');
const { ThrottlerGuard, ThrottlerModule } = require('@nestjs/throttler');

// A service that lets one request through, with these throttlers.
const service = (throttlers) => {
	class Root { get() { return 'ok'; } }
	Controller()(Root);
	Get()(Root.prototype, 'get',
		Object.getOwnPropertyDescriptor(Root.prototype, 'get'));
	class App {}
	Module({
		imports: [ThrottlerModule.forRoot(throttlers)],
		controllers: [Root],
		providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
	})(App);
	return NestFactory.create(App, { logger: false });
};
const ask = (port) => new Promise((resolve, reject) => {
	http.get({ port, host: '127.0.0.1', agent: false }, (res) => {
		res.resume();
		res.on('end', () => resolve(res));
	}).on('error', reject);
});
const refusal = async (throttlers) => {
	const app = await service(throttlers);
	const server = await app.listen(0, '127.0.0.1');
	await ask(server.address().port);
	return ask(server.address().port);
};

(async () => {
	const plain = await refusal([{ ttl: 10000, limit: 1 }]);
	const named = await refusal([
		{ name: 'short', ttl: 10000, limit: 1 },
		{ name: 'long', ttl: 60000, limit: 50 },
	]);
	for (const [what, res] of [['one', plain], ['named', named]])
		console.log(what, res.statusCode, JSON.stringify(Object.fromEntries(
			Object.entries(res.headers).filter(([n]) => /retry/.test(n)))));
	const same = plain.statusCode === 429 && named.statusCode === 429
		&& plain.headers['retry-after'] === '10'
		&& named.headers['retry-after'] === undefined
		&& named.headers['retry-after-short'] === '10';
	process.exit(same ? 0 : 1);
})();
JS
cd "$dir" && node ask.js
