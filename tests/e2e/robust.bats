#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Faults: vmprof is killed, refused what it needs, stopped, starved, or not read. Nothing is left, and nothing is lost
# in silence.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

SERVER=${SERVER:-$ROOT/servers/server}
LOADGEN=${LOADGEN:-$ROOT/workloads/loadgen/loadgen}

@test "kill -9 at 200 random moments, under load: nothing is left, the server does not notice" {
	local server load port

	start server "$SERVER" --model thread --app http --port 0
	server=$PID
	wait_for grep -q '^listening' server.out
	port=$(sed -n 's/^listening on 127.0.0.1:\([0-9]*\).*/\1/p' server.out)
	start load "$LOADGEN" --app http --port "$port" --clients 8 --rate 2000 --timeout 30 --seconds 300 --json
	load=$PID
	"$LIB/kills.py" 200 4 "$VMPROF" --quiet --interval 5 --pid "$server" --csv {}
	wait_for nothing_left
	kill -INT "$load"
	ends "$load" 0
	python3 -c 'import json, sys; r = json.load(sys.stdin); print(r); sys.exit(r["errors"] != 0 or r["requests"] < 1000)' <load.out
	kill -0 "$server"
}

# each_refused ERRNO: whatever the kernel refuses vmprof, it says so in one sentence and leaves nothing
each_refused() {
	local n status kind
	local -A failed=()

	for ((n = 1; n < 200; n++)); do
		status=0
		timeout -k 5 "$LIMIT" "$WORK" refuse "$n" "$1" "$VMPROF" --quiet --pid "$PID" --duration 0.01 --csv "$n.csv" \
			>out 2>err 3>&- || status=$?
		kind=$(sed -n 's/^refused //p' err)
		[ -n "$kind" ] || break
		sed -i '/^refused /d' err
		echo "number $n, $kind: exit status $status: $(cat err)"
		# Some libbpf only makes to find out what the kernel knows: it does without.
		if [ "$status" = 0 ]; then
			check single "$n.csv" 0.01 "$PID"
			continue
		fi
		failed[$kind]=$((failed[$kind] + 1))
		[ "$status" = 1 ]
		[ "$(wc -l <err)" = 1 ]
		[[ $(<err) == "vmprof: "*:* ]]
		[ ! -s out ]
	done
	[ "$status" = 0 ] # nothing was refused
	[ "${failed[map]}" -ge 8 ]
	[ "${failed[program]}" -ge 9 ]
	[ "${failed[attach]}" -ge 8 ]
	[ "${failed[iterator]}" -ge 1 ]
	[ "${failed[update]}" -ge 3 ]
	wait_for nothing_left
}

@test "no memory for each map, program, link that is made: one sentence, all released" {
	start sleep sleep 1000
	each_refused 12
}

@test "no permission for each map, program, link that is made: one sentence, all released" {
	start sleep sleep 1000
	each_refused 1
}
