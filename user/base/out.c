/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/clock.h"

/* Complete rows of this size are written without waiting for out_flush(): memory stays bounded
 * however many rows an interval has. */
#define WRITE_AT 65536
#define HURRY_NS (NS_PER_S / 2)

struct out {
	int fd;
	bool borrowed; /* not ours to close */
	bool regular;
	bool stale; /* what it held before is still there: until we have something to say */
	bool terminal;
	int err; /* the first failure, for ever */
	struct out_patience *patience;

	char *buf;
	size_t len, room;
	size_t complete; /* the first bytes of `buf`: complete rows, fit to be written */

	/* Where the rows in `buf` end. A line feed would not tell: a quoted cell may hold one. */
	size_t *ends;
	size_t n_ends, ends_room;
};

static int make(struct out **out, int fd, bool borrowed)
{
	struct out *o = calloc(1, sizeof(*o));
	struct stat st;

	if (!o)
		return -ENOMEM;
	if (fstat(fd, &st)) {
		free(o);
		return -errno;
	}
	o->fd = fd;
	o->borrowed = borrowed;
	o->regular = S_ISREG(st.st_mode);
	o->terminal = isatty(fd);
	*out = o;
	return 0;
}

int out_borrow(struct out **out, int fd)
{
	return make(out, fd, true);
}

/*
 * The descriptor that is open already under this name, -1: none. Opened once more it would need rights that who handed
 * it to us had no need of, and a file that is appended to would be cut.
 */
static int held(const char *path)
{
	static const char *const dirs[] = {"/dev/fd/", "/proc/self/fd/"};
	uint64_t fd;

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		size_t n = strlen(dirs[i]);

		if (!strncmp(path, dirs[i], n) && !parse_u64(path + n, 0, INT_MAX, &fd))
			return (int)fd;
	}
	return -1;
}

int out_open(struct out **out, const char *path)
{
	int fd = held(path), err;

	if (fd >= 0)
		return out_borrow(out, fd);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		return -errno;
	err = make(out, fd, false);
	if (err)
		close(fd);
	else
		(*out)->stale = (*out)->regular;
	return err;
}

static void fail(struct out *out, int err)
{
	if (!out->err)
		out->err = err;
}

/* Room for `n` more bytes. */
static bool reserve(struct out *out, size_t n)
{
	size_t room = out->room ? out->room : 4096;
	char *buf;

	if (out->err)
		return false;
	if (n <= out->room - out->len)
		return true;
	while (room - out->len < n) {
		if (room > SIZE_MAX / 2) {
			fail(out, -ENOMEM);
			return false;
		}
		room *= 2;
	}
	buf = realloc(out->buf, room);
	if (!buf) {
		fail(out, -ENOMEM);
		return false;
	}
	out->buf = buf;
	out->room = room;
	return true;
}

void out_printf(struct out *out, const char *fmt, ...)
{
	va_list args, again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		fail(out, -EINVAL);
	else if (reserve(out, (size_t)n + 1)) { /* its final 0 */
		vsnprintf(out->buf + out->len, (size_t)n + 1, fmt, again);
		out->len += (size_t)n;
	}
	va_end(again);
}

void out_write(struct out *out, const void *bytes, size_t n)
{
	if (!n || !reserve(out, n))
		return;
	memcpy(out->buf + out->len, bytes, n);
	out->len += n;
}

/* The decimal digits of `n`, at least `min` of them, ending at `end`; where they begin. */
static char *digits(char *end, uint64_t n, unsigned min)
{
	char *p = end;

	while (n || min) {
		*--p = (char)('0' + n % 10);
		n /= 10;
		if (min)
			min--;
	}
	return p;
}

void out_u64(struct out *out, uint64_t n)
{
	char text[20], *end = text + sizeof(text);
	char *p = digits(end, n, 1);

	out_write(out, p, (size_t)(end - p));
}

void out_fixed(struct out *out, double v, unsigned decimals)
{
	static const double scale[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
	char text[40], *end = text + sizeof(text), *p = end;
	uint64_t n, unit;

	/* Not printf(3): its decimal point is the locale's, and a comma would be one more column. */
	v *= scale[decimals];
	n = v > 0 ? (v < 1e18 ? (uint64_t)llround(v) : (uint64_t)1e18) : 0;
	unit = (uint64_t)scale[decimals];
	if (decimals) {
		p = digits(p, n % unit, decimals);
		*--p = '.';
	}
	p = digits(p, n / unit, 1);
	out_write(out, p, (size_t)(end - p));
}

static bool note_end(struct out *out)
{
	size_t room = out->ends_room ? 2 * out->ends_room : 64;
	size_t *ends;

	if (out->n_ends == out->ends_room) {
		ends = reallocarray(out->ends, room, sizeof(*ends));
		if (!ends) {
			fail(out, -ENOMEM);
			return false;
		}
		out->ends = ends;
		out->ends_room = room;
	}
	out->ends[out->n_ends++] = out->len;
	return true;
}

void out_row_end(struct out *out)
{
	if (out->err || !note_end(out))
		return;
	out->complete = out->len;
	if (out->complete >= WRITE_AT)
		out_flush(out); /* its failure is kept */
}

/* Of the complete rows only `written` bytes are in the file: take the last one away again if
 * it is there in part. */
static void cut_back(const struct out *out, size_t written)
{
	size_t whole = 0, i;
	struct stat st;
	off_t at;

	for (i = 0; i < out->n_ends && out->ends[i] <= written; i++)
		whole = out->ends[i];
	if (whole == written || !out->regular)
		return;
	/* Standard output may be shared: what others wrote after us is not ours to cut. */
	at = lseek(out->fd, 0, SEEK_CUR);
	if (at < 0 || fstat(out->fd, &st) || st.st_size != at)
		return;
	at -= (off_t)(written - whole);
	if (!ftruncate(out->fd, at))
		lseek(out->fd, at, SEEK_SET); /* whoever writes on leaves no hole */
}

void out_hurry(struct out_patience *patience)
{
	patience->until = clock_ns() + HURRY_NS;
}

void out_set_patience(struct out *out, struct out_patience *patience)
{
	out->patience = patience;
}

/* Until it can be written to, or would fail. 0 or -ECANCELED. */
static int wait_for_reader(const struct out *out)
{
	struct out_patience none = {.fd = -1}, *p = out->patience ? out->patience : &none;

	for (;;) {
		struct pollfd fds[] = {{.fd = out->fd, .events = POLLOUT},
		                       {.fd = p->until ? -1 : p->fd, .events = POLLIN}};
		uint64_t now = clock_ns();
		int ms = !p->until ? -1 : p->until > now ? (int)((p->until - now) / 1000000 + 1) : 0;

		poll(fds, 2, ms);
		if (fds[0].revents)
			return 0;
		if (fds[1].revents)
			out_hurry(p);
		else if (p->until && clock_ns() >= p->until)
			return -ECANCELED;
	}
}

/* What is written at once: as many whole rows as a pipe takes at once or not at all, see pipe(7); or else one. */
static size_t part(const struct out *out, size_t done)
{
	size_t end = 0;

	if (out->regular)
		return out->complete - done;
	for (size_t i = 0; i < out->n_ends && (end <= done || out->ends[i] <= done + PIPE_BUF); i++)
		end = out->ends[i];
	return end - done;
}

/*
 * Write all complete rows, `done` of their bytes, in either case. 0 or -errno. What has been found writable may not
 * be so any more if another process writes there as well: where the kernel can, it is asked not to wait.
 */
static int write_all(const struct out *out, size_t *done)
{
	int err = 0;

	for (*done = 0; *done < out->complete && !err;) {
		struct iovec rows = {out->buf + *done, part(out, *done)};
		ssize_t w;

		err = out->regular ? 0 : wait_for_reader(out);
		if (err)
			break;
		w = out->regular ? -1 : pwritev2(out->fd, &rows, 1, -1, RWF_NOWAIT);
		if (out->regular || (w < 0 && errno == EOPNOTSUPP))
			w = write(out->fd, rows.iov_base, rows.iov_len);
		if (w > 0) {
			*done += (size_t)w;
			if (out->patience && out->patience->until)
				out_hurry(out->patience);
		} else if (!w) {
			err = -EIO; /* or we would be here for ever */
		} else if (errno != EINTR && errno != EAGAIN) {
			err = -errno;
		}
	}
	return err;
}

int out_flush(struct out *out)
{
	size_t written;
	int err;

	/* Rows that were complete before memory ran out are good: write them, then say so. */
	if (!out->complete)
		return out->err;
	if (out->stale && ftruncate(out->fd, 0))
		fail(out, -errno);
	out->stale = false;
	err = write_all(out, &written);
	if (err) {
		fail(out, err);
		cut_back(out, written);
	}
	memmove(out->buf, out->buf + out->complete, out->len - out->complete);
	out->len -= out->complete;
	out->complete = 0;
	out->n_ends = 0;
	return out->err;
}

bool out_is_terminal(const struct out *out)
{
	return out->terminal;
}

void out_size(const struct out *out, unsigned *lines, unsigned *columns)
{
	struct winsize size = {0};

	if (out->terminal)
		ioctl(out->fd, TIOCGWINSZ, &size);
	*lines = size.ws_row ? size.ws_row : 24;
	*columns = size.ws_col ? size.ws_col : 80;
}

int out_close(struct out *out)
{
	int err;

	if (!out)
		return 0;
	err = out_flush(out);
	/* Some file systems tell of a full disk or quota only here. */
	if (!out->borrowed && close(out->fd) && errno != EINTR && !err)
		err = -errno;
	free(out->ends);
	free(out->buf);
	free(out);
	return err;
}
