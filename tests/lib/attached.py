#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Which BPF programs of vmprof's are in the kernel.

attached.py left       those that no process holds, and maps: left behind; and pins
attached.py of PID     the numbers of those that this process holds
attached.py still N…   those of these numbers that are there
"""
import glob
import json
import re
import subprocess
import sys


MAPS = ("threads", "thread_ring", "calls", "rows", "row_ring", "links", "vmprof.bss", "vmprof.rodata", "vmprof.data")


def listed(kind):
    out = subprocess.run(["bpftool", "-j", kind, "list"], check=True, capture_output=True, text=True).stdout
    return json.loads(out) or []


def programs():
    """Number → name."""
    return {p["id"]: p["name"] for p in listed("prog") if p.get("name", "").startswith("vmprof_")}


def maps():
    """Number → name."""
    return {m["id"]: m["name"] for m in listed("map") if m.get("name") in MAPS}


def held(pid="[0-9]*", what="prog_id"):
    """Numbers of the programs (or maps) that processes have descriptors of, or of links to."""
    numbers = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path, encoding="utf-8") as file:
                numbers.update(int(n) for n in re.findall(rf"^{what}:\s*(\d+)", file.read(), re.MULTILINE))
        except OSError:
            pass  # it has ended, or closed it
    return numbers


def left():
    """What no process holds. Listed twice, because one that starts or ends in between is none of ours."""
    found = [(path, "pinned") for path in glob.glob("/sys/fs/bpf/**/vmprof*", recursive=True)]
    for of, what in ((programs, "prog_id"), (maps, "map_id")):
        names = of()
        lost = set(names) - held(what=what)
        found += [(number, names[number]) for number in sorted(lost & set(of()))]
    return found


def main():
    what, *args = sys.argv[1:]
    if what == "of":
        print(*sorted(held(args[0]) & set(programs())))
        return
    if what == "left":
        found = left()
    else:
        found = [(n, name) for n, name in sorted(programs().items()) if n in map(int, args)]
    for number, name in found:
        print(number, name)


main()
