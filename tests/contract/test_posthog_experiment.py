"""PostHog's experiment object, old and new, becomes an Experiment: arms, metrics, roles, status, names."""

from datetime import UTC, datetime

import pytest

from lib.experiments.errors import SourceSurprise
from lib.experiments.model import Goal, MetricKind, MetricRole, Status
from lib.sources.posthog.experiment import decode_experiment
from tests.contract.posthog_replies import (
    FUNNEL_ID,
    MEAN_ID,
    RATIO_ID,
    RETENTION_ID,
    detail,
    flag,
    metric,
    short_item,
)


def saved(definition, kind, name="Shared"):
    return {
        "id": 31,
        "saved_metric": 12,
        "metadata": {"type": kind},
        "query": definition,
        "name": name,
    }


def metrics_of(*metrics, **changes):
    return decode_experiment(detail(*metrics, **changes)).metrics


def test_all_fields():
    """A full object gives name, dates, plan, traffic, tags and the page's address."""
    found = decode_experiment(detail(), site="https://us.posthog.com/project/1")
    assert (found.id, found.name, found.status) == (482, "One-page checkout", Status.RUNNING)
    assert found.started_at == datetime(2026, 9, 1, 9, tzinfo=UTC)
    assert (found.planned.mde, found.planned.n_total, found.planned.days) == (0.1, 24000, 21)
    assert (found.traffic_share, found.tags, found.method) == (1.0, ("checkout",), "bayesian")
    assert found.url == "https://us.posthog.com/project/1/experiments/482"
    assert [(v.key, v.name, v.share) for v in found.variants] == [
        ("control", "Arm control", 0.5),
        ("test", "Arm test", 0.5),
    ]


def test_short_item():
    """A short list item is an experiment without metrics."""
    assert decode_experiment(short_item()).metrics == ()


def test_almost_empty_object():
    """An id is all an experiment needs; every other key may be missing or null."""
    bare = decode_experiment({"id": 7})
    assert (bare.name, bare.status, bare.variants, bare.metrics) == (
        "Experiment 7",
        Status.DRAFT,
        (),
        (),
    )
    nulls = decode_experiment(dict.fromkeys(detail()) | {"id": 7})
    assert (nulls.variants, nulls.metrics, nulls.traffic_share) == ((), (), 1.0)


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": "7"}, {"id": True}, [], None, "text"])
def test_no_experiment(body):
    """What has no id is a surprise."""
    with pytest.raises(SourceSurprise):
        decode_experiment(body)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "paused"}, Status.PAUSED),
        ({"status": "exposure_frozen"}, Status.EXPOSURE_FROZEN),
        ({"status": "complete"}, Status.STOPPED),
        ({"status": None, "start_date": None}, Status.DRAFT),
        ({"status": None}, Status.RUNNING),
        ({"status": "a new word"}, Status.RUNNING),
        ({"status": None, "feature_flag": flag("control", "test", active=False)}, Status.PAUSED),
        ({"status": None, "end_date": "2026-09-10T00:00:00Z"}, Status.STOPPED),
        ({"status": None, "end_date": "2999-09-10T00:00:00Z"}, Status.STOPPED),
    ],
)
def test_status(changes, status):
    """The server's word counts; without one the dates and the flag decide, as PostHog's own rule does."""
    assert decode_experiment(detail(**changes)).status is status


@pytest.mark.parametrize(
    ("arms", "config", "order"),
    [
        (("test", "control"), None, ["control", "test"]),
        (("a", "b", "c"), {"baseline_variant_key": "b"}, ["b", "a", "c"]),
        (("a", "b"), {"baseline_variant_key": "gone"}, ["a", "b"]),
        (("a", "control"), {"baseline_variant_key": "a"}, ["a", "control"]),
        (("z", "y"), {}, ["z", "y"]),
    ],
)
def test_baseline(arms, config, order):
    """Baseline: the configured one, else control, else the first; the others keep their order."""
    found = decode_experiment(detail(feature_flag=flag(*arms), stats_config=config))
    assert [v.key for v in found.variants] == order


def test_excluded_variants():
    """Excluded arms are no arms; the shares of the rest add up to one."""
    found = decode_experiment(
        detail(feature_flag=flag(("control", 50), ("b", 25), ("c", 25)), excluded_variants=["b"])
    )
    assert [v.key for v in found.variants] == ["control", "c"]
    assert [v.share for v in found.variants] == pytest.approx([2 / 3, 1 / 3])  # 50 and 25 of 75
    assert found.excluded_variants == ("b",)


def test_arms_from_parameters():
    """Without a flag the arms and figures of older servers stand in parameters."""
    parameters = {
        "feature_flag_variants": [
            {"key": "control", "split_percent": 20},
            {"key": "x", "split_percent": 80},
        ],
        "rollout_percentage": 40,
        "minimum_detectable_effect": 30,
        "recommended_sample_size": 1000.6,
    }
    body = detail(feature_flag=None, parameters=parameters, running_time_calculation=None)
    found = decode_experiment(body)
    assert [(v.key, v.name, v.share) for v in found.variants] == [
        ("control", "control", 0.2),
        ("x", "x", 0.8),
    ]
    assert (found.traffic_share, found.planned.mde, found.planned.n_total) == (0.4, 0.3, 1001)


def test_odd_arms():
    """Arms without a key are no arms, a key counts once, and shares that are all zero mean evenly."""
    arms = [
        {"key": None},
        {"key": "a", "rollout_percentage": 0},
        {"key": "a"},
        {"key": "b"},
        "x",
        {},
    ]
    body = detail(feature_flag={"filters": {"multivariate": {"variants": arms}}})
    assert [(v.key, v.share) for v in decode_experiment(body).variants] == [("a", 0.5), ("b", 0.5)]


@pytest.mark.parametrize("value", [0, -5, None, "10", True])
def test_plan_that_is_none(value):
    """A planned effect that is no positive number is no plan."""
    body = detail(running_time_calculation={"minimum_detectable_effect": value})
    assert decode_experiment(body).planned.mde is None


def test_holdout():
    """A holdout is named, by number when it has no name."""
    named = decode_experiment(detail(holdout={"id": 3, "name": "Q3 holdout"}, holdout_id=3))
    assert named.holdout == "Q3 holdout"
    assert decode_experiment(detail(holdout=None, holdout_id=3)).holdout == "holdout 3"
    assert decode_experiment(detail()).holdout is None


def test_hostile_text():
    """Names lose what hides or reorders text, are cut, and keep what is only unusual."""
    found = decode_experiment(
        detail(name="a\x00\u202eb\n[x](javascript:1) 😀\ud800", description="d" * 9000)
    )
    assert found.name == "a b [x](javascript:1) 😀"
    assert len(found.description) == 3000


def test_excess_precision_and_odd_dates():
    """Nanoseconds are cut, a time without a zone is UTC, an unreadable one is none."""
    body = detail(start_date="2026-09-01T09:00:00.123456789Z", end_date="2026-09-01T09:00:00")
    found = decode_experiment(body)
    assert found.started_at == datetime(2026, 9, 1, 9, 0, 0, 123456, UTC)
    assert found.ended_at == datetime(2026, 9, 1, 9, tzinfo=UTC)
    assert decode_experiment(detail(start_date="soon")).started_at is None


def test_metric_order_and_roles():
    """PostHog's display order counts over inline and shared metrics; primaries come first."""
    found = metrics_of(
        metric(MEAN_ID),
        metric(FUNNEL_ID, "funnel"),
        metrics_secondary=[metric("s1", name="Second")],
        saved_metrics=[
            saved(metric(RETENTION_ID, "retention"), "primary"),
            saved(metric(RATIO_ID, "ratio", goal="decrease"), "secondary"),
        ],
        primary_metrics_ordered_uuids=[RETENTION_ID, MEAN_ID],
        secondary_metrics_ordered_uuids=[RATIO_ID, "s1", "gone"],
    )
    assert [(m.id, m.role) for m in found] == [
        (RETENTION_ID, MetricRole.PRIMARY),
        (MEAN_ID, MetricRole.SECONDARY),
        (FUNNEL_ID, MetricRole.SECONDARY),
        (RATIO_ID, MetricRole.GUARDRAIL),
        ("s1", MetricRole.SECONDARY),
    ]
    assert [m.kind for m in found][:4] == [
        MetricKind.RETENTION,
        MetricKind.MEAN,
        MetricKind.FUNNEL,
        MetricKind.RATIO,
    ]


def test_guardrails():
    """A secondary metric guards when it must not rise or says so; a primary one never does."""
    found = metrics_of(
        metric(MEAN_ID, goal="decrease"),
        metrics_secondary=[
            metric("a", name="Latency", goal="decrease"),
            metric("b", name="GUARDRAIL: refunds"),
            metric("c", name="Clicks"),
        ],
    )
    assert (found[0].role, found[0].goal) == (MetricRole.PRIMARY, Goal.DOWN)
    assert [m.role for m in found[1:]] == [
        MetricRole.GUARDRAIL,
        MetricRole.GUARDRAIL,
        MetricRole.SECONDARY,
    ]


def test_only_secondary_metrics():
    """An experiment without a primary metric has none: nothing is promoted."""
    experiment = decode_experiment(detail(metrics=[], metrics_secondary=[metric("a")]))
    assert experiment.primary is None


def test_duplicated_uuids():
    """A metric that comes twice is one metric, in its first place."""
    found = metrics_of(
        metric(MEAN_ID, name="First"),
        metric(MEAN_ID, name="Again"),
        metrics_secondary=[metric(MEAN_ID, name="Third")],
        saved_metrics=[saved(metric(MEAN_ID), "secondary")],
    )
    assert [m.name for m in found] == ["First"]


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        (metric("m", "mean", name=None), "purchase"),
        (metric("m", "funnel", name=""), "purchase"),
        (metric("m", "ratio", name=None), "refund per purchase"),
        (metric("m", "retention", name=None), "purchase"),
        (
            metric("m", "mean", name=None, source={"kind": "EventsNode", "event": "$pageview"}),
            "$pageview",
        ),
        (metric("m", "mean", name=None, source={"table_name": "stripe"}), "stripe"),
        (metric("m", "mean", name=None, source=None), "Unnamed metric"),
        (
            {"kind": "ExperimentTrendsQuery", "count_query": {"series": [{"event": "order"}]}},
            "order",
        ),
        (
            {
                "kind": "ExperimentFunnelsQuery",
                "funnels_query": {"series": [{"event": "a"}, {"event": "b"}]},
            },
            "b",
        ),
    ],
)
def test_names_of_nameless_metrics(definition, name):
    """A metric nobody named is called by the event it counts."""
    assert metrics_of(definition)[0].name == name


def test_saved_metric_name():
    """A shared metric without a name of its own is called what it was saved as."""
    nameless = saved(metric(RETENTION_ID, "retention", name=None), "primary", "Week-1 return")
    assert metrics_of(metrics=[], saved_metrics=[nameless])[0].name == "Week-1 return"


def test_kinds_not_decided_on():
    """Metrics of the old engine or of an unknown kind are legacy: shown, never decided on."""
    found = metrics_of(
        {"kind": "ExperimentTrendsQuery", "uuid": "t"},
        {"kind": "ExperimentMetric", "uuid": "n", "metric_type": "survival"},
        {"kind": "ExperimentMetric", "uuid": "x", "metric_type": None},
    )
    assert {m.kind for m in found} == {MetricKind.LEGACY}


def test_metrics_without_uuid():
    """A metric without a uuid has its fingerprint or its place for an id."""
    found = metrics_of(
        {"metric_type": "mean", "fingerprint": "f" * 64}, {"metric_type": "mean"}, 5, None
    )
    assert [m.id for m in found] == ["f" * 64, "primary-1"]
