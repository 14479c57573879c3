#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A kernel that is too old: one sentence, and nothing left behind. For a guest with Linux 5.10, see docs/kernels.md.
# shellcheck disable=SC2154 # what helpers.bash sets

load ../lib/helpers

setup_file() {
	[[ $(uname -r) == 5.10.* ]] || skip "this is no Linux 5.10"
}

@test "a kernel without task storage for tracing programs: said in one sentence" {
	refused 1 "$VMPROF" --pid 1
	[[ $stderr == *"Linux 5.1"* ]]
	refused 1 "$VMPROF" stat --pid 1
}

@test "the command is not started, no output is made" {
	refused 1 "$VMPROF" --csv run.csv -- touch started
	refused 1 "$VMPROF" curve --max 1 --csv run.csv -- touch started
	[ ! -e started ]
	[ ! -s run.csv ]
}

@test "features says what is missing" {
	run -1 "$VMPROF" features
	[[ $output == *"NO   saved registers"*"required: Linux 5.15"* ]]
}
