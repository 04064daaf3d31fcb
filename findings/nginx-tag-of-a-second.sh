#!/bin/sh
# SPDX-License-Identifier: MIT
#
# nginx 1.22.1: the entity tag of a file is its time in whole seconds and its
# length, without W/, so a strong one. If a file is written twice in a second,
# with as many bytes, both versions have the same tag: If-None-Match gets a 304
# for the second one for ever, and If-Range the rest of it for the first. With
# curl's --etag-compare the new version never comes. Apache httpd makes the tag
# weak for a second after each change; nginx does not.
#
# Guess: two versions of a file never have the same strong tag; or the tag is
#        weak while the file is that young.
# Seen ("one", then "two", with the same second as their time):
#        the tags are the same, strong ones
#        If-None-Match: 304
#        Range: bytes=1- with If-Range: 206, "wo"
#        curl --etag-compare: "one" stays

set -eu
dir=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || :; rm -rf "$dir"' EXIT

for tool in nginx curl python3; do
	command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
chmod 755 "$dir" # nginx reads the files as another user
cat >"$dir/conf" <<CONF
daemon off;
pid $dir/pid;
error_log $dir/errors;
events {}
http {
	access_log off;
	client_body_temp_path $dir/body;
	proxy_temp_path $dir/proxy;
	fastcgi_temp_path $dir/fastcgi;
	uwsgi_temp_path $dir/uwsgi;
	scgi_temp_path $dir/scgi;
	server { listen 127.0.0.1:$port; root $dir; }
}
CONF
nginx -e "$dir/errors" -p "$dir" -c "$dir/conf" &
server=$!
url="http://127.0.0.1:$port/file"
write() {
	printf %s "$1" >"$dir/new"
	touch -d @1700000000."$2" "$dir/new"
	chmod 644 "$dir/new"
	mv "$dir/new" "$dir/file"
}
tag_of() {
	curl -sSI "$url" | tr -d '\r' | sed -n 's/^ETag: //p'
}

cd "$dir"
write one 1
for _ in $(seq 100); do
	curl -s -o /dev/null "$url" && break
	sleep 0.1
done
one=$(tag_of)
curl -sS --etag-save tag --etag-compare tag -o mine "$url"
write two 9
two=$(tag_of)
status=$(curl -sS -o /dev/null -w '%{http_code}' \
	-H "If-None-Match: $one" "$url")
rest=$(curl -sS -w ' %{http_code}' -H 'Range: bytes=1-' \
	-H "If-Range: $one" "$url")
curl -sS --etag-save tag --etag-compare tag -o mine "$url"
echo "the tags are $one and $two"
echo "If-None-Match: $status; the rest: $rest; curl's file: $(cat mine)"
[ "$one" = "$two" ] && [ "$status" = 304 ] && [ "$rest" = "wo 206" ] &&
	[ "$(cat mine)" = one ]
