# SPDX-License-Identifier: MIT
"""
chart: figures as SVG, drawn by gnuplot. Both axes of a bar chart that spans
powers of ten are logarithmic, and so say the labels.
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
set xtics rotate by 40 right noenhanced scale 0
set grid y
set logscale y
set offsets 0.5,0.5,0,0
unset key
{data}
set title "requests a second (more is better)"
plot [] [{low_rate}:] $data using 0:2:xtic(1) with boxes lc rgb "#4477aa", \\
    "" using 0:2:(sprintf("%.3g", $2)) with labels offset 0,0.6 font ",10"
set title "CPU of the client for a request, µs (less is better)"
plot [] [{low_cpu}:] $data using 0:3:xtic(1) with boxes lc rgb "#cc6677", \\
    "" using 0:3:(sprintf("%.3g", $3)) with labels offset 0,0.6 font ",10"
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


def bars(path, title, rows):
    """`rows`: (name, requests a second, CPU microseconds a request)."""
    return gnuplot(BARS.format(
        path=quoted(path), title=quoted(title), data=block("data", rows),
        low_rate="%g" % (min(row[1] for row in rows) / 3),
        low_cpu="%g" % (min(row[2] for row in rows) / 3)))


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
