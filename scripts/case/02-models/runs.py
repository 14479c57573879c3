# SPDX-License-Identifier: BSD-2-Clause
"""The runs of the study: one server, one load, and a stretch of time in which all clients are there and at work."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile

import case
import host

MODELS = {"http": ("thread", "fork", "event", "coroutine", "go"), "chat": ("thread", "fork", "event", "coroutine")}
CPU_COUNTS = (1, 2, 4)
CLIENTS = (10, 100, 1000)
CONNECTS = 1000  # a second; a room of chat takes as long as it takes, and its load begins when all are there
RATE = {"http": 15000, "chat": 20000}  # replies a second: of chat, lines that arrive at a client
MACHINE = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")  # as /proc/stat has them
BEGUN = 5  # requests that were handled: by then a room of chat has told everybody who has joined
PATIENCE = 120  # seconds: a thousand processes that tell each other of a thousand newcomers take their time
SWITCH_REPEATS = 7
SWITCH_ROUNDS = 30000


def points(quick):
    """What is run, in this order. Models stand next to each other: they meet the same noise."""
    counts = [n for n in CPU_COUNTS if n <= len(host.ALL_CPUS)]
    every = [(app, n, clients, model) for app in MODELS for n in counts for clients in CLIENTS for model in MODELS[app]]
    if quick:
        every = [point for point in every if point[1] == 1 and point[2] <= (100 if point[0] == "http" else 10)]
    return [dict(zip(("app", "cpus", "clients", "model"), point)) for point in every]


def name_of(point):
    return "{app}-{cpus}-{clients}-{model}".format(**point)


def replies(point, requests):
    """A line of chat is answered once for each of the others."""
    return requests * (point["clients"] - 1 if point["app"] == "chat" else 1)


class Samples:
    """The samples in a CSV that vmprof is still writing. Only what is new is read each time."""

    def __init__(self, path, interval, vmprof):
        self.file = open(path, encoding="utf-8")  # pylint: disable=consider-using-with
        self.interval = interval
        self.vmprof = vmprof
        self.part = ""
        self.at = 0.0
        self.pids = {}  # of the newest one and the one before it

    def read(self):
        """The time of the newest one."""
        lines = (self.part + self.file.read()).split("\n")
        self.part = lines.pop()
        for line in lines:
            moment, _, pid = line.split(",", 3)[:3]
            if pid == "pid":
                continue
            if float(moment) > self.at:
                self.pids = {float(moment): [], **{t: pids for t, pids in self.pids.items() if t == self.at}}
                self.at = float(moment)
            self.pids[self.at].append(int(pid))
        return self.at

    def until(self, moment):
        """The time of the first one that is not before this moment."""
        host.wait_for(lambda: self.read() >= moment, "the next sample of vmprof", PATIENCE, self.vmprof)
        return self.at

    def next(self):
        return self.until(self.at + self.interval / 2)

    def processes(self):
        """Those of a sample after now that is whole: there is one after it."""
        self.next()
        self.next()
        return self.pids[min(self.pids)]


def account(server, path):
    """What the server counted until now. It tells that at SIGUSR1, to its output, too: somebody must read there."""
    found = {}

    def told():
        while select.select([server.stdout], [], [], 0)[0] and os.read(server.stdout.fileno(), 1 << 16):
            pass
        with contextlib.suppress(OSError, ValueError):
            with open(path, encoding="utf-8") as file:
                found.update(json.load(file))
        return found

    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    server.send_signal(signal.SIGUSR1)
    host.wait_for(told, "the server's account", 20, server)
    return found


def machine():
    """Ticks of all CPUs together, since the machine was started."""
    return dict(zip(MACHINE, map(int, host.read("/proc/stat").split(None, len(MACHINE) + 1)[1:-1])))


def pss_kb(pids):
    """Memory of these processes; what several share counts once."""
    found = [line.split()[1] for pid in pids for line in host.read(f"/proc/{pid}/smaps_rollup").splitlines()
             if line.startswith("Pss:")]
    return sum(map(int, found))


def page_tables_kb(pids):
    """What the kernel needs to map that memory; each process has its own."""
    return sum(host.status_kb(pid, "VmPTE") for pid in pids)


def established(port):
    """Connections at the server's end."""
    ends = (line.split()[1:4] for line in host.read("/proc/net/tcp").splitlines()[1:])
    return sum(local.endswith(f":{port:04X}") and state == "01" for local, _, state in ends)


def command(point, stats):
    if point["model"] == "go":
        chosen = [case.GO_SERVER, "--procs", str(point["cpus"])]
    else:
        chosen = [case.SERVER, "--model", point["model"], "--app", point["app"], "--quiet"]
        if point["model"] in ("event", "coroutine"):
            chosen += ["--workers", str(point["cpus"])]
    return chosen + ["--port", "0", "--stats-json", stats]


def load(point, port):
    """Equal for all models: it sends at intended times, until it is told to end."""
    rate = RATE[point["app"]] / replies(point, 1)
    ramp = ["--ramp", f"{point['clients'] / CONNECTS:g}"] if point["app"] == "http" else []
    return [case.LOADGEN, "--app", point["app"], "--port", str(port), "--clients", str(point["clients"]), *ramp,
            "--rate", f"{rate:.6g}", "--seconds", "600", "--timeout", str(PATIENCE), "--json"]


def steady(clients, told, loader, samples, seconds):
    """
    The stretch, between two samples of vmprof: its beginning and end, the requests in it, and the machine's ticks. The
    memory is looked at just before, with all clients there. `told` returns what the server has counted.
    """

    def begun():
        samples.next()
        counted = told()
        return counted["connections"] >= clients and counted["requests"] >= BEGUN

    host.wait_for(begun, "all clients at work", PATIENCE, loader)
    pids = samples.processes()
    memory = {"pss_kb": pss_kb(pids), "page_tables_kb": page_tables_kb(pids)}
    begin = samples.next()
    requests, ticks = told()["requests"], machine()
    end = samples.until(begin + seconds)
    requests, ticks = told()["requests"] - requests, {name: n - ticks[name] for name, n in machine().items()}
    return {"begin": begin, "end": end, "requests": requests, "machine": ticks, "processes": len(pids),
            **memory}


def result(loader):
    """What the load generator has to say when it is told to end."""
    loader.terminate()
    try:
        return json.loads(loader.communicate(timeout=PATIENCE)[0])
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise host.Failed("loadgen: it does not end with a result") from error


def run(c, point, directory):
    """One server under one load, with vmprof on it from before the first client until after the last."""
    stats = os.path.join(directory, "account.json")
    cpus = host.ALL_CPUS[: point["cpus"]]
    elsewhere = host.ALL_CPUS[point["cpus"] :] or host.ALL_CPUS
    path = c.recording(name_of(point) + ".csv")
    crowd = point["model"] == "fork" and point["clients"] >= 1000  # a row for each process
    interval, seconds = (0.1, 0.4) if c.quick else (0.4 if crowd else 0.2, 2)
    with contextlib.ExitStack() as stack:
        server, port = stack.enter_context(case.server(command(point, stats), cpus))
        vmprof = stack.enter_context(case.watched([server.pid], path, "--interval", f"{1000 * interval:.0f}"))
        loader = stack.enter_context(host.running(load(point, port), cpus=elsewhere, stdout=subprocess.PIPE, text=True))
        samples = Samples(path, interval, vmprof)
        stack.callback(samples.file.close)
        found = steady(point["clients"], lambda: account(server, stats), loader, samples, seconds)
        found["connected"] = established(port)
        found["loadgen"] = result(loader)
    c.save(name_of(point) + ".json", {**point, "server_cpus": cpus, "load_cpus": elsewhere, **found})


def measure_switches(c):
    """What a switch costs, several times."""
    program = os.path.join(os.path.dirname(os.path.realpath(__file__)), "switch.py")
    command_line = [sys.executable, program, str(host.ALL_CPUS[0]), str(SWITCH_ROUNDS)]
    c.save("switch.json", [json.loads(host.output(command_line)) for _ in range(SWITCH_REPEATS)])


def measure(c):
    every = points(c.quick)
    c.about["points"] = every
    c.progress(0, len(every) + 1, "a context switch")
    measure_switches(c)
    with tempfile.TemporaryDirectory() as directory:
        for i, point in enumerate(every):
            c.progress(i + 1, len(every) + 1, name_of(point))
            run(c, point, directory)
