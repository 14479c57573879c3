# SPDX-License-Identifier: BSD-2-Clause
"""vmprof for arm64: cross-compiled with this machine's clang against unpacked packages' libraries, and a userland."""

import os
import re
import subprocess

import image
import packages

WANTED = ["libbpf-dev", "libjansson-dev", "uthash-dev", "busybox-static"]
APPLETS = "sh cat grep sed awk sleep mount mkdir ln stty uname nproc timeout tr sort test hostname ip".split()


def sysroot():
    suites = packages.Suites([packages.codename()], "arm64")
    runtime = [name for name in suites.names("libgcc-") if re.fullmatch(r"libgcc-\d+-dev", name)]
    return suites.install([*WANTED, max(runtime, key=lambda name: int(name.split("-")[1]))], packages.codename())


def linker():
    """The linker, and where its libraries are."""
    suites = packages.Suites([packages.codename()], status="/var/lib/dpkg/status")
    root = suites.install(["binutils-aarch64-linux-gnu"], packages.codename(), always=True)
    return root + "/usr/bin/aarch64-linux-gnu-ld", root + "/usr/lib/x86_64-linux-gnu"


def build(into):
    """vmprof and the tests' workload, as static programs in a build directory of their own: the sysroot."""
    root, (ld, libraries) = sysroot(), linker()
    command = ["make", "-s", f"-j{os.cpu_count()}", "B=" + into, "ARCH=arm64", "MULTIARCH="]
    command += ["LDFLAGS=-static --ld-path=" + ld, f"CC=clang --target=aarch64-linux-gnu --sysroot={root}"]
    command += [f"CLANG=clang -idirafter {root}/usr/include/aarch64-linux-gnu"]
    command += [into + "/bin/vmprof", into + "/tests/work/work"]
    environment = dict(os.environ, LD_LIBRARY_PATH=libraries)
    done = subprocess.run(command, cwd=image.ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise packages.Missing("cross-compiling for arm64 failed: " + done.stderr[-2000:])
    return root


def userland():
    """Everything that a guest needs: busybox, vmprof, the workload."""
    root = build("build/vm/arm64")
    built = os.path.join(image.ROOT, "build/vm/arm64")
    own = image.Image()
    image.add_layout(own)
    own.file(root + "/bin/busybox", "usr/bin/busybox")
    for applet in APPLETS:
        own.link("usr/bin/" + applet, "busybox")
    own.file(built + "/bin/vmprof", "vm/vmprof/vmprof")
    own.file(built + "/tests/work/work", "vm/vmprof/work")
    own.file(os.path.join(image.ROOT, "scripts/vm/init-arm64"), "init")
    return own
