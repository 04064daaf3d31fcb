// SPDX-License-Identifier: MIT
// Limiters of Go, 5 in 2 s each, or 2/s: server NAME PORT.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/didip/tollbooth/v7"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/httprate"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/limiter"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
	ulule "github.com/ulule/limiter/v3"
	ulule_gin "github.com/ulule/limiter/v3/drivers/middleware/gin"
	"github.com/ulule/limiter/v3/drivers/store/memory"
)

const limit, period = 5, 2 * time.Second

var answer = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Write([]byte("ok"))
})

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func runFiber(address string, slides bool) {
	config := limiter.Config{Max: limit, Expiration: period,
		KeyGenerator: func(*fiber.Ctx) string { return "all" }}
	if slides {
		config.LimiterMiddleware = limiter.SlidingWindow{}
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(limiter.New(config))
	app.Get("/x", func(c *fiber.Ctx) error { return c.SendString("ok") })
	check(app.Listen(address))
}

func runEcho(address string) {
	app := echo.New()
	app.HideBanner = true
	app.Use(middleware.RateLimiter(
		middleware.NewRateLimiterMemoryStoreWithConfig(
			middleware.RateLimiterMemoryStoreConfig{
				Rate: 2, Burst: limit})))
	app.GET("/x", func(c echo.Context) error { return c.String(200, "ok") })
	check(app.Start(address))
}

func goLimiter() http.Handler {
	store, err := memorystore.New(
		&memorystore.Config{Tokens: limit, Interval: period})
	check(err)
	limited, err := httplimit.NewMiddleware(store,
		func(*http.Request) (string, error) { return "all", nil })
	check(err)
	return limited.Handle(answer)
}

func throttles() http.Handler {
	store, err := memstore.NewCtx(100)
	check(err)
	limited, err := throttled.NewGCRARateLimiterCtx(store, throttled.RateQuota{
		MaxRate: throttled.PerSec(2), MaxBurst: limit - 1})
	check(err)
	handler := throttled.HTTPRateLimiterCtx{RateLimiter: limited,
		VaryBy: &throttled.VaryBy{Path: true}}
	return handler.RateLimit(answer)
}

func ginUlule() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	app := gin.New()
	app.Use(ulule_gin.NewMiddleware(ulule.New(memory.NewStore(),
		ulule.Rate{Period: period, Limit: limit})))
	app.GET("/x", func(c *gin.Context) { c.String(200, "ok") })
	return app
}

func main() {
	address := "127.0.0.1:" + os.Args[2]
	var handler http.Handler
	switch os.Args[1] {
	case "fiber", "fiber-sliding":
		runFiber(address, os.Args[1] == "fiber-sliding")
	case "echo":
		runEcho(address)
	case "go-limiter":
		handler = goLimiter()
	case "httprate":
		handler = httprate.Limit(limit, period)(answer)
	case "ulule":
		handler = ginUlule()
	case "throttled":
		handler = throttles()
	case "tollbooth":
		bucket := tollbooth.NewLimiter(2, nil).SetBurst(limit)
		handler = tollbooth.LimitHandler(bucket, answer)
	}
	check(http.ListenAndServe(address, handler))
}
