#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--aws-sigv4 and signed URLs, with an object store that checks signatures
(moto with IAM enforced, if Python has it: pip install 'moto[server]').
"""
import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import urllib.request

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from faultserver import FaultServer
from harness import environment, fetchpool, modules
from servers import faults, free_port
from tap import (at_end, check, contents, equal, main, matches, temp_dir,
                 test, until)

AWS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
       "AWS_SESSION_TOKEN": ""}


class Moto:
    """The store, with an access key that may do everything."""

    def __enter__(self):
        modules("moto", "boto3", "flask_cors")
        import boto3
        import moto
        from botocore.client import Config
        self.version = tuple(int(n) for n in moto.__version__.split(".")[:3])
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.proc = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1",
             "-p", str(self.port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment({"INITIAL_NO_AUTH_ACTION_COUNT": "3"}))
        until(self.answers, "moto to answer", timeout=60)
        common = {"endpoint_url": self.url, "region_name": "us-east-1",
                  "aws_access_key_id": "x", "aws_secret_access_key": "y"}
        iam = boto3.client("iam", **common)
        iam.create_user(UserName="u")
        iam.put_user_policy(
            UserName="u", PolicyName="all", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
        key = iam.create_access_key(UserName="u")["AccessKey"]
        self.id, self.secret = key["AccessKeyId"], key["SecretAccessKey"]
        common.update(aws_access_key_id=self.id,
                      aws_secret_access_key=self.secret)
        self.s3 = boto3.client("s3", config=Config(
            signature_version="s3v4", s3={"addressing_style": "path"}),
            **common)
        self.s3.create_bucket(Bucket="bucket")
        # What it loads at its first object, it cannot load twice at once.
        self.s3.put_object(Bucket="bucket", Key="first", Body=b"1")
        self.s3.get_object(Bucket="bucket", Key="first")
        return self

    def answers(self):
        check(self.proc.poll() is None, "moto has ended")
        try:
            urllib.request.urlopen(self.url + "/moto-api/data.json").read()
            return True
        except OSError:
            return False

    def enforce(self, enforces):
        """Whether it looks at signatures in headers; while it does, it does not
        know URLs that are signed."""
        urllib.request.urlopen(urllib.request.Request(
            self.url + "/moto-api/reset-auth",
            b"0" if enforces else b"1000000",
            {"Content-Type": "text/plain"})).read()

    def __exit__(self, *exception):
        self.proc.kill()
        self.proc.wait()


stack = contextlib.ExitStack()
at_end(stack.close)
stores = []


def store(enforces=True):
    """The one of all tests: it takes long to start."""
    if not stores:
        stores.append(stack.enter_context(Moto()))
    stores[0].enforce(enforces)
    return stores[0]


def md5(data):
    return hashlib.md5(data).hexdigest()


SIGN = ["--aws-sigv4", "aws:amz:us-east-1:s3"]
# moto before 5.2.5 takes the first three only: it encodes others otherwise.
KEYS = ["plain.txt", "with blank.txt", "a/b/c.bin", "plus+plus", "ü/é",
        "%41 is no A", "at@colon:semi;comma,", "quote'(x)!*", "tilde~under_",
        "eq=and&", "hash#question?"]


@test("--aws-sigv4 without keys is a usage error")
def _():
    result = fetchpool([*SIGN, "http://127.0.0.1:1/{}"], input="1\n", env=AWS)
    equal(result.status, 2)
    matches("AWS_ACCESS_KEY_ID", result.err.decode())


@test("what --aws-sigv4 cannot sign with is a usage error that names it")
def _():
    keys = {"AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "secret"}
    for provider, more, named in (
            ("", {}, "--aws-sigv4"),
            (":amz:us-east-1:s3", {}, "--aws-sigv4"),
            (SIGN[1], {"AWS_SESSION_TOKEN": "a\nX: b"}, "AWS_SESSION_TOKEN"),
            (SIGN[1], {"AWS_ACCESS_KEY_ID": "a\nb"}, "AWS_ACCESS_KEY_ID"),
            (SIGN[1], {"AWS_ACCESS_KEY_ID": "a:b"}, "AWS_ACCESS_KEY_ID"),
            (SIGN[1], {"AWS_SECRET_ACCESS_KEY": "secret\n"},
             "AWS_SECRET_ACCESS_KEY")):
        result = fetchpool(["--aws-sigv4", provider, "http://127.0.0.1:1/{}"],
                           input="1\n", env={**AWS, **keys, **more})
        equal(result.status, 2, repr((provider, more, result)))
        matches("fetchpool: " + named + ": ", result.err.decode())
        check(b"secret" not in result.err, repr(result.err))


@test("--aws-sigv4 signs nothing that proxies change, and its token too")
def _():
    server = faults()
    env = {"AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "secret",
           "AWS_SESSION_TOKEN": "token"}
    result = fetchpool([*SIGN, server.url + "/echo/{}"], input="a/b+c\n",
                       env=env)
    equal(result.status, 0, repr(result))
    headers = dict(result.records[0]["body"]["headers"])
    signed = headers["Authorization"].partition("SignedHeaders=")[2]
    signed = signed.partition(",")[0].split(";")
    equal(sorted(signed), ["host", "x-amz-content-sha256", "x-amz-date",
                           "x-amz-security-token"])
    equal(headers["X-Amz-Security-Token"], "token")
    check(headers["User-Agent"].startswith("fetchpool/"), repr(headers))
    equal(result.records[0]["body"]["target"], "/echo/a/b%2Bc")
    check(b"secret" not in result.out + result.err, "the key is shown")


@test("--aws-sigv4: a redirect to another origin is not signed")
def _():
    here = faults()
    with FaultServer() as there:
        here.on("/go", lambda conn, request: conn.answer(
            b"", status=302,
            headers=b"Location: %s/echo\r\n" % there.url.encode()))
        result = fetchpool([*SIGN, "-u", "ID:secret", here.url + "/{}"],
                           input="go\n", env=AWS)
    names = {name.lower() for name, _ in result.records[0]["body"]["headers"]}
    check(not names & {"authorization", "x-amz-date",
                       "x-amz-content-sha256"}, repr(names))


@test("objects go up and come down as they are, whatever their keys")
def _():
    moto = store()
    chance = random.Random(3)
    up, down = temp_dir(), temp_dir()
    keys = KEYS if moto.version >= (5, 2, 5) else KEYS[:3]
    names = ["%d.bin" % n for n in range(len(keys))]
    data = {}
    for name, key in zip(names, keys):
        data[key] = chance.randbytes(chance.randrange(20000))
        with open(os.path.join(up, name), "wb") as file:
            file.write(data[key])
    env = {"AWS_ACCESS_KEY_ID": moto.id, "AWS_SECRET_ACCESS_KEY":
           moto.secret, "AWS_SESSION_TOKEN": ""}
    items = "".join(json.dumps({"key": key, "body_file": name}) + "\n"
                    for name, key in zip(names, keys))
    result = fetchpool(
        [*SIGN, "-a", "-X", "PUT", "--input-format", "json",
         "-Bnone",
         moto.url + "/bucket/{key}"], input=items,
        cwd=up, env=env, timeout=60)
    equal(result.status, 0, repr(result))
    for key in keys:
        equal(md5(moto.s3.get_object(Bucket="bucket", Key=key)["Body"].read()),
              md5(data[key]), key)
    result = fetchpool(
        [*SIGN, "-a", "-D", down, "--create-dirs", "--output-name={}",
         moto.url + "/bucket/{}"], input="".join(k + "\n" for k in keys),
        env=env, timeout=60)
    equal(result.status, 0, repr(result))
    for record in result.records:
        equal(md5(contents(record["file"])), md5(data[record["input"]]))

    # And a wrong key is refused: they are looked at.
    result = fetchpool([*SIGN, "-a", "-u", moto.id + ":wrong",
                        moto.url + "/bucket/{}"], input=KEYS[0] + "\n", env=AWS,
                       timeout=60)
    equal((result.status, result.records[0]["status"]), (1, 403),
          repr(result))


def listed(moto, prefix):
    """{key: MD5 digest} of a list in pages (ListObjectsV2)."""
    pages = list(moto.s3.get_paginator("list_objects_v2").paginate(
        Bucket="bucket", Prefix=prefix, PaginationConfig={"PageSize": 100}))
    equal(len(pages), 10)
    return {one["Key"]: one["ETag"].strip('"')
            for page in pages for one in page["Contents"]}


def sign(moto, method, key):
    return moto.s3.generate_presigned_url(
        method, Params={"Bucket": "bucket", "Key": key}, ExpiresIn=3600)


class Tree:
    """1,000 files in folders."""

    def __init__(self):
        chance = random.Random(4)
        self.base = temp_dir()
        self.names = ["d %d/e%d/%d.bin" % (n % 7, n % 30, n)
                      for n in range(1000)]
        for name in self.names:
            path = self.path("up", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(chance.randbytes(chance.randrange(3000)))
        self.digests = {name: md5(contents(self.path("up", name)))
                        for name in self.names}

    def path(self, *parts):
        return os.path.join(self.base, *parts)

    def run(self, args, items, **more):
        lines = [item if isinstance(item, str) else json.dumps(item)
                 for item in items]
        result = fetchpool(["-a", "-j8", "--retry=0", *args], timeout=200,
                           input="".join(line + "\n" for line in lines), **more)
        equal((result.status, len(result.records)), (0, 1000),
              repr(result)[-2000:])
        return result

    def is_in_folder(self, folder):
        for name in self.names:
            equal(md5(contents(self.path(folder, name))), self.digests[name],
                  name)

    def is_in_store(self, moto, prefix):
        keys = listed(moto, prefix)
        equal({key[len(prefix) + 1:]: keys[key] for key in keys}, self.digests)


@test("1,000 objects up, and down into folders, with a list in pages")
def _():
    moto, tree = store(), Tree()
    env = {"AWS_ACCESS_KEY_ID": moto.id, "AWS_SECRET_ACCESS_KEY":
           moto.secret, "AWS_SESSION_TOKEN": ""}
    tree.run([*SIGN, "-X", "PUT", "-Bnone", "--input-format", "json",
              moto.url + "/bucket/one{/path*}"],
             [{"path": name.split("/"), "body_file": name}
              for name in tree.names], env=env, cwd=tree.path("up"))
    tree.is_in_store(moto, "one")
    tree.run([*SIGN, "-D", tree.path("down"), "--create-dirs",
              "--output-name={}", moto.url + "/bucket/one/{+}"],
             tree.names, env=env)
    tree.is_in_folder("down")


@test("the same with URLs that are signed already, and nothing shows how")
def _():
    moto, tree = store(enforces=False), Tree()
    results = [tree.run(
        ["--input-format", "json", "-X", "PUT", "-Bnone"],
        [{"body_file": name, "url": sign(moto, "put_object", "signed/" + name)}
         for name in tree.names], env=AWS, cwd=tree.path("up"))]
    tree.is_in_store(moto, "signed")
    results.append(tree.run(
        ["--input-format", "json", "-D", tree.path("down"),
         "--create-dirs", "--output-name={name}"],
        [{"name": name, "url": sign(moto, "get_object", "signed/" + name)}
         for name in tree.names], env=AWS))
    tree.is_in_folder("down")
    tree.run(["--input-format", "json", "-X", "PUT", "-Bnone"],
             [{"body_file": name, "url": sign(
                 moto, "put_object", "again/" + name)}
              for name in tree.names], env=AWS, cwd=tree.path("down"))
    tree.is_in_store(moto, "again")
    for result in results:
        equal(result.out.count(b"X-Amz-Signature="), 2000)
        equal(result.out.count(b"X-Amz-Signature=***"), 2000)


@test("signed URLs go out as they are, and their signature is shown nowhere")
def _():
    server = faults()
    query = ("?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ID%2F1%2Fs3"
             "&X-Amz-SignedHeaders=host&X-Amz-Signature=0123456789abcdef")
    urls = [server.url + path + query for path in
            ("/ok", "/ok/with%20blank%2Bplus", "/status/403")]
    failed = os.path.join(temp_dir(), "failed")
    result = fetchpool(["-a", "-k", "--failed", failed], env=AWS,
                       input="".join(url + "\n" for url in urls))
    equal(sorted(server.targets),
          sorted(url.removeprefix(server.url) for url in urls))
    check(b"0123456789abcdef" not in result.out + result.err, repr(result))
    equal(result.out.count(b"X-Amz-Signature=***"), 6)
    equal(contents(failed).decode(), "".join(url + "\n" for url in urls[1:]))


if __name__ == "__main__":
    main()
