#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""memwork: counts, order and faults of its touches. MEMWORK is the binary; TAP on standard output."""

import ctypes
import json
import mmap
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEMWORK = os.environ.get("MEMWORK", os.path.join(ROOT, "workloads/mem/memwork"))
PAGE, PAGES = 4096, 1021  # a prime: any stride in pages comes to all of them
SIZE = str(PAGE * PAGES)
PATTERNS = ("random", "sequential", "stride", "chase")
LIMIT = 60  # s, for any one command
MASK = 2**64 - 1
T = tempfile.TemporaryDirectory()


def run(*args, status=0, **kwargs):
    done = subprocess.run([MEMWORK, *args], capture_output=True, text=True, timeout=LIMIT, check=False, **kwargs)
    assert done.returncode == status, f"status {done.returncode}, should be {status}: {args} {done.stderr}"
    return done


def touched(*args):
    return json.loads(run("--json", *args).stdout)


def read(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def path(name):
    return os.path.join(T.name, name)


def checksum(places):
    """FNV-1a of 64-bit words, as patterns.h says."""
    total = 0xCBF29CE484222325
    for place in places:
        total = (total ^ place) * 0x100000001B3 & MASK
    return f"{total:016x}"


def drawn(seed, pages):
    """splitmix64, the upper half of its product with the pages."""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        yield ((z ^ z >> 31) * pages >> 64) * PAGE


def links(name):
    """The cycle that a file holds, from page 0."""
    with open(name, "rb") as f:
        data = f.read()
    place, places = 0, []
    while True:
        places.append(place)
        place = int.from_bytes(data[place : place + 8], "little")
        if place == 0 or len(places) * PAGE > len(data):
            return places


def test_counts():
    """as many touches as passes times pages, for each pattern, read and written, memory and file"""
    for pattern in PATTERNS:
        for passes in (1, 3):
            for more in ((), ("--write",), ("--file", path(pattern)), ("--write", "--file", path(pattern))):
                got = touched("--size", SIZE, "--pattern", pattern, "--passes", str(passes), *more)
                assert got["touches"] == passes * PAGES, got
                assert got["bytes"] == PAGE * PAGES and got["pattern"] == pattern, got


def test_default():
    """without --passes it is one; a size is rounded up to whole pages; K, M, G are 1,024 each"""
    for size, pages in (("1", 1), ("4097", 2), ("4K", 1), ("3M", 768)):
        assert touched("--size", size, "--pattern", "chase")["touches"] == pages, size


def test_line():
    """the line at the end has four names and numbers"""
    words = run("--size", SIZE, "--pattern", "random").stdout.split()
    assert words[0::2] == ["touches", "seconds", "minflt", "majflt"], words
    assert int(words[1]) == PAGES and float(words[3]) >= 0 and int(words[5]) >= 0 and int(words[7]) >= 0, words


def test_order():
    """the places, in their order, are those that the pattern promises (the checksum, computed here)"""
    size = PAGE * PAGES
    draw = drawn(7, PAGES)
    expected = {
        "sequential": [i * PAGE for i in range(PAGES)] * 2,
        "random": [next(draw) for _ in range(2 * PAGES)],
        "stride": [i * 17 * PAGE % size for i in range(2 * PAGES)],
    }
    assert set(expected["stride"]) == set(expected["sequential"])
    for pattern, places in expected.items():
        got = touched("--size", SIZE, "--pattern", pattern, "--passes", "2", "--seed", "7")
        assert got["checksum"] == checksum(places), pattern
    got = touched("--size", SIZE, "--pattern", "stride", "--stride", "808")
    assert got["checksum"] == checksum([i * 808 % size for i in range(PAGES)])


def test_chase():
    """chase: the file holds one cycle through all its pages, and the touches follow it; in memory, too"""
    name = path("cycle")
    seen = set()
    for seed in ("0", "1", "18446744073709551615"):
        got = touched("--size", SIZE, "--pattern", "chase", "--passes", "3", "--seed", seed, "--file", name)
        places = links(name)
        assert sorted(places) == [i * PAGE for i in range(PAGES)], seed
        assert got["checksum"] == checksum(places * 3), seed
        memory = touched("--size", SIZE, "--pattern", "chase", "--passes", "3", "--seed", seed)
        assert memory["checksum"] == got["checksum"], seed
        seen.add(got["checksum"])
    assert len(seen) == 3, "seeds that make no difference"


def test_deterministic():
    """the same seed: the same places in the same order; another one: others"""
    for pattern in PATTERNS:
        sums = {
            seed: {touched("--size", SIZE, "--pattern", pattern, "--seed", seed)["checksum"] for _ in range(3)}
            for seed in ("1", "2")
        }
        assert all(len(found) == 1 for found in sums.values()), pattern
        assert (sums["1"] == sums["2"]) == (pattern in ("sequential", "stride")), pattern


def test_fresh():
    """--write, fresh memory: a minor fault for each page that is touched first, and none for the later passes"""
    for pattern in ("sequential", "stride", "random"):
        draw = drawn(1, PAGES)
        pages = len({next(draw) for _ in range(3 * PAGES)}) if pattern == "random" else PAGES
        got = touched("--size", SIZE, "--pattern", pattern, "--passes", "3", "--write")
        assert pages <= got["minflt"] <= pages + 4 and got["majflt"] == 0, (pattern, got)


def test_made():
    """reading memory: its pages have been made before, so that there is no fault in what is measured"""
    for args in (("random",), ("sequential",), ("stride",), ("chase",), ("chase", "--write")):
        got = touched("--size", SIZE, "--passes", "2", "--pattern", *args)
        assert got["minflt"] <= 4 and got["majflt"] == 0, (args, got)


def test_kernel():
    """the kernel's own count of faults of the ended process contains them: pages more make as many faults more"""

    def faults(pages):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        got = touched("--size", str(PAGE * pages), "--pattern", "sequential", "--write")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert got["minflt"] <= after.ru_minflt - before.ru_minflt, got
        return got["minflt"], after.ru_minflt - before.ru_minflt

    (small, kernel_small), (large, kernel_large) = faults(PAGES), faults(20 * PAGES)
    assert large - small == 19 * PAGES, (small, large)
    # Page tables are no faults; where the loader puts its pages may differ.
    assert abs(kernel_large - kernel_small - 19 * PAGES) <= 64, (kernel_small, kernel_large)


def resident(name):
    """Pages of a file that are in the page cache, by mincore."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(name, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        pages = (len(m) + PAGE - 1) // PAGE
        seen = (ctypes.c_ubyte * pages)()
        place = ctypes.c_char.from_buffer(m)
        assert libc.mincore(ctypes.c_void_p(ctypes.addressof(place)), ctypes.c_size_t(len(m)), seen) == 0
        del place
    return sum(value & 1 for value in seen)


def test_cold():
    """--cold: a major fault for each page that is touched first, and then the whole file is in the page cache"""
    name = path("cold")
    run("--size", SIZE, "--pattern", "sequential", "--file", name)
    os.sync()
    with open(name, "rb") as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if resident(name):
        return "skip this file system keeps its pages in memory"
    for pattern in ("chase", "stride"):
        for more in ((), ("--write",)):
            got = touched("--size", SIZE, "--pattern", pattern, "--passes", "2", "--cold", "--file", name, *more)
            assert got["majflt"] == PAGES and got["minflt"] <= 4, (pattern, got)
            assert resident(name) == PAGES, pattern
    got = touched("--size", SIZE, "--pattern", "sequential", "--cold", "--file", name)
    assert 1 <= got["majflt"] < PAGES, got  # the kernel has read ahead
    return None


def test_file():
    """a file is made in its size, of written blocks, and left; a larger one is taken as it is"""
    name = path("made")
    run("--size", SIZE, "--pattern", "random", "--file", name)
    made = os.stat(name)
    assert made.st_size == PAGE * PAGES and made.st_blocks * 512 >= made.st_size, made
    assert touched("--size", "1M", "--pattern", "chase", "--file", name)["touches"] == 256
    assert os.stat(name).st_size == made.st_size
    refused(1, "smaller than", "--size", "64M", "--pattern", "random", "--file", name)
    assert os.stat(name).st_size == made.st_size


def test_foreign():
    """a file that memwork has not made is not changed: --write stores what was there, chase refuses"""
    name = path("foreign")
    data = os.urandom(4 * PAGE)
    with open(name, "wb") as f:
        f.write(data)
    for pattern in ("random", "sequential", "stride"):
        run("--size", "16K", "--pattern", pattern, "--passes", "9", "--write", "--file", name)
    refused(1, "did not make it", "--size", "16K", "--pattern", "chase", "--file", name)
    with open(name, "rb") as f:
        assert f.read() == data
    if os.getuid():
        os.chmod(name, 0o400)
        run("--size", "16K", "--pattern", "random", "--file", name)
        refused(1, "denied", "--size", "16K", "--pattern", "random", "--write", "--file", name)


def test_think():
    """--think: a pause after each pass: no sooner over, as many touches, and a voluntary switch for each pause."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw
    whole = touched("--size", SIZE, "--pattern", "sequential", "--passes", "23", "--think", "2.5")
    switches = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw - before
    assert whole["touches"] == 23 * PAGES, whole
    assert whole["seconds"] >= 23 * 0.0025, whole
    assert switches >= 23, f"{switches} voluntary switches in 23 pauses"
    assert whole["checksum"] == touched("--size", SIZE, "--pattern", "sequential", "--passes", "23")["checksum"], whole


def test_seconds():
    """--seconds: it ends by itself, not before its time, and says how long it was"""
    for pattern in PATTERNS:
        got = touched("--size", SIZE, "--pattern", pattern, "--seconds", "0.05")
        assert got["seconds"] >= 0.0499 and got["touches"] > 0 and got["touches_per_s"] > 0, got


def test_signals():
    """SIGTERM and SIGINT end it early, with its line and status 0; while it prepares, too"""
    for number in (signal.SIGTERM, signal.SIGINT):
        args = [MEMWORK, "--size", "4K", "--pattern", "random", "--seconds", "50"]
        with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as process:
            handled = 1 << signal.SIGALRM - 1 | 1 << number - 1
            while int(read(f"/proc/{process.pid}/status").split("SigCgt:")[1].split()[0], 16) & handled != handled:
                assert process.poll() is None  # until it has its handlers
            process.send_signal(number)
            said = process.communicate(timeout=LIMIT)[0]
        assert process.returncode == 0 and said.startswith("touches ") and said.count("\n") == 1, said
        assert float(said.split()[3]) < 50, said


def test_cut():
    """a file that is cut while it is touched: one sentence, no crash"""
    name = path("cut")
    run("--size", SIZE, "--pattern", "sequential", "--file", name)
    args = [MEMWORK, "--size", SIZE, "--pattern", "sequential", "--seconds", "50", "--file", name]
    with subprocess.Popen(args, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while name not in read(f"/proc/{process.pid}/maps"):
            assert process.poll() is None
        os.truncate(name, 0)
        said = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and said[0] == "" and said[1].startswith("memwork: a page"), said


def refused(status, words, *args):
    done = run(*args, status=status)
    assert done.stdout == "" and done.stderr.count("\n") == 1 and done.stderr.startswith("memwork: "), done
    assert words in done.stderr, done.stderr


def test_refused():
    """bad input: one sentence on standard error, 2 for what was asked wrongly, 1 for what cannot be done"""
    good = ("--size", "1M", "--pattern", "chase")
    for words, args in (
        ("needed", ()),
        ("needed", ("--size", "1M")),
        ("needed", ("--pattern", "chase")),
        ("must be random", ("--size", "1M", "--pattern", "chased")),
        ("not an option", good + ("more",)),
        ("unrecognized", good + ("--fast",)),
        ("requires an argument", good + ("--seed",)),
        ("not both", good + ("--passes", "1", "--seconds", "1")),
        ("must be 0.001 to", good + ("--think", "0")),
        ("--cold", good + ("--cold",)),
        ("multiple of 8", good + ("--stride", "12")),
    ):
        refused(2, words, *args)
    for option, values in {
        "--size": ("", "0", "-1", "+1", " 1", "1 ", "x", "1x", "1KB", "1.5M", "99999999999999999999", "9T"),
        "--passes": ("", "0", "-1", "1K", "0x10", "4294967297"),
        "--seconds": ("", "0", "-1", "nan", "inf", "1s", "1e7"),
        "--stride": ("0", "4", "x"),
        "--seed": ("", "-1", "18446744073709551616"),
    }.items():
        for value in values:
            refused(2, option, *good, option, value)
    for words, name in (("Is a directory", T.name), ("No such file", path("no/such")), ("regular", "/dev/zero")):
        refused(1, words, *good, "--file", name)
    os.mkfifo(path("fifo"))
    refused(1, "regular", *good, "--file", path("fifo"))
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([MEMWORK, *good], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "No space" in done.stderr, done


def test_limits():
    """no room on the disk: one sentence, and no half file; no memory: one sentence"""

    def few(what, size):
        return lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(what, (size, size)))

    done = run("--size", "64M", "--pattern", "random", "--file", path("big"), status=1,
               preexec_fn=few(resource.RLIMIT_FSIZE, 2**21))
    assert "big: File too large" in done.stderr and not os.path.exists(path("big")), done.stderr
    done = run("--size", "1G", "--pattern", "random", status=1, preexec_fn=few(resource.RLIMIT_AS, 2**27))
    assert "Cannot allocate memory" in done.stderr, done.stderr


def main():
    if not os.access(MEMWORK, os.X_OK):
        sys.exit(f"memwork.py: {MEMWORK} is not built: make servers")
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        said, word = None, "ok"
        try:
            said = test()
        except Exception as error:  # pylint: disable=broad-except # the next test shall run
            failed, word = failed + 1, "not ok"
            line = traceback.extract_tb(error.__traceback__)[1]
            print(f"# line {line.lineno}, {type(error).__name__}: {error}".replace("\n", " "))
        print(f"{word} {number} memwork: {test.__doc__}" + (f" # {said}" if said else ""), flush=True)
    T.cleanup()
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
