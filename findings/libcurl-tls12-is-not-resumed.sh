#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libcurl 7.88.1 with OpenSSL (the curl of Debian 12) switches TLS session
# tickets off (SSL_OP_NO_TICKET). TLS 1.3 has its own tickets and is resumed;
# TLS 1.2 can then be resumed by session ID alone, and nginx as it comes keeps
# no such sessions (ssl_session_cache none). So each new connection of a run
# over TLS 1.2 costs a full handshake, though client and server both do tickets
# and `openssl s_client` resumes at the same server.
#
# Guess: the second connection of one curl process is resumed ("r" in nginx's
# $ssl_session_reused) with TLS 1.2 as with TLS 1.3.
# Seen:  TLSv1.3 . r      TLSv1.2 . .      openssl s_client, TLS 1.2: Reused

set -eu
dir=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$dir"' EXIT
skip() {
	echo "skipped: $*"
	exit 77
}

PATH=$PATH:/usr/sbin
for tool in curl nginx openssl python3; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
curl --version | head -n 1 | grep -q 'libcurl/7\.88\.1 OpenSSL' ||
	skip "this curl is not 7.88.1 with OpenSSL"
nginx -v 2>&1 | grep -q 'nginx/1\.22\.1' || skip "this nginx is not 1.22.1"

port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$dir/key" -out "$dir/cert" -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>"$dir/req.log"
cat >"$dir/conf" <<N
daemon off; master_process off; pid $dir/pid; error_log $dir/error.log;
events {}
http {
	log_format reuse '\$ssl_protocol \$ssl_session_reused';
	access_log $dir/log reuse;
	server {
		listen 127.0.0.1:$port ssl;
		ssl_certificate $dir/cert; ssl_certificate_key $dir/key;
		ssl_protocols TLSv1.2 TLSv1.3;
		location / { return 204; }
	}
}
N
nginx -c "$dir/conf" -e "$dir/error.log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	curl -s --noproxy '*' --cacert "$dir/cert" -o "$dir/body" \
		"https://localhost:$port/" && break
	sleep 0.5
done

# Two requests of one process, with a connection each.
twice() {
	: >"$dir/log"
	curl -sS --noproxy '*' --tls-max "$1" --cacert "$dir/cert" \
		-H 'Connection: close' "https://localhost:$port/[1-2]"
	uniq -c "$dir/log" | sed 's/^ *//'
}
modern=$(twice 1.3)
older=$(twice 1.2)
printf 'curl, at most TLS 1.3: %s\n' "$(echo "$modern" | tr '\n' ';')"
printf 'curl, at most TLS 1.2: %s\n' "$(echo "$older" | tr '\n' ';')"
resumed=$(openssl s_client -connect "127.0.0.1:$port" -tls1_2 -reconnect \
	</dev/null 2>&1 | grep -c '^Reused, TLSv1.2') || true
echo "openssl s_client with TLS 1.2: resumed $resumed of 5 times"

[ "$modern" = '1 TLSv1.3 .
1 TLSv1.3 r' ] && [ "$older" = '2 TLSv1.2 .' ] && [ "$resumed" = 5 ]
