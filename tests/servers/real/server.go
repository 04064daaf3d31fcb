// SPDX-License-Identifier: MIT
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println("Go net/http " + runtime.Version()[2:])
		return
	}
	log, err := os.OpenFile(os.Getenv("LOG"),
		os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	idle, _ := time.ParseDuration(os.Getenv("IDLE") + "s")
	server := &http.Server{
		Addr:        "127.0.0.1:" + os.Getenv("PORT"),
		IdleTimeout: idle,
		Handler: http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				log.WriteString(r.URL.Path + "\n")
				io.WriteString(w, "ok")
			}),
	}
	panic(server.ListenAndServe())
}
