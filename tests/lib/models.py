# SPDX-License-Identifier: BSD-2-Clause
"""The bundled servers: where each model rests, and how many calls it makes for what the load generator has sent."""
import json

from data import by, expect, read_csv, read_syscalls, same, states, threads, total

MOST = 0.9


def check_rest(csv_path, model, app, connections):
    """
    At rest, with so many connections: thread and fork wait in `recv` for each of them and in `accept` for more; for
    the room's news, where the app is a chat, in `read` of an eventfd; event and coroutine in `epoll_wait` alone. And
    there is one thread that waits for signals.
    """
    connections = int(connections)
    found = {}
    for tid, its in by(threads(read_csv(csv_path)), "tid").items():
        times = states(its)
        rests = max(times, key=times.get)
        expect(times[rests] >= MOST * sum(times.values()), f"thread {tid} rests nowhere: {times}")
        found[rests] = found.get(rests, 0) + 1
    if model == "go":
        # One thread asks the kernel for all of them, the others wait to be told.
        expect(found.pop("lock", 0) > 0, "no thread waits for another")
        found.pop("sleep", None)
        should = {"poll": 1}
    elif model in ("thread", "fork"):
        should = {"net": connections + 1, "sleep": 1, **({"pipe": connections} if app == "chat" else {})}
    else:
        should = {"poll": 1, "sleep": 1}
    same(found, should, "how many threads rest in each state")


def check_load(calls_path, csv_path, load_path, model, app):
    """
    Calls and bytes against what the load generator has sent and received. It was in a closed loop, over a loopback
    interface: a request comes in one piece, and a reply goes in one.
    """
    with open(load_path, encoding="utf-8") as file:
        load = json.load(file)
    calls = by(read_syscalls(calls_path), "syscall")
    n, clients = load["requests"], load["connections"]
    same(load["errors"], 0, "errors of the load generator")
    same(total(read_csv(csv_path), "lost"), 0, "lost")

    def made(*names, column="calls"):
        return sum(total(calls.get(name, []), column) for name in names)

    def succeeded(name):
        return made(name) - made(name, column="errors")

    if model == "go":
        # It wakes threads of its own by a byte in a pipe.
        wakes = made("write", column="bytes") - load["bytes_received"]
        same(succeeded("write"), n + wakes, "writes: a request each, and wake-ups")
        expect(succeeded("read") >= n, f"{succeeded('read')} reads for {n} requests")
        expect(made("read", column="bytes") >= load["bytes_sent"], "bytes read")
        return
    same(made("recvfrom", column="bytes"), load["bytes_sent"], "bytes received")
    if app == "chat":
        # A line goes to all others; what others say meanwhile, a line each at most, may go with it. Who leaves does not
        # read that others have left: the server sees an end or a reset when it receives, or when it sends.
        expect(n <= made("recvfrom") <= n + clients, f"{made('recvfrom')} receives for {n} requests, {clients} ends")
        expect(n <= succeeded("sendto") <= n * (clients - 1) + clients * (2 * clients + 1),
               f"{succeeded('sendto')} sends for {n} lines to {clients - 1} others each")
        expect(made("sendto", column="bytes") >= load["bytes_received"], "bytes sent")
    else:
        same(succeeded("recvfrom"), n + clients, "receives: one for each request and each end")
        same(succeeded("sendto"), n + (clients if app == "mastermind" else 0), "sends: one for each reply and greeting")
        same(made("sendto", column="bytes"), load["bytes_received"], "bytes sent")
    loops = model in ("event", "coroutine")
    expect((made("epoll_wait", "epoll_pwait", "poll", "ppoll") > 0) == loops, "calls of epoll_wait and its like")
    # Its threads and processes: one for each connection, and one for the news.
    began = 0 if loops else clients + (clients if app == "chat" else 0)
    same(made("clone", "clone3", "fork", "vfork"), began, "threads and processes begun")
    same(len(by(read_csv(csv_path), "pid")), 1 + (clients if model == "fork" else 0), "processes")
    if loops and app != "chat":
        # To go from one connection, or coroutine, to another takes none.
        rest = made(*calls) - made("recvfrom", "sendto", "epoll_wait", "epoll_pwait")
        expect(rest <= 20 * clients + 20, f"{rest} calls beyond those that receive, send and wait: "
               f"{ {name: made(name) for name in calls} }")
