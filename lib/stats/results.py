"""What the statistics answer with. Every quantity the screens show is defined here, once.

Words used everywhere:

* evidence: ``1 - p_always`` of an arm, Holm-adjusted over the arms, 0..1. It never falls, and it reaches
  0.95 exactly when the arm is called. This is the needle of the significance gauge.
* p_always: running minimum of the always-valid p-value; p_now: the one of this moment, may rise again.
* interval: always-valid, relative to the baseline, holds at every look at once; single_look: holds for one look.
* progress: ``|z| / z_crit``, 1 at the line.
* lift: treatment / baseline - 1, as observed; likely_lift: its posterior mean under the prior of section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lib.experiments.model import Call, Metric, Plan, Snapshot

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Cumulative totals of one metric over time, oldest first.

    ``as_of`` POSIX seconds, shape (T,). The rest has shape (T, K), K arms, baseline first; None where the
    metric kind has no such sum.
    """

    as_of: Floats
    n: Floats
    total: Floats
    total_sq: Floats
    base_total: Floats | None = None
    base_total_sq: Floats | None = None
    cross_total: Floats | None = None
    covariate_total: Floats | None = None
    covariate_total_sq: Floats | None = None
    covariate_cross: Floats | None = None
    n_excluded: Floats | None = None  # shape (T,): people PostHog left out for seeing several arms
    is_daily: Bools | None = None  # shape (T,): points of PostHog's daily series; None: not known

    def __len__(self) -> int:
        """Number of moments."""
        return len(self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Low and high end at ``level`` (0..1); an end may be infinite, never NaN."""

    low: float
    high: float
    level: float = 0.95


class BlockedBecause(StrEnum):
    """Why a comparison has no number yet."""

    NO_DATA = "no_data"
    EMPTY_ARM = "empty_arm"
    ZERO_VARIANCE = "zero_variance"
    ZERO_BASELINE = "zero_baseline"
    TOO_FEW = "too_few"
    DATA_ERROR = "data_error"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """No number, and why. ``unblocked_by`` says in plain words what has to happen."""

    treatment_key: str
    control_key: str
    reason: BlockedBecause
    unblocked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One treatment against the baseline at one moment. Lifts are fractions of the baseline.

    ``lift``, ``interval`` and ``single_look`` are None when the baseline cannot be told from zero; the
    ``difference`` figures are always there. ``evidence`` is Holm-adjusted. ``p_value`` and
    ``chance_to_win`` hold for one look only (expert panel); ``chance_to_win`` is P(treatment value >
    baseline value), not turned round by the goal. ``loss_ship`` and ``loss_keep`` are expected lift lost by
    shipping the treatment or keeping the baseline when more is better; the goal turns them round.
    """

    treatment_key: str
    control_key: str
    control_value: float
    treatment_value: float
    difference: float
    difference_interval: Interval
    lift: float | None
    interval: Interval | None
    single_look: Interval | None
    z: float
    z_crit: float
    progress: float
    evidence: float
    evidence_now: float
    p_always: float
    p_now: float
    p_value: float
    chance_to_win: float
    loss_ship: float
    loss_keep: float
    likely_lift: float | None
    likely_interval: Interval | None
    chance_wrong: float
    variance_reduction: float = 0.0  # by CUPED, 0..1


Comparison = Estimate | Blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmReading:
    """One arm for its card: visitors ``n``, ``total``, ``value`` (rate or mean; None: unknown), shares 0..1."""

    variant_key: str
    n: int
    total: float
    value: float | None
    share: float | None
    planned_share: float
    steps: tuple[float, ...] = ()  # rate of each funnel step


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The split against the plan. ``p_always`` holds at every look; ``p_value`` is the single-look chi-square."""

    p_always: float
    p_value: float | None
    is_off: bool
    worst_key: str | None = None


class State(StrEnum):
    """The verdict ladder (product notes B), first that fits."""

    NOT_STARTED = "not_started"
    WAITING = "waiting"
    NOTHING_ARRIVES = "nothing_arrives"
    UNDER_SUSPICION = "under_suspicion"
    TOO_EARLY = "too_early"
    WITHDRAWN = "withdrawn"
    WAIT_FOR_WEEK = "significant_wait_for_week"
    GUARDRAIL_FAILS = "guardrail_fails"
    READY_WINNER = "ready_winner"
    READY_LOSER = "ready_loser"
    ENDED = "ended"
    UNLIKELY = "unlikely"
    PLANNED_END = "planned_end_no_call"
    AHEAD = "ahead"
    TOO_CLOSE = "too_close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The one verdict, decided once in ``lib.stats.verdict`` and used by every surface.

    ``treatment_key`` is the arm the verdict speaks of (the proven, crossing or leading one); None when no
    arm stands out. ``favours_treatment``: that arm is on the good side of the metric's goal. ``suspicion``
    names what is wrong: ``split``, ``counts_shrank``, ``exceeds_exposures``, ``no_control``,
    ``data_stopped``, ``jump`` (more visitors within an hour than ever before), ``unsupported`` (counted by
    PostHog's old engine: shown, never decided on).
    ``ready_on`` is when a waiting call becomes ready.
    """

    state: State
    treatment_key: str | None = None
    favours_treatment: bool | None = None
    call: Call | None = None
    suspicion: str = ""
    suspicion_key: str | None = None
    ready_on: datetime | None = None
    failing_guardrails: tuple[str, ...] = ()  # metric ids

    @property
    def is_ready(self) -> bool:
        """Whether the page says "proven"."""
        return self.state in {State.READY_WINNER, State.READY_LOSER, State.GUARDRAIL_FAILS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One line of the why-not-yet list (product notes C).

    ``kind``: visitors, conversions, week, split, data, evidence, guardrails. ``now`` and ``needed`` in the
    unit of the kind: counts, days, p, evidence 0..1. ``days_low``..``days_high``: from even chance to 80 %
    chance; None: cannot say. ``chance_never``: chance that it is not met by the planned end.
    """

    kind: str
    is_met: bool
    now: float | None = None
    needed: float | None = None
    arm_key: str | None = None
    days_low: float | None = None
    days_high: float | None = None
    chance_never: float | None = None
    expected_on: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something worth knowing beside the state: novelty, maturing, traffic, outliers, inconsistent."""

    kind: str
    value: float
    arm_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Where the experiment stands in its plan: visitors clock u, calendar clock e, spending time s; days run."""

    u: tuple[float, ...]  # one a treatment
    e: float
    s: float
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything computed for one metric at one moment."""

    metric: Metric
    snapshot: Snapshot
    plan: Plan | None
    arms: tuple[ArmReading, ...]
    comparisons: tuple[Comparison, ...]  # one a treatment, in configured order
    balance: Balance | None
    verdict: Verdict
    clocks: Clocks | None = None
    why_not_yet: tuple[Requirement, ...] = ()
    flags: tuple[Flag, ...] = ()
    calls: tuple[Call, ...] = ()
    best_chance: tuple[float, ...] = ()  # chance that each arm is the best, display only
    ended_at: datetime | None = None  # when the experiment ended, server's clock; None: it goes on

    def of(self, treatment_key: str) -> Comparison:
        """The comparison of one treatment; raises KeyError."""
        for comparison in self.comparisons:
            if comparison.treatment_key == treatment_key:
                return comparison
        raise KeyError(treatment_key)

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The comparisons that have numbers."""
        return tuple(c for c in self.comparisons if isinstance(c, Estimate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The forecast for one treatment (statistics 8.3, 8.4); chances are 0..1.

    ``chance_winner``, ``chance_loser`` and ``chance_worth`` follow the metric's goal (for a goal down a
    winner lies below the baseline, and worth it is a fall of at least mde); ``chance_positive`` and the
    lifts do not: positive is above the baseline.

    ``days_low``/``n_low`` are reached with even chance, ``days_high``/``n_high`` with 80 %; None: not within
    the plan. ``n_*`` are further visitors over all arms. ``likely_low``..``likely_high``: the lift expected to
    be observed at the planned end, 10 % and 90 % points.
    """

    treatment_key: str
    chance: float
    chance_winner: float
    chance_loser: float
    chance_positive: float
    chance_worth: float  # lift at least the plan's mde
    days_low: float | None
    days_high: float | None
    n_low: float | None
    n_high: float | None
    likely_low: float | None
    likely_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected by the planned end, for the primary metric.

    ``chance``: that any arm is called by then. ``miss_by_design``: chance that a true lift of mde would not
    have been called by now. ``n_per_day``: effective daily visitors over all arms. ``because``: short reason
    why there is no forecast, empty when there is one: ended, no plan, too little data,
    no traffic figure, no lift (the baseline cannot be told from zero).
    ``until``: the moment the chances speak of: the planned end, or after it one more planned duration.
    """

    outlooks: tuple[Outlook, ...] = ()
    chance: float | None = None
    days_left: float | None = None
    planned_end: datetime | None = None
    n_per_day: float | None = None
    miss_by_design: float | None = None
    because: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of a what-if table: what to expect when the experiment is stopped after ``days`` more days.

    Chances are 0..1 and of the primary metric: called better, called worse (by its goal), still open.
    ``chance_ship_worse``: that the arm then in front, the baseline included, is truly the worse one.
    ``n_more``: visitors until then. ``likely_low``..``likely_high``: the lift that will be observed then, 10 %
    and 90 % points. ``loss_ship``, ``loss_keep``: expected lift lost by shipping the treatment when it is then
    in front, by keeping the baseline when that is in front; together the price of deciding then.
    """

    label: str
    days: float
    n_more: float
    chance_better: float
    chance_worse: float
    chance_open: float
    chance_ship_worse: float
    likely_low: float | None
    likely_high: float | None
    loss_ship: float
    loss_keep: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A what-if table with its assumptions; ``missed``: chance that a lift of at least mde is really there."""

    treatment_key: str
    scenarios: tuple[Scenario, ...]
    n_per_day: float
    mde: float
    missed: float
    alpha: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How the evidence moved: one row a moment, one column a treatment; NaN where there is no number yet.

    All arrays (T, K-1) but ``as_of`` (POSIX seconds) and ``s``, both (T,). ``called_at`` (K-1,) holds the
    POSIX time of the call or NaN. Evidence is Holm-adjusted, intervals relative lifts.
    """

    as_of: Floats
    s: Floats
    u: Floats
    information: Floats
    z: Floats
    z_crit: Floats
    p_now: Floats
    p_always: Floats
    evidence: Floats
    lift: Floats
    low: Floats
    high: Floats
    single_low: Floats
    single_high: Floats
    p_value: Floats
    called_at: Floats
    balance_p: Floats = field(default_factory=lambda: np.empty(0))  # (T,) always-valid
    counts: Bools = field(default_factory=lambda: np.empty(0, bool))  # the look entered the minimum
    is_broken: Bools = field(default_factory=lambda: np.empty(0, bool))  # (T,) visitors shrank
    is_minimum: Bools = field(default_factory=lambda: np.empty(0, bool))  # new minimum of p_always
