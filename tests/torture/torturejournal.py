# SPDX-License-Identifier: MIT
"""
torturejournal: runs with a journal in which calls fail, as torture.py has them.

Whatever failed, the next run has to go on from there, and then the outputs are
those of a run that nothing happened to: every item once, and none of the files
left in a state that has to be mended by hand. A request that must not be sent
twice is not.
"""
import collections

from faultserver import behaviour
from harness import fetchpool, records_of
from servers import shared
from tap import Failed, check, contents, equal
from torture import Run
from webserver import Web

FIELDS = "seq,input,status,body"

# Behind all that the journal knows of: a record, and half of one.
TORN = b'{"seq":3,"input":"3"}\n{"se'


@behaviour("/broken/")
def broken(conn, request):
    """Items that are even fail as long as the server is broken."""
    n = int(request.path.rpartition("/")[2])
    bad = n == 4 or n % 2 == 0 and conn.server.is_broken
    conn.answer(b"" if bad else b"%d" % n, status=503 if bad else 200)


def numbers(*ns):
    return "".join("%d\n" % n for n in ns).encode()


def files_in(folder, prefix=""):
    """The lines of the output and of --failed."""
    return [sorted(
        contents("%s/%s%s" % (folder, prefix, name)).replace(
            ("%s/%s" % (folder, prefix)).encode(), b"{dir}/").splitlines(True))
        for name in ("out", "again")]


def run_in(folder, args, input):
    result = fetchpool([arg.replace("{dir}", folder) for arg in args],
                       input=input)
    check(result.status in (0, 1), "%r" % result)
    return result


class Journalled:
    """A run with a journal. before_it: the items that an earlier run has
    done. goes_on: the option of the run that comes after."""

    def __init__(self, name, options, path, items, before_it=(),
                 goes_on="--resume"):
        self.web = shared(Web)
        self.name, self.items, self.before_it = name, items, before_it
        self.options, self.goes_on = options, goes_on
        self.args = ["--fields", FIELDS, "--failed", "{dir}/again",
                     "--failed-unknown", "-o",
                     "{dir}/out", *(o for o in options if not o.startswith(
                         ("--resume", "--retry-failed"))),
                     self.web.url + path]
        self.whole = None

    def keeps(self, *more):
        return ["--journal", "{dir}/journal", *more, *self.args]

    def prepare(self, folder):
        """What an earlier run has left: more than its journal knows of, and
        the beginning of a line."""
        self.web.is_broken = True
        if self.before_it:
            run_in(folder, self.keeps(), numbers(*self.before_it))
        if "--resume" in self.options:
            with open(folder + "/out", "ab") as file:
                file.write(TORN)
            with open(folder + "/journal", "ab") as file:
                file.write(b"d 3 0123")
        self.web.is_broken = False
        self.web.log.clear()

    def complete(self, folder, outcome):
        """The run after: each item has its record, or has failed, once. What
        failed for want of something is fetched again, and then all is there.
        """
        if outcome.status < 0:
            return
        said = [outcome.result]
        try:
            records = self.go_on(folder, self.goes_on, said)
            if "-a" in self.options:
                self.judge_sent(records)
                return
            if self.goes_on == "--resume":
                self.go_on(folder, "--retry-failed", said)
            if not self.whole:
                self.whole = self.uninterrupted(folder)
            equal([said[-1].status, *files_in(folder)], self.whole,
                  "status, output, --failed")
        except Failed as why:
            raise Failed("the run after: %s\nthe runs were %s" % (
                why, "\nand ".join(map(repr, said)))) from None

    def go_on(self, folder, option, said):
        said.append(fetchpool([arg.replace("{dir}", folder)
                               for arg in self.keeps(option)],
                              input=numbers(*self.items)))
        check(said[-1].status in (0, 1), "status %d" % said[-1].status)
        out, failed = files_in(folder)
        records = records_of(b"".join(out))
        done = [r["input"] for r in records if not r.get("error")]
        equal(sorted(int(item) for item in [*done, *failed]),
              sorted(self.items), "items that are done or have failed")
        return records

    def uninterrupted(self, folder):
        args = [arg.replace("{dir}/", "{dir}/none-") for arg in self.args
                if arg != "--sync"]
        result = run_in(folder, args, numbers(*self.items))
        return [result.status, *files_in(folder, "none-")]

    def judge_sent(self, records):
        """All have a record. A request that must not be sent twice is not."""
        equal(sorted(r["seq"] for r in records),
              list(range(1, len(self.items) + 1)), "its records")
        sent = collections.Counter(r.target for r in self.web.log)
        check("POST" not in self.options or not sent or
              max(sent.values()) == 1, "sent twice: %r" % sent)

    def run(self):
        def reset():
            self.web.reset()
            self.web.is_broken = False

        more = [o for o in self.options
                if o.startswith(("--resume", "--retry-failed"))]
        return Run(self.name, self.keeps(*more), numbers(*self.items),
                   output="out", failed="again", torn=TORN, before=reset,
                   prepare=self.prepare, after=self.complete)


def listed():
    some = (1, 2, 404, 3, 4, 5)
    for one in (
            Journalled("journal", ["-j2"], "/post/{}", some),
            Journalled("journal, in order", ["-j2", "-k", "-a"], "/post/{}",
                       some),
            Journalled("journal, synced", ["-j2", "--sync"], "/post/{}", some),
            Journalled("journal, synced, files",
                       ["-j2", "--sync", "-D", "{dir}/bodies", "--overwrite"],
                       "/post/{}", (1, 2, 3)),
            Journalled("journal, gone on with", ["-j2", "--resume"],
                       "/post/{}", some, before_it=(1, 2)),
            Journalled("journal, gone on with, synced",
                       ["-j2", "--resume", "--sync"], "/post/{}", some,
                       before_it=(1, 2)),
            Journalled("journal, failed again", ["-j2", "--retry-failed"],
                       "/broken/{}", (1, 2, 3, 4, 5, 6),
                       before_it=(1, 2, 3, 4), goes_on="--retry-failed"),
            Journalled("journal, failed again, synced",
                       ["-j2", "--retry-failed", "--sync"],
                       "/broken/{}", (1, 2, 3, 4, 5, 6),
                       before_it=(1, 2, 3, 4), goes_on="--retry-failed"),
            Journalled("journal, sent once", ["-j2", "-X", "POST", "-a"],
                       "/post/{}", (1, 2, 3)),
            Journalled("journal, sent once, synced",
                       ["-j2", "-X", "POST", "-a", "--sync"],
                       "/post/{}", (1, 2, 3))):
        yield one.run()
