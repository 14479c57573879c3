#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Servers that nobody here wrote, under the load generators that come with them. On the loopback interface.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

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
