#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# PID namespaces: numbers are those that whoever runs vmprof sees, above, in and below a container.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

CONTAINER=(unshare --pid --fork --mount-proc --kill-child)

# children_of PID: those of its first thread
children_of() {
	cat "/proc/$1/task/$1/children"
}

@test "in a PID namespace: --pid is its number there, and all rows have those: threads, children, grandchildren" {
	mkfifo gate
	# What comes first makes the numbers inside differ from those of a machine that has just started.
	timeout -k 5 "$LIMIT" "${CONTAINER[@]}" sh -ec '
		true & wait
		"$1" tree 1009 <gate >w.work &
		exec 9>gate
		root=$!
		"$0" --quiet --threads --pid "$root" --csv run.csv --syscalls run.calls &
		until [ "$(wc -l <run.csv)" -gt 1 ]; do sleep 0.02; done
		until grep -q ^ready w.work; do sleep 0.02; done
		echo >&9
		wait $!
		echo "$root" >root' "$VMPROF" "$WORK"
	[ "$(cat root)" -lt 100 ]
	check calls run.csv run.calls w.work
	# shellcheck disable=SC2046 # a word per child
	check pids run.csv "$(cat root)" $(awk -F'[ =]' '/^child/ { print $3 }' w.work)
	[ "$(awk -F, '$4 != 0 { print $4 }' run.csv | sort -u | wc -l)" = 7 ] # and a header
	[ "$(awk -F, '$4 > 100' run.csv | wc -l)" = 1 ]
	# Memory is read by these numbers.
	[ "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "rss_bytes") c = i }
		NR > 1 && $4 == 0 && $6 == "sample" && $c > 0' run.csv | wc -l)" -gt 0 ]
}

@test "in a PID namespace: -- CMD, its children and threads, against the oracle" {
	timeout -k 5 "$LIMIT" "${CONTAINER[@]}" "$VMPROF" --quiet --threads --csv run.csv --syscalls run.calls \
		-- "$WORK" run calls + pipe 200 + spin 50 + touch 101 >run.work
	grep -q '^rusage pid=2 ' run.work
	check calls run.csv run.calls run.work
	check rusage run.csv run.work
	check wall run.csv run.work
}

@test "two namespaces deep: the same" {
	timeout -k 5 "$LIMIT" "${CONTAINER[@]}" "${CONTAINER[@]}" "$VMPROF" --quiet --threads --csv run.csv \
		--syscalls run.calls -- "$WORK" run calls + pipe 200 + thread-exec 20 true >run.work
	check calls run.csv run.calls run.work
	check rusage run.csv run.work
}

@test "a process in another namespace, watched from above: its numbers up here" {
	local work=$WORK container root child grandchild vmprof

	WORK=unshare start_gated w --pid --fork --mount-proc --kill-child "$work" tree 1009
	container=$PID
	root=$(children_of "$container" | tr -d ' ')
	child=$(children_of "$root" | tr -d ' ')
	grandchild=$(children_of "$child" | tr -d ' ')
	start vmprof "$VMPROF" --quiet --pid "$root" --csv run.csv --syscalls run.calls
	vmprof=$PID
	start above "$VMPROF" --quiet --pid "$container" --csv above.csv
	above=$PID
	sampled run.csv
	sampled above.csv
	go w
	ends "$vmprof" 0
	ends "$above" 0
	check pids run.csv "$root" "$child" "$grandchild"
	check pids above.csv "$container" "$root" "$child" "$grandchild"
	[ "$(awk -F, '$3 == "getppid" { n += $4 } END { print n }' run.calls)" = $((5 * 1009)) ]
}

@test "from within a namespace what is outside is not there; a /proc of another namespace is refused" {
	refused 1 "${CONTAINER[@]}" "$VMPROF" --pid "$$"
	[[ $stderr == *"no such process"* ]]
	refused 1 unshare --pid --fork --kill-child "$VMPROF" -- touch started
	[[ $stderr == *"/proc"* ]]
	[ ! -e started ]
}
