# SPDX-License-Identifier: BSD-2-Clause
"""
A key-value store that logs every write to disk, one client that writes and one that reads: the system calls of all
three, counted by vmprof and by perf stat in the same run, and what they cost the server.
"""

import contextlib
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import calls  # noqa: E402
import case  # noqa: E402
import host  # noqa: E402
import perf  # noqa: E402

KEYS = 2003
SETS = 1009  # prime numbers of requests are no round multiples of anything
GETS = 20011


def measure(c):
    c.progress(0, 3, "filling the store")
    sets, gets = (101, 2003) if c.quick else (SETS, GETS)
    why = perf.missing()
    with tempfile.TemporaryDirectory(dir=c.dir) as directory:
        log = os.path.join(directory, "log")
        fill(log)
        c.progress(1, 3, "server and two clients")
        c.save("run.json", {"sets": sets, "gets": gets, "no_perf": why, **one_run(c, log, sets, gets, not why)})
    c.progress(2, 3, "done")


def store(port, log, fsync):
    command = [case.SERVER, "--model", "event", "--app", "kv", "--quiet", "--port", str(port)]
    return command + ["--wal", log, "--fsync", fsync]


def client(port, write, requests):
    command = [case.LOADGEN, "--app", "kv", "--port", str(port), "--clients", "1", "--keys", str(KEYS), "--json"]
    return command + ["--write", str(write), "--requests", str(requests)]


def fill(log):
    """
    The reader checks that a key keeps its value. So all keys are there before, with the values that the writer is going
    to set: it begins with the same key and the same number, and comes to each key once at most.
    """
    with case.server(store(0, log, "no")) as (_, port):
        host.output(client(port, 100, KEYS), host.ALL_CPUS)


def one_run(c, log, sets, gets, with_perf):
    """All three are counted from their first instruction to their end: they wait, stopped, until both look at them."""
    port = host.free_port()
    commands = {"server": store(port, log, "always")}
    commands.update({"writer": client(port, 100, sets), "reader": client(port, 0, gets)})
    with contextlib.ExitStack() as stack:
        held = {who: stack.enter_context(perf.held(command)) for who, command in commands.items()}
        pids = {who: process.pid for who, process in held.items()}
        more = ("--syscalls", c.recording("syscalls.csv"))
        stack.enter_context(case.watched(pids.values(), c.recording("vmprof.csv"), *more))
        counted = {}
        for who, pid in pids.items() if with_perf else ():
            counted[who] = stack.enter_context(perf.stat(pid, c.recording(f"perf-{who}.csv"), calls.counted()))
        perf.go(held["server"])
        host.listening(held["server"])
        for who in calls.CLIENTS:
            perf.go(held[who])
        loads = {who: perf.account(held[who]) for who in calls.CLIENTS}
        held["server"].terminate()
        case.finish(held["server"])
        for one in counted.values():
            perf.end(one)
    return {"pids": pids, "loads": loads}


def report(c):
    run = calls.read(c)
    families(c, run)
    by_time(c, run)
    c.csv(["process", "family", "vmprof", "perf"], calls.flat(run))
    c.say(sentence(run))
    if run["no_perf"]:
        c.say(f"Not compared with perf stat (package linux-perf), which does not work here: {run['no_perf']}.")
    c.plot("calls.gp")
    expectations(c, run)


def families(c, run):
    """Families down; a column for each process, perf's next to ours."""
    header, rows = ["family"], []
    for who in calls.PROCESSES:
        header += [who] if run["no_perf"] else [who, "perf"]
    for family in calls.FAMILIES:
        cells = []
        for who in calls.PROCESSES:
            cells.append(f"{run['seen'][who][family]:,}")
            if not run["no_perf"]:
                cells.append(f"{run['perf'][who][family]:,}")
        rows.append([family] + cells)
    c.table(f"calls from the start to the end: {run['sets']:,} SET, {run['gets']:,} GET", header, rows)


def by_time(c, run):
    """What the server's time in calls goes to."""
    found = calls.at_work(run)
    in_all = sum(call["ns"] for call in found)
    rows = [
        [
            call["name"],
            f"{call['calls']:,}",
            f"{call['calls'] / calls.requests(run):.3f}",
            f"{call['ns'] / 1e6:.1f}",
            f"{100 * call['ns'] / in_all:.1f}",
            f"{call['ns'] / call['calls'] / 1e3:.1f}",
            f"{call['max_ns'] / 1e3:.0f}",
        ]
        for call in found[:8]
    ]
    header = ["call", "calls", "a request", "ms in all", "%", "µs each", "longest, µs"]
    c.table(f"the server's calls by time, without {', '.join(calls.APART)}", header, rows)


def sentence(run):
    """Where the time of a request goes."""
    found = calls.at_work(run)
    most, others = found[0], found[1:]
    in_all = sum(call["ns"] for call in found)
    per = sum(run["seen"]["server"][family] for family in calls.FAMILIES) / calls.requests(run)
    rest = sum(call["ns"] for call in others) / calls.requests(run) / 1e3
    return (
        f"The server makes {per:.2f} of these calls for a request. {most['name']} costs it most: "
        f"{most['ns'] / 1e6:.0f} ms, {100 * most['ns'] / in_all:.0f} % of its time in calls that do work,\n"
        f"in {most['calls']:,} calls of {most['ns'] / most['calls'] / 1e3:.1f} µs, "
        f"{most['calls'] / run['sets']:.2f} for each SET; all others together take {rest:.1f} µs a request."
    )


def expectations(c, run):
    if not run["no_perf"]:
        for who in calls.PROCESSES:
            names = [f for f in calls.FAMILIES if run["seen"][who][f] != run["perf"][who][f]]
            what = f"not equal to perf stat's: {', '.join(names)}" if names else "each count equals perf stat's"
            c.expect(not names, f"{who}: {what}")
    for who in calls.PROCESSES:
        c.expect(run["rows"][who] == run["seen"][who], f"{who}: the columns of families are the sums of their calls")
    server, sent = run["seen"]["server"], run["sets"] + run["gets"]
    c.expect(calls.good(run, "recv") == sent + 2, f"{sent:,} requests and the ends of two connections, each one recv")
    c.expect(calls.good(run, "send") == sent, "each reply is one send")
    c.expect(calls.good(run, "accept") == 2, "two connections were accepted")
    c.expect(run["sets"] <= server["fsync"] <= run["sets"] + 3, "one fsync for each SET, up to three for the log")
    for who, n in (("writer", run["sets"]), ("reader", run["gets"])):
        its, answered = run["seen"][who], run["answered"][who]
        c.expect(its["connect"] == 1, f"{who}: one connect")
        c.expect(its["send"] == n == answered, f"{who}: one send for each of {n:,} requests")
    c.expect(all(any(run["seen"][who][f] for who in calls.PROCESSES) for f in calls.FAMILIES), "no family was left out")
    c.expect(run["lost"] == 0, "nothing was lost")


if __name__ == "__main__":
    case.main(__doc__, measure, report)
