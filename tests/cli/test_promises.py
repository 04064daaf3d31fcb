#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What is promised is held: each promise of fetchpool(1), README.md and
SECURITY.md names tests, and these are there and run by `make check`. Numbers
before a test's name are those of the fault catalogue, and no part of it here.
"""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from tap import TOP, check, contents, equal, main, test


def text(name):
    return contents(os.path.join(TOP, name)).decode()


def bare(name):
    return re.sub(r"^(\d+ )+", "", name)


def names_in(path):
    """The names of the tests in a file."""
    if path.endswith(".py"):
        found = re.findall(r'^@test\(((?:\s*"(?:[^"\\]|\\.)*")+)',
                           text(path), re.M)
    else:
        found = re.findall(r'\brun\(\s*((?:\s*"(?:[^"\\]|\\.)*")+),',
                           text(path))
    # A name that is put together is one of the file's constants.
    found += re.findall(r'^NAMED = ("[^"]*")$', text(path), re.M)
    return {bare("".join(part.replace('\\"', '"') for part in
                    re.findall(r'"((?:[^"\\]|\\.)*)"', name)))
            for name in found}


def is_run(path):
    """Whether `make check` knows the file, or it is what checks others."""
    stem = re.sub(r"\.c$", "", path)
    return re.search(r"^\t%s( \\)?$" % re.escape(stem), text("tests/local.mk"),
                     re.M)


def promises():
    """[(sentence, [file, name of a test])] of fetchpool(1)."""
    section = re.search(r"^\.Sh PROMISES\n(.*?)^\.Sh ", text(
        "man/fetchpool.1"), re.M | re.S)[1]
    found = []
    for item in section.split("\n.It\n")[1:]:
        lines = item.splitlines()
        tests = [re.fullmatch(r'\.\\" held by: (\S+): (.*)', line)
                 for line in lines if line.startswith('.\\"')]
        check(all(tests), "not understood: " + item)
        words = " ".join(line for line in lines
                         if not line.startswith(('.\\"', ".El")))
        found.append((words, [test.groups() for test in tests]))
    return found


def bullets(name, heading=None):
    """The items of the lists in a section of a page, or in all of it."""
    page = text(name)
    if heading:
        page = re.search(r"^## %s\n(.*?)^## " % re.escape(heading), page,
                         re.M | re.S)[1]
    return [" ".join(item.split()) for item in
            re.findall(r"^- (.*?)(?=^- |^\S|^$|\Z)", page, re.M | re.S)]


@test("names of tests are found in Python and C")
def _():
    check("a record, byte for byte" in
          names_in("tests/cli/test_output.py"), "not in Python")
    check("out of memory" in names_in("tests/unit/test_outlook.c"), "not in C")


@test("each promise of fetchpool(1) names tests that are there")
def _():
    found = promises()
    check(len(found) >= 15, "only %d promises" % len(found))
    for words, tests in found:
        check(tests, "no test holds: " + words)
        for path, name in tests:
            check(is_run(path), "%s is not run by make check" % path)
            check(bare(name) in names_in(path), "%s: no test \"%s\"" % (path, name))


def name_tests(items, least):
    check(len(items) >= least, "only %d: %r" % (len(items), items))
    for item in items:
        paths = re.findall(r"`(tests/[^`]*)`", item)
        check(paths, "no test holds: " + item)
        for path in paths:
            check(os.path.exists(os.path.join(TOP, path)), "no " + path)
            check(not "/test_" in path or is_run(path),
                  "%s is not run by make check" % path)


@test("each promise of README.md names files of tests that are run")
def _():
    name_tests(bullets("README.md", "What it promises"), 15)


@test("what SECURITY.md says is done names files of tests that are run")
def _():
    name_tests(bullets("SECURITY.md", "Countermeasures"), 15)


@test("SECURITY.md is released, and its options are options")
def _():
    check(re.search(r"^\tSECURITY\.md \\$", text("Makefile.am"), re.M),
          "not in EXTRA_DIST")
    known = re.findall(r'^\t\{(?:NULL|"\w+"), "([\w.-]+)"',
                       text("cmd/option/optiontable.c"), re.M)
    check(len(known) > 50, "only %d options were found" % len(known))
    for name in re.findall(r"`--([\w.-]+)", text("SECURITY.md")):
        check(name in known or name == "version", "no option --" + name)


@test("no program is started by any source but that of --token-command")
def _():
    pattern = re.compile(r"\b(system|popen|v?fork|exec[lv]p?e?|execveat|"
                         r"posix_spawnp?|wordexp)\s*\(")
    n = 0
    for folder in "lib", "cmd":
        for path in sorted(glob.glob("%s/%s/**/*.[ch]" % (TOP, folder),
                                     recursive=True)):
            n += 1
            match = pattern.search(text(path))
            starts = path.endswith("cmd/base/shellrun.c")
            check(bool(match) == starts, "%s: %s" % (path, match and match[0]))
    check(n > 100, "only %d sources were found" % n)
    equal(bool(pattern.search("\tsystem(command);")), True)


if __name__ == "__main__":
    main()
