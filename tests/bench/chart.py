# SPDX-License-Identifier: MIT
"""
chart: figures as SVG, drawn by gnuplot. The bars' axes are logarithmic, since
contenders differ by powers of ten; each bar has its value above it.
"""
import shutil
import subprocess

import meter

BARS = """
set terminal svg size 1000,480 dynamic background rgb "white" font "sans,12"
set output {path}
set multiplot layout 1,2 title {title} noenhanced
set style fill solid 0.7
set boxwidth 0.7
set xtics rotate by -35 left noenhanced scale 0
set bmargin 8
set rmargin 8
set format y "%.0f"
set grid y
set logscale y
set offsets 0.5,0.5,0,0
unset key
{data}
set title "{what} a second (more is better)"
plot [] {rates} $data using 0:2:xtic(1) with boxes lc rgb "#4477aa", \\
    "" using 0:2:4 with labels offset 0,0.6 font ",10"
set title "CPU for each of them, µs (less is better)"
plot [] {costs} $data using 0:3:xtic(1) with boxes lc rgb "#cc6677", \\
    "" using 0:3:5 with labels offset 0,0.6 font ",10"
"""

LINES = """
set terminal svg size 720,440 dynamic background rgb "white" font "sans,12"
set output {path}
set title {title} noenhanced
set xlabel {x} noenhanced
set ylabel {y} noenhanced
set logscale x
set yrange [0:]
set grid
set key outside below noenhanced
{data}
plot {plots}
"""


def quoted(text):
    return '"%s"' % text.replace("\\", "/").replace('"', "'")


def block(name, rows):
    return "$%s << EOD\n%s\nEOD" % (name, "\n".join(
        " ".join(quoted(cell) if isinstance(cell, str) else "%.6g" % cell
                 for cell in row) for row in rows))


def gnuplot(script):
    """False: it is not installed."""
    program = shutil.which("gnuplot")
    if not program:
        return False
    drawn = subprocess.run([program], input=script.encode(), timeout=60,
                           capture_output=True, env=meter.environment())
    if drawn.returncode:
        raise meter.Trouble("gnuplot: " +
                            drawn.stderr.decode(errors="replace")[-300:])
    return True


def around(values):
    """A range for a logarithmic axis, with room for bars and labels."""
    return "[%g:%g]" % (min(values) / 3, max(values) * 2)


def three_digits(value):
    return "{:,.{}f}".format(value, 0 if value >= 100 else 1)


def bars(path, title, rows, what):
    """`rows`: (name, how many a second, CPU microseconds for each); `what` it
    is that there are so many of."""
    rows = [(*row, *map(three_digits, row[1:])) for row in rows]
    return gnuplot(BARS.format(
        path=quoted(path), title=quoted(title), data=block("data", rows),
        what=what,
        rates=around([row[1] for row in rows]),
        costs=around([row[2] for row in rows])))


def lines(path, title, x, y, series):
    """`series`: {name: [(x, y), ...]}. The y axis begins at zero, so that a
    curve which bends upwards is seen to."""
    names = list(series)
    return gnuplot(LINES.format(
        path=quoted(path), title=quoted(title), x=quoted(x), y=quoted(y),
        data="\n".join(block("s%d" % i, series[name])
                       for i, name in enumerate(names)),
        plots=", ".join("$s%d using 1:2 with linespoints title %s" % (
            i, quoted(name)) for i, name in enumerate(names))))
