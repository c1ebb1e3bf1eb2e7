"""Retention: what goes, what stays, and by whose clock, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.experiments.model import Alert, AlertKind, Call, Origin, Snapshot, Totals
from lib.history.store import Store

MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)
OURS = datetime(2026, 11, 1, tzinfo=UTC)  # our clock has nothing to do with the data's


def reading(at, *, metric_id="m", origin=Origin.RUN, taken_at=OURS, n=5):
    totals = (Totals(variant_key="control", n=n, total=1.0, total_sq=1.0),)
    return Snapshot(
        experiment_id=1,
        metric_id=metric_id,
        as_of=at,
        taken_at=taken_at,
        totals=totals,
        origin=origin,
    )


def every(step, since, until):
    moments = []
    while since <= until:
        moments.append(since)
        since += step
    return moments


@pytest.fixture
def store(database_url):
    made = Store(database_url, clock=lambda: OURS)
    yield made
    made.close()


def left(store, metric_id="m"):
    return [s.as_of for s in store.snapshots(1, metric_id)]


def test_the_first_row_of_each_bucket_stays(store):
    """After a day one row in 10 minutes, after a week one an hour, each the first of its bucket."""
    end = MIDNIGHT + timedelta(days=9)
    moments = every(timedelta(minutes=4), MIDNIGHT + timedelta(minutes=1), end)
    store.keep([reading(at) for at in moments])
    store.thin(OURS)

    def opens(at, before, minutes):
        width = minutes * 60
        return before is None or at.timestamp() // width != before.timestamp() // width

    pairs = zip(moments, [None, *moments[:-1]], strict=True)
    newest = moments[-1]
    expected = [
        at
        for at, before in pairs
        if at >= newest - timedelta(days=1)
        or (at >= newest - timedelta(days=7) and opens(at, before, 10))
        or opens(at, before, 60)
    ]
    assert left(store) == expected
    assert len(expected) < len(moments) / 2
    assert store.thin(OURS) == 0


def test_calls_alerts_minima_daily_points_and_the_newest_stay(store):
    """Whatever something rests on is there for ever."""
    second = timedelta(seconds=10)
    store.keep([reading(MIDNIGHT + i * second) for i in range(12)])
    store.keep([reading(MIDNIGHT + 5.5 * second, origin=Origin.DAILY)])
    store.protect(1, "m", MIDNIGHT + 3 * second)
    call = Call(
        experiment_id=1,
        metric_id="m",
        treatment_key="b",
        as_of=MIDNIGHT + 7 * second,
        direction=1,
        lift=0.1,
        low=0.0,
        high=0.2,
        evidence=0.96,
    )
    assert store.record_call(call)
    alert = Alert(
        key="k",
        experiment_id=1,
        kind=AlertKind.SPLIT_OFF,
        text="The split is off.",
        raised_at=OURS,
        as_of=MIDNIGHT + 9 * second,
    )
    assert store.raise_alert(alert)
    store.keep([reading(MIDNIGHT + timedelta(days=30))])
    assert store.thin(OURS) == 12 - 4
    stay = [0, 3, 5.5, 7, 9]
    assert left(store) == [
        *(MIDNIGHT + i * second for i in stay),
        MIDNIGHT + timedelta(days=30),
    ]


def test_ages_are_by_the_data_while_it_is_read(store):
    """A replay that runs far ahead of us is not thinned by our clock, nor is one far behind."""
    store.keep([reading(MIDNIGHT + timedelta(seconds=10 * i)) for i in range(12)])
    assert store.thin(OURS) == 0
    assert store.thin(OURS - timedelta(days=400)) == 0


def test_an_experiment_nobody_reads_goes_on_ageing(store):
    """Two days after the last look its last day is thinned too; the newest row stays."""
    moments = [MIDNIGHT + timedelta(seconds=10 * i) for i in range(12)]
    store.keep([reading(at) for at in moments])
    store.thin(OURS + timedelta(days=2))
    assert left(store) == [moments[0], moments[-1]]


def test_a_metric_that_stopped_ages_with_its_experiment(store):
    """The newest row of the experiment is the clock of all its metrics."""
    store.keep([reading(MIDNIGHT + timedelta(seconds=10 * i), metric_id="old") for i in range(12)])
    store.keep([reading(MIDNIGHT + timedelta(days=3), metric_id="new")])
    assert store.thin(OURS) == 10
    assert left(store, "old") == [MIDNIGHT, MIDNIGHT + timedelta(seconds=110)]


def test_thinning_can_be_done_in_small_helpings(store):
    """A limit keeps each round short, and rounds add up to the whole."""
    store.keep([reading(MIDNIGHT + timedelta(seconds=i), n=i) for i in range(6000)])
    store.keep([reading(MIDNIGHT + timedelta(days=3))])
    rounds = [store.thin(OURS, at_most=100) for _ in range(2)]
    assert all(0 < n <= 5000 for n in rounds)
    store.thin(OURS)
    assert len(left(store)) == 10 + 1  # 6000 s are 10 buckets of 10 minutes
