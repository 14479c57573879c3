# SPDX-License-Identifier: BSD-2-Clause
"""A server under test, from the outside: what it says, what it holds, how it ends."""
import ctypes
import glob
import json
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time

from client import Client
from harness import PATIENCE, expect, same, wait_for

STATM = ("size", "resident", "shared", "text", "data")
ACCOUNT = ("connections refused requests bad wins posts overrun bytes_in bytes_out "
           "user_us sys_us max_rss_kb minflt majflt inblock oublock nvcsw nivcsw").split()


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def end_with_parent():
    """If who has started this process is killed, it is, too. (Not kept where the user changes: to be called after.)"""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def many_files():
    """As many descriptors as we may have: a thousand clients at once."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000) if hard > 0 else 20000, hard))


class Server:
    """
    One server, from `listening on` to its end, which is checked where a test leaves it well: SIGTERM, status 0, no
    process left, no complaint of a sanitizer. `more` are options, `preexec` is run in the child before it.
    """

    def __init__(self, test, *more, preexec=None, quiet=True):
        self.test, self.account, self.usage, self.status, self.gone = test, None, None, None, False
        self.dir = tempfile.mkdtemp(dir=test.dir)
        os.chmod(self.dir, 0o777)
        self.json_path = os.path.join(self.dir, "account.json")
        self.argv = [test.binary, "--model", test.model, "--app", test.app, "--stats-json", self.json_path,
                     *(["--quiet"] if quiet else []), *test.talk.options(test), *more]

        def before_exec():
            if preexec:
                preexec()
            end_with_parent()

        with open(os.path.join(self.dir, "out"), "wb") as out, open(os.path.join(self.dir, "err"), "wb") as err:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd="/",
                                            start_new_session=True, preexec_fn=before_exec)
        self.pid = self.process.pid

    def __enter__(self):
        try:
            match = wait_for(lambda: re.search(r"^listening on (\S+):(\d+)$", self.out(), re.M) or self.ended(),
                             "the server does not say that it listens")
            expect(self.status is None, f"the server ended with {self.status}: {self.err()}")
        except BaseException:
            self.kill()
            raise
        self.address = (match[1].strip("[]"), int(match[2]))
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.status is None:
                self.end()
        finally:
            self.kill()

    def kill(self):
        """Whatever is left of it. Once nothing is, its number may be another's."""
        if not self.gone and self.group_lives():
            os.killpg(self.pid, signal.SIGKILL)
        if self.status is None:
            self.process.wait()
        self.gone = True

    def out(self):
        return read(os.path.join(self.dir, "out")).decode()

    def err(self):
        return read(os.path.join(self.dir, "err")).decode(errors="replace")

    def tell(self, number):
        os.kill(self.pid, number)

    def ended(self):
        """Whether the process itself has; its status and what the kernel says it has used are known then."""
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
                self.usage = usage
        return self.status is not None

    def group_lives(self):
        """Any process of its, zombies included."""
        try:
            os.killpg(self.pid, 0)
            return True
        except ProcessLookupError:
            return False

    def end(self, send=signal.SIGTERM, status=0):
        """It ends as it should, and its account is in `account`."""
        if send:
            self.tell(send)
        wait_for(self.ended, lambda: f"the server does not end, processes: {self.describe()}")
        self.sane()
        same(self.status, status, f"exit status; it says: {self.err()[-400:]}")
        wait_for(lambda: not self.group_lives(), "processes of the server are left")
        self.gone = True
        self.account, written = self.read_account()
        # Nothing happens any more between the one and the other.
        for name in ACCOUNT[:9]:
            same(written[name], self.account[name], f"{name} of --stats-json, against the text")
        return self.account

    def sane(self):
        err = self.err()
        found = re.search(r"Sanitizer|runtime error|Assertion|abort", err)
        expect(not found, "" if not found else f"the server says: {err[max(0, found.start() - 100):][:3000]}")

    def describe(self):
        """Some of its processes: what each waits for, and its state."""
        return [(pid, read(f"/proc/{pid}/wchan").decode(),
                 *re.findall(r"^State:\s+(.*)", read(f"/proc/{pid}/status").decode(), re.M)) for pid in self.pids()[:9]]

    def account_now(self):
        """At SIGUSR1. Its last line is that of statm data."""
        printed = self.out().count("\nstatm data ")
        if os.path.exists(self.json_path):
            os.unlink(self.json_path)
        self.tell(signal.SIGUSR1)
        wait_for(lambda: re.findall(r"^statm data .*\n", self.out(),
                                    re.M)[printed:] and os.path.exists(self.json_path),
                 lambda: f"no account after SIGUSR1: {self.out()}")
        return self.read_account()[0]

    def read_account(self):
        """The last account as printed, and as written."""
        text = self.out().split("account of ")[-1]
        same(text.split("\n")[0], f"{self.test.model}, {self.test.app}", "the account's first line")
        account = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)  \S", text, re.M)}
        account["statm"] = {f"{name}_{unit}": int(n) for name, pages, kb in
                            re.findall(r"^statm (\w+) +(\d+) pages +(\d+) kB", text, re.M)
                            for unit, n in (("pages", pages), ("kb", kb))}
        written = json.loads(read(self.json_path))
        same((written.pop("model"), written.pop("app")), (self.test.model, self.test.app), "--stats-json")
        for it, what in ((account, "the text"), (written, "--stats-json")):
            same(sorted(it), sorted([*ACCOUNT, "statm"]), f"the names in {what} of the account")
            same(sorted(it["statm"]), sorted(f"{s}_{u}" for s in STATM for u in ("pages", "kb")), f"statm in {what}")
        page = resource.getpagesize() // 1024
        for name in STATM:
            same(account["statm"][f"{name}_kb"], account["statm"][f"{name}_pages"] * page, f"kB of statm {name}")
        return account, written

    # What the kernel says of it.

    def children(self):
        return [int(pid) for path in glob.glob(f"/proc/{self.pid}/task/*/children") for pid in read(path).split()]

    def pids(self):
        return [self.pid, *self.children()]

    def threads(self):
        return sum(len(glob.glob(f"/proc/{pid}/task/*")) for pid in self.pids())

    def zombies(self):
        return [pid for pid in self.children() if b"\nState:\tZ" in read(f"/proc/{pid}/status")]

    def rss_anon(self):
        """Bytes of its own memory, of all its processes."""
        return sum(1024 * int(n) for pid in self.pids()
                   for n in re.findall(rb"^RssAnon:\s*(\d+)", read(f"/proc/{pid}/status"), re.M))

    def cpu(self):
        """Thread → ns of CPU time so far."""
        return {path: int((read(path).split() or [0])[0]) for pid in self.pids()
                for path in glob.glob(f"/proc/{pid}/task/*/schedstat")}

    def idle(self):
        """It does not run: within some time there are 200 ms in which it uses less than a tenth of a CPU."""
        def quiet():
            before = self.cpu()
            time.sleep(0.2)
            after = self.cpu()
            self.busy = sum(ns - before.get(path, 0) for path, ns in after.items())
            return self.busy < 20e6
        wait_for(quiet, lambda: f"a busy loop: {self.busy} ns of CPU time in 200 ms: {self.describe()}")

    def resources(self):
        """What it holds while there is one more connection: nothing is left to be made for the first one then."""
        with self.client() as client:
            client.works()
            return self._held()

    def _held(self):
        return {"descriptors": len(os.listdir(f"/proc/{self.pid}/fd")), "threads": self.threads(),
                "children": len(self.children()), "zombies": len(self.zombies())}

    def back_to(self, before):
        """All connections have gone, and with them all they took; no zombies."""
        with self.client() as client:
            client.works()
            wait_for(lambda: all(now <= before[what] for what, now in self._held().items()),
                     lambda: f"not given back: {self._held()}, before {before}; {self.describe()}")

    def refuses(self):
        """Nobody listens any more. A connection that was still taken has ended when this comes back."""
        with socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET) as s:
            s.settimeout(PATIENCE)
            try:
                s.connect(self.address)
                while s.recv(65536):
                    pass
                return False
            except ConnectionError:
                return True

    def client(self, **how):
        return Client(self.test.talk, self.address, **how)
