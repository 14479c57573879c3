#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Where there is cgroup version 2 only: the curve's limit, and that nothing stays behind.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

setup_file() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "there is not cgroup version 2 alone here"
}

no_group() {
	[ -z "$(find /sys/fs/cgroup -name 'vmprof-curve-*')" ]
}

@test "--memory is memory.max of the copies' group; it is gone afterwards" {
	"$VMPROF" curve --max 1 --repeat 1 --memory 64M --csv run.csv -- \
		sh -c 'group=$(sed -n s/^0:://p /proc/self/cgroup); cat "/sys/fs/cgroup$group/memory.max" >limit' \
		>out 2>err 3>&- || { cat out err; false; }
	[ "$(cat limit)" = 67108864 ]
	[ "$(wc -l <run.csv)" = 2 ]
	no_group
}

@test "copies that do not fit are killed, and that is said" {
	"$VMPROF" curve --max 5 --repeat 1 --memory 24M --csv run.csv -- \
		"$ROOT/workloads/mem/memwork" --size 8M --pattern chase --seconds 1 >out 2>err 3>&- || { cat out err; false; }
	cat out err
	grep -q 'some killed for lack of memory' out
	no_group
}

@test "SIGKILL of vmprof: the group and the copies are gone" {
	start vmprof "$VMPROF" curve --max 1 --repeat 1 --memory 64M -- sh -c 'echo $$ >copy; exec sleep 1000'
	wait_for has_lines copy 1
	[ -n "$(find /sys/fs/cgroup -name 'vmprof-curve-*')" ]
	kill -KILL "$PID"
	ends "$PID" 137
	wait_for has_ended "$(cat copy)"
	wait_for no_group
}
