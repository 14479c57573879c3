#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Process numbers that come round within a second: never two processes in one. For a guest, see docs/kernels.md.
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

setup_file() {
	[ -e /vm/guest ] || skip "this lowers kernel.pid_max, and is for guests"
	BEFORE=$(sysctl -n kernel.pid_max)
	export BEFORE
	# 301 is the least that 2 CPUs allow: PIDS_PER_CPU_MIN and RESERVED_PIDS of the kernel.
	sysctl -q -w kernel.pid_max=400
}

teardown_file() {
	[ ! -e /vm/guest ] || sysctl -q -w "kernel.pid_max=$BEFORE"
}

# of NAME: of what the workload's children say
of() {
	sed -n "s/^children .*\\b$1=\\([0-9]*\\).*/\\1/p" vmprof.out
}

@test "1000 children with some 100 numbers: each is a process of its own" {
	vmprof --interval 20 --csv run.csv -- "$WORK" children 1000 0
	grep '^children\|^rusage' vmprof.out
	awk -F, -v parent="$(of pid)" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$3 != parent && $4 == 0 { faults += $at["minflt"] }
		$3 != parent && $4 == 0 && $6 == "exit" { ends++; again += seen[$3]++ > 0 }
		END {
			print ends " ends, " again " with a number that had been used, " faults " faults"
			exit !(ends == 1000 && again > 500)
		}' run.csv
}

@test "a number that is used again is not the target's" {
	local first keeper vmprof new=0

	start first sleep 1000
	first=$PID
	start keeper sleep 1000
	keeper=$PID
	start vmprof "$VMPROF" --quiet --pid "$first,$keeper" --interval 20 --csv run.csv
	vmprof=$PID
	sampled run.csv 2
	kill -KILL "$first"
	wait "$first" || true
	wait_for grep -q ",$first,0,sleep,exit," run.csv
	until [ "$new" = "$first" ]; do
		sleep 0.001 3>&- &
		new=$!
		wait "$new"
	done
	sampled run.csv $(($(wc -l <run.csv) + 2))
	kill -INT "$vmprof"
	ends "$vmprof" 0
	[ "$(awk -F, -v pid="$first" '$3 == pid' run.csv | tail -n 1 | cut -d, -f6)" = exit ]
	[ "$(grep -c ",$first,0,sleep,exit," run.csv)" = 1 ]
}
