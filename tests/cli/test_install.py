#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
`make install` puts everything where it belongs, a program can be built with
what is there, as C and as C++, shared and static, and `make uninstall` leaves
nothing behind.

It is installed once, into a folder of the test's own (DESTDIR), and pkg-config
is told that this folder is the root of the system. The compiler is that of the
build; a build with sanitizers makes programs with them, too.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import environment, tool
from servers import api
from tap import (PROGRAM, TOP, at_end, check, contents, equal, last, main,
                 matches, skip, temp_dir, test)

BUILD = os.environ.get("builddir") or os.path.dirname(PROGRAM)
HEADER = os.path.join(TOP, "lib", "fetchpool.h")
EXAMPLE = os.path.join(TOP, "examples", "fetchlist.c")
WARNINGS = "-Wall -Wextra -Wpedantic -Werror".split()


# ---- the build, and running things ----

def assignments(name, pattern):
    """{name: value} of a file of the build; the first of a name counts."""
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        skip("this is not where it was built: no " + path)
    return dict(reversed(re.findall(
        pattern, contents(path).decode(), re.M)))


def variable(name):
    """A variable of the Makefile, with all that it refers to."""
    values = assignments("Makefile", r"^(\w+) = (.*)$")

    def expand(text, depth=0):
        check(depth < 20, "no end to the value of " + name)
        return re.sub(r"\$[({](\w+)[)}]",
                      lambda ref: expand(values[ref[1]], depth + 1), text)

    return expand(values[name])


def has(kind):
    """Whether the library was built "shared" or "static"."""
    name = {"shared": "build_libtool_libs", "static": "build_old_libs"}[kind]
    return assignments("libtool", r"^(\w+)=(\w+)$")[name] == "yes"


class Run:
    """A command that has to end with this status."""

    def __init__(self, *command, status=0, stdin="", env=None, cwd=None):
        self.command = command
        done = subprocess.run(
            command, input=stdin.encode(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(env), cwd=cwd)
        self.out, self.err = done.stdout.decode(), done.stderr.decode()
        self.status = done.returncode
        last.append(self)
        if status is not None:
            equal(self.status, status, "exit status of " + " ".join(command))

    def __repr__(self):
        return "status %s of %s\n%s%s" % (
            self.status, " ".join(self.command), self.out[-2000:],
            self.err[-2000:])


class Installed:
    """What `make install` puts into a folder."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="fetchpool-test-")
        at_end(lambda: shutil.rmtree(self.root, ignore_errors=True))
        self.make("install")

    def make(self, target):
        Run(tool("make"), "-s", "--no-print-directory", "-C", BUILD, target,
            "DESTDIR=" + self.root)

    def path(self, name):
        """Where a folder of the Makefile is here."""
        return self.root + variable(name)

    def files(self):
        return {os.path.join(folder, name)
                for folder, _, names in os.walk(self.root) for name in names}

    def pkg_config(self, *what):
        env = {"PKG_CONFIG_SYSROOT_DIR": self.root,
               "PKG_CONFIG_PATH": self.path("pkgconfigdir"),
               "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
               "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
        return Run(tool("pkg-config"), *what, "fetchpool",
                   env=env).out.split()


_installed = []


def installed():
    if not _installed:
        assignments("Makefile", "()()")
        _installed.append(Installed())
    return _installed[0]


# ---- the files ----

def functions():
    """Those that fetchpool.h declares."""
    text = re.sub(r"/\*.*?\*/|^typedef .*?;", "", contents(HEADER).decode(),
                  flags=re.S | re.M)
    names = re.findall(r"^\w[\w ]*[ *](fp_\w+)\(", text, re.M)
    check(len(names) > 20, "too few functions in fetchpool.h: %r" % names)
    return sorted(names)


@test("every file is in its place, and no other")
def _():
    tree = installed()
    names = ["bindir/fetchpool", "includedir/fetchpool.h",
             "libdir/libfetchpool.la", "pkgconfigdir/fetchpool.pc",
             "docdir/examples/fetchlist.c", "mandir/man1/fetchpool.1",
             "mandir/man3/libfetchpool.3", "mandir/man5/fetchpool-record.5",
             "bashcompletiondir/fetchpool", "zshcompletiondir/_fetchpool",
             "fishcompletiondir/fetchpool.fish"]
    names += ["mandir/man3/%s.3" % name for name in functions()]
    if has("static"):
        names.append("libdir/libfetchpool.a")
    if has("shared"):
        names += ["libdir/libfetchpool.so" + end for end in (
            "", ".0", ".0.0.0")]
    wanted = set()
    for name in names:
        folder, rest = name.split("/", 1)
        wanted.add(os.path.join(tree.path(folder), rest))
    equal(sorted(tree.files()), sorted(wanted))


@test("the program that is installed runs, and needs no library of ours")
def _():
    program = os.path.join(installed().path("bindir"), "fetchpool")
    env = {"LD_LIBRARY_PATH": None}
    equal(Run(program, "--version", env=env).out,
          Run(PROGRAM, "--version").out)


@test("each function has a page that leads to libfetchpool(3)")
def _():
    folder = os.path.join(installed().path("mandir"), "man3")
    for name in functions():
        equal(contents(os.path.join(folder, name + ".3")),
              b".so man3/libfetchpool.3\n", name)


# ---- what the library shows ----

@test("the shared library shows the functions of fetchpool.h alone")
def _():
    if not has("shared"):
        skip("no shared library was built")
    path = os.path.join(installed().path("libdir"), "libfetchpool.so")
    out = Run(tool("nm"), "-D", "--defined-only", "--with-symbol-versions",
              path).out
    symbols = re.findall(r"^\S+ [A-Zuv] (\S+)$", out, re.M)
    # Two underscores: the compiler's own (sanitizers, coverage).
    ours = sorted(s for s in symbols if not s.startswith(("__", "FETCHPOOL")))
    equal(ours, ["%s@@FETCHPOOL_0" % name for name in functions()])


@test("it stays loaded, as libcurl has functions of it")
def _():
    if not has("shared"):
        skip("no shared library was built")
    path = os.path.join(installed().path("libdir"), "libfetchpool.so")
    matches(r"FLAGS_1.*\bNODELETE\b", Run(tool("readelf"), "-d", path).out)


@test("its name is libfetchpool.so.0")
def _():
    if not has("shared"):
        skip("no shared library was built")
    path = os.path.join(installed().path("libdir"), "libfetchpool.so")
    matches(r"SONAME.*\[libfetchpool\.so\.0\]",
            Run(tool("readelf"), "-d", path).out)


# ---- programs with it ----

def sanitizers():
    return [flag for flag in variable("FP_CFLAGS").split()
            if flag.startswith(("-fsanitize", "--coverage"))]


def compiler():
    return variable("CC").split() + sanitizers()


def cxx():
    """The C++ compiler beside the C compiler."""
    name = next(word for word in variable("CC").split()
                if "ccache" not in word)
    return [tool(re.sub(r"gcc|cc", "g++", name).replace("clang", "clang++"))
            ] + sanitizers()


def link(command, flags):
    """Libraries that libcurl alone was made with need not be here: libcurl is
    shared, and knows them."""
    done = Run(*command, *flags, status=None)
    absent = {"-l" + name for name in re.findall(r"-l([\w+.-]*\w)", "\n".join(
        line for line in done.err.splitlines() if "find" in line))}
    check(not absent & {"-lfetchpool", "-lcurl", "-lyajl", "-lz"},
          "not found: %r" % absent)
    if absent:
        Run(*command, *[flag for flag in flags if flag not in absent])
    else:
        equal(done.status, 0, "exit status of the linker")


def run(program, *args, **more):
    folder = installed().path("libdir")
    return Run(program, *args, env={"LD_LIBRARY_PATH": folder}, **more)


@test("fetchpool.h stands alone, in C99, C11 and C17")
def _():
    folder = temp_dir()
    path = os.path.join(folder, "alone.c")
    with open(path, "w") as file:
        file.write("#include <fetchpool.h>\n#include <fetchpool.h>\n"
                   "struct fp_options options;\n"
                   "int64_t max = FP_TIME_MAX_MS;\n")
    for standard in "c99", "c11", "c17":
        Run(*compiler(), *WARNINGS, "-std=" + standard, "-c", path, "-o",
            path + ".o", *installed().pkg_config("--cflags"))


@test("a program in C++ can be built and runs")
def _():
    path = os.path.join(temp_dir(), "plus")
    with open(path + ".cc", "w") as file:
        file.write("""#include <fetchpool.h>
#include <cstdio>
int main()
{
	fp_options options;
	char why[200];
	fp_options_init(&options, sizeof(options));
	fp_pool *pool = fp_pool_new(&options, why, sizeof(why));
	std::puts(pool ? fp_kind_name(FP_KIND_HTTP) : why);
	fp_pool_free(pool);
}
""")
    for standard in "c++11", "c++17":
        flags = installed().pkg_config(
            "--cflags", "--libs", *([] if has("shared") else ["--static"]))
        link([*cxx(), *WARNINGS, "-std=" + standard, path + ".cc", "-o", path],
             flags)
        equal(run(path).out, "http\n")


def fetches(program):
    """The example does what it says."""
    done = run(program, stdin="%s/posts/1\r\n%s/posts/2\n" % (
        api().url, api().url))
    equal(re.sub(r"\d+ bytes", "N bytes", "\n".join(sorted(
        done.out.splitlines()))), "\n".join(
            "%s/posts/%d: N bytes" % (api().url, n) for n in (1, 2)))
    equal(done.err, "")
    done = run(program, status=1, stdin="nothing\n%s/posts/101\n%s/posts/3" % (
        api().url, api().url))
    matches(r"/posts/3: \d+ bytes\n$", done.out)
    matches(r"^line 1: .*\nline 2: 404 Not Found\n$",
            "\n".join(sorted(done.err.splitlines())) + "\n")
    equal(run(program, stdin="").out, "")


@test("the example is built with the shared library, and fetches")
def _():
    if not has("shared"):
        skip("no shared library was built")
    program = os.path.join(temp_dir(), "fetchlist")
    source = os.path.join(installed().path("docdir"), "examples/fetchlist.c")
    flags = installed().pkg_config("--cflags", "--libs")
    check("-lcurl" not in flags, "what is private is shown: %r" % flags)
    Run(*compiler(), *WARNINGS, "-std=c11", source, "-o", program, *flags)
    matches(r"NEEDED.*\[libfetchpool\.so\.0\]",
            Run(tool("readelf"), "-d", program).out)
    fetches(program)


@test("the example is built with the static library, and fetches")
def _():
    if not has("static"):
        skip("no static library was built")
    folder = temp_dir()
    program = os.path.join(folder, "fetchlist")
    shutil.copy(os.path.join(installed().path("libdir"), "libfetchpool.a"),
                folder)
    flags = installed().pkg_config("--static", "--cflags", "--libs")
    order = [flag for flag in flags if flag in (
        "-lfetchpool", "-lcurl", "-lyajl", "-lz")]
    equal(order[0], "-lfetchpool")
    equal(set(order[1:]), {"-lcurl", "-lyajl", "-lz"})
    check("-pthread" in flags, "no -pthread in %r" % flags)
    link([*compiler(), *WARNINGS, "-std=c11", EXAMPLE, "-o", program],
         ["-L" + folder, *flags])
    check("libfetchpool" not in Run(tool("readelf"), "-d", program).out,
          "it is linked with the shared library")
    fetches(program)


@test("pkg-config and fetchpool.h tell the version of the program")
def _():
    version = installed().pkg_config("--modversion")[0]
    matches(r"^fetchpool %s \(" % re.escape(version),
            Run(PROGRAM, "--version").out)
    parts = re.findall(r"define FP_VERSION_\w+ (\d+)",
                       contents(HEADER).decode())
    equal(".".join(parts), re.match(r"[\d.]+", version)[0])


# ---- the end ----

@test("nothing is left after make uninstall")
def _():
    tree = installed()
    tree.make("uninstall")
    equal(sorted(tree.files()), [])


if __name__ == "__main__":
    main()
