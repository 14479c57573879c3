/* SPDX-License-Identifier: BSD-2-Clause */
#include "selecting.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void port(void **state)
{
	char *net = realpath(ROOT "/net", NULL);

	(void)state;
	make_process(5, 5, "both", 0, 0);
	make_process(6, 6, "worker", 0, 0);
	make_process(7, 7, "client", 0, 0);
	make_process(8, 8, "nothing", 0, 0);
	link_fd("5/fd/0", "/dev/null");
	link_fd("5/fd/3", "socket:[770001]");
	link_fd("5/fd/4", "socket:[770004]");
	link_fd("6/fd/9", "socket:[770002]"); /* the same port on another address */
	link_fd("7/fd/3", "socket:[770003]");
	link_fd("7/fd/4", "socket:[77000");
	link_fd("7/fd/5", "pipe:[770001]");
	link_fd("7/fd/6", "/tmp/socket:[770001]");
	assert_non_null(net);
	link_fd("net", net); /* /proc/net is a link too */
	free(net);
	assert_selects(scratch, "5 6", .port = 8080);
	assert_selects(scratch, "5", .port = 8443);                                 /* version 6 */
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "9090"), .port = 9090); /* connected only */
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "9091"), .port = 9091); /* TIME_WAIT */
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "1234"), .port = 1234);
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "-1"), .port = -1);
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "73616"), .port = 73616); /* 8080 + 65536 */
	/* It listens, nothing is hidden, and nobody holds it: the kernel itself. */
	assert_selects(scratch, failure(SELECT_NONE, "80"), .port = 80);
}

static void port_garbage(void **state)
{
	static const char text[] = "  sl  local_address\n"
				   "\n"
				   "   0:\n"
				   "   0: 00000000:1F90\n"
				   "   0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0 0 0 x\n"
				   "   0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0 0 0 0 1\n" /* no inode */
				   "\xff\xfe: 1F90:1F90 0A 0A 0A\n"
				   "   9: 0100007F:1F91 00000000:0000 0A 0:0 0:0 0 0 0 42 1";

	(void)state;
	make_process(5, 5, "x", 0, 0);
	link_fd("5/fd/3", "socket:[42]");
	link_fd("5/fd/4", "socket:[0]");
	/* Neither file. */
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "8080"), .port = 8080);
	scratch_text("net/tcp", text);
	assert_selects(scratch, failure(SELECT_NO_LISTENER, "8080"), .port = 8080);
	assert_selects(scratch, "5", .port = 8081);
}

static void live_port(void **state)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int sock = socket(AF_INET, SOCK_STREAM, 0), number;
	socklen_t len = sizeof(addr);
	char text[16];
	pid_t pid;

	(void)state;
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&addr, &len), 0);
	number = ntohs(addr.sin_port);
	pid = live_child("listener");
	snprintf(text, sizeof(text), "%d", number);
	assert_selects("/proc", failure(SELECT_NO_LISTENER, text), .port = number); /* bound, not yet listening */
	assert_int_equal(listen(sock, 1), 0);
	snprintf(text, sizeof(text), "%d", pid);
	assert_selects("/proc", text, .port = number); /* not us, who hold it too */
	close(sock);
	end_child(pid);
}

/* As somebody who may not look at the descriptors of others. */
static void hidden(void **state)
{
	const struct selection sel = {.port = 8081};
	struct pid_set set = {0};
	struct select_error err;
	int status;
	pid_t pid;

	(void)state;
	make_process(5, 5, "x", 0, 0);
	link_fd("5/fd/3", "socket:[42]");
	scratch_text("net/tcp", "   9: 0100007F:1F91 00000000:0000 0A 0:0 0:0 0 0 0 42 1\n");
	assert_selects(scratch, "5", .port = 8081);
	assert_int_equal(chmod(scratch_path("5/fd"), 0), 0);
	pid = fork();
	if (!pid) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534))
			_exit(99);
		_exit(select_pids(scratch, &sel, &set, &err) == -ESRCH ? err.why : 98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(scratch_path("5/fd"), 0755), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SELECT_HIDDEN);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(port),
		WITH_SCRATCH(port_garbage),
		cmocka_unit_test(live_port),
		WITH_SCRATCH(hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
