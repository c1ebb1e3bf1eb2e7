"""How long does it take? Beside gbstats, in one run.

    pip install --no-deps gbstats==0.8.0 nbformat     (its pinned pandas and numpy are older than ours)
    python -m tests.bench.speed

History: 2,000 snapshots of 4 arms, p-values, critical values, always-valid and single-look intervals, mismatch,
through ``Watch``; gbstats gives p-value and interval of its sequential test for the same comparisons. One
evaluation: 4 arms x 3 metrics, newest row to ``Analysis`` and ``Forecast``. Targets: history below 50 ms and at
least ten times faster than gbstats. Processor time, the best of several runs, so that a busy machine does not decide.
"""

from __future__ import annotations

import time
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np

from lib.experiments.model import (
    Experiment,
    Metric,
    MetricKind,
    MetricRole,
    Plan,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.stats.analyse import analyse
from lib.stats.forecast import forecast
from lib.stats.results import Series
from lib.stats.watch import Watch, rows_of

START = datetime(2026, 1, 5, tzinfo=UTC)
LOOKS, ARMS, VISITORS = 2000, 4, 20_000


def best(work, times):
    """Shortest of several runs, milliseconds of processor time."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return 1e3 * min(taken)


def history(seed=1):
    """An experiment of four arms without an effect, and its 2,000 rows over fourteen days."""
    rng = np.random.default_rng(seed)
    n = np.cumsum(rng.multinomial(VISITORS * ARMS // LOOKS, [1 / ARMS] * ARMS, size=LOOKS), axis=0)
    x = np.cumsum(rng.binomial(np.diff(n, axis=0, prepend=0), 0.05), axis=0)
    as_of = START.timestamp() + np.linspace(0, 14 * 86400, LOOKS + 1)[1:]
    variants = tuple(Variant(key=str(i), name=str(i), share=1 / ARMS) for i in range(ARMS))
    roles = (MetricRole.PRIMARY, MetricRole.SECONDARY, MetricRole.GUARDRAIL)
    metrics = tuple(Metric(id=str(r), name=str(r), kind=MetricKind.FUNNEL, role=r) for r in roles)
    experiment = Experiment(
        id=1,
        name="speed",
        status=Status.RUNNING,
        variants=variants,
        metrics=metrics,
        started_at=START,
    )
    plan = Plan(
        experiment_id=1, mde=0.1, n_per_arm=(float(VISITORS),) * ARMS, days=14.0, frozen_at=START
    )
    return (
        experiment,
        plan,
        Series(as_of=as_of, n=n.astype(float), total=x.astype(float), total_sq=x.astype(float)),
    )


def gbstats_history(series):
    """The same comparisons by gbstats' sequential test, one object a snapshot and treatment."""
    from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
    from gbstats.models.statistics import ProportionStatistic

    config = SequentialConfig()
    for row in range(len(series)):
        arms = [
            ProportionStatistic(n=int(n), sum=int(x))
            for n, x in zip(series.n[row], series.total[row], strict=True)
        ]
        for treatment in arms[1:]:
            SequentialTwoSidedTTest(arms[0], treatment, config).compute_result()


def one_evaluation(experiment, plan, series):
    """What a tick of the hub costs: the newest row of three metrics, analysed and forecast."""
    watches = [Watch(experiment, m, plan) for m in experiment.metrics]
    for watch in watches:
        watch.extend(rows_of(series, slice(0, LOOKS - 1)))
    last = rows_of(series, slice(LOOKS - 1, None))
    now = START + timedelta(days=14)
    snapshots = []
    for metric in experiment.metrics:
        totals = tuple(
            Totals(variant_key=v.key, n=int(n), total=float(x), total_sq=float(x))
            for v, n, x in zip(experiment.variants, last.n[0], last.total[0], strict=True)
        )
        snapshots.append(
            Snapshot(experiment_id=1, metric_id=metric.id, as_of=now, taken_at=now, totals=totals)
        )

    def work():
        for watch, metric, snapshot in zip(watches, experiment.metrics, snapshots, strict=True):
            twin = watch.copy()
            twin.extend(last)
            found = analyse(
                experiment=experiment,
                metric=metric,
                plan=plan,
                watch=twin,
                snapshot=snapshot,
                server_now=now,
            )
            if metric.role is MetricRole.PRIMARY:
                forecast(found, n_per_day=VISITORS * ARMS / 14, server_now=now)

    return work


def main() -> None:
    """Print the table."""
    experiment, plan, series = history()
    ours = best(lambda: Watch(experiment, experiment.metrics[0], plan).extend(series), 15)
    print(f"history of {LOOKS:,} snapshots x {ARMS} arms, with intervals: {ours:.1f} ms")
    evaluation = best(one_evaluation(experiment, plan, series), 15)
    print(f"one evaluation of {ARMS} arms x 3 metrics with everything: {evaluation:.1f} ms")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gbstats warns about its own numpy calls
            theirs = best(lambda: gbstats_history(series), 2)
    except ModuleNotFoundError:
        print("gbstats is not installed: pip install --no-deps gbstats==0.8.0 nbformat")
        raise SystemExit(2) from None
    print(
        f"gbstats sequential, the same history: {theirs:.1f} ms, {theirs / ours:.1f} times as long"
    )
    raise SystemExit(0 if ours < 50 and theirs >= 10 * ours else 1)


if __name__ == "__main__":
    main()
