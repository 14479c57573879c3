# SPDX-License-Identifier: BSD-2-Clause
"""Counters, against the kernel's and against numbers known beforehand."""
import os

from data import CALLS, by, expect, near, processes, read_csv, read_syscalls, same, total

RUSAGE = {"nvcsw": "vcsw", "nivcsw": "ivcsw", "minflt": "minflt", "majflt": "majflt", "inblock": "inblock",
          "oublock": "oublock"}
FAMILIES = {
    "sys_read": ("read", "readv", "pread64", "preadv", "preadv2"),
    "sys_write": ("write", "writev", "pwrite64", "pwritev", "pwritev2"),
    "sys_accept": ("accept", "accept4"),
    "sys_close": ("close", "close_range"),
    "sys_connect": ("connect",),
    "sys_send": ("sendto", "sendmsg", "sendmmsg"),
    "sys_recv": ("recvfrom", "recvmsg", "recvmmsg"),
    "sys_fsync": ("fsync", "fdatasync"),
    "sys_poll": ("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2"),
    "sys_futex": ("futex", "futex_wait", "futex_waitv", "futex_requeue", "futex_wake"),
}


# In a guest under software emulation a thread may lose its CPU between any two instructions, for any time.
TIME_MEANS_LITTLE = "VMPROF_TEST_EMULATED" in os.environ


def check_rusage(csv_path, work):
    """Switches, faults and blocks equal getrusage's: of each finished child, and of all together."""
    every = read_csv(csv_path)
    rows = by(processes(every), "pid")
    children = work.all("child")
    top = {fact["ppid"] for fact in children} - {fact["pid"] for fact in children}
    for child in children:
        pid = child["pid"]
        if not expect(pid in rows, f"process {pid} has no rows"):
            continue
        for theirs, ours in RUSAGE.items():
            own = child[theirs] - sum(c[theirs] for c in children if c["ppid"] == pid)
            same(total(rows[pid], ours), own, f"process {pid} ({rows[pid][-1]['comm']}): {ours}")
    for fact in work.all("rusage"):
        if fact["pid"] in top:
            rest = [row for pid, its in rows.items() if pid not in top for row in its]
            for theirs, ours in RUSAGE.items():
                same(total(rest, ours), fact[theirs], f"all children: {ours}")
            # What a thread uses between the addition to its process's sum and its last switch is in no rusage.
            tails = 100 * sum(row["tid"] not in (0, row["pid"]) and row["event"] == "exit" for row in every)
            ours = total(rest, "cpu_ns") / 1e3
            expect(TIME_MEANS_LITTLE or fact["cpu_us"] * 0.99 <= ours <= fact["cpu_us"] * 1.01 + tails,
                   f"all children: CPU time in µs: {ours}, should be {fact['cpu_us']} within 1 %, and {tails} at most")


def check_children(csv_path, work):
    """Every one of many short lives is there, with its CPU time and its faults."""
    rows = processes(read_csv(csv_path))
    fact = work.all("children")[0]
    usage = [u for u in work.all("rusage") if u["pid"] == fact["pid"]][0]
    theirs = [row for row in rows if row["pid"] not in (fact["pid"], 0)]
    same(len({row["pid"] for row in theirs}), fact["n"], "children seen")
    same(sum(row["event"] == "exit" for row in theirs), fact["n"], "children seen to end")
    same(sum(row["comm"] == "true" for row in theirs if row["event"] == "exit"), fact["execs"],
         "children that executed a program")
    near(total(theirs, "cpu_ns") / 1e3, usage["cpu_us"], 0.01, "CPU time in µs")
    same(total(theirs, "minflt"), usage["minflt"], "minor faults")
    same(total(theirs, "majflt"), usage["majflt"], "major faults")
    same(total(rows, "lost"), 0, "lost")


def check_calls(csv_path, calls_path, work, detail="full"):
    """Calls, errors and bytes exactly as made; what is one table's sum is the other's."""
    rows = by(processes(read_csv(csv_path)), "pid")
    calls = by(read_syscalls(calls_path), "pid", "syscall")
    for fact in work.all("call"):
        its = calls.get((fact["pid"], fact["name"]), [])
        for column in ("calls", "errors", "bytes"):
            same(total(its, column), fact[column], f"process {fact['pid']}, {fact['name']}: {column}")
    for fact in work.maybe("exact"):
        same(total(rows.get(fact["pid"], []), "sys_total"), fact["calls"], f"process {fact['pid']}: sys_total")
    for pid, its in rows.items():
        mine = {name: found for (p, name), found in calls.items() if p == pid}
        every = [row for found in mine.values() for row in found]
        same(total(its, "sys_total"), total(every, "calls"), f"process {pid}: sys_total, against the calls")
        same(total(its, "sys_errors"), total(every, "errors"), f"process {pid}: sys_errors, against the calls")
        for family, names in FAMILIES.items():
            same(total(its, family), sum(total(mine.get(name, []), "calls") for name in names),
                 f"process {pid}: {family}, against the calls")
    for found in calls.values():
        for row in found:
            expect(row["errors"] <= row["calls"] and row["calls"] > 0, f"more errors than calls: {row}")
            for column in ("total_ns", "max_ns", "p50_ns", "p99_ns"):
                expect((row[column] is None) == (detail != "full" or row["syscall"] in ("exit", "exit_group")),
                       f"detail {detail}: {column} of {row['syscall']} is {row[column]}")


def check_naps(calls_path, work):
    """Latency, against the workload's own clock around the same calls."""
    fact = work.all("naps")[0]
    its = [row for row in read_syscalls(calls_path) if row["pid"] == fact["pid"] and row["syscall"] == "nanosleep"]
    same(total(its, "calls"), fact["calls"], "naps")
    expect(fact["calls"] * fact["each_ns"] <= total(its, "total_ns") <= fact["total_ns"],
           f"total_ns is {total(its, 'total_ns')}, between {fact['calls'] * fact['each_ns']} and {fact['total_ns']}")
    longest = max((row["max_ns"] for row in its), default=0)
    expect(fact["each_ns"] <= longest, f"max_ns is {longest}, each was {fact['each_ns']} at least")
    for row in its:
        expect(row["p50_ns"] <= row["p99_ns"] <= row["max_ns"], f"not in order: {row}")
        # A histogram of powers of two: within its bucket.
        expect(row["p50_ns"] * 2 > fact["each_ns"], f"p50_ns is {row['p50_ns']}, each was {fact['each_ns']} at least")
        expect(row["p99_ns"] < 2 * fact["max_ns"], f"p99_ns is {row['p99_ns']}, none took longer than {fact['max_ns']}")


def check_touch(csv_path, work):
    """First touches: each is a fault in user mode."""
    rows = by(processes(read_csv(csv_path)), "pid")
    for fact in work.all("touch"):
        its = rows.get(fact["pid"], [])
        faults = total(its, "minflt") + total(its, "majflt")
        expect(faults >= fact["pages"], f"{faults} faults, {fact['pages']} touches")
        if all(row["ufaults"] is not None for row in its):
            seen = total(its, "ufaults")
            expect(fact["pages"] <= seen <= faults, f"{seen} in user mode, {fact['pages']} touches, {faults} in all")


def _check_sums(rows, usage, threads=0):
    """
    All that the children of a process did, the others' included, is what the kernel says. A thread hands its CPU time
    over before it has left the CPU.
    """
    theirs = [row for row in rows if row["pid"] != usage["pid"]]
    cpu_us = total(theirs, "cpu_ns") / 1e3
    expect(0.99 * usage["cpu_us"] <= cpu_us <= 1.01 * usage["cpu_us"] + 20 * threads,
           f"CPU time in µs: {cpu_us}, should be {usage['cpu_us']} within 1 %")
    for oracle, ours in (("minflt", "minflt"), ("majflt", "majflt"), ("nvcsw", "vcsw"), ("nivcsw", "ivcsw")):
        same(total(theirs, ours), usage[oracle], ours)


def check_swarm(csv_path, work, lost="no"):
    """Each of many children was seen to end, or is counted as lost; the sums hold in either case. At detail ledger."""
    rows = processes(read_csv(csv_path))
    fact = work.all("swarm")[0]
    seen = sum(row["event"] == "exit" and row["pid"] not in (0, fact["pid"]) for row in rows)
    same(seen + total(rows, "lost"), fact["n"], f"{seen} children seen to end, and those that were lost")
    if lost == "lost":
        expect(any(row["pid"] == 0 and row["comm"] == "[others]" for row in rows), "no row of the others")
        expect(total(rows, "lost") > 0, "nothing lost")
    _check_sums(rows, work.all("rusage")[0])


def check_fates(csv_path, work):
    """CPU time of each child against schedstat; what was stopped and traced by turns shows it."""
    rows = by(processes(read_csv(csv_path)), "pid")
    for fact in work.all("sched"):
        near(total(rows.get(fact["pid"], []), "cpu_ns"), fact["cpu_ns"], 0.01, f"process {fact['pid']}: cpu_ns")
    shares = [total(its, "stopped_ns") / total(its, "interval") / 1e9 for its in rows.values()]
    same(sum(share > 0.1 for share in shares), 2, f"processes that were stopped for long, of {shares}")


def check_crowd(csv_path, work, calls_path=""):
    """Many threads at once: none is lost, and their sums and calls are the kernel's and the workload's."""
    rows = processes(read_csv(csv_path))
    same(total(rows, "lost"), 0, "lost")
    usage, fact = work.all("rusage")[0], work.all("call")[0]
    _check_sums(rows, usage, max(row["threads"] for row in rows))
    if calls_path:
        its = [row for row in read_syscalls(calls_path) if row["syscall"] == fact["name"]]
        same(total(its, "calls"), fact["calls"], fact["name"])


def check_others(csv_path, calls_path, work):
    """More threads than there is room for: said, and nothing of theirs is missing from the totals."""
    rows = processes(read_csv(csv_path))
    others = [row for row in rows if row["pid"] == 0]
    fact = work.all("call")[0]
    usage = work.all("rusage")[0]
    expect(others and all(row["comm"] == "[others]" for row in others), "no row of the others")
    expect(total(rows, "lost") > 0, "nothing lost")
    _check_sums(rows, usage)
    # Calls for which there was no row of their own are there without their name.
    every = read_syscalls(calls_path)
    named = total([row for row in every if row["syscall"] == fact["name"]], "calls")
    nameless = total([row for row in every if row["syscall"] == "[other]"], "calls")
    expect(named <= fact["calls"] <= named + nameless,
           f"{fact['name']}: {named} calls and {nameless} without name, should be {fact['calls']}")
    same(total(rows, "sys_total"), total(every, "calls"), "sys_total, against the calls")


def check_absent(csv_path, detail):
    """What a level does not measure is absent, what it measures is not."""
    for row in read_csv(csv_path):
        for column in CALLS:
            expect((row[column] is None) == (detail == "ledger"), f"detail {detail}: {column} is {row[column]}")
        for column in ("user_ns", "sys_ns", "poll_ns", "cpu_ns", "vcsw", "minflt", "wakeups", "cpu_util", "lost"):
            expect(row[column] is not None, f"detail {detail}: {column} is absent")
        if row["tid"] or row["event"] == "exit":
            same(row["rss_bytes"], None, f"rss_bytes of thread {row['tid']}, {row['event']}")
