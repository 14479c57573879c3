# SPDX-License-Identifier: BSD-2-Clause
"""The server's own account and vmprof's rows, brought to the same instant, field by field."""

import json
import os
import signal

import case
import host

PATIENCE = 20  # accounts, until one is not disturbed
# What a second account may not have more of than the one before: else the server was not at rest in between.
DISTURBED = ("minflt", "majflt", "nivcsw", "inblock")


def at_rest(rows, given, clients):
    """
    The account of a server that rests, and the time of vmprof's last row before it. Making an account costs something
    itself: so it is asked for again, until one has used nothing that the next one would see.
    """
    pid = first_pid(rows)
    host.wait_for(lambda: threads(pid) <= 2, f"the end of the threads of {clients} clients")
    before = None
    for _ in range(PATIENCE):
        until = idle_row(rows)
        own = ask(pid, given)
        if before and all(own[name] == before[name] for name in DISTURBED):
            return own, until
        before = own
    raise host.Failed(f"server: no two of {PATIENCE} accounts agree: the machine is too busy")


def first_pid(rows):
    host.wait_for(lambda: host.read(rows).count("\n") >= 2, "the first row of vmprof")
    return case.rows(rows)[0]["pid"]


def threads(pid):
    return host.status_kb(pid, "Threads")


def idle_row(path):
    """The time of the next row in which the server did nothing at all."""
    seen = len(case.rows(path))

    def idle():
        new = [row for row in case.rows(path)[seen:] if row["lost"] is not None]  # the last column: a whole row
        return new[-1]["time"] if new and not new[-1]["cpu_ns"] and not new[-1]["vcsw"] else None

    host.wait_for(idle, "an interval in which the server rests")
    return idle()


def ask(pid, path):
    """The account as of now. The server puts it there whole."""
    if os.path.exists(path):
        os.unlink(path)
    os.kill(pid, signal.SIGUSR1)
    host.wait_for(lambda: os.path.exists(path), "the server's account")
    with open(path, encoding="utf-8") as file:
        return json.load(file)
