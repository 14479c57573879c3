#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The time in which page faults are handled on a CPU: where programs may be attached to the kernel's functions, and where
# not.
# shellcheck disable=SC2153,SC2154 # what helpers.bash sets and uses

load ../lib/helpers

setup_file() {
	local features

	features=$("$VMPROF" features) || true
	FAULT_TIME=absent
	! grep -q '^  yes  page-fault time ' <<<"$features" || FAULT_TIME=there
	export FAULT_TIME
	echo "# page-fault time is $FAULT_TIME" >&3
}

# The second and third share a CPU with each other: what a thread waits for it in a fault is not the fault's.
twice() {
	measure w "$1" touch-twice 20011
	check wall w.csv w.work
	check fault-time w.csv w.work "$FAULT_TIME"
	PREFIX=(taskset -c 0)
	measure two "$1" run touch-twice 20011 + touch-twice 20011
	check wall two.csv two.work
	check fault-time two.csv two.work "$FAULT_TIME"
}

@test "ledger: first touches of memory: time in faults" {
	twice ledger
}

@test "calls: first touches of memory: time in faults" {
	twice calls
}

@test "full: first touches of memory: time in faults" {
	twice full
}
