"""How fast the history page is served from a store of 0.75 and of 1.5 million rows of one experiment.

    python tests/bench/history_page.py                          makes both stores, a table of milliseconds and bytes
    python tests/bench/history_page.py --url sqlite:///big.sqlite3    of a store made before (tests/bench/store_size.py)

Processor time inside the process, without a browser, so that other work on the machine does not count: the script run that draws the page for the first time after a
start (its trend is evaluated then), one by a second viewer, and a tick with a new row; bytes are those of the charts and blocks
sent. The rows are drawn, not measured. Limits: first 400 ms and 400 kB, tick 25 ms, flat as the rows double.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from store_size import EXPERIMENT, METRIC, fill  # noqa: E402  # the path comes first

from lib.experiments.model import Reading  # noqa: E402  # the path comes first
from lib.history.store import Store  # noqa: E402  # the path comes first
from lib.live.speed import SpeedMeter  # noqa: E402  # the path comes first
from lib.live.tracker import Tracker  # noqa: E402  # the path comes first
from lib.live.trend import Trends  # noqa: E402  # the path comes first
from lib.ui import history_charts  # noqa: E402  # the path comes first
from lib.ui.header import header, notices  # noqa: E402  # the path comes first
from lib.ui.history import _table  # noqa: E402  # the path comes first
from lib.ui.history_moments import moments_of  # noqa: E402  # the path comes first
from lib.ui.replay import stops_of  # noqa: E402  # the path comes first
from lib.ui.verdict import verdict_card  # noqa: E402  # the path comes first
from lib.ui.viewer import Viewer  # noqa: E402  # the path comes first


def clock():
    return datetime.now(UTC)


def reading_of(store, snapshot):
    return Reading(
        experiment=EXPERIMENT, snapshots=(snapshot,), taken_at=clock(), server_now=snapshot.as_of
    )


def one_run(store, trends, view):
    """What one run of the page's script computes and sends; milliseconds and bytes."""
    who = Viewer(now=clock())
    began = time.process_time()
    trend = trends.trend(EXPERIMENT, METRIC, store.plan(EXPERIMENT.id))
    stops_of(trend, None)
    moments = moments_of(view, store, trend, who.zone)
    charts = history_charts.charts_of(view, METRIC, trend, moments, viewer=who, chosen="all")
    blocks = [
        header(view, who, is_live=True, tick=1),
        *notices(view, who),
        verdict_card(view, who),
        _table(moments, who),
    ]
    sent = sum(len(json.dumps(chart.spec)) for chart in charts) + len(json.dumps(blocks))
    return 1e3 * (time.process_time() - began), sent


def with_next_row(snapshot):
    """Ten seconds later, sixty visitors more; the hub's work, not the page's."""
    totals = tuple(
        replace(t, n=t.n + 30, total=t.total + 3, total_sq=t.total_sq + 3) for t in snapshot.totals
    )
    at = snapshot.as_of + timedelta(seconds=10)
    return replace(snapshot, totals=totals, as_of=at, taken_at=at)


def measure(url, ticks):
    store = Store(url, clock=clock)
    try:
        tracker = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
        snapshot = store.newest(EXPERIMENT.id, METRIC.id)
        began = time.process_time()
        view = tracker.take(reading_of(store, snapshot))
        start_ms = 1e3 * (time.process_time() - began)
        history_charts._drawn = type(history_charts._drawn)(keep=24)
        trends = Trends(store)
        first_ms, sent = one_run(store, trends, view)
        second_ms, _ = one_run(store, trends, view)
        spent = []
        for _ in range(ticks):
            snapshot = with_next_row(snapshot)
            view = tracker.take(reading_of(store, snapshot))
            spent.append(one_run(store, trends, view)[0])
        return {
            "hub start": start_ms, "first": first_ms, "second viewer": second_ms,
            "tick": statistics.median(spent), "slowest tick": max(spent), "kB": sent / 1e3,
        }  # fmt: skip
    finally:
        store.close()


def show(label, found):
    print(f"{label:>12}  " + "  ".join(f"{name} {value:8.1f}" for name, value in found.items()))


def main():
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asked.add_argument("--url", help="a store made before")
    asked.add_argument("--ticks", type=int, default=20)
    asked.add_argument("--rows", type=int, default=1_500_000)
    given = asked.parse_args()
    if given.url:
        show("given store", measure(given.url, given.ticks))
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/big.sqlite3"
        half = given.rows // 2
        for first, rows in ((1, half), (half, given.rows)):
            store = Store(url, clock=clock)
            fill(store, rows, first)
            store.close()
            copy = f"{folder}/at-{rows}.sqlite3"
            Path(copy).write_bytes(Path(f"{folder}/big.sqlite3").read_bytes())
            show(f"{rows:,}", measure(f"sqlite:///{copy}", given.ticks))


if __name__ == "__main__":
    main()
