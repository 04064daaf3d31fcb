#!/bin/sh
# SPDX-License-Identifier: MIT
#
# polars 2.1.0, read_ndjson(schema_overrides={"body": String}): where the body
# of a line is an object, the string that comes out looks like its JSON and is
# not: quotation marks are escaped again, backslashes and control characters are
# not. A path "C:\\bin" becomes text that is JSON for a C, a colon, a backspace
# and "in", and a tab in a value makes text that no parser takes.
#
# Guess: the JSON of the object as it stands in the line; or an error, as it is
# no string.
# Seen:  {"say":"a\\b"} -> {"say": "a\b"}; {"say":"a\tb"} -> a raw tab

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q polars==2.1.0 ||
	{ echo "skipped: polars 2.1.0 cannot be had"; exit 77; }

cat >"$dir/ask.py" <<'PY'
import json
import sys

import polars

print("polars", polars.__version__)


def as_string(body):
    line = '{"seq":1,"body":' + body + "}\n"
    json.loads(line)
    table = polars.read_ndjson(line.encode(),
                               schema_overrides={"body": polars.String})
    return table["body"][0]


def reads_as(text):
    try:
        return json.loads(text)
    except ValueError as error:
        return str(error)


seen = []
for body in r'{"say":"ab"}', r'{"say":"a\"b"}', r'{"say":"a\\b"}', \
        r'{"say":"a\tb"}':
    text = as_string(body)
    seen.append(reads_as(text) == json.loads(body))
    print(f"{body} -> {text!r}, which is read as {reads_as(text)}")
sys.exit(seen != [True, True, False, False])
PY
"$dir/venv/bin/python" "$dir/ask.py"
