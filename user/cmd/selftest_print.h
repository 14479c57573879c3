/* SPDX-License-Identifier: BSD-2-Clause */
/* What vmprof selftest says, for people and for programs. */
#ifndef CMD_SELFTEST_PRINT_H
#define CMD_SELFTEST_PRINT_H

#include "base/out.h"
#include "cmd/selftest_run.h"
#include "model/sample.h"

/* The table and the verdict. */
void selftest_print(struct out *out, bool colour, const struct run_info *info, const struct findings *f);
/* And below them what watching costs. */
void selftest_print_costs(struct out *out, const struct selftest *t);
/* All of it, one object a line: the run, each check, each cost, the verdict. 0 or -ENOMEM. */
int selftest_print_json(struct out *out, const struct run_info *info, const struct findings *f,
                        const struct selftest *t);

#endif
