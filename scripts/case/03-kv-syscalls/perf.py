# SPDX-License-Identifier: BSD-2-Clause
"""Processes that wait to be looked at, and perf stat on them."""

import contextlib
import json
import os
import signal
import subprocess

import case
import host

# perf needs tracefs, and mounts it where it is not: in a mount namespace of its own, so that nothing is left behind.
PERF = ["unshare", "--mount", "perf", "stat"]


def missing():
    """Why perf stat can't count system calls here, None: it can."""
    try:
        done = subprocess.run(
            PERF + ["-e", "syscalls:sys_enter_read", "true"], capture_output=True, text=True, check=False
        )
    except OSError as error:
        return f"{PERF[0]}: {error.strerror}"
    if not done.returncode:
        return None
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
    return next((line for line in said if line.startswith("Error:")), said[-1]).rstrip(".")


@contextlib.contextmanager
def held(command):
    """A process that has stopped itself just before it executes the command: go() lets it."""
    shell = ["/bin/sh", "-c", 'kill -STOP $$; exec "$@"', "sh", *command]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with host.running(shell, cpus=host.ALL_CPUS, **pipes) as process:
        try:
            host.wait_for(lambda: "\nState:\tT" in host.read(f"/proc/{process.pid}/status"), "a stop", 20, process)
            yield process
        finally:
            go(process)  # SIGTERM does not end who is stopped


def go(process):
    process.send_signal(signal.SIGCONT)


def account(process):
    """What a load generator says in the end."""
    said, errors = process.communicate(timeout=120)
    if process.returncode:
        lines = errors.strip().splitlines() or [f"exit status {process.returncode}"]
        raise host.Failed(f"loadgen: {lines[-1]}")
    return json.loads(said)


@contextlib.contextmanager
def stat(pid, path, events):
    """perf stat on a process: it has begun to count when this yields."""
    with contextlib.ExitStack() as stack:
        its_orders, orders = pipe(stack)
        answers, its_answers = pipe(stack)
        control = f"fd:{its_orders.fileno()},{its_answers.fileno()}"
        command = PERF + ["-x", ",", "-o", path, "-p", str(pid), "--delay", "-1", "--control", control]
        command += ["-e", ",".join(f"syscalls:sys_enter_{name}" for name in events)]
        inherited = {"pass_fds": (its_orders.fileno(), its_answers.fileno())}
        pipes = {"stderr": subprocess.PIPE, "text": True}
        process = stack.enter_context(host.running(command, cpus=host.ALL_CPUS, **pipes, **inherited))
        its_answers.close()  # perf has the only one left: should it end, that ends the wait for its answer
        orders.write(b"enable\n")
        if not answers.read(3) == b"ack":
            end(process)
            raise host.Failed("perf: it does not begin to count")
        yield process


def pipe(stack):
    return [stack.enter_context(os.fdopen(fd, mode, buffering=0)) for fd, mode in zip(os.pipe(), ("rb", "wb"))]


def end(process):
    """It writes down its counts, and ends by the signal that it was sent."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    if process.returncode not in (0, -signal.SIGINT, 128 + signal.SIGINT):
        lines = said.strip().splitlines() or [f"exit status {process.returncode}"]
        raise host.Failed(f"perf: {lines[-1]}")


def counts(path):
    """Calls by name, of what perf stat has written."""
    found = {}
    for line in host.read(path).splitlines():
        cells = line.split(",")
        if len(cells) > 2 and cells[2].startswith("syscalls:sys_enter_"):
            if not cells[0].isdigit():
                raise host.Failed(f"{case.shown(path)}: {cells[2]}: {cells[0]}")
            found[cells[2][len("syscalls:sys_enter_") :]] = int(cells[0])
    if not found:
        raise host.Failed(f"{case.shown(path)}: no counts")
    return found
