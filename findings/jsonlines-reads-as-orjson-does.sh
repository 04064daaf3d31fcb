#!/bin/sh
# SPDX-License-Identifier: MIT
#
# jsonlines 4.0.0 (Python) reads with orjson if orjson happens to be installed,
# and with the standard json module if not; the program that uses it says and
# sees nothing of this. With orjson 3.13.0, 2^64 is read as a float that is
# written as another number, and 1E400 is an error. So a package that some other
# dependency brings along changes the data.
#
# Guess: one reader, the standard json module, unless another one is named.
# Seen (18446744073709551617):
#        without orjson: 18446744073709551617; with it: 1.8446744073709552e+19

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/ask.py" <<'PY'
import io

import jsonlines

print(repr(jsonlines.Reader(io.StringIO("18446744073709551617\n")).read()))
PY
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q jsonlines==4.0.0 ||
	{ echo "skipped: jsonlines 4.0.0 cannot be had"; exit 77; }
without=$("$dir/venv/bin/python" "$dir/ask.py")
"$dir/venv/bin/pip" install -q orjson==3.13.0 ||
	{ echo "skipped: orjson 3.13.0 cannot be had"; exit 77; }
with=$("$dir/venv/bin/python" "$dir/ask.py")
echo "without orjson: $without"
echo "with orjson:    $with"
[ "$without" = 18446744073709551617 ] && [ "$with" = 1.8446744073709552e+19 ]
