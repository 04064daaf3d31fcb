#!/bin/sh
# SPDX-License-Identifier: MIT
# Varnish with vsthrottle, 5 in 2 s: varnish.sh PORT, in $FOLDER. Its built-in
# VCL adds "Retry-After: 5" to what is refused.
set -eu
lib=$(echo "$INSTALLED"/usr/lib/*-linux-gnu)
cat >"$FOLDER/limit.vcl" <<END
vcl 4.1;
import vsthrottle;
backend none none;
sub vcl_recv {
	if (vsthrottle.is_denied("all", 5, 2s)) {
		return (synth(429, "Too Many Requests"));
	}
	return (synth(200, "OK"));
}
sub vcl_synth {
	if (resp.status == 200) {
		set resp.body = "ok";
		return (deliver);
	}
}
END
export LD_LIBRARY_PATH="$lib:$lib/varnish"
exec varnishd -F -j none -n "$FOLDER/varnish" \
	-a "127.0.0.1:$1" -T none -s default,10m -f "$FOLDER/limit.vcl" \
	-p "vmod_path=$lib/varnish/vmods"
