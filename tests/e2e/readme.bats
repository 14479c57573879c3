#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Every command in the README, as it stands there.

setup_file() {
	export DIR=$BATS_FILE_TMPDIR
	# A network of its own: port 6379 of this machine may be somebody's.
	unshare --net bash -c 'ip link set lo up && exec redis-server --port 6379 --bind 127.0.0.1 --save "" \
		--appendonly no --dir "$DIR" --logfile "$DIR/log"' &
	echo $! >"$DIR/pid"
	until nsenter --net="/proc/$(cat "$DIR/pid")/ns/net" redis-cli -p 6379 ping >/dev/null 2>&1; do
		kill -0 "$(cat "$DIR/pid")" || return 1
	done
}

teardown_file() {
	kill "$(cat "$DIR/pid")"
}

# The lines of the ```sh blocks.
commands() {
	awk '/^```sh/ {on = 1; next} /^```/ {on = 0} on' "$BATS_TEST_DIRNAME/../../README.md"
}

@test "README: each command of 'Use' works as it stands there" {
	cd "$DIR"
	ln -s "$BATS_TEST_DIRNAME/../../vmprof" vmprof
	count=0
	while IFS= read -r command; do
		[[ $command == *make* ]] && continue
		# ^C where the README says so
		run timeout --preserve-status -s INT 3 nsenter --net="/proc/$(cat "$DIR/pid")/ns/net" \
			bash -c "$command" </dev/null
		echo "$command: $status: $output"
		[ "$status" -eq 0 ]
		[ -n "$output" ]
		count=$((count + 1))
	done < <(commands)
	[ "$count" -ge 8 ]
	[ "$(wc -l <run.csv)" -gt 2 ]
	[ "$(wc -l <calls.csv)" -gt 2 ]
	[ "$(wc -l <run.json)" -gt 2 ]
}

@test "README: a bundled server, under load and watched, as it stands there" {
	cd "$BATS_TEST_DIRNAME/../.."
	# Who types that is slower: the server listens by the time the second line comes.
	awk '/^```bash/ {on = 1; next} /^```/ {on = 0} on { print } on && !n++ {
		print "until ss -Hltn | grep -q :8080; do kill -0 %1 || exit; done" }' README.md >"$DIR/block"
	run timeout 60 nsenter --net="/proc/$(cat "$DIR/pid")/ns/net" bash "$DIR/block" </dev/null
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"Where "*" of threads' wall time went"* ]]
	[[ $output == *"connections "* ]]
}

@test "README: the curve, with fewer and shorter runs" {
	cd "$BATS_TEST_DIRNAME/../.."
	scratch=$(mktemp -d /var/tmp/vmprof-test-XXXXXX)
	command=$(sed -n '/^\$ sudo .*vmprof curve/,/^```/ { /^```/d; s/^\$ //; p }' README.md |
		sed "s/--max 8/--max 2 --repeat 1/; s/--seconds 3/--seconds 1/; s:/var/tmp:$scratch:; s:curve.svg:$scratch/&:")
	run timeout 100 bash -c "$command" </dev/null
	echo "$command: $output"
	svg=$(head -c 500 "$scratch/curve.svg")
	rm -rf "$scratch"
	[ "$status" -eq 0 ]
	[[ $svg == *"<svg"* ]]
}

@test "README: its two commands are make's" {
	[ "$(commands | grep -c '^sudo make')" -eq 2 ]
	commands | sed -n 's/^sudo make \([a-z]*\).*/\1/p' | while read -r target; do
		make -n -C "$BATS_TEST_DIRNAME/../.." "$target" >/dev/null
	done
}

@test "README: the targets of make in its prose are there, and install installs" {
	cd "$BATS_TEST_DIRNAME/../.."
	count=0
	for target in $(grep -oE '`(sudo )?make( [a-z-]+)?`' README.md | sed -E 's/`//g; s/^(sudo )?make ?//'); do
		echo "make $target"
		make -n "$target" >/dev/null
		count=$((count + 1))
	done
	[ "$count" -ge 4 ]

	make -s install DESTDIR="$DIR/root" PREFIX=/usr
	"$DIR/root/usr/bin/vmprof" --help | grep -q -- --pid
	[ -s "$DIR/root/usr/share/man/man1/vmprof.1" ]
}

@test "README: the demo ends with totals and a CSV" {
	cd "$BATS_TEST_DIRNAME/../.."
	DEMO_SECONDS=1 run timeout 60 scripts/demo
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"System calls by time"* ]]
	[[ $output == *"build/demo.csv: "*" rows of 51 columns"* ]]
}
