# SPDX-License-Identifier: MIT
"""
recipes: the displays of fetchpool(1) that have a name, as text to be run.

    recipe("array", ids=path)

gives the one below the comment `.\\" recipe: array`. What stands for something
of this machine is replaced, and has to be there.
"""
import os
import re

from tap import TOP, check

ESCAPES = {r"\-": "-", r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\&": ""}


def unescape(text):
    return re.sub(r"\\(\(..|.)", lambda match: ESCAPES[match[0]], text)


def recipe(name, *replaced):
    """replaced: pairs of what stands there, and what takes its place."""
    with open(os.path.join(TOP, "man", "fetchpool.1")) as file:
        page = file.read()
    found = re.search(r'^\.\\" recipe: %s\n\.Bd -literal.*?\n(.*?)^\.Ed$' %
                      re.escape(name), page, re.M | re.S)
    check(found, "no recipe " + name)
    text = unescape(found[1])
    for old, new in replaced:
        check(old in text, "no %r in the recipe %s" % (old, name))
        text = text.replace(old, new)
    check("example.com" not in text, "that would leave this machine: " + text)
    return text
