# SPDX-License-Identifier: BSD-2-Clause
# The bundled servers and workloads: `make servers`. With SAN=address,undefined or SAN=thread and a B of their
# own, the same under a sanitizer: their binaries are then in $(B)/bin only.

SAN      :=
SAN_C    := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
SRV_C    = $(CC) -std=gnu11 $(CFLAGS) $(SAN_C) $(WARN) -D_GNU_SOURCE -Iservers -MMD -MP -pthread
SRV_LIBS := -lboost_context -ljansson -lz -lm

SRV_OBJ  := $(patsubst %.c,$(B)/%.o,$(filter-out servers/core/main.c,$(sort $(wildcard servers/*.c servers/core/*.c))))
LOAD_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard workloads/loadgen/*.c)))
MEM_OBJ  := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard workloads/mem/*.c)))
SRV_UNIT := $(patsubst tests/servers/%.c,$(B)/tests/servers/%,$(sort $(wildcard tests/servers/test_*.c)))
FUZZ     := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(filter-out tests/fuzz/fuzz_user_%,$(wildcard tests/fuzz/fuzz_*.c))))
# The Go peer is built where there is a Go compiler.
GO       := $(shell command -v go)

$(B)/servers/%.o: servers/%.c Makefile servers/build.mk
	@mkdir -p $(@D)
	$(SRV_C) -c -o $@ $<

$(B)/workloads/%.o: workloads/%.c Makefile servers/build.mk
	@mkdir -p $(@D)
	$(SRV_C) -Iworkloads -c -o $@ $<

$(B)/bin/server: $(B)/servers/core/main.o $(SRV_OBJ)
	@mkdir -p $(@D)
	$(SRV_C) $(LDFLAGS) -o $@ $^ $(SRV_LIBS)

$(B)/bin/loadgen: $(LOAD_OBJ)
	@mkdir -p $(@D)
	$(SRV_C) $(LDFLAGS) -o $@ $^ -ljansson -lm

$(B)/bin/memwork: $(MEM_OBJ)
	@mkdir -p $(@D)
	$(SRV_C) $(LDFLAGS) -o $@ $^

servers/server workloads/loadgen/loadgen workloads/mem/memwork: %: 
	ln -f $(B)/bin/$(@F) $@

servers/server: $(B)/bin/server
workloads/loadgen/loadgen: $(B)/bin/loadgen
workloads/mem/memwork: $(B)/bin/memwork

servers/go/server: $(wildcard servers/go/*.go servers/go/go.mod)
	cd servers/go && GOFLAGS=-mod=mod GOCACHE=$(abspath $(B))/go-cache go build -buildvcs=false -o server .

PEERS := servers/server workloads/loadgen/loadgen workloads/mem/memwork $(if $(GO),servers/go/server)

servers: $(PEERS)

# For the sanitizers: make san SAN=thread B=build/tsan
san: $(B)/bin/server $(B)/bin/loadgen $(B)/bin/vmprof

$(B)/tests/servers/%: tests/servers/%.c $(SRV_OBJ) Makefile servers/build.mk
	@mkdir -p $(@D)
	$(SRV_C) -o $@ $< $(SRV_OBJ) -lcmocka $(SRV_LIBS)

# libFuzzer comes with clang; the objects are built again with its coverage.
$(B)/fuzz/%: tests/fuzz/%.c $(wildcard servers/*.[ch] servers/core/*.[ch]) Makefile servers/build.mk
	@mkdir -p $(@D)
	$(CLANG) -std=gnu11 -O1 -g $(WARN) -D_GNU_SOURCE -Iservers -pthread -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $< $(filter-out servers/core/main.c,$(wildcard servers/*.c servers/core/*.c)) \
		$(SRV_LIBS)

fuzz-programs: $(FUZZ) $(FUZZ_USER)

fuzz:
	scripts/fuzz

sanitize:
	scripts/sanitize

.PHONY: servers san fuzz-programs fuzz sanitize
