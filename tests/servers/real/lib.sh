# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# What the scripts beside this one have in common. Each runs one real server:
#
#     NAME install     what it needs, into $DIR
#     NAME version     on one line
#     NAME serve       on 127.0.0.1:$PORT, in the foreground; it closes what
#                      has been idle for $IDLE seconds, and notes the path of
#                      each request in $LOG
#     NAME reload PID  in good order; a script without it has no such thing
set -eu

ROOT=$DIR/root
HERE=$(dirname "$0")

# Unpacks Debian packages, and those that they need and the system lacks, into
# $ROOT. Nothing is installed.
debian() {
	mkdir -p "$DIR/debs" "$ROOT"
	cd "$DIR/debs"
	names=$(apt-get install -s --no-install-recommends "$@" 2>/dev/null |
		awk '/^Inst/ { print $2 }')
	# shellcheck disable=SC2086
	[ -z "$names" ] || apt-get download -qq $names 2>/dev/null
	for deb in ./*.deb; do
		[ ! -e "$deb" ] || dpkg -x "$deb" "$ROOT"
	done
	cd - >/dev/null
}

# Where a program is: the system's, or the one that was unpacked.
program() {
	for at in "$ROOT/usr/sbin/$1" "$ROOT/usr/bin/$1"; do
		[ ! -x "$at" ] || { echo "$at"; return; }
	done
	command -v "$1" || command -v "/usr/sbin/$1"
}

LIBS=$ROOT/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null ||
	echo x86_64-linux-gnu)
export LD_LIBRARY_PATH="$LIBS:$LIBS/varnish${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
