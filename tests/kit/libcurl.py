# SPDX-License-Identifier: MIT
"""
libcurl: what its versions do differently, as far as it shows in a test.

    if does("A and AAAA apart"):

A test names the behaviour, never a version. A row has the version that first
does it, the one that first does it no more (None: all later ones do), the
commit in curl's repository, and what it is.
"""
import re
import subprocess

from tap import PROGRAM

ROWS = {
    # name: (since, before, commit, what)
    "all of the last chunk": (
        "8.6.0", None, "d7b6ce64ce",
        "A chunked body that ends without its last LF is not whole."),
    "A and AAAA apart": (
        "8.20.0", None, "39036c9021",
        "A name is looked up in two threads, one for each family, and threads"
        " are kept for the next look-up."),
    "fields unfolded": (
        "8.18.0", None, "67ae101666",
        "A field on several lines is one line to the callback, as RFC 9112,"
        " section 5.2, has it: that it was folded cannot be seen."),
    "HTTPS proxy not kept": (
        "8.17.0", None, "6e35eb4879",
        "Each request for http has a connection of its own to an HTTPS proxy,"
        " with curl, too (seen with 8.23.0)."),
    "HTTP/2 by default": (
        "8.0.0", None, "",
        "Our choice: where it can be trusted, HTTP/2 is what TLS agrees on."),
    "HTTP/2 answers lost to a close": (
        "8.0.0", None, "",
        "A whole answer, and the connection is closed: it may fail to send its"
        " own frames, and calls that a failure of the answer."),
    "TLS for http": (
        "8.13.0", "8.17.0", "df5db8afaf",
        "A kept connection over TLS is used for a URL with http, too, if host"
        " and port are the same (mended by 6e35eb4879)."),
    "tunnel refused is connect": (
        "8.20.0", None, "a186ecf4bf",
        "A tunnel that the proxy refuses is CURLE_COULDNT_CONNECT; it was"
        " CURLE_RECV_ERROR."),
    "two Locations refused": (
        "8.17.0", None, "9596c4a258",
        "An answer with two Locations that differ is an error, wherever it"
        " leads or not."),
    "two lengths refused": (
        "8.17.0", None, "008078fc38",
        "A second Content-Length that differs is an error before the callback"
        " has it: what stands behind it in the head is never seen."),
    "looks twice": (
        "8.0.0", "8.22.0", "",
        "It asks whether there is something to read in a way of its own: up to"
        " 402 times for 200 requests with 8.14.1, and less often on a busy"
        " machine. Later ones look once a second."),
    "own end not asked": (
        "8.0.0", None, "71b7e01610",
        "After connect() it does not ask the kernel where it ended."),
}


def _number(text):
    return tuple(int(part) for part in text.split("."))


def _version():
    """Of the libcurl that the program runs with."""
    text = subprocess.run([PROGRAM, "--version"], stdout=subprocess.PIPE,
                          check=True, encoding="utf-8").stdout
    return _number(re.search(r"libcurl/(\d+\.\d+\.\d+)", text).group(1))


VERSION = _version()


def does(name):
    since, before, _, _ = ROWS[name]
    return _number(since) <= VERSION and (
        not before or VERSION < _number(before))
