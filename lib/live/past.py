"""The view of an earlier moment, recomputed without hindsight: only rows and calls up to then are seen."""

from __future__ import annotations

from collections.abc import Sequence
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
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from lib.live.view import LiveView
from lib.stats.results import Series


class ShelfAsOf:
    """The store as it stood at one moment of the data's clock; writes are dropped."""

    def __init__(self, store: Store, moment: datetime) -> None:
        self._store = store
        self._moment = moment

    def keep(self, snapshots: Sequence[Snapshot]) -> int:
        """Nothing is kept while looking back."""
        return 0

    def thinned_series(self, experiment: Experiment, metric: Metric, *, points: int) -> Series:
        """The rows up to the moment, thinned."""
        return self._store.thinned_series(experiment, metric, points=points, until=self._moment)

    def newest(self, experiment_id: int, metric_id: str) -> Snapshot | None:
        """The last row up to the moment."""
        return self._store.newest(experiment_id, metric_id, at=self._moment)

    def exposures(self, experiment_id: int) -> Exposures | None:
        """Exposures are kept as last seen only, so the past has none."""
        return None

    def plan(self, experiment_id: int) -> Plan | None:
        """The frozen plan; it never depends on what was observed."""
        return self._store.plan(experiment_id)

    def freeze_plan(self, plan: Plan) -> Plan:
        """A plan made while looking back is not kept."""
        return plan

    def calls(self, experiment_id: int) -> tuple[Call, ...]:
        """The calls known then, as they stood then."""
        return tuple(
            _as_known(call, self._moment)
            for call in self._store.calls(experiment_id)
            if call.as_of <= self._moment
        )

    def record_call(self, call: Call) -> bool:
        """Nothing is kept while looking back."""
        return False

    def protect(self, experiment_id: int, metric_id: str, as_of: datetime) -> int:
        """Nothing is kept while looking back."""
        return 0


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
