#!/bin/sh
# SPDX-License-Identifier: MIT
#
# koa-ratelimit 6.0.0, memory driver: one and the same 429 names three different
# times to wait. Retry-After is the time that is left, cut down to whole seconds
# (and "0" in the last second); the text rounds it to the nearest second; and
# X-RateLimit-Reset, an epoch in seconds, has a fraction of six digits. A client
# that obeys Retry-After to the letter is refused again.
#
# Guess: Retry-After is rounded up, as delay-seconds have to be to be enough,
# and X-RateLimit-Reset is a whole number that says the same.
# Seen (0.3 s into a window of 3 s): Retry-After: 2; X-RateLimit-Reset with a
#        fraction; "retry in 3 seconds"; asked again after 2 s: 429

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

command -v npm >/dev/null || { echo "skipped: no npm"; exit 77; }
npm install --silent --no-audit --no-fund --prefix "$dir" \
	koa@3.0.1 koa-ratelimit@6.0.0 >"$dir/log" 2>&1 ||
	{ echo "skipped: koa-ratelimit 6.0.0 cannot be had"; exit 77; }

cat >"$dir/ask.js" <<'JS'
const http = require('http');
const Koa = require('koa');
const limit = require('koa-ratelimit');

const app = new Koa();
app.use(limit({
	driver: 'memory', db: new Map(), duration: 3000, max: 2, id: () => 'one',
}));
app.use((ctx) => { ctx.body = 'ok'; });
const ask = (port) => new Promise((resolve, reject) => {
	http.get({ port, host: '127.0.0.1', agent: false }, (res) => {
		let text = '';
		res.on('data', (part) => { text += part; });
		res.on('end', () => resolve({ res, text }));
	}).on('error', reject);
});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const server = app.listen(0, '127.0.0.1', async () => {
	const { port } = server.address();
	await ask(port);
	await ask(port);
	await sleep(300);
	const { res, text } = await ask(port);
	const after = res.headers['retry-after'];
	const reset = res.headers['x-ratelimit-reset'];
	console.log(res.statusCode, `Retry-After: ${after};`,
		`X-RateLimit-Reset: ${reset}; ${text}`);
	await sleep(after * 1000);
	const again = (await ask(port)).res.statusCode;
	console.log(`asked again after ${after} s: ${again}`);
	const same = res.statusCode === 429 && after === '2'
		&& /^\d+\.\d+$/.test(reset) && /in 3 seconds/.test(text)
		&& again === 429;
	process.exit(same ? 0 : 1);
});
JS
cd "$dir" && node ask.js
