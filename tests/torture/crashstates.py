# SPDX-License-Identifier: MIT
"""
crashstates: what a disk may hold after a power cut.

    with recorded(folder) as env: ...       # a run, with this environment
    disk = Disk(folder, before)             # the log of it
    for state in disk.states(rng): ...      # {path: contents or None}

The model is that of POSIX, and a little kinder. What is written to a file, or
cut off it, is on the disk after an fsync() or fdatasync() of that file that
began later; a name, after an fsync() of its folder. All that came since may be
there or not: each file by itself, of any file any number of its last changes
may be missing, the last one may be there in part, and of the blocks that were
written any may hold what they held before, or zeros behind the old end. Names
of one folder are changed in order.

What a log is made of: 'o' a file was opened (and perhaps made), 'w' written,
't' cut; 's' and 'S' begin and end of a sync, of a file or a folder; 'r' and
'u' renamed and removed.
"""
import collections
import functools
import os
import struct
import subprocess
import tempfile

from harness import tool
from tap import (SANITIZERS, TESTS, Directory, at_end, check, contents, skip)

BLOCK = 512
ENTRY = struct.Struct("<c3xIQQ")
Op = collections.namedtuple("Op", "what inode at data")

_built = []


def recorder(folder, log):
    """The environment of a run whose changes are written down."""
    if SANITIZERS:
        skip("a sanitizer has to be loaded first")
    if not _built:
        place = tempfile.mkdtemp(prefix="fetchpool-recorder-")
        at_end(Directory(place).end)
        done = subprocess.run(
            [tool("cc"), "-shared", "-fPIC", "-O1", "-o", place + "/shim.so",
             TESTS + "/torture/recorder.c", "-ldl", "-lpthread"],
            capture_output=True, timeout=60)
        check(done.returncode == 0, done.stderr.decode("utf-8", "replace"))
        _built.append(place + "/shim.so")
    return {"LD_PRELOAD": _built[0], "RECORD_FOLDER": folder,
            "RECORD_LOG": log}


def read_log(path):
    data, at, ops = contents(path), 0, []
    while at < len(data):
        what, size, inode, place = ENTRY.unpack_from(data, at)
        at += ENTRY.size + size
        ops.append(Op(what.decode(), inode, place, data[at - size:at]))
    return ops


def apply(data, ops):
    """What a file holds after these."""
    data = bytearray(data)
    for op in ops:
        if op.what == "t":
            data[op.at:] = bytes(max(op.at - len(data), 0))
        elif op.what == "w":
            data[len(data):] = bytes(max(op.at - len(data), 0))
            data[op.at:op.at + len(op.data)] = op.data
    return bytes(data)


class Disk:
    """A run's log, and what was there before it: names is {path: inode},
    files {inode: contents}; all of that was on the disk."""

    def __init__(self, ops, names, files):
        self.ops, self.names, self.files = ops, names, files

    # ---- at one moment: the first `n` things have been done; asked for again
    # and again, and the same each time ----

    @functools.cache
    def synced(self, inode, n):
        """Up to where what was done to this file or folder is safe."""
        begun = last = 0
        for i, op in enumerate(self.ops[:n]):
            if op.inode == inode and op.what == "s":
                begun = i
            elif op.inode == inode and op.what == "S":
                last = begun
        return last

    def changes(self, inode, begin, end):
        return [op for op in self.ops[begin:end]
                if op.inode == inode and op.what in "wt"]

    @functools.cache
    def safe(self, inode, n):
        """(contents that are safe, changes that are not)."""
        at = self.synced(inode, n)
        return (apply(self.files.get(inode, b""), self.changes(inode, 0, at)),
                self.changes(inode, at, n))

    @functools.cache
    def folders(self, n):
        """Of each folder: its inode and its changes of names, with whether
        they are safe."""
        found = {}
        names = dict(self.names)
        for i, op in enumerate(self.ops[:n]):
            if op.what == "o":
                path = op.data.decode()
                if os.path.isdir(path):
                    continue
                change = None if names.get(path) == op.inode else \
                    (None, path, op.inode)
                names[path] = op.inode
            elif op.what == "r":
                old, path = op.data.decode().split("\0")
                names[path] = names.pop(old)
                change = (old, path, names[path])
            elif op.what == "u":
                path = op.data.decode()
                change = (path, None, names.pop(path))
            else:
                continue
            if change:
                parent = os.path.dirname(path)
                found.setdefault(parent, []).append((i, change))
        return found

    def names_at(self, n, lost):
        """{path: inode}; lost(parent, k): how many of the last k changes that
        are not safe are missing."""
        names = dict(self.names)
        for parent, changes in self.folders(n).items():
            at = self.synced(os.stat(parent).st_ino, n)
            unsafe = sum(i >= at for i, _ in changes)
            for _, (old, path, inode) in \
                    changes[:len(changes) - lost(parent, unsafe)]:
                names.pop(old, None)
                if path:
                    names[path] = inode
        return names

    def inodes(self, n):
        return sorted({op.inode for op in self.ops[:n] if op.what in "wt"} |
                      set(self.files))

    def make(self, n, how, lost=lambda parent, k: 0):
        """The state; how(inode, contents, changes) gives what a file holds.
        """
        names = self.names_at(n, lost)
        return {path: (inode, how(inode, *self.safe(inode, n)))
                for path, inode in names.items()}


# ---- what becomes of one file ----

def all_of_it(old, changes):
    return apply(old, changes)


def none_of_it(old, changes):
    return old


def cut(n, size):
    """The first n changes, and so many bytes of the next."""
    def how(old, changes):
        part = [op._replace(data=op.data[:size]) for op in changes[n:n + 1]
                if op.what == "w"]
        return apply(old, changes[:n] + part)
    return how


def lose_blocks(is_lost):
    """All, but for blocks that never got there."""
    def how(old, changes):
        data = bytearray(apply(old, changes))
        old = old[:min([op.at for op in changes if op.what == "t"],
                       default=len(old))]
        for block in dirty(changes):
            begin = block * BLOCK
            end = min(begin + BLOCK, len(data))
            if begin < end and is_lost(block):
                then = old[begin:end]
                data[begin:end] = then + bytes(end - begin - len(then))
        return bytes(data)
    return how


def lose_end(n, size):
    """As cut(), and the last block of it never got there."""
    def how(old, changes):
        changes = changes[:n] + [changes[n]._replace(
            data=changes[n].data[:size])]
        return lose_blocks(lambda b: b == dirty(changes)[-1])(old, changes)
    return how


def dirty(changes):
    """The blocks that were written."""
    blocks = set()
    for op in changes:
        if op.what == "w":
            blocks.update(range(op.at // BLOCK,
                                (op.at + len(op.data) - 1) // BLOCK + 1))
    return sorted(blocks)


def fates(changes, rng):
    """What may become of a file, each of some kind."""
    yield none_of_it
    writes = [i for i, op in enumerate(changes) if op.what == "w"]
    for i in {writes[0], writes[-1], rng.choice(writes)} if writes else ():
        op = changes[i]
        yield cut(i, 0)
        yield cut(i, rng.randrange(len(op.data)))
        room = BLOCK - op.at % BLOCK
        yield cut(i, room)
        if room < len(op.data):
            yield lose_end(i, room + rng.randrange(1, 8))
    blocks = dirty(changes)
    for block in {blocks[0], blocks[-1], rng.choice(blocks)} if blocks else ():
        yield lose_blocks(lambda b, lost=block: b == lost)
    if blocks:
        yield lose_blocks(lambda b: True)
        seed = rng.random()
        yield lose_blocks(lambda b: hash((b, seed)) % 2)


class State:
    """files is {path: (inode, contents)}. is_kill: no more than a killed
    process would have left."""

    def __init__(self, n, files, what, is_kill=False):
        self.n, self.files, self.what, self.is_kill = n, files, what, is_kill

    def key(self):
        return tuple(sorted(self.files.items())), self.is_kill


def states(disk, rng, n_random, moments=None):
    """First what a killed process leaves, at every moment; then, after every
    change and sync, each file by itself and with all others lost; then so many
    in which anything goes. `moments`: these only, as numbers of what was done
    before."""
    whole = len(disk.ops)
    moments = moments or range(whole + 1)
    seen = set()

    def fresh(state):
        known = state.key() in seen
        seen.add(state.key())
        return [] if known else [state]

    for n in moments:
        yield from fresh(State(n, disk.make(
            n, lambda inode, *file: all_of_it(*file)), "killed", True))
        if n < whole and disk.ops[n].what == "w":
            op = disk.ops[n]
            for size in {1, len(op.data) - 1, rng.randrange(len(op.data))}:
                files = disk.make(n, lambda inode, old, changes: apply(
                    old, changes + ([op._replace(data=op.data[:size])]
                                    if inode == op.inode else [])))
                yield from fresh(State(n, files, "killed in a write", True))
    for n in moments:
        for inode in disk.inodes(n):
            for fate in fates(disk.safe(inode, n)[1], rng):
                for others in all_of_it, none_of_it:
                    yield from fresh(State(n, disk.make(
                        n, lambda i, *file: (fate if i == inode else others)(
                            *file)), "one file lost in part"))
        yield from fresh(State(n, disk.make(
            n, lambda i, *file: all_of_it(*file), lambda parent, k: k),
            "names lost"))
    for _ in range(n_random):
        n = rng.choice(moments)
        chosen = {i: rng.choice([all_of_it, *fates(disk.safe(i, n)[1], rng)])
                  for i in disk.inodes(n)}
        yield from fresh(State(n, disk.make(
            n, lambda i, *file: chosen.get(i, all_of_it)(*file),
            lambda parent, k: rng.randint(0, k)), "anything"))
