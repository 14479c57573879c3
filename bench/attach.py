# SPDX-License-Identifier: BSD-2-Clause
"""What is attached while something is measured, and the waiting until it really is."""

import contextlib
import os
import subprocess
import time

import host

LEDGER = ["sched_switch", "sched_wakeup", "page_fault_user"]
FLOORS = {
    "floor full": LEDGER + ["sys_enter", "sys_exit"],
    "floor calls": LEDGER + ["sys_exit"],
    "floor ledger": LEDGER,
    "floor syscalls": ["sys_enter", "sys_exit"],
}
VMPROFS = {
    "vmprof full": "full",
    "vmprof calls": "calls",
    "vmprof ledger": "ledger",
    "vmprof untracked": "full",  # while it tracks somebody else
}


class Attacher:
    """Puts a configuration in place, and sees to it that nobody else's is."""

    def __init__(self, floor, vmprof, directory, patience):
        self.floor = floor
        self.vmprof = vmprof
        self.directory = directory
        self.patience = patience  # seconds to wait, in all, for other people's programs to go
        self.own = []  # PIDs of what we have attached now
        self.broken = {}  # configuration: why it cannot be attached
        self.blind = os.geteuid() != 0 or not os.access(floor, os.X_OK)  # then it attaches nothing, either
        self.measured = 0
        self.disturbed = 0
        if not os.access(vmprof, os.X_OK):
            self.broken = dict.fromkeys(VMPROFS, f"{vmprof} is not built")
        self.sleeper = host.start(["sleep", "infinity"])

    def close(self):
        host.stop(self.sleeper)

    def strangers(self):
        """Links to tracing programs that are not ours: they slow all configurations."""
        if self.blind:
            return set()
        links = {int(line) for line in host.output([self.floor, "list"]).split()}
        for pid in self.own:
            links -= set(host.fd_info(pid, "link_id"))
        return links

    def wait_until_alone(self):
        while self.strangers() and self.patience > 0:
            self.patience -= 0.1
            time.sleep(0.1)

    @contextlib.contextmanager
    def measuring(self):
        """Around one measurement: yields a list that is not empty afterwards if it was disturbed."""
        self.wait_until_alone()
        found = list(self.strangers())
        yield found
        found += self.strangers()
        self.measured += 1
        self.disturbed += bool(found)

    @contextlib.contextmanager
    def attached(self, name, pids):
        """In place from here on, for these processes; Failed where it cannot be."""
        if name in self.broken:
            raise host.Failed(self.broken[name])
        with contextlib.ExitStack() as stack:
            if name in FLOORS:
                process = self.start_floor(stack, FLOORS[name])
            elif name in VMPROFS:
                if "untracked" in name:
                    pids = [self.sleeper.pid]
                process = self.start_vmprof(stack, name, pids)
            else:
                process = None  # bare, or bare once more
            if process:
                self.own = [process.pid]
            try:
                yield process
            finally:
                self.own = []

    def start_floor(self, stack, tracepoints):
        process = stack.enter_context(
            host.running([self.floor] + tracepoints, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        host.say_ready(process)
        return process

    def command(self, level, pids, csv, *more):
        listed = ",".join(str(pid) for pid in pids)
        # Under sudo, too, the directory of ours is root's.
        return [self.vmprof, "--as-root", "--pid", listed, "--detail", level, "--quiet", "--csv", csv] + list(more)

    def start_vmprof(self, stack, name, pids):
        """Attached when the first row of its CSV is there. What it says goes to a file."""
        csv = os.path.join(self.directory, "rows.csv")
        said = os.path.join(self.directory, "said")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(csv)
        with open(said, "w", encoding="utf-8") as out:
            process = stack.enter_context(
                host.running(self.command(VMPROFS[name], pids, csv), stdout=out, stderr=out)
            )
        try:  # a failure is remembered: it would come again
            host.wait_for(lambda: host.read(csv).count("\n") >= 2, "first row of the CSV", 20, process)
        except host.Failed as error:
            words = host.read(said).strip().splitlines()
            self.broken[name] = str(error) + (f": {words[-1]}" if words else "")
            raise host.Failed(self.broken[name]) from error
        return process
