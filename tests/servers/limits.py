# SPDX-License-Identifier: BSD-2-Clause
"""Where descriptors, memory, threads or processes run out: a pause or a refusal, and it recovers."""
import os
import re
import resource

from harness import Failed, expect, same, wait_for
from server import read


def _closed_instead(client, talk):
    """Whether the server has closed where `talk` should get replies."""
    try:
        talk()
        return False
    except ConnectionError:
        return True
    except Failed:
        if client.over:
            return True
        raise


def _serves(t, server):
    """Whether a new client is served now, or refused."""
    with server.client(greet=False) as client:
        def talk():
            t.talk.greeting(client)
            client.works()
        return not _closed_instead(client, talk)


def _crowd_out(t, server, count, limited=True, may_break=False):
    """
    More clients than it can have at a time: some are served, the others wait or are closed, and those who wait are
    served in turn. With `limited`, some must wait; with `may_break`, what is served at first may be closed, too: in a room
    that has no memory for what some hundreds say of themselves, all of them.
    """
    before = server.resources()
    script = t.talk.crowd_script(0)[:1]
    clients = [server.client(greet=False) for _ in range(count)]
    refused = [client for client in clients if _closed_instead(client, lambda c=client: c.send(script[0][0]))]
    wait_for(lambda: any(client.readable() for client in clients), lambda: f"nobody is served: {server.err()}")
    server.idle()

    def serve(client):
        def talk():
            t.talk.greeting(client)
            client.gets(script)
        if _closed_instead(client, talk):
            refused.append(client)
            return False
        return True

    served = [client for client in clients if client not in refused and client.readable() and serve(client)]
    waiting = [client for client in clients if client not in refused and client not in served]
    expect(served or (may_break and t.app == "chat"), f"nobody of {count} is served: {server.err()}")
    expect(len(served) < count or not limited, f"all {count} are served: nothing ran out")
    for client in served:
        expect(not _closed_instead(client, client.works) or may_break, "who was served is closed")
    for client in served + refused:
        client.s.close()
    # Now there is room for those who wait, some at a time.
    while waiting:
        ready = wait_for(lambda: [client for client in waiting if client.readable()],
                         lambda: f"{len(waiting)} clients wait, and there is room: {server.resources()}")
        for client in ready:
            waiting.remove(client)
            serve(client)
            client.s.close()
    # Until what those who have gone had is there again, it may refuse.
    wait_for(lambda: _serves(t, server), "no new client is served")
    server.back_to(before)
    server.idle()


def descriptors(t):
    """out of descriptors: those who are there work, the rest wait or are closed, no busy loop; it recovers"""
    own = ["--workers", "40"] if t.app == "chat" and not t.loops else []
    with t.server(*own, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))) as server:
        # A process per connection has descriptors of its own.
        _crowd_out(t, server, 150, limited=t.model != "fork" or bool(own))


def memory(t):
    """out of address space: the same"""
    with t.server() as server:
        with server.client() as client:
            client.works()
        size = 1024 * int(re.search(rb"^VmSize:\s*(\d+)", read(f"/proc/{server.pid}/status"), re.M)[1])
        limit = size + (40 << 20 if t.model == "thread" else 1 << 20)
        resource.prlimit(server.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        _crowd_out(t, server, 600, limited=False, may_break=True)
        resource.prlimit(server.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        _crowd_out(t, server, 100, limited=False)


def tasks(t):
    """out of threads or processes: the same"""
    # Root may have as many as it likes: a user of its own, who has no other processes.
    user = 61000 + os.getpid() % 4000

    def preexec():
        if os.geteuid() == 0:
            os.setgid(user)
            os.setuid(user)
        resource.setrlimit(resource.RLIMIT_NPROC, (30, 30))

    with t.server(preexec=preexec) as server:
        _crowd_out(t, server, 100, limited=os.geteuid() == 0)


def workers(t):
    """--workers: two loops share the work; a limit of live connections holds"""
    if t.loops:
        with t.server("--workers", "2") as server:
            clients = [server.client() for _ in range(100)]
            before = server.cpu()
            for n in range(5):
                for i, client in enumerate(clients):
                    script = t.talk.script(20, f"w{n}c{i}")
                    client.send(b"".join(request for request, _ in script))
                    client.gets(script)
            after = server.cpu()
            used = sorted((ns - before.get(path, 0) for path, ns in after.items()), reverse=True)
            expect(len(used) > 1 and used[1] > 0.05 * used[0], f"CPU time of its threads in ns: {used}")
            for client in clients:
                client.s.close()
        return
    with t.server("--workers", "5") as server:
        request, replies = t.talk.crowd_script(0)[0]
        clients = [server.client(greet=False) for _ in range(12)]
        for client in clients:
            client.send(request)
        waiting = list(clients)
        for live in range(len(clients)):
            # Five, and one more for each that leaves.
            want = min(5, len(waiting))
            ready = wait_for(lambda n=want: len(r := [c for c in waiting if c.readable()]) >= n and r,
                             lambda: f"fewer than 5 of {len(waiting)} are served")
            if not live:
                server.idle()
            same(len([c for c in waiting if c.readable()]), want, "connections that are served at a time")
            client = ready[0]
            t.talk.greeting(client)
            client.gets([(request, replies)])
            waiting.remove(client)
            client.s.close()


CHECKS = [descriptors, memory, tasks, workers]
