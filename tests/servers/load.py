# SPDX-License-Identifier: BSD-2-Clause
"""What any model must stand, whatever is spoken: requests cut and heaped, crowds, rubbish, clients that don't read."""
import random
import socket
import struct
import time

from client import Unread
from harness import expect, same

LINGER_0 = struct.pack("ii", 1, 0)


def _together(script):
    return b"".join(request for request, _ in script)


def pipelining(t):
    """1,000 requests in one send: the replies in order"""
    with t.server() as server, server.client() as client:
        script = t.talk.script(1000, "p")
        client.send(_together(script))
        client.gets(script)
        client.works()


def split(t):
    """a send for each byte, and a script cut in two at every byte"""
    with t.server() as server, server.client() as client:
        unread, script = Unread(), t.talk.script(7, "b")
        for byte in _together(script):
            client.send(bytes([byte]))
            unread.wait(client)
        client.gets(script)
        cut = 0
        while True:
            # Other names each time: what is in the server already must not answer.
            script = t.talk.script(5, f"c{cut}")
            data = _together(script)
            if cut == len(data):
                break
            client.send(data[:cut])
            unread.wait(client)
            client.send(data[cut:])
            client.gets(script)
            cut += 1


def half_close(t):
    """a client that has said all, and closes its side, gets all replies"""
    with t.server() as server:
        for n in (1, 10, 500):
            with server.client() as client:
                script = t.talk.script(n, f"h{n}")
                client.send(_together(script))
                client.done()
                client.gets(script)
                client.end()


def crowd(t):
    """1,000 connections at once, each answered, then gone: all given back"""
    # In a chat, each hears of all the others: a million lines.
    count = 1000 // (t.scale if t.app == "chat" else 1)
    with t.server() as server:
        before = server.resources()
        clients = [server.client(greet=False) for _ in range(count)]
        for client in clients:
            t.talk.greeting(client)
        scripts = [t.talk.crowd_script(i) for i in range(len(clients))]
        for client, script in zip(clients, scripts):
            client.send(_together(script))
        for client, script in zip(clients, scripts):
            client.gets(script)
        if t.app == "chat":
            _everyone_hears(clients)
        for i, client in enumerate(clients):
            client.reset() if i % 3 == 0 else client.s.close()
        server.back_to(before)
        server.idle()
    same(server.account["connections"], count + 2, "connections in the account")


def _everyone_hears(clients):
    speaker, *others = clients
    speaker.send(b"hello all\n")
    said = f"{speaker.nick}: hello all"
    for client in others:
        same(client.reply(), said, "what one said, as another has got it")


def churn(t):
    """connects and closes by the thousand, resets among them: all given back, no zombie, no busy loop"""
    count = (2000 if t.model == "fork" else 10000) // t.scale
    with t.server() as server:
        before = server.resources()
        request = _together(t.talk.script(1, "churn"))
        for i in range(count):
            s = socket.socket()
            s.connect(server.address)
            if i % 3:
                s.send(request)
            if i % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            s.close()
            # Not further ahead than the listen queue is long.
            if i % 100 == 99:
                with server.client() as client:
                    client.works()
        server.back_to(before)
        server.idle()
    same(server.account["connections"] + server.account["refused"], count + count // 100 + 2, "connections")
    same(server.account["refused"], 0, "connections refused")


def rubbish(t):
    """garbage, NULs, half requests: it goes on, and nothing is kept"""
    rng = random.Random(t.seed)
    script = _together(t.talk.script(5, "r"))
    pieces = [bytes(1), bytes(5000), b"\n" * 3000, b"\r\n" * 3000, b"\xff" * 100000]
    pieces += [rng.randbytes(rng.randrange(1, 3000)) for _ in range(40)]
    pieces += [bytes(rng.choices(script + b"\0\r\n*$-: 9", k=rng.randrange(1, 600))) for _ in range(40)]
    # Sound requests with one byte changed, and cut off.
    for _ in range(60):
        changed = bytearray(script)
        changed[rng.randrange(len(changed))] = rng.randrange(256)
        pieces.append(bytes(changed))
    pieces += [script[:rng.randrange(1, len(script))] for _ in range(30)]
    with t.server() as server:
        before = server.resources()
        for i, piece in enumerate(pieces):
            with server.client() as client:
                try:
                    client.send(piece)
                    if i % 3 == 0:
                        client.done()
                        client.drain()
                    elif i % 3 == 1:
                        client.reset()
                except ConnectionError:
                    pass  # it has closed, as it may
        server.back_to(before)
        server.idle()


def endless(t):
    """a line without an end is not kept: it is refused, and the connection ends"""
    with t.server() as server:
        before = server.rss_anon()
        for first in t.talk.endless:
            with server.client() as client:
                try:
                    client.send(first + b"a" * (4 << 20))
                except ConnectionError:
                    pass  # before it had read all
                client.drain()
        expect(server.rss_anon() - before < t.megabytes(16), f"it has grown by {server.rss_anon() - before} bytes")
        with server.client() as client:
            client.works()


def slow_reader(t):
    """a client that asks for much and doesn't read costs little, and others are served"""
    with t.server() as server:
        with server.client() as first:
            first.works()
            if t.app == "kv":
                first.ask(t.talk.command("SET", "big", b"x" * (1 << 20)))
            before, start = server.rss_anon(), server.resources()
            greedy = [server.client(receive=4096) for _ in range(4)]
            for client in greedy:
                _ask_without_end(client, t.talk.flood, t.talk.flood_size)
            server.idle()
            grown = server.rss_anon() - before
            # Replies of 16 MiB may be held, one for each.
            expect(grown < t.megabytes(96), f"it holds {grown} bytes more for 4 clients that don't read")
            first.works()
            with server.client() as other:
                other.works()
            for i, client in enumerate(greedy):
                client.reset() if i % 2 else client.s.close()
            server.back_to(start)
        server.idle()


def _ask_without_end(client, flood, size):
    """Until the server takes no more, or that many bytes."""
    client.s.settimeout(0.1)
    at, stuck = 0, 0
    while at < size and stuck < 3:
        try:
            at += client.s.send(flood[at % len(flood):])
            stuck = 0
        except TimeoutError:
            stuck += 1


def takes_turns(t):
    """a connection that sends without end does not keep others waiting"""
    with t.server() as server, server.client() as busy, server.client() as other:
        busy.s.settimeout(0)
        requests = _together(t.talk.crowd_script(0)) * 10000
        at, answered, until = 0, 0, time.monotonic() + 30
        while answered < 20:
            expect(time.monotonic() < until, f"{answered} of 20 requests answered beside a busy connection")
            for _ in range(4):
                try:
                    at = (at + busy.s.send(requests[at:])) % len(requests)
                except BlockingIOError:
                    pass
                try:
                    busy.s.recv(1 << 20)
                except BlockingIOError:
                    pass
            other.works()
            answered += 1


CHECKS = [pipelining, split, half_close, crowd, churn, rubbish, endless, slow_reader, takes_turns]
