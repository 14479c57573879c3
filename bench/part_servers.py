# SPDX-License-Identifier: BSD-2-Clause
"""The bundled servers beside those that everybody knows: kv and Redis, http and nginx, on the same CPU, taking turns."""

import contextlib
import re
import socket
import subprocess
import tempfile
import time
import urllib.request

import figures
import host
import part_redis
import rounds

CLIENTS = 20
LOAD_CPUS = host.ELSEWHERE[:1]  # the servers have host.CPU to themselves
MODELS = ("event", "thread", "fork", "coroutine")
GOAL = "≥ 0.80"  # of the event model: it is built as the peers are
HELLO = "Hello from vmprof!\n"
NGINX = """
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/log;
events {{}}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    default_type text/plain;
    client_body_temp_path {directory}/1;
    proxy_temp_path {directory}/2;
    fastcgi_temp_path {directory}/3;
    uwsgi_temp_path {directory}/4;
    scgi_temp_path {directory}/5;
    server {{
        listen 127.0.0.1:{port};
        location = / {{ return 200 "{body}"; }}
    }}
}}
"""


def ours(stack, context, model, app):
    command = [context.server, "--model", model, "--app", app, "--port", "0", "--quiet"]
    if model in ("event", "coroutine"):
        command += ["--workers", "1"]
    process = stack.enter_context(
        host.running(command, cpus=[host.CPU], stdout=subprocess.PIPE, text=True)
    )
    return host.listening(process), process.pid


def redis(stack):
    port = host.free_port()
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    log = stack.enter_context(open(f"{directory}/log", "w", encoding="utf-8"))
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    process = stack.enter_context(host.running(command, cpus=[host.CPU], cwd=directory, stdout=log, stderr=log))
    host.wait_for(lambda: part_redis.answers(port), "redis-server's answer", 10, process)
    return port, process.pid


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def nginx(stack):
    """Its port and its one worker."""
    port = host.free_port()
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    with open(f"{directory}/conf", "w", encoding="utf-8") as f:
        f.write(NGINX.format(directory=directory, port=port, body=HELLO.replace("\n", "\\n")))
    command = ["nginx", "-p", directory, "-c", f"{directory}/conf", "-e", f"{directory}/log"]
    log = stack.enter_context(open(f"{directory}/said", "w", encoding="utf-8"))
    process = stack.enter_context(host.running(command, cpus=[host.CPU], stdout=log, stderr=log))
    host.wait_for(lambda: accepts(port), "nginx's answer", 10, process)
    children = host.output(["pgrep", "-P", str(process.pid)]).split()
    return port, int(children[0])


def cpu_seconds(pid):
    """CPU time of a process, with that of its ended threads: from its own clock (CPUCLOCK_SCHED)."""
    return time.clock_gettime(~pid << 3 | 2)


class Kv:
    """kv and Redis. Requests: name -> redis-benchmark's test and pipeline."""

    app, peer, start = "kv", "redis-server", staticmethod(redis)
    requests = {
        "SET": ("set", 1),
        "GET": ("get", 1),
        "SET, 16 in a pipeline": ("set", 16),
        "GET, 16 in a pipeline": ("get", 16),
    }

    def __init__(self, seconds):
        self.seconds = seconds
        self.count = {}

    def prepare(self, port, _others):
        """How many requests take that long."""
        for name, (test, pipeline) in self.requests.items():
            rate = part_redis.benchmark(port, CLIENTS, 5000 * pipeline, test, LOAD_CPUS, pipeline)
            self.count[name] = int(rate * self.seconds)

    def run(self, port, name):
        """How many requests, and how many per second."""
        test, pipeline = self.requests[name]
        return self.count[name], part_redis.benchmark(port, CLIENTS, self.count[name], test, LOAD_CPUS, pipeline)


class Http:
    """http and nginx."""

    app, peer, start = "http", "nginx", staticmethod(nginx)
    requests = {"GET /": "/"}

    def __init__(self, seconds):
        self.seconds = seconds

    def prepare(self, port, others):
        """All send the same."""
        for one in [port] + others:
            with urllib.request.urlopen(f"http://127.0.0.1:{one}/", timeout=5) as reply:
                if reply.read().decode() != HELLO:
                    raise host.Failed(f"port {one}: not the body that was expected")

    def run(self, port, name):
        url = f"http://127.0.0.1:{port}{self.requests[name]}"
        text = host.output(["wrk", "-t", "1", "-c", str(CLIENTS), "-d", str(self.seconds), url], cpus=LOAD_CPUS)
        requests, rate = re.search(r"(\d+) requests in", text), re.search(r"Requests/sec: *([\d.]+)", text)
        wrong = re.search(r"(Socket errors|Non-2xx).*", text)
        if wrong or not requests or not rate:
            raise host.Failed(f"wrk: {wrong[0] if wrong else 'no result in its output'}")
        return int(requests[1]), float(rate[1])


def compete(context, match, budgets):
    """Rounds of the peer and the event model, then rounds of all models; `budgets` are time and least rounds of both."""
    done = []
    with contextlib.ExitStack() as stack:
        servers = {match.peer: match.start(stack)}
        for model in MODELS:
            servers[model] = ours(stack, context, model, match.app)
        ports = [port for port, _ in servers.values()]
        match.prepare(ports[0], ports[1:])

        def measure(name):
            port, pid = servers[name]
            for request in match.requests:
                cpu = cpu_seconds(pid)
                requests, rate = match.run(port, request)
                yield request, rate, "requests/s"
                if name != "fork":  # its processes, and their time with them, are gone by now
                    yield request + ": CPU", (cpu_seconds(pid) - cpu) / requests * 1e6, "us/request"

        for names, (budget, least) in zip(((match.peer, "event"), (match.peer,) + MODELS), budgets):
            if least:
                done.append(rounds.alternate(context, match.app, names, [], measure, budget, least))
    return table(match, done)


def table(match, done):
    app, peer = match.app, match.peer
    out = figures.Table(
        f"{app} and {peer}, {CLIENTS} clients",
        ("request", "server", "requests/s", "CPU µs/request", f"throughput / {peer}", "goal"),
        f"One worker, no log; the server on CPU {host.CPU}, the load generator on CPU {LOAD_CPUS[0]}. Median (quartiles) "
        f"of {' and '.join(str(len(one.turns)) for one in done)} rounds"
        + (", the second figure for the models without a goal." if len(done) > 1 else "."),
    )
    for subject in match.requests:
        for name in (peer,) + MODELS:
            found = done[0] if name in (peer, "event") else done[-1]
            values = found.values(subject, name)
            if not values:
                continue
            cpu = found.values(subject + ": CPU", name)
            out.add(
                subject,
                name if name == peer else f"{app}, {name}",
                f"{figures.quartiles(values)[0]:,.0f}",
                f"{figures.quartiles(cpu)[0]:.2f}" if cpu else "",
                figures.with_spread(found.ratios(subject, name, peer), 3) if name != peer else "",
                GOAL if name == "event" else "",
            )
    return out


def run(context):
    host.need("redis-server", "redis-benchmark", "nginx", "wrk", "pgrep")
    tables = []
    for match, budgets in (
        (Kv(context.pick(0.12, 0.3)), context.pick(((3, 3), (0, 0)), ((20, 5), (7, 2)))),
        (Http(1), context.pick(((4, 2), (0, 0)), ((14, 5), (9, 2)))),
    ):
        try:
            tables.append(compete(context, match, budgets))
        except host.Failed as error:
            context.note(f"Left out: {match.app} and {match.peer}: {error}.")
    return tables
