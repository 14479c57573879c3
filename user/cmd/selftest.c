/* SPDX-License-Identifier: BSD-2-Clause */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/selftest_print.h"

static const char doc[] =
	"Watch workloads of its own, and compare with what they, getrusage, /proc and the clock know: can the numbers "
	"be believed on this machine, and what do they cost here? It makes no files, and takes some seconds.\v"
	"The exit status is 1 if anything is off.\n\n"
	"Examples:\n"
	"  sudo vmprof selftest\n"
	"  sudo vmprof selftest --detail ledger --json\n";

enum { OPT_JSON = 256 };

static const struct argp_option table[] = {
	{"detail", 'D', "LEVEL", 0, "ledger, calls, or full (all: the default)", 0},
	{"json", OPT_JSON, NULL, 0, "an object a line instead of the table", 0},
	{"quiet", 'q', NULL, 0, "no output but the exit status, and no costs", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

struct options {
	enum detail detail;
	bool json, quiet;
	bool failed;
};

static error_t parse(int key, char *arg, struct argp_state *argp)
{
	struct options *o = argp->input;

	switch (key) {
	case 'D':
		if (!detail_parse(arg, &o->detail))
			return 0;
		say("--detail: '%s' is none of ledger, calls, full", arg);
		break;
	case OPT_JSON:
		o->json = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		say("selftest: what is '%s'? It watches only workloads of its own", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	o->failed = true;
	return EINVAL;
}

static void describe(const struct options *o, struct utsname *uts, struct run_info *info)
{
	struct timespec now;

	uname(uts);
	clock_gettime(CLOCK_REALTIME, &now);
	*info = (struct run_info){
		.version = VMPROF_VERSION,
		.kernel = uts->release,
		.machine = uts->machine,
		.detail = detail_name(o->detail),
		.cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
		.start_unix = (double)now.tv_sec + (double)now.tv_nsec / 1e9,
	};
}

/* The table is there before the costs are measured. */
static int tell(const struct options *o, struct out *out, struct selftest *t, const struct findings *f,
                const struct run_info *info)
{
	int status = STATUS_OK, err = 0;

	if (!o->json) {
		selftest_print(out, out_is_terminal(out) && !getenv("NO_COLOR"), info, f);
		out_flush(out);
	}
	status = selftest_costs(t);
	if (o->json)
		err = selftest_print_json(out, info, f, t);
	else if (!status)
		selftest_print_costs(out, t);
	if (err)
		say("no memory");
	return err ? STATUS_FAILED : status;
}

static int test(const struct options *o, struct out *out)
{
	struct selftest t = {.detail = o->detail};
	struct findings f;
	struct run_info info;
	struct utsname uts;
	int status;

	describe(o, &uts, &info);
	status = selftest_watch(&t);
	if (!status) {
		check_all(&t.proof, &f);
		if (!o->quiet)
			status = tell(o, out, &t, &f, &info);
		status = status ?: check_status(&f);
	}
	selftest_free(&t);
	return status;
}

static int selftest_run(int argc, char **argv)
{
	const struct argp argp = {table, parse, NULL, doc, NULL, NULL, NULL};
	struct options o = {.detail = DETAIL_FULL};
	struct out *out;
	int status, err;

	argv[0] = "vmprof selftest";
	argp_err_exit_status = STATUS_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &o) || o.failed)
		return STATUS_USAGE;
	err = out_borrow(&out, STDOUT_FILENO);
	status = err ? STATUS_FAILED : test(&o, out);
	err = err ?: out_close(out);
	if (err) {
		say("standard output: %s", strerror(-err));
		return STATUS_FAILED;
	}
	return status;
}

const struct command cmd_selftest = {"selftest", "[OPTIONS]", "can the numbers be believed here", selftest_run};
