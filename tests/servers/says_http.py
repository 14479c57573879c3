# SPDX-License-Identifier: BSD-2-Clause
"""HTTP/1.1 as docs/servers.md has it, and no way out of the directory."""
import http.client
import os

from harness import expect, same

HELLO = (200, b"Hello from vmprof!\n")
SECRET = b"nobody may read this\n"


def make_root(directory):
    """What /static/ serves, with traps in it."""
    root = os.path.join(directory, "root")
    os.makedirs(os.path.join(root, "sub/deep"))
    for path, data in {"root/small": b"small\r\n\0file\n", "root/empty": b"", "root/page.html": b"<p>page</p>\n",
                       "root/with space": b"space\n", "root/100%.txt": b"percent\n", "root/sub/deep/file": b"deep\n",
                       "root/..dots": b"dots\n", "secret": SECRET}.items():
        with open(os.path.join(directory, path), "wb") as file:
            file.write(data)
    for name, size in (("big", 16 << 20), ("too-big", (16 << 20) + 1)):
        with open(os.path.join(root, name), "wb") as file:
            file.truncate(size)
            file.write(b"first")
    os.symlink("small", os.path.join(root, "link-inside"))
    os.symlink("../secret", os.path.join(root, "link-out"))
    os.symlink(os.path.join(directory, "secret"), os.path.join(root, "link-absolute"))
    os.symlink(directory, os.path.join(root, "link-directory"))
    os.symlink("loop", os.path.join(root, "loop"))
    os.mkfifo(os.path.join(root, "fifo"))
    os.chmod(directory, 0o755)
    return root


def _get(target, method="GET", version="1.1", *headers):
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: t", *headers, "", ""]).encode("latin-1")


def _status(client, request):
    client.send(request)
    return client.reply()[0]


def _closes(t, server, status, request, what=None):
    """That reply, and then the end."""
    with server.client() as client:
        client.send(request)
        same(client.reply()[0], status, f"status for {what or request[:80]}")
        same(client.headers.get("connection", "").lower(), "close", f"Connection in a {status}")
        client.end()


def routes(t):
    """/, /static/, /work, /sleep; 404, 405 and 400, and the connection goes on after what leaves it sound"""
    with t.server() as server, server.client() as c:
        for target, reply in {
            "/": HELLO, "/static/small": (200, b"small\r\n\0file\n"), "/static/empty": (200, b""),
            "/static/page.html": (200, b"<p>page</p>\n"), "/static/with%20space": (200, b"space\n"),
            "/static/100%25.txt": (200, b"percent\n"), "/static/sub/deep/file": (200, b"deep\n"),
            "/static/sm%61ll": (200, b"small\r\n\0file\n"), "/static/link-inside": (200, b"small\r\n\0file\n"),
            "/static/..dots": (200, b"dots\n"), "/work?us=0": (200, b"worked 0 us\n"),
            "/work?us=1500": (200, b"worked 1500 us\n"), "/sleep?ms=0": (200, b"slept 0 ms\n"),
            "/sleep?ms=20": (200, b"slept 20 ms\n"), "/nope": (404, None), "/static/nope": (404, None),
            "/static": (404, None), "/static/sub": (404, None), "/static/": (404, None), "/static/fifo": (404, None),
            "/static/loop": (404, None), "/staticsmall": (404, None), "/workshop": (404, None), "//": (404, None),
        }.items():
            same(c.ask(_get(target)), reply, f"reply to GET {target}")
            same(c.headers.get("connection", "keep-alive").lower(), "keep-alive", f"Connection after GET {target}")
        for target in ("/work", "/work?", "/work?us=", "/work?us=x", "/work?us=-1", "/work?us=10000001",
                       "/work?us=1.5", "/work?us=99999999999999999999",
                       "/sleep", "/sleep?ms=60001", "/sleep?ms=1x", "/sleep?us=1", "/work?ms=1", "/work?us=%20"):
            with server.client() as once:
                same(_status(once, _get(target)), 400, f"status for {target}")
        c.send(_get("/static/big"))
        status, body = c.reply()
        same((status, len(body), body[:5]), (200, 16 << 20, b"first"), "a file of 16 MiB")
        with server.client() as once:
            expect(_status(once, _get("/static/too-big")) >= 400, "a file over 16 MiB was sent")
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO"):
            same(_status(c, _get("/", method, "1.1", "Content-Length: 5") + b"GET /"), 405, f"status for {method}")
        same(c.ask(_get("/")), HELLO, "reply after bodies that were read over")
        # Body by body, also of a GET.
        same(c.ask(_get("/", "GET", "1.1", "Content-Length: 1000000") + b"x" * 1000000), HELLO,
             "reply to a GET with a body")
        same(c.ask(_get("/")), HELLO, "reply after a GET with a body")


def burns(t):
    """/work uses as much CPU time as it says"""
    with t.server() as server:
        with server.client() as client:
            client.ask(_get("/"))
            before = sum(server.cpu().values())
            for _ in range(5):
                same(client.ask(_get("/work?us=20000")), (200, b"worked 20000 us\n"), "reply")
            used = sum(server.cpu().values()) - before
            expect(used >= 99e6, f"5 times 20 ms of work took {used} ns of CPU time")


def sleeps(t):
    """/sleep holds up nobody else, and a client that leaves in the middle of it does not hold up the end"""
    with t.server() as server:
        before = server.resources()
        sleepers = [server.client() for _ in range(20)]
        for sleeper in sleepers:
            sleeper.send(_get("/sleep?ms=60000"))
            sleeper.delivered()
        for _ in range(20):
            with server.client() as client:
                same(client.ask(_get("/")), HELLO, "reply beside clients that wait")
                same(client.ask(_get("/sleep?ms=1")), (200, b"slept 1 ms\n"), "reply beside clients that wait")
        server.idle()
        expect(not any(sleeper.readable() for sleeper in sleepers), "60 s are not over")
        for sleeper in sleepers:
            sleeper.reset()
        server.back_to(before)


def order_of_replies(t):
    """the replies come in the order of the requests, also when one of them has to wait"""
    with t.server() as server, server.client() as c:
        c.send(_get("/sleep?ms=50") + _get("/") + _get("/sleep?ms=1") + _get("/nope") + _get("/work?us=1"))
        same([c.reply() for _ in range(5)], [(200, b"slept 50 ms\n"), HELLO, (200, b"slept 1 ms\n"), (404, None),
                                             (200, b"worked 1 us\n")],
             "replies")


def connections(t):
    """keep-alive and close in 1.1 and 1.0; HEAD; http.client agrees"""
    with t.server() as server:
        for version, headers, stays in (("1.1", [], True), ("1.1", ["Connection: close"], False),
                                        ("1.1", ["connection:CLOSE"], False),
                                        ("1.1", ["Connection: keep-alive"], True),
                                        ("1.1", ["Connection: foo, close"], False),
                                        ("1.0", [], False), ("1.0", ["Connection: keep-alive"], True),
                                        ("1.0", ["Connection: Keep-Alive"], True)):
            with server.client() as c:
                what = f"HTTP/{version} {headers}"
                same(c.ask(_get("/", "GET", version, *headers)), HELLO, f"reply to {what}")
                said = c.headers.get("connection", "keep-alive" if version == "1.1" else "close").lower()
                same(said, "keep-alive" if stays else "close", f"Connection in the reply to {what}")
                if stays:
                    same(c.ask(_get("/", "GET", version, *headers)), HELLO, f"second reply to {what}")
                else:
                    c.end()
        # What comes after a close is not answered.
        with server.client() as c:
            c.send(_get("/", "GET", "1.1", "Connection: close") + _get("/") * 3)
            same(c.reply(), HELLO, "reply to the last request")
            c.drain()
            same(bytes(c.data), b"", "replies after Connection: close")
        with server.client() as c:
            for target in ("/", "/static/big", "/static/small", "/work?us=3", "/sleep?ms=1", "/nope"):
                c.send(_get(target))
                status, length = c.reply()[0], c.headers["content-length"]
                c.send(_get(target, "HEAD"))
                same((t.talk.reply(c, head=True)[0], c.headers["content-length"]), (status, length),
                     f"HEAD {target}, against GET")
            same(c.ask(_get("/")), HELLO, "reply after HEAD")
        client = http.client.HTTPConnection(*server.address, timeout=30)
        for target, status in (("/", 200), ("/static/page.html", 200), ("/nope", 404), ("/work?us=1", 200)):
            client.request("GET", target)
            reply = client.getresponse()
            same((reply.status, len(reply.read())), (status, int(reply.getheader("Content-Length"))),
                 f"http.client: {target}")
        client.close()


def refusals(t):
    """400, 413, 414, 431, 505: said, and then it closes"""
    with t.server() as server:
        for request in (b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n",
                        b" GET / HTTP/1.1\r\nHost: t\r\n\r\n", b"GET / HTTP/1.1 x\r\n\r\n",
                        b"GET nothing HTTP/1.1\r\nHost: t\r\n\r\n", b"GET / HTTP/1\r\n\r\n", b"GET / FTP/1.1\r\n\r\n",
                        b"G\x01T / HTTP/1.1\r\n\r\n", b"GET /\0 HTTP/1.1\r\nHost: t\r\n\r\n",
                        b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\nHost : t\r\n\r\n",
                        b"GET / HTTP/1.1\r\n: t\r\n\r\n", b"GET / HTTP/1.1\r\nHost: t\0\r\n\r\n",
                        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",
                        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"):
            _closes(t, server, 400, request)
        _closes(t, server, 414, _get("/" + "a" * 4096))
        with server.client() as c:
            same(_status(c, _get("/" + "a" * 4095)), 404, "status for a target of 4 KiB")
            same(_status(c, _get("/", "GET", "1.1", "X: " + "a" * 15000)), 200, "status for headers of 15 kB")
        _closes(t, server, 431, _get("/", "GET", "1.1", "X: " + "a" * 16384), "headers above 16 KiB")
        _closes(t, server, 431, _get("/", "GET", "1.1", *["X: y"] * 4000), "many headers")
        for version in ("2.0", "1.2", "0.9", "3.0"):
            _closes(t, server, 505, _get("/", "GET", version))
        for method in ("GET", "POST"):
            _closes(t, server, 413, _get("/", method, "1.1", "Content-Length: 1048577"))
            _closes(t, server, 413, _get("/", method, "1.1", "Content-Length: 99999999999999999999"))
            # As it comes from a client that first sends it all.
            _closes(t, server, 413, _get("/", method, "1.1", "Content-Length: 2000000") + b"x" * 2000000,
                    "2 MB of body")
        with server.client() as c:
            same(_status(c, _get("/", "POST", "1.1", "Content-Length: 1048576") + b"x" * 1048576), 405,
                 "status for 1 MiB of body")
        # What is in a body must not be taken for a request, however its length is told.
        for headers in (["Transfer-Encoding: chunked"], ["Content-Length: 4", "Transfer-Encoding: chunked"],
                        ["Transfer-Encoding: x"]):
            with server.client() as c:
                inner = _get("/work?us=7")
                c.send(_get("/", "POST", "1.1", *headers) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner))
                c.done()
                c.drain()
                data = bytes(c.data)
                expect(data.startswith(b"HTTP/1.1 4") or data.startswith(b"HTTP/1.1 501"), f"{headers}: {data[:80]}")
                expect(b"worked 7 us" not in data, f"{headers}: its body was answered as a request")


def no_way_out(t):
    """nothing outside of the directory is served: not by .., %2e%2e, absolute names, NULs, links"""
    dots = ["..", "%2e%2e", "%2E%2e", ".%2e", "..%2f", "%2e%2e%2f", "..%5c", "..%00", "%252e%252e", "..;",
            "%c0%ae%c0%ae", "\xc0\xae\xc0\xae"]
    secret = os.path.join(os.path.dirname(t.root), "secret")
    up = ["/".join([dot] * n) for dot in dots for n in (1, 2, 8)]
    targets = [f"/static/{path}{tail}" for path in up for tail in ("", "/secret", "/etc/passwd")]
    targets += [f"/static/{inside}/{path}/secret" for inside in ("sub", "small") for path in up]
    targets += ["/static/link-out", "/static/link-absolute", "/static/link-directory/secret", f"/static/{secret}",
                f"/static{secret}",
                f"/static/%2f{secret[1:]}", "/static//etc/passwd", "/static/%2fetc/passwd", "/../secret", "/secret",
                secret, "/static/../static/../../secret",
                "/static/small%00", "/static/small%00.html", "/static/%", "/static/%2", "/static/%zz",
                "/static/small%", "/static/sub/../../secret", "/static/./../secret"]
    with t.server() as server, server.client() as c:
        for target in targets:
            c.send(_get(target))
            status = c.reply()[0]
            expect(status in (400, 403, 404), f"GET {target}: {status}")
            if c.headers.get("connection") == "close":
                c.s.close()
                c = server.client()
        c.works()
        c.s.close()
    with t.server("--root", os.path.join(t.root, "sub")) as server, server.client() as c:
        same(c.ask(_get("/static/deep/file")), (200, b"deep\n"), "another root")
        same(_status(c, _get("/static/small")), 404, "what is above that root")


HTTP = [routes, burns, sleeps, order_of_replies, connections, refusals, no_way_out]
