/* SPDX-License-Identifier: BSD-2-Clause */
/* A session's programs in the kernel: what they cost, what they missed, whether they are still there. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "collect/session_state.h"

uint64_t session_skipped(struct session *s, uint64_t *faults)
{
	const struct bpf_program *begin = s->skel->progs.vmprof_fault_begin, *end = s->skel->progs.vmprof_fault_end;
	struct bpf_program *prog;
	uint64_t n = 0;

	*faults = 0;
	bpf_object__for_each_program(prog, s->skel->obj) {
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);

		if (bpf_program__autoload(prog) && !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			*(prog == begin || prog == end ? faults : &n) += info.recursion_misses;
	}
	return n;
}

bool session_cost(struct session *s, unsigned i, struct program_cost *cost)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, s->skel->obj) {
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);

		if (!bpf_program__autoload(prog) || i--)
			continue;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			return false;
		*cost = (struct program_cost){bpf_program__name(prog), info.run_cnt, info.run_time_ns,
		                              info.xlated_prog_len / sizeof(struct bpf_insn), info.verified_insns};
		return true;
	}
	return false;
}

unsigned session_programs(struct session *s, uint32_t *numbers, unsigned room)
{
	struct bpf_program *prog;
	unsigned n = 0;

	bpf_object__for_each_program(prog, s->skel->obj) {
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);

		if (n < room && bpf_program__autoload(prog) &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			numbers[n++] = info.id;
	}
	return n;
}

int session_program_is_there(uint32_t number)
{
	int fd = bpf_prog_get_fd_by_id(number);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	close(fd);
	return 1;
}
