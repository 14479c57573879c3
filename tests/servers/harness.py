# SPDX-License-Identifier: BSD-2-Clause
"""How the tests of the servers expect and wait: never without a deadline, never by sleeping in order to be in time."""
import os
import re
import time

PATIENCE = float(os.environ.get("PATIENCE", 30))  # s, for any one condition, on a busy machine


class Failed(Exception):
    pass


def expect(true, what):
    if not true:
        raise Failed(what)
    return true


def same(value, oracle, what):
    if value != oracle:
        raise Failed(f"{what}: {short(value)}, should be {short(oracle)}")


def agrees(value, oracle, what):
    """The oracle may be a regular expression."""
    if isinstance(oracle, re.Pattern):
        expect(oracle.fullmatch(value), f"{what}: {short(value)}, should match {oracle.pattern}")
    else:
        same(value, oracle, what)


def short(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:140]} …{len(text)}… {text[-140:]}"


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of condition()."""
    until = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed(f"waited {patience:g} s in vain: {what() if callable(what) else what}")
        time.sleep(0.002)
