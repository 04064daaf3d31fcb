#!/bin/sh
# SPDX-License-Identifier: MIT
# HAProxy that refuses more than 5 in 2 s, and counts what it refused:
# haproxy.sh PORT ACTION, in $FOLDER. A tarpit waits a second, and says 500.
set -eu
cat >"$FOLDER/haproxy.cfg" <<END
defaults
	mode http
	timeout client 60s
	timeout connect 5s
	timeout server 60s
frontend f
	bind 127.0.0.1:$1
	stick-table type ip size 1k expire 60s store http_req_rate(2s)
	http-request track-sc0 src
	timeout tarpit 1s
	http-request $2 if { sc_http_req_rate(0) gt 5 }
	http-request return status 200 content-type text/plain string ok
END
LD_LIBRARY_PATH=$(echo "$INSTALLED"/usr/lib/*-linux-gnu) export LD_LIBRARY_PATH
exec haproxy -db -f "$FOLDER/haproxy.cfg"
