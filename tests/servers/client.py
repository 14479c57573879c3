# SPDX-License-Identifier: BSD-2-Clause
"""Clients of a server under test."""
import collections
import fcntl
import multiprocessing
import select
import socket
import struct
import termios

from harness import PATIENCE, Failed, agrees, expect, same, short, wait_for


class Client:
    """A connection. All that arrives is in `data` until it is taken."""

    def __init__(self, talk, address, greet=True, receive=0):
        self.talk, self.address, self.data, self.over = talk, address, bytearray(), False
        self.s = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        if receive:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.s.settimeout(PATIENCE)
        self.s.connect(self.address)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if greet:
            self.talk.greeting(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, data):
        self.s.sendall(data)

    def delivered(self):
        """Until all that was sent lies in the server's receive queue, or has been read."""
        wait_for(lambda: not struct.unpack("i", fcntl.ioctl(self.s, termios.TIOCOUTQ, bytes(4)))[0],
                 "what was sent is not acknowledged")

    def more(self):
        """False: the server has closed."""
        if not self.over:
            try:
                got = self.s.recv(262144)
            except ConnectionError:
                self.over = True
                raise
            except TimeoutError:
                raise Failed(f"no reply within {PATIENCE:g} s; so far: {short(bytes(self.data))}") from None
            self.over = not got
            self.data += got
        return not self.over

    def take(self, n):
        pieces, missing = [bytes(self.data[:n])], n - len(self.data)
        del self.data[:n]
        while missing > 0:
            if not self.more():
                raise Failed(f"closed {missing} bytes before the end of {n}: {short(b''.join(pieces))}")
            pieces.append(bytes(self.data[:missing]))
            missing -= len(self.data)
            del self.data[:len(pieces[-1])]
        return b"".join(pieces)

    def until(self, mark):
        """All up to and with `mark`."""
        seen = 0
        while (at := self.data.find(mark, seen)) < 0:
            seen = max(0, len(self.data) - len(mark))
            expect(self.more(), f"closed where {mark} should be: {short(bytes(self.data))}")
        return self.take(at + len(mark))

    def line(self):
        return self.until(b"\n")[:-1].decode(errors="replace")

    def reply(self):
        return self.talk.reply(self)

    def ask(self, request):
        self.send(request)
        return self.reply()

    def works(self):
        """One request, and the reply it must have."""
        request, replies = self.talk.script(1, f"w{self.s.getsockname()[1]}x{id(self) % 10007}")[0]
        self.send(request)
        for reply in replies:
            agrees(self.reply(), reply, f"reply to {request}")

    def gets(self, script):
        """The replies to all of that."""
        for number, (request, replies) in enumerate(script):
            for reply in replies:
                agrees(self.reply(), reply, f"reply to request {number}, {short(request)}")

    def rest(self):
        """What comes until the server closes."""
        while self.more():
            pass
        return bytes(self.data)

    def end(self):
        """The server closes, and there is no byte more; news of others does not count."""
        same(self.talk.without_news(self.rest()), b"", "bytes where the connection should end")

    def drain(self):
        """What comes until it is over, however it ends."""
        try:
            self.rest()
        except ConnectionError:
            pass

    def done(self):
        """All is said from this side."""
        self.s.shutdown(socket.SHUT_WR)

    def closed(self):
        """Whether it is, by an end or a reset."""
        try:
            return not self.more()
        except ConnectionError:
            return True

    def reset(self):
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.s.close()

    def readable(self, seconds=0.0):
        """Whether there is something to take: bytes, the end, or a reset."""
        if not self.data and not self.over:
            poll = select.poll()
            poll.register(self.s, select.POLLIN)
            return bool(poll.poll(1000 * seconds))
        return True


class Unread:
    """How much of what a client sent the server has not read yet: its socket's receive queue, by sock_diag(7)."""

    def __init__(self):
        self.s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)  # NETLINK_SOCK_DIAG

    def bytes(self, client):
        (here, mine), (there, its) = client.s.getsockname(), client.s.getpeername()
        request = struct.pack("BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0xffffffff)
        request += struct.pack("!HH4s12x4s12x", its, mine, socket.inet_aton(there), socket.inet_aton(here))
        request += struct.pack("III", 0, 0xffffffff, 0xffffffff)
        self.s.send(struct.pack("IHHII", 16 + len(request), 20, 1, 0, 0) + request)
        answer = self.s.recv(8192)
        if struct.unpack_from("H", answer, 4)[0] == 2:  # no such socket: closed
            return 0
        return struct.unpack_from("I", answer, 16 + 4 + 48 + 4)[0]

    def wait(self, client):
        """Until the server has read all."""
        client.delivered()
        if self.bytes(client):
            wait_for(lambda: not self.bytes(client), "the server does not read")


def _come_and_go(address, request, over):
    held = collections.deque()
    while not over.is_set():
        s = socket.socket()
        s.settimeout(PATIENCE)
        held.append(s)
        try:
            s.connect(address)
            s.send(request)
            if len(held) > 100:
                held[0].recv(1000)
        except ConnectionError:
            pass  # the server has ended
        if len(held) > 100:
            held.popleft().close()


class Crowd:
    """Clients that come, ask something and go all the time: there are always some in the listen queue."""

    def __init__(self, address, request):
        self.over = multiprocessing.Event()
        self.processes = [multiprocessing.Process(target=_come_and_go, args=(address, request, self.over))
                          for _ in range(2)]

    def __enter__(self):
        for process in self.processes:
            process.start()

    def __exit__(self, *_):
        self.over.set()
        for process in self.processes:
            process.join()
