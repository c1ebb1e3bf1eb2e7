"""How often does the watcher announce an effect where there is none? The real hub, announcer, store and HTTP.

    python -m tests.bench.null_alerts [--experiments 400] [--days 16] [--step-hours 2] [--seed 7]

The stand-in serves experiments whose arms are the same (rates 5 to 30 %, 2,000 to 100,000 planned visitors over
14 days), time runs as fast as the polls do, every experiment is looked at on every tick from its start until
after its planned end. Goal: ever announced "proven" at most 5 % plus three standard errors of that share.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lib.demo.server import StandIn
from lib.demo.stories import FIRST_NULL
from lib.experiments.model import AlertKind
from lib.history.store import Store
from lib.live.announce import Announcer
from lib.live.feed import Hub
from lib.live.wiring import DEMO_KEY, DEMO_PROJECT
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.client import PostHogSource

TICK_S = 10.0  # the stand-in finishes a run every ten seconds
BEGUN = 1_800_000_000.0
MANY = 10**9
PROVEN = {AlertKind.PROVEN_BETTER, AlertKind.PROVEN_WORSE}
ALPHA = 0.05


class Hand:
    """Time as the bench tells it, for stand-in, source and hub alike."""

    def __init__(self):
        self.seconds = BEGUN

    def __call__(self):
        return self.seconds

    def utc(self):
        return datetime.fromtimestamp(self.seconds, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A hub over a stand-in, and the hand on their clock."""

    hub: Hub
    store: Store
    hand: Hand
    stand_in: StandIn

    def tick(self, ids):
        """Time goes on by one run; everything is looked at once."""
        self.hand.seconds += TICK_S
        for experiment_id in ids:
            self.hub.look(experiment_id)  # somebody watches
            self.hub.poll(experiment_id)


@contextmanager
def a_watch(folder, *, announce=True, **stand_in_options):
    """The real source, store, hub and announcer on a stand-in in the same hand."""
    hand = Hand()
    stand_in = StandIn(now=hand, limits=False, **stand_in_options)
    posthog = PostHogSettings(
        host=stand_in.start(),
        project_id=DEMO_PROJECT,
        api_key=Secret(DEMO_KEY),
        requests_per_minute=MANY,
        requests_per_hour=MANY,
        queries_per_minute=MANY,
        queries_per_hour=MANY,
        live_queries_per_hour=0,
    )
    source = PostHogSource(posthog, clock=hand.utc, monotonic=hand, sleep=lambda _: None)
    store = Store(f"sqlite:///{Path(folder) / 'history.sqlite3'}", clock=hand.utc)
    hub = Hub(source, store, clock=hand.utc, monotonic=hand, speed_hint=stand_in.clock.speed)
    if announce:
        hub.on_view(Announcer(store, clock=hand.utc))
    try:
        yield Watch(hub=hub, store=store, hand=hand, stand_in=stand_in)
    finally:
        hub.stop()
        store.close()
        stand_in.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was announced of experiments without an effect. ``seconds`` of real time."""

    experiments: int
    polls: int
    kinds: Counter
    proven: int
    seconds: float

    @property
    def share(self):
        return self.proven / self.experiments

    @property
    def bound(self):
        return ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / self.experiments)


def run(experiments, *, days=16.0, step_hours=2.0, seed=7, say=lambda _: None):
    """Watch so many experiments without an effect from their start; what was announced."""
    begun = time.perf_counter()
    ids = range(FIRST_NULL, FIRST_NULL + experiments)
    speed = step_hours * 3600 / TICK_S
    ticks = round(days * 24 / step_hours)
    with (
        tempfile.TemporaryDirectory() as folder,
        a_watch(folder, nulls=experiments, seed=seed, speed=speed, start_day=0.01) as watch,
    ):
        for tick in range(ticks):
            watch.tick(ids)
            if tick % 12 == 11:
                say(f"day {(tick + 1) * step_hours / 24:.1f}, {time.perf_counter() - begun:.0f} s")
        alerts = [a for i in ids for a in watch.store.alerts(i)]
        read = {i for i in ids if watch.hub.look(i).primary is not None}
    assert len(read) == experiments, "every experiment must have been read"
    return Outcome(
        experiments=experiments,
        polls=ticks * experiments,
        kinds=Counter(a.kind.value for a in alerts),
        proven=len({a.experiment_id for a in alerts if a.kind in PROVEN}),
        seconds=time.perf_counter() - begun,
    )


def main():
    """Print what was announced."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=400)
    parser.add_argument("--days", type=float, default=16.0)
    parser.add_argument("--step-hours", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    found = run(
        asked.experiments,
        days=asked.days,
        step_hours=asked.step_hours,
        seed=asked.seed,
        say=lambda words: print(words, flush=True),
    )
    print(f"experiments without an effect  {found.experiments}")
    print(f"polls                          {found.polls}, {found.seconds:.0f} s")
    for kind, n in sorted(found.kinds.items()):
        print(f"announced {kind:20} {n}")
    print(f"ever announced proven          {found.proven} = {found.share:.4f}")
    print(f"allowed                        {found.bound:.4f}")
    if found.share > found.bound:
        raise SystemExit("too many false announcements")


if __name__ == "__main__":
    main()
