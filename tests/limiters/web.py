# SPDX-License-Identifier: MIT
"""Limiters of Python's frameworks, 5 in 2 s each: web.py NAME PORT."""
import sys

NAME, PORT = sys.argv[1], int(sys.argv[2])
LIMIT = "5 per 2 second"


def slowapi(headers):
    import fastapi
    import slowapi
    import slowapi.errors
    import slowapi.middleware
    import slowapi.util
    import uvicorn

    limiter = slowapi.Limiter(key_func=slowapi.util.get_remote_address,
                              headers_enabled=headers)
    app = fastapi.FastAPI()
    app.state.limiter = limiter
    app.add_exception_handler(slowapi.errors.RateLimitExceeded,
                              slowapi._rate_limit_exceeded_handler)

    @app.get("/{item}")
    @limiter.limit(LIMIT, key_func=lambda: "all")
    async def answer(request: fastapi.Request, item: str):
        return fastapi.Response("ok")

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


def flask(**options):
    import flask
    import flask_limiter

    app = flask.Flask("web")
    flask_limiter.Limiter(lambda: "all", app=app, default_limits=[LIMIT],
                          storage_uri="memory://", **options)

    @app.route("/<item>")
    def answer(item):
        return "ok"

    app.run("127.0.0.1", PORT, threaded=True)


{
    "slowapi": lambda: slowapi(False),
    "slowapi-headers": lambda: slowapi(True),
    "flask": flask,
    "flask-sliding": lambda: flask(headers_enabled=True,
                                   strategy="sliding-window-counter"),
}[NAME]()
