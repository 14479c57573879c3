#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Who is watched: chosen in every way there is, found, followed, and kept.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

# Three that are alike, but for what they are chosen by.
three() {
	local i

	for i in 1 2 3; do
		start "sleep$i" sleep 1000
		printf -v "pid$i" '%s' "$PID"
	done
}

@test "--pid: a list" {
	three
	vmprof --pid "$pid1,$pid3" --duration 0.2 --csv run.csv
	check pids run.csv "$pid1" "$pid3"
	vmprof -p "$pid2" -d 0.2 --csv run.csv
	check pids run.csv "$pid2"
}

@test "--pid: threads, children and grandchildren that are there are found" {
	local root vmprof

	start_gated w tree 1009
	root=$PID
	start vmprof "$VMPROF" --quiet --threads --pid "$root" --csv run.csv --syscalls run.calls
	vmprof=$PID
	sampled run.csv
	go w
	ends "$vmprof" 0
	ends "$root" 0
	check calls run.csv run.calls w.work
	[ "$(awk -F, '$4 != 0 { print $4 }' run.csv | sort -u | wc -l)" = 7 ] # and a header
	# shellcheck disable=SC2046 # a word per child
	check pids run.csv "$root" $(awk -F'[ =]' '/^child/ { print $3 }' w.work)
}

@test "--pid --no-children: its threads, no children" {
	local root vmprof

	start_gated w tree 1009
	root=$PID
	start vmprof "$VMPROF" --quiet --no-children --threads --pid "$root" --csv run.csv
	vmprof=$PID
	sampled run.csv
	go w
	ends "$vmprof" 0
	check pids run.csv "$root"
	[ "$(awk -F, '$4 != 0 { print $4 }' run.csv | sort -u | wc -l)" = 3 ]
}

@test "-- CMD --no-children: CMD alone" {
	vmprof --no-children --csv run.csv -- "$WORK" run spin 10
	check pids run.csv "$(sed -n 's/^rusage pid=\([0-9]*\) .*/\1/p' vmprof.out)"
}

@test "-- CMD: its children and theirs" {
	vmprof --csv run.csv -- "$WORK" run spin 10 + pipe 50
	# shellcheck disable=SC2046 # a word per process
	check pids run.csv $(sed -n 's/^\(child\|rusage\) pid=\([0-9]*\) .*/\2/p' vmprof.out)
}

# Names and a user that are this test's alone.
@test "--comm: a glob" {
	local one two name=vm$$

	three
	cp "$(command -v sleep)" "$name-one"
	cp "$(command -v sleep)" "$name-two"
	start one "./$name-one" 1000
	one=$PID
	start two "./$name-two" 1000
	two=$PID
	wait_for grep -qx "$name-one" "/proc/$one/comm"
	wait_for grep -qx "$name-two" "/proc/$two/comm"
	vmprof --comm "$name-*" --duration 0.2 --csv run.csv
	check pids run.csv "$one" "$two"
	vmprof --comm "$name-[!o]*" --duration 0.2 --csv run.csv
	check pids run.csv "$two"
}

@test "--comm: one that comes later is found" {
	local one two vmprof name=vm$$

	cp "$(command -v sleep)" "$name"
	start one "./$name" 1000
	one=$PID
	wait_for grep -qx "$name" "/proc/$one/comm"
	start vmprof "$VMPROF" --quiet --comm "$name" --csv run.csv
	vmprof=$PID
	sampled run.csv
	start two "./$name" 1000
	two=$PID
	wait_for grep -q ",$two,0,$name," run.csv
	kill -INT "$vmprof"
	ends "$vmprof" 0
	check pids run.csv "$one" "$two"
}

@test "--user: a number or a name" {
	local mine uid=$((1000000 + $$))

	three
	start mine setpriv --reuid "$uid" --clear-groups sleep 1000
	mine=$PID
	wait_for grep -qx sleep "/proc/$mine/comm"
	vmprof --user "$uid" --duration 0.2 --csv run.csv
	check pids run.csv "$mine"
	start mine setpriv --reuid "$(id -u backup)" --clear-groups sleep 1000
	mine=$PID
	wait_for grep -qx sleep "/proc/$mine/comm"
	vmprof --user backup --duration 0.2 --csv run.csv
	grep -q ",$mine,0,sleep," run.csv
	run grep -q ",$pid1,0,sleep," run.csv
	[ "$status" = 1 ]
}

@test "--port: who listens there" {
	local port server

	three
	start_gated server listen
	server=$PID
	port=$(sed -n 's/^ready .*port=//p' server.work)
	vmprof --port "$port" --duration 0.2 --csv run.csv
	check pids run.csv "$server"
}

# in_cgroup DIR
in_cgroup() {
	local group=$1/vmprof-test-$$

	echo "cgroup path=$group/inner" >>groups.work
	echo "cgroup path=$group" >>groups.work
	mkdir "$group" "$group/inner"
	three
	echo "$pid1" >"$group/cgroup.procs"
	echo "$pid2" >"$group/inner/cgroup.procs"
	vmprof --cgroup "$group" --duration 0.2 --csv run.csv
	check pids run.csv "$pid1" "$pid2"
	vmprof --cgroup "${group##*/}/inner" --duration 0.2 --csv run.csv
	check pids run.csv "$pid2"
	kill "$pid1" "$pid2"
	wait_for rmdir "$group/inner"
	wait_for rmdir "$group"
}

@test "--cgroup: version 1" {
	[ -d /sys/fs/cgroup/pids ] || skip "no cgroup v1 is mounted here"
	in_cgroup /sys/fs/cgroup/pids
}

@test "--cgroup: version 2" {
	local root=/sys/fs/cgroup

	[ -f $root/cgroup.procs ] || root=/sys/fs/cgroup/unified
	[ -f $root/cgroup.procs ] || skip "no cgroup v2 is mounted here"
	in_cgroup $root
}

# frozen DIR FILE TEXT: what is in a frozen cgroup is stopped, whatever it did
frozen() {
	local group=$1/vmprof-test-$$ pid vmprof

	echo "cgroup path=$group" >>groups.work
	mkdir "$group"
	start sleep sleep 1000
	pid=$PID
	echo "$pid" >"$group/cgroup.procs"
	echo "$3" >"$group/$2"
	wait_for frozen_or_dead "$group"
	vmprof --threads --pid "$pid" --duration 0.4 --csv run.csv
	echo "$4" >"$group/$2"
	kill "$pid"
	wait_for rmdir "$group"
	check state run.csv "$pid" stopped 0.999
}

frozen_or_dead() {
	grep -qx FROZEN "$1/freezer.state" || grep -qx 'frozen 1' "$1/cgroup.events"
}

@test "a frozen cgroup, version 1: stopped" {
	[ -d /sys/fs/cgroup/freezer ] || skip "no cgroup v1 with the freezer is mounted here"
	frozen /sys/fs/cgroup/freezer freezer.state FROZEN THAWED
}

@test "a frozen cgroup, version 2: stopped" {
	local root=/sys/fs/cgroup

	[ -f $root/cgroup.procs ] || root=/sys/fs/cgroup/unified
	[ -f $root/cgroup.procs ] || skip "no cgroup v2 is mounted here"
	frozen $root cgroup.freeze 1 0
}

# executes HOW [vmprof options]: a target, by `work HOW`, becomes another program; one process all along
executes() {
	local how=$1 pid vmprof
	shift

	start_gated w gate "$how" 100 sleep 0.1
	pid=$PID
	start vmprof "$VMPROF" --quiet --interval 20 --pid "$pid" --csv run.csv "$@"
	vmprof=$PID
	sampled run.csv
	go w
	ends "$vmprof" 0
	check pids run.csv "$pid"
	check events run.csv "$pid" exec:sleep exit:sleep
	EXECUTED=$pid
}

@test "a target that executes another program stays the target" {
	executes exec
}

@test "a thread that is not the first executes a program: the same process" {
	executes thread-exec --threads
	check intervals run.csv 0.2 "$EXECUTED"
}

@test "the end of the last target ends the run: exit rows of each" {
	local vmprof

	three
	start vmprof "$VMPROF" --quiet --pid "$pid1,$pid2" --csv run.csv
	vmprof=$PID
	sampled run.csv
	kill "$pid1"
	wait_for grep -q ",$pid1,0,sleep,exit," run.csv
	kill "$pid2"
	ends "$vmprof" 0
	check events run.csv "$pid1" exit:sleep
	check events run.csv "$pid2" exit:sleep
	check pids run.csv "$pid1" "$pid2"
}

@test "a PID and CMD together" {
	start sleep sleep 1000
	start vmprof "$VMPROF" --quiet --pid "$PID" --duration 0.3 --csv run.csv -- "$WORK" spin 50
	ends "$PID" 0
	grep -q ',sleep,sample,' run.csv
	grep -q ',w.user,exit,' run.csv
}

@test "CMD's own exit status is vmprof's" {
	run -0 timeout -k 5 "$LIMIT" "$VMPROF" -q -- true
	run -7 timeout -k 5 "$LIMIT" "$VMPROF" -q -- sh -c 'exit 7'
	run -137 timeout -k 5 "$LIMIT" "$VMPROF" -q -- sh -c 'kill -KILL $$'
	run -143 timeout -k 5 "$LIMIT" "$VMPROF" stat -- sh -c 'kill $$'
	[[ $output == *vcsw* || $output == *switches* ]]
}

@test "under sudo, CMD is the caller's; with --as-root it is root's" {
	local as=(env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody timeout -k 5 "$LIMIT" "$VMPROF" --csv - -q)

	run -0 --separate-stderr "${as[@]}" -- sh -c 'id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status' 3>&-
	# Less the rows that came in between.
	output=$(grep -v , <<<"$output")$'\n'
	[[ $'\n'$output == *$'\n65534\n65534\n65534\n'"$(getent passwd nobody | cut -d: -f6)"$'\nCapEff:\t0000000000000000\n'* ]]
	run -0 --separate-stderr "${as[@]}" --as-root -- id -u
	[[ $'\n'$output == *$'\n0\n'* ]]
}

@test "what sudo says of its caller is not believed blindly" {
	refused 1 env SUDO_UID=x SUDO_GID=0 "$VMPROF" -q -- id -u
}

@test "vmprof does not watch itself, though it is a child of the target" {
	bash -c '"$0" --quiet --duration 0.2 --csv run.csv --pid $$ >/dev/null & echo $! >pid; wait $!' "$VMPROF"
	[ "$(wc -l <run.csv)" -gt 1 ]
	! grep -q ",$(cat pid),0," run.csv
}
