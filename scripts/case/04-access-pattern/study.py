# SPDX-License-Identifier: BSD-2-Clause
"""
Two processes under a memory limit that does not fit both: P1 and P2, both random; then P3, which does what P1 does, beside
P4, sequential and smaller. Who touches pages at random takes them from the other one, again and again.
"""

import os
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import case  # noqa: E402
import host  # noqa: E402
import limit  # noqa: E402

MIB = 1 << 20
PAIRS = ((1, ("P1", "P2")), (2, ("P3", "P4")))
PATTERNS = {"P1": "random", "P2": "random", "P3": "random", "P4": "sequential"}
BREAK = 0.5  # who is left has at most so much of the major faults a second that it had beside the other


def plan(quick):
    """
    MiB of the limit; and of each process, with its passes. While it shares the memory a process gets through a few passes a
    second; what P1 and P3 have left when they are alone takes a second or two. P4 outlives the time in which P3 reads all for the
    first time.
    """
    if quick:
        return {"limit": 24, "P1": (16, 12000), "P2": (16, 24), "P3": (16, 12000), "P4": (12, 20000)}
    return {"limit": 96, "P1": (64, 5000), "P2": (64, 16), "P3": (64, 5000), "P4": (48, 20000)}


def command(name, directory, of):
    """Its pages go when it ends, as those of no file would: the page cache would keep them, against whoever is left."""
    size, passes = of[name]
    file = f"{directory}/{name}"
    return (f"({case.MEMWORK} --size {size}M --pattern {PATTERNS[name]} --passes {passes} --seed {name[1]} --cold "
            f"--file {file} --json >{file}.json & echo {name} $! >>{directory}/pids; wait; rm {file}) &\n")


def run_pair(c, of, directory, pair, names, repeat):
    """Both from their first instant to the end of the later one, rows of each in pairN-REPEAT.csv."""
    with limit.group(of["limit"] * MIB) as group:
        script = f"echo $$ >{group}/cgroup.procs\n" + "".join(command(name, directory, of) for name in names) + "wait\n"
        host.output([case.VMPROF, "--quiet", "--detail", "ledger", "--csv", c.recording(f"pair{pair}-{repeat}.csv"),
                     "--as-root", "--", "sh", "-c", script], host.ALL_CPUS, 200)
    found = {"pids": {line.split()[0]: int(line.split()[1]) for line in host.read(f"{directory}/pids").splitlines()}}
    for name in names:
        found[name] = case.load(f"{directory}/{name}.json")
    c.save(f"pair{pair}-{repeat}.json", found)


def measure(c):
    of = plan(c.quick)
    c.about["plan"] = of
    # On a disk: what is mapped from memory is never read in again.
    with tempfile.TemporaryDirectory(prefix="vmprof-case-", dir="/var/tmp") as directory:
        for repeat in range(c.repeat):
            for pair, names in PAIRS:
                c.progress(2 * repeat + pair - 1, 2 * c.repeat, " and ".join(names))
                run_pair(c, of, directory, pair, names, repeat)


class Process:
    """What became of one: its faults over time, its end, and where its time went."""

    def __init__(self, rows, own, start):
        self.times = [row["time"] - start for row in rows]
        self.minor = sums(row["minflt"] for row in rows)
        self.major = sums(row["majflt"] for row in rows)
        self.end = self.times[-1]
        self.own = own
        states = case.states(rows)
        self.fault = states["fault"] / max(1, sum(states.values()))

    def rate(self, begin, end):
        """Major faults a second in between."""
        inside = [i for i, time in enumerate(self.times) if begin <= time <= end]
        if len(inside) < 2:
            return 0.0
        return (self.major[inside[-1]] - self.major[inside[0]]) / (self.times[inside[-1]] - self.times[inside[0]])


def sums(values):
    total, found = 0, []
    for value in values:
        total += value
        found.append(total)
    return found


def read_pair(c, pair, names, repeat):
    path = c.recording(f"pair{pair}-{repeat}.csv")
    with case.intact(path):
        rows = case.rows(path)
        about = c.load(f"pair{pair}-{repeat}.json")
        its = {name: [row for row in rows if row["pid"] == about["pids"][name]] for name in names}
        start = min(row["time"] - row["interval"] for found in its.values() for row in found)
        return {name: Process(found, about[name], start) for name, found in its.items()}


def broken(processes):
    """The rate of major faults of the one that is left, in terms of what it was before: the break in its curve."""
    first, last = sorted(processes.values(), key=lambda process: process.end)
    before = last.rate(0, first.end)
    # It takes its pages back first; in the last quarter of its time alone it has them.
    after = last.rate(last.end - (last.end - first.end) / 4, last.end)
    return after / before if before else 1.0


def spread(values, digits=2):
    low, middle, high = min(values), statistics.median(values), max(values)
    text = f"{middle:,.{digits}f}"
    return text if len(values) < 2 else f"{text} ({low:,.{digits}f}–{high:,.{digits}f})"


def tell(c, of, runs):
    rows = []
    for _, names in PAIRS:
        for name in names:
            its = [run[name] for run in runs]
            size, passes = of[name]
            rows.append((name, PATTERNS[name], f"{size} MiB", passes, spread([p.end for p in its]),
                         spread([p.minor[-1] for p in its], 0), spread([p.major[-1] for p in its], 0),
                         spread([100 * p.fault for p in its], 1)))
    many = f"; median (least–most) of {len(runs)} runs" if len(runs) > 1 else ""
    c.table(f"P1 beside P2, then P3 beside P4, under {of['limit']} MiB{many}",
            ("", "pattern", "size", "passes", "ends after [s]", "minor faults", "major faults", "in fault [%]"), rows)


def check(c, runs):
    """In every run, not on average."""
    def pair(run, names, what):
        return [what(run[name]) for name in names]

    def majors(run, names):
        return sum(pair(run, names, lambda process: process.major[-1]))

    def end(run, names):
        return max(pair(run, names, lambda process: process.end))

    one, two = PAIRS[0][1], PAIRS[1][1]
    every = f"in each of {len(runs)} runs" if len(runs) > 1 else "in the run"
    more = [majors(run, one) / max(1, majors(run, two)) for run in runs]
    later = [end(run, one) / end(run, two) for run in runs]
    breaks = [broken({name: run[name] for name in names}) for run in runs for names in (one, two)]
    c.say(f"The same work, P1 and P3, ends after {statistics.median(run['P1'].end for run in runs):.2f} s beside a random "
          f"neighbour and after {statistics.median(run['P3'].end for run in runs):.2f} s beside a sequential one; the random "
          f"pair has {statistics.median(more):.1f} times the major faults and needs {statistics.median(later):.1f} times "
          f"the time.")
    c.expect(min(more) > 1, f"more major faults in the random pair, {every}: {spread(more, 1)} times")
    c.expect(min(later) > 1, f"a later end of the random pair, {every}: {spread(later, 1)} times")
    c.expect(max(breaks) <= BREAK, f"a break where one ends, {every}: who is left has {spread(breaks)} of its major "
                                   f"faults a second")
    off = [abs(p.major[-1] - p.own["majflt"]) / max(1, p.own["majflt"]) for run in runs for n, p in run.items() if n != "P4"]
    c.expect(max(off) <= 0.01, f"major faults as the processes' own getrusage has them: at most {max(off):.2%} off, "
                               f"for their start and end")


def report(c):
    of = c.about["plan"]
    runs = []
    for repeat in range(c.repeat):
        runs.append({})
        for pair, names in PAIRS:
            runs[-1].update(read_pair(c, pair, names, repeat))
    tell(c, of, runs)
    check(c, runs)
    c.csv(("repeat", "pair", "process", "pattern", "size_mib", "time", "minflt", "majflt"),
          [(repeat + 1, pair, name, PATTERNS[name], of[name][0], f"{time:.3f}", minor, major)
           for repeat, run in enumerate(runs) for pair, names in PAIRS for name in names
           for time, minor, major in zip(run[name].times, run[name].minor, run[name].major)])
    c.plot("access.gp", limit=of["limit"])


if __name__ == "__main__":
    case.main(__doc__, measure, report, repeat=5)
