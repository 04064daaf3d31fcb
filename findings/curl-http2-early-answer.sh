#!/bin/sh
# SPDX-License-Identifier: MIT
#
# curl 7.88.1 (Debian 12) over HTTP/2 loses the answer to an upload that is
# answered before its body was read. Caddy sends the whole 401 and then resets
# the stream with NO_ERROR, as RFC 9113, 8.1 lets a server do, which adds that
# clients MUST NOT discard the answer. curl ends with status 92 (stream error).
# Over HTTP/1.1 the same upload shows the 401. So a wrong token looks like a
# broken network.
#
# Guess: curl prints 401 in both, and ends with 0.
# Seen (Caddy 2.6.2, 20 uploads of 1 MiB each): over HTTP/2 most are lost, over
#        HTTP/1.1 none

set -eu
dir=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$dir"' EXIT
skip() {
	echo "skipped: $*"
	exit 77
}

for tool in apt-get curl dpkg openssl python3; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
curl --version | head -n 1 | grep -q 'libcurl/7\.88\.1' ||
	skip "this curl is not 7.88.1"
cd "$dir"
apt-get download -q caddy=2.6.2-5 >"$dir/log" 2>&1 ||
	skip "caddy 2.6.2-5 cannot be had"
dpkg -x caddy_*.deb "$dir/caddy"

port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$dir/key" -out "$dir/cert" -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>"$dir/req.log"
cat >"$dir/Caddyfile" <<N
{
	admin off
	auto_https off
}
https://localhost:$port {
	bind 127.0.0.1
	tls $dir/cert $dir/key
	respond 401
}
N
HOME=$dir "$dir/caddy/usr/bin/caddy" run --config "$dir/Caddyfile" \
	--adapter caddyfile 2>"$dir/caddy.log" &
server=$!
head -c 1048576 /dev/zero >"$dir/body"
ask() {
	curl -s --noproxy '*' --cacert "$dir/cert" -o "$dir/answer" "$@" \
		"https://localhost:$port/"
}
for _ in 1 2 3 4 5 6 7 8 9 10; do
	ask && break
	sleep 0.5
done

lost() {
	count=0
	for _ in $(seq 20); do
		ask "$1" -H 'Expect:' --data-binary "@$dir/body" || {
			last=$?
			count=$((count + 1))
		}
	done
	echo "$count"
	test "$count" = 0 || echo "last exit status: $last" >&2
}
two=$(lost --http2)
one=$(lost --http1.1)
echo "answers lost of 20 over HTTP/2: $two, over HTTP/1.1: $one"
[ "$two" -gt 0 ] && [ "$one" = 0 ]
