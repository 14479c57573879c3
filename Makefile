# SPDX-License-Identifier: BSD-2-Clause
#
# make            ./vmprof, the servers and workloads
# make check      all tests (needs root for the end-to-end ones)
# make servers    the servers and workloads alone
# make demo       a real server under load, watched
# make case-studies  five questions, from workload to picture
# make bench      what it costs
# make lint       formatting, static analysis, direction of includes
# make sanitize   tests of vmprof and the servers under AddressSanitizer, UBSan and ThreadSanitizer
# make valgrind   vmprof under valgrind
# make fuzz       all parsers of outside data, 60 s
# make vm-matrix  the tests on stock kernels under QEMU (docs/kernels.md)
# make coverage   how much of vmprof's code the tests reach
# make deps       install what all of this needs (Debian, Ubuntu)
# make install    PREFIX, DESTDIR
#
# For another machine: make build/arm64/bin/vmprof B=build/arm64 ARCH=arm64 CC=aarch64-linux-gnu-gcc

VERSION := 0.1.0
PREFIX  ?= /usr/local
B       := build

CC       ?= cc
CLANG    ?= clang
BPFTOOL  ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Werror
# FORTIFY needs an optimiser, and sanitizers see more without it.
HARDEN_C := -fPIE -fstack-protector-strong $(if $(SAN),,$(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)), \
	    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN_L := -pie -Wl,-z,relro,-z,now,-z,noexecstack
CPPFLAGS += -D_GNU_SOURCE -DVMPROF_VERSION='"$(VERSION)"' -Iuser -Ibpf -I$(B)
ALL_C    = $(CC) -std=gnu11 $(CFLAGS) $(SAN_C) $(if $(filter thread,$(SAN)),-Wno-tsan) $(HARDEN_C) $(WARN) $(CPPFLAGS) -MMD -MP
LDLIBS   := -lbpf -lelf -lz -ljansson -lm -pthread

# What differs between machines: compat.bpf.h has the rest.
ARCH     := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_C    = $(CLANG) -std=gnu11 -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) -Wno-unused-parameter \
	   -Ivmlinux -Ibpf $(if $(MULTIARCH),-idirafter /usr/include/$(MULTIARCH)) -MMD -MP

BPF_OBJ  := $(patsubst bpf/%.c,$(B)/bpf/%.o,$(sort $(wildcard bpf/*.bpf.c)))
LIB_SRC  := $(sort $(wildcard $(addprefix user/,$(addsuffix /*.c,base model target collect derive sink report cmd))))
LIB_OBJ  := $(patsubst %.c,$(B)/%.o,$(LIB_SRC))
UNIT     := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ_USER := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_user_*.c)))
WORK_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/work/*.c)))

all: vmprof servers

include servers/build.mk

vmprof: $(B)/bin/vmprof
	ln -f $< $@

$(B)/bin/vmprof: $(B)/user/main.o $(LIB_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SAN_C) $(HARDEN_L) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/user/%.o: user/%.c Makefile | $(B)/vmprof.skel.h $(B)/call_names.h $(B)/curve_gp.h
	@mkdir -p $(@D)
	$(ALL_C) -c -o $@ $<

# The parsers of vmprof under libFuzzer: all objects in an archive, so that a target can have a say() of its own.
FUZZ_C   = $(CLANG) -std=gnu11 -O1 -g $(WARN) $(CPPFLAGS) -fno-sanitize-recover=all -MMD -MP

$(B)/fuzz/user/%.o: user/%.c Makefile | $(B)/vmprof.skel.h $(B)/call_names.h $(B)/curve_gp.h
	@mkdir -p $(@D)
	$(FUZZ_C) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

$(B)/fuzz/user.a: $(patsubst %.c,$(B)/fuzz/%.o,$(LIB_SRC))
	rm -f $@
	ar rcs $@ $^

$(B)/fuzz/fuzz_user_%: tests/fuzz/fuzz_user_%.c $(B)/fuzz/user.a
	$(FUZZ_C) -fsanitize=fuzzer,address,undefined -o $@ $< $(B)/fuzz/user.a $(LDLIBS)

# One object from several, one skeleton from that.
$(B)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(BPF_C) -c -o $@ $<

$(B)/vmprof.bpf.o: $(BPF_OBJ)
	$(BPFTOOL) gen object $@ $^

%.skel.h: %.bpf.o
	$(BPFTOOL) gen skeleton $< name $(notdir $*) > $@.tmp
	mv $@.tmp $@

# The names of the system calls, as this machine's C library has them.
$(B)/call_names.h: Makefile
	@mkdir -p $(@D)
	echo '#include <sys/syscall.h>' | $(CC) -E -dM - | \
		sed -nE 's/^#define SYS_([a-z0-9_]+) .*/CALL_NAME(\1)/p' | sort > $@.tmp && test -s $@.tmp
	mv $@.tmp $@

# A script of gnuplot as a C string.
$(B)/%_gp.h: scripts/plot/%.gp Makefile
	@mkdir -p $(@D)
	(echo 'static const char $*_gp[] ='; sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $<; echo ';') > $@.tmp
	mv $@.tmp $@

$(B)/tests/unit/%: tests/unit/%.c $(LIB_OBJ) Makefile
	@mkdir -p $(@D)
	$(ALL_C) -o $@ $< $(LIB_OBJ) -lcmocka $(LDLIBS)

$(B)/tests/work/%.o: tests/work/%.c Makefile
	@mkdir -p $(@D)
	$(ALL_C) -pthread -c -o $@ $<

$(B)/tests/work/work: $(WORK_OBJ)
	$(CC) $(CFLAGS) $(SAN_C) $(LDFLAGS) -pthread -o $@ $^

$(B)/bench/%.bpf.o: bench/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(BPF_C) -c -o $@ $<

$(B)/bench/%: bench/%.c Makefile
	@mkdir -p $(@D)
	$(ALL_C) -pthread -o $@ $< -lbpf -lelf -lz

$(B)/bench/floor: $(B)/bench/floor.skel.h

# Everything a compiler can complain about, without touching ./vmprof: for lint.
objects: $(B)/user/main.o $(LIB_OBJ) $(UNIT) $(B)/tests/work/work $(B)/bench/loops $(B)/bench/floor \
	$(B)/bin/server $(B)/bin/loadgen $(B)/bin/memwork $(SRV_UNIT)

test-programs: vmprof servers $(UNIT) $(SRV_UNIT) $(B)/tests/work/work

# Under sudo: what was built belongs to the user who called it.
GIVE_BACK := if [ -n "$$SUDO_UID" ]; then chown -Rf "$$SUDO_UID:$$SUDO_GID" $(B) vmprof $(PEERS) || true; fi

check: deps
	$(MAKE) test-programs
	@$(GIVE_BACK)
	tests/run

bench: vmprof servers/server $(B)/bench/loops $(B)/bench/floor
	bench/run

bench-quick: vmprof servers/server $(B)/bench/loops $(B)/bench/floor
	bench/run --quick

case-studies: deps
	$(MAKE) vmprof servers
	@$(GIVE_BACK)
	for study in scripts/case/*/run.sh; do $$study || exit; done

demo: deps
	$(MAKE) vmprof servers/server workloads/loadgen/loadgen
	@$(GIVE_BACK)
	scripts/demo
	@$(GIVE_BACK)

vm-matrix: vmprof servers $(B)/tests/work/work
	scripts/vm/matrix

deps:
	scripts/deps

lint:
	scripts/lint

valgrind: vmprof
	scripts/valgrind

coverage: vmprof servers $(B)/tests/work/work
	scripts/coverage

coverage-programs: $(B)/bin/vmprof $(UNIT)

install: vmprof
	install -D -m 755 vmprof $(DESTDIR)$(PREFIX)/bin/vmprof
	install -D -m 644 docs/vmprof.1 $(DESTDIR)$(PREFIX)/share/man/man1/vmprof.1

clean:
	rm -rf $(B) vmprof $(PEERS)

.PHONY: all objects check bench bench-quick case-studies demo vm-matrix deps lint valgrind coverage coverage-programs install clean test-programs
.DELETE_ON_ERROR:
.SECONDARY:

-include $(shell find $(B) -name '*.d' 2>/dev/null)
