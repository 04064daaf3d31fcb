#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The protocol of a rate file, in all its interleavings.

A model of what lib/rate/ratefile.c does, one step at a time: take the lock, read
the time, reserve, send, read the time again, write down the start; be killed
before or after any of it; see that another is gone, and count for it; take the
seat of one that is gone. Between any two steps of one process the others may do
anything, and time may go by. All states that can be reached are visited; in none
may more requests have gone out within a period than the rate allows.

That the model would show a fault is shown by faults: each is put in, and found.
"""
import sys

sys.dont_write_bytecode = True
import kit  # noqa: F401 (first: it finds the others)
from tap import check, equal, main, test

PERIOD = 2
OLD = -2 * PERIOD - 1  # as good as any time before

# What a process is about to do.
(IDLE, READ_TIME, DECIDE, READ_AFTER, BURY, SEND, READ_SENT, WRITE, DEAD, SIT,
 SIT_READ, SIT_BURY) = range(12)
LOCKED = (READ_TIME, DECIDE, READ_AFTER, BURY, SIT_READ, SIT_BURY)


class Model:
    """Times are relative to the present. A state is (processes, fired, sent);
    a process is (step, time it has read, whether its seat has a reservation,
    seat that it buries)."""

    def __init__(self, n_processes, n, fault=None):
        self.n_processes, self.n, self.fault = n_processes, n, fault
        self.found = None
        self.seen = set()

    def run(self):
        start = (((IDLE, OLD, False, 0),) * self.n_processes, (), ())
        self.seen.add(start)
        todo = [start]
        while todo and not self.found:
            for state in self.after(todo.pop()):
                if state not in self.seen:
                    self.seen.add(state)
                    todo.append(state)
        return self

    def after(self, state):
        processes, fired, sent = state
        yield self.tick(state)
        is_locked = any(p[0] in LOCKED for p in processes)
        for i, process in enumerate(processes):
            for new, fire, goes in self.moves(i, process, processes, fired,
                                              is_locked):
                now = new if isinstance(new, dict) else {i: new}
                others = tuple(now.get(j, p) for j, p in enumerate(processes))
                out = tuple(sorted(sent + (0,) * goes))
                if len(out) > self.n:
                    self.found = (others, fired, out)
                yield others, tuple(sorted(fired + fire))[-2 * self.n:], out

    def tick(self, state):
        processes, fired, sent = state
        return (tuple((step, max(time - 1, OLD), held, seat)
                      for step, time, held, seat in processes),
                tuple(t - 1 for t in fired if t - 1 > OLD),
                tuple(t - 1 for t in sent if t - 1 > -PERIOD))

    def moves(self, i, process, processes, fired, is_locked):
        """(the process then, or all that change; starts that are written;
        requests that go out) for each thing that it may do now."""
        step, time, held, seat = process
        late = self.fault == "time before the send"
        if step != DEAD:
            yield (DEAD, OLD, held, 0), (), 0
        if step == DEAD:
            yield (SIT, OLD, held, 0), (), 0
        elif step == SIT and not is_locked:
            yield (SIT_READ, OLD, held, 0), (), 0
        elif step == SIT_READ:
            yield (SIT_BURY, 0, held, 0), (), 0
        elif step == SIT_BURY:
            fire = (time,) if held and self.fault != "the dead have sent " \
                "nothing" else ()
            yield (IDLE, OLD, False, 0), fire, 0
        elif step == IDLE and not is_locked:
            yield (READ_TIME, OLD, False, 0), (), 0
        elif step == READ_TIME:
            yield (DECIDE, 0, False, 0), (), 0
        elif step == DECIDE:
            yield from self.decide(i, time, processes, fired)
        elif step == READ_AFTER:
            time = time if self.fault == "time before the look" else 0
            yield (BURY, time, False, seat), (), 0
        elif step == BURY:
            gone = processes[seat]
            yield {i: (READ_TIME, OLD, False, 0),
                   seat: (gone[0], gone[1], False, gone[3])}, (time,), 0
        elif step == SEND:
            yield (WRITE if late else READ_SENT, time, True, 0), (), 1
        elif step == READ_SENT:
            yield (SEND if late else WRITE, 0, True, 0), (), 0
        elif step == WRITE and not is_locked:
            yield (IDLE, OLD, False, 0), (time,), 0

    def decide(self, i, now, processes, fired):
        late = self.fault == "time before the send"
        count = sum(p[2] for p in processes)
        count += sum(1 for t in fired if t + PERIOD > now)
        if self.fault == "only starts count":
            count -= sum(p[2] for p in processes)
        if count < self.n:
            yield (READ_SENT if late else SEND, OLD, True, 0), (), 0
            return
        yield (IDLE, OLD, False, 0), (), 0
        alive = self.fault == "a stopped one is taken for dead"
        for seat, other in enumerate(processes):
            # Whoever has sat down there buries for itself.
            if seat != i and other[2] and (other[0] == DEAD or (
                    alive and other[0] in (SEND, READ_SENT, WRITE))):
                yield (READ_AFTER, now, False, seat), (), 0


@test("no interleaving of two and of three processes lets too many go out")
def _():
    for n_processes, n in ((2, 1), (3, 1), (2, 2)):
        model = Model(n_processes, n).run()
        equal(model.found, None, "%d processes, %d a period" %
              (n_processes, n))
        print("# %d processes, %d a period: %d states" % (
            n_processes, n, len(model.seen)))
        check(len(model.seen) > 1000, "hardly anything was tried")


@test("each fault that is put in is found")
def _():
    for fault in ("time before the send", "time before the look",
                  "the dead have sent nothing", "only starts count",
                  "a stopped one is taken for dead"):
        check(Model(2, 1, fault).run().found, "not found: " + fault)


if __name__ == "__main__":
    main()
