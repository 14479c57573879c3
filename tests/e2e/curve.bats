#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# 1 to N copies of a command under a memory limit: what is measured, what it says, and that nothing stays behind.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

MEMWORK=${MEMWORK:-$ROOT/workloads/mem/memwork}

# curve ARG…: to its end, in curve.out and curve.err
curve() {
	timeout -k 5 "$LIMIT" "$VMPROF" curve "$@" >"$T/curve.out" 2>"$T/curve.err" 3>&- </dev/null || {
		local got=$?

		echo "exit status $got: vmprof curve $*"
		cat "$T/curve.out" "$T/curve.err"
		return "$got"
	}
}

# cell FILE N COLUMN [REPEAT]: of the run of N copies
cell() {
	awk -F, -v n="$2" -v column="$3" -v repeat="${4:-1}" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; if (!at[column]) exit 1; next }
		$at["n"] == n && $at["repeat"] == repeat { print $at[column]; found = 1 }
		END { exit !found }' "$1"
}

# less A B: as numbers
less() {
	echo "$1 < $2?"
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 < b + 0) }'
}

# What vmprof PID made: gone. Its copies, by the numbers that they wrote to the file `copies`: ended.
cleaned() {
	local copy

	[ -z "$(find /sys/fs/cgroup -name "vmprof-curve-$1-*" 2>/dev/null)" ] || return 1
	! grep -q "vmprof-swap-$1-" /proc/swaps || return 1
	! compgen -G "/var/tmp/vmprof-swap-$1-*" || return 1
	[ ! -f copies ] || while read -r copy; do
		has_ended "$copy" || return 1
	done <copies
}

# Copies that say who they are and stay; their children, too.
stay='echo $$ >>copies; sleep 1000 & echo $! >>copies; wait'

# A swap file as a test needs it: not every machine allows one.
needs_swap() {
	refused 1 "$VMPROF" curve --max 1 --repeat 1 --memory 64M --swap 2M -- false
	[[ $stderr == *"failed with status 1"* ]] || skip "no swap file can be made here: $stderr"
}

@test "beyond the limit: major faults and the time in them rise, useful work falls, and why is said" {
	scratch /var/tmp
	curve --max 3 --memory 12M --repeat 1 --metric 'touches ([0-9]+)' --csv run.csv -- \
		"$MEMWORK" --size 6M --pattern random --seconds 2 --cold --file "$SCRATCH/{}"
	cat curve.out
	less "$(cell run.csv 1 majflt_per_s)" "$(cell run.csv 3 majflt_per_s)"
	less "$(cell run.csv 1 fault_share)" "$(cell run.csv 3 fault_share)"
	less "$(cell run.csv 3 metric)" "$(cell run.csv 1 metric)"
	less "$(cell run.csv 3 used_bytes)" 12582913
	grep -q '^Knee at [12] cop.*useful work is' curve.out
	grep -q 'Cause: memory' <(tr '\n' ' ' <curve.out)
	[ "$(find "$SCRATCH" -type f -printf '%f\n' | sort | tr '\n' ' ')" = "1 2 3 " ]
}

@test "anonymous memory pages through a swap file that is made for the run" {
	needs_swap
	curve --max 3 --memory 48M --swap 128M --repeat 1 --quiet --csv run.csv -- "$MEMWORK" --size 20M --pattern chase --seconds 1
	[ "$(cell run.csv 3 oom_kills)" = 0 ]
	less "$(cell run.csv 1 majflt_per_s)" "$(cell run.csv 3 majflt_per_s)"
	[ ! -s curve.err ]
	[ "$(grep -c vmprof-swap /proc/swaps)" = 0 ]
}

@test "without swap, copies that do not fit are killed: the curve ends there, and both are said" {
	[ "$(wc -l </proc/swaps)" = 1 ] || skip "there is swap here"
	curve --max 5 --memory 24M --repeat 2 --csv run.csv -- "$MEMWORK" --size 8M --pattern chase --seconds 0.2
	less 0 "$(cell run.csv 3 oom_kills)"
	[ -z "$(cell run.csv 3 completions_per_min)" ]
	[ "$(cell run.csv 2 oom_kills 2)" = 0 ]
	[ "$(awk -F, '$3 > 3' run.csv | wc -l)" = 1 ] # the header
	grep -q 'some killed for lack of memory' curve.out
	grep -q 'Cause: memory' <(tr '\n' ' ' <curve.out)
	[[ $(<curve.err) == "vmprof: there is no swap: "*"--swap"*"--file"* ]]
}

@test "copies that only compute, on one CPU: the cause is the CPU" {
	# Of all copies one counts: more of them do no more.
	curve --max 3 --cpus 1 --repeat 2 --metric 'did ([0-9.]+)' --csv run.csv -- \
		sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; [ "$1" = 1 ] && echo did 7 || echo did 0.0' sh '{}'
	cat curve.out
	[ "$(cell run.csv 3 metric 2)" = 7 ]
	[ "$(cell run.csv 3 cpus)" = 1 ]
	less 0.5 "$(awk -v a="$(cell run.csv 3 runq_wake_share)" -v b="$(cell run.csv 3 runq_preempt_share)" 'BEGIN { print a + b }')"
	grep -q 'levels off at 1 copy' curve.out
	grep -q 'Cause: CPU' <(tr '\n' ' ' <curve.out)
	grep -q 'Recommended: 1' <(tr '\n' ' ' <curve.out)
}

@test "families: a curve for each limit and number of CPUs; --from says the same" {
	curve --max 2 --memory 32M,64M --cpus 1 --repeat 2 --csv run.csv -- "$WORK" spin 10
	[ "$(wc -l <run.csv)" = 9 ]
	[ "$(tail -n +2 run.csv | cut -d, -f1-4 | tr '\n' ' ')" = "33554432,1,1,1 33554432,1,2,1 67108864,1,1,1 \
67108864,1,2,1 33554432,1,1,2 33554432,1,2,2 67108864,1,1,2 67108864,1,2,2 " ]
	[ "$(grep -c 'of memory, 1 CPU$' curve.out)" = 2 ]
	run -0 --separate-stderr "$VMPROF" curve --from run.csv
	diff <(tail -n +2 curve.out) <(tail -n +2 <<<"$output")
}

@test "CSV: one header, whole rows, states that are all of the time; - is standard output" {
	curve --max 2 --repeat 2 --quiet --csv - -- "$WORK" spin 100
	[ "$(wc -l <curve.out)" = 5 ]
	[ ! -s curve.err ]
	[[ $(head -n 1 curve.out) == memory_bytes,cpus,n,repeat,elapsed_s,steady_s,metric,completions_per_min,oom_kills,cpu_util,* ]]
	awk -F, '
		NR == 1 { columns = NF; for (i = 1; i <= NF; i++) name[i] = $i; next }
		NF != columns { exit 1 }
		{
			sum = 0
			for (i = 1; i <= NF; i++)
				if (name[i] ~ /_share$/)
					sum += $i
			if (sum < 0.999 || sum > 1.001)
				exit 1
		}' curve.out
}

@test "the plot: SVG and PNG, from the recording alone, too" {
	command -v gnuplot || skip "gnuplot is not installed"
	curve --max 2 --repeat 1 --csv run.csv --plot run.svg -- "$WORK" spin 10
	python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("run.svg")'
	grep -q 'copies that run together' run.svg
	run -0 "$VMPROF" curve --from run.csv --quiet --plot "it's.png"
	[ "$(head -c 4 "it's.png" | tail -c 3)" = PNG ]
	gnuplot -e "csv='run.csv'; out='alone.svg'" "$ROOT/scripts/plot/curve.gp"
	python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("alone.svg")'
	[ "$(grep -c '<path' alone.svg)" -ge 10 ]
	refused 1 "$VMPROF" curve --from run.csv --quiet --plot /nonexistent/x.svg
	[[ $stderr == *"gnuplot failed"* ]]
}

@test "without gnuplot: the CSV is written, and what to install is said" {
	local got=0

	mkdir none
	env PATH="$T/none" "$VMPROF" curve --max 1 --repeat 1 --plot run.svg -- "$WORK" spin 10 >out 2>err || got=$?
	[ "$got" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	[[ $(<err) == "vmprof: "*gnuplot-nox*"--from run.csv"* ]]
	[ "$(wc -l <run.csv)" = 2 ]
	grep -q '^    1' out || grep -q '  1 ' out
	env PATH="$T/none" "$VMPROF" curve --max 1 --repeat 1 --csv other.csv --plot run.svg -- "$WORK" spin 10 >out 2>err || got=2
	[ "$got" = 2 ]
	[ "$(wc -l <other.csv)" = 2 ]
	[ ! -e run.svg ]
}

@test "the normal end: group, swap file and what copies left behind are gone" {
	needs_swap
	start vmprof "$VMPROF" curve --max 2 --repeat 1 --memory 64M --swap 8M --csv run.csv -- \
		sh -c 'sleep 1000 & echo $! >>copies; exit 0'
	ends "$PID" 0
	[ "$(wc -l <run.csv)" = 3 ]
	[ "$(wc -l <copies)" = 3 ]
	cleaned "$PID"
}

@test "^C in the middle: what was measured is kept, all else is gone" {
	needs_swap
	start vmprof "$VMPROF" curve --max 2 --repeat 1 --memory 64M --swap 8M --csv run.csv -- \
		sh -c '[ "$1" = 1 ] && [ ! -f run ] && : >run && exit 0; '"$stay" sh '{}'
	wait_for has_lines copies 4
	[ -n "$(find /sys/fs/cgroup -name "vmprof-curve-$PID-*")" ]
	grep -q "vmprof-swap-$PID-" /proc/swaps
	kill -INT "$PID"
	ends "$PID" 130
	cleaned "$PID"
	[ "$(wc -l <run.csv)" = 2 ]
	grep -q 'Only one copy was measured' vmprof.out
	grep -q '^vmprof: ended by signal 2: 1 of 2 runs' vmprof.err
}

@test "SIGTERM before anything was measured" {
	start vmprof "$VMPROF" curve --max 1 --repeat 1 -- sh -c "$stay"
	wait_for has_lines copies 2
	kill "$PID"
	ends "$PID" 143
	cleaned "$PID"
	[ ! -s vmprof.out ]
}

@test "SIGKILL of vmprof: group, swap file, copies and programs are gone" {
	local got=0

	needs_swap
	start vmprof "$VMPROF" curve --max 2 --repeat 1 --memory 64M --swap 8M --csv run.csv -- \
		sh -c '[ "$1" = 1 ] && [ ! -f run ] && : >run && exit 0; '"$stay" sh '{}'
	wait_for has_lines copies 4
	kill -KILL "$PID"
	wait "$PID" || got=$?
	[ "$got" = 137 ]
	wait_for cleaned "$PID"
	[ "$(wc -l <run.csv)" = 2 ]
}

@test "a command that fails, at once or with some copies only" {
	refused 1 "$VMPROF" curve --max 2 -- sh -c 'echo first >&2; echo second >&2; exit 7'
	[[ $stderr == *"copy 1 of 1 failed with status 7: first" ]]
	echo precious >run.csv
	refused 1 "$VMPROF" curve --max 2 --csv run.csv -- false
	[ "$(cat run.csv)" = precious ]
	refused 1 "$VMPROF" curve --max 2 -- sh -c 'kill -SEGV $$'
	[[ $stderr == *"signal 11"* ]]
	refused 127 "$VMPROF" curve -- no-such-command-anywhere
	refused 126 "$VMPROF" curve -- "$T"
	local got=0
	curve --max 3 --repeat 1 --csv run.csv -- sh -c '[ "$1" != 2 ]' sh '{}' || got=$?
	[ "$got" = 1 ]
	[ "$(wc -l <run.csv)" = 2 ]
	[[ $(<curve.err) == *"copy 2 of 2 failed with status 1"* ]]
	grep -q 'Only one copy was measured' curve.out
}

@test "a limit that is too small for one copy, or too large for the machine" {
	[ "$(wc -l </proc/swaps)" = 1 ] || skip "there is swap here"
	refused 1 "$VMPROF" curve --memory 8M -- "$MEMWORK" --size 32M --pattern chase --seconds 0.2
	[[ $stderr == *"--memory 8.0M: one copy alone does not fit"* ]]
	refused 1 "$VMPROF" curve --memory 900T -- touch started
	[[ $stderr == *"is available"* ]]
	[ ! -e started ]
}

# With files of ours in place of /proc/meminfo and /proc/vmstat.
machine=(unshare --mount sh -c 'mount --bind meminfo /proc/meminfo && mount --bind vmstat /proc/vmstat && exec "$@"' sh)

@test "a machine that runs short of memory stops the run; what was measured is kept" {
	local got=0 i=0

	printf 'MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\nSwapTotal: 1 kB\n' >meminfo
	printf 'allocstall_normal 5\npgscan_direct 7\npgscan_file 100\n' >vmstat
	start short "${machine[@]}" "$VMPROF" curve --max 2 --repeat 1 --csv run.csv -- \
		sh -c '[ "$1" = 1 ] && [ ! -f run ] && : >run && exit 0; '"$stay" sh '{}'
	wait_for has_lines copies 4
	# In place: another file would not be the one that is mounted.
	printf 'MemTotal: 16000000 kB\nMemAvailable:  999999 kB\nSwapTotal: 1 kB\n' >meminfo
	ends "$PID" 1
	cleaned "$PID"
	[ "$(wc -l <run.csv)" = 2 ]
	[[ $(<short.err) == "vmprof: stopped at 2 copies: "* ]]
	grep -q 'Only one copy was measured' short.out
}

@test "processes outside of the group that free pages themselves stop the run; the group's own do not" {
	local n=0

	printf 'MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\nSwapTotal: 1 kB\n' >meminfo
	printf 'allocstall_normal 5\npgscan_direct 7\npgscan_file 100\n' >vmstat
	start short "${machine[@]}" "$VMPROF" curve --max 1 --repeat 1 -- sh -c "$stay"
	wait_for has_lines copies 2
	for ((n = 0; n < 2000; n++)); do
		printf 'allocstall_normal %d\npgscan_direct 7\npgscan_file 100\n' $((1000 + n)) >vmstat
		! has_ended "$PID" || break
		sleep 0.02
	done
	ends "$PID" 1
	cleaned "$PID"
	[[ $(<short.err) == "vmprof: stopped at 1 copy: "* ]]
}

@test "--metric: the last number that a copy prints, of many; none is said" {
	curve --max 2 --repeat 1 --csv run.csv --metric '^n=([0-9.e+]+)$' -- \
		sh -c 'echo "n=1
n=5"; seq 20000; echo "x n=9
n=-3
n=2.5e2
n=7z"'
	[ "$(cell run.csv 1 metric)" = 250 ]
	[ "$(cell run.csv 2 metric)" = 500 ]
	refused 1 "$VMPROF" curve --max 1 --metric 'n=([0-9]+)' -- echo n=x
	[[ $stderr == *"copy 1 of 1 printed no number"* ]]
}

@test "copies have nothing on standard input, and are the caller's under sudo" {
	chmod 777 "$T"
	echo words | env SUDO_UID=65534 SUDO_GID=65534 timeout -k 5 "$LIMIT" "$VMPROF" curve --max 1 --repeat 1 -q -- \
		sh -c 'cat >said; id -u >>said'
	[ "$(cat said)" = 65534 ]
	rm said
	env SUDO_UID=65534 SUDO_GID=65534 timeout -k 5 "$LIMIT" "$VMPROF" curve --max 1 --repeat 1 -q --as-root -- \
		sh -c 'id -u >said'
	[ "$(cat said)" = 0 ]
}

@test "what is used wrongly" {
	local value

	run --separate-stderr -2 "$VMPROF" curve
	[ "$(grep -c '^  *vmprof curve' <<<"$stderr")" = 3 ]
	[ -z "$output" ]
	for value in 0 -1 abc '' 1.5 1001; do
		refused 2 "$VMPROF" curve --max "$value" -- touch started
		refused 2 "$VMPROF" curve --repeat "$value" -- touch started
	done
	for value in 0 abc '' 1023K '64M,' 64MB ','; do
		refused 2 "$VMPROF" curve --memory "$value" -- touch started
	done
	for value in 0 abc '' '1,' 99999; do
		refused 2 "$VMPROF" curve --cpus "$value" -- touch started
	done
	refused 2 "$VMPROF" curve --swap 1 -- touch started
	refused 2 "$VMPROF" curve --metric 'touches' -- touch started
	refused 2 "$VMPROF" curve --metric '(' -- touch started
	refused 2 "$VMPROF" curve --metric '(a)(b)' -- touch started
	refused 2 "$VMPROF" curve --plot x.pdf -- touch started
	refused 2 "$VMPROF" curve --detail most -- touch started
	refused 2 "$VMPROF" curve --from x.csv -- touch started
	refused 2 "$VMPROF" curve touch started
	refused 1 "$VMPROF" curve --csv /nonexistent/file -- touch started
	refused 1 "$VMPROF" curve --from /nonexistent/file
	echo nonsense >bad.csv
	refused 1 "$VMPROF" curve --from bad.csv
	[[ $stderr == *"line 1"* ]]
	: >empty.csv
	refused 1 "$VMPROF" curve --from empty.csv
	[ ! -e started ]
}
