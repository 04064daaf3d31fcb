#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line: what is refused, and what -h and -V say."""
import os
import re
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import Program, fetchpool
from servers import faults
from tap import check, equal, main, matches, temp_dir, test

# (option, values that are wrong). Each has to be named with its value.
WRONG = [
    ("-j", ["0", "-1", "20001", "x", "", "1.5", "1e3", "0x10", " 1", "1 ",
            "99999999999999999999"]),
    ("--jobs", ["0", "many"]),
    ("--window", ["0", "-1", "x", "", "1.5", "99999999999999999999"]),
    ("--delay", ["x", "", "-1s", "1s-", "-", "2s-1s", "1x", "1s-2s-3s",
                 "1s,2s", "99999999999999999999s"]),
    ("-m", ["x", "", "-1", "1x", "1 s", "s", "1.2.3", "99999999999999999999",
            "nan", "inf", "1e3"]),
    ("--max-time", ["x"]),
    ("--connect-timeout", ["x", "", "-1s"]),
    ("--stall-time", ["x", "", "-1s"]),
    ("--grace", ["x", "", "-1s"]),
    ("--max-error-body", ["x", "", "-1", "1X"]),
    ("--max-body", ["x", "", "-1", "1X", "K", "1.5.2", "99999999999T"]),
    ("--max-line", ["0", "x", "", "-1", "1X", "99999999999T"]),
    ("--id-range", ["", "1", "1-", "-5", "5-1", "a-b", "1-2-3", "1..5",
                    "1-99999999999999999999"]),
    ("-f", ["", "xml", "Record", "body,merged"]),
    ("--format", ["x"]),
    ("-B", ["", "xml", "JSON"]),
    ("--body", ["x"]),
    ("--error-format", ["", "xml", "json,text"]),
    ("--fields", ["", "nonsense", "seq,,url", "seq,nonsense", "+nonsense",
                  ","]),
    ("--fail-if", ["errors", "#/a", "/~", "/a~2"]),
    ("--ok-status", ["", "x", "99", "1000", "2xx,", "404-400", "20",
                     "2000", "xx2"]),
    ("--proto", ["", "nonsense", "http,", "file", "ftp", "http,gopher"]),
    ("-C", [""]),
]

# A message may name an option by either of its names.
LONG = {"-j": "-j|--jobs", "-m": "-m|--max-time", "-f": "-f|--format",
        "-B": "-B|--body", "-C": "-C|--colsep"}

# Command lines that are wrong as a whole: (arguments, words in the message).
TOO_MUCH = [
    (["http://127.0.0.1:1/{}", "http://127.0.0.1:1/{}"], ""),
    (["--nonsense"], "nonsense"),
    (["-Y"], "Y"),
    (["--jobs"], "jobs"),
    (["-j"], "j"),
    (["--quiet=1"], "quiet"),
]

# Templates that are wrong: (template, words in the message).
TEMPLATES = [
    ("http://127.0.0.1:1/", "{}"),
    ("", ""),
    ("http://127.0.0.1:1/{1}", "-C|--colsep"),
    ("http://127.0.0.1:1/{name}", "name"),
    ("http://127.0.0.1:1/{}{name}", "name"),
    ("http://127.0.0.1:1/{", ""),
    ("http://127.0.0.1:1/}", ""),
    ("http://127.0.0.1:1/{}}", ""),
    ("http://127.0.0.1:1/{{}}", ""),
    ("http://127.0.0.1:1/{!x}", ""),
    ("http://127.0.0.1:1/{:0}", ""),
    ("http://127.0.0.1:1/{:10000}", ""),
]


def refused(args, *words, template=True, **more):
    """Exit 2, nothing fetched, one message with these words."""
    server = faults()
    if template:
        args = [*args, server.url + "/ok?{}"]
    more.setdefault("input", "1\n")
    result = fetchpool(args, **more)
    equal(result.status, 2, "status of %r" % (args,))
    equal(result.out, b"")
    equal(server.connections, 0, "connections")
    lines = result.text.splitlines()
    check(1 <= len(lines) <= 2, "%r: %s" % (args, result.text))
    matches("^fetchpool: ", lines[0])
    for word in words:
        check(any(w in result.text for w in word.split("|")),
              "no %r in the message for %r: %s" % (word, args, result.text))
    return result


def plain(args):
    """A run whose standard output is no JSON."""
    return Program(args).wait()


def wrong_values(option, values):
    @test("a wrong value of %s is named and nothing is done" % option)
    def _():
        for value in values:
            if option.startswith("--"):
                refused([option + "=" + value], option, value)
            refused([option, value], LONG.get(option, option), value)


for an_option, its_values in WRONG:
    wrong_values(an_option, its_values)


@test("a letter in a file of --config: its long name is said")
def _():
    for line, words in (("-j 3", "1: unknown option 'j': did you mean 'jobs'"),
                        ("H: X", "1: unknown option 'H': did you mean 'header'"),
                        ("-! 3", r"1: unknown option \(see")):
        path = os.path.join(temp_dir(), "conf")
        with open(path, "w") as file:
            file.write(line + "\n")
        result = fetchpool(["-K", path, "http://127.0.0.1:1/{}"],
                           input="1\n")
        equal(result.status, 2)
        matches(words, result.text)


@test("unknown options, missing values, a TEMPLATE too many")
def _():
    for args, word in TOO_MUCH:
        refused(args, word, template=False)


@test("the message of a wrong usage leads on to --help")
def _():
    result = refused(["--nonsense"], template=False)
    check("--help" in result.text, result.text)


@test("places that are none, and addresses that are none")
def _():
    for option, values in (
            ("--resolve", ["h:1", "h:1:", "h:1:x", "h:x:127.0.0.1", "h::127.0.0.1",
                           ":1:127.0.0.1", "h:65536:127.0.0.1", "h:1:[::1",
                           "h:1:[127.0.0.1]", "h:1:127.0.0.1,", "h:1:,::1",
                           "h:1:127.0.0.1,x", "-h", "-h:1:127.0.0.1", "+h:1",
                           "h:1:127.0.0.1:2", "h:1:" + "1" * 70,
                           "%s:1:::1" % ("h" * 256)]),
            ("--connect-to", ["h", "h:1", "h:x:h:1", "h:1:h:x", "h:1:h:65536",
                              "h:1:[::1:1", "h:1:h:1:2", "[::1]x:1:h:1"])):
        for value in values:
            result = fetchpool([option, value], input="http://127.0.0.1:9/")
            equal((result.status, result.out), (2, b""), value)
            matches("%s: '.*' is not HOST:PORT:" % option, result.text)


@test("places of every form that there is")
def _():
    server = faults()
    for value in ("h:%d:127.0.0.1", "+h:%d:127.0.0.1", "h:%d:127.0.0.1,127.0.0.2",
                  "*:%d:127.0.0.1", "h:%d:127.0.0.1,[::1]"):
        result = fetchpool(["--resolve", "x:1:::1", "--resolve", "-y:0",
                            "--resolve", value % server.port],
                           input="http://h:%d/ok" % server.port)
        equal(result.status, 0, repr(result))
    for value in ("h:8:127.0.0.1:%d", "h::127.0.0.1:%d", "::127.0.0.1:%d",
                  ":8:127.0.0.1:%d"):
        result = fetchpool(["--connect-to", "[::2]:1:[::1]:", "--connect-to",
                            value % server.port], input="http://h:8/ok")
        equal(result.status, 0, repr(result))


@test("templates that are none")
def _():
    for template, word in TEMPLATES:
        refused([template], word, template=False)


@test("a FETCHPOOL_URL that is no template is refused when it is used")
def _():
    for template in "http://127.0.0.1:1/", "http://127.0.0.1:1/{name}", "{":
        refused([], "FETCHPOOL_URL", template=False,
                env={"FETCHPOOL_URL": template})


@test("control characters in an argument do not reach the terminal")
def _():
    for args in (["-j", "\x1b[31m"], ["--\x1b[31m"], ["\x1b{"],
                 ["-f", "\u009b31m"], ["--fields=a\nb"]):
        refused(args, template=False)


@test("an argument that is no UTF-8 is refused cleanly")
def _():
    for args in [b"-j", b"\xff"], [b"-f", b"\xff"], [b"http://x/{\xff}"]:
        refused(args, template=False)


@test("a wrong option outweighs a right one, wherever it stands")
def _():
    refused(["-j", "4", "--window", "x", "-k"], "--window")
    server = faults()
    refused([server.url + "/ok?{}", "-j", "0"], "-j", template=False)


@test("options may follow TEMPLATE and be joined")
def _():
    server = faults()
    url = server.url + "/ok?{}"
    for args in ([url, "-k", "-j2"], ["-kj2", url], ["-qkj", "2", url],
                 ["--jobs=2", "--keep-order", url], ["--jobs", "2", url],
                 ["-k", "--", url], ["--keep-order", url]):
        result = fetchpool(args, input="1\n2\n")
        equal((result.status, result.err), (0, b""), repr((args, result)))
        equal(sorted(r["seq"] for r in result.records), [1, 2])


@test("a file without end is read up to a bound, and wrong usage")
def _():
    text = [["-K", "/dev/zero"], ["-H", "@/dev/zero"],
            ["--netrc-file", "/dev/zero"], ["--expand-json", "@/dev/zero"],
            ["--expand-data", "@/dev/zero"], ["--expand-header", "@/dev/zero"],
            ["--expand-user", "@/dev/zero"]]
    body = [["-d", "@/dev/zero"], ["--data-binary", "@/dev/zero"],
            ["--json", "@/dev/zero"]]
    for args, bound in [(args, "1M") for args in text] + \
            [(args, "256M") for args in body]:
        result = fetchpool([*args, "http://127.0.0.1:1/{}"], input="1")
        equal((result.status, result.out), (2, b""), repr(args))
        matches("^fetchpool: --[a-z-]+: /dev/zero is larger than %s \\(see"
                % bound, result.err.decode())
        equal(result.err.count(b"\n"), 1)
    with open("/dev/zero", "rb") as zero:
        result = Program(["-d", "@-", "-i", "/dev/null", "http://h/{}"],
                         stdin=zero).wait()
    equal(result.status, 2)
    matches("--data: standard input is larger than 256M", result.err.decode())
    home = temp_dir()
    os.symlink("/dev/zero", os.path.join(home, ".netrc"))
    result = fetchpool(["-n", "http://h/{}"], input="1", env={"HOME": home})
    equal(result.status, 2)
    matches("--netrc: .*/.netrc is larger than 1M", result.err.decode())


@test("the last of an option given twice counts")
def _():
    server = faults()
    result = fetchpool(["-f", "body", "-f", "record", "-B", "none", "-B",
                        "text", server.url + "/json?{}"], input="1\n")
    equal(result.records[0]["encoding"], "text")


@test("numbers may have units")
def _():
    server = faults()
    for args in (["-m", "1.5s"], ["-m", "500ms"], ["-m", "1m"], ["-m2"],
                 ["-m", "0.5"], ["--max-body=1k"], ["--max-body=1M"],
                 ["--max-body=1G"], ["--max-line=1K"], ["--grace=0"],
                 ["--stall-time=1h"], ["--delay=0-1ms"], ["--delay=1ms"],
                 ["--connect-timeout=0.5"], ["-j100"], ["--window=1000000"],
                 ["--id-range=1-18446744073709551615"],
                 ["--ok-status=2xx,301-302,404"], ["--proto=http,https"],
                 ["--proto=https,http"], ["--fields=body,seq"],
                 ["--fields=+ip"]):
        result = fetchpool([*args, server.url + "/ok?{}"], input="1\n")
        equal((result.status, result.err), (0, b""), repr((args, result)))


@test("-h and --help: on standard output, exit 0, every option")
def _():
    text = None
    for option in "-h", "--help":
        server = faults()
        result = plain([option, "all", server.url + "/ok?{}"])
        equal((result.status, result.err), (0, b""))
        equal(server.connections, 0)
        text = result.out.decode()
        matches(r"(?im)^usage: *fetchpool\b", text)
    for name in (
            "input null colsep id-range max-line jobs keep-order window "
            "delay max-time connect-timeout stall-time max-body user-agent "
            "header format body omit pick fields all output error-format "
            "failed quiet ok-status grace proto help version").split():
        check(re.search(r"--%s\b" % name, text), "no --%s in the help" % name)
    for letter in "i0CjkmAHfBaoqhV":
        check(re.search(r"(^|[\s,])-%s\b" % letter, text, re.M),
              "no -%s in the help" % letter)
    long = [line for line in text.splitlines() if len(line) > 80]
    equal(long, [], "lines wider than a terminal")


@test("--help alone is short, and says where the rest is")
def _():
    text = plain(["--help"]).out.decode()
    check(len(text.splitlines()) <= 72, "too long for a screen and a half")
    check("--help all" in text, text)
    everything = plain(["--help", "all"]).out.decode().splitlines()
    for line in text.splitlines():
        if line.startswith("  -") or line.startswith("      --"):
            check(line in everything, line)
    groups = re.findall(r"(?m)^(\w+):$", "\n".join(everything))
    listed = re.search(r"Instead of all, give a group:\n(.*);$", text, re.M)
    equal(listed[1].split(", "), [group.lower() for group in groups])
    parts = [plain(["-h", group.lower()]).out.decode().splitlines()
             for group in groups]
    equal([line for part in parts for line in part],
          [line for line in everything
           if re.match(r"  (-|    --)|(%s):$" % "|".join(groups), line)])


@test("what other programs mean by an option is not done in another way")
def _():
    for args, said in (
            (["-e", ";auto"], "--referer: ;auto is not supported"),
            (["-e", "http://h/;auto"], "--referer: ;auto is not supported"),
            (["-T", "-"], "--upload-file: standard input has no size: use "
                          "--data-binary @-"),
            (["-T", "{}"], "--upload-file: {} is not filled in here: use "
                           "--expand-upload-file '{{}}'"),
            (["-d", "@{}"], r"--data: cannot read {}: No such file or directory "
                            "({} is not filled in here)"),
            (["--failed", "-"], "--failed: '-' is not the name of a file"),
            (["--unknown", "-"], "--unknown: '-' is not the name of a file"),
            (["--journal", "-"], "--journal: '-' is not the name of a file"),
            (["--no-insecure"], "unknown option '--no-insecure': leave "
                                "--insecure out"),
            (["--no-location"], "unknown option '--no-location': use "
                                "--max-redirs 0"),
            (["-I{}"], "unknown option '-{': put it into TEMPLATE, where {} "
                       "is the line; -I is curl's"),
            (["--expand-url", "x"], "unknown option '--expand-url': "
                                    "--expand-header, "),
            (["-i", "http://h/"], "cannot read http://h/: URLs are lines of the "
                                  "input")):
        result = fetchpool([*args, "http://127.0.0.1:1/{}"], input="1\n")
        equal(result.out, b"")
        check(result.status in (2, 3), repr(result))
        check(result.text.startswith("fetchpool: " + said), result.text)


@test("a body is refused by each option that has none, or another")
def _():
    bodies = (["-d", "x"], ["--data-raw", "x"], ["--data-binary", "x"],
              ["--json", "1"], ["--data-line"], ["--expand-data", "{{}}"],
              ["--expand-json", "{{}}"], ["-T", os.devnull],
              ["--expand-upload-file", "{{}}"], ["-F", "a=b"],
              ["--form-string", "a=b"], ["--expand-form", "a={{}}"])
    plain_ones = bodies[:4]
    forms = bodies[-3:]
    for body in bodies:
        for without in (["-I"], ["--check"], ["--etags", temp_dir() + "/e"]):
            result = fetchpool([*without, *body, "http://127.0.0.1:1/{}"],
                               input="1\n")
            equal((result.status, result.out), (2, b""),
                  repr((without, body, result)))
        for other in bodies:
            if (body == other or (body in plain_ones and other in plain_ones) or
                    (body in forms and other in forms)):
                continue
            result = fetchpool([*other, *body, "http://127.0.0.1:1/{}"],
                               input="1\n")
            equal((result.status, result.out), (2, b""),
                  repr((other, body, result)))


@test("--help WORD never falls back to the usual help")
def _():
    for word in "nope", "s4", "77", "a.b", "--nope", "-%":
        result = plain(["--help", word])
        equal((result.status, result.out), (2, b""))
        equal(result.err.decode(), "fetchpool: --help: no option has the word "
              "'%s' in its name or description; --help all lists all options "
              "(see fetchpool --help)\n" % word)
    for word, what in (("certificate", "--cacert"), ("s3", "--aws-sigv4"),
                       ("--max-time", "--max-time"), ("-k", "--keep-order"),
                       ("limit-rate", "--rate limits requests"),
                       ("sqlite", "RECIPES")):
        result = plain(["--help", word])
        equal((result.status, result.err), (0, b""))
        matches(what, result.out.decode())
        check(len(result.out) < 1500, result.out)


@test("--help in a whole command is the usual help")
def _():
    usual = plain(["--help"]).out
    for args in (["--help", "http://h/{}"], ["-h", "-j", "3", "http://h/{}"],
                 ["-k", "http://h/{}", "--help"]):
        equal(plain(args).out, usual)


@test("-V and --version: on standard output, with the libraries")
def _():
    for option in "-V", "--version":
        result = plain([option])
        equal((result.status, result.err), (0, b""))
        text = result.out.decode()
        matches(r"^fetchpool \d+\.\d+", text)
        matches(r"libcurl/\d", text)


@test("-h and -V to a device that is full: exit 3")
def _():
    for option in "-h", "-V":
        with open("/dev/full", "wb") as full:
            result = Program([option], stdout=full).wait()
        equal(result.status, 3)
        matches("No space left on device", result.text)


if __name__ == "__main__":
    main()
