#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Servers that nobody here wrote, under the load generators that come with them; and our own, of which it is known where
# they rest and what they call. On the loopback interface.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

SERVER=${SERVER:-$ROOT/servers/server}
GO_SERVER=${GO_SERVER:-$ROOT/servers/go/server}
LOADGEN=${LOADGEN:-$ROOT/workloads/loadgen/loadgen}

answers() {
	python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$1"
}

redis() {
	command -v redis-server redis-benchmark >/dev/null || skip "redis-server and redis-benchmark are not installed"
	PORT=$(free_port)
	start redis redis-server --bind 127.0.0.1 --port "$PORT" --save '' --appendonly no --daemonize no
	REDIS=$PID
	wait_for answers "$PORT"
}

@test "redis at rest: its first thread polls" {
	redis
	vmprof --pid "$REDIS" --duration 1 --threads --csv run.csv
	check state run.csv "$REDIS" poll
	check intervals run.csv 1 "$REDIS"
}

@test "redis under redis-benchmark: as many reads and writes as requests, and more polls than none" {
	local vmprof

	redis
	start vmprof "$VMPROF" --quiet --pid "$REDIS" --csv run.csv --syscalls run.calls
	vmprof=$PID
	sampled run.csv
	redis-benchmark -h 127.0.0.1 -p "$PORT" -q -n 20000 -c 20 -t get >benchmark 2>&1
	kill -INT "$vmprof"
	ends "$vmprof" 0
	check server run.csv 20000 sys_read sys_write
	check server run.csv 20 sys_accept sys_close
	check server run.csv 1 sys_poll
	check valid run.csv '' run.calls 2 live
	redis-benchmark -h 127.0.0.1 -p "$PORT" -q -n 1 -c 1 -t ping >benchmark # it still answers
}

@test "redis found by its port, its load generator beside it, in every level" {
	local level

	redis
	for level in ledger calls full; do
		start "$level" "$VMPROF" --quiet --detail "$level" --port "$PORT" --csv "$level.csv"
		sampled "$level.csv"
		redis-benchmark -h 127.0.0.1 -p "$PORT" -q -n 5000 -c 20 -t set >benchmark 2>&1
		kill -INT "$PID"
		ends "$PID" 0
		check pids "$level.csv" "$REDIS"
		check absent "$level.csv" "$level"
		[ "$level" = ledger ] || check server "$level.csv" 5000 sys_read sys_write
	done
}

@test "nginx under wrk: the workers of the master, as many receives as requests" {
	local master vmprof requests

	command -v nginx wrk >/dev/null || skip "nginx and wrk are not installed"
	scratch /tmp # its workers are another user's
	PORT=$(free_port)
	mkdir "$SCRATCH/logs"
	echo hello >"$SCRATCH/index.html"
	cat >"$SCRATCH/nginx.conf" <<-EOF
		daemon off;
		pid $SCRATCH/nginx.pid;
		worker_processes 2;
		error_log $SCRATCH/logs/error.log;
		events {}
		http {
			access_log off;
			keepalive_requests 1000000;
			server {
				listen 127.0.0.1:$PORT;
				root $SCRATCH;
			}
		}
	EOF
	start nginx nginx -p "$SCRATCH" -c "$SCRATCH/nginx.conf"
	master=$PID
	wait_for answers "$PORT"
	start vmprof "$VMPROF" --quiet --pid "$master" --csv run.csv --syscalls run.calls
	vmprof=$PID
	sampled run.csv 3
	wrk -t 1 -c 10 -d 1 "http://127.0.0.1:$PORT/index.html" >wrk.out
	kill -INT "$vmprof"
	ends "$vmprof" 0
	requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' wrk.out)
	[ "$requests" -gt 100 ]
	# shellcheck disable=SC2046 # a word per worker
	check pids run.csv "$master" $(pgrep -P "$master")
	check server run.csv "$requests" sys_recv sys_total
	check server run.csv 10 sys_accept
	kill -QUIT "$master" # its workers, too
	wait_for has_ended "$master"
}

# Its descriptors, threads and children: the same again when all connections have gone.
held_by() {
	local of=(/proc/"$1"/fd/* /proc/"$1"/task/*)

	echo "${#of[@]} $(pgrep -cP "$1")"
}

holds() {
	[ "$(held_by "$1")" = "$2" ]
}

# shaped MODEL APP COMMAND…: a server of our own, at rest with 5 connections, then under 10007 requests from 7
shaped() {
	local model=$1 app=$2 server vmprof before request

	shift 2
	start server "$@"
	server=$PID
	wait_for grep -q '^listening on ' server.out
	PORT=$(sed -n 's/^listening on .*://p' server.out)
	before=$(held_by "$server")
	case $app in
	mastermind) request='new\n' ;;
	chat) request='/nick me\n' ;;
	kv) request='PING\r\n' ;;
	http) request='GET / HTTP/1.1\r\nHost: here\r\n\r\n' ;;
	esac
	start hold "$LIB/hold.py" "$PORT" 5 "$request"
	wait_for grep -q ready hold.out
	vmprof --pid "$server" --duration 1 --threads --csv rest.csv
	check rest rest.csv "$model" "$app" 5
	kill "$PID"
	ends "$PID" 143
	# The Go server keeps what it once had.
	[ "$model" = go ] || wait_for holds "$server" "$before"

	before=$(held_by "$server")
	start vmprof "$VMPROF" --quiet --pid "$server" --csv run.csv --syscalls run.calls
	vmprof=$PID
	sampled run.csv
	timeout -k 5 "$LIMIT" "$LOADGEN" --app "$app" --port "$PORT" --requests 10007 --clients 7 --json >load.json
	[ "$model" = go ] || wait_for holds "$server" "$before"
	kill -INT "$vmprof"
	ends "$vmprof" 0
	check load run.calls run.csv load.json "$model" "$app"
	kill "$server"
	ends "$server" 0
}

ours() {
	shaped "$1" "$2" "$SERVER" --model "$1" --app "$2" --quiet
}

@test "thread, mastermind: rests in net; as many calls as requests" {
	ours thread mastermind
}

@test "fork, mastermind: rests in net; as many calls as requests" {
	ours fork mastermind
}

@test "event, mastermind: rests in poll; as many calls as requests" {
	ours event mastermind
}

@test "coroutine, mastermind: rests in poll; as many calls as requests" {
	ours coroutine mastermind
}

@test "thread, chat: rests in net; as many calls as requests" {
	ours thread chat
}

@test "fork, chat: rests in net; as many calls as requests" {
	ours fork chat
}

@test "event, chat: rests in poll; as many calls as requests" {
	ours event chat
}

@test "coroutine, chat: rests in poll; as many calls as requests" {
	ours coroutine chat
}

@test "thread, kv: rests in net; as many calls as requests" {
	ours thread kv
}

@test "fork, kv: rests in net; as many calls as requests" {
	ours fork kv
}

@test "event, kv: rests in poll; as many calls as requests" {
	ours event kv
}

@test "coroutine, kv: rests in poll; as many calls as requests" {
	ours coroutine kv
}

@test "thread, http: rests in net; as many calls as requests" {
	ours thread http
}

@test "fork, http: rests in net; as many calls as requests" {
	ours fork http
}

@test "event, http: rests in poll; as many calls as requests" {
	ours event http
}

@test "coroutine, http: rests in poll; as many calls as requests" {
	ours coroutine http
}

@test "Go, http: rests in poll; as many calls as requests" {
	[ -x "$GO_SERVER" ] || skip "no $GO_SERVER: it is built where there is a Go compiler"
	shaped go http "$GO_SERVER"
}
