# SPDX-License-Identifier: BSD-2-Clause
"""
CPU utilisation against the number of processes, under three memory limits: each process works a little and waits a little,
so more of them use more of the CPUs, until they take the pages from each other. The knee moves right with more memory.
"""

import csv
import os
import re
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import case  # noqa: E402
import host  # noqa: E402

MIB = 1 << 20
RECORDED = "curve.csv"
EXPLAINED = 0.9  # of the time in which a copy could have run, it ran or was in `fault`
RISE, FALL = 1.1, 0.9  # utilisation at its peak, in terms of one copy's; and after it, in terms of the peak


def plan(quick):
    """MiB of a copy and of the limits, which leave room for three, five and seven copies; how many, how long."""
    if quick:
        return {"size": 12, "limits": [42, 66, 90], "max": 9, "seconds": 0.6, "think": 0.01}
    return {"size": 24, "limits": [80, 128, 176], "max": 9, "seconds": 1.5, "think": 0.05}


def measure(c):
    of = plan(c.quick)
    c.about["plan"] = of
    # On a disk, and made there under the limit: pages in the cache from before would not count.
    with tempfile.TemporaryDirectory(prefix="vmprof-case-", dir="/var/tmp") as directory:
        host.output([case.VMPROF, "curve", "--as-root", "--quiet", "--max", str(of["max"]), "--repeat", str(c.repeat),
                     "--memory", ",".join(f"{limit}M" for limit in of["limits"]), "--metric", "touches ([0-9]+)",
                     "--csv", c.recording(RECORDED), "--", case.MEMWORK, "--size", f"{of['size']}M", "--pattern", "random",
                     "--think", str(of["think"]), "--seconds", str(of["seconds"]), "--file", f"{directory}/pages-{{}}"],
                    host.ALL_CPUS, 900)


class Curve:
    """One limit in one repeat: a row for each number of copies."""

    def __init__(self, rows, knee, cause):
        self.rows = {row["n"]: row for row in rows}
        self.knee = knee
        self.cause = cause
        self.util = {n: row["copies_util"] for n, row in self.rows.items()}
        self.peak = max(self.util, key=self.util.get)

    def rises_and_falls(self):
        top = self.util[self.peak]
        after = [util for n, util in self.util.items() if n > self.peak]
        return top >= RISE * self.util[1] and after and min(after) <= FALL * top

    def explained(self):
        """Beyond the knee: of the time that a copy neither chose to pause nor waited for a CPU, how much it ran or was in
        `fault`."""
        shares = []
        for n, row in self.rows.items():
            if self.knee and n > self.knee:
                could = 1 - row["sleep_share"] - sum(row[f"{state}_share"] for state in case.WAITING)
                ran = sum(row[f"{state}_share"] or 0 for state in case.RUNNING)
                shares.append((ran + row["fault_share"]) / could)
        return shares


def knees(directory, rows):
    """What vmprof says of one repeat: (N, cause) for each limit, N being 0 where useful work does not fall."""
    path = os.path.join(directory, RECORDED)
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, rows[0], lineterminator="\r\n")
        out.writeheader()
        out.writerows(rows)
    said = " ".join(host.output([case.VMPROF, "curve", "--as-root", "--from", path], host.ALL_CPUS).split())
    found = []
    for part in re.split(r"[\d.]+[KMGT]? of memory, ", said)[1:]:
        knee = re.search(r"Knee at (\d+) cop", part)
        cause = re.search(r"Cause: (\w+)", part)
        found.append((int(knee[1]) if knee else 0, cause[1] if cause else ""))
    return found


def read(c):
    """Curves by repeat, and within by limit."""
    path, found = c.recording(RECORDED), []
    limits = [limit * MIB for limit in c.about["plan"]["limits"]]
    with case.intact(path), tempfile.TemporaryDirectory() as directory:
        rows = case.rows(path)
        for repeat in range(1, c.repeat + 1):
            its = [row for row in rows if row["repeat"] == repeat]
            said = knees(directory, its)
            if len(its) != len(limits) * c.about["plan"]["max"] or len(said) != len(limits):
                raise host.Failed(f"{case.shown(path)}: repeat {repeat} is not complete")
            found.append([Curve([row for row in its if row["memory_bytes"] == limit], *what)
                          for limit, what in zip(limits, said)])
    return found


def listed(values):
    return ", ".join(str(value) for value in values)


def tell(c, runs):
    of = c.about["plan"]
    table = []
    for i, limit in enumerate(of["limits"]):
        its = [run[i] for run in runs]
        knee = round(statistics.median(curve.knee for curve in its))
        share = [100 * statistics.median(curve.util[n] for curve in its) for n in (1, knee or 1, of["max"])]
        low = 100 * statistics.median(min(u for n, u in curve.util.items() if n >= curve.peak) for curve in its)
        fault = [100 * statistics.median(curve.rows[n]["fault_share"] for curve in its) for n in (knee or 1, of["max"])]
        table.append((f"{limit} MiB", listed(curve.knee for curve in its), f"{share[0]:.1f}", f"{share[1]:.1f}", f"{low:.1f}",
                      f"{fault[0]:.1f}", f"{fault[1]:.1f}"))
    c.table(f"1 to {of['max']} copies of {of['size']} MiB, {c.repeat} repeat{'s' * (c.repeat > 1)}; medians",
            ("memory", "knee, by repeat", "CPUs busy with 1 [%]", "at the knee", "lowest after", "in fault at the knee [%]",
             f"with {of['max']}"), table)
    first, last = (statistics.median(run[i].knee for run in runs) for i in (0, -1))
    more = of["limits"][-1] - of["limits"][0]
    lost = [curve.rows[of["max"]]["metric"] / max(row["metric"] for row in curve.rows.values()) for run in runs for curve in run]
    c.say(f"{more} MiB more move the knee from {first:g} to {last:g} copies: {more / max(1, last - first):.0f} MiB for each, which "
          f"touches {of['size']}. With {of['max']} copies useful work is {100 * statistics.median(lost):.0f} % of the best.")


def check(c, runs):
    every = f"in each of {len(runs)} repeats" if len(runs) > 1 else "in the one repeat"
    curves = [curve for run in runs for curve in run]
    c.expect(all(0 < a.knee < b.knee for run in runs for a, b in zip(run, run[1:])),
             f"three knees, in the order of the memory, {every}")
    c.expect(all(curve.cause == "memory" for curve in curves), f"memory is the cause, {every}")
    c.expect(all(curve.rises_and_falls() for curve in curves), f"utilisation rises, then falls, {every} under each limit")
    explained = [share for curve in curves for share in curve.explained()]
    c.expect(explained and min(explained) >= EXPLAINED,
             f"beyond the knee, utilisation and `fault` are {100 * min(explained, default=0):.1f} % or more of what the copies "
             f"could have had (all their time but pauses and waiting for a CPU)")


def report(c):
    runs = read(c)
    tell(c, runs)
    check(c, runs)
    recorded = case.rows(c.recording(RECORDED))
    c.csv(list(recorded[0]), [list(row.values()) for row in recorded])
    c.draw(lambda out: [case.VMPROF, "curve", "--as-root", "--quiet", "--from", c.recording(RECORDED), "--plot", out])


if __name__ == "__main__":
    case.main(__doc__, measure, report, repeat=5)
