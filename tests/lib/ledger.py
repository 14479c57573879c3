# SPDX-License-Identifier: BSD-2-Clause
"""The ledger: where the time went, against clocks and the scheduler's own account."""
from counts import TIME_MEANS_LITTLE
from data import STATES, by, expect, near, processes, read_csv, same, states, threads, total

EXACT = 0.001  # of wall time
SHARE = 0.95
LONG = 0.4  # s
FAULT_SHARE = 0.4  # of what a page fault costs
TICK_NS = 1e7  # at 100 Hz, the slowest


def _full_length(rows):
    """Those of a thread's, or a process's, rows in which it was watched from the first to the last moment."""
    return [row for row in rows[1:] if row["event"] != "exit"]


def _since_it_blocked(rows):
    """The last rows of a thread's, from the one on in which it last was blocked: it need not get a CPU in each interval."""
    for i in range(len(rows) - 1, -1, -1):
        if any(rows[i][f"{state}_ns"] for state in STATES[STATES.index("disk"):]):
            return rows[i:]
    return rows


def check_wall(csv_path, work):
    """The states of each thread add up to its wall time: to that of each interval, and to its life."""
    rows = threads(read_csv(csv_path))
    mine = by(rows, "tid")
    for tid, its in mine.items():
        full = _full_length(its)
        # A record is read some µs after its interval has ended: nothing in the long run, 0.1 % in a short one.
        if total(full, "interval") >= LONG and not TIME_MEANS_LITTLE:
            near(sum(states(full).values()) / 1e9, sum(row["interval"] for row in full), EXACT,
                 f"thread {tid} ({its[-1]['comm']}): all states, against its intervals")
    starts = {fact["tid"]: fact["at_ns"] for fact in work.all("start")}
    ends = {fact["pid"]: fact["at_ns"] for fact in work.all("end")}
    for life in work.all("life"):
        tid = life["tid"]
        if not expect(tid in mine, f"thread {tid} ({life['state']}) has no rows"):
            continue
        wall = sum(states(mine[tid]).values())
        what = f"thread {tid} ({life['state']}): all states add up to {wall} ns"
        expect(wall >= life["ns"] * (1 - EXACT), f"{what}, it lived at least {life['ns']} ns: {states(mine[tid])}")
        # Its parent may know of its end while it waits for a CPU to leave it for the last time.
        most = ends[life["pid"]] - starts[tid] + total(_since_it_blocked(mine[tid]), "runq_preempt_ns")
        expect(wall <= most * (1 + EXACT), f"{what}, it lived at most {most} ns: {states(mine[tid])}")
    # A process is its threads.
    for pid, its in by(rows, "pid").items():
        whole = states([row for row in processes(read_csv(csv_path)) if row["pid"] == pid])
        parts = states(its)
        wall = sum(parts.values())
        for state in STATES:
            expect(abs(whole[state] - parts[state]) <= EXACT * wall,
                   f"process {pid}: {state} is {whole[state]}, its threads' is {parts[state]}")


def check_shares(csv_path, work, *only):
    """
    Nearly all of each thread's time is in the state its workload was written for. `by-ticks`: user and system time
    count as one, since the kernel's ticks, some 200 a second, part them.
    """
    ticks = "by-ticks" in only
    only = [state for state in only if state != "by-ticks"]
    mine = by(threads(read_csv(csv_path)), "tid")
    limited = {fact["pid"]: fact["limited"] for kind in ("reads", "touches") for fact in work.maybe(kind)}
    for life in work.all("life"):
        its = mine.get(life["tid"], [])
        found = states(its)
        # Less what others on this machine took from it, by the scheduler's account.
        wall = sum(found.values()) - life["run_delay_ns"]
        if ticks and life["state"] in ("user", "sys"):
            found[life["state"]] = found["user"] + found["sys"]
        # Where the disk could not be slowed down: of the time in which it did not run or wait to.
        if not limited.get(life["pid"], 1):
            wall -= found["user"] + found["sys"]
        if not only or life["state"] in only:
            expect(wall and found[life["state"]] >= SHARE * wall,
                   f"thread {life['tid']} in process {life['pid']}: {life['state']} is {found[life['state']]} of "
                   f"{wall} ns: { {k: v for k, v in found.items() if v} }")
            if its:
                same(its[-1]["comm"], "w." + life["state"], f"the name of thread {life['tid']}")


def check_sched(csv_path, work, part="0.01"):
    """
    CPU time against the process's own clock and schedstat; run-queue time against schedstat and the jumps of the clock
    that the process saw. Interrupts on top of a thread are on a CPU to us. To the scheduler the thread waits from the
    wake-up on that will preempt it, though it runs until the switch (rq_clock_skip_update() in kernel/sched/core.c).
    """
    part = float(part)
    rows = by(processes(read_csv(csv_path)), "pid")
    sched = {fact["pid"]: fact for fact in work.all("sched")}
    taken = work.all("taken")[0]["ns"] + 2 * TICK_NS
    for cpu in work.all("cpu"):
        pid = cpu["pid"]
        if cpu["tid"] != 0 or not expect(pid in rows, f"process {pid} has no rows"):
            continue
        its = rows[pid]
        found = states(its)
        near(total(its, "cpu_ns"), cpu["cpu_ns"], part, f"process {pid}: cpu_ns, against its clock")
        near(total(its, "cpu_ns"), sched[pid]["cpu_ns"], part, f"process {pid}: cpu_ns, against schedstat")
        interrupted = found["user"] + found["sys"] - total(its, "cpu_ns")
        expect(interrupted <= part * sum(found.values()) + taken,
               f"process {pid}: {interrupted} ns on a CPU are not in cpu_ns; all interrupts took about {taken}")
        waits = [sched[pid]["run_delay_ns"], sum(fact["ns"] for fact in work.all("away") if fact["pid"] == pid)]
        ours = found["runq_wake"] + found["runq_preempt"]
        expect(min(waits) * (1 - part) - max(interrupted, 0) <= ours <= max(waits) * (1 + part),
               f"process {pid}: {ours} ns on the run queue, by schedstat and its own clock it was {waits}")


def check_split(csv_path, work):
    """The time in system calls by the workload's own clock is `sys`, or waiting for a CPU."""
    rows = by(processes(read_csv(csv_path)), "pid")
    for fact in work.all("incall"):
        found = states(rows.get(fact["pid"], []))
        queued = found["runq_wake"] + found["runq_preempt"]
        expect(found["sys"] + queued >= fact["ns"] * (1 - EXACT),
               f"process {fact['pid']}: sys {found['sys']} + runq {queued} ns, it was in calls for {fact['ns']} ns")
        # It makes other calls as well, to start and to report.
        expect(found["sys"] <= fact["ns"] * 1.01,
               f"process {fact['pid']}: sys {found['sys']} ns, it was in calls for {fact['ns']} ns")


def check_ticks(csv_path, work):
    """System time by ticks is getrusage's part of the time on a CPU, but for the ticks around the end."""
    rows = by(processes(read_csv(csv_path)), "pid")
    children = work.all("child")
    for child in children:
        theirs = {key: 1e3 * (child[key] - sum(c[key] for c in children if c["ppid"] == child["pid"]))
                  for key in ("sys_us", "cpu_us")}
        its = rows.get(child["pid"], [])
        sys, on_cpu = total(its, "sys_ns"), total(its, "user_ns") + total(its, "sys_ns")
        # On a CPU are also the interrupts that the scheduler does not charge to the thread.
        want = theirs["sys_us"] * on_cpu / max(theirs["cpu_us"], 1)
        expect(abs(sys - want) <= 3 * TICK_NS + 0.01 * on_cpu,
               f"process {child['pid']}: sys {sys} of {on_cpu} ns by ticks, by getrusage's it is {want:.0f}")


def check_intervals(csv_path, length, *pids):
    """The intervals of a process that was there all the time, end to end, are the run: `length` s at least."""
    rows = by(processes(read_csv(csv_path)), "pid")
    for pid in pids or rows:
        its = rows.get(int(pid), [])
        if not expect(its, f"process {pid} has no rows"):
            continue
        gone = 0.0
        for row in its:
            gone += row["interval"]
            expect(abs(gone - row["time"]) < 1e-4, f"process {pid}: intervals add up to {gone} s at {row['time']} s")
        expect(gone >= float(length), f"process {pid}: the intervals add up to {gone} s, the run took {length} s")


def check_single(csv_path, length, *pids):
    """The same, of processes of one thread: their states fill the intervals."""
    check_intervals(csv_path, length, *pids)
    rows = by(processes(read_csv(csv_path)), "pid")
    for pid in pids or rows:
        full = _full_length(rows.get(int(pid), []))
        near(sum(states(full).values()) / 1e9, total(full, "interval"), EXACT,
             f"process {pid}: all states, against its intervals")


def check_gap(csv_path, pid, seconds):
    """Exactly one row says that vmprof was late by this much; it is as honest as the others."""
    its = [row for row in processes(read_csv(csv_path)) if row["pid"] == int(pid)]
    late = [row for row in its if row["interval"] >= float(seconds)]
    if same(len(late), 1, f"rows with an interval of {seconds} s"):
        near(sum(states(late).values()) / 1e9, late[0]["interval"], EXACT, "the states of the late row")
    check_single(csv_path, seconds, pid)


def check_state(csv_path, pid, state, share=SHARE):
    """The first thread of a process was in this state nearly all of the time."""
    found = states([row for row in threads(read_csv(csv_path)) if row["tid"] == int(pid)])
    wall = sum(found.values())
    expect(wall and found[state] >= float(share) * wall,
           f"process {pid}: {state} is {found[state]} of {wall} ns: { {k: v for k, v in found.items() if v} }")


def check_fault_time(csv_path, work, there):
    """
    The time in page faults on a CPU: empty where the kernel does not allow to look. Else it is most of what first touches
    cost more than second ones, the rest being the way into the kernel and back; and no more than the time on a CPU.
    """
    rows = processes(read_csv(csv_path))
    for row in rows:
        expect((row["fault_cpu_ns"] is not None) == (there == "there"), f"fault_cpu_ns is {row['fault_cpu_ns']}: {there}?")
    for fact in work.all("twice") if there == "there" else []:
        its = [row for row in rows if row["pid"] == fact["pid"]]
        found, more = total(its, "fault_cpu_ns"), fact["first_ns"] - fact["second_ns"]
        what = f"process {fact['pid']}: {found} ns in faults"
        expect(found >= FAULT_SHARE * more, f"{what}, {fact['pages']} first touches cost {more} ns more than second ones")
        expect(found <= 1.05 * total(its, "cpu_ns"), f"{what}, of {total(its, 'cpu_ns')} ns on a CPU")
