#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hold.py PORT N REQUEST: N connections, each with one request answered, that then rest until this is killed."""
import signal
import socket
import sys

port, n, request = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode().decode("unicode_escape").encode()
held = []
for _ in range(n):
    s = socket.create_connection(("127.0.0.1", port), 20)
    s.sendall(request)
    # A greeting is not the reply yet: that ends with the mark of each, and nothing more comes.
    reply = b""
    while not any(reply.rstrip().endswith(mark) for mark in (b"ok", b"+PONG", b"vmprof!", b"are now me", b"is taken")):
        got = s.recv(65536)
        if not got:
            sys.exit(f"closed after {reply}")
        reply += got
    held.append(s)
print("ready", flush=True)
signal.pause()
