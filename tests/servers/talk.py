# SPDX-License-Identifier: BSD-2-Clause
"""
How to speak with each app: what it greets with, where a reply ends, and a script of requests with the replies that
they must have, by docs/servers.md.
"""
import re

from harness import expect

# What a client of the chat is told of others: a line, and as many as there are.
NEWS = re.compile(rb"^\* \S+ (?:joined|left|is now \S+)\n", re.MULTILINE)
ALL_NEWS = re.compile(rb"(?:\* \S+ (?:joined|left|is now \S+)\n)*")


def score(secret, guess):
    """[black:white], by taking away what matches, one after the other."""
    left, rest = [], []
    for s, g in zip(secret, guess):
        if s != g:
            left.append(s)
            rest.append(g)
    white = 0
    for g in rest:
        if g in left:
            left.remove(g)
            white += 1
    return f"[{4 - len(rest)}:{white}]"


class Talk:
    """Lines, unless an app says otherwise."""

    flood_size = 64 << 20  # of requests to a server whose replies nobody reads, unless it takes no more before
    endless = [b""]

    def options(self, test):
        return []

    def greeting(self, client):
        pass

    def crowd_script(self, i):
        """For one of a crowd: nothing that each must hear of all others."""
        return self.script(3, f"crowd{i}")

    def reply(self, client):
        return client.line()

    def without_news(self, data):
        return data


class Mastermind(Talk):
    name = "mastermind"
    flood = b"zzzz\n" * 20000

    def greeting(self, client):
        expect(client.line(), "an empty greeting")

    def script(self, n, tag=""):
        """A secret, two guesses, a win."""
        script = []
        for i in range(n):
            secret = "ABCD FEDC AABB CAFE DEAF BEAD FFFF".split()[i // 4 % 7]
            guess = "AABC FCBA EEDD BCAF CDEF".split()[i % 5]
            if i % 4 == 0:
                script.append((f"secret {secret}\n", ["ok"]))
            elif i % 4 == 3:
                script.append((f"{secret.lower()}\r\n", ["[4:0]", "won in 3"]))
            else:
                script.append((f"{guess}\n", [score(secret, guess)]))
        return [(request.encode(), replies) for request, replies in script]


class Chat(Talk):
    name = "chat"
    flood = b"/who\n" * 20000

    def greeting(self, client):
        # Others may have come and gone since it joined, and before the greeting was sent.
        welcome = self.reply(client)
        match = re.fullmatch(r"\* welcome, (guest\d+): /nick NAME, /who, /quit", welcome)
        expect(match, f"greeting: {welcome}")
        client.nick = match[1]

    def reply(self, client):
        """The next line that is not news of others."""
        while True:
            del client.data[:ALL_NEWS.match(client.data).end()]
            line = client.until(b"\n")
            if not NEWS.match(line):
                return line[:-1].decode(errors="replace")

    def without_news(self, data):
        return NEWS.sub(b"", data)

    def script(self, n, tag=""):
        """Names, each its own."""
        names = [f"{tag[-12:]}n{i}" for i in range(n)]
        return [(f"/nick {name}{chr(13) * (i % 2)}\n".encode(), [f"* you are now {name}"])
                for i, name in enumerate(names)]

    def crowd_script(self, i):
        return [(b"/none\n", [re.compile(r"\* error: .+")])]


class Kv(Talk):
    name = "kv"
    flood = b"*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n" * 500
    flood_size = len(flood)
    endless = [b"", b"*", b"*2\r\n$", b"*2\r\n$3\r\nGET\r\n$1", b"*1\r\n$999999999\r\n"]

    def options(self, test):
        return ["--memory", "64M"]

    def reply(self, client):
        line = client.until(b"\r\n")
        if line[:1] == b"$" and line[1:2] != b"-":
            return line + client.take(int(line[1:]) + 2)
        if line[:1] == b"*" and line[1:2] != b"-":
            return line + b"".join(self.reply(client) for _ in range(int(line[1:])))
        expect(line[:1] in b"+-:$*", f"no RESP: {line}")
        return line

    @staticmethod
    def command(*words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)

    def script(self, n, tag=""):
        """Set, get, count, more than one, inline."""
        c, script, count = self.command, [], 0
        for i in range(n):
            key, value = f"{tag}:{i // 5}", b"v\r\n\0%d" % i
            kind = i % 5
            if kind == 0:
                script.append((c("SET", key, kept := value), [b"+OK\r\n"]))
            elif kind == 1:
                script.append((c("GET", key), [b"$%d\r\n%b\r\n" % (len(kept), kept)]))
            elif kind == 2:
                count += 1
                script.append((c("INCR", f"{tag}:n"), [b":%d\r\n" % count]))
            elif kind == 3:
                script.append((c("MGET", key, f"{tag}:none"), [b"*2\r\n$%d\r\n%b\r\n$-1\r\n" % (len(kept), kept)]))
            else:
                script.append((f"exists {key}\r\n".encode(), [b":1\r\n"]))
        return script


class Http(Talk):
    name = "http"
    flood = b"GET /static/big HTTP/1.1\r\nHost: t\r\n\r\n" * 500
    flood_size = len(flood)
    endless = [b"", b"GET /", b"GET / ", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: "]

    def options(self, test):
        return ["--root", test.root]

    def reply(self, client, head=False):
        """Status and body (None if it tells of an error); the headers are in client.headers."""
        top = client.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) [ -~]+", top[0])
        expect(match, f"status line: {top[0]}")
        client.headers = {}
        for header in top[1:-2]:
            named = re.fullmatch(r"([!#-'*+.0-9A-Z^-z|~-]+): ?(.*?) *", header)
            expect(named and named[1].lower() not in client.headers, f"header: {header}")
            client.headers[named[1].lower()] = named[2]
        expect("content-length" in client.headers, f"no Content-Length: {top}")
        length = 0 if head else int(client.headers["content-length"])
        body = client.take(length)
        return int(match[1]), body if match[1] < "400" else None

    def script(self, n, tag=""):
        script = []
        for i in range(n):
            kind, host = i % 5, "Host: t\r\n"
            if kind == 0:
                script.append((f"GET / HTTP/1.1\r\n{host}\r\n", [(200, b"Hello from vmprof!\n")]))
            elif kind == 1:
                script.append((f"GET /work?us={i % 7} HTTP/1.1\r\n{host}X-Long: {'x' * (i % 97)}\r\n\r\n",
                               [(200, f"worked {i % 7} us\n".encode())]))
            elif kind == 2:
                script.append((f"GET /static/small?{tag} HTTP/1.1\r\nhOST:t\r\n\r\n", [(200, b"small\r\n\0file\n")]))
            elif kind == 3:
                script.append((f"GET /sleep?ms={i % 2} HTTP/1.1\r\n{host}\r\n",
                               [(200, f"slept {i % 2} ms\n".encode())]))
            else:
                script.append((f"POST / HTTP/1.1\r\n{host}Content-Length: 7\r\n\r\nGET / H", [(405, None)]))
        return [(request.encode(), replies) for request, replies in script]


TALKS = {talk.name: talk for talk in (Mastermind(), Chat(), Kv(), Http())}
