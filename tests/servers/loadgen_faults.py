#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""loadgen against servers that fail in a known way: each fault is told, and nothing else. LOADGEN is the binary; TAP on
standard output."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

from harness import wait_for
from loadgen_peer import Peer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOADGEN = os.environ.get("LOADGEN", os.path.join(ROOT, "workloads/loadgen/loadgen"))
LIMIT = 60  # s, for any one command
N, AT = 211, 97  # requests in all, and the one that goes wrong


def loadgen(peer, *args, status=0, **more):
    """Its result, having ended with that status; `more` goes to the process."""
    app = getattr(peer, "app", None)
    argv = [LOADGEN, "--app", app, "--port", str(peer.port), "--json", *map(str, args)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT, check=False, **more)
    assert done.returncode == status, f"status {done.returncode}, should be {status}: {done.stderr}{done.stdout}"
    result = json.loads(done.stdout)
    assert result["errors"] == sum(result["errors_by"].values()), result
    assert bool(result["errors"]) == bool(status) == bool(done.stderr), (result, done.stderr)
    result["said"] = done.stderr
    return result


def same(got, want, what):
    assert got == want, f"{what} is {got}, should be {want}"


def errors(result, **want):
    same({kind: n for kind, n in result["errors_by"].items() if n}, want, f"errors ({result['said']})")


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def once(do):
    """A fault at the request AT; the connection is over then."""

    def fault(conn, number, right):
        if number != AT:
            conn.sendall(right)
            return True
        do(conn, right)
        return False

    return fault


def close_well(conn):
    """With requests unread, close() would be a reset."""
    conn.shutdown(socket.SHUT_WR)
    while conn.recv(4096):
        pass


def silent(conn, _):
    conn.recv(1)  # until the client closes


def every(fault, *args, apps=("http", "kv", "mastermind"), **want):
    """The same fault in these protocols: those errors, all the other requests answered, and a connection more."""
    for app in apps:
        with Peer(app, once(fault)) as peer:
            result = loadgen(peer, "--requests", N, *args, status=1)
            errors(result, **want)
            same(result["requests"], N - ("extra" not in want), f"{app}: requests")
            same(result["sent"], N, f"{app}: sent")
            same(peer.requests, N, f"{app}: requests that the server had")
            same(result["connections"], 2, f"{app}: connections")


def test_right():
    """no fault: no error, and exactly so many requests, whoever sends them and however they are cut"""

    def bytewise(conn, _, right):
        for byte in right:
            conn.sendall(bytes([byte]))
        return True

    for app in ("http", "kv", "mastermind", "chat"):
        cases = [("--clients", 7), ("--clients", 7, "--per-connection", 10), ("--clients", 1), ("--clients", 5, "--ramp", 0.1),
                 ("--clients", 3, "--rate", 5000), ("--clients", 40, "--think", 1)]
        if app != "chat":
            cases.append(("--clients", 7, "--threads", 2, "--per-connection", 3))
        if app in ("http", "kv"):
            cases += [("--clients", 3, "--pipeline", 17), ("--clients", 3, "--pipeline", 7, "--per-connection", 10, "--threads", 2)]
        for fault, n in ((None, 1009), (bytewise, N)) if app != "chat" else ((None, 1009),):
            for case in cases:
                with Peer(app, fault) as peer:
                    result = loadgen(peer, "--requests", n, *case)
                    same(result["requests"], n, f"{app} {case}: requests")
                    same(result["sent"], n, f"{app} {case}: sent")
                    same(peer.requests, n, f"{app} {case}: requests that the server had")
                    # The last ones may still wait to be accepted: they came after the last reply.
                    wait_for(lambda: peer.connections >= result["connections"],
                             lambda: f"{app} {case}: {peer.connections} of {result['connections']} connections")
                    # A client whose connection is over begins the next, which may not be needed any more.
                    begun = case[1] if "--per-connection" in case else 0
                    assert peer.connections <= result["connections"] + begun, (app, case, peer.connections, result)
                    assert result["checked"] >= n, result
                    assert 0 < result["p50_us"] <= result["p99_us"] <= result["max_us"], result


def test_wrong():
    """a wrong reply"""
    every(lambda conn, right: conn.sendall(right.replace(b"vmprof", b"VMPROF")), apps=["http"], wrong=1)
    every(lambda conn, right: conn.sendall(right.replace(b"200 OK", b"404 Not Found")), apps=["http"], wrong=1)
    every(lambda conn, right: conn.sendall(right.replace(b"19", b"20", 1) + b"\n"), apps=["http"], wrong=1)
    every(lambda conn, right: conn.sendall(right.replace(b"Length", b"Lengths", 1)), apps=["http"], wrong=1)
    every(lambda conn, right: conn.sendall(b"-ERR no\r\n"), apps=["kv"], wrong=1)
    every(lambda conn, right: conn.sendall(b":1\r\n"), apps=["kv"], wrong=1)
    every(lambda conn, right: conn.sendall(right[:-3] + b"z\r\n"), "--write", 100, apps=["kv"], wrong=1)
    every(lambda conn, right: conn.sendall(right[:-3] + b"z\r\n"), "--write", 60, "--keys", 1, "--seed", 3, apps=["kv"], wrong=1)
    every(lambda conn, right: conn.sendall(b"$1\r\nx\r\n"), "--write", 1, "--keys", 1, apps=["kv"], wrong=1)
    every(lambda conn, right: conn.sendall(b"[4:1]\n"), apps=["mastermind"], wrong=1)
    every(lambda conn, right: conn.sendall(b"error: no\n"), apps=["mastermind"], wrong=1)
    every(lambda conn, right: conn.sendall(b"\0" * 70000), wrong=1)


def test_later():
    """http: a body that is not what the first one was, of a path that is not known"""
    first = b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:  5 \r\n\r\n12345"

    def serve(conn, number, _):
        conn.sendall(first if number != AT else first.replace(b"345", b"346"))
        return True

    with Peer("http", serve) as peer:
        result = loadgen(peer, "--requests", N, "--clients", 3, "--path", "/x", status=1)
        errors(result, wrong=1)
        same(result["requests"], N - 1, "requests")


def test_ends():
    """a reply cut short, none at all, a reset"""
    every(lambda conn, right: conn.sendall(right[:-1]), truncated=1)
    every(lambda conn, right: conn.sendall(right[:1]), truncated=1)
    every(lambda conn, right: None, lost=1)
    every(lambda conn, right: reset(conn), reset=1)


def test_late():
    """a reply that does not come in time, or not whole"""
    every(silent, "--timeout", 0.3, timeout=1)
    every(lambda conn, right: (conn.sendall(right[:-1]), conn.recv(1)), "--timeout", 0.3, timeout=1)


def test_extra():
    """bytes too many: with the reply, and after the last one"""
    every(lambda conn, right: (conn.sendall(right + b"+OK\r\n"), conn.recv(1)), extra=1)
    for app in ("http", "kv", "mastermind"):
        with Peer(app, lambda conn, number, right: not conn.sendall(right + b"x" * (number == N))) as peer:
            errors(loadgen(peer, "--requests", N, status=1), extra=1)


def test_pipeline():
    """pipelined: the one that failed is told, and those behind it are lost"""
    for app in ("http", "kv"):
        with Peer(app, once(lambda conn, right: conn.sendall(b"no\r\n"))) as peer:
            result = loadgen(peer, "--requests", N, "--pipeline", 8, status=1)
            same(result["errors_by"]["wrong"], 1, "wrong")
            assert result["errors_by"]["lost"] < 8, result
            same(result["requests"] + result["errors"], N, "requests and errors")
            same(result["sent"], N, "sent")


def test_idle():
    """a connection that is closed while nothing is asked"""
    with Peer("kv", lambda conn, number, right: conn.sendall(right) or number != 2) as peer:
        result = loadgen(peer, "--requests", 3, "--think", 1000, status=1)
        errors(result, closed=1)
        same((result["requests"], result["sent"], result["connections"]), (3, 3, 2), "requests, sent, connections")


def test_goodbye():
    """http: `Connection: close`, and HTTP/1.0, are no errors; what was pipelined behind is asked again"""

    def goodbye(conn, number, right):
        if number % 10:
            conn.sendall(right)
            return True
        conn.sendall(right.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        close_well(conn)
        return False

    for pipeline in (1, 7):
        with Peer("http", goodbye) as peer:
            result = loadgen(peer, "--requests", N, "--pipeline", pipeline)
            same((result["requests"], result["connections"]), (N, N // 10 + 1), "requests and connections")
    with Peer("http", lambda conn, _, right: conn.sendall(right.replace(b"1.1", b"1.0"))) as peer:
        same(loadgen(peer, "--requests", N)["connections"], N, "connections")


def chat_fault(fault, status=1, **want):
    with Peer("chat", lambda number, to, sender, line: fault(to, sender, line) if number == AT else (to, line)) as peer:
        errors(loadgen(peer, "--requests", N, "--clients", 4, "--timeout", 1, status=status), **want)


def test_chat():
    """chat: a line that one does not get, gets twice, damaged, or that comes back to its sender"""
    chat_fault(lambda to, sender, line: (to[1:], line), timeout=1)
    chat_fault(lambda to, sender, line: (to + to[:1], line), wrong=1)
    chat_fault(lambda to, sender, line: (to + [sender], line), wrong=1)
    chat_fault(lambda to, sender, line: ([], to[0].sendall(line[:-2] + b"x\n") or line), wrong=1, timeout=1)
    chat_fault(lambda to, sender, line: (to, to[0].sendall(b"guest1: hello\n") or line), wrong=1)


def test_stall():
    """a server that stands still for 300 ms: closed loop hides it, --rate does not"""
    def stall(conn, number, right):
        if number == 200:
            time.sleep(0.3)
        conn.sendall(right)
        return True

    for app in ("kv", "http", "mastermind"):
        with Peer(app, stall) as peer:
            result = loadgen(peer, "--rate", 500, "--requests", 1000)
            # 150 of them were intended within these 300 ms, and waited for 150 ms on average.
            assert result["p90_us"] > 80e3 and result["p99_us"] > 250e3 and result["max_us"] >= 299e3, result
        with Peer(app, stall) as peer:
            result = loadgen(peer, "--requests", 1000)
            assert result["max_us"] >= 299e3 > result["p99_us"], result


def test_rate():
    """--rate: a schedule that the server can't keep up with: how much of it was not sent"""
    with Peer("kv", lambda conn, number, right: time.sleep(0.01) or not conn.sendall(right)) as peer:
        result = loadgen(peer, "--clients", 2, "--rate", 1000, "--seconds", 1)
        same(result["requests"] + result["unsent"], 1000, "requests and unsent")
        assert result["unsent"] > 500, result


def test_until_close():
    """--until-close: the end of a connection between replies is none of the client's errors, a half reply is"""
    for app in ("http", "kv", "mastermind"):
        with Peer(app, once(lambda conn, right: conn.sendall(right) or close_well(conn))) as peer:
            result = loadgen(peer, "--seconds", 30, "--until-close")
            assert result["requests"] == AT and result["unanswered"] in (0, 1) and result["seconds"] < 25, result
        with Peer(app, once(lambda conn, right: None)) as peer:
            result = loadgen(peer, "--seconds", 30, "--until-close")
            same((result["requests"], result["unanswered"]), (AT - 1, 1), f"{app}: requests and unanswered")
        with Peer(app, once(lambda conn, right: conn.sendall(right[:-1]))) as peer:
            errors(loadgen(peer, "--seconds", 30, "--until-close", status=1), truncated=1)


def test_signal():
    """SIGINT and SIGTERM: it ends early, with the report"""
    for number in (signal.SIGINT, signal.SIGTERM):
        with Peer("kv") as peer:
            argv = [LOADGEN, "--app", "kv", "--port", str(peer.port), "--json", "--seconds", "100", "--clients", "3"]
            with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
                until = time.monotonic() + LIMIT
                while peer.requests < AT:
                    assert time.monotonic() < until, "no requests"
                    time.sleep(0.001)
                process.send_signal(number)
                result = json.loads(process.communicate(timeout=LIMIT)[0])
            same(process.returncode, 0, "status")
            assert result["interrupted"] and result["requests"] == result["sent"] == peer.requests, result


def test_refused():
    """no server: one sentence, status 1; used wrongly: one sentence, status 2"""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        for args, status, says in (
                (("--app", "kv", "--port", port, "--clients", "50"), 1, "Connection refused: start the server"),
                (("--app", "kv"), 2, "--port is missing"), (("--port", port), 2, "--app is missing"),
                (("--app", "smtp", "--port", port), 2, "none of"), (("--app", "kv", "--port", "70000"), 2, "from 1 to 65535"),
                (("--app", "kv", "--port", port, "--clients", "-1"), 2, "whole number"),
                (("--app", "kv", "--port", port, "x"), 2, "'x' is no option"),
                (("--app", "chat", "--port", port, "--threads", "2"), 2, "--threads"),
                (("--app", "chat", "--port", port, "--pipeline", "2"), 2, "--pipeline"),
                (("--app", "kv", "--port", port, "--rate", "1", "--think", "2"), 2, "choose one"),
                (("--app", "kv", "--port", port, "--host", "256.0.0.1"), 1, "--host")):
            done = subprocess.run([LOADGEN, *args], capture_output=True, text=True, timeout=LIMIT, check=False)
            assert done.returncode == status and says in done.stderr, (args, done)
            assert done.stderr.count("\n") == 1 and not done.stdout, (args, done)


def test_dies():
    """a server that goes away for good: errors, and an end"""

    def die(conn, number, right):
        if number == AT:
            peer.listener.shutdown(socket.SHUT_RDWR)
            peer.listener.close()
            return False
        conn.sendall(right)
        return True

    with Peer("kv", die) as peer:
        result = loadgen(peer, "--requests", N, status=1)
        errors(result, lost=1, connect=1)
        same(result["requests"], AT - 1, "requests")
        peer.listener = socket.socket()
        peer.listener.bind(("127.0.0.1", 0))
        peer.listener.listen()


def test_full():
    """a report that can't be written is an error"""
    with Peer("kv") as peer, open("/dev/full", "w", encoding="utf-8") as full:
        for as_json in ([], ["--json"]):
            done = subprocess.run([LOADGEN, "--app", "kv", "--port", str(peer.port), "--requests", "10", *as_json], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
            assert done.returncode == 1 and "standard output" in done.stderr, done


def main():
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        word = "ok"
        try:
            test()
        except Exception:  # pylint: disable=broad-except # the next test shall run
            failed, word = failed + 1, "not ok"
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="")
        print(f"{word} {number} loadgen: {' '.join(test.__doc__.split())}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
