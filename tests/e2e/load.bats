#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Load: many short lives, many threads, hard fates of targets, and a vmprof that does not get to run. The totals stay
# the kernel's.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

# swarm TASKS [lost]: 20,000 processes, 64 at a time, with room for so many
swarm() {
	vmprof --detail ledger --max-tasks "$1" --csv run.csv -- "$WORK" swarm 20000 64 0
	check swarm run.csv vmprof.out "${2:-no}"
}

@test "20,000 short processes, 64 at a time, and room for 1024: each seen or counted as lost, the sums hold" {
	swarm 1024
}

@test "20,000 short processes, 64 at a time, and room for 16: each seen or counted as lost, the sums hold" {
	swarm 16 lost
}

@test "the same with their calls: what could not be attributed is with the others" {
	vmprof --max-tasks 16 --csv run.csv --syscalls run.calls -- "$WORK" swarm 5000 64 7
	check others run.csv run.calls vmprof.out
	grep -q -- --max-tasks vmprof.out
}

@test "10,000 threads at once: none is lost" {
	vmprof --detail ledger --csv run.csv -- "$WORK" crowd 10000 0 3
	check crowd run.csv vmprof.out
	# Each needs a row for each call it makes, and there are 4 for each task there is room for.
	vmprof --max-tasks 40000 --csv run.csv --syscalls run.calls -- "$WORK" crowd 10000 0 3
	check crowd run.csv vmprof.out run.calls
}

# fates ARG…
fates() {
	measure w full run fates 300 "$@"
	check rusage w.csv w.work
	check fates w.csv w.work
	measure w ledger run fates 100 "$@"
	check rusage w.csv w.work
}

@test "targets that are killed, stopped, traced, renamed: their counts are getrusage's, CPU time schedstat's" {
	fates
	measure w calls run fates 100
	check rusage w.csv w.work
}

@test "a target that is moved between cgroups: its counts are getrusage's, CPU time schedstat's" {
	local root group

	for root in /sys/fs/cgroup/pids /sys/fs/cgroup/unified /sys/fs/cgroup; do
		[ ! -f "$root/cgroup.procs" ] || break
	done
	[ -f "$root/cgroup.procs" ] || skip "no cgroup is mounted here"
	group=$root/vmprof-test-$$
	# The inner ones first: so teardown removes them.
	printf 'cgroup path=%s\n' "$group/one" "$group/two" "$group" >groups.work
	mkdir "$group" "$group/one" "$group/two"
	fates "$group/one/cgroup.procs" "$group/two/cgroup.procs"
}

@test "a target that dies while it is being attached to: 40 times, a clean end" {
	local i target vmprof got

	for ((i = 0; i < 40; i++)); do
		start_gated "w$i" tree 1
		target=$PID
		start vmprof "$VMPROF" --quiet --threads --pid "$target" --csv run.csv
		vmprof=$PID
		sleep "0.$(printf %03d $((RANDOM % 200)))" # a random moment
		kill -KILL "$target"
		wait "$target" || true
		wait_for has_ended "$vmprof"
		got=0
		wait "$vmprof" || got=$?
		if [ "$got" != 0 ]; then
			[ "$got" = 1 ]
			cat vmprof.err
			[[ $(<vmprof.err) == "vmprof: "*@(no such process|has ended)* ]]
			[ "$(wc -l <vmprof.err)" = 1 ]
		else
			check valid run.csv
		fi
		rm -f run.csv
	done
}

# attached MS: a vmprof in VMPROF_PID, on a workload in TARGET that waits for `go w`
attached() {
	start_gated w gate run calls + pipe "$1" + touch 1009 + spin 500
	TARGET=$PID
	start vmprof "$VMPROF" --quiet --pid "$TARGET" --csv run.csv --syscalls run.calls
	VMPROF_PID=$PID
	sampled run.csv 2
}

all_of_it() {
	ends "$TARGET" 0
	ends "$VMPROF_PID" 0
	check rusage run.csv w.work
	check calls run.csv run.calls w.work
	check single run.csv 3 "$TARGET"
}

@test "vmprof stopped for 5 s while its target works: one long interval, nothing is lost" {
	attached 6000
	kill -STOP "$VMPROF_PID"
	wait_for grep -q '^State:.T' "/proc/$VMPROF_PID/status"
	go w
	sleep 5 # those in question
	kill -CONT "$VMPROF_PID"
	all_of_it
	check gap run.csv "$TARGET" 5
}

@test "vmprof starved by 8 processes at nice -20 for 5 s: nothing is lost, intervals are honest" {
	local i spinners=()

	attached 3000
	renice -n -20 -p "$TARGET" >renice.out
	go w
	for i in 1 2 3 4 5 6 7 8; do
		start "spin$i" timeout 5 nice -n -20 "$WORK" spin 60000
		spinners+=("$PID")
	done
	for i in "${spinners[@]}"; do
		ends "$i" 124
	done
	all_of_it
}

rss_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

@test "200,000 processes come and go: after 50,000 memory does not grow any more" {
	local target vmprof early late PATIENCE=120

	start_gated w rounds 50000 150000
	target=$PID
	start vmprof "$VMPROF" --quiet --max-tasks 1024 --pid "$target" --csv /dev/null --syscalls /dev/null
	vmprof=$PID
	wait_for attached_to "$vmprof"
	echo >&"$GATE"
	wait_for grep -q 'round=2' w.work
	early=$(rss_kb "$vmprof")
	echo >&"$GATE"
	wait_for grep -q 'round=3' w.work
	late=$(rss_kb "$vmprof")
	go w
	ends "$vmprof" 0
	echo "$early kB, then $late kB"
	# All records there is room for are 2.5 MB; 150,000 times the least that can be left, 16 bytes, are as much.
	[ "$late" -le $((early + 1024)) ]
	# Those that had no room before vmprof looked again are counted as lost: together, and with the first, all.
	[ "$(sed -n 's/.* \([0-9]*\) processes,.*/\1/p; s/^lost: \([0-9]*\) threads.*/\1/p' vmprof.out |
		awk '{ n += $1 } END { print n }')" = 200001 ]
}

attached_to() {
	[ "$(wc -w <<<"$("$LIB/attached.py" of "$1")")" -ge 6 ]
}
