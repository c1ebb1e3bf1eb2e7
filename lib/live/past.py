"""The view of an earlier moment, recomputed without hindsight: only rows and calls up to then are seen.

A moment is one of the data's clock. What was known then is what was known when the reading of that moment was
first taken: a later correction of an earlier row is not seen, and the row itself stands as it was first read.
Daily points from before the first look were all read at that look, so each of them knows the ones before it.
The set-up is the one of now; when it changed is told by the notes of the timeline.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Metric,
    Plan,
    Reading,
    Snapshot,
    Status,
)
from lib.history.store import Store
from lib.live.shelf import LookingBack
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from lib.live.view import LiveView
from lib.stats.results import Series


class ShelfAsOf(LookingBack):
    """The store as it stood at one moment of the data's clock; writes are dropped."""

    def __init__(self, store: Store, moment: datetime) -> None:
        self._store = store
        self._moment = moment
        self._known: dict[tuple[int, str], datetime | None] = {}

    def thinned_series(self, experiment: Experiment, metric: Metric, *, points: int) -> Series:
        """The rows up to the moment as known then, thinned."""
        known_at = self._known_at(experiment.id, metric.id)
        return self._store.thinned_series(
            experiment, metric, points=points, until=self._moment, known_at=known_at
        )

    def newest(self, experiment_id: int, metric_id: str) -> Snapshot | None:
        """The last row up to the moment as it was first read."""
        known_at = self._known_at(experiment_id, metric_id)
        return self._store.newest(experiment_id, metric_id, at=self._moment, known_at=known_at)

    def _known_at(self, experiment_id: int, metric_id: str) -> datetime | None:
        key = (experiment_id, metric_id)
        if key not in self._known:
            self._known[key] = self._store.first_known(*key, self._moment)
        return self._known[key]

    def exposures(self, experiment_id: int) -> Exposures | None:
        """As known when the readings asked for so far were first taken."""
        known = [at for at in self._known.values() if at is not None]
        return self._store.exposures(experiment_id, known_at=max(known)) if known else None

    def plan(self, experiment_id: int) -> Plan | None:
        """The frozen plan; it never depends on what was observed."""
        return self._store.plan(experiment_id)

    def calls(self, experiment_id: int) -> tuple[Call, ...]:
        """The calls known then, as they stood then."""
        return tuple(
            _as_known(call, self._moment)
            for call in self._store.calls(experiment_id)
            if call.as_of <= self._moment
        )


def view_as_of(store: Store, view: LiveView, moment: datetime) -> LiveView:
    """What ``view`` would have been at ``moment`` of the data's clock."""
    experiment = view.experiment
    shelf = ShelfAsOf(store, moment)
    tracker = Tracker(experiment, shelf, meter=SpeedMeter(view.speed))
    newest = [shelf.newest(experiment.id, m.id) for m in experiment.metrics]
    snapshots = tuple(s for s in newest if s is not None)
    reading = Reading(
        experiment=_as_it_stood(experiment, moment),
        snapshots=snapshots,
        taken_at=max((s.taken_at for s in snapshots), default=moment),
        server_now=moment,
        exposures=shelf.exposures(experiment.id),
    )
    return replace(tracker.take(reading), frozen_at=moment)


def _as_it_stood(experiment: Experiment, moment: datetime) -> Experiment:
    """Running, if it had not ended by then."""
    if experiment.ended_at is None or experiment.ended_at <= moment:
        return experiment
    return replace(experiment, ended_at=None, status=Status.RUNNING)


def _as_known(call: Call, moment: datetime) -> Call:
    if call.withdrawn_at is None or call.withdrawn_at <= moment:
        return call
    return replace(call, withdrawn_at=None, withdrawn_because="")
