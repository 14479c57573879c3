#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients that nobody here wrote, against the servers. TAP on standard output."""
import os
import re
import shutil
import subprocess
import sys

from harness import Failed, expect, same, wait_for
from suite import Suite
from talk import score

LIMIT = 60  # s, for any one client


def ran(*argv, given=b"", status=0):
    """What a client prints."""
    expect(shutil.which(argv[0]), f"{argv[0]} is not installed: make deps")
    try:
        done = subprocess.run(argv, input=given, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as e:
        raise Failed(f"{' '.join(argv)} does not end: {e.stdout}") from None
    same(done.returncode, status,
         f"exit status of {' '.join(argv)}, which says {done.stderr[-500:]} {done.stdout[-500:]}")
    return done.stdout.decode(errors="replace")


def redis_cli(t):
    """redis-cli: commands on its standard input, errors among them"""
    with t.server() as server:
        cli = ("redis-cli", "-p", str(server.address[1]), "--no-raw")
        given = b'PING\nSET greeting "hello world"\nGET greeting\nINCR n\nINCR n\nMSET a 1 b 2\nMGET a b none\n' \
                b'DEL a b none\nEXISTS greeting\nINCR greeting\nNOSUCH\nDBSIZE\nSELECT 0\nGET none\n'
        same(ran(*cli, given=given).splitlines(),
             ["PONG", "OK", '"hello world"', "(integer) 1", "(integer) 2", "OK", '1) "1"', '2) "2"', "3) (nil)",
              "(integer) 2",
              "(integer) 1", "(error) ERR value is not an integer or out of range",
              "(error) ERR unknown command 'NOSUCH', with args beginning with: ", "(integer) 2", "OK", "(nil)"],
             "redis-cli")
        expect("redis_version:" in ran(*cli, "INFO"), "INFO")
        pipe = b"".join(t.talk.command("SET", f"piped{i}", i) for i in range(10007))
        expect("errors: 0, replies: 10007" in ran(*cli, "--pipe", given=pipe), "redis-cli --pipe")
        same(ran(*cli, "DBSIZE").strip(), "(integer) 10009", "DBSIZE after --pipe")


def redis_benchmark(t):
    """redis-benchmark: pipelined and not, every request answered without an error"""
    with t.server() as server:
        made = 0
        for pipeline, n in (("16", 10007), ("1", 3001)):
            out = ran("redis-benchmark", "-p", str(server.address[1]), "-t", "ping,set,get,incr,mset", "-n", str(n),
                      "-P", pipeline,
                      "-c", "20", "-r", "1000", "--csv")
            rows = re.findall(r'^"(\w+)[^"]*","([\d.]+)"', out, re.M)
            same([name for name, _ in rows], ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET"],
                 f"tests that ended: {out}")
            expect("rror" not in out, out)
            made += 6 * n
    same(server.account["bad"], 0, "bad requests")
    expect(server.account["requests"] >= made, f"{server.account['requests']} requests, redis-benchmark made {made}")


def wrk(t):
    """wrk: no socket errors, nothing but 200"""
    with t.server() as server:
        for path in ("/", "/static/small", "/work?us=5"):
            out = ran("wrk", "-t", "1", "-c", "20", "-d", "1", f"http://127.0.0.1:{server.address[1]}{path}")
            expect("Socket errors" not in out and "Non-2xx" not in out, out)
            expect(int(re.search(r"(\d+) requests in", out)[1]) > 0, out)


def ab(t):
    """ab: with and without keep-alive, none failed"""
    with t.server() as server:
        for options in (["-k"], []):
            out = ran("ab", "-q", *options, "-n", "2003", "-c", "20",
                      f"http://127.0.0.1:{server.address[1]}/static/page.html")
            found = {name: int(n) for name, n in re.findall(r"^([\w -]+): +(\d+)", out, re.M)}
            same((found["Complete requests"], found["Failed requests"]), (2003, 0), f"requests: {out}")
            expect("Non-2xx" not in out, out)
            same(found.get("Keep-Alive requests", 0), 2003 if options else 0, "requests with keep-alive")
    # ab may open a connection more than it uses.
    same(server.account["requests"], 2 * 2003, "requests in the account")


def curl(t):
    """curl: two URLs on one connection, HEAD, HTTP/1.0, 404, bodies, a file as it is"""
    with t.server() as server:
        url = f"http://127.0.0.1:{server.address[1]}"
        out = ran("curl", "-sv", "--stderr", "-", f"{url}/", f"{url}/static/page.html")
        expect("Hello from vmprof!\n" in out and "<p>page</p>\n" in out and "Re-using existing connection" in out, out)
        expect("Content-Length: 19" in ran("curl", "-sI", f"{url}/"), "curl -I")
        same(ran("curl", "-s", "--http1.0", f"{url}/"), "Hello from vmprof!\n", "curl --http1.0")
        same(ran("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/nope"), "404",
             "curl of what is not there")
        ran("curl", "-sf", f"{url}/nope", status=22)
        target = os.path.join(t.dir, "fetched")
        ran("curl", "-s", "-o", target, f"{url}/static/big")
        same(os.path.getsize(target), 16 << 20, "size of a file that curl fetched")
        # Above 1 kB curl first asks whether it may: with Expect: 100-continue.
        for size, status in ((10, "405"), (2000, "405"), (1 << 20, "405"), (2 << 20, "413")):
            same(ran("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-", f"{url}/",
                     given=b"x" * size),
                 status, f"curl that posts {size} bytes")


class Typist:
    """nc, as somebody types into it."""

    def __init__(self, server):
        self.nc = subprocess.Popen(["nc", "127.0.0.1", str(server.address[1])], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.nc.kill()
        self.nc.wait()
        self.nc.stdin.close()
        self.nc.stdout.close()

    def types(self, line):
        self.nc.stdin.write(line.encode() + b"\n")
        self.nc.stdin.flush()

    def sees(self):
        return self.nc.stdout.readline().decode().rstrip("\n")  # bounded by the alarm of the check

    def ends(self):
        """The server has closed; nc goes on to read what is typed."""
        self.nc.stdin.close()
        same(self.nc.stdout.read(), b"", "more than was expected")
        wait_for(lambda: self.nc.poll() is not None, "nc does not end")
        same(self.nc.returncode, 0, "exit status of nc")


def nc_mastermind(t):
    """nc: a game of mastermind, played by narrowing down; and one typed ahead"""
    every = [a + b + c + d for a in "ABCDEF" for b in "ABCDEF" for c in "ABCDEF" for d in "ABCDEF"]
    with t.server() as server:
        with Typist(server) as player:
            expect(player.sees(), "no greeting")
            possible, guesses, reply = every, 0, ""
            while reply != "[4:0]":
                guess = possible[len(possible) // 2]
                player.types(guess)
                guesses, reply = guesses + 1, player.sees()
                possible = [secret for secret in possible if score(secret, guess) == reply]
                expect(possible and guesses <= 10, f"no secret fits what was replied to {guesses} guesses")
            same(player.sees(), f"won in {guesses}", "the end of the game")
            player.types("quit")
            same(player.sees(), "bye", "reply to quit")
            player.ends()
        out = ran("nc", "-N", "127.0.0.1", str(server.address[1]), given=b"secret ABCD\nABCE\nabcd\nquit\n")
        same(out.splitlines()[1:], ["ok", "[3:0]", "[4:0]", "won in 2", "bye"], "nc -N")
    same(server.account["wins"], 2, "wins in the account")


def nc_chat(t):
    """nc: three talk"""
    with t.server() as server, Typist(server) as a, Typist(server) as b:
        # Which came first is not told by when it was started.
        names = [typist.sees().split()[2].rstrip(":") for typist in (a, b)]
        later = names.index("guest2")
        first, second = (a, b) if later else (b, a)
        same(first.sees(), "* guest2 joined", "what the first sees")
        first.types("/nick Ada")
        same((first.sees(), second.sees()), ("* you are now Ada", "* guest1 is now Ada"), "what both see")
        second.types("hello Ada")
        same(first.sees(), "guest2: hello Ada", "what Ada sees")
        out = ran("nc", "-N", "127.0.0.1", str(server.address[1]), given=b"/nick Bob\nhello all\n/quit\n")
        same(out.splitlines()[1:], ["* you are now Bob", "* bye"], "what Bob sees")
        for typist in (first, second):
            same([typist.sees() for _ in range(4)], ["* guest3 joined", "* guest3 is now Bob", "Bob: hello all",
                                                     "* Bob left"],
                 "what others see of Bob")
        second.types("/quit")
        same((second.sees(), first.sees()), ("* bye", "* guest2 left"), "the end")
        second.ends()


CHECKS = {"mastermind": [nc_mastermind], "chat": [nc_chat], "kv": [redis_cli, redis_benchmark],
          "http": [curl, ab, wrk]}

def checks(_options, _model, app):
    return CHECKS[app]


if __name__ == "__main__":
    sys.exit(Suite(__doc__, models=("thread", "event"), checks=checks).main())
