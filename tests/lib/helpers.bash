# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What all end-to-end tests share. Nothing here sleeps to be in time: it waits for a condition, for so long at most.

bats_require_minimum_version 1.5.0

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
VMPROF=${VMPROF:-$ROOT/vmprof}
WORK=${WORK:-$ROOT/build/tests/work/work}
LIB=$ROOT/tests/lib
export LC_ALL=C.UTF-8
unset SUDO_UID SUDO_GID SUDO_USER

LIMIT=60  # s, for any one command
PATIENCE=20 # s, for any condition

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root to load BPF programs"
	STARTED=()
	PREFIX=()
	SCRATCH=
	T=$BATS_TEST_TMPDIR
	cd "$T" || return 1
}

# Ends what the test started and what still runs of it.
teardown() {
	local pid path running

	[ "$(id -u)" = 0 ] || return 0
	running=$(jobs -pr)
	for pid in "${STARTED[@]}"; do
		if grep -qx "$pid" <<<"$running"; then
			kill -CONT "$pid"
			kill -KILL "$pid"
			wait "$pid" || true
		fi
	done
	# Workloads remove their cgroups; these are of those that could not.
	sed -n 's/^cgroup path=//p' "$T"/*.work 2>/dev/null | while read -r path; do
		[ ! -d "$path" ] || wait_for rmdir "$path"
	done
	[ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
	wait_for nothing_left
}

# scratch DIR: a directory below DIR that everyone may enter, until the test is over: in SCRATCH
scratch() {
	SCRATCH=$(mktemp -d "$1/vmprof-test-XXXXXX")
	chmod 755 "$SCRATCH"
}

nothing_left() {
	[ -z "$("$LIB/attached.py" left)" ]
}

# wait_for CMD ARG…: until it succeeds
wait_for() {
	local until=$((SECONDS + PATIENCE))

	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$until" ]; then
			echo "waited in vain for: $*"
			"$@" || true
			tail -n 20 "$T"/*.err
			return 1
		fi
		sleep 0.02
	done
}

# start NAME CMD ARG…: in the background, its output in NAME.out and NAME.err; sets PID
start() {
	local name=$1

	shift
	# Commands in the background ignore SIGINT, and what they start would, too.
	env --default-signal=INT,QUIT "$@" >"$T/$name.out" 2>"$T/$name.err" 3>&- &
	PID=$!
	STARTED+=("$PID")
}

# start_gated NAME WORK ARG…: a workload that waits for `go NAME`; sets PID
start_gated() {
	local name=$1 fifo="$T/$1.gate"

	shift
	mkfifo "$fifo"
	"$WORK" "$@" <"$fifo" >"$T/$name.work" 2>"$T/$name.err" 3>&- &
	PID=$!
	STARTED+=("$PID")
	exec {GATE}>"$fifo"
	printf -v "gate_$name" '%s' "$GATE"
	wait_for grep -q '^ready ' "$T/$name.work"
}

# go NAME: the workload goes on; what reads on to the end of its input ends
go() {
	local var="gate_$1"
	local fd=${!var}

	echo >&"$fd"
	exec {fd}>&-
}

has_ended() {
	local state

	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

# ends PID STATUS: it ends by itself, with that exit status
ends() {
	local got=0

	wait_for has_ended "$1"
	wait "$1" || got=$?
	if [ "$got" != "$2" ]; then
		echo "exit status $got, should be $2"
		tail -n 20 "$T"/*.err
		return 1
	fi
}

has_lines() {
	[ -f "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

# sampled FILE [ROWS]: vmprof has written that many rows behind the header; it is attached then
sampled() {
	wait_for has_lines "$1" $((${2:-1} + 1))
}

# vmprof ARG…: to its end, silent when that is well
vmprof() {
	timeout -k 5 "$LIMIT" "$VMPROF" --quiet "$@" >"$T/vmprof.out" 2>"$T/vmprof.err" 3>&- || {
		local got=$?

		echo "exit status $got: vmprof --quiet $*"
		cat "$T/vmprof.err"
		return 1
	}
}

# measure NAME LEVEL WORK ARG…: rows of processes and threads in NAME.csv, what the workload says in NAME.work
measure() {
	local name=$1 level=$2 calls=()

	shift 2
	[ "$level" = ledger ] || calls=(--syscalls "$T/$name.calls")
	timeout -k 5 "$LIMIT" "$VMPROF" --quiet --threads --detail "$level" --csv "$T/$name.csv" "${calls[@]}" \
		-- "${PREFIX[@]}" "$WORK" "$@" >"$T/$name.work" 2>"$T/$name.err" 3>&- </dev/null || {
		echo "exit status $?: $*"
		cat "$T/$name.err" "$T/$name.work"
		return 1
	}
}

check() {
	"$LIB/check.py" "$@"
}

# refused STATUS CMD ARG…: vmprof says why in one line, left in `stderr`, and ends with this status
refused() {
	local want=$1 got=0

	shift
	timeout -k 5 10 "$@" </dev/null >"$T/refused.out" 2>"$T/refused.err" 3>&- || got=$?
	stderr=$(<"$T/refused.err")
	if [ "$got" != "$want" ] || [ "$(wc -l <"$T/refused.err")" != 1 ] || [[ $stderr != "vmprof: "*:* ]] ||
		[ -s "$T/refused.out" ]; then
		echo "exit status $got, should be $want: $*"
		head -n 5 "$T/refused.out" "$T/refused.err"
		return 1
	fi
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
