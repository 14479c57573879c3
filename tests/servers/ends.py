# SPDX-License-Identifier: BSD-2-Clause
"""How it starts, accounts and ends: nothing that has arrived is lost."""
import os
import re
import signal
import socket
import subprocess

from client import Crowd, Unread
from harness import PATIENCE, expect, same, wait_for


def _together(script):
    return b"".join(request for request, _ in script)


class Stopped:
    """All processes of a server stand still: what clients send meanwhile has arrived when they go on."""

    def __init__(self, server):
        self.pid = server.pid

    def __enter__(self):
        os.killpg(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.killpg(self.pid, signal.SIGCONT)


def in_flight(t):
    """SIGTERM with requests in flight, pipelined and in the listen queue: each that has arrived is answered"""
    with t.server(*(["--workers", "2"] if t.loops else [])) as server:
        clients = [server.client() for _ in range(30)]
        scripts = [t.talk.script(1 + 20 * (i % 4), f"f{i}") for i in range(len(clients))]
        for client, script in zip(clients[:10], scripts):
            client.send(_together(script))
            client.gets(script)
        with Stopped(server):
            for client, script in zip(clients[10:], scripts[10:]):
                client.send(_together(script))
            # In the listen queue, without a word from the server yet: said all, half of it, nothing.
            waiting = [server.client(greet=False) for _ in range(20)]
            waiting_scripts = [t.talk.script(5 if i % 2 else 0, f"q{i}") for i in range(len(waiting))]
            for i, (client, script) in enumerate(zip(waiting, waiting_scripts)):
                client.send(_together(script))
                if i % 4 == 3:
                    client.done()
            for client in clients + waiting:
                client.delivered()
            server.tell(signal.SIGTERM)
        for client, script in zip(clients[10:], scripts[10:]):
            client.gets(script)
        for client, script in zip(waiting, waiting_scripts):
            t.talk.greeting(client)
            client.gets(script)
        for client in clients + waiting:
            client.end()
            client.s.close()
        server.end(send=None)
    made = scripts + waiting_scripts
    same(server.account["connections"], 50, "connections in the account")
    same(server.account["requests"], sum(len(script) for script in made), "requests in the account")
    same(server.account["bad"], 0 if t.app != "http" else server.account["bad"], "bad requests in the account")
    same(server.account["bytes_in"], sum(len(_together(script)) for script in made), "bytes_in in the account")
    if t.app == "mastermind":
        same(server.account["wins"], sum(len(replies) == 2 for script in made for _, replies in script), "wins")


def halves(t):
    """SIGTERM with half requests: those that become whole in time are answered, the others and the idle are closed"""
    unread = Unread()
    with t.server("--grace", "20000") as server:
        idle = [server.client() for _ in range(5)]
        idle[0].works()
        late = [server.client() for _ in range(10)]
        scripts = [t.talk.script(4, f"half{i}") for i in range(len(late))]
        for i, (client, its) in enumerate(zip(late, scripts)):
            # Whole ones, and some of the last.
            data = _together(its)
            client.cut = len(data) - 1 - i % (len(its[-1][0]) - 1)
            client.send(data[:client.cut])
            unread.wait(client)
        for client, its in zip(late, scripts):
            client.gets(its[:-1])
        server.tell(signal.SIGTERM)
        for client in idle:
            client.end()
        wait_for(server.refuses, "it goes on to listen")
        expect(not server.ended(), "it has ended while half requests could become whole")
        for client, its in zip(late, scripts):
            client.send(_together(its)[client.cut:])
            client.gets(its[-1:])
            client.end()
            client.s.close()
        server.end(send=None)
        same(server.account["requests"], 1 + 4 * len(late), "requests in the account")
    with t.server("--grace", "100") as server:
        clients = [server.client() for _ in range(5)]
        for i, client in enumerate(clients):
            script = t.talk.script(4, f"never{i}")
            client.send(_together(script)[:-1])
            unread.wait(client)
            client.gets(script[:-1])
        server.tell(signal.SIGTERM)
        for client in clients:
            client.drain()
            client.s.close()
        server.end(send=None)


def idle_end(t):
    """SIGTERM and SIGINT with nothing to do: it ends at once, also while a client doesn't read"""
    for number, leave in ((signal.SIGTERM, True), (signal.SIGINT, False)):
        with t.server("--grace", "600000") as server:
            clients = [server.client() for _ in range(20)]
            clients[0].works()
            server.tell(number)
            for client in clients:
                client.end()
                if leave:
                    client.s.close()
            server.end(send=None)
            for client in clients:
                client.s.close()
    with t.server("--grace", "100") as server, server.client(receive=4096) as client, server.client() as other:
        client.s.settimeout(0.1)
        try:
            for _ in range(100):
                client.send(t.talk.flood)
        except (TimeoutError, ConnectionError):
            pass
        other.works()
        server.end()


def crowded_end(t):
    """SIGTERM while clients come all the time: those that come later don't hold it up"""
    if not t.loops:
        _one_after_the_other(t)
    with t.server() as server, Crowd(server.address, _together(t.talk.crowd_script(0)[:1])):
        for _ in range(5):
            with server.client() as client:
                client.works()
        server.end()


def _one_after_the_other(t):
    """There is one place, and always one more client that waits for it."""
    script = t.talk.script(1, "come")
    half, rest = _together(script)[:-1], _together(script)[-1:]
    unread, served = Unread(), 0
    with t.server("--workers", "1", "--grace", "60000") as server:
        live = server.client()
        live.send(half)
        unread.wait(live)
        server.tell(signal.SIGTERM)
        server.idle()
        try:
            while served < 20:
                late = server.client(greet=False)
                late.send(half)
                live.send(rest)
                live.drain()
                live.s.close()
                wait_for(lambda c=late: c.readable() or not unread.bytes(c), "it neither serves nor closes")
                if late.readable() and late.closed():
                    late.s.close()
                    break
                live, served = late, served + 1
        except ConnectionError:
            pass  # it listens no more
        expect(served < 20, f"{served} clients that came after SIGTERM were served, one after the other")
        live.s.close()
        server.end(send=None)


def accounts(t):
    """SIGUSR1 prints the account and it goes on; what it says of itself is what the kernel says"""
    with t.server() as server:
        clients = [server.client() for _ in range(7)]
        sent = requests = 0
        # Each of them once: no process is forked any more when the signal comes, which ThreadSanitizer's allocator
        # would not survive.
        for n, count in [*((n, 1) for n in range(7)), (1, 13), (2, 13), (3, 13)]:
            script = t.talk.script(count, f"usr{n}of{count}")
            sent, requests = sent + len(_together(script)), requests + count
            clients[n].send(_together(script))
            clients[n].gets(script)
            if count == 1:
                continue
            # Who has its reply may be counted a moment later.
            want = {"connections": 7, "requests": requests, "bytes_in": sent}
            wait_for(lambda w=want: w.items() <= server.account_now().items(),
                     lambda w=want: f"the account so far is {server.account_now()}, should have {w}")
        for client in clients:
            client.s.close()
    account, usage = server.account, server.usage
    same((account["connections"], account["requests"]), (7, 46), "connections and requests at the end")
    cpu = account["user_us"] + account["sys_us"]
    expect(0 < cpu <= (usage.ru_utime + usage.ru_stime) * 1e6 + 1000, f"{cpu} µs of CPU time, the kernel says {usage}")
    for name, most in (("nvcsw", 50), ("nivcsw", 50), ("minflt", 200), ("majflt", 20), ("inblock", 1000),
                       ("oublock", 1000)):
        kernel = getattr(usage, f"ru_{name}")
        if t.sanitizer:
            most = kernel  # at its end, it looks through all memory
        expect(kernel - most <= account[name] <= kernel,
               f"{name} is {account[name]}, the kernel says {kernel} a little later")
    expect(0 < account["max_rss_kb"] <= usage.ru_maxrss,
           f"max_rss_kb {account['max_rss_kb']}, the kernel says {usage}")
    statm = account["statm"]
    expect(0 < statm["resident_kb"] <= account["max_rss_kb"] + 4096 and statm["resident_kb"] <= statm["size_kb"],
           f"{statm}")


def _refused(t, status, *options, model=None, app=None):
    argv = [t.binary, *(["--model", model or t.model]), *(["--app", app or t.app]), *options]
    ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, text=True)
    what = " ".join(argv[1:])
    same(ran.returncode, status, f"exit status of {what}, which says: {ran.stderr}")
    # What the option parser of the C library finds wrong, it adds a hint to.
    said = re.sub(r"Try `.*\n$", "", ran.stderr)
    expect(re.fullmatch(r"server: .+\n", said), f"not one sentence: {what}: {ran.stderr!r}")
    same(ran.stdout, "", f"standard output of {what}")


def options(t):
    """wrong options: status 2 and one sentence; what can't be had: status 1 and one sentence"""
    for wrong in (["--port", "65536"], ["--port", "x"], ["--port", "-1"], ["--port", ""], ["--workers", "x"],
                  ["--workers", "-1"], ["--workers", "99999999999"],
                  ["--grace", "x"], ["--grace", "-1"], ["--fsync", "never"], ["--memory", "x"], ["--memory", "-1"],
                  ["--seed", "x"], ["--nonsense"], ["extra"],
                  ["--port"]):
        _refused(t, 2, *wrong)
    _refused(t, 2, model="process")
    _refused(t, 2, app="smtp")
    ran = subprocess.run([t.binary], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, text=True)
    same((ran.returncode, ran.stdout), (2, ""), f"without options: {ran.stderr}")
    ran = subprocess.run([t.binary, "--help"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                         text=True)
    expect(ran.returncode == 0 and "--model" in ran.stdout, "--help")
    _refused(t, 1, "--bind", "192.0.2.1")
    if t.app == "http":
        _refused(t, 1, "--root", "/nonexistent")
    if t.app == "kv":
        _refused(t, 1, "--wal", "/nonexistent/wal")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        _refused(t, 1, "--port", str(taken.getsockname()[1]))
    with t.server() as server:
        _refused(t, 1, "--port", str(server.address[1]))
    # A port that was in use a moment ago, with connections that the server has closed first.
    with t.server() as server:
        clients = [server.client() for _ in range(3)]
        server.tell(signal.SIGTERM)
        for client in clients:
            client.end()
            client.s.close()
        server.end(send=None)
        with t.server("--port", str(server.address[1])) as again, again.client() as client:
            same(again.address, server.address, "the port it was told")
            client.works()
    with t.server("--bind", "::1") as server, server.client() as client:
        same(server.address[0], "::1", "the address it was told")
        client.works()


CHECKS = [in_flight, halves, idle_end, crowded_end, accounts, options]
