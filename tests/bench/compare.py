# SPDX-License-Identifier: MIT
"""
compare: the same work for several contenders, in turns, and a table of it.

    Table       of runs that were made, each of so many requests, or megabytes
    Comparison  a Table that makes the runs, over the server

Of a Comparison, each contender has an address of the server for itself, and may
be given fewer requests than others if it is slow: all that is compared is per
request. That the server was really asked as often is looked up there after
every run.
"""
import meter
from contenders import Work
from meter import median, median_of
from scenarios import us

HEAD = "  %-20s %9s %9s %9s %9s %8s %6s %6s"
SHORT = {"requests": "req", "megabytes": "MB", "processes": "proc"}
TOLD = 1000  # jobs from which on a full queue of the server may be our doing


class Entry:
    def __init__(self, name, function, work, optional):
        self.name, self.function, self.work = name, function, work
        self.optional = optional
        self.runs, self.absent, self.dropped = [], None, 0

    def each(self, what):
        """Seconds for each request, run by run."""
        return [getattr(run, what) / run.n for run in self.runs]

    def as_data(self):
        if self.absent:
            return {"absent": self.absent}
        n, wall = median_of(self.runs, "n"), median_of(self.runs, "wall")
        jobs = {"jobs": self.work.jobs} if self.work else {}
        return {**jobs, "n": n, "wall": wall,
                "per_second": median([1 / s for s in self.each("wall")]),
                "cpu": median_of(self.runs, "cpu"),
                "cpu_us_each": us(median(self.each("cpu"))),
                "peak_kib": median_of(self.runs, "peak"),
                "runs": [run.as_data() for run in self.runs]}


class Table:
    """The first one in it is what the table compares the others with. `what`
    is what there are so many of."""

    def __init__(self, bench, what="requests"):
        self.bench, self.what = bench, what
        self.entries = {}

    def fill(self, results, n):
        """With {name: runs}, each of them of n."""
        for name, runs in results.items():
            self.entries[name] = Entry(name, None, None, False)
            self.entries[name].runs = runs
            for run in runs:
                run.n = n
        return self

    def present(self, *names):
        return all(name in self.entries and self.entries[name].runs
                   for name in names)

    def median(self, name, what):
        return median_of(self.entries[name].runs, what)

    def ratio(self, name, other, what):
        """Per request; the median over runs made in the same round."""
        return median([a / b for a, b in zip(
            self.entries[name].each(what), self.entries[other].each(what))])

    def target(self, text, name, other, what, most=None):
        """Tells a ratio as a figure, if both are there."""
        if self.present(name, other):
            self.bench.figure(text, self.ratio(name, other, what), most=most)

    def table(self, title):
        """Prints it, keeps it for the JSON and draws it."""
        rows = {name: entry.as_data() for name, entry in self.entries.items()}
        print("  -- %s --" % title)
        print(HEAD % ("median of runs", "wall s", SHORT[self.what] + "/s",
                      "CPU s", "CPU µs", "MiB", "wall ×", "CPU ×"))
        for entry in self.entries.values():
            print(self._row(entry, rows[entry.name]), flush=True)
            if entry.dropped and entry.work.jobs > TOLD:
                self.bench.note("{}: a second late: {:,d} connections, for want"
                                " of room in a server's queue".format(
                                    entry.name, entry.dropped))
        self.bench.keep({title: rows})
        self.bench.draw_bars(title, [
            (name, row["per_second"], row["cpu_us_each"])
            for name, row in rows.items() if "runs" in row], self.what)
        return self

    def _row(self, entry, row):
        if entry.absent:
            return "  %-20s absent: %s" % (entry.name, entry.absent)
        first = next(iter(self.entries))
        ratios = ["%.2f" % self.ratio(entry.name, first, what)
                  if self.present(first) else "" for what in ("wall", "cpu")]
        return HEAD % (
            "%s, %s" % (entry.name, short(row["n"])) if entry.work
            else entry.name,
            "%.3f" % row["wall"], "{:,.0f}".format(row["per_second"]),
            "%.3f" % row["cpu"], "%.1f" % row["cpu_us_each"],
            "%.1f" % (row["peak_kib"] / 1024), *ratios)


class Comparison(Table):
    """add() each, measure(), and then ask for ratios."""

    def __init__(self, bench, path, jobs, tls=False, http2=False, hosts=1):
        super().__init__(bench)
        self.path, self.jobs = path, jobs
        self.tls, self.http2, self.hosts = tls, http2, hosts

    def add(self, name, function, n, jobs=None, optional=False):
        """`function` takes a Work. `optional`: that it fails is told, but is
        no trouble of ours."""
        nginx, first = self.bench.nginx, len(self.entries) * self.hosts
        prefix, *more = [nginx.host(first + i, self.tls) + self.path
                         for i in range(self.hosts)]
        work = Work(prefix, n, jobs or self.jobs,
                    nginx.cert if self.tls else None, self.http2, more)
        self.entries[name] = Entry(name, function, work, optional)

    def add_peer(self, name, function, n, jobs=None):
        self.add(name, lambda work: function(self.bench.contenders, work), n,
                 jobs, optional=True)

    def measure(self, runs):
        """In turns; a first round, which warms caches, is not counted if there
        are others."""
        for number in range(runs + (runs > 1)):
            for entry in self.entries.values():
                if not entry.absent:
                    self._measure_one(entry, number > 0 or runs == 1)
        return self

    def _measure_one(self, entry, counts):
        meter.tell[0]("%s, run %d" % (entry.name, len(entry.runs) + counts))
        before, dropped = self.bench.nginx.requests(), meter.dropped()
        try:
            run = entry.function(entry.work)
        except meter.Absent as why:
            entry.absent = str(why)
            return
        except meter.Trouble as why:
            if not entry.optional:
                raise
            entry.absent = "failed: %s" % why
            return
        asked = self.bench.nginx.requests() - before
        entry.dropped = max(entry.dropped, meter.dropped() - dropped)
        run.n = run.n or entry.work.n
        if asked < run.n:
            raise meter.Trouble("%s made %d of %d requests" % (
                entry.name, asked, run.n))
        if counts:
            entry.runs.append(run)


def short(n):
    """200k, 1M, 12345"""
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if n >= size and n % (size // 10) == 0:
            return "%g%s" % (n / size, unit)
    return "%d" % n
