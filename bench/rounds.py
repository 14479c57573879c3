# SPDX-License-Identifier: BSD-2-Clause
"""Alternation: in each round every configuration once, in an order that is drawn anew."""

import random
import time

import figures
import host


def alternate(context, part, configs, pids, measure, budget, least):
    """
    Rounds until `budget` seconds have gone, at least `least` of them. measure(config) yields
    (subject, value, unit). A configuration that fails is left out from then on.
    """
    rounds = figures.Rounds()
    order = random.Random(1)
    left = [config for config in configs if config not in context.attacher.broken]
    begin = time.monotonic()
    while True:
        started = time.monotonic()
        rounds.begin()
        for config in order.sample(left, len(left)):
            try:
                with context.attacher.attached(config, pids):
                    with context.attacher.measuring() as strangers:
                        found = list(measure(config))
            except host.Failed as error:
                context.note(f"Left out: {part}, {config}: {error}.")
                left.remove(config)
                continue
            for subject, value, unit in found:
                rounds.add(subject, config, value, bool(strangers))
                context.raw.add(part, subject, len(rounds.turns) - 1, config, value, unit, bool(strangers))
        now = time.monotonic()
        if len(rounds.turns) >= least and now + (now - started) > begin + budget:
            rounds.settle()
            return rounds
