"""A LiveView is all a page shows of one experiment at one moment: immutable, shared by every viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lib.experiments.facts import Sentence
from lib.experiments.model import Experiment, Exposures, MetricProblem
from lib.stats.results import Analysis, Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why the numbers are not fresh. ``kind``: down, refused, surprise, slow, limited, store.

    ``setting`` names the setting to change, if one is to blame.
    """

    kind: str
    sentence: str
    since: datetime
    setting: str | None = None
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The last good look at an experiment beside its numbers, as kept for other processes.

    The sentences go along, since what changed is told from when a process first looked. ``ends``: where the numbers
    shown of each metric end, by its id; a metric that is not in it is told up to its newest row.
    """

    server_now: datetime
    taken_at: datetime
    speed: float
    as_of: datetime | None = None
    problems: tuple[MetricProblem, ...] = ()
    is_calculating: bool = False
    sentences: tuple[Sentence, ...] = ()
    ends: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveView:
    """One experiment, live.

    Args:
        experiment: as configured now.
        analyses: one a metric that has numbers, the primary first.
        problems: metrics without numbers, and why.
        forecast: of the primary metric.
        sentences: the computed commentary, at most three; the first is the verdict.
        as_of: where the primary's numbers end, server's clock; None before there are any.
        checked_at: our clock, last good look; None before the first.
        server_now: the server's clock at ``checked_at``.
        speed: server seconds per second of ours, 1.0 for PostHog; a replay runs faster.
        trouble: why it is not fresh; None when all is well.
        cadence_s: seconds between looks now; ``cadence_because`` says why when it is not the usual.
        is_calculating: newer numbers are being computed upstream.
        version: changes whenever anything shown changed; a cache key.
        frozen_at: set when this view is a look into the past.
        last_hour: visitors added in the last hour of the server's clock; None unknown.
        evidence_yesterday: highest evidence of the primary one day earlier; None unknown.
        evidence_course: highest evidence of the primary over the whole run, coarse: (POSIX seconds, 0..1).
    """

    experiment: Experiment
    analyses: tuple[Analysis, ...] = ()
    problems: tuple[MetricProblem, ...] = ()
    forecast: Forecast | None = None
    sentences: tuple[Sentence, ...] = ()
    exposures: Exposures | None = None
    as_of: datetime | None = None
    checked_at: datetime | None = None
    server_now: datetime | None = None
    speed: float = 1.0
    trouble: Trouble | None = None
    cadence_s: float = 10.0
    cadence_because: str = ""
    is_calculating: bool = False
    version: str = ""
    frozen_at: datetime | None = None
    last_hour: int | None = None
    evidence_yesterday: float | None = None
    evidence_course: tuple[tuple[float, float], ...] = ()

    @property
    def primary(self) -> Analysis | None:
        """The analysis that decides; None while the primary metric has no numbers."""
        metric = self.experiment.primary
        return next((a for a in self.analyses if metric and a.metric.id == metric.id), None)

    def server_time(self, now: datetime) -> datetime | None:
        """The server's clock at our ``now``."""
        if self.server_now is None or self.checked_at is None:
            return None
        return self.server_now + (now - self.checked_at) * self.speed

    def data_age(self, now: datetime) -> timedelta | None:
        """How old the numbers are, on the server's clock."""
        there = self.server_time(now)
        return (
            None if there is None or self.as_of is None else max(there - self.as_of, timedelta(0))
        )
