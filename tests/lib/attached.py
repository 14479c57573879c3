#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Which BPF programs of vmprof's are in the kernel.

attached.py left       those that no process holds: left behind
attached.py of PID     the numbers of those that this process holds
attached.py still N…   those of these numbers that are there
"""
import glob
import json
import re
import subprocess
import sys


def programs():
    """Number → name."""
    out = subprocess.run(["bpftool", "-j", "prog", "list"], check=True, capture_output=True, text=True).stdout
    found = json.loads(out) or []
    return {p["id"]: p["name"] for p in found if p.get("name", "").startswith("vmprof_")}


def held(pid="[0-9]*"):
    """Numbers of the programs that processes have descriptors of, or of links to."""
    numbers = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path, encoding="utf-8") as file:
                numbers.update(int(n) for n in re.findall(r"^prog_id:\s*(\d+)", file.read(), re.MULTILINE))
        except OSError:
            pass  # it has ended, or closed it
    return numbers


def main():
    what, *args = sys.argv[1:]
    if what == "of":
        print(*sorted(held(args[0]) & set(programs())))
        return
    names = programs()
    if what == "still":
        there = set(names) & {int(n) for n in args}
    else:
        # Twice, because one that starts or ends in between is none of ours.
        there = (set(names) - held()) & set(programs())
    for number in sorted(there):
        print(number, names[number])


main()
