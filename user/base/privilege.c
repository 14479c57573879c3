/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

#define BIT(cap)   (UINT64_C(1) << (cap))
#define TO_READ    (BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_KILL))
#define TO_START   (BIT(CAP_SETUID) | BIT(CAP_SETGID))
#define HALF(v, i) ((uint32_t)((v) >> 32 * (i)))

/* Keep no more than these. In the C library there is no wrapper. */
static int keep(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].effective &= HALF(effective, i);
		data[i].permitted &= HALF(permitted, i);
		data[i].inheritable &= HALF(inheritable, i);
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

int privilege_drop(void)
{
	int err = keep(TO_READ, TO_READ, 0);

	/* Or root would get all of them back with execve(2). */
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	return err;
}

int privilege_lower(void)
{
	return keep(TO_READ | TO_START, UINT64_MAX, UINT64_MAX);
}
