"""Small experiments for the tests of the statistics."""

from datetime import UTC, datetime, timedelta

import numpy as np

from lib.experiments.model import (
    Experiment,
    Metric,
    MetricKind,
    Plan,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.stats.results import Series

START = datetime(2026, 1, 5, tzinfo=UTC)
RATE = Metric(id="m", name="bought", kind=MetricKind.FUNNEL)
MEAN = Metric(id="m", name="spent", kind=MetricKind.MEAN)


def experiment(arms=2, shares=None):
    shares = shares or (1 / arms,) * arms
    variants = tuple(Variant(key=f"v{i}", name=f"v{i}", share=w) for i, w in enumerate(shares))
    return Experiment(
        id=1, name="e", status=Status.RUNNING, variants=variants, metrics=(RATE,), started_at=START
    )


def plan(arms=2, n=10_000, days=14.0):
    return Plan(experiment_id=1, mde=0.1, n_per_arm=(float(n),) * arms, days=days, frozen_at=START)


def rates(seed=1, *, arms=2, looks=400, days=14.0, n=10_000, rate=0.1, lift=0.0):
    """A history of a rate metric; the last arm has the lift."""
    rng = np.random.default_rng(seed)
    new = rng.multinomial(max(n * arms // looks, 1), [1 / arms] * arms, size=looks)
    p = rate * np.where(np.arange(arms) == arms - 1, 1 + lift, 1.0)
    x = np.cumsum(rng.binomial(new, p), axis=0).astype(float)
    at = START.timestamp() + np.linspace(0, days * 86400, looks + 1)[1:]
    return Series(as_of=at, n=np.cumsum(new, axis=0).astype(float), total=x, total_sq=x)


def snapshot(hours, *totals, metric="m", taken=0):
    """One snapshot ``hours`` after the start; totals are (key, n, x)."""
    at = START + timedelta(hours=hours)
    made = tuple(
        Totals(variant_key=k, n=n, total=float(x), total_sq=float(x)) for k, n, x in totals
    )
    return Snapshot(
        experiment_id=1,
        metric_id=metric,
        as_of=at,
        taken_at=at + timedelta(seconds=taken),
        totals=made,
    )
