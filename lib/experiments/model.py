"""The types every package shares: what PostHog knows, frozen, checked when made, standard library only.

Rates and lifts are fractions, times are aware UTC datetimes, sequences are tuples. ``as_of`` and the
experiment's own dates are on the server's clock; ``taken_at`` and ``checked_at`` are on ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Clock = Callable[[], datetime]


class Status(StrEnum):
    """Where an experiment stands; the words are PostHog's."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    EXPOSURE_FROZEN = "exposure_frozen"
    STOPPED = "stopped"


class MetricKind(StrEnum):
    """How a metric's totals become a value; the words are PostHog's ``metric_type``."""

    FUNNEL = "funnel"  # converters / visitors
    MEAN = "mean"  # total / visitors
    RATIO = "ratio"  # total / base_total
    RETENTION = "retention"  # total / base_total
    LEGACY = "legacy"  # counted by PostHog's old engine: shown, never decided on


class Goal(StrEnum):
    """Which direction is better; PostHog's words."""

    UP = "increase"
    DOWN = "decrease"


class MetricRole(StrEnum):
    """What a metric is for: one primary decides, guardrails warn, the rest are exploratory."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One arm. ``share`` is its planned share of the experiment's visitors, 0..1."""

    key: str
    name: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that is measured. ``id`` is PostHog's uuid."""

    id: str
    name: str
    kind: MetricKind
    goal: Goal = Goal.UP
    role: MetricRole = MetricRole.PRIMARY
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInPostHog:
    """What the team planned in PostHog. ``mde`` is a fraction, ``n_total`` visitors over all arms."""

    mde: float | None = None
    n_total: int | None = None
    days: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One experiment as configured. ``variants``: baseline first, then the configured order."""

    id: int
    name: str
    status: Status
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    started_at: datetime | None = None
    ended_at: datetime | None = None
    flag_key: str = ""
    description: str = ""
    url: str = ""
    traffic_share: float = 1.0
    method: str = "bayesian"
    planned: PlannedInPostHog = field(default_factory=PlannedInPostHog)
    tags: tuple[str, ...] = ()
    holdout: str | None = None
    excluded_variants: tuple[str, ...] = ()
    is_legacy: bool = False

    @property
    def baseline(self) -> Variant | None:
        """The arm the others are compared with; None for an experiment without variants."""
        return self.variants[0] if self.variants else None

    @property
    def treatments(self) -> tuple[Variant, ...]:
        """Every arm but the baseline, in configured order."""
        return self.variants[1:]

    @property
    def primary(self) -> Metric | None:
        """The one metric that decides; None when the experiment has no metric."""
        return next((m for m in self.metrics if m.role is MetricRole.PRIMARY), None)

    @property
    def is_running(self) -> bool:
        """Whether numbers may still move: running, paused or with enrolment frozen."""
        return self.status in {Status.RUNNING, Status.PAUSED, Status.EXPOSURE_FROZEN}

    def metric(self, metric_id: str) -> Metric:
        """The metric with this id; raises KeyError."""
        return next_or_key_error(self.metrics, metric_id)


def next_or_key_error(metrics: tuple[Metric, ...], metric_id: str) -> Metric:
    """Find a metric by id or raise KeyError naming it."""
    for metric in metrics:
        if metric.id == metric_id:
            return metric
    raise KeyError(metric_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sufficient statistics of one arm for one metric, cumulative since the start.

    ``n`` visitors (for ratio and retention too), ``total`` the sum over them (a funnel: converters),
    ``total_sq`` the sum of squares; ``base_*`` the denominator of a ratio, ``cross_total`` the sum of
    products; ``steps`` visitors who reached each funnel step; ``covariate_*`` pre-exposure sums.
    """

    variant_key: str
    n: int
    total: float
    total_sq: float
    base_total: float | None = None
    base_total_sq: float | None = None
    cross_total: float | None = None
    steps: tuple[int, ...] = ()
    covariate_total: float | None = None
    covariate_total_sq: float | None = None
    covariate_cross: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a total."""
        if self.n < 0:
            raise ValueError(f"{self.variant_key}: a negative number of visitors")
        if self.total_sq < 0:
            raise ValueError(f"{self.variant_key}: a negative sum of squares")
        # Cauchy-Schwarz with room for rounding: n * sum of squares is never below the square of the sum.
        if self.n and self.total_sq * self.n < self.total**2 * (1 - 1e-9) - 1e-9:
            raise ValueError(f"{self.variant_key}: squares smaller than the sum allows")


class Origin(StrEnum):
    """Which way a snapshot came."""

    RUN = "run"  # a stored run of PostHog
    QUERY = "query"  # computed on request
    DAILY = "daily"  # one point of PostHog's daily series


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """PostHog's own figures for one arm, for the expert panel only. Intervals are relative, fractions."""

    variant_key: str
    method: str
    significant: bool | None = None
    chance_to_win: float | None = None
    p_value: float | None = None
    interval: tuple[float, float] | None = None
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Every arm's totals for one metric at one moment. ``totals`` follow the experiment's variants."""

    experiment_id: int
    metric_id: str
    as_of: datetime
    taken_at: datetime
    totals: tuple[Totals, ...]
    reported: tuple[Reported, ...] = ()
    origin: Origin = Origin.RUN
    n_excluded: int = 0  # people seen in more than one arm, whom PostHog leaves out

    def __post_init__(self) -> None:
        """Refuse times without a zone."""
        for moment in (self.as_of, self.taken_at):
            if moment.tzinfo is None:
                raise ValueError("a snapshot needs times with a time zone")

    def of(self, variant_key: str) -> Totals | None:
        """The totals of one arm, None when the source did not send that arm."""
        return next((t for t in self.totals if t.variant_key == variant_key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposures:
    """Who was exposed: cumulative counts per arm by day (ISO date), totals, and people in several arms."""

    as_of: datetime
    totals: Mapping[str, int]
    daily: Mapping[str, tuple[tuple[str, int], ...]]
    n_multiple: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricProblem:
    """Why one metric has no numbers while others may have; ``sentence`` is for a person."""

    metric_id: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a source for one experiment: configuration, numbers, problems and the server's clock."""

    experiment: Experiment
    snapshots: tuple[Snapshot, ...]
    taken_at: datetime
    server_now: datetime
    problems: tuple[MetricProblem, ...] = ()
    exposures: Exposures | None = None
    is_calculating: bool = False
    is_fresh_run: bool = True  # False: placeholder from daily points


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the experiment was to find and when, frozen at first sight (statistics 5.1).

    Args:
        mde: smallest lift worth detecting, a fraction.
        n_per_arm: planned visitors per arm, in the order of the variants.
        days: planned duration in days.
        origin: ``posthog``, ``default`` or ``user``: where mde and days come from.
    """

    experiment_id: int
    mde: float
    n_per_arm: tuple[float, ...]
    days: float
    frozen_at: datetime
    origin: str = "default"
    alpha: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A crossing of the always-valid line, recorded once with its numbers; it never fades.

    ``as_of`` is the moment of the data. ``direction`` is +1 when the treatment's value is above the
    baseline's, whatever the goal. ``withdrawn_because`` is set when data were corrected or health failed.
    """

    experiment_id: int
    metric_id: str
    treatment_key: str
    as_of: datetime
    direction: int
    lift: float | None
    low: float | None
    high: float | None
    evidence: float
    withdrawn_at: datetime | None = None
    withdrawn_because: str = ""


class AlertKind(StrEnum):
    """Everything that may be announced."""

    PROVEN_BETTER = "proven_better"
    PROVEN_WORSE = "proven_worse"
    GUARDRAIL = "guardrail_harmed"
    SPLIT_OFF = "split_off"
    DATA_STOPPED = "data_stopped"
    PLANNED_END = "planned_end"
    UNLIKELY = "unlikely"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something announced once. The same event has the same ``key``, whoever sees it, however often."""

    key: str
    experiment_id: int
    kind: AlertKind
    text: str
    raised_at: datetime
    as_of: datetime | None = None
    facts: tuple[Mapping[str, str], ...] = ()  # the numbers of that moment, as recorded strings
    why_now: tuple[Mapping[str, str], ...] = ()  # the why-not-yet list as it stood
