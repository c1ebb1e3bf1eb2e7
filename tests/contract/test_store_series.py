"""What a chart gets from the store: the same on SQLite and PostgreSQL, and the same as statistics make of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lib.experiments.model import (
    Experiment,
    Metric,
    MetricKind,
    Origin,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.history.frames import frame
from lib.history.snapshots import EVENT
from lib.history.store import Store
from lib.stats.series import series_of

START = datetime(2026, 5, 1, 9, 0, 3, 250_001, tzinfo=UTC)
METRIC = Metric(id="m", name="Order value", kind=MetricKind.RATIO)
KEYS = ("control", "b", "c")
EXPERIMENT = Experiment(
    id=1,
    name="Three arms",
    status=Status.RUNNING,
    variants=tuple(Variant(key=k, name=k, share=1 / 3) for k in KEYS),
    metrics=(METRIC,),
    started_at=START,
)
FIELDS = (
    "as_of",
    "n",
    "total",
    "total_sq",
    "base_total",
    "base_total_sq",
    "cross_total",
    "n_excluded",
)


def reading(i, step_s, rng):
    """Drawn totals; every 7th misses an arm, every 5th was sent without the ratio's denominator."""
    moment = START + timedelta(seconds=step_s * i)
    keys = KEYS[:2] if i % 7 == 3 else KEYS
    arms = []
    for key in keys:
        x, y = rng.normal(1, 0.3, 50 + i % 10), rng.normal(2, 0.5, 50 + i % 10)
        ratio = i % 5 != 2
        arms.append(
            Totals(
                variant_key=key,
                n=len(x),
                total=float(x.sum()),
                total_sq=float((x * x).sum()),
                base_total=float(y.sum()) if ratio else None,
                base_total_sq=float((y * y).sum()) if ratio else None,
                cross_total=float((x * y).sum()) if ratio else None,
            )
        )
    return Snapshot(
        experiment_id=1,
        metric_id="m",
        as_of=moment,
        taken_at=moment + timedelta(seconds=2),
        totals=tuple(arms),
        n_excluded=i % 3,
    )


def readings(n, step_s=10):
    rng = np.random.default_rng(5)
    return [reading(i, step_s, rng) for i in range(n)]


@pytest.fixture
def store(database_url):
    made = Store(database_url, clock=lambda: START)
    yield made
    made.close()


def same(a, b):
    for name in FIELDS:
        left, right = getattr(a, name), getattr(b, name)
        assert (left is None) == (right is None), name
        if left is not None:
            np.testing.assert_array_equal(left, right, err_msg=name)
            assert left.dtype == right.dtype == np.float64
            assert left.shape == right.shape


def test_series_equals_what_statistics_make_of_the_snapshots(store):
    """Straight from SQL or through snapshots: bit for bit the same arrays, corrections included."""
    kept = readings(60)
    kept.append(
        replace(kept[4], taken_at=kept[4].taken_at + timedelta(hours=1), totals=kept[0].totals)
    )
    store.keep(kept)
    same(store.series(EXPERIMENT, METRIC), series_of(kept, EXPERIMENT.variants))
    same(
        store.series(EXPERIMENT, METRIC, since=kept[10].as_of, until=kept[20].as_of),
        series_of(kept[10:21], EXPERIMENT.variants),
    )


def test_nothing_kept_is_an_empty_series(store):
    """No row yields arrays of length 0 with a column per arm, thinned or not."""
    for empty in (store.series(EXPERIMENT, METRIC), store.thinned_series(EXPERIMENT, METRIC)):
        assert len(empty) == 0
        assert empty.n.shape == (0, 3)
        same(empty, series_of([], EXPERIMENT.variants))


def test_two_databases_give_identical_frames(server, tmp_path):
    """The same readings kept in SQLite and in PostgreSQL come back as equal data frames, thinned too."""
    urls = (f"sqlite:///{tmp_path / 'h.sqlite3'}", server.new_database())
    stores = [Store(url, clock=lambda: START) for url in urls]
    kept = readings(300, step_s=37)
    whole, thinned = [], []
    for store in stores:
        store.keep(kept[::2])
        store.keep(kept)
        whole.append(frame(EXPERIMENT, store.series(EXPERIMENT, METRIC)))
        thinned.append(frame(EXPERIMENT, store.thinned_series(EXPERIMENT, METRIC, points=40)))
        store.close()
    pd.testing.assert_frame_equal(*whole, check_exact=True)
    pd.testing.assert_frame_equal(*thinned, check_exact=True)
    assert len(whole[0]) == 300 * 3
    assert whole[0]["at"].iloc[3] == pd.Timestamp(kept[1].as_of)


def test_a_thinned_series_opens_each_bucket_and_ends_with_the_newest(store):
    """300 rows of 10 s, at most 100 points: the first row of each minute's bucket, and the last row."""
    kept = readings(300)
    store.keep(kept)
    seen = store.thinned_series(EXPERIMENT, METRIC, points=100)
    # 2990 s do not fit into 100 buckets of 20 s, so a bucket is one minute.
    minute = [int(s.as_of.timestamp()) // 60 for s in kept]
    first = [s for i, s in enumerate(kept) if i == 0 or minute[i] != minute[i - 1]]
    same(seen, series_of([*first, kept[-1]], EXPERIMENT.variants))


def test_few_rows_are_not_thinned(store):
    """A chart with room for every row shows every row."""
    kept = readings(50)
    store.keep(kept)
    same(
        store.thinned_series(EXPERIMENT, METRIC, points=1500),
        series_of(kept, EXPERIMENT.variants),
    )


def test_thinning_follows_readings_that_arrive_late(store):
    """A row placed before another one takes over its bucket."""
    kept = readings(120)
    for one in kept[::-1]:
        store.keep([one])
    there = Store("sqlite://", clock=lambda: START)
    there.keep(kept)
    same(
        store.thinned_series(EXPERIMENT, METRIC, points=30),
        there.thinned_series(EXPERIMENT, METRIC, points=30),
    )
    there.close()


def test_many_minima_are_marked_at_once(store):
    """All rows that carry the evidence are protected in one transaction, again and again without harm; of a metric
    that was never kept nothing is."""
    kept = readings(300)
    store.keep(kept)
    marked = [one.as_of for one in kept[100:140:7]]
    assert store.protect_all(1, "m", marked) == len(marked)
    assert store.protect_all(1, "m", marked) == len(marked)
    assert store.protect_all(1, "never kept", marked) == 0
    assert store.protect_all(1, "m", ()) == 0
    times = store.thinned_series(EXPERIMENT, METRIC, points=60).as_of
    assert {at.timestamp() for at in marked} <= set(times)
    store.keep([replace(kept[-1], as_of=START + timedelta(days=40))])
    store.thin(START + timedelta(days=40))
    assert set(marked) <= {one.as_of for one in store.snapshots(1, "m")}


def test_series_tell_daily_points(store):
    """A point of PostHog's daily series is told from a reading, in every way to read rows."""
    kept = readings(6)
    store.keep([replace(one, origin=Origin.DAILY) for one in kept[:2]] + kept[2:])
    expected = [True, True, False, False, False, False]
    for series in (
        store.series(EXPERIMENT, METRIC),
        store.thinned_series(EXPERIMENT, METRIC),
        series_of(store.snapshots(1, "m"), EXPERIMENT.variants),
    ):
        assert series.is_daily.tolist() == expected
    table = frame(EXPERIMENT, store.series(EXPERIMENT, METRIC))
    assert table["origin"].tolist()[:7] == ["daily figure from PostHog"] * 6 + ["reading"]


def test_calls_and_minima_are_never_missed(store):
    """The row of a call is in the chart, and those of the running minimum as long as they are not too many."""
    kept = readings(300)
    store.keep(kept)
    store.protect(1, "m", kept[77].as_of, EVENT)
    store.protect(1, "m", kept[80].as_of)
    times = store.thinned_series(EXPERIMENT, METRIC, points=60).as_of
    assert kept[77].as_of.timestamp() in times
    assert kept[80].as_of.timestamp() in times
    for one in kept[100:190]:
        store.protect(1, "m", one.as_of)
    times = store.thinned_series(EXPERIMENT, METRIC, points=60).as_of
    assert kept[77].as_of.timestamp() in times
    assert len(times) <= 63


def test_a_correction_shows_in_the_chart_from_when_it_was_known(store):
    """The corrected row replaces the bucket's row; looking back without hindsight shows the old one."""
    kept = readings(300)
    later = replace(kept[0], taken_at=kept[-1].taken_at + timedelta(hours=1), totals=kept[1].totals)
    store.keep(kept)
    store.keep([later])
    now = store.thinned_series(EXPERIMENT, METRIC, points=60)
    then = store.thinned_series(EXPERIMENT, METRIC, points=60, known_at=kept[-1].taken_at)
    assert now.total[0, 0] == kept[1].totals[0].total
    assert then.total[0, 0] == kept[0].totals[0].total
    assert len(now) == len(then)
