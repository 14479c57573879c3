#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What bad input gets: one sentence, the right exit status, nothing left attached (see teardown), nothing started.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

# The first PID, from the highest down, that nobody has.
no_pid() {
	local pid

	pid=$(cat /proc/sys/kernel/pid_max)
	while [ -d "/proc/$((--pid))" ]; do
		:
	done
	echo "$pid"
}

@test "a PID that does not exist" {
	local pid

	pid=$(no_pid)
	refused 1 "$VMPROF" --pid "$pid"
	[[ $stderr == *"$pid"* ]]
	refused 1 "$VMPROF" stat --pid "$$,$pid"
}

@test "a PID that is none" {
	local pid

	for pid in 0 -1 abc '' 1x 1.5 99999999999999999999 4294967297 "$$,abc" "0,$$" "," +1; do
		refused 2 "$VMPROF" --pid "$pid"
	done
}

@test "a kernel thread" {
	local kthreadd

	kthreadd=$(awk '{ sub(/.*\) /, ""); if (int($7 / 2097152) % 2) { print FILENAME; exit } }' /proc/[0-9]*/stat 2>/dev/null)
	[ -n "$kthreadd" ] || skip "no kernel thread can be seen here: another PID namespace"
	refused 1 "$VMPROF" --pid "${kthreadd//[^0-9]/}"
	[[ $stderr == *"kernel thread"* ]]
}

@test "a thread's number is not a process's" {
	local tid tids

	start_gated w tree 1
	tids=("/proc/$PID/task"/*)
	tid=${tids[1]##*/}
	[ "$tid" != "$PID" ]
	refused 1 "$VMPROF" --pid "$tid"
	[[ $stderr == *thread* ]]
}

@test "a user, a command name, a port that nobody has" {
	refused 1 "$VMPROF" --user no-such-user
	[[ $stderr == *no-such-user* ]]
	refused 1 "$VMPROF" --comm no-such-command
	refused 1 "$VMPROF" --port "$(free_port)"
	refused 2 "$VMPROF" --port 0
	refused 2 "$VMPROF" --port 65536
	refused 2 "$VMPROF" --port http
}

@test "a cgroup that is none" {
	local path

	: >file
	for path in /sys/fs/cgroup/no-such-group no/such/group "$T" "$T/file"; do
		refused 1 "$VMPROF" --cgroup "$path"
	done
}

@test "no target: three examples" {
	run --separate-stderr -2 "$VMPROF"
	[[ $stderr == "vmprof: "* ]]
	[ -z "$output" ]
	[ "$(grep -c '^  *vmprof ' <<<"$stderr")" = 3 ]
	run --separate-stderr -2 "$VMPROF" stat --interval 100
	[[ $stderr == "vmprof: "* ]]
	[ "$(grep -c '^  *vmprof ' <<<"$stderr")" = 3 ]
	refused 2 "$VMPROF" --
	refused 2 "$VMPROF" sleep 1
}

@test "a command that is not there: 127; that cannot be executed: 126" {
	refused 127 "$VMPROF" -q -- no-such-command-anywhere
	refused 127 "$VMPROF" -q -- ./no-such-file
	echo 'exit 3' >plain
	refused 126 "$VMPROF" -q -- ./plain
	refused 126 "$VMPROF" stat -- "$T"
}

@test "an interval, a duration, a number of tasks out of range" {
	local value

	for value in 0 60001 abc -1 1.5 '' 10ms 18446744073709551617; do
		refused 2 "$VMPROF" --interval "$value" --pid $$
	done
	for value in 0 -1 abc '' nan inf 1e3; do
		refused 2 "$VMPROF" --duration "$value" --pid $$
	done
	for value in 0 -1 abc 99999999999; do
		refused 2 "$VMPROF" --max-tasks "$value" --pid $$
	done
}

@test "a level, a system call, an option that does not exist" {
	refused 2 "$VMPROF" --detail foo --pid $$
	refused 2 "$VMPROF" --calls nosuchcall --pid $$
	refused 2 "$VMPROF" --calls '' --pid $$
	refused 2 "$VMPROF" --detail ledger --syscalls x --pid $$
	refused 2 "$VMPROF" --csv - --json - --pid $$
	[ ! -e x ]
	run --separate-stderr -2 "$VMPROF" --no-such-option --pid $$
	[[ $stderr == "vmprof: "* ]]
}

@test "an output that cannot be opened: said before CMD is started" {
	local option

	for option in --csv --json --syscalls; do
		refused 1 "$VMPROF" "$option" /nonexistent/file -- touch started
		[[ $stderr == *"/nonexistent/file"* ]]
		refused 1 "$VMPROF" "$option" "$T" -- touch started
	done
	[ ! -e started ]
}

@test "bad input does not truncate an output" {
	echo precious >run.csv
	refused 2 "$VMPROF" --csv run.csv --interval 0 --pid $$
	refused 1 "$VMPROF" --csv run.csv --pid "$(no_pid)"
	[ "$(cat run.csv)" = precious ]
}

@test "a kernel without type information: said in one sentence, and by features" {
	local hidden=(unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh)

	refused 1 "${hidden[@]}" "$VMPROF" -- touch started
	[[ $stderr == *CONFIG_DEBUG_INFO_BTF* ]]
	[ ! -e started ]
	run --separate-stderr "${hidden[@]}" "$VMPROF" features
	[ "$status" = 1 ]
	[[ $output == *CONFIG_DEBUG_INFO_BTF* && $output == *CAP_BPF* ]]
	[ -z "$stderr" ]
}

@test "no privilege: what is missing, and what to do" {
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)

	scratch /tmp
	install -m 755 "$VMPROF" "$SCRATCH/vmprof"
	cd "$SCRATCH"
	refused 1 "${as[@]}" "$SCRATCH/vmprof" -- true
	[[ $stderr == *sudo* && $stderr == *CAP_BPF* ]]
	run --separate-stderr "${as[@]}" "$SCRATCH/vmprof" features
	[ "$status" = 1 ]
	[[ $output == *"CAP_BPF"* && $output == *"CAP_PERFMON"* ]]
}

@test "the least privilege: CAP_BPF and CAP_PERFMON, as nobody" {
	local caps=+bpf,+perfmon
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "-all,$caps" --ambient-caps "-all,$caps"
		--bounding-set "-all,$caps" --no-new-privs)

	scratch /tmp
	install -m 755 "$VMPROF" "$SCRATCH/vmprof"
	install -m 755 "$WORK" "$SCRATCH/work"
	install -d -o 65534 "$SCRATCH/out"
	cd "$SCRATCH/out"
	run -0 "${as[@]}" "$SCRATCH/vmprof" features
	timeout -k 5 "$LIMIT" "${as[@]}" "$SCRATCH/vmprof" --quiet --threads --csv run.csv --syscalls run.calls \
		-- "$SCRATCH/work" run calls + pipe 200 + spin 100 + touch 101 >run.work
	check calls run.csv run.calls run.work
	check rusage run.csv run.work
	check wall run.csv run.work
	start sleep setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000
	wait_for grep -qx sleep "/proc/$PID/comm"
	timeout -k 5 "$LIMIT" "${as[@]}" "$SCRATCH/vmprof" --quiet --pid "$PID" --duration 0.3 --threads --csv pid.csv
	check state pid.csv "$PID" sleep 0.99
}

@test "names that break formats do not" {
	vmprof --csv run.csv --json run.json --syscalls run.calls --threads -- "$WORK" names 150
	check names run.csv run.json vmprof.out
	check valid run.csv run.json run.calls
}

@test "names that break terminals do not" {
	run -0 timeout -k 5 "$LIMIT" "$VMPROF" -- "$WORK" names 150
	run grep -c $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output"
	[ "$output" = 0 ]
}

@test "more threads than --max-tasks: said, and nothing is missing from the totals" {
	local level

	for level in full calls; do
		vmprof --detail "$level" --max-tasks 8 --csv run.csv --syscalls run.calls -- "$WORK" crowd 40 5 101
		check others run.csv run.calls vmprof.out
		grep -qi 'lost\|max-tasks' vmprof.out
		grep -q -- --max-tasks vmprof.out
	done
	vmprof --detail ledger --max-tasks 8 --csv run.csv -- "$WORK" crowd 40 5 101
	grep -q -- --max-tasks vmprof.out
}
