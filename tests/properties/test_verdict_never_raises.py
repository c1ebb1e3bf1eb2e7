"""Laws of the deciding half: any totals give a state, never an exception, a warning or a NaN."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from enum import Enum

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.experiments.model import (
    Experiment,
    Exposures,
    Goal,
    Metric,
    MetricKind,
    Plan,
    PlannedInPostHog,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.stats.analyse import analyse
from lib.stats.forecast import forecast, visitors_per_day
from lib.stats.plan import make_plan
from lib.stats.results import Blocked, Estimate, State
from lib.stats.series import series_of
from lib.stats.watch import Watch
from lib.stats.whatif import what_if

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = ("control", "a", "b", "c")
ODD = st.sampled_from([0.0, -1.0, 1e-9, 0.1, 14.0, 1e300, math.nan, math.inf])


def numbers(thing):
    """Every float inside nested dataclasses and tuples; arrays are not shown on any page."""
    if isinstance(thing, float):
        yield thing
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            if field.name not in {"snapshot", "plan", "metric"}:
                yield from numbers(getattr(thing, field.name))
    elif isinstance(thing, tuple) and not isinstance(thing, Enum):
        for part in thing:
            yield from numbers(part)


ODD_SIZE = st.sampled_from([0, 1, 2, 49, 99, 100, 101, 10**9])


@st.composite
def arm_totals(draw, key, kind, usual):
    """Totals that may be odd, but that could be sums of something; mostly near ``usual`` visitors."""
    near = st.integers(round(usual * 0.97), round(usual * 1.03))
    n = draw(st.one_of(near, near, near, ODD_SIZE))
    if kind is MetricKind.FUNNEL:
        some = st.floats(0.01, 0.99).map(lambda rate: round(n * rate))
        x = draw(st.one_of(some, some, some, st.sampled_from([0, n, n // 2, 2 * n + 1])))
        return Totals(
            variant_key=key, n=n, total=float(x), total_sq=float(max(x, x * x / max(n, 1)))
        )
    mean = draw(
        st.floats(0.5, 9) | st.sampled_from([0.0, 1.0, -3.0, 1e-8, 1e8]) | st.floats(-50, 50)
    )
    spread = draw(st.sampled_from([0.0, 1e-9, 1.0, 1e6]) | st.floats(0, 100))
    sums = {"total": n * mean, "total_sq": n * (mean**2 + spread**2)}
    if kind in {MetricKind.RATIO, MetricKind.RETENTION} and draw(st.booleans()):
        base = draw(st.sampled_from([0.0, 1.0, 2.5]))
        sums |= {
            "base_total": n * base,
            "base_total_sq": n * base**2 * draw(st.sampled_from([1.0, 2.0])),
            "cross_total": n * base * mean,
        }
    return Totals(variant_key=key, n=n, **sums)


@st.composite
def situations(draw):
    """An experiment with a history of up to four snapshots, a plan or none, and a server clock."""
    kind = draw(st.sampled_from([*MetricKind, MetricKind.FUNNEL, MetricKind.FUNNEL]))
    metric = Metric(id="m", name="m", kind=kind, goal=draw(st.sampled_from(list(Goal))))
    arms = draw(st.sampled_from([2, 2, 2, 3, 4, 1]))
    share = st.sampled_from([1 / arms] * 8 + [0.0, 0.1])
    variants = tuple(Variant(key=k, name=k, share=draw(share)) for k in KEYS[:arms])
    ended = draw(st.sampled_from([None, None, None, START + timedelta(days=5)]))
    started = [START] * 10 + [None, START + timedelta(days=400)]
    experiment = Experiment(
        id=1,
        name="e",
        status=draw(st.sampled_from([Status.RUNNING] * 6 + list(Status))),
        variants=variants,
        metrics=(metric,),
        started_at=draw(st.sampled_from(started)),
        ended_at=ended,
        planned=PlannedInPostHog(
            mde=draw(st.none() | ODD), n_total=draw(st.none() | ODD), days=draw(st.none() | ODD)
        ),
    )
    ages = sorted(draw(st.lists(st.floats(0.001, 40), min_size=1, max_size=4, unique=True)))
    usual = draw(st.integers(1, 3000))
    history = [
        Snapshot(
            experiment_id=1,
            metric_id="m",
            as_of=START + timedelta(days=age),
            taken_at=START + timedelta(days=age),
            totals=tuple(
                draw(arm_totals(k, kind, usual * (row + 1)))
                for k in KEYS[:arms]
                if draw(st.integers(0, 19)) > 0
            ),
            n_excluded=draw(st.sampled_from([0, 0, 50])),
        )
        for row, age in enumerate(ages)
    ]
    lag = timedelta(days=draw(st.sampled_from([0.0, 0.1, 5.0])))
    return experiment, metric, history, history[-1].as_of + lag


def evaluate(situation, plan):
    """Everything a tick does for one metric."""
    experiment, metric, history, server_now = situation
    series = series_of(history, experiment.variants)
    watch = Watch(experiment, metric, plan)
    watch.extend(series)
    newest = history[-1]
    outlook = None
    for _ in range(2):
        analysis = analyse(
            experiment=experiment,
            metric=metric,
            plan=plan,
            watch=watch,
            snapshot=newest,
            server_now=server_now,
            exposures=Exposures(as_of=newest.as_of, totals={"control": 500}, daily={}),
            forecast=outlook,
            early=series,
        )
        per_day = visitors_per_day(series, server_now, experiment.started_at)
        outlook = forecast(analysis, n_per_day=per_day, server_now=server_now)
    table = what_if(analysis, n_per_day=per_day, stops_days=(0, 3, 40), traffic=2.0, alpha=0.1)
    return analysis, outlook, table


def check(analysis, outlook, table):
    """No NaN anywhere; chances stay inside 0..1; blocked arms carry a reason in words."""
    assert analysis.verdict.state in State
    found = [x for part in (analysis, outlook, table) for x in numbers(part)]
    assert not [x for x in found if math.isnan(x)]
    for comparison in analysis.comparisons:
        if isinstance(comparison, Blocked):
            assert comparison.unblocked_by
        else:
            assert 0 <= comparison.evidence <= 1
            assert 0 <= comparison.chance_to_win <= 1
            assert comparison.loss_ship >= 0
            assert comparison.loss_keep >= 0
    for ahead in outlook.outlooks:
        assert 0 <= ahead.chance <= 1
    for row in table.scenarios if table else ():
        total = row.chance_better + row.chance_worse + row.chance_open
        assert abs(total - 1) < 1e-9


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(situations())
def test_any_totals_give_a_state(situation):
    """Whatever PostHog sends: a state, no exception, no warning, no NaN."""
    experiment, _, history, _ = situation
    series = series_of(history, experiment.variants)
    plan = make_plan(experiment, series, history[0].as_of)
    check(*evaluate(situation, plan))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(situations(), st.integers(1, 5), st.sampled_from([1e-3, 7.0, 365.0]))
def test_a_plan_that_does_not_fit_gives_a_state_too(situation, arms, days):
    """A plan kept for another number of arms, or an odd one, blocks; it does not break."""
    plan = Plan(experiment_id=1, mde=0.1, n_per_arm=(1000.0,) * arms, days=days, frozen_at=START)
    check(*evaluate(situation, plan))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(situations())
def test_without_a_plan_nothing_is_compared(situation):
    """No plan: no estimate, no call, and so never "proven"."""
    analysis, outlook, table = evaluate(situation, None)
    check(analysis, outlook, table)
    assert not [c for c in analysis.comparisons if isinstance(c, Estimate)]
    assert not analysis.verdict.is_ready
    assert table is None
