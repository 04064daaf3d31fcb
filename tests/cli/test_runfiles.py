#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No file of a run destroys or feeds another: whichever two options, by
whatever name, wrong usage is said, and every byte stays where it was."""
import itertools
import json
import os
import subprocess
import sys

import kit  # noqa: F401: where the other folders are

sys.dont_write_bytecode = True
from harness import Program, fetchpool, tool
from servers import api, faults
from tap import (check, contents, equal, main, matches, skip, temp_dir, test,
                 until)

ITEMS = b"1\n2\n"
# What is written, and what each needs beside it.
WRITTEN = {"-o": [], "--failed": [], "--stats": [], "--report": [],
           "--metrics": [], "--trace": [],
           "--journal": ["-o", "OUT"], "--rate-file": ["-r", "9/s"]}
# What is read: the option, what stands before the name, and what is in it.
READ = {"-i": ("", ITEMS), "-K": ("", b"quiet\n"), "-H": ("@", b"X-A: b\n"),
        "-d": ("@", b"data"), "--json": ("@", b"{}"),
        "--netrc-file": ("", b"machine a login b password c\n"),
        "--cacert": ("", b"none"), "--key": ("", b"none"),
        "--cert": ("", b"none")}


def snapshot(folder):
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        found[name] = (os.readlink(path) if os.path.islink(path)
                       else contents(path) if os.path.isfile(path) else None)
    return found


def refused(folder, args, words, **more):
    """Exit 2, one message, nothing asked for, every file as it was."""
    server = faults()
    before, requests = snapshot(folder), server.connections
    result = fetchpool([*args, server.url + "/ok?{}"], cwd=folder, **more)
    equal(result.status, 2, repr(result))
    equal(result.text.count("\n"), 1, result.text)
    matches(words, result.text)
    equal((result.out, server.connections), (b"", requests))
    equal(snapshot(folder), before)


def folder_with(**files):
    folder = temp_dir()
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    return folder


def names_of(folder, name):
    """Other names of a file in the folder: some are links."""
    path = os.path.join(folder, name)
    hard, soft = path + ".hard", path + ".soft"
    if os.path.exists(path):
        os.link(path, hard)
    os.symlink(name, soft)
    names = [name, "./" + name, path, name + ".soft",
             "../%s/%s" % (os.path.basename(folder), name)]
    return names + ([name + ".hard"] if os.path.exists(path) else [])


def needs(option, folder):
    return [word.replace("OUT", folder + "/needed")
            for word in WRITTEN[option]]


@test("what is written is not what is read, by any name")
def _():
    for option in WRITTEN:
        for read, (mark, data) in READ.items():
            folder = folder_with(file=data, items=ITEMS)
            items = [] if read == "-i" else ["-i", "items"]
            for name in names_of(folder, "file"):
                refused(folder, [*needs(option, folder), *items, read,
                                 mark + "file", option, name],
                        r"^fetchpool: --\S+: '\S+' is the (input|file of --)")


@test("two that are written are not one, there already or not")
def _():
    for one, other in itertools.combinations(WRITTEN, 2):
        for files in {}, {"file": b"what was there\n"}:
            folder = folder_with(items=ITEMS, **files)
            more = needs(one, folder) + needs(other, folder)
            if "-o" in (one, other):
                more = [word for word in more
                        if word not in ("-o", folder + "/needed")]
            for name in names_of(folder, "file"):
                refused(folder, ["-i", "items", *more, one, "file", other,
                                 name], r"--\S+: '\S+' is the ")


@test("what the journal is made in is no other file")
def _():
    for option in [*WRITTEN, "-i"]:
        if option == "--journal":
            continue
        folder = folder_with(items=ITEMS, **{"list.tmp": ITEMS})
        items = [] if option == "-i" else ["-i", "items"]
        out = [] if option == "-o" else ["-o", "out"]
        more = [] if option == "-i" else needs(option, folder)
        refused(folder, [*items, *out, *more, "--journal", "list", option,
                         "list.tmp"],
                r"--\S+: '\S*list.tmp' is the (input|output|(temporary )?file )")


@test("a stranger's file under that name is left alone")
def _():
    folder = folder_with(items=ITEMS, **{"list.tmp": b"mine\n"})
    result = fetchpool(["-i", "items", "--journal", "list", "-o", "out",
                        api().posts], cwd=folder)
    equal(result.status, 3, repr(result))
    matches("journal list: cannot be created: another file has its name with "
            ".tmp appended", result.text)
    equal(contents(folder + "/list.tmp"), b"mine\n")
    with open(folder + "/list.tmp", "wb") as file:
        file.write(b"fetchpool-jour")
    equal(fetchpool(["-i", "items", "--journal", "list", "-o", "out",
                     api().posts], cwd=folder).status, 0)


@test("the standard descriptors are files of the run too")
def _():
    for mode in "ab", "r+b":
        folder = folder_with(x=ITEMS)
        with open(folder + "/x", mode) as out, \
                open(folder + "/x", "rb") as into:
            words = "standard output is the input"
            refused(folder, ["-i", "x"], words, stdout=out)
            refused(folder, ["-i", "./x"], words, stdout=out)
            refused(folder, [], words, input=into, stdout=out)
            refused(folder, ["--failed", "x"],
                    "--failed: 'x' is standard output",
                    input=ITEMS, stdout=out)
            refused(folder, ["-o", "x"], "--output: 'x' is the input",
                    input=into)
    for args in ["-i", "x"], ["-i", "y", "-o", "x"], [
            "-i", "y", "--stats", "x"]:
        folder = folder_with(x=ITEMS, y=ITEMS)
        with open(folder + "/x", "ab") as err:
            result = Program([*args, api().posts], stderr=err,
                             cwd=folder).wait()
        equal(result.status, 2, args)
        lines = contents(folder + "/x").split(b"\n")
        equal((lines[:2], len(lines)), ([b"1", b"2"], 4))


@test("nor is what no option names: the netrc at home, libcurl's files")
def _():
    netrc = b"machine a login b password c\n"
    for option in WRITTEN:
        for args, env, what in (
                (["-n"], {"HOME": "."}, "the file of --netrc"),
                (["--setopt", "CRLFILE=file"], {}, "the file of CRLFILE"),
                (["--setopt", "curlopt_proxy_cainfo=file"], {},
                 "the file of PROXY_CAINFO"),
                ([], {"SSL_CERT_FILE": "file"}, "the file of CAINFO"),
                ([], {"SSLKEYLOGFILE": "file"},
                 "the file of SSLKEYLOGFILE")):
            folder = folder_with(items=ITEMS, file=netrc)
            os.link(os.path.join(folder, "file"),
                    os.path.join(folder, ".netrc"))
            refused(folder, [*needs(option, folder), *args, "-i", "items",
                             option, ".netrc"],
                    r"^fetchpool: --\S+: '.netrc' is %s " % what, env=env)
    refused(folder_with(items=ITEMS), ["-i", "items"],
            "the file of SSLKEYLOGFILE is the input: 'items'",
            env={"SSLKEYLOGFILE": "items"})


@test("a dry run is judged in the same way")
def _():
    folder = folder_with(items=ITEMS, x=ITEMS)
    for args in (["-i", "x", "-o", "x"], ["-i", "x", "--stats", "x"],
                 ["-i", "x", "--failed", "x"],
                 ["-i", "items", "-o", "y", "--failed", "y"]):
        refused(folder, ["--dry-run", *args], "is the (input|output)")
    with open(folder + "/x", "ab") as out:
        refused(folder, ["--dry-run", "-i", "x", "-o", "y"],
                "standard output is the input", stdout=out)


@test("a link that leads nowhere is the file that it would make")
def _():
    folder = temp_dir()
    link = os.path.join(folder, "link")
    os.symlink("made", link)
    for args in (["-o", link, "--failed", os.path.join(folder, "made")],
                 ["--stats", link, "-o", os.path.join(folder, "made")]):
        result = fetchpool(args, input="http://127.0.0.1:1/\n")
        equal((result.status, os.listdir(folder)), (2, ["link"]), repr(result))
    result = fetchpool(["--journal", link], input="http://127.0.0.1:1/\n")
    equal((result.status, os.listdir(folder)), (3, ["link"]), repr(result))
    check("a symbolic link to a file that does not exist" in result.text,
          repr(result))


@test("what is not lost by it is allowed")
def _():
    folder = folder_with(items=ITEMS)
    url = api().posts
    null = ["--failed=/dev/null", "--stats=/dev/null", "--trace=/dev/null"]
    equal(fetchpool(["-i", "items", "-o", "/dev/null", *null, url],
                    cwd=folder).status, 0)
    equal(fetchpool(["-i", "/dev/null", "-o", "/dev/null", url]).status, 0)
    with open(folder + "/log", "ab") as log:
        equal(Program(["-i", "items", url], stdout=log, stderr=log,
                      cwd=folder).wait().status, 0)
        equal(Program(["-i", "items", "-o", "/dev/stdout", url], stdout=log,
                      cwd=folder).wait().status, 0)
    equal(len(contents(folder + "/log").splitlines()), 2)
    # The last one counts, and the one before it is nothing.
    equal(fetchpool(["-i", "items", "-o", "items", "-o", "other", url],
                    cwd=folder).status, 0)
    equal(contents(folder + "/items"), ITEMS)
    # Two readers of one file.
    equal(fetchpool(["-i", "items", "-d", "@items", faults().url + "/ok?{}"],
                    cwd=folder).status, 0)


@test("standard input is read by one only")
def _():
    folder = folder_with(items=ITEMS)
    for option, mark in (("-d", "@"), ("--json", "@"), ("-H", "@"),
                         ("-K", ""), ("--netrc-file", "")):
        data = READ[option][1] if option in READ else b""
        for name in "-", "/dev/stdin":
            refused(folder, [option, mark + name],
                    "--%s: .*(standard input is already read by the items|is "
                    "the input)" % {"-d": "data", "-H": "header", "-K": "config"
                                }.get(option, option.strip("-")),
                    input=data)
            equal(fetchpool(["-i", "items", option, mark + name,
                             faults().url + "/ok?{}"], input=data,
                            cwd=folder).status, 0)
    refused(folder, ["-i", "items", "-d", "@-", "-H", "@-"],
            "--header: standard input is already read by --data", input=b"")
    refused(folder, ["-i", "-", "-d", "@-"], "read by the items", input=ITEMS)
    fifo = folder + "/fifo"
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDWR)
    with open(fifo, "wb") as out:
        refused(folder, ["-i", "fifo"], "standard output is the input",
                stdout=out)
    os.close(end)
    os.unlink(fifo)


@test("a file that each connection reads is no pipe")
def _():
    folder = folder_with(items=ITEMS)
    os.mkfifo(folder + "/pipe")
    for args in (["-E", "pipe"], ["-E", "pipe:word"], ["--key", "pipe"],
                 *(["--setopt", name + "=pipe"] for name in (
                     "SSLCERT", "SSLKEY", "CRLFILE", "curlopt_issuercert",
                     "PINNEDPUBLICKEY", "PROXY_SSLCERT", "PROXY_CAINFO"))):
        refused(folder, ["-i", "items", *args],
                "--(cert|key|setopt): 'pipe' is a pipe, and each connection")


@test("what only we could end is not read: our own standard output's pipe")
def _():
    folder = folder_with(items=ITEMS)
    os.mkfifo(folder + "/fifo")
    server = faults()
    for where in "/dev/fd/1", "/dev/fd/2", "fifo":
        out = os.open(folder + "/fifo", os.O_RDWR)
        err = os.open(folder + "/fifo", os.O_RDWR)
        for read, mark in (("-i", ""), ("-H", "@"), ("-d", "@"), ("-K", ""),
                           ("--netrc-file", ""), ("--report-from", "")):
            args = [read, mark + where]
            if read != "--report-from":
                args += ["-o", "out", server.url + "/ok?{}"]
            if read not in ("-i", "--report-from"):
                args += ["-i", "items"]
            for streams in {"stdout": out}, {"stderr": err}:
                if where == "/dev/fd/%d" % (1 + ("stdout" in streams)):
                    continue
                program = Program(args, cwd=folder, **streams)
                equal(program.wait().status, 2, (args, streams))
        os.close(out)
        os.close(err)
    equal(server.connections, 0)
    equal(sorted(os.listdir(folder)), ["fifo", "items"])


@test("wrong usage of any kind empties and makes nothing")
def _():
    for args in (["--proxy", "nonsense://"], ["--resolve", "x"],
                 ["-r", "9/s", "--rate-file", "rate", "--setopt", "NO_SUCH=1"],
                 ["-D", "bodies", "--output-name", "{"],
                 ["--setopt", "TIMEOUT=x"], ["-r", "900000000/s",
                                             "--rate-file", "rate"],
                 ["--window", "1", "--jobs", "x"], ["--retry-on", "x"]):
        for more in [], ["--journal", "j"]:
            folder = folder_with(items=ITEMS, out=b"old\n", failed=b"old\n",
                                 stats=b"old", trace=b"old")
            server = faults()
            before = snapshot(folder)
            result = fetchpool(["-i", "items", "-o", "out", "--failed",
                                "failed", "--stats", "stats", "--trace",
                                "trace", *args, *more,
                                server.url + "/ok?{}"], cwd=folder)
            equal(result.status, 2, repr(result))
            equal((snapshot(folder), server.connections), (before, 0), args)


@test("-D: no body takes the place of a file of the run")
def _():
    names = ["out", "failed", "stats", "trace", "j", "j.tmp", "rate", "conf",
             "items", "linked", "log", "fine"]
    for over in [], ["--overwrite"]:
        folder = folder_with(conf=b"quiet\n", target=b"")
        os.symlink("target", folder + "/linked")
        journal = ["--journal", "j"] if over else []
        with open(folder + "/items", "w") as file:
            for name in names:
                file.write(name + "\n")
        with open(folder + "/log", "ab") as log:
            result = fetchpool(
                ["-D", ".", "--output-name={}", *over, "-i", "items", "-o",
                 "out", "--failed", "failed", "--stats", "stats", "--trace",
                 "trace", *journal, "-K", "conf", "-r1000/s", "--rate-file",
                 "rate", "-a", "-k", "-d", "@linked",
                 faults().url + "/bytes?body={}"], cwd=folder, stderr=log)
        equal(result.status, 1, contents(folder + "/log"))
        records = [json.loads(line)
                   for line in contents(folder + "/out").splitlines()]
        failed = [r["input"] for r in records if r.get("error")]
        wanted = names[:-1] if over else [
            name for name in names[:-1] if not name.startswith("j")]
        equal(failed, wanted)
        for record in records:
            if record["input"] in wanted:
                check("this run uses the file itself" in record["error"]["message"]
                      or not over and "already" in record["error"]["message"],
                      record)
        equal(contents(folder + "/fine"), b"fine")
        equal(contents(folder + "/failed").decode().split(), wanted)
        equal(contents(folder + "/conf"), b"quiet\n")
        check(os.path.islink(folder + "/linked"), "the link is gone")
        json.loads(contents(folder + "/stats"))
        json.loads(contents(folder + "/trace"))


@test("-D: a name without a template is one too")
def _():
    folder = folder_with(items=ITEMS)
    result = fetchpool(["-D", ".", "--overwrite", "-i", "items", "-o",
                        "1.txt", "-a", "-k",
                        faults().url + "/bytes?type=text/plain&body={}"],
                       cwd=folder)
    equal(result.status, 1, repr(result))
    records = [json.loads(line)
               for line in contents(folder + "/1.txt").splitlines()]
    equal([bool(r.get("error")) for r in records], [True, False])
    equal(contents(folder + "/2.txt"), b"2")


@test("a folder that is mounted at a second place is one folder")
def _():
    folder = folder_with(items=ITEMS)
    for name in "again", "below":
        os.mkdir(os.path.join(folder, name))
    wrapper = [tool("unshare"), "-rm", "sh", "-c",
               "mount --bind . again && exec \"$@\"", "sh"]
    url = api().posts
    if subprocess.run([*wrapper, "true"], cwd=folder,
                      capture_output=True).returncode:
        skip("no folder can be mounted here")
    for args in (["-o", "new", "--failed", "again/new"],
                 ["--stats", "again/new", "-o", "./new"],
                 ["-o", "below/x", "--journal", "j",
                  "--etags", "again/below/x"],
                 ["-o", "list.tmp", "--journal", "again/list"]):
        refused(folder, ["-i", "items", *args], r"--\S+: '\S+' is the ",
                wrapper=wrapper)
    for args in (["-o", "new", "-D", "again", "--output-name", "new"],
                 ["-o", "again/new", "-D", ".", "--output-name", "new"],
                 ["-o", "below/new", "-D", "again", "--create-dirs",
                  "--output-name", "below/new"]):
        result = fetchpool(["-i", "items", "-a", "--overwrite", *args, url],
                           cwd=folder, wrapper=wrapper)
        equal(result.status, 1, repr(result))
        records = contents(os.path.join(folder, args[1].replace("again/", "")))
        equal([json.loads(line)["error"]["kind"]
               for line in records.splitlines()], ["local"] * 2)


@test("nor does a body in a folder of -D that has a second place itself")
def _():
    folder = folder_with(items=b"new\njournal\njournal.tmp\nitems\nfine\n")
    wrapper = [tool("unshare"), "-rm", "sh", "-c",
               "mount --bind d/sub other && exec \"$@\"", "sh"]
    for name in "other", "d", "d/sub":
        os.mkdir(os.path.join(folder, name))
    if subprocess.run([*wrapper, "true"], cwd=folder,
                      capture_output=True).returncode:
        skip("no folder can be mounted here")
    os.rename(folder + "/items", folder + "/d/sub/items")
    result = fetchpool(["-i", "other/items", "-o", "other/new", "-ak",
                        "--journal", "other/journal", "-D", "d",
                        "--create-dirs", "--overwrite", "--output-name",
                        "sub/{}", faults().url + "/bytes?body={}"],
                       cwd=folder, wrapper=wrapper)
    equal(result.status, 1, repr(result))
    records = [json.loads(line)
               for line in contents(folder + "/d/sub/new").splitlines()]
    equal([bool(r.get("error")) for r in records], [True] * 4 + [False])
    equal(sorted(os.listdir(folder + "/d/sub")),
          ["fine", "items", "journal", "new"])
    equal(contents(folder + "/d/sub/items").split()[0], b"new")


@test("what standard input is called in messages is a name for bodies")
def _():
    folder = folder_with()
    result = fetchpool(["-i", "-", "-D", ".", "--output-name={}", "-q",
                        faults().url + "/bytes?body={}"],
                       cwd=folder, input=b"standard input\n")
    equal(result.status, 0, repr(result))
    equal(os.listdir(folder), ["standard input"])


def targets(fds):
    """What the descriptors in a folder of /proc lead to."""
    found = set()
    for fd in os.listdir(fds):
        try:
            found.add(os.readlink(fds + "/" + fd))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


@test("nor does one that is replaced while a pipe waits for its reader")
def _():
    # The judgement is over when the input is open.
    for option in "--failed", "--unknown", "--trace", "--stats", "--journal":
        for other in "items", "file":
            more = {"--failed": ["--unknown", "file"],
                    "--journal": ["--trace", "file"]}.get(
                        option, ["--failed", "file"])
            pipe = "--failed" if option == "--journal" else "-o"
            if option == "--journal":
                more += ["-o", "out"]
            folder = folder_with(items=ITEMS, file=b"what was there\n")
            os.mkfifo(folder + "/pipe")
            program = Program(["-i", "items", pipe, "pipe", *more, option,
                               "late", api().posts], cwd=folder)
            fds = "/proc/%d/fd" % program.pid
            until(lambda: os.path.realpath(folder + "/items") in targets(fds),
                  "its input")
            os.link(folder + "/" + other, folder + "/late")
            with open(folder + "/pipe", "rb") as reader:
                equal(reader.read(), b"")
            result = program.wait()
            equal(result.status, 3, repr(result))
            matches(r"^fetchpool: \S.* and \S+ are one file now$", result.text)
            equal(contents(folder + "/items"), ITEMS, option)
            equal(contents(folder + "/file"), b"what was there\n", option)


@test("a folder as the input is said before an output is emptied")
def _():
    folder = folder_with(out=b"kept")
    result = fetchpool(["-i", ".", "-o", "out", "http://127.0.0.1:1/{}"],
                       cwd=folder)
    equal(result.status, 3, repr(result))
    matches("Is a directory", result.text)
    equal(contents(folder + "/out"), b"kept")


if __name__ == "__main__":
    main()
