# SPDX-License-Identifier: BSD-2-Clause
"""The machine and the processes on it: where to run, how to start, what is seen of them."""

import contextlib
import ctypes
import os
import platform
import re
import select
import shutil
import signal
import socket
import subprocess
import time

SIGTERM_PATIENCE = 10  # seconds between SIGTERM and SIGKILL
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """One sentence on what could not be measured, and why."""


ALL_CPUS = sorted(os.sched_getaffinity(0))
CPU = ALL_CPUS[-1]  # everything that is measured runs here
ELSEWHERE = ALL_CPUS[:-1] or ALL_CPUS  # this script and the profilers run here


def on(cpus):
    """What a new process does before it runs: go to these CPUs, and not outlive this one."""

    def prepare():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cpus)

    return prepare


def start(command, cpus=ELSEWHERE, **kwargs):
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        return subprocess.Popen(command, preexec_fn=on(cpus), start_new_session=True, **kwargs)
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error


def stop(process):
    """End a process that start() started, by its PID alone."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(SIGTERM_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(command, **kwargs):
    process = start(command, **kwargs)
    try:
        yield process
    finally:
        stop(process)


def output(command, cpus=ELSEWHERE, seconds=60):
    """What a command prints; Failed with what it said if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds, preexec_fn=on(cpus)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{os.path.basename(command[0])}: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise Failed(f"{os.path.basename(command[0])}: {said[-1]}")
    return done.stdout


def wait_for(condition, what, seconds=20.0, process=None):
    """Until condition() holds; Failed when time is up, or when the process it depends on ends."""
    end = time.monotonic() + seconds
    while not condition():
        if process and process.poll() is not None:
            raise Failed(f"{what}: {os.path.basename(process.args[0])} ended with status {process.returncode}")
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.002)


def say_ready(process):
    """Until a bench program has said that it is."""
    line = process.stdout.readline()
    if line.strip() != "ready":
        raise Failed(f"{os.path.basename(process.args[0])}: not ready, see its message above")


def listening(process):
    """The port of a server that says it, as ours do."""
    ready, _, _ = select.select([process.stdout], [], [], 20)
    found = re.match(r"listening on .*:(\d+)$", process.stdout.readline()) if ready else None
    if not found:
        raise Failed(f"{process.args[0]}: it does not listen, see its message above")
    return int(found[1])


def need(*commands):
    for command in commands:
        if not shutil.which(command):
            raise Failed(f"{command} is not installed")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def cpu_seconds(pid):
    """CPU time of all live threads of a process, from the scheduler's own sums."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        fields = read(f"/proc/{pid}/task/{tid}/schedstat").split()
        total += int(fields[0]) if fields else 0
    if total:
        return total / 1e9
    fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_kb(pid, field):
    """A memory field of /proc/PID/status in KB, 0 if there is none."""
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def fd_info(pid, field):
    """The numbers that the descriptors of a process show under this name (maps, links)."""
    numbers = []
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fdinfo"):
            for line in read(f"/proc/{pid}/fdinfo/{fd}").splitlines():
                if line.startswith(field + ":"):
                    numbers.append(int(line.split()[1]))
    return numbers


def steal_seconds():
    """CPU time that the hypervisor gave to others, all CPUs together."""
    fields = read("/proc/stat").splitlines()[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


def describe():
    """The machine in one line."""
    model = platform.machine()
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    virtual = ", virtual" if " hypervisor" in read("/proc/cpuinfo") else ""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    cpus = f"{model} ({platform.machine()}{virtual}), {os.cpu_count()} CPUs"
    return f"{cpus}, {memory:.0f} GiB, Linux {platform.release()}"
