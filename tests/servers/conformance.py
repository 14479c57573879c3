#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same suite for every model and every app, from outside: what docs/servers.md says. TAP on standard output."""
import sys

import ends
import limits
import load
import says_http
import says_kv
import says_lines
from suite import MODELS, Suite

SAYS = {"mastermind": says_lines.MASTERMIND, "chat": says_lines.CHAT, "kv": says_kv.KV, "http": says_http.HTTP}


def checks(options, model, app):
    left_out = set()
    if options.sanitizer:
        left_out.add(limits.memory)  # they take all address space there is
    if model in ("event", "coroutine"):
        left_out.add(limits.tasks)  # no thread or process is needed for a connection
    return [check for check in [*SAYS[app], *load.CHECKS, *ends.CHECKS, *limits.CHECKS] if check not in left_out]


if __name__ == "__main__":
    sys.exit(Suite(__doc__, MODELS, checks).main())
