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
    "A and AAAA apart": (
        "8.20.0", None, "39036c9021",
        "A name is looked up in two threads, one for each family, and threads"
        " are kept for the next look-up."),
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
