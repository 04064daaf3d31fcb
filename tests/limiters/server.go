// SPDX-License-Identifier: MIT
// Limiters of Go, 5 in 2 s each: server NAME PORT.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/go-chi/httprate"
)

func main() {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("ok"))
	})
	limited := httprate.Limit(5, 2*time.Second)(answer)
	http.ListenAndServe("127.0.0.1:"+os.Args[2], limited)
}
