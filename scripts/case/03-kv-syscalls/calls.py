# SPDX-License-Identifier: BSD-2-Clause
"""The recordings of 03-kv-syscalls: calls by process and family."""

import case
import perf

PROCESSES = ("server", "writer", "reader")
CLIENTS = PROCESSES[1:]
FAMILIES = {
    "read": ("read", "readv", "pread64", "preadv", "preadv2"),
    "write": ("write", "writev", "pwrite64", "pwritev", "pwritev2"),
    "accept": ("accept", "accept4"),
    "close": ("close", "close_range"),
    "connect": ("connect",),
    "send": ("sendto", "sendmsg", "sendmmsg"),
    "recv": ("recvfrom", "recvmsg", "recvmmsg"),
    "fsync": ("fsync", "fdatasync"),
}
APART = ("epoll_wait", "rt_sigtimedwait", "execve")  # it waits for work, or to be ended; it starts


def counted():
    """Every call of a family."""
    return [name for names in FAMILIES.values() for name in names]


def read(c):
    """The run: `seen` from the calls, `rows` from the rows, `perf`; each by process and family."""
    with case.intact(c.recording("run.json")):
        run = c.load("run.json")
        run = {name: run[name] for name in ("sets", "gets", "pids", "loads", "no_perf")}
        pids = {who: run["pids"][who] for who in PROCESSES}
        run["answered"] = {who: run["loads"][who]["requests"] for who in CLIENTS}
    with case.intact(c.recording("syscalls.csv")):
        calls = case.rows(c.recording("syscalls.csv"))
        run["calls"] = {who: by_name([call for call in calls if call["pid"] == pids[who]]) for who in PROCESSES}
        numbers = {who: {n: call["calls"] for n, call in its.items()} for who, its in run["calls"].items()}
        run["seen"] = {who: by_family(numbers[who]) for who in PROCESSES}
    with case.intact(c.recording("vmprof.csv")):
        rows = case.rows(c.recording("vmprof.csv"))
        run["rows"] = {who: columns([row for row in rows if row["pid"] == pids[who]]) for who in PROCESSES}
        run["lost"] = case.total(rows, "lost")
    run["perf"] = {}
    for who in PROCESSES if not run["no_perf"] else ():
        run["perf"][who] = by_family(perf.counts(c.recording(f"perf-{who}.csv")))
    return run


def columns(rows):
    return {family: case.total(rows, f"sys_{family}") for family in FAMILIES}


def by_name(rows):
    """The calls of one process, its intervals added up."""
    found = {}
    for row in rows:
        call = found.setdefault(row["syscall"], {"name": row["syscall"], "calls": 0, "errors": 0, "ns": 0, "max_ns": 0})
        for mine, its in (("calls", "calls"), ("errors", "errors"), ("ns", "total_ns")):
            call[mine] += row[its] or 0
        call["max_ns"] = max(call["max_ns"], row["max_ns"] or 0)
    return found


def by_family(counts):
    return {family: sum(counts.get(name, 0) for name in names) for family, names in FAMILIES.items()}


def good(run, family):
    """The server's calls of a family that did not fail."""
    its = run["calls"]["server"]
    return sum(its[name]["calls"] - its[name]["errors"] for name in FAMILIES[family] if name in its)


def requests(run):
    return run["sets"] + run["gets"]


def at_work(run):
    """The server's calls that serve somebody: what takes most time first."""
    found = [call for call in run["calls"]["server"].values() if call["name"] not in APART]
    return sorted(found, key=lambda call: -call["ns"])


def flat(run):
    """The CSV: a row per process and family."""
    perfs = {who: run["perf"].get(who, {}) for who in PROCESSES}
    return [(who, f, run["seen"][who][f], perfs[who].get(f)) for f in FAMILIES for who in PROCESSES]
