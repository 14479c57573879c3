# SPDX-License-Identifier: BSD-2-Clause
"""A control group with a memory limit, made for one run: version 2 where it has the memory controller, else version 1."""

import contextlib
import os

import host


def parent():
    """Where the group is made, and the file that takes the limit."""
    for line in host.read("/proc/mounts").splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2" and "memory" in host.read(f"{where}/cgroup.controllers").split():
            with contextlib.suppress(OSError), open(f"{where}/cgroup.subtree_control", "w", encoding="utf-8") as file:
                file.write("+memory")
            return where, "memory.max"
        if kind == "cgroup" and "memory" in options.split(","):
            return where, "memory.limit_in_bytes"
    raise host.Failed("no memory controller: mount cgroup version 2, or version 1's memory")


@contextlib.contextmanager
def group(size):
    """Its directory. It goes with all that is charged to it; whoever was in it has ended."""
    where, limit = parent()
    path = os.path.join(where, f"vmprof-case-{os.getpid()}")
    try:
        os.mkdir(path)
        try:
            with open(os.path.join(path, limit), "w", encoding="utf-8") as file:
                file.write(str(size))
            yield path
        finally:
            host.wait_for(lambda: removed(path), f"{path}: empty")
    except OSError as error:
        raise host.Failed(f"{error.filename}: {error.strerror}") from error


def removed(path):
    with contextlib.suppress(FileNotFoundError):
        for pid in host.read(os.path.join(path, "cgroup.procs")).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
        with contextlib.suppress(OSError):
            os.rmdir(path)
            return True
        return not os.path.isdir(path)
    return True
