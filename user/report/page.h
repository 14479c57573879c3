/* SPDX-License-Identifier: BSD-2-Clause */
/* A report for people: lines of 80 columns, restrained colour, blocks where the locale has them. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdbool.h>

#include "base/out.h"
#include "model/sample.h"

#define PAGE_WIDTH 80

#define PAGE_BOLD   "1"
#define PAGE_DIM    "2"
#define PAGE_RED    "31"
#define PAGE_GREEN  "32"
#define PAGE_YELLOW "33"
#define PAGE_BLUE   "34"

struct page {
	struct out *out;
	const struct summary *s;
	bool colour;
	bool utf8; /* what the locale can print */
};

/* From here on in this colour (PAGE_*), if the page has any; and back. */
void page_colour(const struct page *p, const char *code);
void page_plain(const struct page *p);

void page_end_line(const struct page *p);

/* A line of its own, after an empty one. */
void page_heading(const struct page *p, const char *text);

/* Words in lines of at most PAGE_WIDTH columns, all but the first indented. */
void page_paragraph(const struct page *p, const char *colour, const char *text);

/* The ledger: a line per state that has any time, with its share, its time and a bar. */
void ledger_print(const struct page *p);

/* The system calls, the longest first; nothing if they were not collected. 0 or -ENOMEM. */
int call_report_print(const struct page *p);

#endif
