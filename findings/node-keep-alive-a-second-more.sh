#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Node 20.20.2, http.Server: with keepAliveTimeout = 2000 it says "Keep-Alive:
# timeout=2", and closes an idle connection after 3 s. The second more is there
# so that a client that uses a connection up to the last moment it was promised
# is not met by a close.
#
# Guess: the server closes at the time that it names and was set to.
# Seen:  Keep-Alive: timeout=2; a request after 2.5 s of silence is answered on
#        the same connection; closed after 3 s

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

command -v npm >/dev/null || { echo "skipped: no npm"; exit 77; }
npm install --silent --no-audit --no-fund --prefix "$dir" node@20.20.2 \
	>"$dir/log" 2>&1 ||
	{ echo "skipped: node 20.20.2 cannot be had"; exit 77; }

cat >"$dir/ask.js" <<'JS'
const http = require('http');
const net = require('net');

const server = http.createServer((req, res) => res.end('ok'));
server.keepAliveTimeout = 2000;
server.listen(0, '127.0.0.1', () => {
	const socket = net.connect(server.address().port, '127.0.0.1');
	const ask = () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
	const answers = [];
	let last;
	socket.on('data', (data) => {
		answers.push(/^keep-alive:.*/im.exec(data)[0]);
		last = Date.now();
	});
	socket.on('end', () => {
		const idle = (Date.now() - last) / 1000;
		console.log(process.version, answers);
		console.log(`closed after ${idle.toFixed(1)} s of silence`);
		process.exit(answers.length === 2 && idle > 2.7 && idle < 4.5
			&& answers[1] === 'Keep-Alive: timeout=2' ? 0 : 1);
	});
	ask();
	setTimeout(ask, 2500);
});
JS
"$dir/node_modules/.bin/node" "$dir/ask.js"
