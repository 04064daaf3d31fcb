#!/bin/sh
# SPDX-License-Identifier: MIT
#
# sethvargo/go-limiter 0.7.1, httplimit: Retry-After is a date that ends in
# "UTC". An HTTP date ends in "GMT" (RFC 9110, 5.6.7), and Go's own
# http.ParseTime, of the same language, refuses this one. The cause is
# time.RFC1123, which names the zone of the time, in place of http.TimeFormat.
#
# Guess: a Go limiter sends delay-seconds, or a date that Go's net/http reads.
# Seen:  Retry-After: Sun, 29 Nov 2026 08:40:20 UTC
#        http.ParseTime: an error

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
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
)

func main() {
	store, err := memorystore.New(&memorystore.Config{
		Tokens: 1, Interval: time.Minute,
	})
	if err != nil {
		panic(err)
	}
	limit, err := httplimit.NewMiddleware(store, httplimit.IPKeyFunc())
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(limit.Handle(http.NotFoundHandler()))
	ask := func() *http.Response {
		res, err := http.Get(server.URL)
		if err != nil {
			panic(err)
		}
		res.Body.Close()
		return res
	}
	ask()
	res := ask()
	after := res.Header.Get("Retry-After")
	_, err = http.ParseTime(after)
	fmt.Println(res.StatusCode, "Retry-After:", after)
	fmt.Println("http.ParseTime:", err)
	if res.StatusCode != 429 || !strings.HasSuffix(after, " UTC") || err == nil {
		os.Exit(1)
	}
}
GO
{ go mod init ask && go get github.com/sethvargo/go-limiter@v0.7.1; } \
	>"$dir/log" 2>&1 ||
	{ echo "skipped: go-limiter 0.7.1 cannot be had"; exit 77; }
go run .
