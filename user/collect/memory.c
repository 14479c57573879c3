/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/memory.h"

#include "base/clock.h"

void memory_changed(struct memory *m, uint64_t peak)
{
	m->changed = true;
	if (peak > m->peak)
		m->peak = peak;
}

void memory_poll(struct memory *m, const char *root, pid_t pid, unsigned processes, uint64_t now)
{
	uint64_t every = processes / 16 * (NS_PER_S / 20);

	if (!m->changed || (m->read_at && now - m->read_at < every))
		return;
	m->changed = false;
	m->read_at = now;
	if (procfs_memory(root, pid, &m->now))
		return;
	m->known = true;
	if (m->now.has_peak)
		m->peak = m->now.peak_rss;
}

void memory_set(const struct memory *m, unsigned live, struct sample *s)
{
	if (m->peak)
		sample_set(s, METRIC_PEAK_RSS, m->peak);
	if (!live || !m->known)
		return;
	sample_set(s, METRIC_RSS, m->now.rss);
	sample_set(s, METRIC_VSZ, m->now.vsz);
	sample_set(s, METRIC_TEXT, m->now.text);
	sample_set(s, METRIC_DATA, m->now.data);
}
