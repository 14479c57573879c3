#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
kill9.py SERVER [--model M …] [--rounds N] [--seed N]

Kills a `kv` server that logs with --fsync always while clients write, starts it again on the same log, and looks: what
each client finds of its own keys must be what it had written up to some request, which is no earlier than the last one
acknowledged. Of a counter that all share, no number may be given out twice. In the fork model single processes
are killed as well, and the others must go on. One line of TAP for each model.
"""
import argparse
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

MODELS = ("thread", "fork", "event", "coroutine")
CLIENTS, PATIENCE = 6, 30  # s, for any one condition
OWN = ("a", "b", "n", "gone", *(f"m{i}" for i in range(5)))


class Failed(Exception):
    pass


def command(*words):
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


class Connection:
    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.s.makefile("rb")

    def send(self, data):
        self.s.sendall(data)

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError
        return line[:-2]

    def reply(self):
        line = self.line()
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        if line[:1] != b"$" or line == b"$-1":
            return None if line == b"$-1" else line
        value = self.file.read(int(line[1:]) + 2)
        if len(value) != int(line[1:]) + 2:
            raise ConnectionError
        return value[:-2]

    def close(self):
        self.file.close()
        self.s.close()


class Writer:
    """One client, over all rounds: what its keys hold for certain, and what it has sent that nobody has confirmed."""

    def __init__(self, number, seed, shared):
        self.name, self.rng, self.shared = f"c{number}", random.Random(f"{seed} {number}"), shared
        self.certain, self.unsure, self.serial, self.acknowledged, self.connection = {}, [], 0, 0, None

    def key(self, name):
        return f"{self.name}:{name}"

    def request(self):
        """Its bytes, the reply it must get (None: see shared), and what it changes."""
        self.serial += 1
        value, kind = b"%d" % self.serial, self.rng.randrange(100)
        now = {**self.certain, **{k: v for _, _, change in self.unsure for k, v in change.items()}}
        if kind < 30:
            key = self.rng.choice("ab")
            value += b"." * self.rng.choice((0, 10, 1000, 30000))
            return command("SET", self.key(key), value), b"+OK", {key: value}
        if kind < 50:
            n = b"%d" % (int(now.get("n") or 0) + 1)
            return command("INCR", self.key("n")), b":" + n, {"n": n}
        if kind < 75:
            # Sometimes more than the log's buffer holds.
            value += b"-" * (900_000 if kind == 74 and self.rng.random() < 0.1 else self.rng.choice((0, 100, 5000)))
            change = {f"m{i}": value for i in range(5)}
            return command("MSET", *[w for k, v in change.items() for w in (self.key(k), v)]), b"+OK", change
        if kind < 85:
            if now.get("gone"):
                return command("DEL", self.key("gone")), b":1", {"gone": None}
            return command("SET", self.key("gone"), value), b"+OK", {"gone": value}
        return command("INCR", "shared"), None, {}

    def find(self, port):
        """Connects, and finds out how far it had come."""
        self.connection = Connection(port)
        self.connection.send(command("MGET", *map(self.key, OWN)))
        found, states = dict(zip(OWN, self.connection.reply())), [dict.fromkeys(OWN) | self.certain]
        for _, _, change in self.unsure:
            states.append(states[-1] | change)
        if found not in states:
            short = [{k: v and v[:20] for k, v in state.items()} for state in (found, states[0], states[-1])]
            raise Failed(f"{self.name} finds {short[0]}; acknowledged {short[1]}, sent {short[2]}")
        self.certain, self.unsure = found, []

    def batch(self):
        for _ in range(self.rng.choice((1, 1, 1, 2, 8))):
            self.unsure.append(self.request())
            self.shared.will_send(self.unsure[-1][1] is None)
        self.connection.send(b"".join(data for data, _, _ in self.unsure))
        while self.unsure:
            data, oracle, change = self.unsure[0]
            reply = self.connection.reply()
            if oracle is None:
                self.shared.take(reply)
            elif reply != oracle:
                raise Failed(f"{self.name}: {reply[:60]} where {oracle} should be, after {data[:60]}")
            self.certain.update(change)
            self.unsure.pop(0)
            self.acknowledged += 1

    def work(self, port, over):
        """Until `over`, or until it finds no server any more."""
        try:
            while not over.is_set():
                try:
                    self.batch()
                except OSError:
                    if over.is_set():
                        return
                    self.connection.close()
                    self.find(port)
        except OSError:
            pass  # the server is dead, as the next round will know
        except Failed as e:
            self.shared.failed = self.shared.failed or e


class Shared:
    """The counter of all: each number is given out once."""

    def __init__(self):
        self.given, self.sent, self.failed, self.lock = set(), 0, None, threading.Lock()

    def will_send(self, n):
        with self.lock:
            self.sent += n

    def take(self, reply):
        with self.lock:
            if not reply.startswith(b":") or int(reply[1:]) in self.given:
                raise Failed(f"INCR shared gives {reply}, which was given before")
            self.given.add(int(reply[1:]))

    def check(self, value):
        if not max(self.given, default=0) <= int(value or 0) <= self.sent:
            raise Failed(f"shared is {value}; {max(self.given, default=0)} was acknowledged, {self.sent} were sent")


def wait_for(condition, what):
    until = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > until:
            raise Failed(f"waited {PATIENCE} s in vain: {what}")
        time.sleep(0.002)
    return value


class Server:
    def __init__(self, binary, model, directory):
        self.out, self.err = (os.path.join(directory, name) for name in ("out", "err"))
        argv = [binary, "--model", model, "--app", "kv", "--quiet", "--wal", os.path.join(directory, "kv.log"),
                "--fsync", "always"]
        until = time.monotonic() + PATIENCE
        while True:
            with open(self.out, "wb") as out, open(self.err, "wb") as err:
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
            match = wait_for(lambda: re.search(r"listening on \S+:(\d+)\n", self.read(self.out)) or
                             self.process.poll() is not None, "the server does not start")
            if match is not True:
                self.port = int(match[1])
                return
            # The last of the killed ones may not be gone yet.
            if "another server has it" not in self.read(self.err) or time.monotonic() > until:
                raise Failed(f"the server does not start: {self.read(self.err)}")

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [int(pid) for pid in file.read().split()]

    def kill(self):
        """All its processes at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def one_round(server, writers, shared, rng, single):
    """From one start to the kill."""
    for writer in writers:
        writer.find(server.port)
    asking = Connection(server.port)
    asking.send(command("GET", "shared"))
    shared.check(asking.reply())
    asking.close()
    over, enough = threading.Event(), sum(w.acknowledged for w in writers) + rng.randrange(400)
    threads = [threading.Thread(target=w.work, args=(server.port, over)) for w in writers]
    for thread in threads:
        thread.start()
    try:
        def acknowledged():
            return shared.failed or sum(w.acknowledged for w in writers) >= enough
        wait_for(acknowledged, "acknowledged writes")
        for _ in range(3 if single else 0):
            victims = server.children()
            if victims:
                # Its client may have gone, and it with that, since the list was made.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(rng.choice(victims), signal.SIGKILL)
            enough += 30
            wait_for(acknowledged, "acknowledged writes after a single process was killed")
        time.sleep(rng.random() * 0.01)  # a moment like any other
    finally:
        over.set()
        server.kill()
        for thread in threads:
            thread.join()
        for writer in writers:
            writer.connection.close()
    if shared.failed:
        raise shared.failed


def survive(binary, model, rounds, seed):
    """The number of writes acknowledged."""
    rng, shared = random.Random(f"{seed} {model}"), Shared()
    writers = [Writer(i, seed, shared) for i in range(CLIENTS)]
    with tempfile.TemporaryDirectory(prefix="vmprof-kill9-") as directory:
        for i in range(rounds + 1):
            server = Server(binary, model, directory)
            try:
                one_round(server, writers, shared, rng, model == "fork" and i % 2)
            except Failed as e:
                raise Failed(f"round {i} of {rounds}: {e}; the server says: {server.read(server.err)[-300:]}") from None
    return sum(w.acknowledged for w in writers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--model", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    failed = False
    print(f"1..{len(args.model)}", flush=True)
    for number, model in enumerate(args.model, 1):
        name = f"{number} - {model}: nothing acknowledged is lost in {args.rounds} times kill -9"
        try:
            n = survive(args.server, model, args.rounds, args.seed)
            print(f"ok {name} ({n} writes)", flush=True)
        except (Failed, OSError) as e:
            failed = True
            print(f"not ok {name}\n# --seed {args.seed}: {e!r}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
