# SPDX-License-Identifier: BSD-2-Clause
# The curves of `vmprof curve`, from its CSV:
#
#     gnuplot -e "csv='jobs.csv'; out='jobs.svg'" scripts/plot/curve.gp
#
# `vmprof curve --from jobs.csv --plot jobs.svg` does the same and marks the knees: it gives the rows in a data block,
# $rows, instead of `csv`, and
#     knees   "5 0 12"    for each curve in the order of the rows: the N after which useful work falls, 0: it does not
#     state   "fault"     whose time is shown at the bottom: a state of the ledger, or runq for both of its kind
#     head    a line above it all

if (!exists("knees")) knees = ""
if (!exists("state")) state = "fault"
if (!exists("head")) head = ""
data = exists("csv") ? "csv" : "$rows"

set datafile separator comma
set datafile columnheaders
set encoding utf8

# An empty cell is NaN, and that is not equal to itself.
has(v) = v == v
zero(v) = has(v) ? v : 0

# Which curves there are (memory limit, CPUs), how far they go, and what useful work is.
series = ""
max_n = 1
has_metric = 0
repeats = 1
note(k, n, repeat, metric) = (repeats = repeat > repeats ? repeat : repeats, \
	series = strstrt(series." ", k." ") ? series : series.k, \
	max_n = n > max_n ? n : max_n, has_metric = has_metric || has(metric), 0)
stats @data using (note(sprintf(" %.0f/%d", zero(column("memory_bytes")), column("cpus")), column("n"), \
	column("repeat"), column("metric"))) nooutput
curves = words(series)
slash(i) = strstrt(word(series, i), "/")
memory_of(i) = real(word(series, i)[1:slash(i) - 1])
cpus_of(i) = int(word(series, i)[slash(i) + 1:*])

figures = 3
share(s) = 100 * (s eq "runq" ? column("runq_wake_share") + column("runq_preempt_share") : column(s."_share"))
figure(f) = f == 1 ? column(has_metric ? "metric" : "completions_per_min") : \
	f == 2 ? 100 * column("copies_util") : share(state)
counts(i, n) = zero(column("memory_bytes")) == memory_of(i) && column("cpus") == cpus_of(i) && column("n") == n && \
	zero(column("oom_kills")) == 0

# Of the runs that count, the median, the least and the most: a block per curve, a line per N.
top = 0
set print $points
do for [i = 1:curves] {
	do for [n = 1:max_n] {
		line = sprintf("%d", n)
		do for [f = 1:figures] {
			there = 0
			stats @data using (there = there + (counts(i, n) && has(figure(f))), 0) nooutput
			if (there) {
				stats @data using (counts(i, n) ? figure(f) : NaN) name "S" nooutput
				line = line.sprintf(",%.10g,%.10g,%.10g", S_median, S_min, S_max)
				if (f == 1 && S_max > top) { top = S_max }
			} else {
				line = line.",NaN,NaN,NaN"
			}
		}
		print line
	}
	print ""
	print ""
}
set print
unset datafile
set datafile separator comma

if (out[strlen(out) - 3:*] eq ".png") {
	set terminal pngcairo size 1400, 1560 font "DejaVu Sans,11" fontscale 1.75 linewidth 2 pointscale 2 noenhanced
} else {
	set terminal svg size 700, 780 font "DejaVu Sans,Helvetica,Arial,sans-serif" fontscale 1 linewidth 1 \
		background "white" noenhanced
}
set output out

# Okabe and Ito's colours: apart for every kind of colour vision. Shapes and dashes tell them apart without colour.
colours = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000"
shapes = "7 9 5 11 13 6 8"
dashes = "1 2 4 5"
do for [i = 1:curves] {
	k = (i - 1) % words(colours) + 1
	dash = int(word(dashes, (i - 1) % words(dashes) + 1))
	set style line i linecolor rgb word(colours, k) pointtype int(word(shapes, k)) dashtype dash \
		linewidth 1.6 pointsize 0.8
	set style line i + 100 linecolor rgb word(colours, k) pointtype 0 linewidth 0.8
}
size(b) = b >= 2**30 && floor(b / 2**30) == b / 2**30 ? sprintf("%.0f GiB", b / 2**30) : \
	b >= 2**20 ? sprintf("%.4g MiB", b / 2**20) : sprintf("%.4g KiB", b / 2**10)
label(i) = (memory_of(i) > 0 ? size(memory_of(i)).", " : "").sprintf("%d CPU", cpus_of(i)).(cpus_of(i) == 1 ? "" : "s")
knee(i) = words(knees) >= i ? int(word(knees, i)) : 0

runs = repeats > 1 ? sprintf(" (median, least and most of %d runs)", repeats) : ""

set multiplot
set border 3 linewidth 0.6
set tics nomirror out scale 0.6
set grid ytics linecolor rgb "#D0D0D0" linewidth 0.6 dashtype 1
set errorbars 0.6
set xrange [0.5:max_n + 0.5]
set xtics max_n <= 20 ? 1 : int(max_n / 10)
set lmargin at screen 0.14
set rmargin at screen 0.97
unset key

do for [f = 1:figures] {
	bottom = 0.075 + (figures - f) * 0.292
	set bmargin at screen bottom
	set tmargin at screen bottom + 0.255
	do for [i = 1:curves] {
		unset arrow i
		unset label i
		if (knee(i) > 0) {
			set arrow i from first knee(i), graph 0 to first knee(i), graph 1 nohead back \
				linecolor rgb word(colours, (i - 1) % words(colours) + 1) linewidth 1.2 dashtype 3
			if (f == 1) {
				set label i sprintf("knee: %d", knee(i)) at first knee(i), graph 1.04 center \
					font ",9" textcolor rgb word(colours, (i - 1) % words(colours) + 1)
			}
		}
	}
	set format x f == figures ? "%.0f" : ""
	set xlabel f == figures ? "copies that run together".runs : ""
	set ytics autofreq
	if (f == 1) {
		set format y "%.0s%c"
		set yrange [0:top > 0 ? top * 1.05 : 1]
		what = has_metric ? "useful work\n[sum of the metric]" : "useful work\n[copies a minute]"
		if (curves > 1) {
			set key at screen 0.55, 0.985 center top horizontal samplen 3 spacing 1.2 maxrows 2
		}
		if (curves == 1) { set label 100 label(1) at screen 0.97, 0.975 right font ",9" }
		if (head ne "") { set label 101 head at screen 0.02, 0.975 left font ",9" textcolor rgb "#555555" }
	} else {
		unset key
		unset label 100
		unset label 101
		set format y "%.0f"
		set yrange [0:105]
		set ytics 0, 25, 100
		what = f == 2 ? "CPUs busy with copies\n[%]" : (state eq "fault" ? "in page faults" : \
			state eq "runq" ? "waiting for a CPU" : "in state ".state)."\n[% of copies' time]"
	}
	set label 102 what at screen 0.035, bottom + 0.1275 center rotate
	at = 3 * f - 1
	plot for [i = 1:curves] $points index i - 1 using 1:(column(at)):(column(at + 1)):(column(at + 2)) \
		with yerrorbars linestyle i + 100 notitle, \
		for [i = 1:curves] $points index i - 1 using 1:(column(at)) with linespoints linestyle i title label(i)
}
unset multiplot
unset output
