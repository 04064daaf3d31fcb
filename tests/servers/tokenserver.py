# SPDX-License-Identifier: MIT
"""
tokenserver: an authorization server (RFC 6749, client credentials), and an API
that takes its tokens.

    with Tokens(uses=10) as server:
        curl -d grant_type=client_credentials server.url/token

A token is good for `uses` requests, for `life` seconds, or until revoke(); the
API, /api/..., answers 401 after that. .issued counts tokens, .taken has the
lines of requests with a good one, .refused counts the others. Run by itself it
prints its address, gives tokens of --life seconds, and says at the end what it
has seen.
"""
import json
import sys
import time

from webserver import Web


class Tokens(Web):
    def __init__(self, uses=None, life=None, expires_in=None):
        self.uses, self.life, self.expires_in = uses, life, expires_in
        super().__init__()

    def reset(self):
        super().reset()
        self.issued, self.refused, self.taken = 0, 0, []
        self.good, self.left, self.until = None, 0, 0
        self.own.update({"/token": self.give, "/api/": self.api})

    def give(self, conn, request):
        with self.changed:
            self.issued += 1
            self.good = "t0k-%d-c4naRy" % self.issued
            self.left = self.uses
            self.until = time.monotonic() + self.life if self.life else None
            reply = {"access_token": self.good, "token_type": "Bearer"}
            if self.expires_in:
                reply["expires_in"] = self.expires_in
            self.changed.notify_all()
        conn.answer(json.dumps(reply).encode(), b"application/json")

    def revoke(self):
        with self.changed:
            self.good = None

    def is_good(self, request):
        """Whether its token is; that is one use of it. Under the lock."""
        if request.header("Authorization") != "Bearer %s" % self.good:
            return False
        if self.until and time.monotonic() > self.until:
            return False
        if self.uses and self.left == 0:
            return False
        self.left = self.left and self.left - 1
        return True

    def api(self, conn, request):
        with self.changed:
            good = self.is_good(request)
            if good:
                self.taken.append(request.line)
            else:
                self.refused += 1
            self.changed.notify_all()
        if good:
            conn.answer(b'{"ok":true}', b"application/json")
        else:
            conn.answer(b'{"error":"invalid_token"}', b"application/json", 401,
                        b'WWW-Authenticate: Bearer error="invalid_token"\r\n')


if __name__ == "__main__":
    life = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    with Tokens(life=life, expires_in=life) as server:
        print(server.url, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("%d tokens, %d taken, %d refused" % (
                server.issued, len(server.taken), server.refused))
