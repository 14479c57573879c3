# SPDX-License-Identifier: BSD-2-Clause
"""
What a context switch costs: two processes on one CPU hand a byte to and fro through two pipes, and one process makes
the same reads and writes alone. What the two take longer is the switches: blocking, waking, changing address spaces.

    switch.py CPU ROUNDS      prints one JSON object

It counts CPU time, not the clock's, so that other work on that CPU does not add to it.
"""

import json
import os
import resource
import struct
import sys
import time

ACCOUNT = struct.Struct("qq")


def account():
    """CPU time in nanoseconds, and switches: who wakes the other may be preempted by it before it blocks."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.process_time_ns(), usage.ru_nvcsw + usage.ru_nivcsw


def spent(function):
    before = account()
    function()
    return tuple(after - was for after, was in zip(account(), before))


def hand_over(read, write, rounds):
    for _ in range(rounds):
        os.write(write, b"x")
        os.read(read, 1)


def give_back(read, write, rounds):
    for _ in range(rounds):
        os.read(read, 1)
        os.write(write, b"x")


def alone(rounds):
    """Both ends of both pipes in one process: what it reads is there."""
    there, back = os.pipe(), os.pipe()

    def work():
        for _ in range(rounds):
            os.write(there[1], b"x")
            os.read(there[0], 1)
            os.write(back[1], b"x")
            os.read(back[0], 1)

    return spent(work)


def two(rounds):
    there, back, told = os.pipe(), os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(there[1])  # so that the end of the parent is the end of this one
        os.close(back[0])
        result = spent(lambda: give_back(there[0], back[1], rounds))
        os.write(told[1], ACCOUNT.pack(*result))
        os._exit(0)
    os.close(there[0])
    os.close(back[1])
    mine = spent(lambda: hand_over(back[0], there[1], rounds))
    its = ACCOUNT.unpack(os.read(told[0], ACCOUNT.size))
    os.waitpid(child, 0)
    return tuple(map(sum, zip(mine, its)))


def main():
    rounds = int(sys.argv[2])
    os.sched_setaffinity(0, [int(sys.argv[1])])
    by_one, few = alone(rounds)
    by_two, switches = two(rounds)
    print(json.dumps({"rounds": rounds, "alone_ns": by_one, "alone_switches": few, "two_ns": by_two,
                      "two_switches": switches}))


if __name__ == "__main__":
    main()
