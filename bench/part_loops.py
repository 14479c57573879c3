# SPDX-License-Identifier: BSD-2-Clause
"""Cost per event: a call, a fault, a round trip; what is added, and in terms of the floor."""

import contextlib
import subprocess

import figures
import host
import rounds

LOOPS = {"getppid": "system call", "fault": "first-touch fault", "pipe": "pipe round trip"}
CONFIGS = [
    "bare",
    "bare again",
    "floor full",
    "floor calls",
    "floor ledger",
    "vmprof full",
    "vmprof calls",
    "vmprof ledger",
    "vmprof untracked",
]
FLOOR_OF = {
    "vmprof full": "floor full",
    "vmprof calls": "floor calls",
    "vmprof ledger": "floor ledger",
    "vmprof untracked": "floor full",
}
GOALS = {"vmprof full": "≤ 2", "vmprof calls": "≤ 2", "vmprof ledger": "≤ 2", "vmprof untracked": "≤ 1.1"}


def floor_of(loop, config):
    """Empty programs on the same tracepoints; the ledger has none on system calls."""
    if loop == "getppid" and config == "vmprof ledger":
        return "floor full"
    return FLOOR_OF.get(config)


def run(context):
    budget, seconds, least = context.pick((40, 0.1, 4), (150, 0.2, 10))
    with contextlib.ExitStack() as stack:
        loops = {
            name: stack.enter_context(
                host.running(
                    [context.loops, name, "--serve", "--cpu", str(host.CPU), "--seconds", str(seconds)],
                    cpus=host.ALL_CPUS,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for name in LOOPS
        }
        for process in loops.values():
            host.say_ready(process)

        def measure(config):
            for name, loop in loops.items():
                loop.stdin.write("\n")
                loop.stdin.flush()
                line = loop.stdout.readline()
                if not line:
                    raise host.Failed(f"loops {name}: ended while {config} was attached")
                yield name, float(line), "ns"

        pids = [loop.pid for loop in loops.values()]
        done = rounds.alternate(context, "cost per event", CONFIGS, pids, measure, budget, least)
    return table(done)


def table(done):
    out = figures.Table(
        "Cost per event",
        ("event", "attached", "ns", "added ns", "added / the floor's added", "goal"),
        f"Least of many repeats each time, pinned to one CPU; median (quartiles) of {len(done.turns)} rounds. "
        "The floor is empty programs on the same tracepoints (for the ledger and system calls, on "
        "which it has none, those of `full`).",
    )
    for loop, label in LOOPS.items():
        for config in CONFIGS:
            values = done.values(loop, config)
            if not values:
                continue
            added = figures.with_spread(done.added(loop, config), 1) if config != "bare" else ""
            floor = floor_of(loop, config)
            ratios = done.added_ratios(loop, config, floor) if floor else []
            out.add(
                label,
                config,
                f"{figures.quartiles(values)[0]:.1f}",
                added,
                figures.with_spread(ratios),
                GOALS.get(config, ""),
            )
    return [out]
