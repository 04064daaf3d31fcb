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
    @limiter.shared_limit(LIMIT, scope="all")
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


def django():
    import wsgiref.simple_server
    import socketserver

    import django.conf
    django.conf.settings.configure(
        ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF=__name__,
        CACHES={"default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        SILENCED_SYSTEM_CHECKS=["django_ratelimit.E003",
                                "django_ratelimit.W001"])
    import django.core.wsgi
    import django.http
    import django.urls
    import django_ratelimit.decorators

    @django_ratelimit.decorators.ratelimit(key=lambda *_: "all", rate="5/2s")
    def answer(request, item):
        return django.http.HttpResponse("ok")

    global urlpatterns
    urlpatterns = [django.urls.path("<item>", answer)]

    class Server(socketserver.ThreadingMixIn,
                 wsgiref.simple_server.WSGIServer):
        request_queue_size = 128

    wsgiref.simple_server.make_server(
        "127.0.0.1", PORT, django.core.wsgi.get_wsgi_application(),
        server_class=Server).serve_forever()


def quart():
    import datetime

    import quart
    import quart_rate_limiter

    app = quart.Quart("web")

    async def key():
        return "all"

    quart_rate_limiter.RateLimiter(app, key_function=key)

    @app.route("/<item>")
    @quart_rate_limiter.rate_limit(5, datetime.timedelta(seconds=2))
    async def answer(item):
        return "ok"

    app.run("127.0.0.1", PORT)


{
    "django": django,
    "quart": quart,
    "slowapi": lambda: slowapi(False),
    "slowapi-headers": lambda: slowapi(True),
    "flask": flask,
    "flask-sliding": lambda: flask(headers_enabled=True,
                                   strategy="sliding-window-counter"),
}[NAME]()
