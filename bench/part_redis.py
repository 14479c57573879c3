# SPDX-License-Identifier: BSD-2-Clause
"""A server that nobody here wrote: Redis and its load generator on one CPU, throughput against bare."""

import contextlib
import csv
import socket
import tempfile

import figures
import host
import rounds

CONFIGS = ["bare", "bare again", "floor syscalls", "vmprof full", "vmprof ledger"]
CLIENTS = {20: "20 clients", 1: "1 client"}
GOALS = {(20, "vmprof ledger"): "≥ 0.98", (1, "vmprof ledger"): "≥ 0.97"}


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as s:
            s.sendall(b"PING\r\n")
            return s.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def benchmark(port, clients, requests, test="get", cpus=(host.CPU,), pipeline=1):
    """Requests per second of one bounded run, as redis-benchmark itself reports them."""
    text = host.output(
        ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-P", str(pipeline)]
        + ["-t", test, "-c", str(clients), "-n", str(requests), "--csv"],
        cpus=cpus,
    )
    rows = [row for row in csv.reader(text.splitlines()) if row and row[0].upper() == test.upper()]
    if not rows:
        raise host.Failed("redis-benchmark: no result in its output")
    return float(rows[0][1])


def run(context):
    host.need("redis-server", "redis-benchmark")
    budget, seconds, least = context.pick((40, 0.35, 5), (180, 1.0, 7))
    port = host.free_port()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        log = stack.enter_context(open(f"{directory}/log", "w", encoding="utf-8"))
        process = stack.enter_context(
            host.running(command, cpus=[host.CPU], cwd=directory, stdout=log, stderr=log)
        )
        host.wait_for(lambda: answers(port), "redis-server's answer", 10, process)
        benchmark(port, 1, 1000, "set")
        requests = {}
        for clients in CLIENTS:
            benchmark(port, clients, 2000)
            requests[clients] = int(benchmark(port, clients, 10000) * seconds)

        def measure(_config):
            for clients, count in requests.items():
                yield clients, benchmark(port, clients, count), "requests/s"

        done = rounds.alternate(context, "redis", CONFIGS, [process.pid], measure, budget, least)
    return table(done, requests)


def table(done, requests):
    bounds = " and ".join(f"{count:,} requests with {CLIENTS[c]}" for c, count in requests.items())
    out = figures.Table(
        "Redis and its load generator on one CPU, GET",
        ("clients", "attached", "requests/s", "throughput / bare", "goal"),
        f"Median (quartiles) of {len(done.turns)} pairs, each of {bounds}. "
        "`bare again` is the yardstick of the noise.",
    )
    for clients in CLIENTS:
        for config in CONFIGS:
            values = done.values(clients, config)
            if not values:
                continue
            ratios = done.ratios(clients, config, "bare") if config != "bare" else []
            out.add(
                clients,
                config,
                f"{figures.quartiles(values)[0]:,.0f}",
                figures.with_spread(ratios, 3),
                GOALS.get((clients, config), ""),
            )
    return [out]
