#!/bin/sh
# SPDX-License-Identifier: MIT
#
# markdown-link-check 3.15.0 (link-check 5.6.0) with --retry: a Retry-After that
# is a date, the first of the two forms that HTTP has (RFC 9110, 10.2.3), is
# taken for a wait that cannot be read, and that for no wait: the retries are
# gone within milliseconds, and the link is called dead. Its README promises a
# wait of 60 s ("fallbackRetryDelay") for a value that is not in seconds, which
# is what a 429 with no Retry-After gets. So the field makes it worse.
#
# Guess: it waits until the date, or, by its README, for the 2 s that are set
# here as fallbackRetryDelay.
# Seen (429 for 3 s, then 200):
#        Retry-After: 4        tried again after 4 s, alive
#        no Retry-After        tried again after 2 s, and again, alive
#        Retry-After: a date   three tries within 0.5 s, dead

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

command -v npm >/dev/null || { echo "skipped: no npm"; exit 77; }
npm install --silent --no-audit --no-fund --prefix "$dir" \
	markdown-link-check@3.15.0 link-check@5.6.0 >"$dir/log" 2>&1 ||
	{ echo "skipped: markdown-link-check 3.15.0 cannot be had"; exit 77; }

cat >"$dir/ask.js" <<'JS'
const fs = require('fs');
const http = require('http');
const { spawn } = require('child_process');

// For each form of the field: when it was asked with GET, in seconds from the
// first time. The 429 lasts for 3 s.
const forms = {
	seconds: () => ({ 'Retry-After': '4' }),
	none: () => ({}),
	date: () => ({ 'Retry-After': new Date(Date.now() + 4000).toUTCString() }),
};
const begun = {};
const tries = { seconds: [], none: [], date: [] };
const server = http.createServer((req, res) => {
	const form = req.url.slice(1);
	begun[form] ??= Date.now();
	const since = (Date.now() - begun[form]) / 1000;
	const free = since > 3;
	// A HEAD that is refused is asked again with GET: count one of the two.
	if (req.method === 'GET' || free)
		tries[form].push(since);
	res.writeHead(free ? 200 : 429, free ? {} : forms[form]());
	res.end();
});
server.listen(0, '127.0.0.1', () => {
	const { port } = server.address();
	fs.writeFileSync('links.md', Object.keys(forms)
		.map((form) => `<http://127.0.0.1:${port}/${form}>\n`).join('\n'));
	fs.writeFileSync('config.json', JSON.stringify({
		retryOn429: true, retryCount: 2, fallbackRetryDelay: '2s',
	}));
	const check = spawn(process.execPath,
		['node_modules/markdown-link-check/markdown-link-check',
			'-c', 'config.json', 'links.md'],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	let text = '';
	check.stdout.on('data', (data) => { text += data; });
	check.on('close', (code) => {
		const seen = {};
		for (const form of Object.keys(forms)) {
			const dead = text.includes(`/${form} → Status: 429`);
			seen[form] = dead ? 'dead' : 'alive';
			console.log(`${form}: ${seen[form]}; asked at`,
				tries[form].map((s) => s.toFixed(1)).join(', '));
		}
		console.log('exit status', code);
		const { date } = tries;
		process.exit(seen.seconds === 'alive' && seen.none === 'alive'
			&& seen.date === 'dead' && date.length === 3 && date[2] < 2
			&& code === 1 ? 0 : 1);
	});
});
JS
cd "$dir" && node ask.js
