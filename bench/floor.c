/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor TRACEPOINT...  attaches an empty program to each, says "ready", and detaches when its
 *                      standard input ends.
 * floor list           prints the IDs of the links through which BPF programs are attached to
 *                      tracepoints, functions and perf events, whoever attached them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "bench/floor.skel.h"

#define PREFIX "tp_btf/"

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Is the program's tracepoint among the `n` names? */
static bool wanted(const struct bpf_program *prog, char **names, int n)
{
	const char *tracepoint = bpf_program__section_name(prog) + strlen(PREFIX);

	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], tracepoint))
			return true;
	return false;
}

static int list(void)
{
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue; /* gone meanwhile */
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    (info.type == BPF_LINK_TYPE_RAW_TRACEPOINT || info.type == BPF_LINK_TYPE_TRACING ||
		     info.type == BPF_LINK_TYPE_PERF_EVENT || info.type == BPF_LINK_TYPE_KPROBE_MULTI))
			printf("%u\n", id);
		close(fd);
	}
	if (errno != ENOENT) {
		fprintf(stderr, "floor: list: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int attach(char **names, int n)
{
	struct floor *skel = floor__open();
	struct bpf_program *prog;
	int found = 0, err;
	char c;

	if (!skel) {
		fprintf(stderr, "floor: open: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	bpf_object__for_each_program(prog, skel->obj) {
		bool on = wanted(prog, names, n);

		bpf_program__set_autoload(prog, on);
		found += on;
	}
	if (found != n) {
		fprintf(stderr, "floor: a tracepoint is unknown or named twice: see bench/floor.bpf.c\n");
		floor__destroy(skel);
		return 2;
	}
	err = floor__load(skel);
	if (!err)
		err = floor__attach(skel);
	if (err) {
		fprintf(stderr, "floor: load and attach: %s\n", strerror(-err));
	} else {
		puts("ready");
		fflush(stdout);
		while (read(STDIN_FILENO, &c, 1) > 0)
			;
	}
	floor__destroy(skel);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc < 2) {
		fprintf(stderr, "usage: floor TRACEPOINT... | floor list\n");
		return 2;
	}
	return attach(argv + 1, argc - 1);
}
