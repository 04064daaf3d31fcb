#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
libfetchpool(3) says what fetchpool.h does: its synopsis has the declarations
of the header, its lists have the members of each struct and the constants of
each enum, and each function says who may call it and what it returns. The
program in it is the one that is installed; tests/cli/test_install.py runs that.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import tool
from tap import TOP, check, contents, equal, main, test

PAGE = os.path.join(TOP, "man", "libfetchpool.3")
# struct: the part of the page that lists its members.
LISTS = {
    "fp_options": "OPTIONS",
    "fp_item": "ITEM MEMBERS",
    "fp_value": "ITEM MEMBERS",
    "fp_formpart": "ITEM MEMBERS",
    "fp_result": "RESULT MEMBERS",
    "fp_try": "RESULT MEMBERS",
    "fp_json_changes": "RESULT MEMBERS",
    "fp_record_format": "OTHER TYPES",
    "fp_notice": "OTHER TYPES",
    "fp_span": "OTHER TYPES",
    "fp_look": "OTHER TYPES",
    "fp_forecast": "OTHER TYPES",
}
# Those that are explained in a sentence.
SMALL = {"fp_text": ["data", "len"], "fp_forecast_host": ["origin", "n"],
         "fp_validators": ["etag", "modified", "at"],
         "fp_token_reply": ["text", "why", "said"]}


# ---- the header ----

def header():
    text = contents(os.path.join(TOP, "lib", "fetchpool.h")).decode()
    text = text.replace("\\\n", " ")
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def squeeze(text):
    return re.sub(r"\s*([^\w\s])\s*", r"\1", " ".join(text.split()))


def declarations():
    """{name: the whole of it} of functions, and of types of functions."""
    found = re.findall(
        r"^(typedef \w+|\w[\w ]*?[ *]+)\s*(fp_\w+)\s*"
        r"\(((?:[^()]|\([^()]*\))*)\);", header(), re.M)
    check(len(found) > 25, "too few declarations in fetchpool.h")
    return {name: squeeze("%s %s(%s)" % (before, name, args))
            for before, name, args in found}


def functions():
    return [name for name, text in declarations().items()
            if not text.startswith("typedef")]


def blocks(kind):
    """{name: what stands between the braces} of structs or enums."""
    text, found = header(), {}
    for match in re.finditer(r"\b%s (fp_\w+)\s*\{" % kind, text):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        found[match[1]] = text[match.end():at - 1]
    check(found, "no %s in fetchpool.h" % kind)
    return found


def members(body):
    flat = re.sub(r"\{[^{}]*\}", " ", body)
    return [re.search(r"(\w+)\s*(\[\w*\])?\s*$", line)[1]
            for line in flat.split(";") if line.strip()]


def constants():
    names = []
    for body in blocks("enum").values():
        names += re.findall(r"\b(FP_\w+)\s*(?:=[^,]*)?(?:,|$)", body.strip())
    return names + re.findall(r"#define (FP_[A-Z]\w+)\b", header())


# ---- the page ----

def page():
    text = contents(PAGE).decode().replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith('.\\"')]


def section(name):
    lines, inside = [], False
    for line in page():
        if line.startswith(".Sh "):
            inside = line[4:] == name
        elif inside:
            lines.append(line)
    check(lines, "no section " + name)
    return lines


def listed(lines, macro):
    """The names in the .It lines of this macro, in order."""
    return [name for line in lines if line.startswith(".It %s " % macro)
            for name in re.findall(r"\b%s (\w+)" % macro, line)]


def synopsis():
    found, result, name, args = {}, None, None, []
    for line in section("SYNOPSIS"):
        macro, _, rest = line.partition(" ")
        rest = rest.strip('"')
        if macro == ".Ft":
            result = rest
        elif macro == ".Fo":
            name, args = rest, []
        elif macro == ".Fa":
            args.append(rest)
        elif macro == ".Fc":
            found[name] = squeeze("%s %s(%s)" % (result, name,
                                                 ",".join(args)))
    return found


ESCAPES = {r"\(aq": "'", r"\(dq": '"', r"\(ga": "`", r"\(ha": "^",
           r"\(ti": "~", r"\e": "\\", r"\-": "-", r"\&": ""}


def example():
    lines, inside = [], False
    for line in section("EXAMPLES"):
        if line == ".Ed":
            inside = False
        elif inside:
            lines.append(re.sub(r"\\(\(..|.)",
                                lambda match: ESCAPES[match[0]], line))
        elif line == ".Bd -literal":
            inside = True
    return "\n".join(lines) + "\n"


# ---- the tests ----

@test("mandoc has nothing to say about the page")
def _():
    done = subprocess.run(
        [tool("mandoc"), "-Tlint", PAGE], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    # Which other pages are installed is not the page's business.
    said = [line for line in done.stdout.splitlines()
            if "manual not found" not in line and "mandoc.db" not in line]
    equal(said, [])


@test("the page fits on a terminal of 80 columns")
def _():
    done = subprocess.run([tool("mandoc"), "-Tutf8", PAGE],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True)
    text = re.sub(".\b", "", done.stdout.decode())
    check("EXAMPLES" in text, "it is not rendered")
    for line in text.splitlines():
        check(len(line.expandtabs()) <= 80, "too wide: " + line)


@test("the synopsis has the declarations of fetchpool.h")
def _():
    equal(synopsis(), declarations())


@test("the page is found by the name of each function")
def _():
    names = [line.split()[1] for line in section("NAME")
             if line.startswith(".Nm ")]
    equal(sorted(names), sorted(["libfetchpool", *functions()]))


@test("every function, and what it is given to call, is explained")
def _():
    equal(sorted(listed(section("DESCRIPTION"), "Fn")),
          sorted(declarations()))


@test("of every function it is said who may call it")
def _():
    equal(sorted(listed(section("THREADS"), "Fn")), sorted(functions()))


@test("what every function returns is said")
def _():
    returning = [name for name, text in declarations().items()
                 if not text.startswith(("void ", "typedef"))]
    equal(sorted(listed(section("RETURN VALUES"), "Fn")), sorted(returning))


@test("of every pointer that changes hands it is said who owns it")
def _():
    said = listed(section("OWNERSHIP"), "Fn")
    for name in said:
        check(name in declarations(), "no function " + name)
    for name in functions():
        if name.endswith(("_new", "_free")):
            check(name in "\n".join(section("OWNERSHIP")), name)


@test("every struct has a list of its members, and no other")
def _():
    structs = blocks("struct")
    equal(sorted(structs), sorted([*LISTS, *SMALL]))
    wanted, said = {}, {}
    for name, where in LISTS.items():
        wanted.setdefault(where, []).extend(members(structs[name]))
        said[where] = listed(section(where), "Va")
    for where in wanted:
        equal(sorted(said[where]), sorted(wanted[where]), where)


@test("small structs are explained in passing")
def _():
    text = "\n".join(page())
    for name, wanted in SMALL.items():
        equal(members(blocks("struct")[name]), wanted, name)
        check(".Vt struct " + name in text, name)


@test("every constant is there, and every one that is there exists")
def _():
    text = "\n".join(line for line in page() if line.startswith("."))
    said = set(re.findall(r"\bDv (FP_\w+)", text))
    known = set(constants())
    check(len(known) > 60, "too few constants in fetchpool.h")
    equal(sorted(said), sorted(known))


@test("the example in the page is the one that is installed")
def _():
    source = contents(os.path.join(TOP, "examples", "fetchlist.c")).decode()
    equal(example(), source.replace("\t", "    "))


@test("every function that sets errno is among the errors")
def _():
    about = section("ERRORS")
    named = re.findall(r"^\.Fn (fp_\w+)", "\n".join(about), re.M)
    for name in ("fp_pool_new", "fp_pool_submit", "fp_record_write",
                 "fp_parser_new", "fp_parser_parse", "fp_template_variables"):
        check(name in named, "nothing about the errors of " + name)


if __name__ == "__main__":
    main()
