#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
--progress on a terminal: a pseudo-terminal whose other end is a Screen, which
shows what a person would see of it.
"""
import fcntl
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
import harness
from calm import test_in_time
from harness import Program, environment, fetchpool
from servers import api, faults
from tap import (PATIENCE, PROGRAM, Failed, check, contents, equal, main,
                 matches, skip, started, temp_dir, temp_file, test, until)

CLEAR = b"\r\x1b[J\r"


class Screen:
    """A terminal of so many columns: its lines, as they are wrapped."""

    def __init__(self, columns):
        self.columns = columns
        self.lines, self.at = [""], 0

    def feed(self, data):
        for piece in re.findall(rb"\x1b\[J|.", data, re.S):
            line = self.lines[-1]
            if piece == b"\r":
                self.at = 0
            elif piece == b"\n":
                self.lines.append("")
            elif piece == b"\x1b[J":
                self.lines[-1] = line[:self.at]
            else:
                check(b" " <= piece <= b"~", "unknown to it: %r" % piece)
                if self.at >= self.columns:
                    raise Failed("a line is too long: %r" % line)
                self.lines[-1] = line[:self.at] + piece.decode() + \
                    line[self.at + 1:]
                self.at += 1


class Terminal:
    """A run with its standard error, and what else is asked for, on a terminal
    of its own. Each line that is written to the terminal has to fit it."""

    def __init__(self, args, columns=80, on=(2,), stdin=b"", env=None,
                 foreground=True, out=None):
        self.master, slave = harness.terminal()
        self.screen = Screen(max(columns, 20000))
        self.data = bytearray()
        self.resize(columns, slave)
        # As the program writes it: newlines stay what they are.
        mode = termios.tcgetattr(slave)
        mode[1] &= ~termios.OPOST
        mode[3] &= ~(termios.ECHO | termios.ECHOCTL)
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        pipe = subprocess.PIPE

        def control():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        said = [] if any("--retry" in arg for arg in args) else ["--retry=0"]
        command = [PROGRAM, *said, *args]
        if not foreground:
            # A job of a shell that itself stays in the foreground.
            command = [sys.executable, "-c",
                       "import os, subprocess, sys\n"
                       "sys.exit(subprocess.call(sys.argv[1:], "
                       "preexec_fn=lambda: os.setpgid(0, 0)))", *command]
        self.proc = subprocess.Popen(
            command, stdin=slave if 0 in on else pipe,
            stdout=slave if 1 in on else out or pipe, stderr=slave,
            preexec_fn=control, bufsize=0,
            env=environment({"TERM": "xterm", **(env or {})}))
        os.close(slave)
        started.append(self)
        self.out = bytearray()
        self.threads = [self.collect(self.master, self.data)]
        if self.proc.stdout:
            self.threads.append(
                self.collect(self.proc.stdout.fileno(), self.out))
        if self.proc.stdin and stdin is not None:
            self.proc.stdin.write(stdin)
            self.proc.stdin.close()

    @staticmethod
    def collect(fd, into):
        def work():
            while True:
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    return
                if not data:
                    return
                into.extend(data)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def resize(self, columns, fd=None):
        fcntl.ioctl(self.master if fd is None else fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))

    def keys(self, data):
        os.write(self.master, data)

    def bars(self):
        """Each bar that was drawn, in order."""
        return [bar.decode() for bar in
                re.findall(rb"\r([^\r\n\x1b]+)\x1b\[J\r", bytes(self.data))]

    def shows(self, pattern, what="a bar"):
        return until(lambda: next((bar for bar in self.bars()
                                   if re.search(pattern, bar)), None),
                     "%s like %s" % (what, pattern))

    def ended(self):
        return self.proc.poll()

    def wait(self):
        """Its status; what stays on the screen is in .lines."""
        try:
            self.proc.wait(120 * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed("still running: %r" % bytes(self.data[-500:])) \
                from None
        for thread in self.threads:
            thread.join(10)
        self.screen.feed(bytes(self.data))
        self.lines = self.screen.lines
        return self.proc.returncode

    def end(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.kill()
            self.proc.wait()
        for thread in self.threads:
            thread.join(10)
        try:
            os.close(self.master)
        except OSError:
            pass


def numbers(n):
    return "".join("%d\n" % i for i in range(1, n + 1)).encode()


def held(args, n=2, lines=numbers(10), **more):
    server = faults()
    terminal = Terminal(["-j%d" % n, *args, server.url + "/gate/x?{}"],
                        stdin=lines, **more)
    server.wait(lambda: server.outstanding == n, "%d requests" % n)
    return server, terminal


def check_last(terminal, done=10, failed=0):
    """One line stays of a bar."""
    equal(terminal.lines.pop(), "")
    matches(r"^fetchpool: %d done%s, \d+\.\d s, [\d.]+/s$" % (
        done, ", %d failed" % failed if failed else ""), terminal.lines.pop())


@test("progress: a bar while it runs, and one line afterwards")
def _():
    for args in [], ["--progress=auto"], ["--progress=always"]:
        path = temp_file()
        with open(path, "wb") as out:
            server, terminal = held(args, out=out)
        bar = terminal.shows("2 running, 8 waiting")
        matches(r"0/10, ", bar)
        server.open("x")
        equal(terminal.wait(), 0)
        check_last(terminal)
        equal(terminal.lines, [])
        equal(contents(path).count(b"\n"), 10)


@test("progress: into a pipe, whose reader may write to the same terminal")
def _():
    server, terminal = held(["--progress=always"])
    terminal.shows("2 running, 8 waiting")
    server.open("x")
    equal(terminal.wait(), 0)
    check_last(terminal)
    equal(terminal.lines, [])
    equal(terminal.out.count(b"\n"), 10)
    server.reset()
    # Here the test reads it, which has a terminal or not.
    server, terminal = held(["--progress=never"])
    time.sleep(0.8)  # a bar would be there by now
    server.open("x")
    equal(terminal.wait(), 0)
    equal(terminal.bars(), [])


@test("progress: lines stand above the bar, whole")
def _():
    server = faults()
    lines = "".join(server.url + "/status/404?%d\n" % n for n in range(40))
    lines += server.url + "/gate/x\n"
    terminal = Terminal(["-j2", "--progress=always"], stdin=lines.encode())
    terminal.shows("40 failed.* 1 running")
    until(lambda: os.kill(terminal.proc.pid, signal.SIGUSR1) or
          b"so far: " in terminal.data, "the lines of USR1")
    server.open("x")
    equal(terminal.wait(), 1)
    check_last(terminal, 41, 40)
    failed = [line for line in terminal.lines if "404" in line]
    equal(len(failed), 40)
    for line in failed:
        matches(r"^fetchpool: \d+: 404 Not Found \(http\S*\)$", line)
    told = [line for line in terminal.lines if line not in failed]
    matches("^fetchpool: 41 read, 0 succeeded, 40 failed, 1 in flight",
            told[0])
    for line in told:
        matches("^fetchpool: (so far: [A-Z]|41 read, )", line)


@test("progress: fits the terminal, whatever its width becomes")
def _():
    server, terminal = held(["--progress=always"], columns=20)
    terminal.shows("^0% 0/10")
    check(max(map(len, terminal.bars())) < 20, terminal.bars())
    for columns in 120, 33, 1, 50:
        before = len(terminal.bars())
        terminal.resize(columns)
        if columns > 1:
            until(lambda: len(terminal.bars()) > before + 3, "bars")
            longest = max(map(len, terminal.bars()[before + 2:]))
            check(columns / 2 <= longest < columns, terminal.bars()[before:])
    server.open("x")
    equal(terminal.wait(), 0)


@test("progress: a terminal that does not know its width")
def _():
    for env, least, most in (({}, 40, 80), ({"COLUMNS": "30"}, 15, 30),
                             ({"COLUMNS": "0"}, 40, 80),
                             ({"COLUMNS": "much"}, 40, 80)):
        server, terminal = held(["--progress=always"], columns=0, env=env)
        bar = terminal.shows("0/10")
        check(least <= len(bar) < most, (env, bar))
        server.open("x")
        equal(terminal.wait(), 0)


@test("progress: drawn ten times a second at most")
def _():
    began = time.monotonic()
    server, terminal = held(["--progress=always"])
    until(lambda: len(terminal.bars()) > 12, "bars")
    n, took = len(terminal.bars()), time.monotonic() - began
    check(n <= 10 * took + 2, "%d bars in %g s" % (n, took))
    server.open("x")
    equal(terminal.wait(), 0)


@test("progress: not where it would be in the way")
def _():
    server = faults()
    lines = "".join(server.url + "/status/404?%d\n" % n for n in range(3)) + \
        server.url + "/gate/x\n"
    for args, more in (
            (["--progress=never"], {}), (["-q"], {}),
            ([], {"env": {"TERM": "dumb"}}), ([], {"env": {"TERM": None}}),
            ([], {"on": (1, 2)}), ([], {"foreground": False})):
        with open(os.devnull, "wb") as out:
            terminal = Terminal(["-j4", *args], stdin=lines.encode(), out=out,
                                **more)
        until(lambda: server.outstanding == 1, "the request")
        time.sleep(0.8)  # a bar would be there by now
        server.open("x")
        equal(terminal.wait(), 1)
        equal(terminal.bars(), [], (args, more))
        server.reset()


@test("progress: nothing on a pipe, and lines if it is asked for")
def _():
    for args in [], ["--progress=auto"], ["--progress=never"]:
        result = fetchpool([*args, api().posts], input=numbers(5))
        equal((result.status, result.err), (0, b""))
    result = fetchpool(["--progress=always", api().posts], input=numbers(5))
    matches(r"\Afetchpool: 5 read, 5 succeeded, 0 failed, 0 in flight, "
            r"0 waiting, [\d.]+/s\n\Z", result.text)
    server = faults()
    program = Program(["--progress=always", server.url + "/gate/x?{}"],
                      stdin=numbers(2))
    until(lambda: b"2 in flight" in program.err, "a line on the way")
    server.open("x")
    equal(len(program.wait().text.splitlines()), 2)


@test("progress: records on the same terminal: lines, none of them mixed")
def _():
    server, terminal = held(["--progress=always"], on=(1, 2))
    until(lambda: b"in flight" in terminal.data, "a line on the way")
    server.open("x")
    equal(terminal.wait(), 0)
    equal(terminal.bars(), [])
    check(b"\x1b" not in terminal.data, bytes(terminal.data))
    records = [line for line in terminal.lines if line.startswith("{")]
    equal(len(records), 10)


@test("progress: a share and the time left, if the input tells")
def _():
    server = faults()
    path = temp_file("".join("%04d\n" % n for n in range(1000)))
    state = {"n": 0}

    def some(conn, request):
        state["n"] += 1
        if state["n"] > 250:
            conn.server.hold("x")
        conn.answer(b"{}")

    server.on("/some", some)
    args = ["-j1", "--window=1", "--progress=always", server.url + "/some?{}"]
    terminal = Terminal(["-i", path, *args], stdin=None)
    bar = terminal.shows("250 done, .* left")
    matches(r"^25%", bar)
    server.open("x")
    equal(terminal.wait(), 0)

    server.reset()
    server.on("/some", some)
    state["n"] = 0
    terminal = Terminal(args, stdin=None)
    terminal.proc.stdin.write(b"".join(b"%d\n" % n for n in range(251)))
    bar = terminal.shows("250 done")
    check("%" not in bar and "left" not in bar, bar)
    server.open("x")
    terminal.proc.stdin.close()
    equal(terminal.wait(), 0)


@test("progress: cleared after Ctrl-C, once and twice, and Ctrl-\\")
def _():
    for keys, args, number in (
            (b"\x03", ["--grace=1ms"], signal.SIGINT),
            (b"\x03\x03", ["--grace=1h"], signal.SIGINT),
            (b"\x1c", ["--grace=1h"], signal.SIGQUIT)):
        server, terminal = held(["--progress=always", *args])
        terminal.shows("2 running")
        for i in range(len(keys)):
            before = len(terminal.bars())
            terminal.keys(keys[i:i + 1])
            if i + 1 < len(keys):
                until(lambda: len(terminal.bars()) > before + 2, "bars")
        equal(terminal.wait(), -number)
        equal(terminal.lines.pop(), "")
        if number == signal.SIGINT:
            matches("stopped by SIGINT: 0 done", terminal.lines.pop())
        equal(terminal.lines, [])


@test("progress: says that the run is being stopped, while it is")
def _():
    server, terminal = held(["--progress=always", "--grace=1h"])
    terminal.shows("^0% .*0/10, [0-9.]+/s, ")
    terminal.keys(b"\x03")
    terminal.shows("0/10, stopping, .* 2 running")
    server.open("x")
    terminal.wait()
    equal(terminal.lines[:-1],
          ["fetchpool: stopped by SIGINT: 2 done, 0 failed, 8 not done"])


@test("progress: cleared when nobody reads the output any more")
def _():
    server, terminal = held(["--progress=always"])
    terminal.shows("2 running")
    # The reading end is the thread's; it is closed for both.
    fd = terminal.proc.stdout.fileno()
    null = os.open("/dev/null", os.O_RDONLY)
    server.open("x")
    os.dup2(null, fd)
    os.close(null)
    terminal.wait()
    equal(terminal.lines[-1], "")
    check(not any("running" in line for line in terminal.lines),
          terminal.lines)


@test("progress: away while it is stopped, and back when it goes on")
def _():
    server, terminal = held(["--progress=always"])
    terminal.shows("2 running")
    terminal.keys(b"\x1a")

    def state():
        with open("/proc/%d/stat" % terminal.proc.pid) as file:
            return file.read().rpartition(")")[2].split()[0]

    # Nobody is its session's shell, so the group is orphaned: then the
    # system does not let it stop, but it takes its bar away all the same.
    until(lambda: CLEAR in terminal.data or state() == "T", "the bar to go")
    check(CLEAR in terminal.data, bytes(terminal.data))
    before = len(terminal.bars())
    os.kill(terminal.proc.pid, signal.SIGCONT)
    until(lambda: len(terminal.bars()) > before, "the bar to come back")
    server.open("x")
    equal(terminal.wait(), 0)
    check_last(terminal)
    equal(terminal.lines, [])


@test_in_time("progress: what holds the run is in the bar")
def _():
    server = faults()
    seen = []

    def busy(conn, request):
        seen.append(request.target)
        if len(seen) == 3:
            conn.answer(b"", status=429, headers=b"Retry-After: 5\r\n")
        else:
            conn.answer(b"ok")

    url = server.on("/busy/", busy)
    args = ["-j2", "--progress=always", "--retry=3", "--learn-rate=never"]
    terminal = Terminal([*args, url + "{}"], stdin=numbers(9), columns=120)
    bar = terminal.shows("paused until")
    matches(r"paused until \d\d:\d\d:\d\d \(429 from 127\.0\.0\.1:\d+\)",
            bar)
    equal(terminal.wait(), 0)
    check_last(terminal, 9)

    # Where it does not fit, whose answer it was is left out.
    seen.clear()
    terminal = Terminal([*args, url + "{}"], stdin=numbers(9), columns=40)
    matches(r"paused until \d\d:\d\d:\d\d(,|$)", terminal.shows("paused"))
    equal(terminal.wait(), 0)

    ok = server.url + "/ok?{}"
    for more, words in ((["-r1/s"], "held by --rate"),
                        (["--host-rate=1/s"], "held by --host-rate")):
        terminal = Terminal(["--progress=always", *more, ok],
                            stdin=numbers(4), columns=120)
        terminal.shows(words)
        equal(terminal.wait(), 0)
    terminal = Terminal(["--progress=always", ok], stdin=None, columns=120)
    terminal.shows("waiting for input")
    terminal.proc.stdin.close()
    equal(terminal.wait(), 0)

    def hold(conn, _):
        shown.wait(30)
        conn.answer(b"ok")

    for more, words in ([], "held by -j auto"), (
            ["--host-jobs=8"], "held by the limit for one server"):
        shown = threading.Event()
        terminal = Terminal(
            ["--progress=always", "-jauto", *more,
             server.on("/hold/", hold) + "{}"], stdin=numbers(60), columns=120)
        terminal.shows(words)
        shown.set()
        equal(terminal.wait(), 0)


class Shell(Terminal):
    """The same of a shell's command, all of it on the terminal but for its
    standard input."""

    def __init__(self, script, stdin=subprocess.PIPE):
        self.master, slave = harness.terminal()
        self.screen, self.data, self.out = Screen(20000), bytearray(), b""
        self.resize(80, slave)

        def control():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.proc = subprocess.Popen(
            ["sh", "-c", script], stdin=slave if stdin is None else stdin,
            stdout=slave, stderr=slave, preexec_fn=control,
            env=environment({"TERM": "xterm"}))
        os.close(slave)
        started.append(self)
        self.threads = [self.collect(self.master, self.data)]

    def reads_keys(self):
        return not termios.tcgetattr(self.master)[3] & termios.ICANON


@test("progress: behind a pipe, if its reader does not write to the terminal")
def _():
    server = faults()
    path = temp_file()
    for tail, is_drawn in (("cat > " + path, True), ("cat", False),
                           ("cat | cat > " + path, True),
                           ("cat | cat", False),
                           ("tee /dev/tty > /dev/null", False)):
        server.reset()
        shell = Shell("%s --retry=0 -j2 '%s/gate/x?{}' | %s" % (
            PROGRAM, server.url, tail))
        shell.proc.stdin.write(numbers(10))
        shell.proc.stdin.close()
        server.wait(lambda: server.outstanding == 2, "2 requests")
        if is_drawn:
            shell.shows("2 running")
        else:
            time.sleep(0.9)  # a bar would be there by now
            equal(shell.bars(), [], tail)
        server.open("x")
        shell.proc.wait(60 * PATIENCE)
        shell.end()


@test("progress: t tells what holds the run, and other keys do nothing")
def _():
    server, terminal = held(["--progress=always"])
    terminal.shows("2 running")
    until(lambda: not termios.tcgetattr(terminal.master)[3] & termios.ICANON,
          "keys to be read one by one")
    n_asked = 0

    def asks():  # in the first moments nothing is known
        nonlocal n_asked
        terminal.keys(b"xyt")
        n_asked += 1
        return b"so far: " in terminal.data

    until(asks, "the sentence")
    server.open("x")
    equal(terminal.wait(), 0)
    check(termios.tcgetattr(terminal.master)[3] & termios.ICANON,
          "the terminal is not as it was")
    check_last(terminal)
    counts = [line for line in terminal.lines
              if not line.startswith("fetchpool: so far: ")]
    check(0 < len(counts) <= n_asked, terminal.lines)
    matches("^fetchpool: 10 read, 0 succeeded", counts[0])
    for line in counts:
        matches("^fetchpool: 10 read, ", line)


@test("progress: in tmux, as a person has it")
def _():
    program = shutil.which("tmux")
    if not program:
        skip("no tmux here")
    server = faults()
    folder = temp_dir()
    path = os.path.join(folder, "ids")
    with open(path, "wb") as file:
        file.write(numbers(10))
    command = "%s --retry=0 -j2 -i %s -o %s/out '%s/gate/x?{}'" % (
        PROGRAM, path, folder, server.url)

    def tmux(*args):
        return subprocess.run(
            [program, "-f", "/dev/null", "-S", folder + "/socket", *args],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment({"TERM": "xterm"})).stdout.decode()

    def pane():
        return tmux("capture-pane", "-p", "-J")

    tmux("new-session", "-d", "-x", "200", "-y", "40", "sh")
    try:
        until(lambda: pane().strip(), "the shell")
        tmux("send-keys", "-l", command + "; stty -a")
        tmux("send-keys", "Enter")
        until(lambda: "2 running" in pane(), "the bar")
        # One press may come before keys are read.
        until(lambda: tmux("send-keys", "t") or "so far: " in pane(),
              "the sentence")
        server.open("x")
        until(lambda: re.search(r"fetchpool: 10 done, \d", pane()),
              "the last line")
        until(lambda: re.search(r" icanon ", pane()), "the terminal's mode")
        check(re.search(r" echo ", pane()), pane())
        check("2 running" not in pane(), pane())
    finally:
        tmux("kill-server")


@test("progress: the terminal is as it was, however it ends")
def _():
    for keys in b"\x03\x03", b"\x1c":
        server, terminal = held(["--progress=always", "--grace=1h"])
        terminal.shows("2 running")
        until(lambda: not termios.tcgetattr(terminal.master)[3] &
              termios.ICANON, "keys to be read one by one")
        for i in range(len(keys)):
            terminal.keys(keys[i:i + 1])
            if i + 1 < len(keys):
                terminal.shows("stopping")
        terminal.wait()
        check(termios.tcgetattr(terminal.master)[3] & termios.ICANON,
              "the terminal is not as it was")


@test("progress: what is typed for another program stays its")
def _():
    server = faults()
    shell = Shell("cat | %s --retry=0 -j2 -o /dev/null '%s/gate/x?{}'" % (
        PROGRAM, server.url), stdin=None)
    shell.keys(b"1\n2\n")
    server.wait(lambda: server.outstanding == 2, "2 requests")
    shell.shows("2 running")
    check(not shell.reads_keys(), "keys are taken")
    shell.keys(b"t\n\x04")
    server.open("x")
    server.wait(lambda: server.requests == 3, "the third line")
    equal(sorted(server.targets)[-1], "/gate/x?t")
    shell.proc.wait(60 * PATIENCE)


if __name__ == "__main__":
    main()
