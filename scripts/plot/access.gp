# SPDX-License-Identifier: BSD-2-Clause
# Faults over time of two pairs of processes, one pair a column:
#
#     gnuplot -e "csv='04-access-pattern.csv'; out='access.svg'; limit=96" scripts/plot/access.gp
#
# Rows: repeat, pair, process, pattern, size_mib, time, minflt, majflt, both cumulative. The first repeat is drawn in full,
# the others pale. `limit` is the memory limit in MiB.

set datafile separator comma
set datafile columnheaders
set encoding utf8

colours = "#0072B2 #D55E00 #009E73 #CC79A7"
pale = "#A6CBE3 #F0BC98 #99D6C4 #E9CBDC"
shapes = "7 9 5 13"
dashes = "1 2 1 2"
repeats = 1
top_major = 1
top_minor = 1
last = 0
what = ""
note(repeat, time, minor, major, process, pattern, size) = (repeats = repeat > repeats ? repeat : repeats, \
	last = time > last ? time : last, top_minor = minor > top_minor ? minor : top_minor, \
	top_major = major > top_major ? major : top_major, \
	what = strstrt(what, process.":") ? what : what.sprintf("%s: %s, %d MiB\n", process, pattern, size), 0)
stats csv using (note(column("repeat"), column("time"), column("minflt"), column("majflt"), strcol("process"), \
	strcol("pattern"), column("size_mib"))) nooutput
line(i) = what[strstrt(what, sprintf("P%d:", i)):*]
label(i) = line(i)[1:strstrt(line(i), "\n") - 1]

if (out[strlen(out) - 3:*] eq ".png") {
	set terminal pngcairo size 1600, 1160 font "DejaVu Sans,11" fontscale 1.75 linewidth 2 pointscale 2 noenhanced
} else {
	set terminal svg size 800, 580 font "DejaVu Sans,Helvetica,Arial,sans-serif" fontscale 1 linewidth 1 \
		background "white" noenhanced
}
set output out

set multiplot
set border 3 linewidth 0.6
set tics nomirror out scale 0.6
set grid ytics linecolor rgb "#D0D0D0" linewidth 0.6 dashtype 1
set xrange [0:last * 1.06]
set xtics autofreq
unset key

# The last row of a process is its end.
of(i, r) = strcol("process") eq sprintf("P%d", i) && column("repeat") == r
do for [pair = 1:2] {
	left = pair == 1 ? 0.105 : 0.575
	set lmargin at screen left
	set rmargin at screen left + 0.405
	do for [i = 1:4] {
		stats csv using (of(i, 1) ? column("time") : NaN) name "E" nooutput
		if (int((i + 1) / 2) == pair) {
			set arrow i from first E_max, graph 0 to first E_max, graph 1 nohead back \
				linecolor rgb word(colours, i) linewidth 1 dashtype 3
		} else { unset arrow i }
	}
	a = 2 * pair - 1
	b = 2 * pair
	do for [f = 1:2] {
		which = f == 1 ? "majflt" : "minflt"
		bottom = f == 1 ? 0.53 : 0.10
		set bmargin at screen bottom
		set tmargin at screen bottom + 0.345
		set format y "%.0s%c"
		set format x f == 2 ? "%g" : ""
		set yrange [0:(f == 1 ? top_major : top_minor) * 1.05]
		unset label
		if (pair == 1) {
			set label 1 (f == 1 ? "major faults" : "minor faults")."\n[cumulative]" at screen 0.025, bottom + 0.17 \
				center rotate
		}
		if (f == 1) {
			set key at screen left + 0.2025, 0.955 center top horizontal samplen 3
			if (pair == 1) {
				set label 2 sprintf("under %d MiB", limit).(repeats > 1 ? sprintf("; bold: the first of %d runs", repeats) : "") \
					."; dotted: where one ends" at screen 0.98, 0.98 right font ",9" textcolor rgb "#555555"
			}
			unset xlabel
		} else {
			unset key
			set xlabel "time since the pair began [s]"
		}
		plot for [r = 2:repeats] for [i = a:b] csv using (of(i, r) ? column("time") : NaN):(column(which)) \
				with lines linecolor rgb word(pale, i) linewidth 0.7 dashtype int(word(dashes, i)) notitle, \
			for [i = a:b] csv using (of(i, 1) ? column("time") : NaN):(column(which)) with lines \
				linecolor rgb word(colours, i) linewidth 1.8 dashtype int(word(dashes, i)) title label(i)
	}
}
unset multiplot
unset output
