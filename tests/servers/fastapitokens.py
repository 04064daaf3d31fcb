#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
fastapitokens: an authorization server and an API with FastAPI's own means of
security, on a port of its own, whose URL it prints.

    fastapitokens.py LIFE    a token is good for LIFE seconds

POST /token gives a token for client credentials (RFC 6749, section 4.4), with
HTTP Basic; /items/N and /pages/N?page=P want it; /seen tells what there was.

    pip install fastapi==0.165.0 uvicorn==0.54.0 python-multipart
"""
import secrets
import socket
import sys
import time

import uvicorn
from fastapi import Depends, FastAPI, Form, HTTPException, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials, OAuth2PasswordBearer

LIFE = float(sys.argv[1])
PAGES = 6
app = FastAPI()
tokens = {}
seen = {"tokens": 0, "refused": 0, "items": []}


@app.post("/token")
def give(grant_type: str = Form(),
         who: HTTPBasicCredentials = Depends(HTTPBasic())):
    if (grant_type, who.username, who.password) != (
            "client_credentials", "reports", "s3cret"):
        raise HTTPException(401, "no such client")
    token = secrets.token_urlsafe(24)
    tokens[token] = time.monotonic() + LIFE
    seen["tokens"] += 1
    return {"access_token": token, "token_type": "bearer", "expires_in": LIFE}


def judge(token: str = Depends(OAuth2PasswordBearer("token"))):
    if tokens.get(token, 0) < time.monotonic():
        seen["refused"] += 1
        raise HTTPException(401, "the token has expired",
                            {"WWW-Authenticate": "Bearer"})


@app.api_route("/items/{n}", methods=["GET", "POST"],
               dependencies=[Depends(judge)])
def item(n: int):
    seen["items"].append(n)
    return {"id": n}


@app.get("/pages/{n}", dependencies=[Depends(judge)])
def page(n: int, response: Response, page: int = 1):
    seen["items"].append(100 * n + page)
    if page < PAGES:
        response.headers["Link"] = '</pages/%d?page=%d>; rel="next"' % (
            n, page + 1)
    return [n, page]


@app.get("/seen")
def tell():
    return seen


listener = socket.create_server(("127.0.0.1", 0))
print("http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical")).run([listener])
