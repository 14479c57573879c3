# SPDX-License-Identifier: BSD-2-Clause
# What a request costs under each concurrency model, over the number of clients, from the CSV of the study 02-models:
#
#     gnuplot -e "csv='02-models.csv'; out='02-models.svg'" scripts/plot/models.gp
#
# A column for each protocol, a row for each figure; colour and shape are the model, the dash is the number of CPUs.
#     head    a line below it all

if (!exists("head")) head = ""

set datafile separator comma
set datafile columnheaders
set encoding utf8

# What there is, each once, in its order; and how far the clients go.
apps = ""; models = ""; counts = ""
least_clients = 1e9; most_clients = 1
once(list, word) = strstrt(" ".list." ", " ".word." ") ? list : list eq "" ? word : list." ".word
note(app) = (apps = once(apps, app), models = once(models, strcol("model")), \
	counts = once(counts, sprintf("%.0f", column("cpus"))), \
	least_clients = column("clients") < least_clients ? column("clients") : least_clients, \
	most_clients = column("clients") > most_clients ? column("clients") : most_clients, 0)
stats csv using (note(strcol("app"))) nooutput
n_models = words(models)
n_counts = words(counts)

figures = 5
# Of each protocol, number of CPUs and model: a block, a line per number of clients. Which blocks there are, by their
# style: hundreds are the number of CPUs, the rest is the model.
line = ""
array styles[words(apps)]
array firsts[words(apps)]
blocks = 0
keep(n) = (line = line.sprintf("%.0f,%.10g,%.10g,%.10g,%.10g,%.10g\n", n, column("cpu_us"), \
	column("switches"), column("wait_us"), column("pss_mib") + column("page_tables_mib"), column("p99_us") / 1e3), 0)
set print $points
do for [a = 1:words(apps)] {
	styles[a] = ""
	firsts[a] = blocks
	do for [c = n_counts:1:-1] {
		do for [m = 1:n_models] {
			line = ""
			stats csv using (strcol("app") eq word(apps, a) && column("cpus") == int(word(counts, c)) && \
				strcol("model") eq word(models, m) ? keep(column("clients")) : 0) nooutput
			if (line ne "") {
				styles[a] = styles[a].sprintf(" %d", 100 * c + m)
				blocks = blocks + 1
				print line
				print ""
				print ""
			}
		}
	}
}
set print
unset datafile
set datafile separator comma

if (out[strlen(out) - 3:*] eq ".png") {
	set terminal pngcairo size 1640, 2240 font "DejaVu Sans,11" fontscale 1.75 linewidth 2 pointscale 2 noenhanced
} else {
	set terminal svg size 820, 1120 font "DejaVu Sans,Helvetica,Arial,sans-serif" fontscale 1 linewidth 1 \
		background "white" noenhanced
}
set output out

# Okabe and Ito's colours: apart for every kind of colour vision. Shapes and dashes tell them apart without colour.
colours = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000"
shapes = "7 9 5 13 11 6 8"
dashes = "1 2 3"
colour(m) = word(colours, (m - 1) % words(colours) + 1)
do for [c = 1:n_counts] {
	do for [m = 1:n_models] {
		set style line 100 * c + m linecolor rgb colour(m) dashtype int(word(dashes, (c - 1) % words(dashes) + 1)) \
			pointtype int(word(shapes, (m - 1) % words(shapes) + 1)) linewidth 1.5 pointsize c == 1 ? 0.75 : 0.55
	}
	set style line 100 * c linecolor rgb "#444444" dashtype int(word(dashes, (c - 1) % words(dashes) + 1)) linewidth 1.5
}
cpus(c) = word(counts, c).(word(counts, c) eq "1" ? " CPU" : " CPUs")
titles = "'CPU time' 'context switches' 'wait for a CPU' 'memory' 'latency, p99'"
units = "'µs per reply' 'per reply' 'µs per reply' 'MiB with page tables' 'ms'"
heading(app) = app eq "http" ? "http (reply: a request answered)" : \
	app eq "chat" ? "chat (reply: a line that reaches a client)" : app

set multiplot
# The key is a plot of its own, as wide as the page, of nothing.
unset border
unset tics
set lmargin at screen 0.02
set rmargin at screen 0.98
set bmargin at screen 0.9
set tmargin at screen 0.99
set xrange [0:1]
set yrange [0:1]
set key at screen 0.5, 0.988 center top horizontal Left reverse samplen 2.2 maxrows 1 width -1.5 font ",10"
plot for [m = 1:n_models] NaN with linespoints linestyle 100 + m title word(models, m), \
	for [c = 1:n_counts] NaN with lines linestyle 100 * c title n_counts > 1 ? cpus(c) : ""
unset key

set border 3 linewidth 0.6
set xtics 10 nomirror out scale 0.6
set ytics autofreq nomirror out scale 0.6
set grid ytics linecolor rgb "#D0D0D0" linewidth 0.8 dashtype 1
set logscale x
set xrange [least_clients / 1.35:most_clients * 1.35]
unset mxtics
unset mytics

wide = 0.86 / words(apps)
do for [f = 1:figures] {
	bottom = 0.075 + (figures - f) * 0.177
	set bmargin at screen bottom
	set tmargin at screen bottom + 0.147
	do for [a = 1:words(apps)] {
		set lmargin at screen 0.115 + (a - 1) * (wide + 0.015)
		set rmargin at screen 0.115 + (a - 1) * (wide + 0.015) + wide - 0.055
		set format x f == figures ? "%.0f" : ""
		set xlabel f == figures ? "clients" : ""
		unset label
		if (f == 1) { set label 1 heading(word(apps, a)) at graph 0, 1.11 left font ",11" textcolor rgb "#000000" }
		if (a == 1) {
			set label 2 word(titles, f)."\n".word(units, f) at screen 0.022, bottom + 0.0735 center rotate
		}
		if (f == figures && a == 1) { set label 3 head at screen 0.98, 0.012 right font ",8" textcolor rgb "#555555" }
		if (f >= 3) {
			set logscale y
			set yrange [*:*]
			set format y "%g"
		} else {
			unset logscale y
			set yrange [0:*]
			set format y "%g"
		}
		plot for [b = 1:words(styles[a])] $points index firsts[a] + b - 1 using 1:(column(f + 1)) \
			with linespoints linestyle int(word(styles[a], b))
	}
}
unset multiplot
unset output
