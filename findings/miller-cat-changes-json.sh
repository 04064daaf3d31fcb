#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Miller 6.6.0 (Debian 12), JSON in and JSON out, with "cat", the verb that does
# nothing: an integer of 2^63 or more comes out as a string, in quotes, while
# 2^53 + 1 and the decimals 1.10 and 1e2 keep each digit. And the escape
# "\u0000" comes out as a raw NUL byte, which no JSON may hold. The exit status
# is 0.
#
# Guess: a number that nothing is done to stays as it is, or becomes a float;
# an escape stays an escape.
# Seen:  9223372036854775808 -> "9223372036854775808"; "a\u0000b" -> a, NUL, b

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q miller=6.6.0-2+b3 >"$dir/log" 2>&1 ||
	{ echo "skipped: miller 6.6.0-2+b3 cannot be had"; exit 77; }
dpkg -x miller_*.deb "$dir/miller"
mlr() {
	"$dir/miller/usr/bin/mlr" --ijson --ojsonl cat
}

numbers=$(for n in 9007199254740993 1.10 1e2 9223372036854775808; do
	echo "{\"n\":$n}"
done | mlr)
echo "$numbers"
printf '{"s":"a\\u0000b"}\n' | mlr >nul
od -c nul
[ "$numbers" = '{"n": 9007199254740993}
{"n": 1.10}
{"n": 1e2}
{"n": "9223372036854775808"}' ] && [ "$(tr '\0' '@' <nul)" = '{"s": "a@b"}' ]
