#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The case studies: each shows what it must, here and now, and again from its recordings, for whom is not root.
# shellcheck disable=SC2154 # what helpers.bash sets

load ../lib/helpers

CASES=$ROOT/scripts/case

# study NAME ARG…: its output in study.out. 0: it showed what it must; 1 and a line that says what it did not show.
study() {
	local name=$1 got=0

	shift
	timeout -k 5 100 "$CASES/$name/run.sh" "$@" >study.out 2>study.err 3>&- </dev/null || got=$?
	cat study.out study.err
	[ ! -s study.err ]
	if grep -q '^NOT SHOWN: ' study.out; then
		[ "$got" = 1 ]
	else
		[ "$got" = 0 ]
	fi
}

# whole NAME ARG…: what comes out of a run, and the same of its recordings: table, figures, picture
whole() {
	local name=$1

	shift
	scratch /var/tmp
	study "$name" --quick --out "$SCRATCH/run" "$@"
	[ -s "$SCRATCH/run/$name.csv" ]
	[ "$(head -c 8 "$SCRATCH/run/$name.png" | od -An -tx1)" = " 89 50 4e 47 0d 0a 1a 0a" ]
	grep -q '</svg>' "$SCRATCH/run/$name.svg"
	grep -v '^picture: ' "$SCRATCH/run/table.txt" >first

	install -d -o nobody "$SCRATCH/again"
	chmod 711 "$T"
	(cd / && setpriv --reuid nobody --regid nogroup --clear-groups \
		timeout -k 5 60 "$CASES/$name/run.sh" --from "$SCRATCH/run" --out "$SCRATCH/again" 3>&- </dev/null) || [ $? = 1 ]
	grep -v '^picture: ' "$SCRATCH/again/table.txt" | diff first -
	cmp "$SCRATCH/run/$name.csv" "$SCRATCH/again/$name.csv"
	grep -q '</svg>' "$SCRATCH/again/$name.svg"
}

# shows ALL | WORDS…: all that it must; or this. What depends on how fast things are is not asserted: others run here, too.
shows() {
	local words

	for words; do
		if [ "$words" = ALL ]; then
			run -1 grep '^NOT SHOWN: ' study.out
		else
			grep -q "^shown: .*$words" study.out
		fi
	done
}

# Nothing of a study is left: its processes, its directories, its control groups.
left() {
	pgrep -f "$CASES/$1/" || pgrep -f "$T" || compgen -G '/var/tmp/vmprof-case-*' ||
		find /sys/fs/cgroup -maxdepth 3 -name 'vmprof-c*' | grep .
}

nothing_of() {
	! left "$1"
}

@test "01-rusage: the server's account equals vmprof's" {
	whole 01-rusage
	shows ALL
}

@test "02-models: five models at equal load, per request" {
	whole 02-models
	shows "no reply was wrong or missing" "all clients were there" "a recv for each request" "vmprof lost nothing"
}

@test "03-kv-syscalls: calls of a server and two clients, as perf stat counts them" {
	whole 03-kv-syscalls
	shows ALL
}

@test "04-access-pattern: a random pair has more major faults; the break where one ends" {
	whole 04-access-pattern --repeat 2
	shows "more major faults" "a break where one ends" "as the processes' own getrusage has them"
}

@test "05-thrashing: under each of three limits many copies page more than one; without gnuplot, what to install" {
	whole 05-thrashing --repeat 1
	# Each limit: more of the copies' time in page faults with nine of them than with one.
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ runs++; share[$at["memory_bytes"], $at["n"]] = $at["fault_share"]; limits[$at["memory_bytes"]] }
		END { for (l in limits) { n++; if (share[l, 9] <= share[l, 1]) exit 1 } exit !(n == 3 && runs == 27) }' \
		"$SCRATCH/run/05-thrashing.csv"
	mkdir bin
	for program in /usr/bin/*; do
		[[ $program == */gnuplot* ]] || ln -s "$program" bin/
	done
	PATH=$T/bin study 05-thrashing --from "$SCRATCH/run" --out bare
	grep -q '^no picture: gnuplot is not installed (package gnuplot-nox); figures: ' study.out
	[ -s bare/05-thrashing.csv ]
	[ ! -e bare/05-thrashing.svg ]
}

@test "a study that is interrupted leaves nothing behind; one whose recordings are not whole says so" {
	start study "$CASES/04-access-pattern/run.sh" --out out
	wait_for test -s out/recordings/pair1-0.csv
	kill -INT "$PID"
	ends "$PID" 130
	wait_for nothing_of 04-access-pattern

	run -1 "$CASES/04-access-pattern/run.sh" --from out
	[ "$output" = '04-access-pattern: out/recordings/about.json: No such file or directory' ]
	mkdir -p gone/recordings
	echo '{"quick": true, "repeat": 1, "plan"' >gone/recordings/about.json
	run -1 "$CASES/05-thrashing/run.sh" --from gone
	[ "$output" = '05-thrashing: gone/recordings/about.json: not complete' ]
	echo '{"quick": true, "repeat": 1, "plan": {"limits": [42], "max": 1}}' >gone/recordings/about.json
	printf 'n,repeat\n1,one\n' >gone/recordings/curve.csv
	run -1 "$CASES/05-thrashing/run.sh" --from gone
	[[ $output == *"gone/recordings/curve.csv: damaged, or not a recording of this study" ]]
	[ "${#lines[@]}" = 1 ]
}
