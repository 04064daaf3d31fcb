#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two packages by which Go programs read Link fields, and a URL with a comma, as
# APIs that take "fields=id,name" send it. peterhellberg/link 1.2.0 takes the
# comma out: the next page is asked for with fields=idname, another question.
# tomnomnom/linkheader (of 2025-08-11) finds no next page, and the list ends
# after its first. Neither says so. (RFC 8288 has the URL between "<" and ">",
# and RFC 3986 allows a comma in it.)
#
# Guess: both hand out the URL as it stands; a comma parts links only outside
# the brackets.
# Seen:  <http://127.0.0.1/items?fields=id,name&page=2>; rel="next"
#        link:       http://127.0.0.1/items?fields=idname&page=2
#        linkheader: none

set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export GOPATH="$dir/go" GOFLAGS='-modcacherw -mod=mod' GOTOOLCHAIN=local

command -v go >/dev/null || { echo "skipped: no go"; exit 77; }
mkdir "$dir/ask"
cd "$dir/ask"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/peterhellberg/link"
	"github.com/tomnomnom/linkheader"
)

const base = "http://127.0.0.1/items?fields="

// with says what each package finds in a field whose URL has this list.
func with(fields string) (string, string) {
	field := "<" + base + fields + "&page=2>; rel=\"next\""
	one, other := "none", "none"
	if found := link.Parse(field)["next"]; found != nil {
		one = found.URI
	}
	for _, found := range linkheader.Parse(field).FilterByRel("next") {
		other = found.URL
	}
	return one, other
}

func main() {
	plain := base + "id&page=2"
	if one, other := with("id"); one != plain || other != plain {
		fmt.Println("without a comma:", one, other)
		os.Exit(1)
	}
	one, other := with("id,name")
	fmt.Println("link:      ", one)
	fmt.Println("linkheader:", other)
	if one != base+"idname&page=2" || other != "none" {
		os.Exit(1)
	}
}
GO
{ go mod init ask && go get github.com/peterhellberg/link@v1.2.0 \
	github.com/tomnomnom/linkheader@v0.0.0-20250811210735-e5fe3b51442e; } \
	>"$dir/log" 2>&1 ||
	{ echo "skipped: these versions cannot be had"; exit 77; }
go run .
