"""Experiments, snapshots and views for tests, made by the real statistics: nothing here is filled in by hand.

``views_by_state()`` has one view a rung of the verdict ladder and some more (three arms, goal down, a blocked
metric, stopped, draft). Every number is simulated or chosen; none is real.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Goal,
    Metric,
    MetricKind,
    MetricRole,
    PlannedInPostHog,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.live.view import LiveView
from lib.stats.analyse import analyse
from lib.stats.forecast import forecast, visitors_per_day
from lib.stats.plan import make_plan
from lib.stats.results import Analysis, Forecast, Series
from lib.stats.series import series_of
from lib.stats.watch import Watch

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("Control", "Blue button", "Green button", "Short text", "Big picture")
KEYS = ("control", "blue", "green", "short", "big")
Counts = Sequence[tuple[int, float]]  # (visitors, converters or sum) an arm, baseline first


def a_metric(**changes) -> Metric:
    """The primary metric: a funnel, more is better."""
    base = Metric(id="m-signup", name="Signed up", kind=MetricKind.FUNNEL)
    return replace(base, **changes)


def an_experiment(arms: int = 2, days: float = 9.0, **changes) -> Experiment:
    """A running experiment of equal arms, started ``days`` before NOW, planned for 14 days and +10 %."""
    variants = tuple(
        Variant(key=key, name=name, share=1 / arms)
        for key, name in zip(KEYS[:arms], NAMES[:arms], strict=True)
    )
    base = Experiment(
        id=7,
        name="Sign-up button",
        status=Status.RUNNING,
        variants=variants,
        metrics=(a_metric(),),
        started_at=NOW - days * DAY,
        flag_key="signup-button",
        description="A blue button will be seen earlier.",
        url="http://localhost/experiments/7",
        planned=PlannedInPostHog(mde=0.1, n_total=60_000, days=14),
    )
    return replace(base, **changes)


def totals(key: str, n: int, total: float, metric: Metric | None = None) -> Totals:
    """Totals of one arm; a mean or ratio metric gets a spread like an exponential's."""
    kind = metric.kind if metric else MetricKind.FUNNEL
    if kind is MetricKind.FUNNEL:
        return Totals(
            variant_key=key, n=n, total=total, total_sq=total, steps=(n, round((n + total) / 2), int(total))
        )
    total_sq = 2 * total**2 / n if n else 0.0
    if kind not in {MetricKind.RATIO, MetricKind.RETENTION}:
        return Totals(variant_key=key, n=n, total=total, total_sq=total_sq)
    base = 2.0 * n  # two sessions a visitor, spread like Poisson's
    return Totals(
        variant_key=key,
        n=n,
        total=total,
        total_sq=total_sq,
        base_total=base,
        base_total_sq=base * 3,
        cross_total=base * total / n * 1.2 if n else 0.0,
    )


def a_snapshot(
    experiment: Experiment,
    counts: Counts,
    *,
    metric: Metric | None = None,
    as_of: datetime = NOW,
    n_excluded: int = 0,
) -> Snapshot:
    """One moment: ``counts`` gives (visitors, total) of each arm; fewer counts than arms leave arms out."""
    metric = metric or experiment.metrics[0]
    arms = zip(experiment.variants, counts, strict=False)
    return Snapshot(
        experiment_id=experiment.id,
        metric_id=metric.id,
        as_of=as_of,
        taken_at=as_of + timedelta(seconds=4),
        totals=tuple(totals(v.key, n, x, metric) for v, (n, x) in arms),
        n_excluded=n_excluded,
    )


def a_history(
    experiment: Experiment,
    counts: Counts,
    *,
    metric: Metric | None = None,
    as_of: datetime = NOW,
    rows: int = 54,
) -> tuple[Snapshot, ...]:
    """Steady growth from the start to ``counts`` at ``as_of``; the last row holds the counts exactly."""
    started = experiment.started_at or as_of
    made = []
    for row in range(1, rows + 1):
        part = row / rows
        grown = [(round(n * part), x if row == rows else min(round(x * part), round(n * part))) for n, x in counts]
        at = started + (as_of - started) * part
        made.append(a_snapshot(experiment, grown, metric=metric, as_of=at))
    return tuple(made)


def analysed(
    experiment: Experiment,
    history: Sequence[Snapshot],
    *,
    metric: Metric | None = None,
    server_now: datetime = NOW,
    recorded: Sequence[Call] = (),
    guardrails: Sequence[Analysis] = (),
    exposures: Exposures | None = None,
    is_planned: bool = True,
) -> tuple[Analysis, Forecast, Series]:
    """Run everything the hub runs on a history: plan, watch, analysis, forecast, analysis once more."""
    metric = metric or experiment.metrics[0]
    series = series_of(history, experiment.variants)
    plan = make_plan(experiment, series, history[0].as_of) if is_planned else None
    watch = Watch(experiment, metric, plan)
    watch.extend(series)
    first: Analysis | None = None
    outlook: Forecast | None = None
    for _ in range(2):
        first = analyse(
            experiment=experiment,
            metric=metric,
            plan=plan,
            watch=watch,
            snapshot=history[-1],
            server_now=server_now,
            recorded=recorded,
            exposures=exposures,
            guardrails=guardrails,
            forecast=outlook,
            early=series,
        )
        per_day = visitors_per_day(series, history[-1].as_of, experiment.started_at)
        outlook = forecast(first, n_per_day=per_day, server_now=server_now)
    return first, outlook, series


def a_view(
    experiment: Experiment | None = None,
    counts: Counts = ((15_000, 1_500), (15_000, 1_560)),
    *,
    more: Mapping[str, Counts] | None = None,
    server_now: datetime = NOW,
    as_of: datetime | None = None,
    rows: int = 54,
    history: Sequence[Snapshot] | None = None,
    recorded: Sequence[Call] = (),
    exposures: Exposures | None = None,
    is_planned: bool = True,
) -> LiveView:
    """A live view of an experiment whose primary metric stands at ``counts`` now.

    ``more``: counts of further metrics by id. ``history``: snapshots of the primary instead of steady growth.
    """
    experiment = experiment or an_experiment()
    as_of = as_of or server_now
    others = []
    for metric in experiment.metrics[1:]:
        past = a_history(experiment, (more or {})[metric.id], metric=metric, as_of=as_of, rows=rows)
        others.append(
            analysed(experiment, past, metric=metric, server_now=server_now, is_planned=is_planned)[0]
        )
    past = history or a_history(experiment, counts, as_of=as_of, rows=rows)
    primary, outlook, series = analysed(
        experiment,
        past,
        server_now=server_now,
        recorded=recorded,
        exposures=exposures,
        is_planned=is_planned,
        guardrails=[a for a in others if a.metric.role is MetricRole.GUARDRAIL],
    )
    return LiveView(
        experiment=experiment,
        analyses=(primary, *others),
        forecast=outlook if experiment.is_running else None,
        exposures=exposures,
        as_of=past[-1].as_of,
        checked_at=server_now,
        server_now=server_now,
        version=f"{primary.verdict.state}-{experiment.id}",
        last_hour=round((visitors_per_day(series, past[-1].as_of) or 0) / 24),
    )


def a_guardrail(**changes) -> Metric:
    """A guardrail that should fall: refunds."""
    base = a_metric(id="m-refund", name="Refunded", goal=Goal.DOWN, role=MetricRole.GUARDRAIL)
    return replace(base, **changes)
