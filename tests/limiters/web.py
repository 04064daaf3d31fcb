# SPDX-License-Identifier: MIT
"""Limiters of Python's frameworks, 5 in 2 s each: web.py NAME PORT."""
import sys

NAME, PORT = sys.argv[1], int(sys.argv[2])
LIMIT = "5 per 2 second"


def slowapi(headers, **options):
    import fastapi
    import slowapi
    import slowapi.errors
    import slowapi.middleware
    import slowapi.util
    import uvicorn

    limiter = slowapi.Limiter(key_func=slowapi.util.get_remote_address,
                              headers_enabled=headers, **options)
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


def rest_framework():
    import socketserver
    import wsgiref.simple_server

    import django.conf
    django.conf.settings.configure(
        ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF=__name__,
        INSTALLED_APPS=["rest_framework"],
        CACHES={"default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        REST_FRAMEWORK={
            "DEFAULT_THROTTLE_CLASSES": [
                "rest_framework.throttling.AnonRateThrottle"],
            "DEFAULT_THROTTLE_RATES": {"anon": "5/s"},
            "DEFAULT_RENDERER_CLASSES": [
                "rest_framework.renderers.JSONRenderer"],
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "UNAUTHENTICATED_USER": None})
    import django.core.wsgi
    application = django.core.wsgi.get_wsgi_application()
    import django.urls
    import rest_framework.response
    import rest_framework.views

    class Answer(rest_framework.views.APIView):
        def get(self, request, item):
            return rest_framework.response.Response("ok")

    global urlpatterns
    urlpatterns = [django.urls.path("<item>", Answer.as_view())]

    class Server(socketserver.ThreadingMixIn,
                 wsgiref.simple_server.WSGIServer):
        request_queue_size = 128

    wsgiref.simple_server.make_server(
        "127.0.0.1", PORT, application, server_class=Server).serve_forever()


def fastapi_limiter():
    import fastapi
    import fastapi_limiter.depends
    import pyrate_limiter
    import uvicorn

    limiter = pyrate_limiter.Limiter(
        pyrate_limiter.Rate(5, pyrate_limiter.Duration.SECOND * 2))
    app = fastapi.FastAPI()

    @app.get("/{item}", dependencies=[fastapi.Depends(
        fastapi_limiter.depends.RateLimiter(limiter=limiter))])
    async def answer(item: str):
        return "ok"

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


def fastapi_limiter_redis():
    """0.1.6, which counts in a Redis."""
    import contextlib
    import os
    import subprocess

    import fastapi
    import fastapi_limiter
    import fastapi_limiter.depends
    import redis.asyncio
    import uvicorn

    folder, installed = os.environ["FOLDER"], os.environ["INSTALLED"]
    path = os.path.join(folder, "redis.sock")
    subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", path, "--save", "",
         "--dir", folder],
        env=dict(os.environ, LD_LIBRARY_PATH=os.path.join(
            installed, "usr/lib/x86_64-linux-gnu")),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @contextlib.asynccontextmanager
    async def life(_):
        await fastapi_limiter.FastAPILimiter.init(
            redis.asyncio.Redis(unix_socket_path=path))
        yield

    app = fastapi.FastAPI(lifespan=life)

    @app.get("/x", dependencies=[fastapi.Depends(
        fastapi_limiter.depends.RateLimiter(times=5, seconds=2))])
    async def answer():
        return "ok"

    import time
    while not os.path.exists(path):
        time.sleep(0.1)
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


def asgi(block_time):
    import ratelimit
    import ratelimit.backends.simple
    import uvicorn

    async def answer(scope, receive, send):
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def who(_):
        return "all", "default"

    app = ratelimit.RateLimitMiddleware(
        answer, who, ratelimit.backends.simple.MemoryBackend(),
        {"^/": [ratelimit.Rule(second=5, block_time=block_time)]})
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error",
                lifespan="off")


def aiohttp():
    import aiohttp.web
    import aiohttplimiter

    limiter = aiohttplimiter.Limiter(keyfunc=lambda _: "all")

    @limiter.limit("5/2 second")
    async def answer(_):
        return aiohttp.web.Response(text="ok")

    app = aiohttp.web.Application()
    app.router.add_get("/x", answer)
    aiohttp.web.run_app(app, host="127.0.0.1", port=PORT, print=None)


def litestar():
    import litestar
    import litestar.middleware.rate_limit
    import uvicorn

    @litestar.get("/{item:str}")
    async def answer(item: str) -> str:
        return "ok"

    limit = litestar.middleware.rate_limit.RateLimitConfig(
        rate_limit=("second", 5))
    uvicorn.run(litestar.Litestar([answer], middleware=[limit.middleware]),
                host="127.0.0.1", port=PORT, log_level="error")


def guard():
    import fastapi
    import guard as library
    import uvicorn

    app = fastapi.FastAPI()
    app.add_middleware(
        library.SecurityMiddleware, config=library.SecurityConfig(
            rate_limit=5, rate_limit_window=2, enable_redis=False,
            enable_penetration_detection=False))

    @app.get("/x")
    async def answer():
        return "ok"

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")


def throttled():
    """With the fields that its documentation has."""
    import datetime

    import flask
    import throttled as library

    throttle = library.Throttled(
        using="gcra", store=library.MemoryStore(),
        quota=library.rate_limiter.per_duration(
            datetime.timedelta(seconds=2), 5, burst=5))
    app = flask.Flask("web")

    @app.route("/<item>")
    def answer(item):
        result = throttle.limit("all")
        state = result.state
        return flask.Response("ok", 429 if result.limited else 200, {
            "RateLimit-Limit": state.limit,
            "RateLimit-Remaining": state.remaining,
            "RateLimit-Reset": state.reset_after,
            "Retry-After": state.retry_after})

    app.run("127.0.0.1", PORT, threaded=True)


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
    "litestar": litestar,
    "guard": guard,
    "throttled": throttled,
    "quart": quart,
    "rest-framework": rest_framework,
    "fastapi": fastapi_limiter,
    "fastapi-redis": fastapi_limiter_redis,
    "asgi": lambda: asgi(None),
    "asgi-block": lambda: asgi(4),
    "aiohttp": aiohttp,
    "slowapi": lambda: slowapi(False),
    "slowapi-headers": lambda: slowapi(True),
    "flask": flask,
    "flask-moving": lambda: flask(headers_enabled=True,
                                  strategy="moving-window"),
    "slowapi-moving": lambda: slowapi(True, strategy="moving-window"),
    "flask-sliding": lambda: flask(headers_enabled=True,
                                   strategy="sliding-window-counter"),
}[NAME]()
