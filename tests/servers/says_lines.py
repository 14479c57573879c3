# SPDX-License-Identifier: BSD-2-Clause
"""The protocols of lines: mastermind and chat, as docs/servers.md has them."""
import random
import re

from client import Crowd
from harness import agrees, expect, same, wait_for
from talk import NEWS, score

ERROR = re.compile(r"error: .+")
ANY_SCORE = re.compile(r"\[[0-4]:[0-4]\]")


def _asks(client, *pairs):
    """Request and replies, one pair after the other."""
    for request, replies in pairs:
        client.send(request)
        for reply in [replies] if isinstance(replies, (str, re.Pattern)) else replies:
            agrees(client.reply(), reply, f"reply to {request}")


def game(t):
    """guesses, secrets, wins and losses, in upper and lower case; what is none of these"""
    # Secrets that are the same each time: one game in 1,296 would be won by its first guess.
    with t.server("--seed", "1") as server, server.client() as c:
        _asks(c, (b"AABB\n", ANY_SCORE), (b"ffff\r\n", ANY_SCORE), (b"new\n", "ok"), (b"NEW\r\n", "ok"),
              (b"secret abcd\n", "ok"), (b"SECRET ABCD\r\n", "ok"), (b"ABDC\n", "[2:2]"), (b"dcba\r\n", "[0:4]"),
              (b"EEEE\n", "[0:0]"), (b"abcd\n", ["[4:0]", "won in 4"]), (b"AABB\n", ANY_SCORE))
        for wrong in (b"", b"ABC", b"ABCDE", b"ABCG", b"1234", b"A BCD", b"secret", b"secret ABC", b"secret ABCDE",
                      b"secret ABCG", b"newer", b"AB\0D", b"\xc3\x84BCD", b"x" * 256):
            _asks(c, (b"secret AABB\n", "ok"), (b"ABAB\n", "[2:2]"), (wrong + b"\n", ERROR), (wrong + b"\r\n", ERROR),
                  (b"AABB\n", ["[4:0]", "won in 2"]))
        for n in range(10):
            _asks(c, (b"secret FADE\n", "ok"), *[(b"FACE\n", "[3:0]")] * n, (b"FADE\n", ["[4:0]", f"won in {n + 1}"]))
        _asks(c, (b"secret FADE\n", "ok"), *[(b"FACE\n", "[3:0]")] * 9, (b"FACE\n", ["[3:0]", "lost, it was FADE"]))
        # Its new game: until it is over, nobody knows the secret.
        replies = [c.ask(b"BEEF\n") for _ in range(10)]
        lost = re.fullmatch("lost, it was ([A-F]{4})", c.reply()) if "[4:0]" not in replies else None
        expect(not lost or set(replies) == {score(lost[1], "BEEF")}, f"{replies} for BEEF, then {lost}")
        _asks(c, (b"quit\n", "bye"))
        c.end()
        with server.client() as c:
            _asks(c, (b"ABCD\n", ANY_SCORE))
            c.send(b"x" * 257 + b"\nABCD\n")
            agrees(c.reply(), ERROR, "a line that is too long")
            c.drain()
            same(bytes(c.data), b"", "what follows a line that is too long")
    # 14 and 10 games, the first one, and what luck gave to the last.
    wins = 1 + 14 + 10 + (0 if lost else 1)
    same(server.account["wins"], wins, "wins in the account")
    same(server.account["bad"], 2 * 14 + 1, "bad requests in the account")


def scores(t):
    """black and white of 2,000 random pairs, against an own count"""
    rng = random.Random(t.seed)
    pairs = [["".join(rng.choices("ABCDEF", k=4)) for _ in range(2)] for _ in range(2000)]
    with t.server() as server, server.client() as client:
        client.send(b"".join(f"secret {s}\n{g}\n".encode() for s, g in pairs))
        for secret, guess in pairs:
            same(client.reply(), "ok", "a secret is set")
            same(client.reply(), score(secret, guess), f"guess {guess} of {secret}")
            if secret == guess:
                same(client.reply(), "won in 1", "a win")
    same(server.account["wins"], sum(s == g for s, g in pairs), "wins in the account")


def _secrets(t, *options):
    """Of five games that two connections lose."""
    with t.server(*options) as server:
        secrets = []
        for _ in range(2):
            with server.client() as client:
                client.send(b"ABCD\n" * 50)
                client.done()
                secrets += re.findall(r"(?:lost, it was|won in) (\S+)", client.rest().decode())
        return secrets


def seeds(t):
    """--seed: the same secrets again; without one, others"""
    same(_secrets(t, "--seed", "7"), again := _secrets(t, "--seed", "7"), "secrets of the same seed")
    expect(len(again) >= 10 and len(set(again)) > 3, f"secrets: {again}")
    for options in (("--seed", "8"), ()):
        expect(_secrets(t, *options) != again, f"the secrets are those of --seed 7 with {options}")
    expect(_secrets(t) != _secrets(t), "the same random secrets twice")


def log(t):
    """a log line per step, with time, peer and number of the connection; none with --quiet"""
    with t.server(quiet=False) as server:
        with server.client() as first, server.client() as second:
            _asks(second, (b"secret ABCD\n", "ok"), (b"abce\n", "[3:0]"), (b"ABCD\n", ["[4:0]", "won in 2"]))
            peers = ["{}:{}".format(*c.s.getsockname()) for c in (first, second)]
        for step in (r"guess ABCE \[3:0\]", r"guess ABCD \[4:0\]"):
            wait_for(lambda s=step: re.search(rf"^\S*\d\d:\d\d:\d\d\S* {re.escape(peers[1])} #2 {s}$", server.err(),
                                              re.M),
                     lambda s=step: f"no log line '{s}' of {peers[1]}: {server.err()}")
    with t.server() as server, server.client() as client:
        _asks(client, (b"secret ABCD\n", "ok"), (b"abce\n", "[3:0]"))
    same(server.err(), "", "log lines with --quiet")


def _news(client, *lines):
    for line in lines:
        same(client.line(), line, f"what {client.nick} hears")


def room(t):
    """names, who is there, coming and going, text to all others and not to its sender"""
    with t.server() as server:
        a = server.client()
        same(a.nick, "guest1", "the first name")
        b = server.client()
        _news(a, "* guest2 joined")
        a.send(b"hi, guest2\r\n\n\r\n/who\n")
        _news(b, "guest1: hi, guest2")
        c = server.client()
        who = a.line()
        expect(who in ("* here: guest1 guest2", "* here: guest2 guest1"), f"who: {who}")
        _news(a, "* guest3 joined")
        _news(b, "* guest3 joined")
        b.send(b"/nick bea\n")
        _news(b, "* you are now bea")
        _news(a, "* guest2 is now bea")
        _news(c, "* guest2 is now bea")
        for taken in (b"bea", b"guest1"):
            c.send(b"/nick " + taken + b"\n")
            _news(c, f"* error: {taken.decode()} is taken")
        for wrong in (b"/nick", b"/nick ", b"/nick a b", b"/nick " + b"n" * 21, b"/nick \xc3\xa4", b"/nick a:b",
                      b"/nick a\0",
                      b"/no", b"/", b"/whois", b"/quitter"):
            c.send(wrong + b"\n")
            agrees(c.line(), re.compile(r"\* error: .+"), f"reply to {wrong}")
        longest = "A_-9" * 5
        c.send(f"/nick {longest}\n{'t' * 1000}\n".encode())
        _news(c, f"* you are now {longest}")
        for other in (a, b):
            _news(other, f"* guest3 is now {longest}", f"{longest}: {'t' * 1000}")
        b.send(b"not a /command\n/quit\n/who\n")
        _news(b, "* bye")
        b.end()
        b.s.close()
        for other in (a, c):
            _news(other, "bea: not a /command", "* bea left")
        # Others hear that somebody has left a moment before the name is free.
        wait_for(lambda: c.ask(b"/nick bea\n") == "* you are now bea", "the name of one who left is not free")
        _news(a, f"* {longest} is now bea")
        c.reset()
        _news(a, "* bea left")
        with server.client() as d:
            _news(a, f"* {d.nick} joined")
            d.send(b"t" * 1001 + b"\n")
            agrees(d.line(), re.compile(r"\* error: .+"), "a line that is too long")
            d.drain()
            same(t.talk.without_news(bytes(d.data)), b"", "what follows a line that is too long")
        _news(a, f"* {d.nick} left")
        a.s.close()


def names(t):
    """no two have one name, not even where one takes that of a guest to come"""
    with t.server() as server, server.client() as a:
        a.send(b"/nick guest3\n")
        expect(a.reply().startswith("* "), "no reply to /nick")
        clients = [server.client() for _ in range(3)]
        who = clients[2].ask(b"/who\n").split()[2:]
        same(len(set(who)), 4, f"names in the room: {who}")
        same(len(who), 4, f"names in the room: {who}")
        for client in clients:
            expect(client.nick in who, f"{client.nick} was welcomed, here are {who}")
            client.s.close()


def order(t):
    """everybody gets all messages, once, in the same order, and not its own"""
    with t.server("--workers", "2" if t.loops else "64") as server:
        speakers = [server.client() for _ in range(8)]
        listeners = [server.client() for _ in range(3)]
        said = [[f"{speaker.nick}: {n} {'x' * (n % 50)}" for n in range(200)] for speaker in speakers]
        for n in range(0, 200, 10):
            for speaker, lines in zip(speakers, said):
                speaker.send("".join(line.split(": ", 1)[1] + "\n" for line in lines[n:n + 10]).encode())
        heard = [listeners[0].reply() for _ in range(8 * 200)]
        same(sorted(heard), sorted(line for lines in said for line in lines), "all that was said")
        for speaker, lines in zip(speakers, said):
            same([line for line in heard if line.startswith(speaker.nick + ":")], lines,
                 f"the lines of {speaker.nick}")
        for listener in listeners[1:]:
            same([listener.reply() for _ in heard], heard, "the order that another hears")
        for speaker in speakers:
            others = [line for line in heard if not line.startswith(speaker.nick + ":")]
            same([speaker.reply() for _ in others], others, f"what {speaker.nick} hears of others")
        expect(not any(client.readable() for client in speakers + listeners), "somebody got more than was said")
        for client in speakers + listeners:
            client.s.close()


def left_behind(t):
    """who does not read is dropped, and all others miss nothing"""
    with t.server() as server, server.client(receive=4096) as slow, server.client() as a, server.client() as b:
        a.send(b"/nick a\n")
        same(a.reply(), "* you are now a", "reply")
        # The kernel holds some MiB for it, and the room one.
        gone = [0, 0]
        for n in range(0, 24 << 10, 32):
            batch = [f"{n + i} ".ljust(999, "z") for i in range(32)]
            a.send("".join(line + "\n" for line in batch).encode())
            for line in batch:
                while NEWS.match(((got := b.line()) + "\n").encode()):
                    gone[1] += got == "* guest1 left"
                same(got, f"a: {line}", "what one who reads hears")
            while a.readable():
                gone[0] += a.line() == "* guest1 left"
        for i, client in enumerate((a, b)):
            while not gone[i]:
                gone[i] += client.line() == "* guest1 left"
        slow.drain()
        a.works()
    same(server.account["overrun"], 1, "clients dropped, in the account")


def bustle(t):
    """where others come and go without a pause, one's own requests are answered"""
    with t.server() as server, server.client() as listener, Crowd(server.address, b"/none\n"):
        for _ in range(100):
            listener.line()
        listener.works()
        for _ in range(100):
            listener.line()
        listener.works()


MASTERMIND = [game, scores, seeds, log]
CHAT = [room, names, order, left_behind, bustle]
