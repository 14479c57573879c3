/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/metric.h"

#include <stddef.h>

#define METRIC_ROW(id, name, unit, kind, help) [METRIC_##id] = {name, UNIT_##unit, METRIC_##kind, help},
const struct metric_info metrics[METRIC_COUNT] = {METRICS(METRIC_ROW)};

const char *metric_state_name(enum metric m)
{
#define X(id, name, help) [METRIC_##id - METRIC_STATE_FIRST] = #name,
	static const char *const names[METRIC_STATES] = {VMPROF_STATES(X)};
#undef X

	return m >= METRIC_STATE_FIRST && m <= METRIC_STATE_LAST ? names[m - METRIC_STATE_FIRST] : NULL;
}
