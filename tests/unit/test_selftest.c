/* SPDX-License-Identifier: BSD-2-Clause */
/* vmprof selftest: what is right is ok, and each wrong figure is found. */
#include "selftest_test.h"

#include <math.h>

#include "cmd/cmd.h"

/* A made-up check's verdict on what vmprof says, and what it should say. */
static enum verdict judge(double part, double beyond, double got, double least, double most)
{
	const struct check c = {.part = part, .beyond = beyond};
	const struct figures f = {true, got, least, most};
	struct finding to;

	check_judge(&c, &f, &to);
	return to.verdict;
}

static void exact_is_exact(void **state)
{
	(void)state;
	assert_int_equal(judge(0, 0, 10007, 10007, 10007), VERDICT_OK);
	assert_int_equal(judge(0, 0, 10006, 10007, 10007), VERDICT_OFF);
	assert_int_equal(judge(0, 0, 10008, 10007, 10007), VERDICT_OFF);
	assert_int_equal(judge(0, 0, 0, 0, 0), VERDICT_OK);
	assert_int_equal(judge(0, 0, 1, 0, 0), VERDICT_OFF);
}

static void tolerance_is_a_share_and_more(void **state)
{
	(void)state;
	assert_int_equal(judge(0.01, 0, 9900, 10000, 10000), VERDICT_OK);
	assert_int_equal(judge(0.01, 0, 9899, 10000, 10000), VERDICT_OFF);
	assert_int_equal(judge(0.01, 0, 10100, 10000, 10000), VERDICT_OK);
	assert_int_equal(judge(0.01, 0, 10101, 10000, 10000), VERDICT_OFF);
	assert_int_equal(judge(0.01, 50, 10150, 10000, 10000), VERDICT_OK);
	assert_int_equal(judge(0.01, 50, 10151, 10000, 10000), VERDICT_OFF);
	assert_int_equal(judge(0, 5, 0, 4, 4), VERDICT_OK);
	assert_int_equal(judge(0.1, 0, 1, 0, 0), VERDICT_OFF);
}

static void what_lies_between_is_right(void **state)
{
	(void)state;
	assert_int_equal(judge(0, 0, 4099, 4099, 4126), VERDICT_OK);
	assert_int_equal(judge(0, 0, 4126, 4099, 4126), VERDICT_OK);
	assert_int_equal(judge(0, 0, 4098, 4099, 4126), VERDICT_OFF);
	assert_int_equal(judge(0, 0, 4127, 4099, 4126), VERDICT_OFF);
	assert_int_equal(judge(0.001, 0, 4994, 5000, 6000), VERDICT_OFF);
	assert_int_equal(judge(0.001, 0, 6006, 5000, 6000), VERDICT_OK);
	/* An oracle that contradicts itself, or is no number, makes nothing right. */
	assert_int_equal(judge(1, 100, 5, 6, 4), VERDICT_OFF);
	assert_int_equal(judge(1, 100, NAN, 1, 2), VERDICT_OFF);
	assert_int_equal(judge(1, 100, 5, NAN, NAN), VERDICT_OFF);
}

static void absent_is_off_unless_it_may_be(void **state)
{
	const struct figures none = {0};
	struct check c = {.optional = true};
	struct finding to;

	(void)state;
	check_judge(&c, &none, &to);
	assert_int_equal(to.verdict, VERDICT_ABSENT);
	c.optional = false;
	check_judge(&c, &none, &to);
	assert_int_equal(to.verdict, VERDICT_OFF);
}

/* Ids are names for programs to go by: each is there once. */
static void ids_are_unique(void **state)
{
	(void)state;
	for (unsigned i = 0; i < n_checks; i++) {
		assert_int_equal(strspn(checks[i].id, "abcdefghijklmnopqrstuvwxyz-"), strlen(checks[i].id));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(checks[i].id, checks[k].id);
	}
}

/* What is off, as one word per check. */
static void assert_off(const struct proof *p, const char *ids)
{
	struct findings f;
	char off[512] = "";

	check_all(p, &f);
	for (unsigned i = 0; i < f.n; i++) {
		if (f.at[i].verdict == VERDICT_OFF)
			strcat(strcat(off, *off ? " " : ""), f.at[i].check->id);
	}
	assert_string_equal(off, ids);
	assert_int_equal(check_status(&f), *ids ? STATUS_FAILED : STATUS_OK);
}

static void right_is_ok_in_every_level(void **state)
{
	struct proof p;
	struct findings f;
	unsigned n[3];

	(void)state;
	right_proof(&p);
	for (enum detail d = DETAIL_LEDGER; d <= DETAIL_FULL; d++) {
		p.detail = d;
		assert_off(&p, "");
		check_all(&p, &f);
		n[d] = f.n;
		assert_int_equal(f.absent, 0);
	}
	assert_int_equal(n[DETAIL_FULL], n_checks);
	assert_true(n[DETAIL_LEDGER] < n[DETAIL_CALLS] && n[DETAIL_CALLS] < n[DETAIL_FULL]);
	free_proof(&p);
}

/* One figure of vmprof's is wrong by `by`, and the checks that look at it say so. */
static void wrong(enum work_id id, enum metric m, long by, bool tree, const char *ids)
{
	struct proof p;
	struct sample *s;

	right_proof(&p);
	s = tree ? &p.of[id].tree : &p.of[id].own;
	s->v[m] += (uint64_t)by;
	assert_off(&p, ids);
	free_proof(&p);
}

static void each_wrong_counter_is_off(void **state)
{
	(void)state;
	wrong(WORK_COUNT_CALLS, METRIC_SYS_TOTAL, 1, false, "every-call");
	wrong(WORK_FORK, METRIC_SYS_TOTAL, -1, true, "children-calls");
	wrong(WORK_TOUCH, METRIC_UFAULTS, -1, false, "touches");
	wrong(WORK_TOUCH, METRIC_MINFLT, 1, true, "touch-minflt");
	wrong(WORK_PAGE_IN, METRIC_MAJFLT, -1, true, "page-in-majflt");
	wrong(WORK_PAGE_IN, METRIC_INBLOCK, 8, true, "page-in-inblock");
	wrong(WORK_SLEEP, METRIC_VCSW, 1, true, "sleep-vcsw");
	wrong(WORK_QUEUE, METRIC_IVCSW, -1, true, "queue-ivcsw");
	wrong(WORK_FORK, METRIC_MINFLT, -1, true, "children-minflt");
	wrong(WORK_ALL, METRIC_VCSW, 1, true, "all-vcsw");
	wrong(WORK_ALL, METRIC_IVCSW, 1, true, "all-ivcsw");
	wrong(WORK_ALL, METRIC_MINFLT, 1, true, "all-minflt");
	wrong(WORK_ALL, METRIC_MAJFLT, 1, true, "all-majflt");
}

static void each_wrong_time_is_off(void **state)
{
	(void)state;
	wrong(WORK_USER, METRIC_CPU_NS, 5 * MS, false, "user-cpu");
	wrong(WORK_QUEUE, METRIC_RUNQ_PREEMPT, 3 * MS, false, "queue-wait");
	wrong(WORK_QUEUE, METRIC_RUNQ_PREEMPT, -3 * (long)MS, false, "queue-wait");
	wrong(WORK_FORK, METRIC_CPU_NS, 70 * MS, true, "all-cpu");
	wrong(WORK_THREAD, METRIC_CPU_NS, 70 * MS, true, "");
	wrong(WORK_USER, METRIC_USER, 50 * MS, false, "user-on-cpu user-user");
	wrong(WORK_USER, METRIC_USER, -10 * (long)MS, false, "user-on-cpu");
	wrong(WORK_SYS, METRIC_SYS, -24 * (long)MS, false, "sys-sys");
	wrong(WORK_SLEEP, METRIC_SLEEP, -25 * (long)MS, false, "sleep-state");
	wrong(WORK_PIPE, METRIC_PIPE, -25 * (long)MS, false, "pipe-state");
	wrong(WORK_LOCK, METRIC_LOCK, -25 * (long)MS, false, "lock-state");
	wrong(WORK_POLL, METRIC_POLL, -25 * (long)MS, false, "poll-state");
	wrong(WORK_NET, METRIC_NET, -25 * (long)MS, false, "net-state");
	wrong(WORK_CHILD, METRIC_CHILD, 50 * MS, false, "child-state");
}

/* Waits of a CPU that nobody had: with time of interrupts, that is in order. */
static void interrupts_may_have_the_difference(void **state)
{
	struct proof p;

	(void)state;
	right_proof(&p);
	p.of[WORK_QUEUE].own.v[METRIC_RUNQ_PREEMPT] -= 8 * MS;
	assert_off(&p, "queue-wait");
	p.of[WORK_QUEUE].own.v[METRIC_USER] += 8 * MS; /* and not in cpu_ns */
	assert_off(&p, "");
	free_proof(&p);
}

static void each_wrong_call_is_off(void **state)
{
	static const struct {
		enum work_id id;
		int nr;
		uint64_t calls, errors, bytes;
		const char *off;
	} all[] = {
		{WORK_COUNT_CALLS, SYS_getppid, WORK_GETPPIDS - 1, 0, 0, "calls"},
		{WORK_COUNT_CALLS, SYS_close, WORK_CLOSES, WORK_CLOSES - 1, 0, "errors"},
		{WORK_COUNT_CALLS, SYS_read, WORK_PIPED, 0, 1, "read-bytes"},
		{WORK_COUNT_CALLS, SYS_write, WORK_PIPED, 0, 1, "written-bytes"},
		{WORK_ATTACHED, SYS_getppid, 231999, 0, 0, "attached-calls"},
		{WORK_THREAD, SYS_getppid, 1, 0, 0, "threads-calls"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct proof p;

		right_proof(&p);
		set_call(&p.of[all[i].id], all[i].nr, all[i].calls, all[i].errors, all[i].bytes);
		assert_off(&p, all[i].off);
		free_proof(&p);
	}
}

/* 0.1 % of what it lived beyond what its parent saw, or less than it saw itself. */
static void each_wrong_sum_is_off(void **state)
{
	static const enum work_id ids[] = {WORK_USER, WORK_SYS,  WORK_QUEUE, WORK_THREAD, WORK_SLEEP,
	                                   WORK_PIPE, WORK_LOCK, WORK_POLL,  WORK_NET,    WORK_CHILD};

	(void)state;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct proof p;
		struct evidence *e = &p.of[ids[i]];
		uint64_t most;
		char id[32];

		right_proof(&p);
		sprintf(id, "%s-wall", works[ids[i]].name);
		most = e->threads_ns + MS * (1 + e->deeds.others);
		e->threads_ns = most + most / 1000 + 1;
		assert_off(&p, id);
		e->threads_ns = e->deeds.end - e->deeds.begin + e->deeds.others_lived;
		assert_off(&p, "");
		e->threads_ns -= e->threads_ns / 1000 + 1;
		assert_off(&p, id);
		free_proof(&p);
	}
}

static void what_is_missing_or_left_is_off(void **state)
{
	struct proof p;

	(void)state;
	right_proof(&p);
	p.of[WORK_FORK].processes--;
	assert_off(&p, "children");
	p.of[WORK_FORK].processes++;
	p.of[WORK_THREAD].threads--;
	assert_off(&p, "threads");
	p.of[WORK_THREAD].threads++;
	p.processes--;
	assert_off(&p, "processes");
	p.processes++;
	p.lost = 1;
	assert_off(&p, "lost");
	p.lost = 0;
	p.left = 7;
	assert_off(&p, "left");
	p.left = -1; /* we may not look */
	assert_off(&p, "");
	/* What every kernel has is not left out in silence. */
	p.of[WORK_ALL].tree.have = 0;
	assert_off(&p, "all-vcsw all-ivcsw all-minflt all-majflt");
	free_proof(&p);
}

/* What is measured again: times, as long as no count is off. */
static void times_and_counts_are_told_apart(void **state)
{
	unsigned times, counts;
	struct proof p;

	(void)state;
	right_proof(&p);
	check_work(&p, WORK_QUEUE, &times, &counts);
	assert_int_equal(times, 0);
	assert_int_equal(counts, 0);
	p.of[WORK_QUEUE].own.v[METRIC_RUNQ_WAKE] += 50 * MS;
	p.of[WORK_QUEUE].threads_ns += 50 * MS;
	check_work(&p, WORK_QUEUE, &times, &counts);
	assert_int_equal(times, 2);
	assert_int_equal(counts, 0);
	p.of[WORK_QUEUE].tree.v[METRIC_IVCSW]++;
	check_work(&p, WORK_QUEUE, &times, &counts);
	assert_int_equal(times, 2);
	assert_int_equal(counts, 1);
	free_proof(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_is_exact),
		cmocka_unit_test(tolerance_is_a_share_and_more),
		cmocka_unit_test(what_lies_between_is_right),
		cmocka_unit_test(absent_is_off_unless_it_may_be),
		cmocka_unit_test(ids_are_unique),
		cmocka_unit_test(right_is_ok_in_every_level),
		cmocka_unit_test(each_wrong_counter_is_off),
		cmocka_unit_test(each_wrong_time_is_off),
		cmocka_unit_test(interrupts_may_have_the_difference),
		cmocka_unit_test(each_wrong_call_is_off),
		cmocka_unit_test(each_wrong_sum_is_off),
		cmocka_unit_test(what_is_missing_or_left_is_off),
		cmocka_unit_test(times_and_counts_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
