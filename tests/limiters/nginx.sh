#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx with limit_req: nginx.sh PORT RATE DIRECTIVES, in $FOLDER.
set -eu
cat >"$FOLDER/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $FOLDER/pid;
error_log /dev/null;
events { worker_connections 100; }
http {
	access_log off;
	client_body_temp_path $FOLDER/body;
	proxy_temp_path $FOLDER/proxy;
	fastcgi_temp_path $FOLDER/fastcgi;
	uwsgi_temp_path $FOLDER/uwsgi;
	scgi_temp_path $FOLDER/scgi;
	limit_req_zone all zone=z:1m rate=$2;
	server {
		listen 127.0.0.1:$1;
		location / { limit_req zone=z; $3 try_files /none @ok; }
		location @ok { return 200 ok; }
	}
}
END
exec nginx -p "$FOLDER" -c "$FOLDER/nginx.conf"
