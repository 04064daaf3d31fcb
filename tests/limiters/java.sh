#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs what Maven has built in $INSTALLED: java.sh PORT.
set -eu
exec java -cp "$INSTALLED/target/classes:$(cat "$INSTALLED/classpath")" \
	"limiters.$(cat "$INSTALLED/name")" "$1"
