#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What vmprof may do, and does not do: how it is built, whose rights it uses, what it writes.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154 # what helpers.bash sets and uses; bats makes functions of tests

load ../lib/helpers

@test "built hardened: PIE, full RELRO, no executable stack, stack protector, FORTIFY" {
	readelf --wide --file-header --program-headers --dynamic "$VMPROF" >elf
	grep -q 'Type: .*DYN' elf
	grep -q 'FLAGS_1.*NOW.*PIE' elf
	grep -q 'GNU_RELRO' elf
	grep -q 'GNU_STACK .* RW ' elf
	readelf --wide --dyn-syms "$VMPROF" >symbols
	grep -q '__stack_chk_fail' symbols
	grep -q '__snprintf_chk' symbols
}

# What sudo sets when nobody calls it.
SUDO=(env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody)

# closed_and_open: closed/, which is root's alone, and theirs/, which is nobody's, in a directory for all; goes there
closed_and_open() {
	scratch /tmp
	cd "$SCRATCH" || return 1
	mkdir -m 700 closed
	install -d -o 65534 -g 65534 theirs
	echo precious >closed/file
	chmod 666 closed/file
	ln -s "$SCRATCH/closed/file" theirs/link
}

owner() {
	stat -c %u:%g "$1"
}

@test "under sudo, a file is opened as the caller would, and is the caller's" {
	local option

	closed_and_open
	for option in --csv --json --syscalls; do
		for file in closed/new closed/file theirs/link /proc/sys/kernel/core_pattern; do
			refused 1 "${SUDO[@]}" "$VMPROF" -q "$option" "$file" -- touch theirs/started
			[[ $stderr == *"$file: cannot be written by user 65534"*"Permission denied"*--as-root* ]]
		done
		timeout -k 5 "$LIMIT" "${SUDO[@]}" "$VMPROF" -q "$option" theirs/new -- sleep 0.12 >out
		[ "$(owner theirs/new)" = 65534:65534 ]
		[ -s theirs/new ]
		rm theirs/new
	done
	[ ! -e closed/new ]
	[ ! -e theirs/started ]
	[ "$(cat closed/file)" = precious ]
}

@test "under sudo, with --as-root: a file is opened as root, and is root's" {
	closed_and_open
	timeout -k 5 "$LIMIT" "${SUDO[@]}" "$VMPROF" -q --as-root --csv closed/new -- sleep 0.12 >out
	[ "$(owner closed/new)" = 0:0 ]
	check valid closed/new
}

@test "under sudo, what is open already needs no right: pipes, /dev/stdout, /dev/fd/3; nor does a device" {
	local file

	for file in - /dev/stdout /dev/fd/3 /proc/self/fd/3; do
		timeout -k 5 "$LIMIT" "${SUDO[@]}" "$VMPROF" -q --csv "$file" -- sleep 0.12 3>&1 2>err | cat >piped
		grep '^[0-9]*\.[0-9]*,\|^time,' piped >run.csv
		check valid run.csv '' '' 2
	done
	timeout -k 5 "$LIMIT" "${SUDO[@]}" "$VMPROF" -q --csv /dev/null -- true >out
	# What it is appended to stays.
	echo precious >log
	timeout -k 5 "$LIMIT" "$VMPROF" -q --csv /dev/stdout -- true >>log
	[ "$(head -n 1 log)" = precious ]
	refused 1 "$VMPROF" -q --csv /dev/fd/200 -- true
}

@test "what sudo says of its caller is not believed blindly: no file is opened" {
	refused 1 env SUDO_UID=x SUDO_GID=0 "$VMPROF" -q --csv new --pid $$
	refused 1 env SUDO_UID=1 "$VMPROF" -q --csv new --pid $$
	[ ! -e new ]
}

@test "curve under sudo: rows, their recording and the plot are the caller's" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	closed_and_open
	refused 1 "${SUDO[@]}" "$VMPROF" curve -q --max 1 --repeat 1 --csv closed/new -- touch theirs/started
	timeout -k 5 "$LIMIT" "${SUDO[@]}" "$VMPROF" curve -q --max 2 --repeat 1 --csv theirs/c.csv --plot theirs/c.svg -- sleep 0.1
	[ "$(owner theirs/c.csv) $(owner theirs/c.svg)" = "65534:65534 65534:65534" ]
	refused 1 "${SUDO[@]}" "$VMPROF" curve -q --from theirs/c.csv --plot closed/c.svg
	[[ $stderr == *"closed/c.svg"* ]]
	cp theirs/c.csv closed/c.csv
	refused 1 "${SUDO[@]}" "$VMPROF" curve -q --from closed/c.csv
	timeout -k 5 "$LIMIT" "${SUDO[@]}" "$VMPROF" curve -q --as-root --from closed/c.csv --plot closed/c.svg
	[ "$(owner closed/c.svg) $(ls closed theirs | grep -c svg)" = "0:0 2" ]
	[ ! -e theirs/started ]
}

@test "set-uid: files and CMD are the caller's, whatever the environment says; no --as-root" {
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups env SUDO_UID=0 SUDO_GID=0 timeout -k 5 "$LIMIT" ./vmprof)

	closed_and_open
	install -m 4755 "$VMPROF" vmprof
	[[ ,$(findmnt -n -o OPTIONS --target "$SCRATCH"), != *,nosuid,* ]] || skip "/tmp is mounted nosuid"
	refused 1 "${as[@]}" -q --csv closed/file --pid $$
	refused 1 "${as[@]}" -q --csv theirs/link --pid $$
	refused 1 "${as[@]}" -q --as-root --csv theirs/new --pid $$
	refused 1 "${as[@]}" -q --as-root -- true
	[ "$(cat closed/file)" = precious ]
	"${as[@]}" -q --csv theirs/run.csv -- sh -c 'id -u; id -ru; grep CapPrm /proc/self/status' >said
	[ "$(head -n 3 said)" = "$(printf '65534\n65534\nCapPrm:\t0000000000000000')" ]
	[ "$(owner theirs/run.csv)" = 65534:65534 ]
}

# field NAME PID: of /proc/PID/status
field() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status"
}

# only PID FIELD CAP…: of what we hold ourselves, these and no others are in that set of its capabilities
only() {
	local pid=$1 field=$2 cap want=0

	shift 2
	for cap in "$@"; do
		want=$((want | 1 << cap))
	done
	[ $((16#$(field "$field" "$pid"))) = $((want & 16#$(field CapPrm $$))) ]
}

# DAC_READ_SEARCH, KILL, SYS_PTRACE, PERFMON, BPF; see user/base/privilege.h
TO_READ=(2 5 19 38 39)

@test "once attached, capabilities are given up for good; CMD keeps its own" {
	local vmprof set

	start vmprof "$VMPROF" --quiet --csv run.csv -- sh -c 'echo $$; exec sleep 1000'
	vmprof=$PID
	sampled run.csv 2
	for set in CapEff CapPrm; do
		only "$vmprof" "$set" "${TO_READ[@]}"
	done
	[ "$(field CapInh "$vmprof") $(field NoNewPrivs "$vmprof")" = "0000000000000000 1" ]
	PID=$(head -n 1 vmprof.out)
	for set in CapEff CapPrm CapInh NoNewPrivs; do
		[ "$(field "$set" "$PID")" = "$(field "$set" $$)" ]
	done
	kill -INT "$vmprof"
	wait_for has_ended "$vmprof"
}

@test "without capabilities, under sudo: CMD of another user is ended, processes that come later are watched" {
	local vmprof

	closed_and_open
	cp "$(command -v sleep)" vmp-late
	start early ./vmp-late 1000
	start vmprof "${SUDO[@]}" "$VMPROF" --comm vmp-late --quiet --csv theirs/run.csv -- sh -c 'echo $$; exec sleep 1000'
	vmprof=$PID
	sampled theirs/run.csv 2
	start late setpriv --reuid 65534 --regid 65534 --clear-groups ./vmp-late 1000
	wait_for grep -q "^[0-9.]*,[0-9.]*,$PID," theirs/run.csv
	[ "$(stat -c %u "/proc/$(head -n 1 "$T/vmprof.out")")" = 65534 ]
	kill -TERM "$vmprof"
	wait_for has_ended "$vmprof"
	[ ! -d "/proc/$(head -n 1 "$T/vmprof.out")" ]
}

@test "curve lowers its effective capabilities; copies keep their own" {
	local copy

	start curve "$VMPROF" curve --quiet --max 1 --repeat 1 -- sh -c 'echo $$ >pid; exec sleep 1000'
	wait_for test -s pid
	copy=$(cat pid)
	only "$PID" CapEff "${TO_READ[@]}" 6 7
	[ "$(field CapEff "$copy") $(field NoNewPrivs "$copy")" = "$(field CapEff $$) $(field NoNewPrivs $$)" ]
	kill -INT "$PID"
	wait_for has_ended "$PID"
}

# alone ARG…: vmprof where the file system is read-only, but for what a program could want to write to: that is empty, and
# what it holds afterwards is in left
alone() {
	unshare --mount sh -euc '
		vmprof=$1
		shift
		mount -o remount,bind,ro /
		for dir in /run /tmp /var/tmp /dev/shm; do
			[ ! -d "$dir" ] || mount -t tmpfs none "$dir"
			[ "$dir" != /run ] || cp "$vmprof" /run/vmprof
		done
		mkdir /tmp/home /tmp/work
		cd /tmp/work
		HOME=/tmp/home /run/vmprof "$@" >/dev/null
		find /run /tmp /var/tmp /dev/shm -type f >&3' sh "$VMPROF" "$@" 3>left
	sed -i '\:^/run/vmprof$:d' left
}

@test "no file is written that was not asked for" {
	start target sleep 1000
	alone --quiet --duration 0.3 --pid "$PID"
	[ ! -s left ]
	alone --verbose --threads -- true
	[ ! -s left ]
	alone stat -- true
	[ ! -s left ]
	alone features
	[ ! -s left ]
	alone curve --max 2 --repeat 1 -- true
	[ ! -s left ]
	# It is this that would be seen.
	alone --quiet --csv asked -- true
	[ "$(cat left)" = /tmp/work/asked ]
}
