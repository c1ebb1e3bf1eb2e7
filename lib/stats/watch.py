"""The watch over one metric of one experiment: feed it rows, it answers with a trace and with calls.

Called by ``live`` (one watch a metric, fed as rows arrive), ``analyse`` and the benches. Its state is a
function of the rows fed: fed at once or row by row, in one life or rebuilt from history, the answer is the
same. It never reads a clock and never takes a call back; whether a call may be announced is decided by
``verdict``.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from lib.experiments.model import Call, Experiment, Metric, MetricKind, Plan
from lib.stats.balance import ALARM, log_e_balance, log_evidence_to_p
from lib.stats.boundary import RULE, Rule
from lib.stats.compare import Compared, compare
from lib.stats.cuped import frozen_theta
from lib.stats.evidence import Course, Evidence, clocks_of, hours_of, looks_of
from lib.stats.results import Floats, Series, Trace
from lib.stats.series import rows_of

Bools = NDArray[np.bool_]
DAY_S = 86400.0


class Watch:
    """Evidence for every treatment of one metric, valid at every look.

    >>> from lib.experiments.model import Status, Variant
    >>> start = datetime(2026, 1, 5, tzinfo=UTC)
    >>> arms = (Variant(key="a", name="A", share=0.5), Variant(key="b", name="B", share=0.5))
    >>> bought = Metric(id="m", name="bought", kind=MetricKind.FUNNEL)
    >>> experiment = Experiment(id=1, name="e", status=Status.RUNNING, variants=arms, metrics=(bought,),
    ...     started_at=start)
    >>> plan = Plan(experiment_id=1, mde=0.1, n_per_arm=(16_000, 16_000), days=14, frozen_at=start)
    >>> x = np.array([[392.0, 455.0]])
    >>> trace = Watch(experiment, bought, plan).extend(Series(
    ...     as_of=np.array([start.timestamp() + 7 * DAY_S]), n=np.array([[8000.0, 8050.0]]), total=x, total_sq=x))
    >>> round(float(trace.z[0, 0]), 4), bool(trace.evidence[0, 0] < 0.95)  # statsmodels proportions_ztest
    (2.131, True)

    Args:
        experiment: arms (baseline first), shares and the start of the clock.
        metric: what is compared; a legacy metric is never called.
        plan: frozen plan; without one nothing can be called.
        rule: constants of the decision rule.
    """

    def __init__(
        self, experiment: Experiment, metric: Metric, plan: Plan | None, rule: Rule = RULE
    ) -> None:
        self.experiment, self.metric, self.plan = experiment, metric, plan
        self.keys = tuple(v.key for v in experiment.treatments)
        self.shares = np.array([v.share for v in experiment.variants], dtype=np.float64)
        alpha = plan.alpha if plan else 0.05
        self.rule = rule
        self._evidence = Evidence((1, len(self.keys)), alpha, rule)
        self._started = experiment.started_at.timestamp() if experiment.started_at else None
        self._last_at = -np.inf
        self._last_n: Floats | None = None
        self._last_excluded = 0.0
        self._balance_p = 1.0
        self._theta = (-1.0, 0.0)
        self._called_at = np.full(len(self.keys), np.nan)
        self._direction = np.zeros(len(self.keys))
        self._calls: tuple[Call, ...] = ()
        self._newest: Trace | None = None

    @property
    def trace(self) -> Trace | None:
        """The newest row; None before the first."""
        return self._newest

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every crossing so far, in the order of their moments; they never fade."""
        return self._calls

    def copy(self) -> Watch:
        """An independent watch in the same state."""
        twin = copy.copy(self)
        twin._evidence = self._evidence.copy()  # noqa: SLF001 - a twin of this class
        twin._called_at = self._called_at.copy()  # noqa: SLF001 - a twin of this class
        twin._direction = self._direction.copy()  # noqa: SLF001 - a twin of this class
        return twin

    def extend(self, series: Series) -> Trace:
        """Feed the rows newer than the last one fed and answer their trace; older rows are ignored."""
        fresh = rows_of(series, np.flatnonzero(series.as_of > self._last_at))
        with np.errstate(all="ignore"):  # odd totals become NaN, and NaN does not count
            return self._fed(fresh)

    def _fed(self, fresh: Series) -> Trace:
        """The rows that are new."""
        theta, self._theta = frozen_theta(fresh, self._theta)
        compared = compare(self.metric.kind, fresh, theta)
        u, s = self._clocks(fresh, compared)
        balance_p = self._balance(fresh)
        broken = self._broken(fresh)
        healthy = (balance_p >= ALARM) & ~broken & (self.metric.kind is not MetricKind.LEGACY)
        hours = hours_of(fresh.as_of, self._last_at)
        looks = looks_of(compared, (u, s), healthy, hours, self.rule)
        course = self._evidence.extend(looks)
        trace = self._trace(
            fresh.as_of, compared, course, (u, s, balance_p, looks.counts[:, 0], broken)
        )
        if len(fresh):
            self._remember(fresh, trace)
        return trace

    def _clocks(self, series: Series, compared: Compared) -> tuple[Floats, Floats]:
        """Visitors clock u and spending time s of each treatment, (T, M); NaN without a plan."""
        plan, keys = self.plan, len(self.keys)
        if plan is None or len(plan.n_per_arm) != keys + 1 or plan.days <= 0 or not len(series):
            nothing = np.full(compared.z.shape, np.nan)
            return nothing, nothing
        if self._started is None:
            self._started = float(series.as_of[0])
        n = np.array(plan.n_per_arm, dtype=np.float64)
        return clocks_of(compared.h, (series.as_of - self._started) / DAY_S, n, plan.days)

    def _balance(self, series: Series) -> Floats:
        """Always-valid p of the split, (T,), the lowest so far."""
        p = log_evidence_to_p(np.nan_to_num(log_e_balance(series.n, self.shares)))
        return np.minimum(np.minimum.accumulate(p), self._balance_p) if len(p) else p

    def _broken(self, series: Series) -> Bools:
        """Rows where visitors shrank by more than were excluded since the row before, (T,)."""
        if not len(series):
            return np.zeros(0, dtype=bool)
        before = np.full_like(series.n[:1], np.nan) if self._last_n is None else self._last_n
        n = np.concatenate([before, series.n])
        excluded = np.zeros(len(series)) if series.n_excluded is None else series.n_excluded
        gained = np.diff(np.concatenate([[self._last_excluded], excluded]))
        lost = np.nansum(np.maximum(-np.diff(n, axis=0), 0.0), axis=1)
        return np.asarray(lost > np.maximum(np.nan_to_num(gained), 0.0))

    def _trace(
        self,
        as_of: Floats,
        compared: Compared,
        course: Course,
        more: tuple[Floats, Floats, Floats, Bools, Bools],
    ) -> Trace:
        """Everything as one trace; finds the moments of the calls on the way."""
        u, s, balance_p, counts, broken = more
        evidence, z_crit = course.evidence[:, 0], course.z_crit[:, 0]
        called_at = self._find_calls(as_of, evidence)
        k = np.where(np.isfinite(z_crit), z_crit, np.nan)
        low, high = compared.relative(k)
        single_low, single_high = compared.relative()
        return Trace(
            as_of=as_of,
            s=_row_max(s),
            u=u,
            information=course.information[:, 0],
            z=compared.z,
            z_crit=z_crit,
            p_now=course.p_now[:, 0],
            p_always=course.p_always[:, 0],
            evidence=evidence,
            lift=compared.lift,
            low=low,
            high=high,
            single_low=single_low,
            single_high=single_high,
            p_value=compared.p_value,
            called_at=called_at,
            balance_p=balance_p,
            counts=counts,
            is_broken=broken,
            is_minimum=course.is_minimum[:, 0],
        )

    def _find_calls(self, as_of: Floats, evidence: Floats) -> Floats:
        """When each treatment was called: the first row whose evidence reaches 1 - alpha."""
        reached = evidence >= 1 - self._evidence.alpha
        called_at = self._called_at.copy()
        for arm in np.flatnonzero(reached.any(axis=0) & np.isnan(called_at)):
            called_at[arm] = as_of[int(np.argmax(reached[:, arm]))]
        return called_at

    def _remember(self, series: Series, trace: Trace) -> None:
        """Keep what the next rows need, and record new calls with their numbers."""
        directions = np.where(trace.is_minimum, np.sign(trace.z), 0.0)
        new = np.isnan(self._called_at) & ~np.isnan(trace.called_at)
        for arm in np.flatnonzero(new).tolist():
            row = int(np.searchsorted(trace.as_of, trace.called_at[arm]))
            past = np.concatenate([[self._direction[arm]], directions[: row + 1, arm]])
            self._calls += (self._call(trace, row, arm, int(past[past != 0][-1])),)
        self._calls = tuple(sorted(self._calls, key=lambda c: c.as_of))
        for arm in range(len(self.keys)):
            moved = directions[:, arm][directions[:, arm] != 0]
            self._direction[arm] = moved[-1] if moved.size else self._direction[arm]
        self._called_at = trace.called_at
        self._last_at = float(series.as_of[-1])
        self._last_n = series.n[-1:]
        if series.n_excluded is not None:
            self._last_excluded = float(np.nan_to_num(series.n_excluded[-1]))
        self._balance_p = float(trace.balance_p[-1])
        self._newest = rows_of_trace(trace, slice(-1, None))

    def _call(self, trace: Trace, row: int, arm: int, direction: int) -> Call:
        """The record of one crossing."""
        return Call(
            experiment_id=self.experiment.id,
            metric_id=self.metric.id,
            treatment_key=self.keys[arm],
            as_of=datetime.fromtimestamp(float(trace.as_of[row]), UTC),
            direction=direction,
            lift=_number(trace.lift[row, arm]),
            low=_number(trace.low[row, arm]),
            high=_number(trace.high[row, arm]),
            evidence=float(trace.evidence[row, arm]),
        )


def rows_of_trace(trace: Trace, rows: slice | NDArray[np.intp]) -> Trace:
    """The same trace with only some of its moments."""
    values = {name: getattr(trace, name) for name in Trace.__slots__}
    return Trace(**{k: v if k == "called_at" else v[rows] for k, v in values.items()})


def rows_to_keep(trace: Trace) -> Floats:
    """POSIX times of the rows that thinning must never drop.

    Beside the first row of each hour these carry the state: new minima of a p, counts that shrank.
    """
    split = np.diff(np.concatenate([[1.0], trace.balance_p])) < 0
    return trace.as_of[trace.is_minimum.any(axis=1) | split | trace.is_broken]


def _number(value: float) -> float | None:
    """A float, or None for NaN."""
    return float(value) if np.isfinite(value) else None


def _row_max(values: Floats) -> Floats:
    """Largest of each row, NaN where there is none."""
    if values.shape[1] == 0:
        return np.full(len(values), np.nan)
    largest = np.where(np.isnan(values), -np.inf, values).max(axis=1)
    return np.where(np.isfinite(largest), largest, np.nan)
