#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gofiber/fiber 2.52.15, app.Static() with its defaults: a file that is written
# anew in its place, and is longer than before, is sent for ten seconds or more
# with the length that it had: the beginning of the new content, with status 200 and a
# Content-Length that is kept to. No client can tell. The server keeps the file
# open, with its length and its time, but reads the bytes each time.
#
# Guess: the old file or the new one, each of them whole.
# Seen (8 bytes, then 22): 200, 8 bytes, the first 8 of the new content; all 22
#        after 10 to 20 s

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
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gofiber/fiber/v2"
)

func main() {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	os.Mkdir("files", 0o755)
	app.Static("/", "./files")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go app.Listener(ln)
	write := func(text string) {
		// Opened, emptied and written, as ">" of a shell does.
		if err := os.WriteFile("files/v.json", []byte(text), 0o644); err != nil {
			panic(err)
		}
	}
	ask := func() (int, int64, string) {
		res, err := http.Get(fmt.Sprintf("http://%s/v.json", ln.Addr()))
		if err != nil {
			panic(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			panic(err)
		}
		res.Body.Close()
		return res.StatusCode, res.ContentLength, string(body)
	}

	write("{\"v\":1}\n")
	ask()
	whole := "{\"v\":2,\"more\":\"text\"}\n"
	write(whole)
	start := time.Now()
	status, length, body := ask()
	fmt.Printf("%d, Content-Length %d: %q\n", status, length, body)
	for later := ""; later != whole && time.Since(start) < time.Minute; {
		time.Sleep(time.Second)
		_, _, later = ask()
	}
	after := time.Since(start)
	fmt.Printf("all of it after %.0f s\n", after.Seconds())
	if status != 200 || length != 8 || body != whole[:8] ||
		after < 8*time.Second || after > 40*time.Second {
		os.Exit(1)
	}
}
GO
{ go mod init ask && go get github.com/gofiber/fiber/v2@v2.52.15; } \
	>"$dir/log" 2>&1 ||
	{ echo "skipped: fiber 2.52.15 cannot be had"; exit 77; }
go run .
