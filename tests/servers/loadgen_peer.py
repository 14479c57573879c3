# SPDX-License-Identifier: BSD-2-Clause
"""A small server of each protocol, for tests of the load generator: right, but for the faults it is given."""
import contextlib
import socket
import threading

HELLO = b"Hello from vmprof!\n"


class Peer:
    """
    A server, a thread per connection. `fault(conn, number, right)` is called for each request with its number over all connections
    and the right reply, may send what it likes, and returns false once the connection is over. For chat:
    `fault(number, receivers, sender, line)` for each line, and gives back whom to send what.
    """

    def __init__(self, app, fault=None):
        self.app, self.fault, self.lock = app, fault, threading.Lock()
        self.requests = self.connections = 0
        self.store, self.guests = {}, {}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                conn = self.listener.accept()[0]
            except OSError:
                return
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(conn, number), daemon=True).start()

    def _serve(self, conn, number):
        try:
            with conn, conn.makefile("rb") as lines:
                getattr(self, "_" + self.app)(conn, lines, number)
        except OSError:
            pass

    def _reply(self, conn, right):
        with self.lock:
            self.requests += 1
            number = self.requests
        if self.fault:
            return self.fault(conn, number, right)
        conn.sendall(right)
        return True

    def _http(self, conn, lines, _):
        while lines.readline().startswith(b"GET "):
            while lines.readline() not in (b"\r\n", b""):
                pass
            if not self._reply(conn, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(HELLO), HELLO)):
                return

    def _kv(self, conn, lines, _):
        while lines.readline():
            lines.readline()
            args = [lines.readline().strip()]
            for _ in range(1 if args == [b"GET"] else 2):
                args.append(lines.read(int(lines.readline()[1:]) + 2)[:-2])
            if args[0] == b"SET":
                self.store[args[1]], right = args[2], b"+OK\r\n"
            else:
                value = self.store.get(args[1])
                right = b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
            if not self._reply(conn, right):
                return

    def _mastermind(self, conn, lines, _):
        conn.sendall(b"guess\n")
        turn, secret = 0, b""
        for line in lines:
            if line.startswith(b"secret "):
                turn, secret = 0, line[7:11]
                conn.sendall(b"ok\r\n")
                continue
            guess, turn = line.strip(), turn + 1
            black = sum(a == b for a, b in zip(guess, secret))
            white = sum(min(guess.count(c), secret.count(c)) for c in b"ABCDEF") - black
            end = b"won in %d\n" % turn if black == 4 else b"lost, it was %s\n" % secret if turn == 10 else b""
            if not self._reply(conn, b"[%d:%d]\n%s" % (black, white, end)):
                return

    def _chat(self, conn, lines, number):
        """All posting and sending is under one lock: everybody gets the same order."""
        name = b"guest%d" % number
        self._post(None, b"* %s joined\n" % name)
        with self.lock:
            conn.sendall(b"* welcome, %s: /nick NAME, /who, /quit\n" % name)
            self.guests[name] = conn
        try:
            for line in lines:
                if line == b"/who\n":
                    self._reply(conn, b"* here: " + b" ".join(self.guests) + b"\n")
                else:
                    self._post(name, b"%s: %s" % (name, line))
        finally:
            with self.lock:
                del self.guests[name]
            self._post(None, b"* %s left\n" % name)

    def _post(self, sender, line):
        with self.lock:
            self.requests += sender is not None
            to = [guest for name, guest in self.guests.items() if name != sender]
            if sender and self.fault:
                to, line = self.fault(self.requests, to, self.guests[sender], line)
            for guest in to:
                with contextlib.suppress(OSError):  # it has left
                    guest.sendall(line)
