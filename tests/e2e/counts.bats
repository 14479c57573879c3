#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What is counted is counted exactly.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

counted() {
	measure w "$1" calls
	check calls w.csv w.calls w.work "$1"
	check rusage w.csv w.work
	check absent w.csv "$1"
}

@test "calls: a prime number of each of 12 system calls from 8 threads: calls, errors, bytes" {
	counted calls
}

@test "full: a prime number of each of 12 system calls from 8 threads: calls, errors, bytes" {
	counted full
}

every_call() {
	measure w "$1" exact 1009
	check calls w.csv w.calls w.work "$1"
}

@test "calls: every call of a process is counted, the one that ends it included" {
	every_call calls
}

@test "full: every call of a process is counted, the one that ends it included" {
	every_call full
}

@test "full: latency is what the workload measures around its calls" {
	measure w full naps 20 20
	check naps w.calls w.work
}

@test "calls: --calls counts only what it names" {
	vmprof --detail calls --calls getppid,close --csv w.csv --syscalls w.calls -- "$WORK" calls
	run cut -d, -f3 w.calls
	[ "$(sort -u <<<"$output")" = $'close\ngetppid\nsyscall' ]
	[ "$(awk -F, '$3 == "getppid" { n += $4 } END { print n }' w.calls)" = 10007 ]
}

touched() {
	measure w "$1" touch 4099
	check touch w.csv w.work
	check rusage w.csv w.work
}

@test "ledger: first touches of memory: faults" {
	touched ledger
}

@test "calls: first touches of memory: faults" {
	touched calls
}

@test "full: first touches of memory: faults" {
	touched full
}

# A child that executes a program is one process: all it did before and after.
executed() {
	measure w "$1" run exec 10 /bin/true + thread-exec 10 /bin/true + exec 10 "$WORK" spin 20 + touch 101
	check rusage w.csv w.work
}

@test "ledger: switches and faults of children that execute programs equal getrusage's" {
	executed ledger
}

@test "calls: switches and faults of children that execute programs equal getrusage's" {
	executed calls
}

@test "full: switches and faults of children that execute programs equal getrusage's" {
	executed full
}

many() {
	vmprof --detail "$1" --csv w.csv -- "$WORK" children 2000 1
	check children w.csv vmprof.out
}

@test "ledger: 2000 children of a millisecond: each counted, their CPU time within 1 %" {
	many ledger
}

@test "calls: 2000 children of a millisecond: each counted, their CPU time within 1 %" {
	many calls
}

@test "full: 2000 children of a millisecond: each counted, their CPU time within 1 %" {
	many full
}

@test "more processes come and go than there is room for at one time: all are counted" {
	vmprof --interval 10 --max-tasks 1000 --csv w.csv --syscalls w.calls -- "$WORK" children 2000 0
	check children w.csv vmprof.out
	check valid w.csv '' w.calls 2000
}

@test "more of them than there is room for come and go within one interval: all are counted" {
	vmprof --detail ledger --interval 60000 --max-tasks 1000 --csv w.csv -- "$WORK" children 1500 0
	check children w.csv vmprof.out
}

# Two at a time on the same target, and a third that is killed in the middle of it.
together() {
	local level=$1 i work pids=()

	start_gated w gate run calls + pipe 400 + touch 1009 + spin 200
	work=$PID
	for i in 1 2 3; do
		start "vmprof$i" "$VMPROF" --quiet --detail "$level" --pid "$work" --csv "w$i.csv" --syscalls "w$i.calls"
		pids+=("$PID")
	done
	for i in 1 2 3; do
		sampled "w$i.csv"
	done
	go w
	sampled w3.csv 4
	kill -KILL "${pids[2]}"
	for i in 1 2; do
		ends "${pids[i - 1]}" 0
		check rusage "w$i.csv" w.work
		check calls "w$i.csv" "w$i.calls" w.work "$level"
	done
	ends "$work" 0
}

@test "calls: two at the same time agree with the oracle, a third one's death changes nothing" {
	together calls
}

@test "full: two at the same time agree with the oracle, a third one's death changes nothing" {
	together full
}

@test "ledger beside full: both agree with the oracle" {
	local work ledger full

	start_gated w gate run calls + pipe 400 + touch 1009 + spin 200
	work=$PID
	start ledger "$VMPROF" --quiet --detail ledger --threads --pid "$work" --csv ledger.csv
	ledger=$PID
	start full "$VMPROF" --quiet --threads --pid "$work" --csv full.csv --syscalls full.calls
	full=$PID
	sampled ledger.csv
	sampled full.csv
	go w
	ends "$ledger" 0
	ends "$full" 0
	check rusage ledger.csv w.work
	check rusage full.csv w.work
	check wall ledger.csv w.work
	check wall full.csv w.work
	check calls full.csv full.calls w.work
}
