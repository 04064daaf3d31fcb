#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The manual says what the program does: its options are those of --help, its
words those of the sources, and its examples are run.

How examples are written stands at the top of man/fetchpool.1; what each has to
come to stands in EXAMPLES below. They run as one script a display, in a folder
of their own, with the hosts of example.com replaced by servers on loopback;
see to_loopback(). That nothing leaves the machine is made sure of three times:
every other URL in a script is refused, only the programs in TOOLS can be
found, and whatever is not loopback would go to a proxy that is a socket of
this test.
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import environment, tool
from listener import Listener
from servers import Nginx, api, shared
from tap import (PATIENCE, PROGRAM, TOP, Failed, at_end, check, contents,
                 equal, last, main, matches, skip, started, temp_dir, test)

PAGES = ("fetchpool.1", "fetchpool-record.5")
HOST = "https://api.example.com"
FILES = "https://files.example.com"
PROXIED = "http://intranet.example.com"
DENIED = "http://127.0.0.1/admin"
TOOLS = ("base64 cat curl echo head jq mv printf seq sleep sort tail timeout "
         "uniq wc yes").split()

URLS = "".join("%s/posts/%d\n" % (HOST, n) for n in (1, 2, 3, 101, 100))
TOKEN = "Authorization: Bearer t0psecret\n"
NETRC = "machine 127.0.0.1 login ann password t0psecret\n"
CONFIG = """# whom to ask about these requests
user-agent = "reports/1.0 (ann@example.com)"
header = "Authorization: Bearer t0psecret"
"""
IDS = """{"id":7,"lang":"en","name":"map"}
{"id":12,"lang":null,"name":"letter"}
"""
PHOTOS = {"a quay.jpg": b"\xff\xd8" * 1024, "index.txt": b"a quay, 2026"}


# ---- what each example has to come to ----

class Case:
    """A run of an example: with these files, this exit status and, if the page
    shows none, so many lines of output that look like this, each; `then` looks
    at the folder afterwards."""

    def __init__(self, status=0, lines=None, like=None, then=None, **files):
        self.status, self.lines, self.like = status, lines, like
        self.then = then
        self.files = {name.replace("_", "."): text
                      for name, text in files.items()}


RECORD = r'\{"seq":\d+,.*\}'
ERROR = r"fetchpool: \d+: 404 Not Found \(%s/posts/\d+\)" % re.escape(HOST)


def lines_of(folder, name):
    return contents(os.path.join(folder, name)).decode().splitlines()


def urls_are_sorted_out(folder):
    equal(len(lines_of(folder, "pages.ndjson")), 4, "records")
    errors = lines_of(folder, "errors.log")
    equal(len(errors), 1, "errors")
    matches(r"^fetchpool: 4: 404 Not Found \(http\S+/posts/101\)$", errors[0])


def all_pages(folder):
    titles = lines_of(folder, "titles.txt")
    equal((len(titles), titles[0], titles[-1]),
          (100, "a quiet harbour", "a café's façade"))


def all_elements(folder):
    equal([json.loads(line)["id"]
           for line in lines_of(folder, "posts.ndjson")],
          list(range(1, 101)))


def posted(folder):
    equal(sorted(lines_of(folder, "created.ndjson")),
          ['{"title":"%s","id":101}' % title for title in ("a", "b")])
    equal(lines_of(folder, "again.ndjson"), ["[]"])


def downloaded(folder):
    photos = os.path.join(folder, "photos")
    equal({name: contents(os.path.join(photos, name))
           for name in os.listdir(photos)}, PHOTOS)


def mirrored(folder):
    equal(contents(os.path.join(folder, "photos", "index.txt")),
          PHOTOS["index.txt"])
    equal(len(lines_of(folder, "photos.etags")), 2)


def all_drafts(folder):
    ids = sorted(json.loads(line)["id"]
                 for line in lines_of(folder, "drafts.ndjson"))
    equal(ids, list(range(1, 101)))


def nothing_is_left(folder):
    equal(lines_of(folder, "again.txt"), ["101"])
    ids = sorted(json.loads(line)["input"]
                 for line in lines_of(folder, "posts.ndjson"))
    equal(ids, ["1", "101", "2"])


def fetched_in_all(folder):
    equal(sorted(json.loads(line)["input"]
                 for line in lines_of(folder, "posts.ndjson")), ["1", "2"])
    equal(len([line for line in lines_of(folder, "posts.journal")
               if line.startswith("d ")]), 2)


def accounted_for(folder):
    matches("^fetchpool: 100 items in .*: 100 succeeded, 0 failed",
            lines_of(folder, "summary.txt")[0])
    trace = json.loads(contents(os.path.join(folder, "run.trace")))
    equal(sum(event.get("cat") == "attempt" for event in
              trace["traceEvents"]), 100)


def in_place(folder):
    equal(sorted(json.loads(line)["input"]
                 for line in lines_of(folder, "posts.ndjson")), ["1", "2"])
    equal(lines_of(folder, "fetch.log"), [])
    equal(lines_of(folder, "failed.txt"), [])


def left_as_it_was(folder):
    equal(lines_of(folder, "posts.ndjson"), ["old"])
    equal(lines_of(folder, "fetch.log"),
          ["fetchpool: 2 of 3 items failed: 1 input, 1 http"])
    equal(sorted(lines_of(folder, "failed.txt")), ["../etc", "101"])


EXAMPLES = {
    "fetchpool.1": {
        "pipeline": [Case()],
        "crontab": None,  # see below
        "changes": [Case(photos_txt=FILES + "/photos/index.txt\n",
                         then=mirrored)],
        "first": [Case(1, 150, "%s|%s" % (RECORD, ERROR))],
        "environment": [Case()],
        "urls": [Case(1, 0, urls_txt=URLS, then=urls_are_sorted_out)],
        "pages": [Case(0, 0, then=all_pages)],
        "untilempty": [Case(0, 0, then=all_elements)],
        "all": [Case()],
        "slowest": [Case(0, 5, r"\d\S*\t%s/posts/\d+" % re.escape(HOST))],
        "fields": [Case()],
        "json": [Case(ids_ndjson=IDS)],
        "post": [Case(1, 1, "fetchpool: 3: 400 Bad Request .*",
                      new_ndjson='{"title":"a"}\n{"title":"b"}\n[]\n',
                      then=posted)],
        "delete": [Case()],
        "folder": [Case(then=downloaded)],
        "names": [Case()],
        "lastsegment": [Case()],
        "links": [Case(links_txt=URLS)],
        "moved": [Case()],
        "secret": [Case(1, 5, "(?!.*t0psecret)(%s|%s)" % (RECORD, ERROR),
                        urls_txt=URLS, token_txt=TOKEN)],
        "netrc": [Case(0, 0, netrc_txt=NETRC, then=all_drafts)],
        "token": [Case(0, 0, client_conf='user = "reports:s3cret"\n',
                       then=all_drafts)],
        "config": [Case(api_conf=CONFIG)],
        "proxy": [Case()],
        "connect": [Case()],
        "deny": [Case()],
        "head": [Case(0, 3, RECORD)],
        "rate": [Case()],
        "retry": [Case()],
        "again": [Case(0, 1, "fetchpool: 1 of 3 items failed: 1 http",
                       ids_txt="1\n101\n2\n", then=nothing_is_left)],
        "journal": [Case(0, 0, ids_txt="1\n2\n", then=fetched_in_all)],
        "stats": [Case(then=accounted_for)],
        "dryrun": [Case()],
        "cron": [
            Case(0, 0, ids_txt="1\n2\n", then=in_place),
            Case(1, 0, ids_txt="1\n101\n../etc\n", posts_ndjson="old\n",
                 then=left_as_it_was)],
    },
    "fetchpool-record.5": {
        "record": [Case()],
        "failed": [Case()],
        "more": [Case()],
        "formats": [Case()],
        "base64": [Case()],
        "kinds": [Case()],
    },
}


# ---- reading the pages ----

def source(page):
    with open(os.path.join(TOP, "man", page), encoding="utf-8") as file:
        return file.read().splitlines()


def sections(page):
    """{name: its lines}, in the order of the page."""
    found, name = {}, None
    for line in source(page):
        if line.startswith(".Sh "):
            name = line[4:]
            found[name] = []
        elif name:
            found[name].append(line)
    return found


ESCAPES = {r"\-": "-", r"\e": "\\", r"\&": "", r"\(aq": "'", r"\(dq": '"',
           r"\(ga": "`", r"\(ha": "^", r"\(ti": "~"}


def unescape(text):
    def one(match):
        check(match[0] in ESCAPES, "an escape unknown to this test: " +
              match[0])
        return ESCAPES[match[0]]

    return re.sub(r"\\(\(..|.|$)", one, text)


class Example:
    def __init__(self, name, lines):
        """`lines` are those of the display."""
        self.name = name
        self.commands, self.shown = [], []
        goes_on = False
        for line in lines:
            if line.startswith("$ "):
                self.commands.append(line[2:])
            elif goes_on:
                self.commands[-1] += "\n" + line
            else:
                self.shown.append(line)
                continue
            goes_on = line.endswith(("|", "&&", "\\"))

    @property
    def script(self):
        return "\n".join(self.commands) + "\n"


def displays(page):
    """The lines of the sections that have examples."""
    parts = sections(page)
    return parts.get("IN PRACTICE", []) + parts["EXAMPLES"]


def examples(page):
    found, name, display = [], None, None
    for line in displays(page):
        if line.startswith('.\\" example: '):
            name = line.split(": ", 1)[1]
        elif line.startswith((".Bd", ".Dl")):
            check(line.startswith(".Bd -literal"), "not .Bd -literal: " + line)
            check(name, "a display without a name in %s: %s" % (page, line))
            display = []
        elif line == ".Ed":
            found.append(Example(name, display))
            name = display = None
        elif display is not None:
            display.append(unescape(line))
    return found


def items(lines, macro):
    """What the .It of lists with this macro name: {text of .It: text below}"""
    found, name = {}, None
    for line in lines:
        if line.startswith(".It "):
            words = line.split()
            name = " ".join(words[2:]) if words[1] == macro else None
            if name is not None:
                check(name not in found, "%s appears twice" % name)
                found[name] = ""
        elif line.startswith((".El", ".Ss", ".Sh")):
            name = None
        elif name is not None:
            found[name] += line + "\n"
    return found


# ---- the pages themselves ----

@test("mandoc has nothing to say about the pages")
def _():
    for page in PAGES:
        done = subprocess.run(
            [tool("mandoc"), "-Tlint", "-Wwarning",
             os.path.join(TOP, "man", page)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        equal((done.stdout, done.returncode), ("", 0), page)


@test("the pages fit on a terminal of 80 columns")
def _():
    for page in PAGES:
        done = subprocess.run(
            [tool("mandoc"), "-Tutf8", os.path.join(TOP, "man", page)],
            stdout=subprocess.PIPE, text=True, encoding="utf-8")
        text = re.sub(".\b", "", done.stdout)
        check("EXAMPLES" in text, "%s is not rendered" % page)
        for line in text.splitlines():
            check(len(line.expandtabs()) <= 80, "too wide: " + line)
        check(not re.search("\u2018[^\u2019]*\u2018", text),
              "a quotation in a quotation on " + page)


# ---- options ----

def options_of_help():
    """{group: {(letter or None, name, argument or None): the rest}}"""
    done = subprocess.run([PROGRAM, "--help", "all"], stdout=subprocess.PIPE,
                          env=environment(), text=True, check=True)
    groups, group = {}, None
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"([A-Z]\w+):", line)
        if match:
            group = groups.setdefault(match[1], {})
        match = re.fullmatch(
            r"  (?:-(\w),|   ) --([\w.-]+)(?: ([A-Z]\S*))? +(\S.*)", line)
        check(match or not line.startswith("  -"), "not understood: " + line)
        if match:
            group[match.groups()[:3]] = match[4]
    check(sum(map(len, groups.values())) > 20, "too few options in --help")
    return groups


def options_of_page():
    groups, group, entry = {}, None, None
    for line in sections("fetchpool.1")["OPTIONS"]:
        if line.startswith(".Ss "):
            group = groups.setdefault(line[4:], {})
            entry = None
        elif group is not None and line.startswith(".It Fl "):
            match = re.fullmatch(
                r"\.It (?:Fl (\w) , )?Fl -([\w.-]+)(?: Ar (\S+))?", line)
            check(match, "not understood: " + line)
            entry = match.groups()
            check(entry not in group, "there twice: " + line)
            group[entry] = ""
        elif entry:
            group[entry] += line + "\n"
    return groups


@test("--help and fetchpool(1) have the same options, in the same groups")
def _():
    said, written = options_of_help(), options_of_page()
    equal(list(written), list(said), "groups")
    for group in said:
        equal(sorted(map(str, written[group])), sorted(map(str, said[group])),
              "options of the group " + group)


@test("the defaults that --help names are in fetchpool(1)")
def _():
    written = options_of_page()
    n = 0
    for group, options in options_of_help().items():
        for option, text in options.items():
            match = re.search(r"\((\d\w+|[a-z]+,[a-z]+)\)$", text)
            if match:
                n += 1
                check(re.search(r"\b%s\b" % match[1], written[group][option]),
                      "--%s: no %s in: %s" % (option[1], match[1],
                                              written[group][option]))
    check(n >= 8, "only %d defaults were found in --help" % n)


@test("every option that a page mentions is one")
def _():
    known = {word for options in options_of_help().values()
             for option in options for word in option[:2] if word}
    for page in PAGES:
        for line in source(page):
            for match in re.finditer(r"\bFl (-?)(\w[\w.-]*)", line):
                check(match[2] in known and
                      bool(match[1]) == (len(match[2]) > 1),
                      "%s: no such option: %s" % (page, line))


# ---- words ----

def in_source(name, pattern):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        words = re.findall(pattern, file.read())
    check(words, "nothing was found in " + name)
    return words


def field_names():
    return in_source("lib/item/record.c", r'\[FP_FIELD_\w+\] = FIELD\("(\w+)"\)')


def kind_names():
    names = in_source("lib/http/outcome.c", r'\[FP_KIND_\w+\] = "(\w+)"')
    check(names[0] == "ok", "the first kind is no longer ok")
    return names[1:]


@test("fetchpool-record(5) has every member, and no other")
def _():
    members = sections("fetchpool-record.5")["MEMBERS"]
    equal(list(items(members, "Va")),
          field_names() + ["kind", "message", "retry_after",
                           "retry", "outcome_unknown", "detail", "body_cut"])


@test("fetchpool-record(5) has every member of --stats, in their order")
def _():
    folder = temp_dir()
    path = os.path.join(folder, "stats.json")
    subprocess.run([PROGRAM, "--stats", path], stdin=subprocess.DEVNULL,
                   env=environment(), check=True)
    stats = json.loads(contents(path))
    names = [name for item in items(
        sections("fetchpool-record.5")["STATISTICS"], "Va")
        for name in item.split(" , ")]
    equal(names, list(stats))
    equal(list(stats["kinds"]), kind_names()[:-1])


@test("fetchpool-record(5) has every member of an event of --trace")
def _():
    folder = temp_dir()
    path = os.path.join(folder, "trace.json")
    subprocess.run([PROGRAM, "-q", "--trace", path, api().posts],
                   input=b"1\n101\n", stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=environment())
    events = json.loads(contents(path))["traceEvents"]
    page = "\n".join(sections("fetchpool-record.5")["TRACES"])
    found = {(event["cat"], name) for event in events if "cat" in event
             for name in event["args"]}
    check(len(found) > 15, "too few: %r" % found)
    for category, name in found:
        check(re.search(r"(?m)^\.It Cm %s$|^\.Cm %s$" % (category, category),
                        page), "no category " + category)
        check(re.search(r"\bVa %s\b" % name, page) or
              re.search(r"(?m)^\.Va %s$" % name, page), "no member " + name)


@test("both pages have every kind of failure, and no other")
def _():
    long = sections("fetchpool-record.5")["KINDS OF FAILURE"]
    equal(list(items(long, "Cm")), kind_names())
    about = sections("fetchpool.1")["DESCRIPTION"]
    about = about[about.index(".Ss Success and failure"):]
    equal(list(items(about, "Cm")), kind_names())


@test("fetchpool-record(5) has every encoding, and no other")
def _():
    lines = sections("fetchpool-record.5")["ENCODINGS"]
    names = in_source("lib/item/record.c", r'\[FP_BODY_\w+\] = "(\w+)"')
    equal(sorted(items(lines, "Cm")), sorted(names))


@test("fetchpool(1) has every exit status, and no other")
def _():
    numbers = in_source("cmd/base/msg.h", r"\bFP_EXIT_\w+ = (\d+)")
    lines = sections("fetchpool.1")["EXIT STATUS"]
    equal([line[4:] for line in lines if line.startswith(".It ")], numbers)


@test("fetchpool(1) has the words that --format and --body take")
def _():
    for prefix, option in ("FORMAT", ("f", "format", "FORMAT")), \
            ("BODY", ("B", "body", "MODE")):
        words = in_source("cmd/option/settings.c", r'\[FP_%s_\w+\] = "(\w+)"' %
                          prefix)
        if prefix == "BODY":  # a form of auto
            words.insert(2, "string")
        text = options_of_page()["Output"][option]
        equal(list(items(text.splitlines(), "Cm")), words)


@test("fetchpool(1) has the environment variables that are read")
def _():
    names = in_source("cmd/option/options.c", r'getenv\("(\w+)"\)')
    lines = "\n".join(sections("fetchpool.1")["ENVIRONMENT"])
    for name in names:
        check(".It Ev %s\n" % name in lines, name)


# ---- running examples ----

class Trap(Listener):
    """A proxy that lets nothing through and remembers who asked."""

    def __init__(self):
        self.asked = []
        self.begin()

    def talk(self, sock):
        sock.settimeout(5)
        try:
            self.asked.append(sock.recv(4096))
        except OSError:
            self.asked.append(b"")


_trap = []


def trap():
    if not _trap:
        _trap.append(Trap())
        at_end(_trap[0].end)
    return _trap[0]


class Tools:
    """A folder with nothing but what examples may use."""

    def __init__(self):
        self.folder = temp_dir()
        os.symlink(PROGRAM, os.path.join(self.folder, "fetchpool"))
        for name in TOOLS:
            path = shutil.which(name)
            if path:
                os.symlink(path, os.path.join(self.folder, name))


class Script:
    """A script with all its output in one, as a terminal shows it."""

    def __init__(self, text, folder):
        dead = {name: trap().url for name in (
            "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
            "ALL_PROXY")}
        env = environment({
            **dead, "no_proxy": "127.0.0.1", "HOME": folder,
            "PATH": Tools().folder, "FETCHPOOL_URL": api().posts})
        self.text = text
        self.proc = subprocess.Popen(
            [shutil.which("sh"), "-c", text], cwd=folder, env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        started.append(self)
        last[:] = [self]
        try:
            self.out = self.proc.communicate(timeout=180 * PATIENCE)[0]
        except subprocess.TimeoutExpired:
            raise Failed("still running") from None
        self.status = self.proc.returncode

    def end(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        self.proc.stdout.close()

    def __repr__(self):
        return "status %s\n%s%s" % (
            self.proc.returncode, self.text,
            getattr(self, "out", b"").decode("utf-8", "replace")[:3000])


class Files(Nginx):
    """A folder that nginx lists, and the name that it had before."""

    def __init__(self):
        super().__init__("""
            location /photos/ { autoindex on; autoindex_format json; }
            location = /pictures/ { return 301 /photos/; }""")

    def __enter__(self):
        super().__enter__()
        os.mkdir(self.dir + "/photos")
        for name, data in PHOTOS.items():
            path = os.path.join(self.dir, "photos", name)
            with open(path, "wb") as file:
                file.write(data)
            os.utime(path, (1e9, 1e9))  # a tag of just now may change
        return self


# What is different each time: (pattern, what stands for it).
VARIABLE = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "TIME"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "DATE"),
    (r'(?<=")\d+\.\d+\.\d+\.\d+(?=")', "ADDRESS"),
    (r"(?<![\w.\"])\d+(?:\.\d+(?:e-\d+)?|e-\d+)(?![\w.])", "SECONDS"),
]


def steady(lines):
    text = "\n".join(lines)
    for pattern, word in VARIABLE:
        text = re.sub(pattern, word, text)
    return text.split("\n") if lines else []


def to_loopback(text):
    """The demonstration API is also the proxy and the new server; what goes
    through the proxy, and what must not be connected to, keeps its name."""
    address = api().url.replace("http://", "")
    for name in "proxy.example.com:3128", "new.example.com:443":
        text = text.replace(name, address)
    text = text.replace(HOST, api().url)
    allowed = [api().url]
    if FILES in text:
        allowed.append(shared(Files).url)
        text = text.replace(FILES, allowed[-1])
    if "-x " + api().url in text:
        allowed.append(PROXIED)
    if "--deny-private" in text:
        allowed.append(DENIED)
    for url in re.findall(r"\w+://[^\s'\"]*", text):
        check(any(url == one or url.startswith(one + "/")
                  for one in allowed), "%s is not loopback" % url)
    return text


def from_loopback(text, script):
    """What a script printed, as the page shows it."""
    text = text.replace(api().url, HOST)
    if FILES in script:
        text = text.replace(shared(Files).url, FILES)
    return text


def run(example, case):
    for name in "jq", "curl":
        if name in example.script:
            tool(name)
    folder = temp_dir()
    for name, text in case.files.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(to_loopback(text))
    script = Script(to_loopback(example.script), folder)
    check(not trap().asked, "requests left the machine: %r" % trap().asked)
    lines = from_loopback(script.out.decode(), example.script).splitlines()
    equal(script.status, case.status, "exit status of %s" % example.name)
    if example.shown:
        equal(steady(lines), steady(example.shown), "what is printed")
    else:
        check(case.lines is not None, "nothing says what it has to print")
        equal(len(lines), case.lines, "lines printed")
        for line in lines:
            check(re.fullmatch(case.like, line), "a strange line: " + line)
    if case.then:
        case.then(folder)


@test("a request that would leave the machine is caught")
def _():
    script = Script("for url in http://a.example/ https://b.example/; do\n"
                    "echo $url | fetchpool --retry 0; done", temp_dir())
    equal(script.status, 1)
    asked = [line.split(b"\r\n")[0] for line in trap().asked]
    trap().asked.clear()
    equal(asked, [b"GET http://a.example/ HTTP/1.1",
                  b"CONNECT b.example:443 HTTP/1.1"])


@test("every example has an expectation, and every expectation an example")
def _():
    for page in PAGES:
        equal([example.name for example in examples(page)],
              list(EXAMPLES[page]), page)


def run_example(page, example):
    @test("%s: the example \"%s\"" % (page, example.name))
    def _():
        cases = EXAMPLES[page][example.name]
        check(cases, "nothing is expected of it")
        for case in cases:
            run(example, case)


for a_page in PAGES:
    for an_example in examples(a_page):
        if EXAMPLES[a_page].get(an_example.name, []) is not None:
            run_example(a_page, an_example)


# ---- the crontab ----

class Cron:
    """The example "crontab" in a home directory of its own: what cron makes of
    it, with these changes to its configuration."""

    def __init__(self, ids, **changes):
        shown = next(example for example in examples("fetchpool.1")
                     if example.name == "crontab").shown
        first = next(i for i, line in enumerate(shown) if "MAILTO" in line)
        config = dict(line.split(" = ") if " = " in line else (line, None)
                      for line in shown[:first])
        for name, value in changes.items():
            check(name in config, "the example has no " + name)
            config[name] = value
        self.home = temp_dir()
        self.folder = os.path.join(self.home, "posts")
        os.mkdir(self.folder)
        self.write("nightly.conf", "".join(
            name + (" = " + value if value else "") + "\n"
            for name, value in config.items()))
        self.write("ids.txt", "".join("%s\n" % one for one in ids))
        variables = dict(line.split("=", 1) for line in shown[first:-1])
        # cron's own has only the last two; here, programs are where they are.
        equal(variables.pop("PATH"), "/usr/local/bin:/usr/bin:/bin")
        self.variables = "".join("export %s='%s'\n" % variable
                                 for variable in variables.items())
        job = re.fullmatch(r"(?:[\d*]+ ){5}(.*)", shown[-1])
        check(job, "this is no line of a crontab: " + shown[-1])
        check("%" not in job[1].replace(r"\%", ""), "a % is a newline")
        self.command = job[1].replace(r"\%", "%")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def night(self):
        """(exit status, what is mailed)"""
        script = Script(to_loopback(self.variables + self.command), self.home)
        check(not trap().asked, "requests left the machine")
        return script.status, from_loopback(script.out.decode(), "")

    def records(self):
        return sorted(int(json.loads(line)["input"])
                      for line in lines_of(self.folder, "posts.ndjson"))


@test("fetchpool(1): the crontab: a night on which all went well is silent")
def _():
    cron = Cron([1, 2, 3])
    equal(cron.night(), (0, ""))
    equal(cron.night(), (0, ""), "the night after, with nothing left to do")
    equal(cron.records(), [1, 2, 3])


@test("fetchpool(1): the crontab: failures are one line, and a file")
def _():
    cron = Cron([1, 101, 2])
    equal(cron.night(),
          (1, "fetchpool: 1 of 3 items failed: 1 http\n"))
    equal(lines_of(cron.folder, "failed.txt"), ["101"])


@test("fetchpool(1): the crontab: what the quota leaves over, the next does")
def _():
    cron = Cron([1, 2, 3, 4, 5], rate='"3/d"', deadline='"3s"')
    equal(cron.night(), (4, "fetchpool: stopped by --deadline: 3 done, "
                            "0 failed, 2 not done\n"))
    equal(sorted(lines_of(cron.folder, "failed.txt")), ["4", "5"])
    os.unlink(os.path.join(cron.folder, "api.rate"))
    equal(cron.night(), (0, ""), "when the quota is new")
    equal(cron.records(), [1, 2, 3, 4, 5])
    equal(lines_of(cron.folder, "failed.txt"), [])


# ---- README.md ----

def readme():
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        return file.read()


@test("the files that README.md names are there")
def _():
    names = re.findall(r"(?<![\w./-])((?:cmd|lib|man|tests|\.ci)/[\w./-]*\w)",
                       readme())
    check(len(names) > 10, "too few: %r" % names)
    for name in names:
        check(os.path.exists(os.path.join(TOP, name)), "no " + name)


@test("the pipeline in README.md gives what it shows")
def _():
    blocks = re.findall(r"```console\n(.*?)```", readme(), re.S)
    equal(len(blocks), 1, "blocks of ```console")
    start, url, *lines = blocks[0].splitlines()
    equal((start, url), ("$ python3 tests/demo-api --port 8080 &",
                         "http://127.0.0.1:8080"))
    lines = [line.replace("http://127.0.0.1:8080", HOST)
             .replace("./fetchpool", "fetchpool") for line in lines]
    run(Example("README.md", lines), Case())


@test("the five jobs of README.md are done")
def _():
    section = re.search(r"^## Five jobs\n(.*?)^## ", readme(), re.M | re.S)[1]
    jobs = re.findall(r"(?m)(?:^    .*\n)+", section)
    equal(len(jobs), 5, "jobs")
    script = "set -e\n" + "".join(re.sub(r"(?m)^    ", "", job)
                                  for job in jobs)
    folder = temp_dir()
    for name, text in {"key.txt": TOKEN, "ids.txt": "1\n2\n3\n",
                       "names.csv": "7,map.json\n12,a letter.json\n"}.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    tool("jq")
    done = Script(to_loopback(script), folder)
    equal((done.status, done.out), (0, b""))
    with open(os.path.join(folder, "names.csv"), "a") as file:
        file.write("8,more.json\n")
    done = Script(to_loopback(re.sub(r"(?m)^    ", "", jobs[2])), folder)
    equal(done.status, 1, "given again, with one more")
    matches("^(fetchpool: \\d: .*: the file already exists .*\n){2}$",
            done.out.decode())
    equal(len(lines_of(folder, "files.ndjson")), 1)
    check(not trap().asked, "requests left the machine")
    equal({name: len(lines_of(folder, name + ".ndjson"))
           for name in ("items", "elements", "first", "second", "all")},
          {"items": 3, "elements": 100, "first": 3, "second": 0, "all": 3})
    equal(sorted(os.listdir(os.path.join(folder, "files"))),
          ["a letter.json", "map.json", "more.json"])


@test("the options in README.md are options")
def _():
    known = {option[1] for options in options_of_help().values()
             for option in options}
    ours = re.sub(r"(?m)^\|.*", "", readme())  # a table has those of others
    for name in re.findall(r"`--([\w-]+)", ours):
        check(name in known or name.startswith(("enable-", "disable-")),
              "no option --" + name)


if __name__ == "__main__":
    main()
