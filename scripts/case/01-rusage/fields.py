# SPDX-License-Identifier: BSD-2-Clause
"""The recordings of 01-rusage, and what the server's account and vmprof have in common."""

import case

SUMS = ("vcsw", "ivcsw", "minflt", "majflt", "inblock", "oublock", "lost")


def stem(clients, repeat):
    """The name of a run's recordings."""
    return f"{clients}-clients-{repeat}"


def read(load, path):
    """All runs. `load` and `path` say how to come to a recording."""
    with case.intact(path("runs.json")):
        runs = [(run["clients"], run["repeat"]) for run in load("runs.json")]
        if not runs:
            raise ValueError("no runs")
    return [one(load, path, clients, repeat) for clients, repeat in runs]


def one(load, path, clients, repeat):
    name = stem(clients, repeat)
    with case.intact(path(f"{name}.json")):
        run = {"clients": clients, "repeat": repeat, **load(f"{name}.json")}
        for field in FIELDS:
            field.own(run)
    with case.intact(path(f"{name}.csv")):
        rows = case.rows(path(f"{name}.csv"))
        run["seen"] = seen([row for row in rows if row["time"] <= run["until"]])
    with case.intact(path(f"{name}.syscalls.csv")):
        calls = case.rows(path(f"{name}.syscalls.csv"))
        run["seen"]["accepted"] = accepted(calls)
        run["whole"] = case.total(calls, "calls") == case.total(rows, "sys_total")
    return run


def seen(rows):
    """vmprof's side: sums of what counts, the last value of what is a state."""
    last = rows[-1]
    found = {name: case.total(rows, name) for name in SUMS}
    found.update({f"{name}_us": case.total(rows, f"{name}_ns") / 1e3 for name in ("cpu", "user", "sys")})
    found.update({f"{name}_kb": last[f"{name}_bytes"] // 1024 for name in ("rss", "vsz", "text", "data")})
    found["peak_kb"] = last["peak_rss_bytes"] // 1024
    return found


def accepted(calls):
    """The calls of accept that gave a connection: over all of the run, for one that still waits has not failed yet."""
    its = [row for row in calls if row["syscall"] in ("accept", "accept4")]
    return case.total(its, "calls") - case.total(its, "errors")


def typical(runs):
    """Of the runs of each number of clients that with the median CPU time."""
    chosen = []
    for n in sorted({run["clients"] for run in runs}):
        these = sorted((run for run in runs if run["clients"] == n), key=lambda run: run["seen"]["cpu_us"])
        chosen.append(these[(len(these) - 1) // 2])
    return chosen


def per_guess(run, name):
    return run["seen"][name] / run["load"]["requests"]


class Field:
    """A figure that one or both of them have. `near` says when two figures are as good as equal, `claim` how near."""

    def __init__(self, label, unit, own=None, seen=None, near=None, claim="equal"):
        self.name = label.strip()
        self.label = f"{label}, {unit}" if unit else label
        self.unit = unit  # as shown: "ms" is recorded in µs
        self.sides = (own, seen)
        self.near = near or (lambda run, a, b: a == b)
        self.claim = claim
        self.compared = bool(own and seen and claim)

    def values(self, run):
        """The server's and vmprof's; None: it has none."""
        theirs = self.sides[1]
        return self.own(run), run["seen"][theirs] if theirs else None

    def own(self, run):
        name = self.sides[0]
        return int({**run["own"], **run["own"]["statm"]}[name]) if name else None

    def value(self, run):
        """The one to go by, vmprof's if there is one."""
        own, theirs = self.values(run)
        return own if theirs is None else theirs

    def agrees(self, run):
        return self.near(run, *self.values(run))

    def text(self, value):
        return f"{value / 1e3:.1f}" if self.unit == "ms" else f"{value:.0f}"

    def cell(self, run):
        """One figure where both say the same, else the server's / vmprof's."""
        texts = [self.text(value) for value in self.values(run) if value is not None]
        return " / ".join(dict.fromkeys(texts))

    def verdict(self, runs):
        if None in self.sides:
            return "server's alone" if self.sides[0] else "vmprof's alone"
        if not self.compared:
            return "not comparable"
        apart = [abs(a - b) / max(a, b, 1) for a, b in map(self.values, runs)]
        return f"≤ {100 * max(apart):.2g} % apart" if max(apart) else "equal"


def one_percent(_run, own, theirs):
    """The account itself takes a moment, which is none of vmprof's rows until then."""
    return abs(own - theirs) <= max(own / 100, 1000)


def per_cpu(run, own, theirs):
    """
    The kernel keeps the count of a process's pages, of files and of its own, per CPU until it is a batch of max(32, two
    for each CPU). getrusage(2) does not wait for those.
    """
    return abs(own - theirs) <= 2 * run["cpus"] * max(32, 2 * run["cpus"]) * run["page_kb"]


FIELDS = (
    Field("connections", "", "connections", "accepted"),
    Field("games won", "", "wins"),
    Field("CPU time", "ms", "cpu_us", "cpu_us", one_percent, "equal within 1 % or 1 ms"),
    Field("  user", "ms", "user_us", "user_us", claim=""),
    Field("  system", "ms", "sys_us", "sys_us", claim=""),
    Field("max RSS", "kB", "max_rss_kb", "peak_kb", per_cpu, "equal but for pages counted per CPU"),
    Field("page reclaims", "", "minflt", "minflt"),
    Field("hard faults", "", "majflt", "majflt"),
    Field("blocks in", "", "inblock", "inblock"),
    Field("blocks out", "", "oublock", "oublock"),
    Field("voluntary switches", "", "nvcsw", "vcsw"),
    Field("involuntary switches", "", "nivcsw", "ivcsw"),
    Field("statm size", "kB", "size_kb", "vsz_kb"),
    Field("statm resident", "kB", "resident_kb", "rss_kb"),
    Field("statm shared", "kB", "shared_kb"),
    Field("statm text", "kB", "text_kb", "text_kb"),
    Field("statm data", "kB", "data_kb", "data_kb"),
)


def flat(runs):
    """The CSV: a row per run."""
    sides = [(f, i) for f in FIELDS for i in (0, 1) if f.sides[i]]
    header = ["clients", "repeat", "guesses"] + [f"{('own', 'vmprof')[i]}_{f.sides[i]}" for f, i in sides]
    rows = []
    for run in runs:
        figures = [round(f.values(run)[i], 3) for f, i in sides]
        rows.append([run["clients"], run["repeat"], run["load"]["requests"]] + figures)
    return header, rows
