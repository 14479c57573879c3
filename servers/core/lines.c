/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

int line_find(const char *data, size_t len, size_t max, struct line *line)
{
	size_t most = max + 2, size;
	const char *end = len ? memchr(data, '\n', len < most ? len : most) : NULL;

	if (!end)
		return len < most ? 0 : -EMSGSIZE;
	size = end - data + 1;
	*line = (struct line){.text = data, .len = size - 1, .size = size};
	if (line->len && end[-1] == '\r')
		line->len--;
	return line->len > max ? -EMSGSIZE : 1;
}

int line_is(const struct line *line, const char *word)
{
	return line->len == strlen(word) && !strncasecmp(line->text, word, line->len);
}
