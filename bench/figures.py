# SPDX-License-Identifier: BSD-2-Clause
"""Measurements, what is derived from them, and how both are written down."""

import csv
import os
import statistics


def quartiles(values):
    """Median and the quartiles about it."""
    if len(values) < 2:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


def with_spread(values, digits=2):
    if not values:
        return ""
    middle, low, high = quartiles(values)
    if len(values) < 2:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


class Raw:
    """Every single measurement, by part, subject, round and configuration."""

    def __init__(self):
        self.rows = []

    def add(self, part, subject, turn, config, value, unit, disturbed=False):
        self.rows.append((part, subject, turn, config, f"{value:.4f}", unit, int(disturbed)))

    def write(self, path):
        with open(path, "w", newline="", encoding="utf-8") as f:
            out = csv.writer(f, lineterminator="\r\n")
            out.writerow(("part", "subject", "round", "configuration", "value", "unit", "disturbed"))
            out.writerows(self.rows)


class Rounds:
    """What is compared was measured in the same round: one dict for each, (subject, config) -> value."""

    def __init__(self):
        self.turns = []
        self.disturbed = []  # keys of the values, by round

    def begin(self):
        self.turns.append({})
        self.disturbed.append([])

    def add(self, subject, config, value, disturbed):
        self.turns[-1][subject, config] = value
        if disturbed:
            self.disturbed[-1].append((subject, config))

    def settle(self):
        """Do without what was disturbed, unless that was half of it."""
        if 2 * sum(map(len, self.disturbed)) < sum(map(len, self.turns)):
            for turn, keys in zip(self.turns, self.disturbed):
                for key in keys:
                    del turn[key]

    def pairs(self, subject, config, other):
        """Per round, the value of one configuration and of another."""
        one, two = (subject, config), (subject, other)
        return [(t[one], t[two]) for t in self.turns if one in t and two in t]

    def values(self, subject, config):
        return [t[subject, config] for t in self.turns if (subject, config) in t]

    def ratios(self, subject, config, other):
        return [a / b for a, b in self.pairs(subject, config, other)]

    def added(self, subject, config, base="bare"):
        return [a - b for a, b in self.pairs(subject, config, base)]

    def added_ratios(self, subject, config, floor, base="bare"):
        """Per round: what one configuration adds to bare, in terms of what the floor adds."""
        ratios = []
        for turn in self.turns:
            keys = [(subject, name) for name in (base, config, floor)]
            if all(key in turn for key in keys):
                bare, value, least = (turn[key] for key in keys)
                if least > bare:
                    ratios.append((value - bare) / (least - bare))
        return ratios


class Table:
    def __init__(self, title, header, note=""):
        self.title = title
        self.header = header
        self.note = note
        self.rows = []

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def markdown(self):
        lines = [f"## {self.title}", ""]
        if self.note:
            lines += [self.note, ""]
        widths = [max(len(row[i]) for row in [self.header] + self.rows) for i in range(len(self.header))]
        for row in [self.header, ["-" * w for w in widths]] + self.rows:
            lines.append("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")
        return "\n".join(lines) + "\n"


def write_report(directory, heading, tables, notes, raw):
    """report.md, the same as report.csv, and each measurement in raw.csv. Returns the Markdown."""
    text = "\n".join([heading] + [table.markdown() for table in tables])
    if notes:
        text += "\n" + "\n".join(f"- {note}" for note in notes) + "\n"
    with open(os.path.join(directory, "report.md"), "w", encoding="utf-8") as f:
        f.write(text)
    with open(os.path.join(directory, "report.csv"), "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\r\n")
        for table in tables:
            out.writerow(["table"] + list(table.header))
            out.writerows([table.title] + row for row in table.rows)
    raw.write(os.path.join(directory, "raw.csv"))
    return text
