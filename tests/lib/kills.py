#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
kills.py N AT_ONCE CMD ARG…: start CMD N times, so many at a time, and kill -9 each at a random moment.

The moments are spread evenly over loading, attaching and measuring: half of them before the first row is in
the file that {} in ARG stands for, or at it. Says how many came before.
"""
import os
import random
import subprocess
import sys
import threading
import time

longest = [0.5]  # s until it is killed; adapts to how long the first row takes here and now


def one(command, path):
    """Whether it was killed, and before its first row."""
    with subprocess.Popen([a.replace("{}", path) for a in command], stdout=subprocess.DEVNULL) as process:
        time.sleep(random.uniform(0, longest[0]))
        process.kill()
        status = process.wait()
    early = not os.path.exists(path) or os.path.getsize(path) < 1000
    longest[0] *= 1.1 if early else 1 / 1.1
    return status == -9, early


def lane(number, command, seen, left):
    path = f"killed.{number}"
    while left:
        try:
            left.pop()
        except IndexError:
            return
        if os.path.exists(path):
            os.remove(path)
        seen.append(one(command, path))


def main():
    n, at_once, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    seen, left = [], list(range(n))
    lanes = [threading.Thread(target=lane, args=(i, command, seen, left)) for i in range(at_once)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    killed, early = sum(k for k, _ in seen), sum(e for _, e in seen)
    print(f"killed {killed} of {n}, {early} before the first row")
    sys.exit(killed != n or not 0 < early < n)


main()
