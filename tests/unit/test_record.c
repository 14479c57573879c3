/* SPDX-License-Identifier: BSD-2-Clause */
/* A record of the kernel's, read: the copy is consistent, counters count from registration, ticks split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collect/record.h"

#define ALL (METRIC_BIT(METRIC_COUNT) - 1)

static void a_record_that_is_being_changed_is_not_copied(void **state)
{
	struct vmprof_thread shared = {.seq = 7, .tid = 42}, copy = {0};

	(void)state;
	assert_false(record_copy(&shared, &copy));
	shared.seq = 8;
	assert_true(record_copy(&shared, &copy));
	assert_int_equal(copy.tid, 42);
	assert_int_equal(copy.seq, 8);
}

static void counters_count_from_registration(void **state)
{
	struct vmprof_thread rec = {0};
	struct reading r = {0};

	(void)state;
	rec.base[VMPROF_K_VCSW] = 1000;
	rec.run.kernel[VMPROF_K_VCSW] = 1013;
	/* The others' record: raw values stay 0 and the base falls. */
	rec.base[VMPROF_K_IVCSW] = (uint64_t)-5;
	rec.base[VMPROF_K_READ_BYTES] = 512;
	rec.run.kernel[VMPROF_K_READ_BYTES] = 512 * 9 + 511;
	record_read(&r, &rec, DETAIL_FULL, ALL);
	assert_int_equal(r.sample.v[METRIC_VCSW], 13);
	assert_int_equal(r.sample.v[METRIC_IVCSW], 5);
	assert_int_equal(r.sample.v[METRIC_INBLOCK], 8);
}

static void what_is_not_measured_is_absent(void **state)
{
	struct vmprof_thread rec = {.ufaults = 9};
	struct reading r = {0};

	(void)state;
	record_read(&r, &rec, DETAIL_FULL, ALL & ~METRIC_BIT(METRIC_UFAULTS));
	assert_false(sample_has(&r.sample, METRIC_UFAULTS));
	assert_true(sample_has(&r.sample, METRIC_WAKEUPS));
}

static void full_detail_takes_user_and_system_time_as_measured(void **state)
{
	struct vmprof_thread rec = {0};
	struct reading r = {0};

	(void)state;
	rec.ns[VMPROF_ST_USER] = 300;
	rec.ns[VMPROF_ST_SYS] = 700;
	rec.run.kernel[VMPROF_K_UTIME_NS] = 4000000; /* ticks would say otherwise */
	record_read(&r, &rec, DETAIL_FULL, ALL);
	assert_int_equal(r.sample.v[METRIC_USER], 300);
	assert_int_equal(r.sample.v[METRIC_SYS], 700);
}

/* The kernel has a fault in what it interrupts, too, and may be ahead with the one or the other. */
static void the_time_of_faults_is_taken_out_of_user_and_sys(void **state)
{
	static const struct {
		uint64_t user, sys, faults, in_sys, left_user, left_sys;
	} steps[] = {
		{300, 700, 0, 0, 300, 700},  {300, 700, 150, 50, 200, 650},
		{300, 700, 1000, 700, 0, 0}, {300, 20, 150, 50, 200, 0}, /* the call goes on, and is not charged yet */
		{10, 700, 150, 50, 0, 650},  {300, 700, 40, 50, 300, 660}, /* between two steps of the program */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct vmprof_thread rec = {.sys_fault_ns = steps[i].in_sys};
		struct reading r = {0};
		const uint64_t *v = r.sample.v;

		rec.ns[VMPROF_ST_USER] = steps[i].user;
		rec.ns[VMPROF_ST_SYS] = steps[i].sys;
		rec.ns[VMPROF_ST_FAULT_CPU] = steps[i].faults;
		record_read(&r, &rec, DETAIL_FULL, ALL);
		assert_int_equal(v[METRIC_USER], steps[i].left_user);
		assert_int_equal(v[METRIC_SYS], steps[i].left_sys);
		assert_int_equal(v[METRIC_USER] + v[METRIC_SYS] + v[METRIC_FAULT_CPU], steps[i].user + steps[i].sys);
	}
}

/* Faults are the kernel's: what they take of its part is not left for `sys`. */
static void by_ticks_faults_are_taken_out_of_sys_first(void **state)
{
	static const struct {
		uint64_t utime, stime, faults, user, sys;
	} steps[] = {
		{4000000, 4000000, 0, 500, 500}, {4000000, 4000000, 200, 500, 300}, {4000000, 4000000, 700, 300, 0},
		{4000000, 0, 200, 800, 0},       {0, 4000000, 1000, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct vmprof_thread rec = {0};
		struct reading r = {0};

		rec.ns[VMPROF_ST_USER] = 1000;
		rec.ns[VMPROF_ST_FAULT_CPU] = steps[i].faults;
		rec.run.kernel[VMPROF_K_UTIME_NS] = steps[i].utime;
		rec.run.kernel[VMPROF_K_STIME_NS] = steps[i].stime;
		record_read(&r, &rec, DETAIL_LEDGER, ALL);
		assert_int_equal(r.sample.v[METRIC_USER], steps[i].user);
		assert_int_equal(r.sample.v[METRIC_SYS], steps[i].sys);
		assert_int_equal(r.sample.v[METRIC_FAULT_CPU], steps[i].faults);
	}
}

static void read_ticks(struct reading *r, uint64_t on_cpu, uint64_t utime, uint64_t stime)
{
	struct vmprof_thread rec = {0};

	rec.ns[VMPROF_ST_USER] = on_cpu;
	rec.run.kernel[VMPROF_K_UTIME_NS] = utime;
	rec.run.kernel[VMPROF_K_STIME_NS] = stime;
	record_read(r, &rec, DETAIL_LEDGER, ALL);
}

/* The parts add up to the time on a CPU, in the proportion of the ticks so far. */
static void ticks_split_the_time_on_a_cpu(void **state)
{
	static const struct {
		uint64_t on_cpu, utime, stime, user, sys;
	} steps[] = {
		{1000, 0, 0, 1000, 0},       /* no tick yet: all user */
		{2000, 0, 4000000, 0, 2000}, /* all ticks in system */
		{4000, 4000000, 4000000, 2000, 2000},
		{4400, 40000000, 4000000, 4000, 400}, /* either part may fall */
		{9000, 40000000, 40000000, 4500, 4500},
	};
	struct reading r = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		read_ticks(&r, steps[i].on_cpu, steps[i].utime, steps[i].stime);
		assert_int_equal(r.sample.v[METRIC_USER], steps[i].user);
		assert_int_equal(r.sample.v[METRIC_SYS], steps[i].sys);
	}
}

static void a_row_adds_to_what_is_there(void **state)
{
	struct vmprof_row row = {.calls = 3, .errors = 1, .ns = 50, .max = 30, .bytes = 7};
	struct call_table table = {0};
	const struct call_stats *c;

	(void)state;
	row.hist[2] = 3;
	assert_int_equal(record_add_row(&row, 5, &table), 0);
	row.max = 20;
	assert_int_equal(record_add_row(&row, 5, &table), 0);
	c = call_table_find(&table, 5);
	assert_int_equal(c->calls, 6);
	assert_int_equal(c->errors, 2);
	assert_int_equal(c->ns, 100);
	assert_int_equal(c->max_ns, 30);
	assert_int_equal(c->bytes, 14);
	assert_int_equal(c->hist[2], 6);
	call_table_free(&table);
}

/* Numbers come back in order, and as often as they are given. */
static void a_pool_gives_out_what_it_was_given(void **state)
{
	uint64_t memory[4] = {0};
	struct window ring = {.stride = 8, .base = (char *)memory, .mapped = sizeof(memory)};
	struct vmprof_pool pool = {0};

	(void)state;
	pool_set(&pool, 2, 4);
	assert_int_equal(pool.mask, 3);
	assert_int_equal(pool_end(&pool), 2);
	pool.used = 9; /* several CPUs found it exhausted at once */
	assert_int_equal(pool_end(&pool), 4);
	for (uint32_t i = 0; i < 6; i++)
		pool_give(&pool, &ring, 100 + i);
	assert_int_equal(pool.tail, 6);
	assert_int_equal(memory[0], 104); /* the ring went round */
	assert_int_equal(memory[3], 103);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_that_is_being_changed_is_not_copied),
		cmocka_unit_test(counters_count_from_registration),
		cmocka_unit_test(what_is_not_measured_is_absent),
		cmocka_unit_test(full_detail_takes_user_and_system_time_as_measured),
		cmocka_unit_test(ticks_split_the_time_on_a_cpu),
		cmocka_unit_test(the_time_of_faults_is_taken_out_of_user_and_sys),
		cmocka_unit_test(by_ticks_faults_are_taken_out_of_sys_first),
		cmocka_unit_test(a_row_adds_to_what_is_there),
		cmocka_unit_test(a_pool_gives_out_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
