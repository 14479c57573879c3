#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check.py WHAT FILE…: compare what vmprof wrote with an oracle; silent when all is right."""
import sys

import counts
import files
import ledger
import models
from data import Work, verdict

# What → function and which of its arguments is the output of the workloads.
CHECKS = {
    "wall": (ledger.check_wall, 1),
    "shares": (ledger.check_shares, 1),
    "sched": (ledger.check_sched, 1),
    "split": (ledger.check_split, 1),
    "ticks": (ledger.check_ticks, 1),
    "intervals": (ledger.check_intervals, None),
    "single": (ledger.check_single, None),
    "gap": (ledger.check_gap, None),
    "state": (ledger.check_state, None),
    "rusage": (counts.check_rusage, 1),
    "children": (counts.check_children, 1),
    "calls": (counts.check_calls, 2),
    "naps": (counts.check_naps, 1),
    "touch": (counts.check_touch, 1),
    "swarm": (counts.check_swarm, 1),
    "fates": (counts.check_fates, 1),
    "crowd": (counts.check_crowd, 1),
    "fault-time": (ledger.check_fault_time, 1),
    "others": (counts.check_others, 2),
    "absent": (counts.check_absent, None),
    "valid": (files.check_valid, None),
    "names": (files.check_names, 2),
    "events": (files.check_events, None),
    "pids": (files.check_pids, None),
    "server": (files.check_server, None),
    "rest": (models.check_rest, None),
    "load": (models.check_load, None),
}


def main():
    what, *args = sys.argv[1:]
    function, work = CHECKS[what]
    if work is not None:
        args[work] = Work(args[work])
    function(*args)
    verdict()


main()
