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
