/* SPDX-License-Identifier: BSD-2-Clause */
#include "split.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include "http_parse.h"
#include "http_reply.h"

#define SECRET  "WHAT-NOBODY-MAY-READ"
#define IN_MOST (HTTP_METHOD_MAX + HTTP_TARGET_MAX + HTTP_HEADERS_MAX + 64)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void put_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	must(f && fputs(text, f) >= 0 && !fclose(f));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Without app_http.start(), /work burns nothing (burn.h): a fuzzer would spend its time there. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[128];

	(void)argc, (void)argv;
	strcpy(dir, "/tmp/vmprof-fuzz-XXXXXX");
	must(mkdtemp(dir));
	atexit(remove_dir);
	snprintf(path, sizeof(path), "%s/root", dir);
	must(!mkdir(path, 0755));
	must(!http_static_start(path));
	put_file("s", SECRET);
	put_file("root/f", "file");
	put_file("root/index.html", "index");
	snprintf(path, sizeof(path), "%s/root/l", dir);
	must(!symlink("../s", path));
	return 0;
}

/* The replies to the same bytes may lie on both sides of a second's end. */
static void forget_dates(struct buf *out)
{
	char *at, *end;

	if (!buf_len(out))
		return;
	at = buf_at(out);
	end = at + buf_len(out);
	while ((at = memmem(at, end - at, "\r\nDate: ", 8))) {
		must(end - at > 8 + 29);
		memset(at + 8, '-', 29);
		at += 8 + 29;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct life whole, cut;

	life_begin(&whole, &app_http, 1);
	life_input(&whole, &app_http, data, size, IN_MOST, 512);
	life_begin(&cut, &app_http, 1);
	life_cut(&cut, &app_http, data, size, IN_MOST, 512);
	forget_dates(&whole.s.out);
	forget_dates(&cut.s.out);
	must_be_same(&whole, &cut);
	must(!buf_len(&whole.s.out) || !memmem(buf_at(&whole.s.out), buf_len(&whole.s.out), SECRET, strlen(SECRET)));
	life_end(&whole, &app_http);
	life_end(&cut, &app_http);
	return 0;
}
