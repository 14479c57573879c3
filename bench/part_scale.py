# SPDX-License-Identifier: BSD-2-Clause
"""What vmprof itself takes: CPU, memory and time to start, with many threads."""

import contextlib
import os
import subprocess
import time

import figures
import host

THREADS = 1000
INTERVAL_MS = 50
VARIANTS = {"asleep": 0, "waking 20 times a second each": 20}


@contextlib.contextmanager
def threads(context, wakes):
    command = [context.loops, "threads", "--threads", str(THREADS), "--wakes", str(wakes)]
    with host.running(
        command, cpus=host.ALL_CPUS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        host.say_ready(process)
        yield process


def first_row_ms(context, pid):
    """From before vmprof is started until its first row of CSV has come through a pipe."""
    command = context.attacher.command("full", [pid], "-", "--interval", str(INTERVAL_MS))
    begin = time.monotonic()
    with host.running(command, cpus=host.ALL_CPUS, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        lines = [process.stdout.readline() for _ in range(2)]
        taken = time.monotonic() - begin
    if not lines[1]:
        raise host.Failed("vmprof: no row of CSV on its standard output")
    return taken * 1000


def watch(context, level, pid, seconds):
    """vmprof's share of a CPU and its memory while it polls these threads."""
    attacher = context.attacher
    with attacher.attached(f"vmprof {level}", [pid]) as vmprof:
        rows = os.path.join(attacher.directory, "rows.csv")
        host.wait_for(lambda: host.read(rows).count("\n") >= 4, "third row of the CSV", 20, vmprof)
        with attacher.measuring() as strangers:
            before, cpu, begin = host.read(rows).count("\n"), host.cpu_seconds(vmprof.pid), time.monotonic()
            time.sleep(seconds)  # the length of the measurement, not a wait for anything
            cpu, taken = host.cpu_seconds(vmprof.pid) - cpu, time.monotonic() - begin
            polls = host.read(rows).count("\n") - before
        return {
            "CPU": 100 * cpu / taken,
            "polls": polls / taken,
            "peak": host.status_kb(vmprof.pid, "VmHWM") / 1024,
            "anon": host.status_kb(vmprof.pid, "RssAnon") / 1024,
            "maps": sum(host.fd_info(vmprof.pid, "memlock")) / 2**20,
            "disturbed": bool(strangers),
        }


def run(context):
    if not os.access(context.attacher.vmprof, os.X_OK):
        raise host.Failed(f"{context.attacher.vmprof} is not built")
    seconds, turns, starts = context.pick((3, 1, 5), (8, 3, 15))
    return [own_cost(context, seconds, turns), start_time(context, starts)]


def own_cost(context, seconds, turns):
    out = figures.Table(
        f"vmprof's own cost, {THREADS:,} threads polled every {INTERVAL_MS} ms",
        ("threads", "detail", "% of a CPU", "polls/s", "VmHWM MB", "RssAnon MB", "maps MB", "goal"),
        f"Median (quartiles) of runs of {seconds} s, {turns} each; `maps` is the kernel memory of its BPF maps.",
    )
    for label, wakes in VARIANTS.items():
        with threads(context, wakes) as process:
            for level in ("full", "ledger"):
                found = [watch(context, level, process.pid, seconds) for _ in range(turns)]
                for turn, values in enumerate(found):
                    for name, unit in (("CPU", "%"), ("peak", "MB"), ("polls", "1/s"), ("maps", "MB")):
                        subject = f"{label}: {name}"
                        context.raw.add("scale", subject, turn, level, values[name], unit, values["disturbed"])
                out.add(
                    label,
                    level,
                    figures.with_spread([values["CPU"] for values in found]),
                    f"{figures.quartiles([values['polls'] for values in found])[0]:.1f}",
                    f"{max(values['peak'] for values in found):.1f}",
                    f"{max(values['anon'] for values in found):.1f}",
                    f"{max(values['maps'] for values in found):.1f}",
                    "≤ 1 %, ≤ 16 MB",
                )
    return out


def start_time(context, starts):
    out = figures.Table(
        "From start to the first row of CSV",
        ("target", "ms", "slowest", "goal"),
        f"Median (quartiles) of {starts} starts, the first interval of {INTERVAL_MS} ms included.",
    )
    with threads(context, 0) as many:
        for label, pid in (("one sleeping thread", context.attacher.sleeper.pid), (f"{THREADS:,} threads", many.pid)):
            taken = [first_row_ms(context, pid) for _ in range(starts)]
            for turn, ms in enumerate(taken):
                context.raw.add("start", label, turn, "vmprof full", ms, "ms")
            out.add(label, figures.with_spread(taken, 0), f"{max(taken):.0f}", "≤ 200")
    return out
