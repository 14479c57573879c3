# SPDX-License-Identifier: BSD-2-Clause
"""
Mastermind, a thread for each client, 4 to 20 clients at once: what the server says of itself by getrusage and
/proc/self/statm, beside what vmprof saw of it from outside.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))
import account  # noqa: E402
import case  # noqa: E402
import fields  # noqa: E402
import host  # noqa: E402

CLIENTS = (4, 8, 12, 16, 20)
GUESSES = 60013  # a prime number of them is no round multiple of anything
INTERVAL_MS = 20


def measure(c):
    host.need("setpriv")
    clients = CLIENTS[:: len(CLIENTS) - 1] if c.quick else CLIENTS
    turns = [(n, turn) for turn in range(1, c.repeat + 1) for n in clients]
    for i, (n, turn) in enumerate(turns):
        c.progress(i, len(turns), f"{n} clients")
        one_run(c, n, turn)
    c.save("runs.json", [{"clients": n, "repeat": turn} for n, turn in sorted(turns)])


def one_run(c, n, turn):
    """A server under vmprof from its first instant to its last, and the account it gives when its clients have gone."""
    name = fields.stem(n, turn)
    given = c.recording("given.json")
    command = [case.VMPROF, "--as-root", "--quiet", "--interval", str(INTERVAL_MS)]
    command += ["--csv", c.recording(f"{name}.csv"), "--syscalls", c.recording(f"{name}.syscalls.csv"), "--"]
    # Should vmprof be killed, the server is not to stay.
    command += ["setpriv", "--pdeathsig", "KILL", case.SERVER, "--model", "thread", "--app", "mastermind", "--quiet"]
    command += ["--seed", str(turn), "--stats-json", given]
    with host.running(command, cpus=host.ALL_CPUS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as vmprof:
        port = host.listening(vmprof)
        load = case.loadgen("mastermind", port, n, "--requests", GUESSES // 10 if c.quick else GUESSES, "--seed", turn)
        own, until = account.at_rest(c.recording(f"{name}.csv"), given, n)
        vmprof.terminate()
        case.finish(vmprof)
    os.unlink(given)  # the one that it has written at its end
    own["cpu_us"] = own["user_us"] + own["sys_us"]
    page_kb = os.sysconf("SC_PAGE_SIZE") // 1024
    c.save(f"{name}.json", {"load": load, "own": own, "until": until, "cpus": os.cpu_count(), "page_kb": page_kb})


def report(c):
    runs = fields.read(c.load, c.recording)
    chosen = fields.typical(runs)
    table(c, chosen, len(runs) // len(chosen))
    c.csv(*fields.flat(runs))
    if c.against:
        beside(c, chosen)
    c.say(sentence(chosen))
    c.plot("rusage.gp")
    expectations(c, runs)


def table(c, chosen, of):
    """Fields down, clients across."""
    which = "" if of == 1 else f"; of {of} runs each, the one with the median CPU time"
    rows = [[field.label] + [field.cell(run) for run in chosen] + [field.verdict(chosen)] for field in fields.FIELDS]
    c.table(
        f"mastermind, a thread for each client, {chosen[0]['load']['requests']:,} guesses{which}",
        ["clients at once"] + [run["clients"] for run in chosen] + ["own / vmprof"],
        rows,
        "One figure: both say the same. Two: the server's own / vmprof's. The account is asked for when the clients\n"
        "  have gone, and has vmprof's rows until then beside it. User and system: the kernel splits CPU time by\n"
        "  clock ticks, vmprof by the beginning and end of each call. The CPU time of a thread that preempts another\n"
        "  counts from its wake-up (docs/ledger.md): it is more than vmprof's user and system time together.",
    )


def beside(c, chosen):
    """The other machine's results, each in the column next to ours."""

    def path(name):
        return os.path.join(c.against, "recordings", name)

    def load(name):
        return case.load(path(name))

    others = {run["clients"]: run for run in fields.typical(fields.read(load, path))}
    both = [(run, others[run["clients"]]) for run in chosen if run["clients"] in others]
    if not both or any(a["load"]["requests"] != b["load"]["requests"] for a, b in both):
        raise host.Failed(f"{case.shown(c.against)}: not the same load as here: record both with --quick, or neither")
    columns = [f"{a['clients']} {where}" for a, _ in both for where in ("here", "there")]
    rows, ratios, figures = [], [], []
    for field in fields.FIELDS:
        values = [(field.value(a), field.value(b)) for a, b in both]
        rows.append([field.label] + [field.text(value) for pair in values for value in pair])
        ratios.append([field.label] + [f"{there / here:.2f}" if here else "-" for here, there in values])
        figures += [(run["clients"], field.name, *pair) for (run, _), pair in zip(both, values)]
    with case.intact(path("about.json")):
        machines = f"here:  {c.about['machine']}\nthere: {load('about.json')['machine']}"
    c.table(machines, ["clients at once"] + columns, rows)
    c.table("there / here", ["clients at once"] + [run["clients"] for run, _ in both], ratios)
    c.csv(["clients", "field", "here", "there"], figures, "against.csv")
    cpu, switches = (span(both, *names) for names in (("cpu_us",), ("vcsw", "ivcsw")))
    c.say(f"There a guess takes {cpu} times the CPU time that it takes here, and {switches} times the switches.")


def span(both, *names):
    """The least and the most of there / here."""
    ratios = [sum(run["seen"][name] for name in names) for pair in both for run in pair]
    ratios = sorted(there / here for here, there in zip(ratios[::2], ratios[1::2]))
    return " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in (ratios[0], ratios[-1])))


def expectations(c, runs):
    """In each single run."""
    for field in fields.FIELDS:
        if field.compared:
            good = sum(field.agrees(run) for run in runs)
            c.expect(good == len(runs), f"{field.name}: {field.claim}, in {good} of {len(runs)} runs")
    c.expect(all(run["own"]["connections"] == run["clients"] for run in runs), "as many connections as clients")
    sent = [run["load"]["requests"] + run["load"]["control"] for run in runs]
    c.expect(sent == [run["own"]["requests"] for run in runs], "as many requests as the load generator sent")
    c.expect(all(run["own"]["wins"] for run in runs), "games were won in each run")
    c.expect(all(run["whole"] for run in runs), "the calls one by one are as many as those of the rows")
    c.expect(not any(run["seen"]["lost"] for run in runs), "nothing was lost")


def sentence(chosen):
    """What more clients cost, from the first point to the last."""
    a, b = chosen[0], chosen[-1]
    switches = [fields.per_guess(run, "vcsw") + fields.per_guess(run, "ivcsw") for run in (a, b)]
    cpu = [fields.per_guess(run, "cpu_us") for run in (a, b)]
    kb = (b["seen"]["peak_kb"] - a["seen"]["peak_kb"]) / (b["clients"] - a["clients"])
    forced = max(chosen, key=lambda run: fields.per_guess(run, "ivcsw"))
    share = 100 * forced["seen"]["ivcsw"] / (forced["seen"]["ivcsw"] + forced["seen"]["vcsw"])
    return (
        f"From {a['clients']} to {b['clients']} clients a guess goes from {switches[0]:.2f} to {switches[1]:.2f} "
        f"context switches and from {cpu[0]:.1f} to {cpu[1]:.1f} µs of CPU time,\nand each further client holds "
        f"{kb:.0f} kB of memory. At most {share:.0f} % of the switches are involuntary, at {forced['clients']} clients."
    )


if __name__ == "__main__":
    case.main(__doc__, measure, report, repeat=3)
