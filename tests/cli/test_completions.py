#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What bash, zsh and fish complete, asked of the shells themselves, and that it is
the options of --help and the words that they take.
"""
import os
import pty
import re
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from harness import environment, terminal, tool
from tap import (PATIENCE, PROGRAM, TOP, check, contents, equal, main, matches,
                 skip, started, temp_dir, test, until)

BUILD = os.environ.get("builddir") or os.path.dirname(PROGRAM)
FOLDER = os.path.join(BUILD, "cmd", "completions")
FORMATS = ["body", "merged", "record"]
BODIES = ["auto", "base64", "json", "none", "string", "text"]
TOPICS = ["all", "connections", "flow", "input", "journal", "other", "output",
          "pages", "pool", "progress", "requests"]


def options():
    """{name with its dashes: help}, of --help all."""
    text = subprocess.run([PROGRAM, "--help", "all"], check=True, text=True,
                          stdout=subprocess.PIPE, env=environment()).stdout
    found = {}
    for letter, name, rest in re.findall(
            r"(?m)^  (-\w,|   ) (--[\w.-]+)(?: [A-Z]\S*)? +(\S.*)$", text):
        found[name] = rest
        if letter.strip():
            found[letter[:2]] = rest
    check(len(found) > 100, "too few options in --help")
    return found


def made(name):
    path = os.path.join(FOLDER, name)
    if not os.path.exists(path):
        skip("completions are not made here: this is a cross build")
    return path


def run(*args, cwd=None):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment({"HOME": temp_dir(), "TERM": "dumb"}),
                          cwd=cwd, timeout=180 * PATIENCE)
    equal((done.returncode, done.stderr), (0, ""), repr(args))
    return done.stdout.splitlines()


def folder():
    path = temp_dir()
    os.mkdir(path + "/sub dir")
    for name in "urls.txt", "two words":
        open(os.path.join(path, name), "w").close()
    return path


class Terminal:
    """A shell with a terminal, as a person has it."""

    def __init__(self, *args, cwd, **env):
        self.shown = bytearray()
        self.pid, self.fd = terminal(pty.fork)
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(args[0], args, environment(
                {"HOME": cwd, "TERM": "dumb", "PS1": "> ", **env}))
        started.append(self)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                return
            if not data:
                return
            self.shown += data

    def type(self, text):
        os.write(self.fd, text.encode())

    def shows(self, pattern, what):
        until(lambda: re.search(pattern, self.shown.decode(errors="replace")),
              "%s in %r" % (what, bytes(self.shown[-2000:])))

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.reader.join(10)
        os.close(self.fd)

    def __repr__(self):
        return repr(bytes(self.shown))


# ---- the three shells; each takes a line and gives what it may become ----

def bash(line, cwd=None):
    """Calls the function as bash does: what breaks words is one of its own."""
    words = re.findall(r"[=@]+|[^\s=@]+", line)
    if line.endswith(" "):
        words.append("")
    return run(tool("bash"), "--norc", "--noprofile", "-c", """
        source "$1"; shift
        compopt() { :; }
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        $(complete -p fetchpool | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done
        """, "-", made("fetchpool"), *words, cwd=cwd)


ZSH = r"""
# Of what is offered, the words themselves go to a file.
compadd() {
    local -a found
    if (( ! ${@[(I)-[AOD]*]} )); then
        builtin compadd -O found "$@"
        print -rl -- $found >>$SAID
    fi
    builtin compadd "$@"
}
complete-and-say() {
    zle list-choices
    print -r -- END >>$SAID
}
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit
compinit -u -D
zle -N complete-and-say
bindkey '^I' complete-and-say
LISTMAX=10000
print READY
"""


class Zsh(Terminal):
    """One for all lines of a test: it takes long to start."""

    all = {}

    def __init__(self, cwd):
        here = cwd or temp_dir()
        self.said = os.path.join(temp_dir(), "said")
        with open(os.path.join(here, ".zshtest"), "w") as file:
            file.write(ZSH)
        made("_fetchpool")
        super().__init__(tool("zsh"), "-f", "-i", cwd=here, SAID=self.said,
                         COMPLETIONS=FOLDER)
        self.type("source ./.zshtest\n")
        self.shows(r"(?m)^READY", "a zsh that is ready")
        self.all[cwd] = self

    def complete(self, line):
        with open(self.said, "w"):
            pass
        # The line before is taken back as a whole.
        self.type("\x15" + line + "\t")
        until(lambda: contents(self.said).endswith(b"END\n"),
              "what zsh completes")
        words = contents(self.said).decode().splitlines()[:-1]
        return [word for word in words if word]

    def end(self):
        self.all.clear()
        super().end()


def zsh(line, cwd=None):
    return (Zsh.all.get(cwd) or Zsh(cwd)).complete(line)


def fish(line, cwd=None):
    lines = run(tool("fish"), "--no-config", "-c",
                "source $argv[1]; complete -C $argv[2]", made("fetchpool.fish"),
                line, cwd=cwd)
    return [line.partition("\t")[0] for line in lines]


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


def for_each_shell(name):
    """A test for each; it gets a function that gives sorted words."""
    def register(function):
        for shell, complete in SHELLS.items():
            def body(complete=complete, shell=shell):
                function(lambda line, cwd=None: sorted(
                    set(complete(line, cwd))), shell)
            test("%s: %s" % (shell, name))(body)
    return register


@for_each_shell("every option of --help, and no other")
def _(complete, shell):
    equal(complete("fetchpool --"),
          sorted(name for name in options() if name.startswith("--")))
    if shell != "fish":  # that has each only once
        found = complete("fetchpool -")
        letters = [name for name in options() if len(name) == 2]
        equal([name for name in found if len(name) == 2], sorted(letters))


@for_each_shell("what an option may be that has begun")
def _(complete, shell):
    equal(complete("fetchpool --keep"), ["--keep-order"])
    equal(complete("fetchpool -k --no-c"), ["--no-compressed"])


@for_each_shell("the words of a value")
def _(complete, shell):
    equal(complete("fetchpool -f "), FORMATS)
    equal(complete("fetchpool --format "), FORMATS)
    equal(complete("fetchpool --body "), BODIES)
    equal(complete("fetchpool --input-format "), ["csv", "json", "lines"])
    equal(complete("fetchpool --error-format "), ["json", "text"])
    equal(complete("fetchpool --jobs "), ["auto"])


@for_each_shell("the words of a value behind = or a letter")
def _(complete, shell):
    def last(line):
        """With what stands before it, or without: shells differ."""
        return [re.sub("^--[a-z]+=", "", word) for word in complete(line)]

    equal(last("fetchpool --format="), FORMATS)
    equal(last("fetchpool --body=ba"), ["base64"])
    equal(last("fetchpool -kaf rec"), ["record"])


@for_each_shell("a value that may be left out, behind = only")
def _(complete, shell):
    def last(line):
        return [re.sub("^--[a-z-]+=(.*,)?", "", word) for word in
                complete(line)]

    equal(last("fetchpool --retry-failed=ti"), ["timeout"])
    equal([re.sub("^.*,", "", word)
           for word in last("fetchpool --retry-failed=http,ti")], ["timeout"])
    kinds = last("fetchpool --retry-failed=")
    check("http" in kinds and "unknown" in kinds and len(kinds) == 14, kinds)
    equal(last("fetchpool --dry-run="), ["full"])
    check("timeout" not in complete("fetchpool --retry-failed ti"), shell)
    check("full" not in complete("fetchpool --dry-run fu"), shell)


@for_each_shell("lists: the next word behind a comma")
def _(complete, shell):
    def last(line):
        return [re.sub("^.*[,+!]", "", word) for word in complete(line)]

    equal(last("fetchpool --fields stat"), ["status"])
    equal(last("fetchpool --fields seq,stat"), ["status"])
    equal(last("fetchpool --fields seq,url,final"), ["final_url"])
    equal(last("fetchpool --retry-on ti"), ["timeout"])
    equal(last("fetchpool --retry-on 404,ti"), ["timeout"])
    equal(last("fetchpool --retry-on 404,!res"), ["reset"])
    equal(last("fetchpool --fields +ip,+final"), ["final_url"])
    equal(last("fetchpool --proto ht"), ["http", "https"])


@for_each_shell("files and folders")
def _(complete, shell):
    at = folder()
    found = [name.rstrip("/") for name in complete("fetchpool -i ur", at)]
    equal(found, ["urls.txt"])
    found = [name.rstrip("/") for name in complete("fetchpool --failed tw", at)]
    equal([name.replace("\\", "") for name in found], ["two words"])
    found = [name.rstrip("/") for name in
             complete("fetchpool --output-dir s", at)]
    equal([name.replace("\\", "") for name in found], ["sub dir"])
    equal(complete("fetchpool --output-dir ur", at), [])


@for_each_shell("a file behind @, and nothing where any text may stand")
def _(complete, shell):
    at = folder()
    found = [name.lstrip("@") for name in complete("fetchpool -H @ur", at)]
    equal(found, ["urls.txt"])
    for line in "fetchpool --data=@ur", "fetchpool -kd @ur":
        found = [re.sub("^(--data=)?@", "", name)
                 for name in complete(line, at)]
        equal(found, ["urls.txt"], line)
    check(len(complete("fetchpool -d @", at)) > 1, "nothing behind @ alone")
    equal(complete("fetchpool -H ur", at), [])
    equal(complete("fetchpool --user me@ur", at), [])
    equal(complete("fetchpool --user ur", at), [])
    equal(complete("fetchpool ur", at), [])


@for_each_shell("topics of the help")
def _(complete, shell):
    equal(complete("fetchpool --help "), TOPICS)
    equal(complete("fetchpool -h out"), ["output"])


@test("fish and zsh show the help of each option")
def _():
    said = options()
    tool("fish")
    lines = run(tool("fish"), "--no-config", "-c",
                "source $argv[1]; complete -C 'fetchpool --'",
                made("fetchpool.fish"))
    equal({name: rest for name, _, rest in
           (line.partition("\t") for line in lines)},
          {name: rest for name, rest in said.items()
           if name.startswith("--")})
    text = contents(made("_fetchpool")).decode()
    for name, rest in said.items():
        if name.startswith("--"):
            rest = re.sub(r"([:\[\]\\])", r"\\\1", rest).replace("'", "'\\''")
            check("[%s]" % rest in text, "no help for %s in zsh" % name)


@test("bash: the tab key completes, and ends a word that is whole")
def _():
    shell = Terminal(tool("bash"), "--norc", "--noprofile", "-i",
                     cwd=folder())
    shell.type("bind 'set bell-style none'; source %s; echo READY''\n" %
               made("fetchpool"))
    shell.shows(r"(?m)^READY\r?$", "a bash that is ready")
    shell.type("fetchpool --keep-o\t--forma\tmer\t-o tw\t")
    shell.shows(r"--keep-order --format merged -o two\\ words ",
                "the completed line")
    for typed, becomes in (("-H @ur", "-H @urls.txt "),
                           ("--data=@tw", r"--data=@two\ words ")):
        shell.type("\x15fetchpool " + typed + "\t")
        shell.shows(re.escape(becomes), becomes)


@test("options that add up are repeated by zsh, and those are the manual's")
def _():
    with open(os.path.join(TOP, "man", "fetchpool.1")) as file:
        page = file.read()
    sentence = re.search(r"the last one counts, except that\n(.*?)\nadd up", page, re.S)[1]
    written = set(re.findall(r"Fl -?(\S+)", sentence))
    text = contents(made("_fetchpool")).decode()
    repeated = {re.search(r"--([\w-]+)", line)[1]: line for line in
                text.splitlines() if line.startswith("\t'*'")}
    for name, line in repeated.items():
        letter = re.search(r"\{-(\w)", line)
        check(name in ("config", "retry-on") or name in written or
              letter and letter[1] in written, name)
    check(len(repeated) >= len(written), "more in the manual: %s" % written)


@test("make install puts them where each shell looks")
def _():
    made("fetchpool")
    if not os.path.exists(os.path.join(BUILD, "Makefile")):
        skip("there is no Makefile")
    to = temp_dir()
    env = environment()
    done = subprocess.run(
        [tool("make"), "-s", "-C", BUILD, "DESTDIR=" + to, "datadir=/share",
         "install-nodist_bashcompletionDATA", "install-nodist_zshcompletionDATA",
         "install-nodist_fishcompletionDATA"], env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    equal(done.returncode, 0, done.stdout)
    found = {os.path.relpath(os.path.join(at, name), to)
             for at, _, names in os.walk(to) for name in names}
    text = contents(os.path.join(BUILD, "config.log")).decode("utf-8",
                                                              "replace")
    equal(len(found), 3)
    if "completion-dir" not in text:
        equal(found, {"share/bash-completion/completions/fetchpool",
                      "share/zsh/site-functions/_fetchpool",
                      "share/fish/vendor_completions.d/fetchpool.fish"})


if __name__ == "__main__":
    main()
