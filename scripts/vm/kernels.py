# SPDX-License-Identifier: BSD-2-Clause
"""Stock kernels, from the packages of Debian's suites."""

import dataclasses
import glob
import os
import re

import packages


@dataclasses.dataclass
class Kernel:
    """One kernel, unpacked."""

    release: str
    image: str
    suite: str
    modules: str = None  # its lib/modules/RELEASE, once asked for


def flavour_of(flavour, arch):
    return f"{flavour}-{arch}" if flavour != "generic" else arch


def releases(suite, series, flavour, arch):
    """Release → name of the package with its image, of one series ("6.1") or of all ("")."""
    found = {}
    for kind in ("image", "binary"):  # since 6.19 linux-image is empty and needs linux-binary, which has it
        for name in suite.names(f"linux-{kind}-{series}"):
            version = rf"([0-9]+\.[0-9]+)[^-]*(-[0-9.]+[^-]*)?-{flavour_of(flavour, arch)}"
            match = re.fullmatch(rf"linux-{kind}-({version})", name)
            if match and series in ("", match[2]):
                found[match[1]] = name
    return found


def newest(suites, series, flavour, arch):
    """The newest of them all: suite and package."""
    best = None
    for suite in suites:
        for name in releases(suite, series, flavour, arch).values():
            package = suite.package(name)
            if package and (not best or packages.newer(package["Version"], best[1]["Version"])):
                best = (suite, package)
    if not best:
        where = ", ".join("+".join(suite.suites) for suite in suites)
        raise packages.LeftOut(f"there is no Linux {series} ({flavour}) in {where}")
    return best


def find(suites, series, flavour, arch="amd64"):
    """The newest kernel of a series, "" for the newest of all."""
    suite, package = newest(suites, series, flavour, arch)
    root = suite.fetch(package)
    images = glob.glob(root + "/boot/vmlinuz-*") + glob.glob(root + "/usr/lib/modules/*/vmlinuz")
    release = re.sub(r"^linux-(image|binary)-", "", package["Package"])
    return Kernel(release, images[0], suite.suites[0]), suite


def fetch_modules(kernel, suite):
    """Its modules: in the image's package, or in one of their own."""
    root = kernel.image.rsplit("/boot/", 1)[0].rsplit("/usr/lib/modules/", 1)[0]
    package = suite.package("linux-modules-" + kernel.release)
    if package:
        root = suite.fetch(package)
    kernel.modules = glob.glob(f"{root}/**/modules/{kernel.release}", recursive=True)[0]
