"""Fresher numbers than PostHog keeps, when the user allows it and somebody looks; used by the client.

Reading stored runs is free and moves once a day for most teams. Two rungs lead further: a forced query of the
primary metric, within an hourly allowance shared by all watched experiments in turn, and, only with its own
switch, starting one of PostHog's recalculations. Neither is used while the stored data are fresh in minutes of ours.
"""

from __future__ import annotations

import logging
import threading

from lib.experiments.errors import SourceError
from lib.experiments.model import Experiment, MetricKind, Status
from lib.sources.posthog.budget import HOUR_S, Window
from lib.sources.posthog.by_query import metric_key, metric_query, take_answer
from lib.sources.posthog.kept import Kept
from lib.sources.posthog.means import Means
from lib.sources.posthog.metrics import Defined
from lib.sources.posthog.replies import Reply, Route, wait_asked

LOG = logging.getLogger(__name__)
STALE_S = 60.0
LEAST_STALE_S = 20.0  # however many queries are allowed
RUN_STALE_S = 300.0
RUN_GAP_S = 310.0  # PostHog allows one run in five minutes
IN_TURN_S = 120.0  # who has not asked for so long has left the queue
GIVE_UP_S = 3600.0
JUDGED_HERE = frozenset({400, 403, 404, 409, 429, 503})


class Ladder:
    """Decides who may have fresher numbers now.

    Args:
        means: the connection.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        allowed = means.settings.live_queries_per_hour
        self._window = Window(max(allowed, 1), HOUR_S) if allowed else None
        self._spacing_s = HOUR_S / allowed if allowed else 0.0
        self._stale_s = max(LEAST_STALE_S, min(STALE_S, self._spacing_s))
        self._newest = float("-inf")
        self._had: dict[int, float] = {}
        self._wishes: dict[int, float] = {}
        self._runs_off_until = float("-inf")
        self._lock = threading.Lock()  # pages read the counts while a look adds to them

    def used(self) -> dict[str, tuple[int, int]]:
        """(used, allowed) live queries of the last hour."""
        if self._window is None:
            return {}
        with self._lock:
            used = self._window.used(self._means.monotonic())
        return {"live queries an hour": (used, self._window.limit)}

    def climb(self, kept: Kept, *, has_runs: bool) -> None:
        """Fetch or prepare fresher numbers for a watched experiment.

        Trouble on the way is not the reader's: the stored numbers stand, and the budget knows.
        """
        experiment = kept.experiment
        if experiment is None or experiment.status not in {Status.RUNNING, Status.EXPOSURE_FROZEN}:
            return
        primary = next((d for d in kept.defined if d.metric == experiment.primary), None)
        try:
            if has_runs:
                self._recalculate(kept, experiment)
            if primary is not None and primary.metric.kind is not MetricKind.LEGACY:
                self._query(kept, experiment, primary)
        except SourceError as error:
            LOG.info("No fresher numbers for experiment %d: %s", experiment.id, error)

    def _query(self, kept: Kept, experiment: Experiment, primary: Defined) -> None:
        key = ("live", *metric_key(kept, primary))
        is_asked = self._means.queries.in_flight("live", experiment.id) > 0
        if is_asked and not self._means.queries.in_flight(*key):
            return  # asked before an edit: let it end first, never two at once
        if not is_asked and not self._has_turn(kept, experiment, primary):
            return
        outcome = self._means.ask_query(
            key, metric_query(kept, primary), refresh="force_async", is_watched=True
        )
        if not is_asked and (outcome.result or self._means.queries.in_flight(*key)):
            self._count(experiment.id)
        if outcome.result is not None:
            take_answer(self._means, kept, primary, outcome.result)

    def _has_turn(self, kept: Kept, experiment: Experiment, primary: Defined) -> bool:
        """Whether a live query is due: stale, allowed, and nobody else has waited longer."""
        now = self._means.monotonic()
        if self._window is None or not self._is_stale(kept, primary.metric.id, self._stale_s):
            self._wishes.pop(experiment.id, None)
            return False
        self._wishes[experiment.id] = now
        with self._lock:
            wait_s = self._window.wait_s(now)
        if wait_s > 0 or now - self._newest < self._spacing_s:
            return False
        waiting = [i for i, at in self._wishes.items() if now - at < IN_TURN_S]
        return experiment.id == min(waiting, key=lambda i: self._had.get(i, float("-inf")))

    def _count(self, identity: int) -> None:
        now = self._means.monotonic()
        if self._window is not None:
            with self._lock:
                self._window.add(now)
        self._newest = self._had[identity] = now

    def _is_stale(self, kept: Kept, metric_id: str, limit_s: float) -> bool:
        """Whether the newest numbers are older than so many seconds of ours; unknown is not stale."""
        numbers = kept.numbers.get(metric_id)
        if self._means.server.speed is None:
            return False
        if numbers is None or numbers.snapshot is None:
            return True
        age_s = self._means.server.age_s(numbers.snapshot.as_of)
        return age_s is not None and age_s >= limit_s

    def _recalculate(self, kept: Kept, experiment: Experiment) -> None:
        now = self._means.monotonic()
        if not self._means.settings.may_recalculate or now < max(
            self._runs_off_until, kept.run_after
        ):
            return
        primary = experiment.primary
        if kept.is_calculating or primary is None:
            return
        if not self._is_stale(kept, primary.id, RUN_STALE_S):
            return
        kept.run_after = now + RUN_GAP_S
        reply = self._means.wire.send(
            Route.RECALCULATE,
            self._means.wire.url(f"experiments/{experiment.id}/metrics_recalculation/"),
            is_watched=True,
            body={"trigger": "manual"},
            accept=JUDGED_HERE,
        )
        self._judge(kept, reply, now)

    def _judge(self, kept: Kept, reply: Reply, now: float) -> None:
        if reply.status < 300:
            kept.is_calculating = True
        elif reply.status == 403:
            self._runs_off_until = now + GIVE_UP_S
        elif reply.status in {429, 503}:
            wait_s = wait_asked(reply, self._means.clock()) or RUN_GAP_S
            kept.run_after = now + max(wait_s, RUN_STALE_S if reply.status == 429 else STALE_S)
        else:
            kept.run_after = now + GIVE_UP_S
