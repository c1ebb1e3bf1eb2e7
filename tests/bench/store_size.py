"""How fast history answers with 0.75 and with 1.5 million rows of one experiment, on SQLite and PostgreSQL.

    python tests/bench/store_size.py                     both databases, a table of milliseconds
    python tests/bench/store_size.py --url sqlite:///big.sqlite3 --rows 1500000     only make a store, and keep it

The rows are drawn, not measured: an experiment with two arms, a true lift of 3 %, read every 10 s.
"""

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from postgres import Server  # noqa: E402  # the path comes first

from lib.experiments.model import (  # noqa: E402  # the path comes first
    Experiment,
    Metric,
    MetricKind,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.history.ladder import TOP, WIDTHS_S  # noqa: E402  # the path comes first
from lib.history.schema import protections  # noqa: E402  # the path comes first
from lib.history.snapshots import EVENT, MINIMUM  # noqa: E402  # the path comes first
from lib.history.store import Store  # noqa: E402  # the path comes first

METRIC = Metric(id="purchase", name="Purchase", kind=MetricKind.FUNNEL)
EXPERIMENT = Experiment(
    id=4711,
    name="Simulated: very long checkout",
    status=Status.RUNNING,
    variants=(
        Variant(key="control", name="control", share=0.5),
        Variant(key="blue", name="blue", share=0.5),
    ),
    metrics=(METRIC,),
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
)
STEP_S = 10
START = int(EXPERIMENT.started_at.timestamp())
COLUMNS = (
    "track_id, as_of, revision, taken_at, level, origin, n_excluded, layout_id, arms, reported"
)


def draw(n_rows, seed=7):
    """Cumulative (n, conversions) of two arms, shape (n_rows, 2, 2)."""
    rng = np.random.default_rng(seed)
    visitors = rng.poisson(3.0, (n_rows, 2))
    bought = rng.binomial(visitors, [0.100, 0.103])
    return np.stack([visitors, bought], axis=2).cumsum(axis=0).astype(np.float64)


def levels(seconds):
    """The level of every row, as ``ladder.level_of`` finds it one by one."""
    found = np.zeros(len(seconds), dtype=np.int64)
    for level in range(1, TOP + 1):
        bucket = seconds // WIDTHS_S[level]
        found[1:][bucket[1:] != bucket[:-1]] = level
    found[0] = TOP
    return found


def rows(n_rows, first, ids):
    """Rows as the store would write them, from row ``first`` on."""
    sums = draw(n_rows)
    packed = np.stack([sums[..., 0], sums[..., 1], sums[..., 1]], axis=2).reshape(n_rows, 6)
    seconds = START + STEP_S * (1 + np.arange(n_rows))
    for i, (second, level) in enumerate(
        zip(seconds.tolist(), levels(seconds).tolist(), strict=True)
    ):
        if i >= first:
            micros = second * 1_000_000
            yield (
                ids[0],
                micros,
                0,
                micros + 2_000_000,
                level,
                "run",
                0,
                ids[1],
                packed[i].tobytes(),
                "",
            )


def fill(store, n_rows, first=1):
    """Add rows up to ``n_rows`` past the store's own way, which is made for a few at a time."""
    store.remember_experiment(EXPERIMENT)
    if first == 1:
        store.keep([snapshot(0, draw(1)[0])])  # makes track and layout
    database = store._database
    with database.engine.connect() as connection:
        track = connection.exec_driver_sql("SELECT id FROM tracks").scalar()
        layout = connection.exec_driver_sql("SELECT id FROM layouts").scalar()
    raw = database.engine.raw_connection()
    try:
        if database.is_postgres:
            _copy(raw.driver_connection, rows(n_rows, first, (track, layout)))
        else:
            raw.execute("BEGIN")
            marks = ",".join("?" * 10)
            statement = f"INSERT INTO snapshots ({COLUMNS}) VALUES ({marks})"
            raw.driver_connection.executemany(statement, rows(n_rows, first, (track, layout)))
        raw.commit()
        if database.is_postgres:
            raw.driver_connection.execute("ANALYZE snapshots")  # as autovacuum does within a minute
            raw.commit()
    finally:
        raw.close()
    mark(database, track, first, n_rows)


def mark(database, track, first, n_rows):
    """One row in 50 is a new minimum of the always-valid p, one in 100,000 a call."""
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for why, every in ((MINIMUM, 50), (EVENT, 100_000)):
            marked = range(-(-first // every) * every, n_rows, every)
            values = [
                {"track_id": track, "why": why, "as_of": int(1e6 * (START + STEP_S * (i + 1)))}
                for i in marked
            ]
            if values:
                connection.execute(protections.insert(), values)


def _copy(connection: psycopg.Connection, rows):
    with connection.cursor().copy(f"COPY snapshots ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def snapshot(i, sums):
    moment = EXPERIMENT.started_at + timedelta(seconds=STEP_S * (i + 1))
    arms = zip(EXPERIMENT.variants, sums, strict=True)
    return Snapshot(
        experiment_id=EXPERIMENT.id,
        metric_id=METRIC.id,
        as_of=moment,
        taken_at=moment + timedelta(seconds=2),
        totals=tuple(
            Totals(variant_key=v.key, n=int(n), total=float(t), total_sq=float(t))
            for v, (n, t) in arms
        ),
    )


def median_ms(work, times=15):
    taken = []
    for i in range(times):
        begun = time.perf_counter()
        work(i)
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken)


def measure(url, sizes):
    """Print the milliseconds of a tick and of a history page at each size."""
    store = Store(url, clock=lambda: datetime.now(UTC))
    before = 1
    for n_rows in sizes:
        begun = time.perf_counter()
        fill(store, n_rows, before)
        made_s = time.perf_counter() - begun
        n_points = len(store.thinned_series(EXPERIMENT, METRIC))
        print(
            f"{store.place[:10]} {n_rows:>9,} rows, made in {made_s:.0f} s, chart of {n_points} points"
        )
        for name, work in questions(store, n_rows):
            print(f"    {name:<22}{median_ms(work):8.2f} ms")
        before = n_rows + 15  # the rows that keep() added
    whole(store)
    store.close()


def questions(store, n_rows):
    """What is asked at a tick and by a page, each as a function of the repetition."""
    last = store.newest(EXPERIMENT.id, METRIC.id)
    sums = np.array([[t.n, t.total] for t in last.totals])
    half = snapshot(n_rows // 2, sums).as_of
    week = last.as_of - timedelta(days=7)
    return (
        ("newest", lambda _: store.newest(EXPERIMENT.id, METRIC.id)),
        ("newest at half time", lambda _: store.newest(EXPERIMENT.id, METRIC.id, at=half)),
        ("keep one reading", lambda i: store.keep([snapshot(n_rows + i, sums)])),
        ("keep a known one", lambda _: store.keep([last])),
        ("chart, everything", lambda _: store.thinned_series(EXPERIMENT, METRIC)),
        ("chart, last 7 days", lambda _: store.thinned_series(EXPERIMENT, METRIC, since=week)),
        ("lease", lambda _: store.lease("poll", "bench", 30)),
    )


def whole(store):
    """What is done once: reading everything at a start, thinning in the background."""
    begun = time.perf_counter()
    everything = store.series(EXPERIMENT, METRIC)
    print(f"    all {len(everything):,} rows as arrays {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    gone = store.thin(store.newest(EXPERIMENT.id, METRIC.id).taken_at, at_most=50_000)
    print(f"    thinning {gone:,} rows {time.perf_counter() - begun:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="only make a store here")
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    asked = parser.parse_args()
    sizes = (asked.rows // 2, asked.rows)
    if asked.url:
        store = Store(asked.url, clock=lambda: datetime.now(UTC))
        fill(store, asked.rows)
        store.close()
        return
    if asked.only != "postgres":
        with tempfile.TemporaryDirectory() as folder:
            measure(f"sqlite:///{folder}/big.sqlite3", sizes)
    if asked.only != "sqlite":
        server = Server().start()
        try:
            measure(server.new_database(), sizes)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
