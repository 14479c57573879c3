# SPDX-License-Identifier: BSD-2-Clause
"""A guest: a kernel under QEMU's software emulation, and what it says."""

import glob
import os
import re
import subprocess
import time

import image
import packages

LIMIT = 270  # seconds for one guest
QEMU_AT_LEAST = 10  # 7.2 panics a kernel in one boot of five
BAD = re.compile(r"(WARNING: |BUG: |Oops|Kernel panic|rcu.*(stall|starved)).*")
MACHINES = {
    "amd64": ("qemu-system-x86_64", "qemu-system-x86", ["-M", "q35", "-cpu", "max"], "ttyS0"),
    "arm64": ("qemu-system-aarch64", "qemu-system-arm", ["-M", "virt", "-cpu", "cortex-a57"], "ttyAMA0"),
}


class Qemu:
    """The machine's own where it is new enough; otherwise its distribution's newest, unpacked beside."""

    def __init__(self, arch):
        program, package, self.machine, self.console = MACHINES[arch]
        self.command = [program]
        self.environment = dict(os.environ)
        if not self._is_new(program):
            self._unpack(program, package)

    @staticmethod
    def _is_new(program):
        try:
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return False
        return int(re.search(r"version (\d+)", said)[1]) >= QEMU_AT_LEAST

    def _unpack(self, program, package):
        name = packages.codename()
        release = name + "-backports"
        try:
            suites = packages.Suites([name, release], status="/var/lib/dpkg/status")
        except packages.LeftOut:
            release = name
            suites = packages.Suites([name], status="/var/lib/dpkg/status")
        root = suites.install([package], release)
        libraries = glob.glob(root + "/usr/lib/*-linux-gnu") + glob.glob(root + "/lib/*-linux-gnu")
        self.environment["LD_LIBRARY_PATH"] = ":".join(libraries)
        self.environment["QEMU_MODULE_DIR"] = "".join(glob.glob(root + "/usr/lib/*-linux-gnu/qemu"))
        self.command = [f"{root}/usr/bin/{program}"]
        for data in ("qemu", "seabios"):
            self.command += ["-L", f"{root}/usr/share/{data}"]

    def boot(self, spec, kernel, directory):
        """Run it to its end: seconds."""
        words = [*self.command, "-accel", "tcg,thread=multi", *self.machine, "-smp", str(spec.cpus)]
        words += ["-m", str(spec.memory), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        for line in ("console", "result"):
            words += ["-serial", f"file:{directory}/{line}"]
        words += ["-kernel", kernel.image, "-initrd", directory + "/initrd"]
        words += ["-append", f"console={self.console} panic=-1 oops=panic quiet loglevel=5"]
        if spec.disk:
            words += ["-drive", f"file={directory}/disk,format=raw,if=virtio,cache=unsafe"]
        begin = time.monotonic()
        subprocess.run(["timeout", "-k", "5", str(LIMIT), *words], env=self.environment, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return time.monotonic() - begin


class Result:
    """What a guest said on its second serial line, and what is wrong with it."""

    def __init__(self, directory, seconds):
        self.seconds = seconds
        self.facts, self.programs, self.failures, self.skips = {}, {}, [], []
        self.passed = 0
        self.status = None
        self._planned, self._seen = {}, {}
        for line in read(directory + "/result").replace("\r", "").splitlines():
            kind, _, rest = line.partition(" ")
            getattr(self, "_line_" + kind.replace("-", "_").lower(), lambda rest: None)(rest)
        for name, planned in self._planned.items():
            if self._seen.get(name, 0) != planned:
                self.failures.append(f"{name}: {self._seen.get(name, 0)} of {planned} tests reported")
        if self.status is None:
            self.failures.append(f"it did not come to its end within {seconds:.0f} s")
        elif self.status != 0 and not self.failures:
            self.failures.append(f"it ended with status {self.status}")
        self.failures += [match[0] for match in BAD.finditer(read(directory + "/console"))]

    def _line_fact(self, rest):
        name, _, value = rest.partition(" ")
        self.facts[name] = value.strip()

    def _line_program(self, rest):
        name, *numbers = rest.split()
        self.programs[name] = tuple(int(number) for number in numbers)

    def _line_command(self, rest):
        status, name = rest.split(" ", 1)
        self.passed += status == "0"
        if status != "0":
            self.failures.append(f"{name}: exit status {status}")

    def _line_tap(self, rest):
        name, line = rest.split(" ", 1)
        if line.startswith("1.."):
            self._planned[name] = self._planned.get(name, 0) + int(line[3:].split()[0])
            return
        self._seen[name] = self._seen.get(name, 0) + 1
        if line.startswith("not ok"):
            self.failures.append(f"{name}: {line[7:]}")
        elif "# skip" in line:
            self.skips.append(f"{name}: {line[3:]}")
        else:
            self.passed += 1

    def _line_vm_exit(self, rest):
        self.status = int(rest)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def prepare(spec, kernel, userland, directory):
    """The files of one guest: the userland of all, and what is its own behind it."""
    os.makedirs(directory, exist_ok=True)
    own = image.Image()
    own.data("vm/guest", f"CGROUP={spec.cgroup}\nPARTS='{spec.parts}'\n".encode())
    own.file(os.path.join(image.ROOT, "scripts/vm/plan"), "vm/plan")
    if spec.modules:
        image.add_modules(own, kernel, spec.modules)
    with open(directory + "/initrd", "wb") as file:
        file.write(userland)
        file.write(own.bytes())
    if spec.disk:
        with open(directory + "/disk", "wb") as file:
            file.truncate(spec.disk << 20)


def run(qemu, spec, kernel, userland, directory):
    """Boot it; once more only if it never came up."""
    prepare(spec, kernel, userland, directory)
    for _ in range(2):
        for line in ("console", "result"):
            if os.path.exists(f"{directory}/{line}"):
                os.unlink(f"{directory}/{line}")
        seconds = qemu.boot(spec, kernel, directory)
        if read(directory + "/result"):
            break
    for name in ("initrd", "disk"):
        if os.path.exists(f"{directory}/{name}"):
            os.unlink(f"{directory}/{name}")
    return Result(directory, seconds)
