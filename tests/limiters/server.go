// SPDX-License-Identifier: MIT
// Limiters of Go, 5 in 2 s each: server NAME PORT.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/didip/tollbooth/v7"
	"github.com/go-chi/httprate"
)

func main() {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("ok"))
	})
	limited := httprate.Limit(5, 2*time.Second)(answer)
	if os.Args[1] == "tollbooth" {
		bucket := tollbooth.NewLimiter(2, nil).SetBurst(5)
		limited = tollbooth.LimitHandler(bucket, answer)
	}
	http.ListenAndServe("127.0.0.1:"+os.Args[2], limited)
}
