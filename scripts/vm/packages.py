# SPDX-License-Identifier: BSD-2-Clause
"""Packages of the distribution's suites: found, downloaded and unpacked beside, never installed."""

import functools
import hashlib
import os
import re
import shutil
import subprocess

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vmprof-vm")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
HELPER = "/usr/lib/apt/apt-helper"


class Missing(Exception):
    """One sentence on what is not to be had, and why."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        errors = [line for line in said if line.startswith("E: ")] or said[-1:]
        raise Missing(f"{os.path.basename(command[0])}: {errors[0].removeprefix('E: ')}")
    return done.stdout


class LeftOut(Missing):
    """This machine's sources don't have it, which is nobody's fault."""


@functools.cache
def mirrors():
    """Where this machine's own apt has Debian from: the archive, and its security updates."""
    if not shutil.which("apt-get") or not os.path.exists(KEYRING):
        raise LeftOut("kernels come from Debian's packages, and this machine has no apt with Debian's keys")
    found = {}
    for line in run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)").splitlines():
        site, release = line.split()
        if "debian" in site:
            found.setdefault("security" if release.endswith("-security") else "main", site)
    if "main" not in found:
        raise LeftOut("kernels come from Debian's packages, and apt has no mirror of Debian's among its sources")
    # A mirror has its security updates beside it.
    found.setdefault("security", found["main"].rstrip("/") + "-security")
    return found


@functools.cache
def codename():
    """Of this machine's distribution."""
    with open("/etc/os-release", encoding="utf-8") as file:
        return re.search(r"^VERSION_CODENAME=(\w+)", file.read(), re.MULTILINE)[1]


def mirror_of(suite):
    return mirrors()["security" if suite.endswith("-security") else "main"]


class Suites:
    """Some suites for one architecture, with a state of apt of their own: the machine's stays as it is."""

    def __init__(self, suites, arch="amd64", status="/dev/null"):
        self.suites = suites
        self.arch = arch
        self.state = os.path.join(CACHE, "apt", "+".join(suites) + "-" + arch)
        os.makedirs(os.path.join(self.state, "lists", "partial"), exist_ok=True)
        sources = os.path.join(self.state, "sources.list")
        with open(sources, "w", encoding="utf-8") as file:
            for suite in suites:
                file.write(f"deb [signed-by={KEYRING}] {mirror_of(suite)} {suite} main\n")
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "Dir::State": self.state,
            "Dir::Cache": self.state,
            "Dir::State::status": status,
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Check-Valid-Until": "false",  # of suites that are archived
        }
        self.options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        # An index that is there already serves when the mirror can't be reached.
        try:
            run("apt-get", *self.options, "update", "-qq", "--error-on=any")
        except Missing as why:
            if not any(name.endswith("Packages.lz4") for name in os.listdir(os.path.join(self.state, "lists"))):
                kind = LeftOut if re.search("404|no longer has|not have a Release", str(why)) else Missing
                raise kind(f"{'+'.join(suites)}: {why}") from None

    def names(self, prefix):
        return run("apt-cache", *self.options, "pkgnames", prefix).split()

    def package(self, name):
        """Its newest version, as a dict of the fields of its index; None: there is none."""
        text = run("apt-cache", *self.options, "show", "--no-all-versions", name) if name in self.names(name) else ""
        fields = dict(re.findall(r"^([\w-]+): (.*)$", text, re.MULTILINE))
        return fields if "Filename" in fields else None

    def fetch(self, package):
        """Downloaded and unpacked: its directory."""
        name = "_".join((package["Package"], package["Version"].replace(":", "%3a"), package["SHA256"][:16]))
        into = os.path.join(CACHE, "unpacked", name)
        if os.path.isdir(into):
            return into
        os.makedirs(os.path.dirname(into), exist_ok=True)
        deb = f"{into}.{os.getpid()}.deb"
        last = "missing"
        for suite in self.suites:
            uri = f"{mirror_of(suite)}/{package['Filename']}"
            try:
                run(HELPER, *self.options, "download-file", uri, deb, "SHA256:" + package["SHA256"])
                break
            except Missing as why:
                last = why
        else:
            raise Missing(f"{package['Package']}: {last}")
        unpack([deb], into)
        os.unlink(deb)
        return into

    def install(self, names, release, always=False):
        """These and what they need beyond what this machine has, unpacked over each other: the directory."""
        again = ["--reinstall"] if always else []
        plan = run("apt-get", *self.options, "install", "-s", "--no-install-recommends", *again, "-t", release, *names)
        wanted = [f"{name}={version}" for name, version in re.findall(r"^Inst (\S+)(?: \[\S+\])? \((\S+)", plan, re.M)]
        key = hashlib.sha256(" ".join(sorted(wanted)).encode()).hexdigest()[:16]
        into = os.path.join(CACHE, "unpacked", f"{names[0]}_{key}")
        if not os.path.isdir(into):
            debs = into + ".debs"
            os.makedirs(debs, exist_ok=True)
            # apt checks them against the sums of its index.
            run("sh", "-c", 'cd "$0" && exec "$@"', debs, "apt-get", *self.options, "download", "-qq", *wanted)
            unpack([os.path.join(debs, deb) for deb in os.listdir(debs)], into)
            shutil.rmtree(debs)
        return into


def unpack(debs, into):
    """All of it or nothing."""
    part = into + ".part"
    shutil.rmtree(part, ignore_errors=True)
    for deb in debs:
        run("dpkg-deb", "-x", deb, part)
    os.rename(part, into)


def newer(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "gt", b], check=False).returncode == 0
