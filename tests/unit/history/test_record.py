"""A record holds everything an analysis was computed from, and says so when it does not."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lib.experiments.errors import StoreError
from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Metric,
    MetricKind,
    Plan,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.history import codec
from lib.history.record import gather, read_record, write_record
from lib.history.store import Store

START = datetime(2026, 5, 1, tzinfo=UTC)
METRIC = Metric(id="m", name="</script><b>", kind=MetricKind.MEAN)
EXPERIMENT = Experiment(
    id=1,
    name="Pricing",
    status=Status.RUNNING,
    variants=(
        Variant(key="control", name="c", share=1 / 3),
        Variant(key="b", name="b", share=2 / 3),
    ),
    metrics=(METRIC,),
    started_at=START,
)
PLAN = Plan(experiment_id=1, mde=0.1 + 0.2, n_per_arm=(1e3,), days=14.0, frozen_at=START)


def reading(day, more=0.0, taken=0):
    moment = START + timedelta(days=day)
    return Snapshot(
        experiment_id=1,
        metric_id="m",
        as_of=moment,
        taken_at=moment + timedelta(days=taken),
        totals=(
            Totals(variant_key="control", n=10, total=day / 3 + more, total_sq=1e3),
            Totals(variant_key="b", n=10, total=day / 7, total_sq=1e3, steps=(3, 2)),
        ),
    )


def a_call(day):
    return Call(
        experiment_id=1,
        metric_id="m",
        treatment_key="b" if day < 3 else "c",
        as_of=START + timedelta(days=day),
        direction=1,
        lift=1 / 3,
        low=float("-inf"),
        high=float("inf"),
        evidence=0.95,
    )


@pytest.fixture
def store():
    made = Store("sqlite://", clock=lambda: START)
    made.keep([reading(d) for d in range(5)])
    made.keep([reading(1, more=1.0, taken=9)])
    made.freeze_plan(PLAN)
    made.record_call(a_call(2))
    made.record_call(a_call(4))
    yield made
    made.close()


def test_a_record_ends_at_its_moment(store):
    """Snapshots and calls up to the moment, the plan, and nothing later."""
    record = gather(store, EXPERIMENT, METRIC, START + timedelta(days=3), source="simulated")
    assert record.snapshots == (reading(0), reading(1, more=1.0, taken=9), reading(2), reading(3))
    assert record.calls == (a_call(2),)
    assert record.plan == PLAN


def test_a_record_without_hindsight_knows_no_later_correction(store):
    """With ``known_at`` the reading that counted then is the one recorded."""
    then = START + timedelta(days=3)
    record = gather(store, EXPERIMENT, METRIC, then, known_at=then)
    assert record.snapshots == tuple(reading(d) for d in range(4))


def test_a_record_comes_back_equal_and_is_safe_inside_a_page(store):
    """Every float to the last bit, infinities included, as strict JSON without a ``<``."""
    exposures = Exposures(as_of=START, totals={"b": 3}, daily={"b": (("2026-05-01", 3),)})
    record = gather(
        store, EXPERIMENT, METRIC, START + timedelta(days=9), server_now=START, exposures=exposures
    )
    text = write_record(record)
    assert "<" not in text
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert read_record(text) == record


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not a record"),
        ("[1]", "not a record"),
        ('{"a": 1}', "not a record"),
        ('{"format": "other", "version": 1}', "another program"),
        ('{"format": "live-experiment-dashboard record", "version": 2}', "newer version"),
        ('{"format": "live-experiment-dashboard record", "version": 1}', "damaged"),
        ('{"format": "live-experiment-dashboard record", "version": "x"}', "not a record"),
    ],
)
def test_other_texts_are_refused_in_words(text, sentence):
    """A file that is no record, too new or damaged gets a sentence, not a traceback."""
    with pytest.raises(StoreError, match=sentence):
        read_record(text)


def test_rows_of_older_and_newer_versions_are_read():
    """A field that an older row lacks takes its default, one no longer declared is passed over."""
    old = codec.plain(PLAN)
    del old["origin"]
    assert codec.revive(Plan, {**old, "colour": "green"}) == PLAN
    text = codec.dumps(replace(PLAN, origin="user"))
    assert codec.loads(Plan, text) == replace(PLAN, origin="user")
