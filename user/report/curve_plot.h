/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORT_CURVE_PLOT_H
#define REPORT_CURVE_PLOT_H

#include <stdbool.h>

#include "report/curve.h"

/* Is there a gnuplot in PATH? */
bool curve_plot_possible(void);

/* Draw the curves to `path`, .svg or .png, with the line `head` above them; unless `as_root`, with the rights of the
 * user who called (base/caller.h). 0, -ENOENT: there is no gnuplot, -EIO: gnuplot failed, its first words in `why`, or
 * another -errno. */
int curve_plot(const struct curve *c, const char *path, const char *head, bool as_root, char *why, size_t room);

#endif
