#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
No case of the fault catalogue gets lost: each of its numbers stands at the
head of the name of at least one test.

    tests/cli/test_catalogue.py --list      which file holds which case
"""
import ast
import collections
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from tap import TESTS, check, equal, main, test

CASES = range(1, 101)
NUMBERS = re.compile(r"((?:[0-9]+ )+)[^0-9 ]")
# The name of a C test is the first argument of run(), in pieces or not.
C_NAME = re.compile(r'\brun\(\s*"((?:[^"\\]|\\.)*)"')


def names_in_python(text):
    """What test() is called with, where that is plain text."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and \
                getattr(node.func, "id", None) == "test" and node.args:
            words = node.args[0]
            # "35 cut by %s" % how: what counts is how it begins.
            while isinstance(words, ast.BinOp):
                words = words.left
            if isinstance(words, ast.Constant):
                yield words.value


def cases_of(name):
    """A status, such as 503, is no case."""
    match = NUMBERS.match(name)
    numbers = [int(n) for n in match[1].split()] if match else []
    return [n for n in numbers if n in CASES]


def names_in(path, text):
    if path.endswith(".py"):
        return list(names_in_python(text))
    return C_NAME.findall(text) if path.endswith(".c") else []


def held():
    """{case: [(file, name)]} as the sources say it."""
    cases = collections.defaultdict(list)
    for path in sorted(glob.glob(TESTS + "/*/test_*.*")):
        file = os.path.basename(path)
        if not re.fullmatch(r"test_\w+\.(py|c)", file):
            continue
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for name in names_in(file, text):
            for case in cases_of(name):
                cases[case].append((file, name))
    return cases


@test("each case has a test that is named for it")
def _():
    found = held()
    missing = [n for n in CASES if n not in found]
    check(not missing, "no test is named for %s" %
          ", ".join(map(str, missing)))


@test("a name is read as it is meant")
def _():
    equal(cases_of("38 44 a body that ends too early"), [38, 44])
    equal(cases_of("88 503 is a status"), [88])
    for name in "a body of 38 bytes", "38", "", "3 2", "-1 is none":
        equal(cases_of(name), [], name)
    equal(names_in("a.py", '@test("1 one")\ndef _():\n    equal("2 two")\n'
                   '@test("3 %s" % "x")\ndef _():\n    test(name)\n'),
          ["1 one", "3 %s"])
    equal(names_in("a.c", 'run("4 four", four);\n\trun(\n\t"5 five \\"x\\"",'
                   ' x);\n\trerun("6 six");'),
          ["4 four", '5 five \\"x\\"'])
    equal(names_in("a.h", 'run("7 seven", x);'), [])


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for number, tests in sorted(held().items()):
            print("%3d  %s" % (number, " ".join(sorted(
                {file for file, _ in tests}))))
    else:
        main()
