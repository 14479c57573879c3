# SPDX-License-Identifier: BSD-2-Clause
# What a guess costs and the server holds, by the number of clients: lines as vmprof, rings as the server says:
#
#     gnuplot -e "csv='01-rusage.csv'; out='01-rusage.svg'" scripts/plot/rusage.gp

set datafile separator comma
set datafile columnheaders
set encoding utf8

# What is drawn, what vmprof and what the server call it. Of the two parts of CPU time the kernel has another idea: it
# splits by clock ticks.
figures = 6
theirs = "vmprof_vcsw vmprof_ivcsw vmprof_user_us vmprof_sys_us vmprof_cpu_us vmprof_peak_kb"
own = "own_nvcsw own_nivcsw - - own_cpu_us own_max_rss_kb"
names = "voluntary involuntary user system"
figure(f, name) = f == 6 ? column(name) / 1024. : column(name) / column("guesses")

# Which numbers of clients there are, and how often each was run.
points = ""
repeats = 1
least = 1e9
most = 0
add(n) = strstrt(points." ", n." ") ? points : points.n
note(n, repeat) = (repeats = repeat > repeats ? repeat : repeats, least = n < least ? n : least, \
	most = n > most ? n : most, points = add(sprintf(" %d", n)), 0)
stats csv using (note(column("clients"), column("repeat"))) nooutput

# The median, the least and the most of the runs of each number: a block per curve, vmprof's and then the server's.
set print $curves
do for [f = 1:figures] {
	do for [side in word(theirs, f)." ".word(own, f)] {
		do for [p in points] {
			if (side eq "-") {
				print p, ",NaN,NaN,NaN"
			} else {
				stats csv using (column("clients") == int(p) ? figure(f, side) : NaN) name "S" nooutput
				print sprintf("%s,%.10g,%.10g,%.10g", p, S_median, S_min, S_max)
			}
		}
		print ""
		print ""
	}
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
set style line 1 linecolor rgb "#0072B2" pointtype 7 dashtype 1 linewidth 1.6 pointsize 0.6
set style line 2 linecolor rgb "#D55E00" pointtype 5 dashtype 2 linewidth 1.6 pointsize 0.6
set style line 3 linecolor rgb "#009E73" pointtype 9 dashtype 4 linewidth 1.6 pointsize 0.7
set style line 9 linecolor rgb "#000000" pointtype 6 linewidth 0.9 pointsize 1.3
do for [i = 1:3] {
	colour = word("#0072B2 #D55E00 #009E73", i)
	set style line i + 100 linecolor rgb colour pointtype 0 linewidth 0.8
}

runs = repeats > 1 ? sprintf(" (median, least and most of %d runs)", repeats) : ""
edge = most > least ? (most - least) * 0.06 : 1

set multiplot
set border 3 linewidth 0.6
set tics nomirror out scale 0.6
set grid ytics linecolor rgb "#D0D0D0" linewidth 0.6 dashtype 1
set errorbars 0.6
set xrange [least - edge:most + edge]
set yrange [0:*]
set offsets 0, 0, graph 0.06, 0
set lmargin at screen 0.14
set rmargin at screen 0.97

set key maxrows 1 samplen 3 width 1
do for [p = 1:3] {
	bottom = 0.075 + (3 - p) * 0.3
	set bmargin at screen bottom
	set tmargin at screen bottom + 0.24
	set key at screen 0.97, bottom + 0.262 right center horizontal
	set xtics ()
	do for [n in points] {
		text = p == 3 ? n : ""
		set xtics add (text int(n))
	}
	set xlabel p == 3 ? "clients at once".runs : ""
	what = p == 1 ? "context switches\n[a guess]" : p == 2 ? "CPU time\n[µs a guess]" : "memory at its peak\n[MiB]"
	set label 1 what at screen 0.035, bottom + 0.12 center rotate
	if (p == 1) {
		set label 2 "the server's own account; lines: vmprof" at screen 0.14, 0.977 left point linestyle 9 \
			offset character 1.2, 0
		plot for [i = 1:2] $curves index 2 * i - 2 using 1:2:3:4 with yerrorbars linestyle i + 100 notitle, \
			for [i = 1:2] $curves index 2 * i - 2 using 1:2 with linespoints linestyle i \
				title word(names, i), \
			for [i = 1:2] $curves index 2 * i - 1 using 1:2 with points linestyle 9 notitle
		unset label 2
	}
	if (p == 2) {
		plot for [i = 1:3] $curves index 2 * i + 2 using 1:2:3:4 with yerrorbars linestyle i + 100 notitle, \
			for [i = 1:3] $curves index 2 * i + 2 using 1:2 with linespoints linestyle i \
				title i == 3 ? "in all" : word(names, i + 2), \
			$curves index 9 using 1:2 with points linestyle 9 notitle
	}
	if (p == 3) {
		plot $curves index 10 using 1:2:3:4 with yerrorbars linestyle 101 notitle, \
			$curves index 10 using 1:2 with linespoints linestyle 1 notitle, \
			$curves index 11 using 1:2 with points linestyle 9 notitle
	}
}
unset multiplot
unset output
