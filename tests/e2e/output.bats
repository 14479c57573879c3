#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What is written, in every format; and how a run ends: with all of it written and nothing attached.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

@test "csv, json and syscalls say the same, in every level" {
	vmprof --csv run.csv --json run.json --syscalls run.calls --threads -- "$WORK" run spin 60 + pipe 120
	check valid run.csv run.json run.calls 8
	vmprof --detail calls --csv run.csv --json run.json --syscalls run.calls -- "$WORK" run spin 60 + pipe 120
	check valid run.csv run.json run.calls 4
	vmprof --detail ledger --csv run.csv --json run.json -- "$WORK" run spin 60 + pipe 120
	check valid run.csv run.json '' 4
}

@test "a file that is - is standard output, and nothing else is there" {
	timeout -k 5 "$LIMIT" "$VMPROF" --csv - -- sleep 0.12 >run.csv 2>err
	check valid run.csv '' '' 2
	timeout -k 5 "$LIMIT" "$VMPROF" --json - -- sleep 0.12 >run.json
	python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <run.json
	timeout -k 5 "$LIMIT" "$VMPROF" --syscalls - -- sleep 0.12 >run.calls
	[ "$(head -n 1 run.calls)" = time,pid,syscall,calls,errors,total_ns,max_ns,bytes,p50_ns,p99_ns ]
	[ "$(grep -vc '^[0-9.]*,[0-9]*,[a-z0-9_]*,' run.calls)" = 1 ]
}

@test "lines: a header, one per interval; --quiet: none; then totals" {
	timeout -k 5 "$LIMIT" "$VMPROF" --interval 20 -- sleep 0.3 >lines
	[ "$(grep -c '^ *[0-9]*\.[0-9]' lines)" -ge 10 ]
	timeout -k 5 "$LIMIT" "$VMPROF" --interval 20 --quiet -- sleep 0.3 >quiet
	[ "$(grep -c '^ *[0-9]*\.[0-9]' quiet)" = 0 ]
	timeout -k 5 "$LIMIT" "$VMPROF" stat --interval 20 -- sleep 0.3 >stat.lines
	[ "$(grep -c '^ *[0-9]*\.[0-9]' stat.lines)" = 0 ]
	for word in sleep clock_nanosleep voluntary minor 'nothing lost'; do
		grep -q "$word" lines
		grep -q "$word" quiet
		grep -q "$word" stat.lines
	done
}

@test "a header on every screen" {
	local headers

	timeout -k 5 "$LIMIT" "$VMPROF" --interval 5 -- sleep 0.5 >lines
	headers=$(grep -c '\<runq\>' lines)
	[ "$headers" -ge 3 ]
}

@test "--verbose: what vmprof itself has cost" {
	run -0 --separate-stderr timeout -k 5 "$LIMIT" "$VMPROF" -q --verbose -- "$WORK" run spin 60
	[[ $output$stderr == *vmprof_switch* ]]
}

@test "features: this machine can do it" {
	run -0 "$VMPROF" features
	[[ $output == *"$(uname -r)"* && $output == *CAP_BPF* && $output == *CAP_PERFMON* ]]
}

@test "--help and --version" {
	run -0 --separate-stderr "$VMPROF" --help
	[[ $output == *--interval* && $output == *--pid* && -z $stderr ]]
	run -0 "$VMPROF" stat --help
	run -0 "$VMPROF" features --help
	run -0 "$VMPROF" --version
	[[ $output == "vmprof "* ]]
}

@test "--duration ends the run, the intervals are all of it" {
	start sleep sleep 1000
	vmprof --pid "$PID" --duration 0.5 --csv run.csv
	check single run.csv 0.5 "$PID"
	[ "$(wc -l <run.csv)" -le 13 ]
	vmprof --pid "$PID" --duration 0.25 --interval 100 --csv run.csv
	check single run.csv 0.25 "$PID"
	[ "$(wc -l <run.csv)" -le 5 ]
}

@test "vmprof stopped for a second: one row, and its interval says so" {
	local target vmprof rows until

	start sleep sleep 1000
	target=$PID
	start vmprof "$VMPROF" --quiet --pid "$target" --csv run.csv
	vmprof=$PID
	sampled run.csv 2
	kill -STOP "$vmprof"
	wait_for grep -q '^State:.T' "/proc/$vmprof/status"
	sleep 1 # the second in question
	kill -CONT "$vmprof"
	rows=$(wc -l <run.csv)
	sampled run.csv $((rows + 2))
	kill -INT "$vmprof"
	ends "$vmprof" 0
	check gap run.csv "$target" 1
}

# interrupted SIGNAL
interrupted() {
	local target vmprof

	start target "$WORK" run spin 60000 + pipe 60000
	target=$PID
	start vmprof "$VMPROF" --threads --pid "$target" --csv run.csv --json run.json --syscalls run.calls
	vmprof=$PID
	sampled run.csv 20
	kill "-$1" "$vmprof"
	ends "$vmprof" 0
	check valid run.csv run.json run.calls 20 live
	check single run.csv 0.1 "$target"
	grep -q 'nothing lost' vmprof.out
	kill -0 "$target"
}

@test "^C: files are complete, totals are printed, exit status 0" {
	interrupted INT
}

@test "SIGTERM: files are complete, totals are printed, exit status 0" {
	interrupted TERM
}

@test "^C: CMD is ended, too, and what it does then measured" {
	start vmprof "$VMPROF" --quiet --csv run.csv --json run.json -- sh -c 'trap "exit 5" INT; echo $$; while :; do sleep 0.01; done'
	sampled run.csv 2
	kill -INT "$PID"
	wait_for has_ended "$PID"
	check valid run.csv run.json '' 2
	grep -q ',sh,exit,' run.csv
	[ ! -d "/proc/$(head -n 1 vmprof.out)" ]
}

@test "^C a second time ends what does not want to" {
	start vmprof "$VMPROF" --quiet --csv run.csv -- sh -c 'trap "" INT TERM; echo $$; while :; do sleep 0.01; done'
	sampled run.csv 2
	kill -INT "$PID"
	kill -INT "$PID"
	wait_for has_ended "$PID"
	check valid run.csv
	kill -KILL "$(head -n 1 vmprof.out)" || true
}

@test "SIGKILL leaves nothing behind" {
	local programs

	start target "$WORK" run spin 60000 + pipe 60000
	start vmprof "$VMPROF" --quiet --pid "$PID" --csv run.csv
	sampled run.csv 2
	programs=$("$LIB/attached.py" of "$PID")
	[ -n "$programs" ]
	kill -KILL "$PID"
	wait_for gone "$programs"
}

gone() {
	# shellcheck disable=SC2086 # one word per number
	[ -z "$("$LIB/attached.py" still $1)" ]
}

@test "a full device: an error, exit status 1" {
	local option

	for option in --csv --json --syscalls; do
		run --separate-stderr timeout -k 5 "$LIMIT" "$VMPROF" --quiet "$option" /dev/full -- sleep 0.1
		[ "$status" = 1 ]
		[[ $stderr == "vmprof: /dev/full: "* ]]
		[ "${#stderr_lines[@]}" = 1 ]
	done
}

@test "standard output that is full or closed: exit status 1" {
	run --separate-stderr -1 sh -c '"$1" --csv - -q -- sleep 0.1 >/dev/full' sh "$VMPROF"
	[[ $stderr == *"vmprof: "* ]]
	run --separate-stderr -1 sh -c '"$1" -- sleep 0.1 >/dev/full' sh "$VMPROF"
	run --separate-stderr bash -c '{ "$1" --csv - --interval 1 -q -- sleep 0.3; echo "status $?" >&2; } | head -n 2' sh "$VMPROF"
	[[ $stderr == *"status 1"* ]]
}

@test "a disk that gets full: an error, exit status 1, what is there is valid" {
	local option

	mkdir disk
	for option in --csv --json --syscalls; do
		run --separate-stderr timeout -k 5 "$LIMIT" unshare --mount sh -ec '
			mount -t tmpfs -o size=64k none disk
			status=0
			"$1" --quiet --interval 1 "$2" disk/file -- "$3" run pipe 1500 + pipe 1500 >out || status=$?
			cat disk/file >file
			exit $status' sh "$VMPROF" "$option" "$WORK"
		[ "$status" = 1 ]
		[[ $stderr == *"vmprof: disk/file: "* ]]
		[ "$(wc -c <file)" -gt 16384 ]
		case $option in
		--csv) check valid file '' '' 20 ;;
		--json) python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <file ;;
		--syscalls) [ "$(awk -F, 'NF != 10' file | wc -l)$(tail -c 1 file)" = 0 ] ;;
		esac
	done
}
