/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const struct {
	const char *name, *key;
	double q;
} quantiles[] = {
	{"p50", "p50_us", 0.5},      {"p90", "p90_us", 0.9}, {"p99", "p99_us", 0.99},
	{"p99.9", "p999_us", 0.999}, {"max", "max_us", 1},
};

#define N_QUANTILES (sizeof(quantiles) / sizeof(*quantiles))

static void merge(struct totals *into, const struct totals *from)
{
	into->sent += from->sent;
	into->requests += from->requests;
	into->unanswered += from->unanswered;
	into->unsent += from->unsent;
	into->checked += from->checked;
	into->control += from->control;
	into->connections += from->connections;
	into->bytes_sent += from->bytes_sent;
	into->bytes_received += from->bytes_received;
	for (unsigned i = 0; i < N_ERRORS; i++)
		into->errors[i] += from->errors[i];
	if (from->last_ns > into->last_ns)
		into->last_ns = from->last_ns;
	histogram_merge(&into->latency, &from->latency);
}

void report_make(struct report *r, const struct load *load)
{
	uint64_t begin = atomic_load(&load->begin_ns), end;

	*r = (struct report){0};
	for (unsigned i = 0; i < load->n_loops; i++)
		merge(&r->totals, &load->loops[i].totals);
	for (unsigned i = 0; i < N_ERRORS; i++)
		r->errors += r->totals.errors[i];
	end = r->totals.last_ns;
	for (unsigned i = 0; i < load->n_loops; i++) {
		if (load->loops[i].stopped_ns > end)
			end = load->loops[i].stopped_ns;
	}
	r->seconds = begin && end > begin ? (double)(end - begin) / NS_PER_S : 0;
}

static double throughput(const struct report *r)
{
	return r->seconds > 0 ? (double)r->totals.requests / r->seconds : 0;
}

/* "152 µs", "3.21 ms": three digits. */
static const char *show_time(uint64_t ns, char to[32])
{
	double v = (double)ns / 1e3;
	const char *unit = "µs";

	if (v >= 999.5e3) {
		v /= 1e6;
		unit = "s";
	} else if (v >= 999.5) {
		v /= 1e3;
		unit = "ms";
	}
	snprintf(to, 32, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit);
	return to;
}

static const char *show_bytes(uint64_t n, char to[32])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)n;
	unsigned unit = 0;

	for (; v >= 999.5 && unit < 4; unit++)
		v /= 1000;
	snprintf(to, 32, "%.*f %s", !unit || v >= 99.95 ? 0 : v < 9.995 ? 2 : 1, v, units[unit]);
	return to;
}

static void heading(const struct load *load, FILE *to)
{
	const struct options *o = load->options;

	fprintf(to, "%s at %s: %u client%s", load->proto->name, load->where, o->clients, o->clients == 1 ? "" : "s");
	if (load->n_loops > 1)
		fprintf(to, " in %u threads", load->n_loops);
	if (o->rate > 0)
		fprintf(to, ", %g requests a second intended", o->rate);
	else
		fprintf(to, ", closed loop");
	if (o->pipeline > 1)
		fprintf(to, ", pipeline %u", o->pipeline);
	if (atomic_load(&load->interrupted))
		fprintf(to, ", interrupted");
	fprintf(to, "\n\n");
}

int report_text(const struct report *r, const struct load *load, FILE *to)
{
	const struct totals *t = &r->totals;
	char a[32], b[32];

	heading(load, to);
	fprintf(to, "requests     %12llu   in %.2f s\n", (unsigned long long)t->requests, r->seconds);
	fprintf(to, "throughput   %12.1f   a second\n", throughput(r));
	fprintf(to, "connections  %12llu   %s sent, %s received\n", (unsigned long long)t->connections,
	        show_bytes(t->bytes_sent, a), show_bytes(t->bytes_received, b));
	for (unsigned i = 0; i < N_QUANTILES && t->latency.count; i++) {
		show_time(histogram_quantile(&t->latency, quantiles[i].q), a);
		/* µ has two bytes. */
		fprintf(to, "%-12s %5s %*s\n", i ? "" : "latency", quantiles[i].name, a[0] && strstr(a, "µ") ? 10 : 9,
		        a);
	}
	if (t->unsent)
		fprintf(to, "unsent       %12llu   due at the end, but their clients still waited for a reply\n",
		        (unsigned long long)t->unsent);
	if (t->unanswered)
		fprintf(to, "unanswered   %12llu   sent when the server closed\n", (unsigned long long)t->unanswered);
	fprintf(to, "errors       %12llu\n", (unsigned long long)r->errors);
	for (unsigned i = 0; i < N_ERRORS; i++) {
		if (t->errors[i])
			fprintf(to, "             %12llu   %s\n", (unsigned long long)t->errors[i], error_texts[i]);
	}
	return fflush(to) || ferror(to) ? -EIO : 0;
}

static void put(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static json_t *by_kind(const struct totals *t)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < N_ERRORS; i++)
		put(o, error_names[i], t->errors[i]);
	return o;
}

static json_t *as_json(const struct report *r, const struct load *load)
{
	const struct options *o = load->options;
	const struct totals *t = &r->totals;
	json_t *j = json_object();

	json_object_set_new(j, "app", json_string(load->proto->name));
	put(j, "clients", o->clients);
	put(j, "threads", load->n_loops);
	json_object_set_new(j, "rate", o->rate > 0 ? json_real(o->rate) : json_null());
	put(j, "requests", t->requests);
	put(j, "errors", r->errors);
	json_object_set_new(j, "seconds", json_real(r->seconds));
	json_object_set_new(j, "throughput", json_real(throughput(r)));
	put(j, "connections", t->connections);
	/* Without a reply there is no latency. */
	for (unsigned i = 0; i < N_QUANTILES; i++) {
		double us = (double)histogram_quantile(&t->latency, quantiles[i].q) / 1e3;

		json_object_set_new(j, quantiles[i].key, t->latency.count ? json_real(us) : json_null());
	}
	put(j, "bytes_sent", t->bytes_sent);
	put(j, "bytes_received", t->bytes_received);
	put(j, "checked", t->checked);
	put(j, "control", t->control);
	put(j, "sent", t->sent);
	put(j, "unanswered", t->unanswered);
	put(j, "unsent", t->unsent);
	json_object_set_new(j, "errors_by", by_kind(t));
	json_object_set_new(j, "interrupted", json_boolean(atomic_load(&load->interrupted)));
	return j;
}

int report_json(const struct report *r, const struct load *load, FILE *to)
{
	json_t *j = as_json(r, load);
	int err = json_dumpf(j, to, JSON_COMPACT | JSON_REAL_PRECISION(9)) ? -EIO : 0;

	json_decref(j);
	fputc('\n', to);
	return err || fflush(to) || ferror(to) ? -EIO : 0;
}
