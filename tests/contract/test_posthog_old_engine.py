"""Metrics of PostHog's old engine, and of kinds this program does not know: shown, never decided on."""

import json

import pytest

from lib.experiments.model import MetricKind
from tests.contract.posthog_replies import MEAN_ID, FakePostHog, detail, flag, metric


def look(posthog):
    return posthog.source(live_queries_per_hour=0).read(482, is_watched=True)


def kinds(reading):
    return [problem.kind for problem in reading.problems]


TRENDS = {
    "kind": "ExperimentTrendsQuery",
    "variants": [
        {"key": "control", "count": 1220.0, "exposure": 1.0, "absolute_exposure": 10050.0},
        {"key": "test", "count": 1311.0, "exposure": 1.003, "absolute_exposure": 10080.0},
    ],
    "probability": {"control": 0.0312, "test": 0.9688},
    "significant": False,
    "p_value": 0.0624,
    "credible_intervals": {"control": [0.1147, 0.1284]},
    "last_refresh": "2024-06-21T09:00:00Z",
}
FUNNELS = {
    "kind": "ExperimentFunnelsQuery",
    "variants": [
        {"key": "control", "success_count": 612.0, "failure_count": 4401.0},
        {"key": "test", "success_count": 671.0, "failure_count": 4362.0},
    ],
    "last_refresh": "2024-06-21T09:00:00Z",
}


@pytest.mark.parametrize(
    ("answer", "n", "total"),
    [(TRENDS, 10050, 1220), (FUNNELS, 612 + 4401, 612)],
    ids=["trends", "funnels"],
)
def test_old_engine(answer, n, total):
    """Metrics of the old engine come by query beside stored runs, as counts marked never to be decided on."""
    legacy = {"kind": answer["kind"], "uuid": "0f000000", "name": "Purchases"}
    posthog = FakePostHog(detail=detail(legacy, metric(MEAN_ID)), query=answer)
    reading = look(posthog)
    old = next(s for s in reading.snapshots if s.metric_id == "0f000000")
    assert (old.totals[0].n, old.totals[0].total) == (n, total)
    assert reading.experiment.metric("0f000000").kind is MetricKind.LEGACY
    assert kinds(reading) == ["legacy"]
    assert all(own.interval is None for own in old.reported)
    assert len(reading.snapshots) == 2
    bodies = [json.loads(r.content) for r in posthog.requests if r.method == "POST"]
    asked = next(b for b in bodies if b["query"]["kind"] == answer["kind"])
    assert asked["query"] == {**legacy, "experiment_id": 482}


def test_old_engine_unreadable():
    """An old-engine answer without its counts is a problem, not a zero."""
    broken = {"variants": [{"key": "control", "count": 1}, {"key": "test", "success_count": None}]}
    posthog = FakePostHog(
        detail=detail(
            {"kind": "ExperimentTrendsQuery", "uuid": "t"}, feature_flag=flag("control", "test")
        ),
        query=broken,
    )
    reading = look(posthog)
    assert (reading.snapshots, kinds(reading)) == ((), ["legacy", "unreadable", "unreadable"])


def test_unknown_kind_of_metric():
    """A metric of a kind this program does not know is said to be so, and not asked for."""
    posthog = FakePostHog(detail=detail(metric(MEAN_ID), metric("s", "survival")))
    reading = look(posthog)
    assert kinds(reading) == ["unsupported"]
    assert posthog.count("query") == 0
