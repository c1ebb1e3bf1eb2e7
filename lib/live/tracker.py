"""One experiment as the hub knows it: its plan, its watches, its newest view. Fed readings, never asks a source.

Everything here can be rebuilt from the store: history is the truth, the tracker is a copy.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lib.commentary.sentences import comment
from lib.experiments.errors import StoreError
from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Metric,
    MetricRole,
    Plan,
    Reading,
    Snapshot,
)
from lib.live.shelf import Shelf
from lib.live.speed import SpeedMeter
from lib.live.track import Track, joined
from lib.live.view import Checked, LiveView, Trouble
from lib.stats.analyse import analyse
from lib.stats.forecast import forecast
from lib.stats.plan import make_plan
from lib.stats.results import Analysis, Forecast, Series
from lib.stats.series import parted, series_of
from lib.stats.watch import Watch

log = logging.getLogger(__name__)
DAY = timedelta(days=1)
MAX_ROWS = (
    20_000  # a longer past is thinned in SQL before it is evaluated again; first rows of hours stay
)


class Tracker:
    """Turns readings of one experiment into views.

    Args:
        experiment: as configured when first seen.
        shelf: where snapshots, plans and calls are kept; the store, or the store as of a moment.
        meter: shared by all trackers of one source.
    """

    def __init__(self, experiment: Experiment, shelf: Shelf, *, meter: SpeedMeter) -> None:
        self.experiment = experiment
        self.view = LiveView(experiment=experiment)
        self.is_new = True
        self.needs_past = True
        self._shelf = shelf
        self._meter = meter
        self._plan: Plan | None = None
        self._is_plan_kept = False
        self._tracks: dict[str, Track] = {}
        self._daily: list[Analysis] = []
        self._calls: tuple[Call, ...] = ()

    def take(self, reading: Reading) -> LiveView:
        """One more reading: keep its numbers, evaluate them, make the view."""
        self._configure(reading.experiment)
        self._shelf.keep(reading.snapshots)
        self._feed_all(reading.snapshots)
        self._keep_plan()
        speed = self._meter.saw(reading.server_now, reading.taken_at)
        self.view = self._view(reading, speed)
        self.is_new = False
        return self.view

    def keep_past(self, snapshots: Sequence[Snapshot]) -> None:
        """Daily points from before the first look; evaluated again from the store at the next reading."""
        self.needs_past = False
        if snapshots and self._shelf.keep(snapshots):
            self._tracks.clear()

    @property
    def plan(self) -> Plan | None:
        """The frozen plan; None before the primary's first row."""
        return self._plan

    def newest(self, metric_id: str) -> datetime | None:
        """The moment of the newest row evaluated; None before the first."""
        track = self._tracks.get(metric_id)
        return None if track is None else track.snapshot.as_of

    def follow(self, experiment: Experiment, told: Checked, rows: Sequence[Snapshot]) -> LiveView:
        """The view another process makes: from the rows it kept, without a source.

        ``rows``: those since the newest evaluated, so that none is left out that the other evaluated.
        """
        self._configure(experiment)
        self._meter.speed = told.speed
        self._feed_all(sorted(rows, key=lambda row: row.as_of))
        reading = Reading(
            experiment=self.experiment,
            snapshots=tuple(rows),
            taken_at=told.taken_at,
            server_now=told.server_now,
            problems=told.problems,
            exposures=self._shelf.exposures(self.experiment.id),
            is_calculating=told.is_calculating,
        )
        self.view = self._view(reading, told.speed)
        if told.sentences and told.as_of == self.view.as_of:
            self.view = replace(self.view, sentences=told.sentences)
        return self.view

    def trouble(self, trouble: Trouble) -> LiveView:
        """Keep the last facts and say what is wrong; the first moment of the trouble stays."""
        before = self.view.trouble
        if before is not None and before.kind == trouble.kind:
            trouble = replace(trouble, since=before.since)
        self.view = replace(self.view, trouble=trouble)
        return self.view

    def _configure(self, experiment: Experiment) -> None:
        if _is_another_test(self.experiment, experiment):
            self._tracks.clear()
        self.experiment = experiment

    def _feed_all(self, snapshots: Sequence[Snapshot]) -> None:
        """The primary first: the plan comes from it."""
        primary = self.experiment.primary
        for snapshot in sorted(snapshots, key=lambda s: not primary or s.metric_id != primary.id):
            self._feed(snapshot)

    def _feed(self, snapshot: Snapshot) -> None:
        track = self._tracks.get(snapshot.metric_id)
        if track is None or track.watch.plan is None or track.is_corrected_by(snapshot):
            track = self._tracks[snapshot.metric_id] = self._rebuilt(snapshot)
        elif snapshot.as_of > track.snapshot.as_of:
            track.go_on(snapshot, self.experiment.variants)
        for call in track.watch.calls:
            self._shelf.record_call(call)
        if self._shelf.protect_all(self.experiment.id, snapshot.metric_id, track.to_keep):
            track.to_keep = ()

    def _rebuilt(self, snapshot: Snapshot) -> Track:
        """The watch of one metric from everything kept: after a start, a plan or a correction."""
        metric = self.experiment.metric(snapshot.metric_id)
        kept = self._shelf.thinned_series(self.experiment, metric, points=MAX_ROWS)
        series, ahead = parted(kept, snapshot.as_of)
        if not len(series) or series.as_of[-1] < snapshot.as_of.timestamp():
            series = joined(series, series_of([snapshot], self.experiment.variants))
        if self._plan is None:
            self._plan = self._frozen_plan(metric, series, snapshot)
        track = Track(Watch(self.experiment, metric, self._plan), snapshot, ahead)
        track.extend(series)
        return track

    def _frozen_plan(self, metric: Metric, series: Series, snapshot: Snapshot) -> Plan | None:
        kept = self._shelf.plan(self.experiment.id)
        if kept is not None or metric.role is not MetricRole.PRIMARY:
            return kept
        made = make_plan(self.experiment, series, snapshot.as_of)
        return None if made is None else self._shelf.freeze_plan(made)

    def _keep_plan(self) -> None:
        """A plan made while nothing could be kept is kept as soon as it can be: a restart must find this one."""
        if self._plan is None or self._is_plan_kept:
            return
        try:
            if self._shelf.plan(self.experiment.id) is None:
                self._shelf.freeze_plan(self._plan)
            self._is_plan_kept = self._shelf.plan(self.experiment.id) is not None
        except StoreError as error:
            log.info("the plan of experiment %s is not kept yet: %s", self.experiment.id, error)

    def _view(self, reading: Reading, speed: float) -> LiveView:
        moment = _Moment(
            server_now=reading.server_now,
            exposures=reading.exposures or self.view.exposures,
            calls=self._recorded(),
        )
        analyses, outlook = self._analyses(moment)
        primary = next((a for a in analyses if a.metric == self.experiment.primary), None)
        track = self._tracks[primary.metric.id] if primary else None
        return LiveView(
            experiment=self.experiment,
            analyses=analyses,
            problems=reading.problems,
            forecast=outlook,
            sentences=comment(
                self.experiment,
                primary,
                outlook,
                server_now=reading.server_now,
                earlier=self._earlier(primary),
                seen_at=reading.taken_at,
            ),
            exposures=moment.exposures,
            as_of=primary.snapshot.as_of if primary else None,
            checked_at=reading.taken_at,
            server_now=reading.server_now,
            speed=speed,
            is_calculating=reading.is_calculating,
            version=_version(self.experiment, analyses, reading),
            last_hour=track.added(timedelta(hours=1)) if track else None,
            evidence_yesterday=track.evidence_before(DAY) if track else None,
            evidence_course=track.course if track else (),
        )

    def _recorded(self) -> tuple[Call, ...]:
        """The calls as they are kept; while they cannot be read, as they were read last."""
        try:
            self._calls = self._shelf.calls(self.experiment.id)
        except StoreError as error:
            log.info(
                "experiment %s goes on with the calls read last: %s", self.experiment.id, error
            )
        return self._calls

    def _analyses(self, moment: _Moment) -> tuple[tuple[Analysis, ...], Forecast | None]:
        """Guardrails first, since the primary's verdict needs them; returned in the metrics' order.

        With them the primary's forecast, which rests on nothing that it adds to the analysis.
        """
        done: dict[str, Analysis] = {}
        outlooks: dict[str, Forecast | None] = {}
        for metric in sorted(self.experiment.metrics, key=_guardrails_first):
            track = self._tracks.get(metric.id)
            if track is None:
                continue
            guards = [a for a in done.values() if a.metric.role is MetricRole.GUARDRAIL]
            analysis = self._analyse(metric, track, moment, guards)
            if metric.role is MetricRole.PRIMARY:  # "unlikely to decide" needs the forecast
                outlook = outlooks[metric.id] = self._forecast(analysis, track, moment)
                analysis = self._analyse(metric, track, moment, guards, outlook)
            done[metric.id] = analysis
        primary = self.experiment.primary
        analyses = tuple(done[m.id] for m in self.experiment.metrics if m.id in done)
        return analyses, outlooks.get(primary.id) if primary else None

    def _analyse(
        self,
        metric: Metric,
        track: Track,
        moment: _Moment,
        guardrails: Sequence[Analysis],
        outlook: Forecast | None = None,
    ) -> Analysis:
        return analyse(
            experiment=self.experiment,
            metric=metric,
            plan=self._plan,
            watch=track.watch,
            snapshot=track.snapshot,
            server_now=moment.server_now,
            recorded=[c for c in moment.calls if c.metric_id == metric.id],
            exposures=moment.exposures,
            guardrails=guardrails,
            forecast=outlook,
            early=track.recent,
        )

    def _forecast(self, analysis: Analysis, track: Track, moment: _Moment) -> Forecast | None:
        if not self.experiment.is_running:
            return None
        return forecast(analysis, n_per_day=track.n_per_day(), server_now=moment.server_now)

    def _earlier(self, primary: Analysis | None) -> Analysis | None:
        """The analysis of about a day before, for "what changed"; keeps one a day of the data's clock."""
        if primary is None:
            return None
        as_of = primary.snapshot.as_of
        if not self._daily or as_of - self._daily[-1].snapshot.as_of >= DAY:
            self._daily = [*self._daily[-1:], primary]
        return self._daily[0] if self._daily[0] is not primary else None


@dataclass(frozen=True, slots=True)
class _Moment:
    """What all metrics of one reading share."""

    server_now: datetime
    exposures: Exposures | None
    calls: tuple[Call, ...]


def _guardrails_first(metric: Metric) -> bool:
    return metric.role is not MetricRole.GUARDRAIL


def _is_another_test(before: Experiment, after: Experiment) -> bool:
    """Whether the arms, the start or the metrics changed, so that nothing computed so far holds."""
    return (before.variants, before.started_at, before.metrics) != (
        after.variants,
        after.started_at,
        after.metrics,
    )


def _version(experiment: Experiment, analyses: Sequence[Analysis], reading: Reading) -> str:
    """Changes when anything shown changes: a key for figures shared by all viewers."""
    parts = [(a.metric.id, a.snapshot.as_of.timestamp(), a.verdict.state) for a in analyses]
    return f"{hash((experiment, tuple(parts), reading.problems)):x}"
