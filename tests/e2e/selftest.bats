#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# vmprof selftest: everything is right on this kernel, and it says so in every form.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

# right LEVEL [ARG…]: it ends well, and in time; what it printed is in `output`
right() {
	local begin=$SECONDS

	run --separate-stderr timeout -k 5 "$LIMIT" "$VMPROF" selftest --detail "$@"
	if [ "$status" != 0 ] || [ -n "$stderr" ]; then
		echo "exit status $status: $stderr"
		echo "$output"
		return 1
	fi
	((SECONDS - begin <= 20))
}

@test "selftest: all checks of level full are ok, in 20 s, and no file is made" {
	mkdir empty
	cd empty
	right full
	grep -qE '^([0-9]+) of \1 checks: you can believe the numbers$' <<<"$output"
	[ "$(grep -c ' ok$' <<<"$output")" -ge 44 ]
	[[ $output != *OFF* ]]
	grep -qE 'a system call: [0-9]+ ns bare, [0-9]+ ns watched, [0-9]+ ns of a process that is not watched' <<<"$output"
	[ -z "$(ls -A)" ]
}

@test "selftest --json: an object a line, each check of level calls is ok, the costs are measured" {
	right calls --json
	printf '%s\n' "$output" >run.json
	python3 - run.json <<'EOF'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
run, checks = lines[0], [line for line in lines if line["type"] == "check"]
costs, verdict = {line["id"]: line for line in lines if line["type"] == "cost"}, lines[-1]
assert run["type"] == "selftest" and run["detail"] == "calls" and run["cpus"] > 0, run
assert len(checks) >= 42 and len({c["id"] for c in checks}) == len(checks), len(checks)
for c in checks:
    assert c["verdict"] == "ok" or c["verdict"] == "absent" and "vmprof" not in c, c
    assert c["verdict"] == "absent" or c["error"] or c["least"] <= c["vmprof"] <= c["most"], c
assert sorted(costs) == ["call", "fault", "round-trip"], costs
for cost in costs.values():
    assert all(cost[key] > 0 for key in ("bare_ns", "watched_ns", "bystander_ns")), cost
assert verdict["type"] == "verdict" and verdict["verdict"] == "ok" and verdict["off"] == 0, verdict
assert verdict["checks"] == sum(c["verdict"] == "ok" for c in checks), verdict
EOF
}

@test "selftest --quiet: says nothing, and is as sure, in level ledger" {
	right ledger --quiet
	[ -z "$output" ]
}

@test "selftest: on one CPU" {
	run -0 timeout -k 5 "$LIMIT" taskset -c 0 "$VMPROF" selftest --quiet
}

@test "selftest: two at the same time do not disturb each other" {
	local first second

	start first "$VMPROF" selftest
	first=$PID
	start second "$VMPROF" selftest --quiet
	second=$PID
	ends "$first" 0
	ends "$second" 0
	grep -q 'you can believe' first.out
}

@test "selftest: nothing of the shell's before it is taken for its own" {
	run -0 timeout -k 5 "$LIMIT" bash -c 'ls -lR /usr/include >/dev/null; trap "" CHLD; exec "$0" selftest --quiet' "$VMPROF"
}

is_attached() {
	[ -n "$("$LIB/attached.py" of "$1")" ]
}

@test "selftest: killed in the middle, none of its processes stays, and no program" {
	local pid child children

	start killed "$VMPROF" selftest
	pid=$PID
	wait_for is_attached "$pid"
	children=$(pgrep -P "$pid")
	[ -n "$children" ]
	kill -KILL "$pid"
	for child in $children; do
		wait_for has_ended "$child"
	done
}

@test "selftest: without privileges, what is missing, and what to do" {
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)

	scratch /tmp
	install -m 755 "$VMPROF" "$SCRATCH/vmprof"
	cd "$SCRATCH"
	refused 1 "${as[@]}" "$SCRATCH/vmprof" selftest
	[[ $stderr == *sudo* && $stderr == *CAP_BPF* ]]
}

@test "selftest: with CAP_BPF and CAP_PERFMON, as nobody: what may not be looked at is no error" {
	local caps=+bpf,+perfmon
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "-all,$caps" --ambient-caps "-all,$caps"
		--bounding-set "-all,$caps" --no-new-privs)

	scratch /tmp
	install -m 755 "$VMPROF" "$SCRATCH/vmprof"
	cd "$SCRATCH"
	run -0 timeout -k 5 "$LIMIT" "${as[@]}" "$SCRATCH/vmprof" selftest
	grep -qE 'programs left in the kernel +- +- +- +-$' <<<"$output"
	[[ $output == *"you can believe"* ]]
}

@test "selftest: used wrongly" {
	refused 2 "$VMPROF" selftest --detail foo
	refused 2 "$VMPROF" selftest something
}

@test "selftest: a full disk is said" {
	run timeout -k 5 "$LIMIT" bash -c '"$0" selftest --detail ledger 2>err >/dev/full' "$VMPROF"
	[ "$status" = 1 ]
	[ "$(<err)" = "vmprof: standard output: No space left on device" ]
}
