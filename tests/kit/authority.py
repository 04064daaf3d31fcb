# SPDX-License-Identifier: MIT
"""
authority: a certificate authority of the test's own, made with openssl.

    ca = authority()
    good = ca.issue("good", "DNS:good.test,IP:127.0.0.1")
    with Web(tls=good.server()) as web: ...  # --cacert ca.cert

The keys are on an elliptic curve, which takes no time to make.
"""
import os
import ssl
import subprocess
import tempfile

from harness import tool
from tap import Directory, at_end, check

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = %s
[ca]
default_ca = here
[here]
database = %s/index
new_certs_dir = %s
rand_serial = yes
default_md = sha256
policy = any
email_in_dn = no
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
%s
"""


class Certificate:
    def __init__(self, cert, key):
        self.cert, self.key = cert, key

    def server(self, client_ca=None):
        """A context to serve TLS with; client_ca: whose clients alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        return context


class Authority(Certificate):
    def __init__(self, name="The tests' authority"):
        self.openssl = tool("openssl")
        self.dir = tempfile.mkdtemp(prefix="fetchpool-ca-")
        at_end(Directory(self.dir).end)
        open(self.dir + "/index", "w").close()
        self.cert, self.key = self.dir + "/ca.pem", self.dir + "/ca.key"
        self.run("req", "-x509", "-config", self.config(name), "-extensions",
                 "root", "-days", "30", "-keyout", self.key, "-out",
                 self.cert, *self.new_key())

    def config(self, name, more=""):
        path = self.dir + "/conf"
        with open(path, "w") as file:
            file.write(CONFIG % (name, self.dir, self.dir, more))
        return path

    def new_key(self):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes"]

    def run(self, *args):
        done = subprocess.run([self.openssl, *args], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=30)
        check(done.returncode == 0, "openssl %s: %s" % (
            args[0], done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode()

    def issue(self, name, names=None, expired=False):
        """A certificate for these names ("DNS:a.test,IP:127.0.0.1")."""
        path = os.path.join(self.dir, name)
        config = self.config(name, "subjectAltName = " + names
                             if names else "")
        self.run("req", "-new", "-config", config, "-keyout", path + ".key",
                 "-out", path + ".csr", *self.new_key())
        dates = ("20200101000000Z", "20200201000000Z") if expired else \
            ("20200101000000Z", "20991231000000Z")
        self.run("ca", "-batch", "-config", config, "-extensions", "leaf",
                 "-keyfile", self.key, "-cert", self.cert, "-startdate",
                 dates[0], "-enddate", dates[1], "-notext", "-in",
                 path + ".csr", "-out", path + ".pem")
        return Certificate(path + ".pem", path + ".key")

    def self_signed(self, name, names):
        path = os.path.join(self.dir, name)
        self.run("req", "-x509", "-config",
                 self.config(name, "subjectAltName = " + names),
                 "-extensions", "leaf", "-days", "30", "-keyout",
                 path + ".key", "-out", path + ".pem", *self.new_key())
        return Certificate(path + ".pem", path + ".key")


_authorities = []


def authority():
    """The file's authority."""
    if not _authorities:
        _authorities.append(Authority())
    return _authorities[0]


def good():
    """A certificate of it for 127.0.0.1 and good.test."""
    if len(_authorities) < 2:
        ca = authority()
        _authorities.append(ca.issue(
            "good", "DNS:good.test,DNS:localhost,IP:127.0.0.1"))
    return _authorities[1]
