#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Where the time goes: the states of each thread add up to its wall time, and are the right ones.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

# Everything that blocks in a call, at the same time. Run once per level.
blocked() {
	local work

	T=$BATS_FILE_TMPDIR
	[ ! -f "$T/$1.done" ] || return 0
	for work in pipe fifo tty socketpair tcp pipe-full eventfd msgqueue udp accept send-full epoll poll select sleep \
		timerfd child waitid vfork stopped traced futex semop; do
		set -- "$@" + "$work" 800
	done
	measure "$1" "$1" run "${@:3}" + flock 800 "$T/$1.lock"
	: >"$T/$1.done"
}

@test "ledger: threads that block in calls: all states add up to wall time" {
	blocked ledger
	check wall "$T/ledger.csv" "$T/ledger.work"
}

@test "calls: threads that block in calls: all states add up to wall time" {
	blocked calls
	check wall "$T/calls.csv" "$T/calls.work"
}

@test "full: threads that block in calls: all states add up to wall time" {
	blocked full
	check wall "$T/full.csv" "$T/full.work"
}

@test "ledger: threads that block in calls: 95 % of the time in the right state" {
	blocked ledger
	check shares "$T/ledger.csv" "$T/ledger.work"
}

@test "calls: threads that block in calls: 95 % of the time in the right state" {
	blocked calls
	check shares "$T/calls.csv" "$T/calls.work"
}

@test "full: threads that block in calls: 95 % of the time in the right state" {
	blocked full
	check shares "$T/full.csv" "$T/full.work"
}

@test "ledger: threads that block in calls: switches, faults and blocks equal getrusage's" {
	blocked ledger
	check rusage "$T/ledger.csv" "$T/ledger.work"
	check absent "$T/ledger.csv" ledger
}

@test "calls: threads that block in calls: switches, faults and blocks equal getrusage's" {
	blocked calls
	check rusage "$T/calls.csv" "$T/calls.work"
	check absent "$T/calls.csv" calls
}

@test "full: threads that block in calls: switches, faults and blocks equal getrusage's" {
	blocked full
	check rusage "$T/full.csv" "$T/full.work"
	check absent "$T/full.csv" full
}

# alone LEVEL WORK ARG…: all of this for one workload
alone() {
	measure w "$1" run "${@:2}"
	check wall w.csv w.work
	if [ "$1" = full ]; then
		check shares w.csv w.work
	else
		check shares w.csv w.work by-ticks
		check ticks w.csv w.work
	fi
	check rusage w.csv w.work
}

@test "ledger: a spinner" {
	alone ledger spin 800
}

@test "calls: a spinner" {
	alone calls spin 800
}

@test "full: a spinner" {
	alone full spin 800
}

@test "ledger: long system calls" {
	alone ledger syscpu 800
}

@test "calls: long system calls" {
	alone calls syscpu 800
}

@test "full: long system calls: user and system time are exact" {
	alone full syscpu 800
	check split w.csv w.work
}

# A file on a disk: /tmp may be none.
on_disk() {
	scratch /var/tmp
	alone "$1" "$2" 700 "$SCRATCH/file"
}

@test "ledger: a reader with O_DIRECT waits for the disk" {
	on_disk ledger disk
}

@test "calls: a reader with O_DIRECT waits for the disk" {
	on_disk calls disk
}

@test "full: a reader with O_DIRECT waits for the disk" {
	on_disk full disk
}

@test "ledger: a mapped file under a memory limit is paged in: faults" {
	on_disk ledger fault
}

@test "calls: a mapped file under a memory limit is paged in: faults" {
	on_disk calls fault
}

@test "full: a mapped file under a memory limit is paged in: faults" {
	on_disk full fault
}

two_spinners() {
	PREFIX=(taskset -c 0)
	measure w "$1" run spin 700 + spin 700
	check wall w.csv w.work
	check sched w.csv w.work
	check rusage w.csv w.work
}

@test "ledger: two spinners on one CPU: run queue and CPU time within 1 % of the scheduler's" {
	two_spinners ledger
}

@test "calls: two spinners on one CPU: run queue and CPU time within 1 % of the scheduler's" {
	two_spinners calls
}

@test "full: two spinners on one CPU: run queue and CPU time within 1 % of the scheduler's" {
	two_spinners full
}

@test "five threads on one CPU: each adds up" {
	PREFIX=(taskset -c 0)
	measure w full run spin 150 5
	check wall w.csv w.work
	check rusage w.csv w.work
}

@test "what runs when vmprof comes, at intervals of 1 ms: adds up in every level" {
	local level

	start busy "$WORK" spin 60000
	wait_for pgrep -P "$PID"
	for level in ledger calls full; do
		vmprof --detail "$level" --pid "$PID" --interval 1 --duration 0.5 --csv run.csv
		check single run.csv 0.5
	done
}

# These were there before vmprof and do not wake while it is: found at registration, charged while they last.
@test "waits that began before and end after: all the time in the right state" {
	local state pid pipe sleep lock child stopped

	start_gated pipe listen
	pipe=$PID
	start sleep sleep 1000
	sleep=$PID
	start holder flock --no-fork file sleep 1000
	wait_for grep -q " $PID " /proc/locks
	start lock flock file true
	lock=$PID
	wait_for grep -q -- "-> FLOCK .* $lock " /proc/locks
	start child "$WORK" child 60000
	child=$PID
	wait_for pgrep -P "$child"
	start stopped sleep 1000
	stopped=$PID
	kill -STOP "$stopped"
	wait_for grep -q '^State:.T' "/proc/$stopped/status"
	vmprof --pid "$pipe,$sleep,$lock,$child,$stopped" --no-children --duration 0.4 --threads --csv run.csv
	for state in pipe sleep lock child stopped; do
		pid=${!state}
		check state run.csv "$pid" "$state" 0.999
		check single run.csv 0.4 "$pid"
	done
}
