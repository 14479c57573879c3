# SPDX-License-Identifier: BSD-2-Clause
# How many calls of each family processes made: bars as vmprof, rings as perf stat counted them:
#
#     gnuplot -e "csv='03-kv-syscalls.csv'; out='03-kv-syscalls.svg'" scripts/plot/calls.gp

set datafile separator comma
set datafile columnheaders
set encoding utf8

# Which families and processes there are, in their order, and how far the counts go.
families = ""
processes = ""
most = 1
compared = 0
among(list, s) = strstrt(" ".list." ", " ".s." ") ? list : list.(strlen(list) ? " " : "").s
note(process, family, n, by_perf) = (families = among(families, family), processes = among(processes, process), \
	most = n > most ? n : most, compared = compared || by_perf == by_perf, 0)
stats csv using (note(strcol("process"), strcol("family"), column("vmprof"), column("perf"))) nooutput
place(list, s) = int(sum [i = 1:words(list)] (word(list, i) eq s ? i : 0))

if (out[strlen(out) - 3:*] eq ".png") {
	set terminal pngcairo size 1400, 1160 font "DejaVu Sans,11" fontscale 1.75 linewidth 2 pointscale 2 noenhanced
} else {
	set terminal svg size 700, 580 font "DejaVu Sans,Helvetica,Arial,sans-serif" fontscale 1 linewidth 1 \
		background "white" noenhanced
}
set output out

# Okabe and Ito's colours: apart for every kind of colour vision, and in grey by their lightness.
colours = "#0072B2 #E69F00 #BBBBBB"

# A count of 0 has no place on a logarithmic axis: no bar, and its figure is at the foot.
foot = 0.6
width = 0.26
long(n) = n > 0 ? n : foot
row(family, process) = place(families, family) + (place(processes, process) - (words(processes) + 1) / 2.) * width
here(_) = row(strcol("family"), strcol("process"))
its(process, s) = strcol("process") eq process ? s : NaN
figure(n) = n >= 1000 ? sprintf("%d,%03d", int(n / 1000), int(n) % 1000) : sprintf("%d", int(n))

set border 1 linewidth 0.6
set tics nomirror out scale 0.6
set logscale x
set xrange [foot:most * 4]
set yrange [words(families) + 0.6:0.4]
set xtics ("1" 1, "10" 10, "100" 100, "1k" 1000, "10k" 10000, "100k" 100000, "1M" 1000000)
set grid xtics linecolor rgb "#D0D0D0" linewidth 0.6 dashtype 1
set ytics ()
do for [i = 1:words(families)] {
	family = word(families, i)
	set ytics add (family i)
}
set ytics scale 0
set xlabel "calls (logarithmic)"
set key outside top center horizontal samplen 1.5 width 1
set style fill solid 1 noborder

plot for [i = 1:words(processes)] csv using (foot):(row(strcol("family"), word(processes, i))): \
		(foot):(its(word(processes, i), long(column("vmprof")))): \
		(row(strcol("family"), word(processes, i)) - width * 0.46): \
		(row(strcol("family"), word(processes, i)) + width * 0.46) \
		with boxxyerror linecolor rgb word(colours, i) title word(processes, i), \
	csv using (long(column("vmprof")) * 1.12):(here(0)):(figure(column("vmprof"))) \
		with labels left font ",8" notitle, \
	csv using (column("perf") > 0 ? column("perf") : NaN):(here(0)) \
		with points pointtype 6 pointsize 0.7 linecolor rgb "black" title compared ? "perf stat" : ""
unset output
