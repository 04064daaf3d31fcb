#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests of ./bootstrap, in a folder that only looks like the sources, and with
# a package manager, a sudo and a pkg-config that are made up here: nothing is
# installed, and nothing outside $TMPDIR is touched.

set -u
unset CC CONFIGURE_FLAGS

: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
number=0
failed=0

# start NAME: a fresh folder, and all that is needed is there.
start() {
	name=$1
	cd "$top" || exit 1
	rm -rf src fake
	mkdir -p src/tests fake
	cp "$srcdir/bootstrap" src/

	# What a release brings, and a configure that is quickly done.
	cd src || exit 1
	touch configure.ac Makefile.am
	touch Makefile.in config.h.in
	cat >configure <<-'END'
		#!/bin/sh
		[ "${1-}" != --bad ] || { echo "no such switch"; exit 1; }
		cp "$0.mk" Makefile
		echo "abs_top_builddir = $PWD" >>Makefile
		printf '#!/bin/sh\necho "%s"\n' "$*" >config.status
		chmod +x config.status
		echo "$*" >>configured
	END
	cat >configure.mk <<-'END'
		all: ; touch fetchpool
		hello: ; @echo hello
		clean: ; rm -f fetchpool
		check test-programs: ; @echo $@
		bad: ; @echo '1 passed, 1 failed' >tests/summary.log; false
	END
	cd ../fake || exit 1

	# A library is there when the file of its name is. apt-get brings it,
	# unless told not to; each call of it and of sudo is written down.
	cat >pkg-config <<-END
		#!/bin/sh
		[ -e "$top/fake/has-\${2%% *}" ]
	END
	cat >apt-get <<-END
		#!/bin/sh
		echo "apt-get \$*" >>"$top/fake/calls"
		echo "noise of apt-get"
		case "\$*" in
		*install*) [ ! -e "$top/fake/broken" ] || exit 100
			touch "$top/fake/has-yajl" ;;
		esac
	END
	cat >sudo <<-END
		#!/bin/sh
		echo "sudo \$*" >>"$top/fake/calls"
		case "\$2" in
		env) shift; exec "\$@" ;;
		esac
	END
	printf '#!/bin/sh\necho 1000\n' >id
	printf '#!/bin/sh\nexit 1\n' >apt-cache
	touch has-libcurl has-yajl has-zlib has-hiredis calls
	cp pkg-config autoreconf
	chmod +x pkg-config apt-get sudo id apt-cache autoreconf ../src/configure
	cd ../src || exit 1
}

# run STATUS ARGUMENT...: what ./bootstrap says is in out and err.
run() {
	wanted=$1
	shift
	PATH="$top/fake:$PATH" ./bootstrap "$@" \
		>../out 2>../err </dev/null
	status=$?
	expect [ "$status" -eq "$wanted" ]
}

bad=false
expect() {
	"$@" && return
	bad=true
	echo "# $name: expected: $*"
	sed 's/^/# /' ../out ../err
}

finish() {
	number=$((number + 1))
	if $bad; then
		failed=1
		echo "not ok $number - $name"
	else
		echo "ok $number - $name"
	fi
	bad=false
}

start "nothing is missing: neither apt-get nor sudo is called"
run 0 hello
expect [ ! -s ../fake/calls ]
expect [ "$(cat ../out)" = hello ]
expect [ -e fetchpool ]
expect [ "$(wc -l <../err)" -le 5 ]
finish

start "a second run configures nothing again"
run 0
run 0 hello
expect [ "$(wc -l <configured)" -eq 1 ]
finish

start "other flags configure again, and build again"
run 0
CONFIGURE_FLAGS="--enable-asan --enable-ubsan"
export CONFIGURE_FLAGS
run 0
run 0
unset CONFIGURE_FLAGS
run 0
expect [ "$(cat configured)" = "
--enable-asan --enable-ubsan" ]
finish

start "a folder that was moved is configured again"
run 0
cd .. && mv src elsewhere && cd elsewhere || exit 1
run 0
expect [ "$(wc -l <configured)" -eq 2 ]
cd .. && mv elsewhere src && cd src || exit 1
finish

start "what is missing is installed through sudo, and nothing else"
rm ../fake/has-yajl
run 0 hello
expect grep -q "^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get .*\
install --no-install-recommends libyajl-dev$" ../fake/calls
expect [ "$(cat ../out)" = hello ]
expect [ "$(grep -c noise ../err)" -eq 0 ]
finish

start "what cannot be installed is named"
rm ../fake/has-yajl
touch ../fake/broken
run 1 hello
expect grep -q "apt-get install --no-install-recommends libyajl-dev" ../err
expect [ ! -e configured ]
finish

start "what is only of use is installed, too, or gone without, once"
rm ../fake/has-hiredis
touch ../fake/broken
run 0 hello
expect grep -q "install --no-install-recommends libhiredis-dev$" ../fake/calls
expect grep -q "going on without .*: libhiredis-dev" ../err
expect [ "$(cat ../out)" = hello ]
: >../fake/calls
run 0 hello
expect [ ! -s ../fake/calls ]
finish

# start_check NAME: all that the tests need is there, but Python has no modules.
start_check() {
	start "$1"
	for tool in jq mandoc nm openssl ps strace tinyproxy tmux zsh fish \
		parallel sqlite3 redis-server curl ssh sshd apache2 promtool \
		psql chromium; do
		ln -s /bin/true "../fake/$tool"
	done
	printf '#!/bin/sh\necho echo-nginx\n' >../fake/nginx
	cat >../fake/python3 <<-'END'
		#!/bin/sh
		case "$*" in
		*asyncio*) exit 0 ;;
		esac
		exit 1
	END
	# Debian 12: it has one name of python-multipart, and no moto.
	cat >../fake/apt-cache <<-'END'
		#!/bin/sh
		case $2 in
		*moto* | *python-multipart) ;;
		*) printf 'Installed: (none)\n  Candidate: 1.0\n' ;;
		esac
	END
	chmod +x ../fake/nginx ../fake/python3
}

start_check "what single tests use is installed for them, as far as it is known"
run 0 hello
expect [ ! -s ../fake/calls ]
run 0 check
expect grep -q "install --no-install-recommends .*python3-fastapi \
python3-uvicorn python3-multipart python3-boto3 python3-flask-cors$" ../fake/calls
expect grep -q "what single tests use: .*python3-fastapi" ../err
expect [ "$(tail -n 1 ../out)" = check ]
finish

start_check "without what single tests use, the others run"
touch ../fake/broken
run 0 check
expect grep -q "these tests will be skipped" ../err
expect [ "$(tail -n 1 ../out)" = check ]
run 0 -n check
expect grep -q "single tests are skipped: .*python3-moto" ../err
finish

start "-n only says it"
rm ../fake/has-yajl
run 1 -n hello
expect grep -q libyajl-dev ../err
expect [ ! -s ../fake/calls ]
expect [ ! -e bootstrap.log ]
finish

start "a step that fails shows why"
CONFIGURE_FLAGS=--bad
export CONFIGURE_FLAGS
run 1 hello
unset CONFIGURE_FLAGS
expect grep -q "no such switch" ../err
finish

start "of a target that fails the count comes last, and the status"
run 2 bad
expect [ "$(tail -n 1 ../out)" = "1 passed, 1 failed" ]
finish

start "a path with a space is refused in clear words"
mkdir "../a b"
cp bootstrap "../a b/"
cd "../a b" || exit 1
run 1 hello
expect grep -q "special character" ../err
finish

echo "1..$number"
exit $failed
