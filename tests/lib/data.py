# SPDX-License-Identifier: BSD-2-Clause
"""What vmprof wrote and what the workloads said, read strictly; and a list of what is wrong."""
import csv
import json
import sys

STATES = ["user", "sys", "runq_wake", "runq_preempt", "disk", "fault", "net", "poll", "pipe", "lock",
          "sleep", "child", "stopped", "other", "fault_cpu"]
HEAD = ["time", "interval", "pid", "tid", "comm", "event"]
CALLS = ["sys_" + name for name in ("total errors read write accept close connect send recv fsync poll "
                                    "futex").split()]
COLUMNS = (HEAD + ["threads", "cpu_util"] + [s + "_ns" for s in STATES] +
           "cpu_ns vcsw ivcsw minflt majflt ufaults migrations wakeups rss_bytes peak_rss_bytes vsz_bytes "
           "text_bytes data_bytes inblock oublock".split() + CALLS + ["lost"])
CALL_COLUMNS = "time pid syscall calls errors total_ns max_ns bytes p50_ns p99_ns".split()

wrong = []


def expect(true, message):
    """Note `message` unless `true`."""
    if not true:
        wrong.append(message)
    return true


def near(value, oracle, part, what):
    """`value` is within `part` of `oracle`."""
    return expect(abs(value - oracle) <= part * oracle, f"{what}: {value}, should be {oracle} within {part:.1%}")


def same(value, oracle, what):
    return expect(value == oracle, f"{what}: {value}, should be {oracle}")


def verdict():
    """Say what is wrong and end."""
    for message in wrong[:40]:
        print(message)
    if len(wrong) > 40:
        print(f"… and {len(wrong) - 40} more")
    sys.exit(1 if wrong else 0)


def _value(name, text):
    if name in ("comm", "event", "syscall"):
        return text
    if text == "":
        return None
    if name in ("time", "interval", "cpu_util"):
        return float(text)
    return int(text)


def _table(path, columns):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    expect(text.endswith("\n"), f"{path}: the last line is not complete")
    lines = list(csv.reader(text.splitlines(keepends=True), strict=True))
    if not expect(lines and lines[0] == columns, f"{path}: the header is {lines[:1]}, should be {columns}"):
        return []
    rows = []
    for line in lines[1:]:
        if expect(len(line) == len(columns), f"{path}: {len(line)} cells in {line}"):
            rows.append({name: _value(name, cell) for name, cell in zip(columns, line)})
    return rows


def read_csv(path):
    rows = _table(path, COLUMNS)
    for row in rows:
        expect(row["event"] in ("sample", "exit", "exec"), f"{path}: event {row['event']}")
    return rows


def read_syscalls(path):
    return _table(path, CALL_COLUMNS)


def read_json(path):
    """The first line, which describes the run, and the rows."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    expect(text.endswith("\n"), f"{path}: the last line is not complete")
    lines = [json.loads(line, parse_constant=lambda c: expect(False, f"{path}: {c}"))
             for line in text.split("\n")[:-1]]
    expect(lines and lines[0].get("type") == "run", f"{path}: does not begin with a description of the run")
    return lines[0] if lines else {}, [line for line in lines[1:] if line.get("type") == "row"]


class Work:
    """What the workloads said: KIND key=value …"""

    def __init__(self, path):
        self.facts = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                kind, *pairs = line.split() or [""]
                if pairs and all("=" in pair for pair in pairs):
                    fact = {}
                    for pair in pairs:
                        key, value = pair.split("=", 1)
                        fact[key] = int(value) if key != "hex" and value.lstrip("-").isdigit() else value
                    self.facts.setdefault(kind, []).append(fact)

    def all(self, kind):
        facts = self.facts.get(kind, [])
        expect(facts, f"the workload said nothing of '{kind}'")
        return facts

    def maybe(self, kind):
        return self.facts.get(kind, [])


def processes(rows):
    return [row for row in rows if row["tid"] == 0]


def threads(rows):
    return [row for row in rows if row["tid"] != 0]


def total(rows, column):
    return sum(row[column] or 0 for row in rows)


def states(rows):
    """State → ns, summed over rows."""
    return {state: total(rows, state + "_ns") for state in STATES}


def by(rows, *keys):
    """Key(s) → rows."""
    groups = {}
    for row in rows:
        key = tuple(row[k] for k in keys)
        groups.setdefault(key if len(keys) > 1 else key[0], []).append(row)
    return groups
