#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# More memory than there is, and a disk to swap on. For a guest with 256 MB, see docs/kernels.md.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

setup_file() {
	grep -q '^/dev/vda ' /proc/swaps || skip "there is no disk to swap on: see scripts/vm/plan"
}

@test "memory that is swapped in is major faults, and the time in them" {
	local size
	size=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)K

	timeout -k 5 "$LIMIT" "$VMPROF" --quiet --csv run.csv -- "$ROOT/workloads/mem/memwork" --size "$size" \
		--pattern stride --passes 2 >out 2>err 3>&- || { cat out err; false; }
	cat out
	# Faults, and the time blocked in them, of the process.
	awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["tid"] == 0 {
			major += $at["majflt"]
			fault += $at["fault_ns"]
			for (i = at["user_ns"]; i < at["cpu_ns"]; i++)
				wall += $i
		}
		END {
			print major " major faults, " fault " of " wall " ns in them"
			exit !(major > 1000 && fault > wall / 100)
		}' run.csv
}

@test "faults, switches and blocks read equal getrusage's" {
	measure w full run touch 30000
	check rusage w.csv w.work
}
