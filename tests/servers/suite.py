# SPDX-License-Identifier: BSD-2-Clause
"""Runs checks on combinations of model and app, several at a time, and says in TAP what came of them."""
import argparse
import concurrent.futures
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

import says_http
import says_kv
from harness import Failed
from server import Server, end_with_parent, many_files
from talk import TALKS

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
MODELS = ("thread", "fork", "event", "coroutine")


class Test:
    """What a check is about."""

    def __init__(self, options, model, app, directory):
        self.binary, self.model, self.app = os.path.realpath(options.server), model, app
        self.talk, self.dir, self.seed, self.scale = TALKS[app], directory, options.seed, options.scale
        self.sanitizer, self.limit = options.sanitizer, options.limit
        self.loops = model in ("event", "coroutine")
        os.chmod(directory, 0o755)  # servers of another user get in
        self.root = says_http.make_root(directory) if app == "http" else None
        self.redis = says_kv.Redis(directory) if app == "kv" else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.redis:
            self.redis.stop()

    def server(self, *more, **how):
        return Server(self, *more, **how)

    def megabytes(self, n):
        """A bound on memory: sanitizers keep what was freed, and shadows."""
        return n * (8 if self.sanitizer else 1) << 20


def _begin():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()


def _too_long(*_):
    raise Failed("the check as a whole takes too long")


def _wrong(check, test):
    """What is wrong with it, or None."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(test.limit)
    try:
        check(test)
    except Exception as e:  # whatever it is: it failed
        frames = traceback.extract_tb(e.__traceback__)[1:]
        lines = [f"{os.path.basename(f.filename)}:{f.lineno}  {f.line}" for f in frames]
        return "\n".join([f"{type(e).__name__}: {e}", *lines])
    finally:
        signal.alarm(0)
    return None


def run(suite, options, model, app):
    """(check, what is wrong with it, seconds) of one combination."""
    results = []
    many_files()
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        with Test(options, model, app, directory) as test:
            for check in suite.chosen(options, model, app):
                start = time.monotonic()
                results.append((check, _wrong(check, test), time.monotonic() - start))
    return results


class Suite:
    """`checks`: those for (options, model, app)."""

    def __init__(self, description, models, checks):
        self.description, self.models, self.checks = description, models, checks

    def chosen(self, options, model, app):
        some = self.checks(options, model, app)
        return [check for check in some if not options.only or check.__name__ in options.only]

    def options(self):
        parser = argparse.ArgumentParser(description=self.description)
        parser.add_argument("--server", default=os.path.join(ROOT, "servers/server"))
        parser.add_argument("--model", nargs="+", choices=MODELS, default=self.models)
        parser.add_argument("--app", nargs="+", choices=list(TALKS), default=list(TALKS))
        parser.add_argument("--only", nargs="+", metavar="CHECK", help="only checks of these names")
        parser.add_argument("--jobs", type=int, default=6, help="combinations at a time")
        parser.add_argument("--limit", type=int, default=120, help="seconds for one check")
        parser.add_argument("--scale", type=int, default=1, help="divide what is done by the thousand by this")
        parser.add_argument("--sanitizer", action="store_true", help="the server is built with one")
        parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
        parser.add_argument("--times", action="store_true", help="how long each check took")
        return parser.parse_args()

    def main(self):
        options = self.options()
        pairs = [(model, app) for app in options.app for model in options.model]
        print(f"1..{sum(len(self.chosen(options, *pair)) for pair in pairs)}\n# --seed {options.seed}", flush=True)
        if not shutil.which(options.server):
            print(f"Bail out! no server {options.server}: make servers")
            return 1
        options.dir = tempfile.mkdtemp(prefix="vmprof-servers-")
        os.chmod(options.dir, 0o755)
        signal.signal(signal.SIGTERM, lambda *_: self._give_up(options))
        try:
            return self._run(options, pairs)
        finally:
            shutil.rmtree(options.dir, ignore_errors=True)

    def _give_up(self, options):
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        shutil.rmtree(options.dir, ignore_errors=True)
        os._exit(128 + signal.SIGTERM)

    def _run(self, options, pairs):
        number, failed = 0, 0
        with concurrent.futures.ProcessPoolExecutor(options.jobs, initializer=_begin) as pool:
            done = [(pair, pool.submit(run, self, options, *pair)) for pair in pairs]
            for (model, app), results in ((pair, future.result()) for pair, future in done):
                for check, wrong, seconds in results:
                    number += 1
                    failed += wrong is not None
                    print(f"{'not ' if wrong else ''}ok {number} {model} {app}: {check.__doc__}"
                          + (f" # {check.__name__} {seconds:.2f} s" if options.times or wrong else ""))
                    for line in (wrong or "").splitlines():
                        print(f"# {line}")
                sys.stdout.flush()
        return 1 if failed else 0
