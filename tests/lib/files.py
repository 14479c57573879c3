# SPDX-License-Identifier: BSD-2-Clause
"""The files themselves, and which processes are in them."""
from data import COLUMNS, by, expect, processes, read_csv, read_json, read_syscalls, same, total


def check_valid(csv_path, json_path="", calls_path="", least="1", live="no"):
    """
    All of them can be read, have rows, and say the same. When threads went on at the end ("live"), the two
    tables of calls were not read at the same moment: of each process there may be a call between.
    """
    rows = read_csv(csv_path)
    expect(len(rows) >= int(least), f"{csv_path}: {len(rows)} rows")
    if json_path:
        run, objects = read_json(json_path)
        expect(run.get("detail") and run.get("kernel"), f"{json_path}: the first line does not describe the run")
        same(len(objects), len(rows), f"rows of {json_path}")
        for row, obj in zip(rows, objects):
            expect({k: v for k, v in row.items() if v is not None} ==
                   {k: v for k, v in obj.items() if v is not None and k != "type"},
                   f"{json_path} has {obj}, {csv_path} has {row}")
            expect(set(obj) - {"type"} <= set(COLUMNS), f"{json_path}: unknown names in {obj}")
    if calls_path:
        calls = read_syscalls(calls_path)
        expect(calls, f"{calls_path}: no rows")
        ours, theirs = total(processes(rows), "sys_total"), total(calls, "calls")
        expect(abs(ours - theirs) <= (len(by(rows, "pid")) if live == "live" else 0),
               f"sys_total is {ours}, there are {theirs} calls")


def check_names(csv_path, json_path, work):
    """A name that breaks formats does not: bytes that are not UTF-8 become U+FFFD, all others stay."""
    tables = {csv_path: by(processes(read_csv(csv_path)), "pid"),
              json_path: by(processes(read_json(json_path)[1]), "pid")}
    for fact in work.all("name"):
        name = bytes.fromhex(fact["hex"]).decode("utf-8", "replace")
        for path, rows in tables.items():
            same(rows[fact["pid"]][-1]["comm"], name, f"{path}: the name of process {fact['pid']}")


def check_events(csv_path, pid, *events):
    """The events of a process, in order; samples are not told."""
    rows = [row for row in processes(read_csv(csv_path)) if row["pid"] == int(pid)]
    same([f"{row['event']}:{row['comm']}" for row in rows if row["event"] != "sample"], list(events),
         f"events of process {pid}")


def check_pids(csv_path, *pids):
    """Exactly these processes have rows."""
    same(sorted({row["pid"] for row in processes(read_csv(csv_path))}), sorted(int(pid) for pid in pids), "processes")


def check_server(csv_path, requests, *columns):
    """A server answered this many requests: so many calls at least, and a CPU was used."""
    rows = processes(read_csv(csv_path))
    for column in columns:
        expect(total(rows, column) >= int(requests), f"{column}: {total(rows, column)} for {requests} requests")
    # At detail ledger and calls the split of the two is by the kernel's ticks: one may be 0.
    expect(total(rows, "cpu_ns") > 0 and total(rows, "user_ns") + total(rows, "sys_ns") > 0, "no CPU time")
    same(total(rows, "lost"), 0, "lost")
