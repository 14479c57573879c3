# SPDX-License-Identifier: BSD-2-Clause
"""RESP2 against the real redis-server: the same bytes go to both, the same bytes must come back."""
import random
import shutil
import socket
import subprocess

from client import Client, Unread
from harness import Failed, expect, same, wait_for
from server import end_with_parent
from talk import Kv

c = Kv.command


class Redis:
    """The oracle. It has one database, and keeps nothing."""

    def __init__(self, directory):
        expect(shutil.which("redis-server"), "redis-server is not installed: make deps")
        for _ in range(5):  # somebody else may take the port before it does
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.address = s.getsockname()
            self.process = subprocess.Popen(
                ["redis-server", "--bind", "127.0.0.1", "--port", str(self.address[1]), "--save", "", "--appendonly",
                 "no",
                 "--databases", "1", "--proto-max-bulk-len", "1mb", "--dir", directory],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                preexec_fn=end_with_parent)
            if wait_for(lambda: self.answers() or self.process.poll() is not None, "redis-server does not start") and \
                    self.process.poll() is None:
                return
        raise Failed("redis-server does not start")

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(self.address) == 0

    def stop(self):
        self.process.kill()
        self.process.wait()


class Both:
    """A connection to each."""

    def __init__(self, server, address):
        self.ours = server.client()
        self.redis = Client(self.ours.talk, address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ours.s.close()
        self.redis.s.close()

    def ask(self, *requests):
        for request in requests:
            self.redis.send(request)
            self.ours.send(request)
            oracle = self.redis.reply()
            same(self.ours.reply(), oracle, f"reply to {request[:200]}")

    def fatal(self, request):
        """After which both close."""
        self.redis.send(request)
        self.ours.send(request)
        self.redis.drain()
        self.ours.drain()
        same(bytes(self.ours.data), bytes(self.redis.data), f"reply to {request[:200]}, after which it closes")


def _both(t, server):
    return Both(server, t.redis.address)


def commands(t):
    """each command and each of its errors: byte for byte what redis-server says"""
    numbers = b"0 1 -1 9223372036854775806 9223372036854775807 -9223372036854775808 9223372036854775808".split()
    numbers += [b"01", b"+1", b"-0", b"1.0", b"abc", b"", b" 1", b"1 ", b"0x10", b"1\n", b"\0"]
    script = [
        c("PING"), c("ping"), c("PiNg", "hello"), c("PING", ""), c("PING", "a", "b"), c("ECHO", "x"), c("ECHO"),
        c("ECHO", "a", "b"), c("ECHO", b"\0\r\n\xff"), c("GET", "none"), c("GET"), c("GET", "a", "b"),
              c("SET", "k", "v"),
        c("GET", "k"), c("get", "K"), c("SET", "k"), c("SET"), c("SET", "k", "w", "bogus"),
              c("SET", "k", "w", "x", "y"), c("GET", "k"),
        c("SET", "", "empty key"), c("GET", ""), c("SET", "empty", ""), c("GET", "empty"), c("DEL"), c("DEL", "k"),
        c("DEL", "k"), c("GET", "k"), c("MSET", "a", "1", "b", "2", "c", "3"), c("DEL", "a", "b", "nope", "a"),
              c("EXISTS"),
        c("EXISTS", "c"), c("EXISTS", "c", "c", "nope", "c"), c("EXISTS", "nope"), c("DBSIZE"), c("DBSIZE", "x"),
              c("MSET"),
        c("MSET", "a"), c("MSET", "a", "1", "b"), c("MSET", "d", "1", "d", "2"), c("GET", "d"), c("MGET"),
              c("MGET", "d"),
        c("MGET", "d", "nope", "c", "d", ""), c("INCR"), c("INCR", "a", "b"), c("INCR", "counter"),
              c("INCR", "counter"),
        c("GET", "counter"), c("SELECT"), c("SELECT", "0"), c("SELECT", "1"), c("SELECT", "x"), c("SELECT", "-1"),
        c("NOSUCH"), c("NOSUCH", "a", "b"), c("nosuch", "x" * 200, "y" * 200), c("no\r\nsuch", "a\nb"), c("x" * 300),
        c("INCR", "empty"), c(""), c("", "a"), c("CLIENT", "SETNAME", "me"), c("FLUSHALL"), c("DBSIZE"), c("GET", "c"),
    ]
    for n in numbers:
        script += [c("SET", "n", n), c("INCR", "n"), c("GET", "n")]
    with t.server() as server, _both(t, server) as both:
        both.redis.ask(c("FLUSHALL"))
        both.ask(*script)
        # And in one send: what follows an error is answered, too.
        both.ours.send(b"".join(script))
        both.redis.send(b"".join(script))
        for request in script:
            oracle = both.redis.reply()
            same(both.ours.reply(), oracle, f"reply to {request[:200]}, pipelined")
        both.ours.send(c("QUIT"))
        same(both.ours.rest(), b"+OK\r\n", "reply to QUIT")


def inline(t):
    """inline commands: quotes, blanks, empty lines"""
    lines = [b"PING", b"ping  ", b"  PING", b"PING hello", b'SET a "hello world"', b"GET a", b"SET b 'it''s'",
             b"SET b 'it\\'s'",
             b"GET b", b'SET c "\\x41\\n\\r\\t\\a\\b\\\\\\"\\q\\x4z"', b"GET c", b'SET d ""', b"GET d", b"GET\ta",
             b"SET e a'b", b"GET e",
             b"NOSUCH a b", b"MGET a b c d e", b"DBSIZE", b'"PING"', b'set "a b" c', b'get "a b"', b"set f \xff\xfe",
             b"get f",
             b"DEL a b c d e f", b'ECHO "\\x00\\xff"', b"ECHO x'y'", b"GET " + b"k" * 5000, b"\x01", b"PING\r"]
    with t.server() as server:
        with _both(t, server) as both:
            both.redis.ask(c("FLUSHALL"))
        for line in lines:
            for end in (b"\r\n", b"\n"):
                with _both(t, server) as both:
                    both.fatal(line + end + b"QUIT\r\n")
        with _both(t, server) as both:
            both.ask(b"\r\n\n\r\n*0\r\n*-1\r\n*-7\r\nPING\r\n", b"*0\r\n" + c("PING"), b"\r\n" + c("PING"))


def wrong(t):
    """what is no RESP: the error of redis-server's, and it closes"""
    pieces = [b"*x\r\n", b"*1\r\nx\r\n", b"*1\r\n$x\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$1048577\r\n",
              b"*1\r\n$99999999999999999999\r\n",
              b"*99999999999999999999\r\n", b"*1 \r\n", b"*\r\n", b"*1\r\n$\r\n", b"*1\r\n:1\r\n",
              b"*2\r\n$3\r\nGET\r\n+a\r\n",
              b'SET a "x\r\n', b"SET a 'x\r\n", b'SET a "x"y\r\n', b"a" * 70000, b"*" + b"1" * 70000,
              b"*1\r\n$" + b"1" * 70000,
              b"*1\r\n$+4\r\nPING\r\n", b"*01\r\n$4\r\nPING\r\nQUIT\r\n", b"*-0\r\nQUIT\r\n", b"*1\r\n$4x\r\nPING\r\n",
              b"*1\r\n$ 4\r\nPING\r\n"]
    with t.server() as server:
        for piece in pieces:
            with _both(t, server) as both:
                both.fatal(piece)
            # What came before it is answered.
            with _both(t, server) as both:
                both.fatal(c("PING") + piece)
        for request in (b"*1025\r\n", c(*["MGET"] + ["k"] * 1024)):
            with server.client() as client:
                client.send(request)
                client.drain()
                expect(bytes(client.data).startswith(b"-ERR "), f"over 1,024 arguments: {bytes(client.data)[:100]}")
        with server.client() as client:
            same(client.ask(c(*["MGET"] + ["k"] * 1023)), b"*1023\r\n" + b"$-1\r\n" * 1023, "1,024 arguments")
            client.works()


def big(t):
    """binary keys and values up to 1 MiB, whole and in pieces"""
    rng = random.Random(t.seed)
    with t.server() as server, _both(t, server) as both:
        for size in (1, 255, 4096, 65535, 65537, 1 << 20):
            value = rng.randbytes(size)
            both.ask(c("SET", "v", value), c("GET", "v"), c("ECHO", value))
        every = bytes(range(256))
        both.ask(c("SET", every, every), c("GET", every), c("EXISTS", every),
                 c("SET", key := rng.randbytes(65536), "k"),
                 c("GET", key), c("DEL", key, every))
        # In pieces that end anywhere.
        unread, request = Unread(), c("SET", "p", value)
        at = 0
        while at < len(request):
            n = rng.choice((1, 2, 100, 70000, 300000))
            both.ours.send(request[at:at + n])
            unread.wait(both.ours)
            at += n
        same(both.ours.reply(), b"+OK\r\n", "reply to SET in pieces")
        same(both.ours.ask(c("GET", "p")), b"$%d\r\n%b\r\n" % (len(value), value), "value that came in pieces")
        many = c("MGET", *["p"] * 32)
        same(len(both.ours.ask(many)), len(b"*32\r\n") + 32 * len(b"$1048576\r\n\r\n" + value),
             "bytes of 32 MiB in one reply")
        reply = both.ours.ask(c("SET", b"k" * 65537, "v"))
        expect(reply.startswith(b"-ERR"), f"a key over 64 KiB: {reply}")
        # What does not fit is refused, and what is there stays.
        for i in range(200):
            reply = both.ours.ask(c("SET", f"fill{i}", value))
            if reply != b"+OK\r\n":
                break
        expect(reply.startswith(b"-OOM "), f"{i} MiB in a table of 64 MiB: {reply[:100]}")
        same(both.ours.ask(c("GET", "fill0")), b"$%d\r\n%b\r\n" % (len(value), value),
             "what was there when it was full")
        same(both.ours.ask(c("FLUSHALL")), b"+OK\r\n", "FLUSHALL")
        same(both.ours.ask(c("SET", "p", value)), b"+OK\r\n", "SET after FLUSHALL")
        both.ours.works()


def at_random(t):
    """3,000 random commands on few keys: the same replies and the same contents"""
    rng = random.Random(t.seed)
    keys = [f"key{i}" for i in range(20)]
    values = ["", "0", "41", "-7", "x", "y" * 100, "z" * 5000, "9223372036854775807"]

    def command():
        k = rng.choice(keys)
        kind = rng.randrange(9)
        some = rng.choices(keys, k=rng.randrange(1, 5))
        return (c("GET", k), c("SET", k, rng.choice(values)), c("INCR", k), c("DEL", *some), c("EXISTS", *some),
                c("MGET", *some),
                c("MSET", *[word for key in some for word in (key, rng.choice(values))]), c("DBSIZE"),
                c("SET", k, "5"))[kind]

    with t.server() as server, _both(t, server) as both:
        both.redis.ask(c("FLUSHALL"))
        requests = [command() for _ in range(3000)]
        for at in range(0, len(requests), 50):
            batch = requests[at:at + 50]
            both.redis.send(b"".join(batch))
            both.ours.send(b"".join(batch))
            for request in batch:
                oracle = both.redis.reply()
                same(both.ours.reply(), oracle, f"reply to {request[:100]}")
        both.ask(c("MGET", *keys), c("DBSIZE"))


def one_table(t):
    """the table is one: what one connection writes all others read, and 8 that count at a time count right"""
    with t.server("--workers", "2" if t.loops else "64") as server:
        clients = [server.client() for _ in range(8)]
        for i, client in enumerate(clients):
            same(client.ask(c("SET", f"by{i}", str(i))), b"+OK\r\n", "SET")
        for client in clients:
            same(client.ask(c("MGET", *[f"by{i}" for i in range(8)])),
                 b"*8\r\n" + b"".join(b"$1\r\n%d\r\n" % i for i in range(8)), "what all have written")
        for client in clients:
            client.send(c("INCR", "count") * 500)
        counted = [int(client.reply()[1:]) for client in clients for _ in range(500)]
        same(sorted(counted), list(range(1, 4001)), "replies to 8 times 500 INCR")
        for client in clients:
            client.s.close()


def information(t):
    """INFO, COMMAND, CONFIG GET, CLIENT: what redis-cli and redis-benchmark ask for"""
    with t.server() as server, server.client() as client:
        info = client.ask(c("INFO"))
        expect(info.startswith(b"$") and b"redis_version:" in info, f"INFO: {info[:200]}")
        expect(client.ask(c("COMMAND"))[:1] == b"*", "COMMAND: no array")
        expect(client.ask(c("COMMAND", "DOCS"))[:1] == b"*", "COMMAND DOCS: no array")
        for name in (b"save", b"appendonly"):
            reply = client.ask(c("CONFIG", "GET", name))
            same(reply, b"*2\r\n$%d\r\n%b\r\n$0\r\n\r\n" % (len(name), name), f"CONFIG GET {name}")
        same(client.ask(c("CLIENT", "SETNAME", "x")), b"+OK\r\n", "CLIENT SETNAME")
        same(client.ask(c("CLIENT", "SETINFO", "LIB-NAME", "x")), b"+OK\r\n", "CLIENT SETINFO")
        for options in (("EX", "10"), ("PX", "10"), ("NX",), ("XX",)):
            same(client.ask(c("SET", "k", "v", *options)), b"-ERR syntax error\r\n", f"SET with {options}")


KV = [commands, inline, wrong, big, at_random, one_table, information]
