# SPDX-License-Identifier: BSD-2-Clause
"""
What the case studies share: where recordings and results go, how vmprof and the servers are run, tables, pictures, and
the list of what a study must show.

A study is measure(case), which writes recordings, and report(case), which makes everything else of them: it runs again
from the recordings alone, without root, on another machine too.
"""

import argparse
import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import figures  # noqa: E402
import host  # noqa: E402

VMPROF = os.path.join(ROOT, "vmprof")
SERVER = os.path.join(ROOT, "servers", "server")
GO_SERVER = os.path.join(ROOT, "servers", "go", "server")
LOADGEN = os.path.join(ROOT, "workloads", "loadgen", "loadgen")
MEMWORK = os.path.join(ROOT, "workloads", "mem", "memwork")
PLOTS = os.path.join(ROOT, "scripts", "plot")
RUNNING = ("user", "sys", "fault_cpu")  # the last one empty where the kernel does not allow it
WAITING = ("runq_wake", "runq_preempt")


class Case:
    """One run of a study: its directory, and what it has to say in the end."""

    def __init__(self, name, options):
        self.name = name
        self.dir = options.recorded or options.out or os.path.join(ROOT, "build", "case", name)
        self.results = options.out or self.dir
        self.quick = options.quick
        self.repeat = options.repeat
        self.against = options.against
        self.about = {}
        self.texts = []
        self.shown = []

    def recording(self, name):
        """The path of one."""
        return os.path.join(self.dir, "recordings", name)

    def load(self, name):
        """A recording in JSON; Failed where it can't be read."""
        return load(self.recording(name))

    def save(self, name, what):
        with open(self.recording(name), "w", encoding="utf-8") as file:
            json.dump(what, file, indent=1)

    def result(self, ending):
        """The path of a result: NAME.csv, NAME.svg."""
        return os.path.join(self.results, f"{self.name}.{ending}")

    def progress(self, done, of, what):
        """A line on a terminal; nothing elsewhere."""
        if sys.stderr.isatty():
            print(f"\r\033[K{self.name}: {done + 1} of {of}: {what}", end="", file=sys.stderr, flush=True)
            if done + 1 == of:
                print("\r\033[K", end="", file=sys.stderr, flush=True)

    def table(self, title, header, rows, note=""):
        """Columns of figures stand right, the first one left."""
        cells = [[str(cell) for cell in row] for row in [header] + rows]
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))) for row in cells]
        self.texts.append("\n".join([title] + [f"  {line.rstrip()}" for line in lines] + ([f"  {note}"] if note else [])))

    def say(self, sentence):
        """What the figures mean; computed from them."""
        self.texts.append(sentence)

    def expect(self, true, what):
        """Something that the study must show."""
        self.shown.append((bool(true), what))

    def csv(self, header, rows, ending="csv"):
        """The figures of the table and the picture. An empty cell: not measured."""
        with open(self.result(ending), "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\r\n")
            out.writerow(header)
            out.writerows(["" if cell is None else cell for cell in row] for row in rows)

    def draw(self, command):
        """NAME.svg and NAME.png, each by command(path). Without gnuplot the CSV is all there is."""
        figures_in = f"figures: {shown(self.result('csv'))}"
        if not shutil.which("gnuplot"):
            self.texts.append(f"no picture: gnuplot is not installed (package gnuplot-nox); {figures_in}")
            return
        for ending in ("svg", "png"):
            host.output(command(self.result(ending)), host.ALL_CPUS)
        self.texts.append(f"picture: {shown(self.result('svg'))} and .png; {figures_in}")

    def plot(self, script, **variables):
        """The pictures of NAME.csv, by scripts/plot/SCRIPT."""
        given = "".join(f"{name}={quoted(value)}; " for name, value in {"csv": self.result("csv"), **variables}.items())
        self.draw(lambda out: ["gnuplot", "-e", f"{given}out={quoted(out)}", os.path.join(PLOTS, script)])


def quoted(value):
    """For gnuplot: a number as it is, a string with its quotes doubled."""
    return value if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"


def shown(path):
    """As short as it is understood from here."""
    return min(os.path.relpath(path), os.path.abspath(path), key=len)


def load(path):
    """JSON; Failed where it can't be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise host.Failed(f"{shown(path)}: {getattr(error, 'strerror', None) or 'not complete'}") from error


def rows(path):
    """Rows of a CSV of vmprof's: numbers where there are numbers, None where a cell is empty. Failed if there are none."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            found = [{name: number(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    except OSError as error:
        raise host.Failed(f"{shown(path)}: {error.strerror}") from error
    if not found:
        raise host.Failed(f"{shown(path)}: no rows")
    return found


def number(cell):
    if not cell:
        return None
    try:
        return int(cell)
    except ValueError:
        with contextlib.suppress(ValueError):
            return float(cell)
    return cell


def total(found, *columns):
    """The sum of columns; a cell that is empty counts for nothing."""
    return sum(row[column] or 0 for row in found for column in columns)


def states(found):
    """Nanoseconds by state of the ledger, its columns being those between cpu_util and cpu_ns."""
    names = list(found[0])
    names = names[names.index("cpu_util") + 1 : names.index("cpu_ns")]
    return {name[: -len("_ns")]: total(found, name) for name in names}


@contextlib.contextmanager
def server(command, cpus=None, **kwargs):
    """A server that says where it listens: yields its process and port. It ends in peace, or Failed."""
    cpus = cpus or host.ALL_CPUS
    with host.running(command, cpus=cpus, stdout=subprocess.PIPE, text=True, **kwargs) as process:
        yield process, host.listening(process)
        process.terminate()
        finish(process)


@contextlib.contextmanager
def watched(pids, path, *more):
    """vmprof on these processes, rows to `path`: attached when the first is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listed = ",".join(str(pid) for pid in pids)
    command = [VMPROF, "--as-root", "--pid", listed, "--quiet", "--csv", path, *more]
    with host.running(command, cpus=host.ALL_CPUS, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                      text=True) as process:
        host.wait_for(lambda: host.read(path).count("\n") >= 2, "the first row of vmprof", 20, process)
        yield process
        process.terminate()
        finish(process)


def finish(process):
    """Until it has ended: Failed, with what it said, if that was not well."""
    try:
        _, said = process.communicate(timeout=30)
    except subprocess.TimeoutExpired as error:
        raise host.Failed(f"{os.path.basename(process.args[0])}: does not end") from error
    if process.returncode:
        last = (said or "").strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise host.Failed(f"{os.path.basename(process.args[0])}: {last[0]}")


def loadgen(app, port, clients, *more, cpus=None):
    """The load generator's own account; Failed if a reply was wrong."""
    command = [LOADGEN, "--app", app, "--port", str(port), "--clients", str(clients), "--json", *map(str, more)]
    return json.loads(host.output(command, cpus or host.ALL_CPUS, 120))


def parse(doc, name, least):
    parser = argparse.ArgumentParser(prog=f"scripts/case/{name}/run.sh", description=doc)
    parser.add_argument("--out", metavar="DIR", help=f"recordings and results (build/case/{name})")
    parser.add_argument("--from", dest="recorded", metavar="DIR", help="measure nothing: from the recordings in DIR")
    parser.add_argument("--against", metavar="DIR", help="results of another machine, in the next column"
                        if name.startswith("01") else argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=least, metavar="N", help=f"runs of each point ({least})")
    parser.add_argument("--quick", action="store_true", help="fewer points, shorter runs: to see that it works")
    options = parser.parse_args()
    if options.repeat < 1:
        parser.error("--repeat: at least 1")
    return options


def record(case, measure):
    """The recordings, made anew. about.json comes last: without it they are not complete."""
    if os.geteuid():
        raise host.Failed(f"measuring needs root: sudo {' '.join(sys.argv)}")
    for program in (VMPROF, SERVER, GO_SERVER, LOADGEN, MEMWORK):
        if not os.access(program, os.X_OK):
            raise host.Failed(f"{shown(program)} is not built: run make")
    shutil.rmtree(case.recording(""), ignore_errors=True)
    os.makedirs(case.recording(""))
    case.about = {
        "case": case.name,
        "machine": host.describe(),
        "cpus": len(host.ALL_CPUS),
        "date": time.strftime("%Y-%m-%d"),
        "vmprof": host.output([VMPROF, "--version"]).strip(),
        "quick": case.quick,
        "repeat": case.repeat,
    }
    measure(case)
    case.save("about.json", case.about)


def give_back(directory):
    """Under sudo, what was made belongs to the user who called it."""
    owner = os.environ.get("SUDO_UID")
    if owner:
        subprocess.run(["chown", "-Rh", f"{owner}:{os.environ.get('SUDO_GID', owner)}", directory], check=False)


def conclude(case):
    """Print everything, keep it in table.txt. Whether all was shown that must be."""
    lines = list(case.texts)
    lines += [("shown: " if true else "NOT SHOWN: ") + what for true, what in case.shown]
    lines.append(f"{case.about['machine']}; {case.about['vmprof']}; {case.about['date']}")
    text = "\n\n".join(lines[: len(case.texts)]) + "\n\n" + "\n".join(lines[len(case.texts) :]) + "\n"
    with open(os.path.join(case.results, "table.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text, end="")
    return all(true for true, _ in case.shown)


def main(doc, measure, report, repeat=1):
    """
    A study, from the command line to the exit status: 0 it shows what it must; 1 it does not, or could not be made;
    2 used wrongly. `repeat` is how many runs of each point are enough.
    """
    name = os.path.basename(os.path.dirname(os.path.realpath(sys.argv[0])))
    options = parse(doc, name, repeat)
    case = Case(name, options)
    try:
        if not options.recorded:
            record(case, measure)
        with intact(case.recording("about.json")):
            case.about = case.load("about.json")
            case.quick, case.repeat = case.about["quick"], case.about["repeat"]
        os.makedirs(case.results, exist_ok=True)
        report(case)
        well = conclude(case)
    except host.Failed as error:
        sys.exit(f"{name}: {error}")
    except OSError as error:
        sys.exit(f"{name}: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if not options.recorded:
            give_back(case.dir)
    sys.exit(0 if well else 1)


@contextlib.contextmanager
def intact(path):
    """Around what reads a recording: whatever that stumbles over means that it is damaged."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, csv.Error) as error:
        raise host.Failed(f"{shown(path)}: damaged, or not a recording of this study") from error
