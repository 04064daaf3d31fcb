#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Apache 2.4.71 (Debian 12) with mod_deflate sends a compressed page with the
# entity tag "x-gzip" in place of "x", and does not know it again: a client that
# asks with If-None-Match: "x-gzip" gets the whole page each time. It does know
# "x", and a list with both (DeflateAlterETag AddSuffix, the default).
#
# Guess: the tag that a server has sent gets a 304 as long as nothing changes.
# Seen:  "x-gzip": 200; "x": 304; "x-gzip", "x": 304

set -eu
dir=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$dir"' EXIT

for name in apache2 curl python3; do
	command -v "$name" >/dev/null ||
		{ echo "skipped: no $name (Debian: apache2-bin, curl)"; exit 77; }
done
modules=/usr/lib/apache2/modules
apache2 -v | grep -q '2\.4\.' ||
	{ echo "skipped: this Apache is not 2.4"; exit 77; }

user=
test "$(id -u)" != 0 || user="User nobody"
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$dir/conf" <<N
ServerRoot $dir
PidFile $dir/pid
Listen 127.0.0.1:$port
ServerName localhost
$user
ErrorLog $dir/error.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule mime_module $modules/mod_mime.so
LoadModule filter_module $modules/mod_filter.so
LoadModule deflate_module $modules/mod_deflate.so
TypesConfig /dev/null
AddType text/plain .txt
DocumentRoot $dir/www
AddOutputFilterByType DEFLATE text/plain
N
mkdir "$dir/www"
yes text | head -n 1000 >"$dir/www/page.txt"
chmod -R a+rX "$dir"
apache2 -f "$dir/conf" -DFOREGROUND >"$dir/log" 2>&1 &
server=$!

url=http://127.0.0.1:$port/page.txt
tag=$(curl -s --retry 20 --retry-connrefused --retry-delay 1 -D - -o /dev/null \
	-H 'Accept-Encoding: gzip' "$url" | tr -d '\r' | sed -n 's/^ETag: //p')
plain=$(echo "$tag" | sed 's/-gzip"$/"/')
test "$plain" != "$tag" || { echo "no -gzip in $tag"; exit 1; }

ask() {
	curl -s -o /dev/null -w '%{http_code}' -H 'Accept-Encoding: gzip' \
		-H "If-None-Match: $1" "$url"
}
a=$(ask "$tag") b=$(ask "$plain") c=$(ask "$tag, $plain")
echo "$tag: $a; $plain: $b; both: $c"
test "$a $b $c" = "200 304 304"
