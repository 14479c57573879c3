# SPDX-License-Identifier: BSD-2-Clause
"""
One protocol under five concurrency models (thread, fork, event, coroutine, and Go), on 1, 2 and 4 CPUs, with 10, 100
and 1,000 clients, at equal load: what a request costs each, what a context switch costs, and who gains from more CPUs.
"""

import csv
import math
import os
import statistics
import sys
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import case  # noqa: E402
import host  # noqa: E402
import runs  # noqa: E402

WIDTH = 118
SLACK = 0.02  # of the rate; a run that misses more is marked. And requests, for a stretch does not begin with one:
SLACK_REQUESTS = 2
BUSY = 5  # % of the machine's CPU time left over, or less
SUMS = ("user_ns", "sys_ns", "fault_cpu_ns", "runq_wake_ns", "runq_preempt_ns", "vcsw", "ivcsw", "sys_total", "minflt",
        "majflt", "sys_recv")
WHOLE = ("sys_recv", "sys_write", "lost")
SHOWN_TICKS = {"idle": "idle", "iowait": "iow", "irq": "irq", "softirq": "sirq", "steal": "st"}
COSTS = ("user_us", "sys_us", "wait_us", "switches", "calls", "faults")  # per reply
COLUMNS = ("app", "cpus", "clients", "model", "server_cpus", "load_cpus", "rate", "seconds", "requests", "replies",
           "saturated", "cpu_us", *COSTS, "cpu_us_per_request", "pss_mib", "page_tables_mib", "processes", "p50_us",
           "p99_us", *(f"machine_{name}" for name in runs.MACHINE), "errors", "lost")
UNIT = {"http": "requests", "chat": "lines that reach a client"}


def sums(path, begin, end):
    """What the rows between these moments add up to; of all rows, what was received, written and lost."""
    inside, whole = [0] * len(SUMS), [0] * len(WHOLE)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            at = {name: i for i, name in enumerate(next(rows))}
            for row in rows:
                whole = [n + int(row[at[name]] or 0) for n, name in zip(whole, WHOLE)]
                if begin < float(row[0]) <= end:
                    inside = [n + int(row[at[name]] or 0) for n, name in zip(inside, SUMS)]
    except (ValueError, IndexError, KeyError, StopIteration) as error:
        raise host.Failed(f"{case.shown(path)}: not complete") from error
    return dict(zip(SUMS, inside)), dict(zip(WHOLE, whole))


def figures(c, point):
    """All of one run, from its two recordings."""
    name = runs.name_of(point)
    run = c.load(name + ".json")
    ledger, whole = sums(c.recording(name + ".csv"), run["begin"], run["end"])
    load, seconds = run["loadgen"], run["end"] - run["begin"]
    # Our servers make one recv a request, so it is known which of them were in this stretch. The Go server tries more
    # often, with read; what it counted itself is later than the rows by the time that it took to tell.
    requests = run["requests"] if point["model"] == "go" else ledger["sys_recv"]
    replies = runs.replies(point, requests)
    if not replies:
        raise host.Failed(f"{name}: no request was answered")
    due = runs.RATE[point["app"]] / runs.replies(point, 1) * seconds
    cpu_us = (ledger["user_ns"] + ledger["sys_ns"] + ledger["fault_cpu_ns"]) / 1e3
    ticks = sum(run["machine"].values())
    return {
        **point,
        "server_cpus": spelled(run["server_cpus"]),
        "load_cpus": spelled(run["load_cpus"]),
        "rate": runs.RATE[point["app"]],
        "seconds": round(seconds, 3),
        "requests": requests,
        "replies": replies,
        "saturated": int(due - requests > max(SLACK * due, SLACK_REQUESTS)),
        "cpu_us": cpu_us / replies,
        "user_us": ledger["user_ns"] / 1e3 / replies,
        "sys_us": ledger["sys_ns"] / 1e3 / replies,
        "wait_us": (ledger["runq_wake_ns"] + ledger["runq_preempt_ns"]) / 1e3 / replies,
        "switches": (ledger["vcsw"] + ledger["ivcsw"]) / replies,
        "calls": ledger["sys_total"] / replies,
        "faults": (ledger["minflt"] + ledger["majflt"]) / replies,
        "cpu_us_per_request": cpu_us / requests,
        "pss_mib": run["pss_kb"] / 1024,
        "page_tables_mib": run["page_tables_kb"] / 1024,
        "processes": run["processes"],
        "p50_us": load["p50_us"],
        "p99_us": load["p99_us"],
        **{f"machine_{kind}": 100 * n / ticks for kind, n in run["machine"].items()},
        "errors": load["errors"],
        "lost": whole["lost"],
        "connected": run["connected"],
        "unseen": load["requests"] - whole["sys_write" if point["model"] == "go" else "sys_recv"],
    }


def spelled(cpus):
    return " ".join(map(str, cpus))


def short(value, digits=3):
    """Three digits, and no more places than a table needs."""
    if not value or value < 0.0005:
        return "."
    return f"{value:.{max(0, min(digits, digits - 1 - math.floor(math.log10(value))))}f}"


def us(value):
    """A latency, in the unit that suits it."""
    for size, unit in ((1, "µs"), (1e3, "ms")):
        if value < 999.5 * size:
            return short(value / size) + unit
    return short(value / 1e6) + "s"


def some(found, **wanted):
    """The runs of this kind, in their order."""
    return [run for run in found if all(run[name] == value for name, value in wanted.items())]


def kinds(found, name):
    """What there is of something, each once, in its order."""
    return list(dict.fromkeys(run[name] for run in found))


def tables(c, found):
    header = ["model", "clients", "user", "sys", "wait", "csw", "calls", "faults", "PSS", "tables", "p50", "p99",
              *SHOWN_TICKS.values()]
    for app in kinds(found, "app"):
        for cpus in kinds(found, "cpus"):
            group = some(found, app=app, cpus=cpus)
            rows = [[run["model"] + ("*" if run["saturated"] else ""), run["clients"],
                     *(short(run[cost]) for cost in COSTS), short(run["pss_mib"]), short(run["page_tables_mib"]),
                     us(run["p50_us"]), us(run["p99_us"]),
                     *(f"{run['machine_' + name]:.0f}" for name in SHOWN_TICKS)] for run in group]
            low = any(run["saturated"] for run in group)
            c.table(f"{app}, {runs.RATE[app]:,} {UNIT[app]} a second; server on CPU {group[0]['server_cpus']}, load "
                    f"generator on CPU {group[0]['load_cpus']}", header, rows,
                    f"* saturated: less than {100 - 100 * SLACK:.0f} % of that rate was answered" if low else "")
    say(c, "user, sys, wait: µs of CPU time outside and inside of system calls, and of waiting for a CPU, all threads "
        "together; csw: context switches. They, system calls and page faults are those of the server, per request of "
        "http, and of chat per line that reaches a client. PSS, tables: MiB of all its processes, and of their page "
        "tables. Latency is that of the whole load, while clients connect too; of chat, until the last has the line. "
        "idle, iowait, irq, softirq, steal: % of the machine's CPU time. vmprof watched with --detail full.")


def say_switch(c, found):
    """What a context switch costs, and how much of a model's time that is."""
    rounds = c.load("switch.json")
    costs = [(one["two_ns"] - one["alone_ns"]) / (one["two_switches"] - one["alone_switches"]) / 1e3 for one in rounds]
    cost = statistics.median(costs)
    group = some(found, app="http", cpus=1, clients=100)
    most, least = (choose(group, key=lambda run: run["switches"]) for choose in (max, min))
    say(c, f"A context switch costs {cost:.2f} µs of CPU time here ({min(costs):.2f} to {max(costs):.2f} in "
        f"{len(costs)} runs), blocking and waking included: what two processes on one CPU take longer to hand a "
        "byte to and fro than one takes for the same calls. That is with warm caches. "
        f"Of http with 100 clients on 1 CPU, {part(most, cost)}; {part(least, cost)}.")
    few = all(abs(one["two_switches"] / one["rounds"] - 2) < 0.02 for one in rounds)
    c.expect(few and min(costs) > 0, "handing a byte to and fro is two switches, and they cost time in each run")


def part(run, cost):
    share = 100 * cost * run["switches"] / run["cpu_us"]
    return f"{run['model']} makes {run['switches']:.2f} switches a request, {share:.0f} % of its CPU time"


def gains(found, app):
    """By model, the one that gains most first: waiting for a CPU and p99, on 1 CPU and on the most there are."""
    most = max(run["cpus"] for run in found)
    means = {model: [[statistics.geometric_mean(run[name] for run in some(found, app=app, model=model, cpus=cpus))
                      for cpus in (1, most)] for name in ("wait_us", "p99_us")]
             for model in kinds(some(found, app=app), "model")}
    return sorted(means.items(), key=lambda item: item[1][0][1] / item[1][0][0])


def say_gains(c, found):
    most = max(run["cpus"] for run in found)
    if most == 1:
        say(c, "Only 1 CPU: who gains from more is not answered.")
        return
    shared = found[-1]["server_cpus"] == found[-1]["load_cpus"]
    say(c, f"What is gained from 1 CPU to {most}: time that a reply waits for a CPU, and p99 (geometric means over the "
        "numbers of clients)."
        + (f" On {most}, the load generator shares the server's CPUs, for there are no others." if shared else ""))
    for app in kinds(found, "app"):
        by_gain = gains(found, app)
        told = "; ".join(f"{model} {short(wait[0])} to {short(wait[1])} µs, p99 {us(p99[0])} to {us(p99[1])}"
                         for model, (wait, p99) in by_gain)
        (best, (most_gained, _)), (last, (least_gained, _)) = by_gain[0], by_gain[-1]
        say(c, f"{app}: {told}. {best} gains most from more CPUs ({times(*most_gained)}), {last} least "
            f"({times(*least_gained)}).")


def say_busy(c, found):
    """Waiting and latency are those of the models only where there was time left."""
    busy = sum(run["machine_idle"] + run["machine_iowait"] < BUSY for run in found)
    if busy:
        say(c, f"In {busy} of {len(found)} runs the machine had less than {BUSY} % of its time left, for this load or "
            "because of something else that ran: waiting and latency are those of a full machine there.")


def times(before, after):
    ratio, way = (before / after, "less") if after < before else (after / before, "more")
    return f"it waits {short(ratio)} times {way}"


def say(c, text):
    c.say(textwrap.fill(text, WIDTH))


def check(c, found):
    """What holds on a busy machine, too."""
    c.expect(all(run["errors"] == 0 for run in found), f"no reply was wrong or missing, in {len(found)} runs")
    c.expect(all(run["connected"] == run["clients"] for run in found), "all clients were there while it was measured")
    c.expect(all(-run["clients"] <= run["unseen"] <= 0 for run in found if run["model"] != "go"),
             "vmprof saw a recv for each request that the load generator counted, and at most one more a client")
    c.expect(all(run["unseen"] <= 0 for run in found), "vmprof saw Go write each reply, too")
    c.expect(all(run["lost"] == 0 for run in found), "vmprof lost nothing")
    c.expect(all(1.95 < run["calls"] < 2.05 for run in some(found, app="http", model="thread")),
             "the thread model makes two system calls for a request of http: recv and send")
    c.expect(all(event["calls"] < thread["calls"] and event["switches"] < thread["switches"] for event, thread in
                 zip(some(found, app="chat", model="event"), some(found, app="chat", model="thread"))),
             "for a line of chat, the event model makes fewer system calls and switches than the thread model")
    most = max(run["clients"] for run in some(found, app="http"))
    crowd = some(found, clients=most)
    c.expect(all(ordered(some(crowd, app=app, cpus=n)) for app in kinds(crowd, "app") for n in kinds(crowd, "cpus")),
             f"with {most:,} clients, memory with page tables is fork > thread > event")


def ordered(group):
    memory = {run["model"]: run["pss_mib"] + run["page_tables_mib"] for run in group}
    return memory["fork"] > memory["thread"] > memory["event"]


def report(c):
    found = [figures(c, point) for point in c.about["points"]]
    tables(c, found)
    c.csv(COLUMNS, [[cell(run[name]) for name in COLUMNS] for run in found])
    c.plot("models.gp", head=c.about["machine"])
    say_switch(c, found)
    say_gains(c, found)
    say_busy(c, found)
    check(c, found)


def cell(value):
    return f"{value:.6g}" if isinstance(value, float) else value


if __name__ == "__main__":
    case.main(__doc__, runs.measure, report)
