#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The protocol of a rate file, in all its interleavings.

A model of what lib/rate/ratefile.c does, one step at a time: take the lock, read
the time, reserve; connect, and meanwhile renew; give back what was not used, and
reserve again at the gate; commit at the gate, under the lock; send, read the time
again, take the lock, read the time there, and write down the start with the
earlier of the two; be killed before or after any of it, or stopped between any
two; see that another is gone, and count for it; take back from one that is
stopped what it has not committed; take the seat of one that is gone. Between any
two steps of one process the others may do anything, and time may go by. All
states that can be reached are visited; in none may more requests have gone out
within a period than the rate allows.

That the model would show a fault is shown by faults: each is put in, and found.
"""
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from tap import check, equal, main, test

PERIOD = 2
LEASE = 1
OLD = -2 * PERIOD - 1  # as good as any time before

# What an item of a process is about to do.
(IDLE, READ_TIME, DECIDE, READ_AFTER, BURY, CONNECT, GATE, COMMIT, SEND,
 READ_SENT, WRITE, READ_LOCKED, DEAD, SIT, SIT_READ, SIT_BURY) = range(16)
LOCKED = {READ_TIME, DECIDE, READ_AFTER, BURY, COMMIT, READ_LOCKED, SIT_READ,
          SIT_BURY}

# One looks at another, which it ends.
LOOKING = {READ_AFTER, BURY}

# What the book says that it holds, and how old that is.
FREE, RESERVED, COMMITTED = range(3)

FAULTS = ("time before the send", "time before the look",
          "the dead have sent nothing", "only starts count",
          "a stopped one is taken for dead", "no commit at the gate",
          "what is committed is taken back", "the lease is looked at unlocked",
          "tokens are slots")


class Model:
    """Times are relative to the present. A state is (items, fired, sent); an
    item is (step, time it has read, what it holds in the book, since when, the
    item that it ends, whether it reserves at the gate). Each is a process, or
    with `together` all of them but the last are one."""

    def __init__(self, n_items, n, fault=None, together=False):
        self.n_items, self.n, self.fault = n_items, n, fault
        self.together = together
        self.found = None
        self.seen = set()
        self.siblings = [
            [j for j in range(n_items)
             if self.process_of(j) == self.process_of(i)]
            for i in range(n_items)]

    def run(self):
        start = (((IDLE, OLD, FREE, OLD, 0, False),) * self.n_items, (), ())
        self.seen.add(start)
        todo = [start]
        while todo and not self.found:
            for state in self.after(todo.pop()):
                if state not in self.seen:
                    self.seen.add(state)
                    todo.append(state)
        return self

    def alike(self, items):
        """Which of several processes is which does not matter, nor which item
        of one: of states that differ in that alone, one is visited."""
        n = self.n_items - self.together
        looked_at = None
        for item in items:
            if item[0] in LOOKING:
                looked_at = item[4]
        if looked_at is None:
            return (*sorted(items[:n]), *items[n:])
        order = sorted(range(n), key=lambda i: (
            items[i][:4], items[i][5], i == looked_at)) + \
            list(range(n, self.n_items))
        return tuple(
            items[i] if items[i][0] not in LOOKING else
            (*items[i][:4], order.index(looked_at), items[i][5])
            for i in order)

    def after(self, state):
        items, fired, sent = state
        yield self.tick(state)
        is_locked = any(item[0] in LOCKED for item in items)
        for i in range(self.n_items):
            for changes, fire, goes in self.moves(i, items, fired, is_locked):
                now = list(items)
                for j, item in changes.items():
                    now[j] = item
                out = tuple(sorted((*sent, 0))) if goes else sent
                if len(out) > self.n:
                    self.found = (now, fired, out)
                yield (self.alike(now), tuple(sorted(fired + fire))[
                    -2 * self.n:] if fire else fired, out)

    def tick(self, state):
        items, fired, sent = state
        return (self.alike([
                    (step, max(time - 1, OLD), held, max(since - 1, OLD),
                     other, at_gate)
                    for step, time, held, since, other, at_gate in items]),
                tuple(t - 1 for t in fired if t - 1 > OLD),
                tuple(t - 1 for t in sent if t - 1 > -PERIOD))

    def process_of(self, i):
        return 0 if self.together and i < self.n_items - 1 else i

    def moves(self, i, items, fired, is_locked):
        """(what changes; starts that are written; requests that go out) for
        each thing that it may do now."""
        step, time, held, since, other, at_gate = items[i]
        if step != DEAD:
            yield {j: (DEAD, OLD, *items[j][2:4], 0, False)
                   for j in self.siblings[i]}, (), 0
        if step < CONNECT:
            yield from self.reserve(i, items, fired, is_locked)
        elif step >= DEAD:
            yield from self.sit(i, items, is_locked)
        else:
            yield from self.use(i, items, is_locked)

    def reserve(self, i, items, fired, is_locked):
        step, time, held, since, other, at_gate = items[i]
        if step == IDLE and not is_locked:
            yield {i: (READ_TIME, OLD, held, since, 0, at_gate)}, (), 0
        elif step == READ_TIME:
            yield {i: (DECIDE, 0, held, since, 0, at_gate)}, (), 0
        elif step == DECIDE:
            yield from self.decide(i, items, fired)
        elif step == READ_AFTER:
            time = time if self.fault == "time before the look" else 0
            yield {i: (BURY, time, held, since, other, at_gate)}, (), 0
        elif step == BURY:
            gone = items[other]
            fire = (time,) if gone[2] == COMMITTED else ()
            if self.fault == "a stopped one is taken for dead":
                fire = (time,)
            yield {i: (READ_TIME, OLD, held, since, 0, at_gate),
                   other: (*gone[:2], FREE, OLD, *gone[4:])}, fire, 0

    def sit(self, i, items, is_locked):
        """Another process begins, and takes the seat."""
        step, time, held, since, _, _ = items[i]
        if step == DEAD:
            yield {i: (SIT, OLD, held, since, 0, False)}, (), 0
        elif step == SIT and not is_locked:
            yield {i: (SIT_READ, OLD, held, since, 0, False)}, (), 0
        elif step == SIT_READ:
            yield {i: (SIT_BURY, 0, held, since, 0, False)}, (), 0
        elif step == SIT_BURY:
            fire = (time,) if held == COMMITTED and self.fault != \
                "the dead have sent nothing" else ()
            yield {i: (IDLE, OLD, FREE, OLD, 0, False)}, fire, 0

    def use(self, i, items, is_locked):
        step, time, held, since, other, at_gate = items[i]
        late = self.fault == "time before the send"
        if step == CONNECT:
            yield {i: (GATE, OLD, held, since, 0, at_gate)}, (), 0
            if not is_locked:
                # Renewed; given back, and to be asked for at the gate.
                if held == RESERVED:
                    yield {i: (CONNECT, OLD, held, 0, 0, at_gate)}, (), 0
                    yield {i: (GATE, OLD, FREE, OLD, 0, True)}, (), 0
        elif step == GATE:
            yield from self.gate(i, items, is_locked)
        elif step == COMMIT:
            yield {i: (READ_SENT if late else SEND, OLD, COMMITTED, OLD, 0,
                       False)}, (), 0
        elif step == SEND:
            yield {i: (WRITE if late else READ_SENT, time, held, since, 0,
                       False)}, (), 1
        elif step == READ_SENT:
            yield {i: (SEND if late else WRITE, 0, held, since, 0,
                       False)}, (), 0
        elif step == WRITE and not is_locked:
            yield {i: (READ_LOCKED, time, held, since, 0, False)}, (), 0
        elif step == READ_LOCKED:
            # The time there is the present: the earlier one is `time`.
            yield {i: (IDLE, OLD, FREE, OLD, 0, False)}, (min(time, 0),), 0

    def gate(self, i, items, is_locked):
        """Its request can go out: it takes the lock, and looks whether what it
        had reserved is there."""
        step, time, held, since, other, at_gate = items[i]
        if self.fault == "no commit at the gate":
            yield {i: (SEND, OLD, held, since, 0, False)}, (), 0
            return
        if self.fault == "the lease is looked at unlocked":
            if held == RESERVED and since > -LEASE:
                yield {i: (SEND, OLD, held, since, 0, False)}, (), 0
        if is_locked:
            return
        has_it = held == RESERVED
        if self.fault == "tokens are slots":
            has_it = any(items[j][2] == RESERVED for j in self.siblings[i])
        if has_it:
            yield {i: (COMMIT, OLD, held, since, 0, at_gate)}, (), 0
            return
        # It is lost: it is asked for here, or by another attempt.
        yield {i: (READ_TIME, OLD, FREE, OLD, 0, True)}, (), 0
        yield {i: (IDLE, OLD, FREE, OLD, 0, False)}, (), 0

    def decide(self, i, items, fired):
        _, now, held, since, _, at_gate = items[i]
        count = sum(1 for t in fired if t + PERIOD > now)
        if self.fault != "only starts count":
            count += sum(1 for item in items if item[2] != FREE)
        if count < self.n:
            yield {i: (GATE if at_gate else CONNECT, OLD, RESERVED, now, 0,
                       False)}, (), 0
            return
        yield {i: (IDLE, OLD, FREE, OLD, 0, False)}, (), 0
        for j, other in enumerate(items):
            if self.process_of(j) == self.process_of(i) or other[2] == FREE:
                continue
            # Whoever has sat down there ends what was there for itself.
            if other[0] == DEAD or (
                    self.fault == "a stopped one is taken for dead" and
                    other[0] in (SEND, READ_SENT, WRITE)):
                yield {i: (READ_AFTER, now, held, since, j, at_gate)}, (), 0
            elif other[0] < DEAD and now - other[3] >= LEASE and (
                    other[2] == RESERVED or
                    self.fault == "what is committed is taken back"):
                yield {i: (READ_TIME, OLD, held, since, 0, at_gate),
                       j: (*other[:2], FREE, OLD, *other[4:])}, (), 0


@test("no interleaving of two and of three processes lets too many go out")
def _():
    for n_items, n, together in ((2, 1, False), (3, 1, False), (2, 2, False),
                                 (3, 1, True)):
        model = Model(n_items, n, together=together).run()
        what = "%d items%s, %d a period" % (
            n_items, ", two of one process" * together, n)
        equal(model.found, None, what)
        print("# %s: %d states" % (what, len(model.seen)))
        check(len(model.seen) > 1000, "hardly anything was tried")


@test("each fault that is put in is found")
def _():
    for fault in FAULTS:
        together = fault == "tokens are slots"
        model = Model(3 if together else 2, 1, fault, together).run()
        check(model.found, "not found: " + fault)


if __name__ == "__main__":
    main()
