# SPDX-License-Identifier: BSD-2-Clause
"""The matrix as tables in Markdown."""

import packages

VERIFIED_MOST = 50000  # a tenth of this is usual; the kernel's own limit is a million


def is_good(result):
    return isinstance(result, packages.LeftOut) or (not isinstance(result, packages.Missing) and not verdict(result))


def verdict(result):
    """What is wrong, nothing: it is good."""
    heavy = [name for name, (_, verified) in result.programs.items() if verified > VERIFIED_MOST]
    return [*result.failures, *(f"{name}: more than {VERIFIED_MOST} instructions to verify" for name in heavy)]


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def guest_row(spec, result):
    if isinstance(result, packages.Missing):
        word = "left out" if isinstance(result, packages.LeftOut) else "not run"
        return [spec.name, "", "", "", "", "", "", "", "", f"{word}: {result}"]
    fact = result.facts.get
    groups = fact("cgroup", "").replace("cgroup2", "v2").replace("cgroup", "v1")
    return [
        *(spec.name, fact("release", "?"), fact("cpus", "?"), groups),
        *(fact("memory", "?"), str(result.passed), str(len(result.failures)), str(len(result.skips))),
        *(f"{result.seconds:.0f}", "FAILED" if verdict(result) else "good"),
    ]


def guests(specs, results):
    head = ["guest", "kernel", "CPUs", "cgroup", "MB", "passed", "failed", "skipped", "s", "verdict"]
    return aligned([head, *(guest_row(spec, result) for spec, result in zip(specs, results))])


def programs(specs, results):
    """Instructions that the verifier looked at, of each program on each kernel."""
    told = [(spec, result) for spec, result in zip(specs, results) if getattr(result, "programs", None)]
    if not told:
        return []
    names = list(dict.fromkeys(name for _, result in told for name in result.programs))
    rows = [["program", *(spec.name for spec, _ in told)]]
    for name in names:
        rows.append([name, *(f"{r.programs[name][1]}" if name in r.programs else "" for _, r in told)])
    return ["", "Instructions that the verifier looked at:", "", aligned(rows)]


def write(specs, results):
    skips = [f"skipped: {spec.name}: {skip}" for spec, r in zip(specs, results) for skip in getattr(r, "skips", [])]
    wrong = [f"FAILED: {spec.name}: {what}" for spec, r in zip(specs, results)
             if not isinstance(r, packages.Missing) for what in verdict(r)]
    return "\n".join([guests(specs, results), *programs(specs, results), "", *skips, *wrong])
