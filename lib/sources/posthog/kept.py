"""What the client remembers of one experiment between looks; one `Kept` each, made and used by the client alone.

Numbers never go backwards: per metric a reading replaces the kept one only when its data end no earlier, unless the
configuration was edited since. Numbers that vanish after an edit stay, marked as those of the previous run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lib.experiments.errors import SourceDown, SourceError
from lib.experiments.model import Experiment, Exposures, MetricProblem, Origin, Snapshot
from lib.sources.base import Past
from lib.sources.posthog.fields import Row, part
from lib.sources.posthog.metrics import Defined
from lib.sources.posthog.results import Decoded

LONG_AGO = float("-inf")
SHAPES_RESULTS = (
    "start_date",
    "end_date",
    "stats_config",
    "exposure_criteria",
    "excluded_variants",
    "holdout_id",
    "only_count_matured_users",
)


@dataclass(slots=True)
class Numbers:
    """The newest numbers of one metric, under which configuration they came, and what is wrong now."""

    snapshot: Snapshot | None = None
    config: str = ""
    problems: tuple[MetricProblem, ...] = ()
    answered_at: float = LONG_AGO  # when a query for it was last answered


@dataclass(slots=True)
class Kept:
    """One experiment's memory. Times without a unit in their name are monotonic seconds."""

    detail: Row = field(default_factory=dict)
    experiment: Experiment | None = None
    defined: tuple[Defined, ...] = ()
    detail_at: float = LONG_AGO
    n_outages: int = 0  # of the connection, when the configuration was read
    digest: str = ""
    query_to: datetime | None = None
    moved_at: float = LONG_AGO
    still_s: float = 0.0  # how long query_to had stood still before it last moved
    numbers: dict[str, Numbers] = field(default_factory=dict)
    exposures: Exposures | None = None
    exposures_at: float = LONG_AGO
    is_calculating: bool = False
    has_waited: bool = False  # once, for the first answers to queries
    is_placeholder: bool = False
    held_until: float = LONG_AGO
    held: SourceError | None = None
    run_after: float = LONG_AGO  # no recalculation is started before
    past: Past | None = None
    past_key: str = ""
    past_again_at: float = LONG_AGO
    past_points: dict[str, tuple[Snapshot, ...]] = field(default_factory=dict)

    def hold(self, error: SourceError, until: float) -> None:
        """Ask nothing about this experiment until then."""
        self.held, self.held_until = error, until

    def refusal(self, now: float) -> SourceError | None:
        """Why nothing may be asked about this experiment now; None when it may."""
        if self.held is None or now >= self.held_until:
            return None
        if isinstance(self.held, SourceDown):
            return SourceDown(str(self.held), self.held_until - now)
        return self.held

    def progress(self) -> tuple[int, int]:
        """Of how many metrics daily points or totals are there, and of how many."""
        names = [defined.metric.id for defined in self.defined]
        there = {*list(self.past_points), *(i for i, n in list(self.numbers.items()) if n.snapshot)}
        return sum(name in there for name in names), len(names)

    def forget(self) -> None:
        """Drop what makes the next look cheap; the numbers stay, so that they never go backwards."""
        self.detail_at = self.exposures_at = self.held_until = self.past_again_at = LONG_AGO
        self.digest = self.past_key = ""
        self.past_points = {}
        for numbers in self.numbers.values():
            numbers.answered_at = LONG_AGO

    def configure(self, detail: Row, experiment: Experiment, defined: tuple[Defined, ...]) -> None:
        """Take over a freshly read configuration."""
        self.detail, self.experiment, self.defined = detail, experiment, defined

    def config_of(self, metric_id: str) -> str:
        """Changes whenever something changes that PostHog recalculates for."""
        definition = next((d.definition for d in self.defined if d.metric.id == metric_id), {})
        shaping: dict[str, Any] = {name: self.detail.get(name) for name in SHAPES_RESULTS}
        shaping["arms"] = part(part(self.detail, "feature_flag"), "filters").get("multivariate")
        shaping["metric"] = {k: v for k, v in definition.items() if k not in {"name", "goal"}}
        text = json.dumps(shaping, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def moved(self, query_to: datetime | None, now: float) -> bool:
        """Note where the stored data end; whether that moved."""
        if query_to == self.query_to:
            return False
        self.still_s = now - self.moved_at if self.query_to is not None else 0.0
        self.query_to, self.moved_at = query_to, now
        return True

    def take(self, decoded: Decoded, *, server_now: datetime | None = None) -> bool:
        """Take over a metric's newest numbers; whether they replaced what was kept.

        Older numbers than the kept ones are dropped together with their problems, unless the kept ones lie in the
        server's future: then its clock was set back, or it is another server.
        """
        kept = self.numbers.setdefault(decoded.metric_id, Numbers())
        fresh = decoded.snapshot
        config = self.config_of(decoded.metric_id)
        if fresh is None:
            kept.problems = _without_numbers(kept, decoded, config)
            return False
        if kept.snapshot and kept.config == config and _is_behind(fresh, kept.snapshot, server_now):
            kept.problems = tuple(p for p in kept.problems if p.kind not in PASSING)
            return False
        is_same = kept.snapshot is not None and _same(kept.snapshot, fresh)
        kept.snapshot = kept.snapshot if is_same else fresh
        kept.config, kept.problems = config, decoded.problems
        return not is_same

    def snapshots(self) -> tuple[Snapshot, ...]:
        """The newest numbers of every metric that has any, in the experiment's order."""
        ordered = (self.numbers.get(found.metric.id) for found in self.defined)
        return tuple(kept.snapshot for kept in ordered if kept and kept.snapshot)

    def problems(self) -> tuple[MetricProblem, ...]:
        """Everything wrong with the numbers now."""
        ordered = (self.numbers.get(found.metric.id) for found in self.defined)
        return tuple(found for kept in ordered if kept for found in kept.problems)


AHEAD = timedelta(minutes=10)  # a server's machines may disagree by less
PASSING = frozenset({"recalculating", "pending", "no_results", "failed", "slow"})


def _without_numbers(kept: Numbers, decoded: Decoded, config: str) -> tuple[MetricProblem, ...]:
    """Problems of a metric that came without numbers: kept ones are called those of the previous run.

    Numbers that a query gave do not vanish with a stored run, unless the configuration was edited.
    """
    is_lasting = any(p.kind not in {"pending", "no_results"} for p in decoded.problems)
    if kept.snapshot is None or is_lasting:
        return decoded.problems
    if kept.snapshot.origin is Origin.QUERY and kept.config == config:
        return tuple(p for p in kept.problems if p.kind not in PASSING)
    sentence = "New numbers on the way; shown ones are from the previous run."
    return (MetricProblem(metric_id=decoded.metric_id, kind="recalculating", sentence=sentence),)


def _is_behind(fresh: Snapshot, shown: Snapshot, server_now: datetime | None) -> bool:
    """Whether new numbers reach less far than those shown.

    A query may read a copy of the data that trails: one that counts fewer people than the stored run before it is
    older than it says.
    """
    if fresh.as_of < shown.as_of:
        return server_now is None or shown.as_of <= server_now + AHEAD
    is_after_run = fresh.origin is Origin.QUERY and shown.origin is not Origin.QUERY
    return is_after_run and _people(fresh) < _people(shown)


def _people(snapshot: Snapshot) -> int:
    return sum(totals.n for totals in snapshot.totals)


def _same(before: Snapshot, after: Snapshot) -> bool:
    return (before.as_of, before.totals, before.reported, before.origin) == (
        after.as_of,
        after.totals,
        after.reported,
        after.origin,
    )
