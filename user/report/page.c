/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/page.h"

#include <string.h>

void page_colour(const struct page *p, const char *code)
{
	if (p->colour)
		out_printf(p->out, "\033[%sm", code);
}

void page_plain(const struct page *p)
{
	page_colour(p, "0");
}

void page_end_line(const struct page *p)
{
	out_write(p->out, "\n", 1);
	out_row_end(p->out);
}

void page_heading(const struct page *p, const char *text)
{
	page_end_line(p);
	page_colour(p, PAGE_BOLD);
	out_printf(p->out, "%s", text);
	page_plain(p);
	page_end_line(p);
}

void page_paragraph(const struct page *p, const char *colour, const char *text)
{
	size_t column = 0;

	page_colour(p, colour);
	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > PAGE_WIDTH) {
			page_end_line(p);
			out_write(p->out, "  ", 2);
			column = 2;
		} else if (column) {
			out_write(p->out, " ", 1);
			column++;
		}
		out_write(p->out, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	page_plain(p);
	page_end_line(p);
}
