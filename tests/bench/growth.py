# SPDX-License-Identifier: MIT
"""
growth: how what an item costs grows: against jobs, against items, and against
distinct hosts. Each is a curve that is drawn; the README explains the bends.
"""
import meter
import peers
from compare import Comparison
from contenders import Work
from meter import median_of
from scenarios import on_request, us

# A process that has nothing to do starts and ends too; of so many requests no
# more than a microsecond each comes from that.
LEAST = 20000
LONG_S = 1200


class Curves:
    """Points of (x, CPU microseconds for each item, MiB at most)."""

    def __init__(self, bench, against):
        self.bench, self.against = bench, against
        self.cpu, self.memory = {}, {}

    def add(self, name, x, runs, n):
        cpu = us(median_of(runs, "cpu")) / n
        mib = median_of(runs, "peak") / 1024
        self.cpu.setdefault(name, []).append((x, cpu))
        self.memory.setdefault(name, []).append((x, mib))
        self.bench.figure("{}, {:,d} {}: CPU per item".format(
            name, x, self.against), cpu, unit="µs", form=".2f")
        self.bench.figure("{}, {:,d} {}: resident, peak".format(
            name, x, self.against), mib, unit="MiB", form=".1f")

    def draw(self):
        self.bench.keep({"CPU µs against " + self.against: self.cpu,
                         "peak MiB against " + self.against: self.memory})
        for what, unit, series in (("CPU", "µs per item", self.cpu),
                                   ("resident memory", "MiB", self.memory)):
            self.bench.draw_lines("%s against %s" % (what, self.against),
                                  self.against, unit, series)


@on_request
def growth(bench):
    """CPU and memory against jobs, items and hosts, as curves"""
    against_jobs(bench)
    against_items(bench)
    against_hosts(bench)


def against_jobs(bench):
    curves = Curves(bench, "jobs")
    them = bench.contenders
    for jobs in bench.size((1, 3, 10, 30, 100, 300, 1000, 3000, 10000),
                           (1, 10, 100, 1000)):
        # Fifty over each connection, so that making it may be forgotten.
        n = max(bench.size(2, 1) * LEAST, 50 * jobs)
        both = Comparison(bench, "/posts/", jobs, hosts=4 if jobs > 4096 else 1)
        both.add("small", them.fetchpool, n)
        if jobs <= 1000:  # one multi handle with more takes minutes
            both.add("small, floor", them.floor, n)
        both.add_peer("small, h2load", peers.h2load, n)
        if jobs >= 100 and bench.nginx.has_echo:
            both.path = "/slow/"
            both.add("100 ms", them.fetchpool, 20 * jobs)
        both.measure(bench.size(3, 1) if jobs <= 1000 else 1)
        for name, entry in both.entries.items():
            if entry.runs:
                curves.add(name, jobs, entry.runs, entry.work.n)
    most = max(mib - 9.5 - jobs * 12 / 1024 for points in
               (curves.memory["small"], curves.memory.get("100 ms", []))
               for jobs, mib in points)
    bench.figure("resident, peak: more than 9.5 MiB + 12 KiB a job",
                 max(most, 0), unit="MiB", most=0, form=".1f")
    curves.draw()


def against_items(bench):
    """No file of the lines is made for these: seq writes them."""
    curves = Curves(bench, "items")
    program = bench.contenders.program
    seq = peers.program("seq")
    for n in bench.size((10**3, 10**4, 10**5, 10**6, 10**7),
                        (10**3, 10**4, 10**5)):
        def once():
            feeder = meter.start([seq, str(n)], stdout=meter.PIPE,
                                 limit=LONG_S)
            child = meter.start([program, "-j", "16", bench.nginx.url +
                                 "/posts/{}"], stdin=feeder.stdout,
                                limit=LONG_S)
            feeder.close()
            child.wait()
            feeder.wait()
            if child.status:
                raise meter.Trouble("ended with status %d" % child.status)
            return meter.Run(child)
        runs = meter.interleave({"": once}, 3 if n <= 10**5 else 1)[""]
        curves.add("small", n, runs, n)
    points = dict(curves.memory["small"])
    bench.figure("resident, peak at {:,d}, less that at 10,000".format(n),
                 points[n] - points[10**4], unit="MiB", most=2)
    curves.draw()


def against_hosts(bench):
    """Each name is a host to libcurl, which gives it the loopback address
    itself; items take turns among them."""
    curves = Curves(bench, "hosts")
    them = bench.contenders
    port = bench.nginx.port
    for hosts in bench.size((1, 10, 100, 1000, 10000), (1, 10, 100, 1000)):
        n = max(LEAST, 2 * hosts)
        work = Work("-", n, 16)
        lines = them.lines("hosts-%d" % hosts, n, lambda i:
                           "http://h%d.localhost:%d/posts/%d\n" % (
                               i % hosts, port, i))
        results = meter.interleave({
            "fetchpool": lambda: meter.run([them.program, "-4", "-j", "16"],
                                           stdin=lines),
            "floor": lambda: meter.run(them.floor_command(work), stdin=lines),
        }, bench.size(3, 1))
        for name, runs in results.items():
            curves.add(name, hosts, runs, n)
    curves.draw()
