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
        squares = (
            max(total, total**2 / n) if n else total
        )  # more converters than visitors: an error
        steps = (n, round((n + total) / 2), int(total))
        return Totals(variant_key=key, n=n, total=total, total_sq=squares, steps=steps)
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
        grown = [(round(n * part), x if row == rows else _part(x, n, part)) for n, x in counts]
        at = started + (as_of - started) * part
        made.append(a_snapshot(experiment, grown, metric=metric, as_of=at))
    return tuple(made)


def _part(x: float, n: int, part: float) -> float:
    """Part of a total; of converters never more than visitors."""
    return min(round(x * part), round(n * part)) if x <= n else x * round(n * part) / n


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
    counts: Counts = ((19_000, 1_900), (19_000, 2_010)),
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
            analysed(experiment, past, metric=metric, server_now=server_now, is_planned=is_planned)[
                0
            ]
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


def _three() -> Experiment:
    return an_experiment(arms=3, planned=PlannedInPostHog(mde=0.1, n_total=90_000, days=14))


def _withdrawn() -> LiveView:
    """Called on day 5; a recount took the converters of bots away, and the line is no longer passed."""
    experiment = an_experiment()
    counts = ((12_000, 1_200), (12_000, 1_480))
    past = a_history(experiment, counts, as_of=NOW - 2 * DAY, rows=42)
    fewer = ((11_800, 1_180), (11_788, 1_210))
    later = [(13_000, 1_300), (13_000, 1_340)]
    recount = a_snapshot(experiment, fewer, as_of=NOW - 1.9 * DAY)
    return a_view(experiment, history=(*past, recount, a_snapshot(experiment, later)))


def _without_control() -> Snapshot:
    whole = a_snapshot(an_experiment(), ((19_000, 1_900), (19_000, 2_010)))
    return replace(whole, totals=whole.totals[1:])


@lru_cache(maxsize=1)
def views_by_state() -> dict[str, LiveView]:
    """One view a rung, by the state's word, then special cases by their own names."""
    guard = an_experiment(metrics=(a_metric(), a_guardrail()))
    down = an_experiment(metrics=(a_metric(goal=Goal.DOWN, name="Refunded"),))
    stopped = {"status": Status.STOPPED, "ended_at": NOW - DAY}
    revenue = a_metric(id="m-rev", name="Revenue", kind=MetricKind.MEAN)
    sessions = a_metric(id="m-ctr", name="Clicks a session", kind=MetricKind.RATIO)
    legacy = a_metric(
        id="m-old", name="Old trend", kind=MetricKind.LEGACY, role=MetricRole.SECONDARY
    )
    secondary = replace(revenue, role=MetricRole.SECONDARY)
    early = an_experiment(days=0.05)
    draft = an_experiment(status=Status.DRAFT, started_at=None)
    won = ((22_000, 2_200), (22_000, 2_500))
    nobody = ((0, 0), (0, 0))
    return {
        "not_started": LiveView(experiment=draft, checked_at=NOW, server_now=NOW),
        "waiting": a_view(early, nobody, rows=1),
        "nothing_arrives": a_view(an_experiment(days=2.0), nobody, rows=4),
        "under_suspicion": a_view(counts=((19_000, 1_900), (20_400, 2_100))),
        "too_early": a_view(early, ((40, 4), (31, 5)), rows=2),
        "withdrawn": _withdrawn(),
        "significant_wait_for_week": a_view(
            an_experiment(days=4.2), ((9_000, 900), (9_000, 1_130))
        ),
        "guardrail_fails": a_view(guard, won, more={"m-refund": ((22_000, 440), (22_000, 620))}),
        "ready_winner": a_view(counts=won),
        "ready_loser": a_view(counts=((22_000, 2_200), (22_000, 1_900))),
        "ended": a_view(
            an_experiment(days=15.0, **stopped), ((31_000, 3_100), (31_000, 3_160)), as_of=NOW - DAY
        ),
        "unlikely": a_view(an_experiment(days=11.0), ((24_000, 2_400), (24_000, 2_404))),
        "planned_end_no_call": a_view(an_experiment(days=14.5), ((31_000, 3_100), (31_000, 3_150))),
        "ahead": a_view(an_experiment(days=6.0), ((12_000, 1_200), (12_000, 1_280))),
        "too_close": a_view(an_experiment(days=4.0), ((8_000, 800), (8_000, 806))),
        "three_arms": a_view(_three(), ((20_000, 2_000), (20_000, 2_290), (20_000, 1_950))),
        "three_arms_open": a_view(_three(), ((19_000, 1_900), (19_000, 2_020), (19_000, 1_880))),
        "five_arms": a_view(
            an_experiment(arms=5, days=5.0),
            ((4_000, 400), (4_010, 431), (3_990, 380), (4_003, 402), (4_000, 415)),
        ),
        "goal_down_winner": a_view(down, ((22_000, 2_500), (22_000, 2_200))),
        "goal_down_loser": a_view(down, ((22_000, 2_200), (22_000, 2_500))),
        "control_ahead": a_view(an_experiment(days=6.0), ((12_000, 1_280), (12_000, 1_200))),
        "guardrails_fine": a_view(guard, more={"m-refund": ((19_000, 380), (19_000, 376))}),
        "blocked_metric": a_view(
            an_experiment(metrics=(a_metric(), secondary, legacy)),
            more={"m-rev": ((19_000, 0), (19_000, 0)), "m-old": ((19_000, 1_140), (19_000, 1_190))},
        ),
        "mean_metric": a_view(
            an_experiment(metrics=(revenue,)), ((19_000, 95_000), (19_000, 99_900))
        ),
        "ratio_metric": a_view(
            an_experiment(metrics=(sessions,)), ((19_000, 11_400), (19_000, 11_600))
        ),
        "stopped_winner": a_view(an_experiment(days=15.0, **stopped), won, as_of=NOW - DAY),
        "stopped_early": a_view(
            an_experiment(days=5.0, **stopped), ((9_000, 900), (9_000, 1_130)), as_of=NOW - DAY
        ),
        "paused": a_view(an_experiment(status=Status.PAUSED)),
        "overtime_winner": a_view(an_experiment(days=20.0), ((40_000, 4_000), (40_000, 4_420))),
        "no_plan": a_view(
            an_experiment(days=0.4, planned=PlannedInPostHog()), ((900, 90), (900, 99)), rows=8
        ),
        "no_control": a_view(history=[_without_control()]),
        "data_stopped": a_view(as_of=NOW - 3 * DAY),
        "tie": a_view(counts=((19_000, 1_900), (19_000, 1_900))),
        "legacy": a_view(an_experiment(metrics=(replace(legacy, role=MetricRole.PRIMARY),))),
    }
