/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command whose n-th bpf(2) of those that make something fails, and from then on each of the same kind, as it
 * is without memory or permission: faults injected into vmprof from outside, by a seccomp filter that
 * asks us about each call.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static const char *name_of(uint64_t command)
{
	switch (command) {
	case BPF_MAP_CREATE:
		return "map";
	case BPF_PROG_LOAD:
		return "program";
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_LINK_CREATE:
		return "attach";
	case BPF_BTF_LOAD:
		return "btf";
	case BPF_MAP_UPDATE_ELEM:
		return "update";
	case BPF_MAP_FREEZE:
		return "freeze";
	case BPF_ITER_CREATE:
		return "iterator";
	default:
		return NULL; /* asks, or runs, only */
	}
}

/* In the child: bpf(2) asks who has the other end of `to`. */
static void install(int to)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
	struct iovec byte = {"x", 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control};
	int fd = (int)check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));

	message.msg_controllen = sizeof(control);
	control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	check(sendmsg(to, &message, 0));
	close(fd);
	close(to);
}

static int receive(int from)
{
	char byte;
	struct iovec part = {&byte, 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
	int fd;

	message.msg_controllen = sizeof(control);
	if (check(recvmsg(from, &message, 0)) != 1)
		fail("no filter");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

/* Answer until nobody is left who could ask. */
static void answer(int listener, uint64_t n, int error)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};
	const char *refused = NULL;
	uint64_t asked = 0;

	while (poll(&ready, 1, -1) > 0 && !(ready.revents & POLLHUP)) {
		struct seccomp_notif ask = {0};
		struct seccomp_notif_resp reply = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		const char *name;

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0)
			continue; /* it has been killed meanwhile */
		name = name_of(ask.data.args[0]);
		if (name && ++asked == n) {
			refused = name;
			fprintf(stderr, "refused %s\n", name);
		}
		if (name && refused && !strcmp(name, refused)) {
			reply.flags = 0;
			reply.error = -error;
		}
		reply.id = ask.id;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	}
}

int work_refuse(int argc, char **argv)
{
	int pair[2], listener, status;
	pid_t pid;

	if (argc < 4)
		fail("refuse N ERRNO CMD ARG…");
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	pid = (pid_t)check(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		install(pair[1]);
		execvp(argv[3], argv + 3);
		fail("%s: %s", argv[3], strerror(errno));
	}
	close(pair[1]);
	listener = receive(pair[0]);
	answer(listener, number(argc, argv, 1, 1), (int)number(argc, argv, 2, ENOMEM));
	check(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
