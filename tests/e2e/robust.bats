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

# unread ARG…: a vmprof whose output nobody reads, until its pipe is full; sets PID. `read_all FILE` reads it
unread() {
	mkfifo pipe
	exec {PIPE}<>pipe
	start vmprof sh -c 'exec "$@" >pipe' sh "$VMPROF" --quiet --interval 1 --csv - "$@"
	wait_for is_full
}

is_full() {
	python3 -c 'import select, sys; p = select.poll(); p.register(3, select.POLLOUT); sys.exit(bool(p.poll(0)))' 3>pipe
}

read_all() {
	cat <pipe >"$1" 3>&- {PIPE}>&- & # or it would wait for itself
	exec {PIPE}>&-
	wait "$!"
}

rss_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# ends_unread SIGNAL
ends_unread() {
	local target before

	start target "$WORK" run spin 60000 + pipe 60000
	target=$PID
	unread --threads --pid "$target"
	before=$(rss_kb "$PID")
	sleep 1 # in which nothing may pile up
	[ "$(rss_kb "$PID")" -le $((before + 256)) ]
	kill "-$1" "$PID"
	ends "$PID" 1
	grep -q '^vmprof: standard output: was not read' vmprof.err
	read_all run.csv
	check valid run.csv '' '' 20
	kill -0 "$target"
}

@test "output that nobody reads: no memory piles up, ^C ends it, what is there is whole rows" {
	ends_unread INT
}

@test "output that nobody reads: no memory piles up, SIGTERM ends it, what is there is whole rows" {
	ends_unread TERM
}

@test "output that nobody reads, and a command: SIGTERM ends both" {
	unread -- sh -c 'echo $$ >command; exec "$0" run spin 60000 + pipe 60000 >&2' "$WORK"
	kill -TERM "$PID"
	ends "$PID" 1
	wait_for has_ended "$(cat command)"
	read_all run.csv
	check valid run.csv '' '' 20
}

@test "output that nobody reads for a while: one long interval, and nothing is lost" {
	local target

	start_gated w gate run calls + pipe 400 + touch 1009 + spin 100
	target=$PID
	unread --pid "$target" --syscalls run.calls
	go w
	ends "$target" 0
	read_all run.csv
	ends "$PID" 0
	check rusage run.csv w.work
	check calls run.csv run.calls w.work
	check valid run.csv '' run.calls
}
