"""How fast the history page is served from a store of 0.75 and of 1.5 million rows of one experiment.

    python tests/bench/history_page.py                          makes the stores on both databases and measures
    python tests/bench/history_page.py --only sqlite            one of them
    python tests/bench/history_page.py --url sqlite:///big.sqlite3    of a store made before (tests/bench/store_size.py)

Two measures. *Computed*: processor time of what a run of the page's script computes, without Streamlit: the first
run after a start (its trend is evaluated then), one by a second viewer, a tick with a new row. *Served*: the page by
``streamlit run`` to a websocket client: processor time of the process, and time waited, from a viewer's first message
to the end of the script, for the first viewer and for a second; of each tick, without the hub's threads; what remains
without a viewer is given beside it; bytes of both. The rows are drawn, not measured.
Limits: first 400 ms and 400 kB, tick 25 ms, flat as the rows double.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
from streamlit.util import calc_hash

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from history_app import clock, reading_of, with_next_row  # noqa: E402  # the path comes first
from sessions import Counts, Session  # noqa: E402  # the path comes first
from store_size import EXPERIMENT, METRIC, fill  # noqa: E402  # the path comes first
from viewers import answering, free_port  # noqa: E402  # the path comes first

from lib.history.store import Store  # noqa: E402  # the path comes first
from lib.live.speed import SpeedMeter  # noqa: E402  # the path comes first
from lib.live.tracker import Tracker  # noqa: E402  # the path comes first
from lib.live.trend import Trends  # noqa: E402  # the path comes first
from lib.ui import history_charts  # noqa: E402  # the path comes first
from lib.ui.header import header, notices  # noqa: E402  # the path comes first
from lib.ui.history_moments import moments_of  # noqa: E402  # the path comes first
from lib.ui.live_block import pack  # noqa: E402  # the path comes first
from lib.ui.shared import Shelf  # noqa: E402  # the path comes first
from lib.ui.verdict import verdict_card  # noqa: E402  # the path comes first
from lib.ui.viewer import Viewer  # noqa: E402  # the path comes first
from tests.postgres import Server  # noqa: E402  # the path comes first

POLL_S = 1.0
THREAD_ENDS_S = 0.1  # a run's processor time counts as the server's once its thread has ended


def one_run(tracker, store, trends):
    """What one run of the page's script computes and sends; milliseconds and bytes."""
    who = Viewer(now=clock())
    began = time.process_time()
    view = tracker.view
    trend = trends.trend(EXPERIMENT, METRIC, tracker.plan or store.plan(EXPERIMENT.id))
    verdict = pack(verdict_card(view, who))
    moments = moments_of(view, store, trend, who.zone)
    charts = history_charts.charts_packed(view, METRIC, trend, moments, viewer=who, chosen="all")
    head = [header(view, who, is_live=True, tick=1), *notices(view, who)]
    sent = len(charts) + len(verdict) + len(json.dumps(head))
    return 1e3 * (time.process_time() - began), sent


def computed(url, ticks):
    """Milliseconds of processor time and kB, by name."""
    store = Store(url, clock=clock)
    try:
        tracker = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
        snapshot = store.newest(EXPERIMENT.id, METRIC.id)
        began, waited = time.process_time(), time.perf_counter()
        tracker.take(reading_of(snapshot))
        start_ms = 1e3 * (time.process_time() - began)
        waited_ms = 1e3 * (time.perf_counter() - waited)
        history_charts._packed = Shelf()
        trends = Trends(store)
        first_ms, sent = one_run(tracker, store, trends)
        second_ms, _ = one_run(tracker, store, trends)
        spent = []
        for _ in range(ticks):
            snapshot = with_next_row(snapshot)
            tracker.take(reading_of(snapshot))
            spent.append(one_run(tracker, store, trends)[0])
        return {
            "hub's first evaluation": start_ms, "the same, time waited": waited_ms, "first run": first_ms,
            "second viewer": second_ms, "tick": statistics.median(spent), "slowest tick": max(spent),
            "kB": sent / 1e3,
        }  # fmt: skip
    finally:
        store.close()


async def served(url, seconds):
    """The same from a real server, one viewer ticking: milliseconds and kB, by name."""
    env = {"HISTORY_URL": url, "HISTORY_POLL_S": str(POLL_S)}
    server, address = start(env)
    process = psutil.Process(server.pid)
    try:
        await viewed(process, address, "board", 0)  # imports
        idle = await busy(process, seconds)
        found = {}
        for name in ("first", "second"):
            counts, spent_ms, each_ms = await viewed(process, address, "history", seconds)
            found |= {f"{name} viewer": spent_ms, "until there": 1e3 * counts.first[0]}
            found[f"{name} kB"] = counts.first_kb
        late = sorted(counts.latencies)
        found |= {
            "tick": each_ms - 1e3 * idle[0] / idle[1] * POLL_S, "until there, median": 1e3 * late[len(late) // 2],
            "kB a tick": counts.down / 1e3 / max(counts.ticks, 1), "the hub's part": 1e3 * idle[0] / idle[1] * POLL_S,
            "errors": len(counts.errors),
        }  # fmt: skip
        return found
    finally:
        server.terminate()
        server.wait(10)


class Viewing(Session):
    """One viewer of a page; its own clock is the quickest here, quicker than the bell's."""

    def _slowest(self):
        return min(self._every_s, key=self._every_s.__getitem__)


def start(env):
    """The app in a process of its own, once it answers; its address."""
    port = free_port()
    return answering([sys.executable, "tests/bench/history_app.py", str(port)], port, env)


async def viewed(process, address, page, seconds):
    """One viewer comes, stays and goes: counts, processor ms until the page is there and of each tick."""
    counts, before = Counts(), used_ms(process)
    session = Viewing(address, f"experiment={EXPERIMENT.id}", counts)
    session._page = calc_hash(page)  # as Streamlit names a page by its path in the address
    task = asyncio.create_task(session.run())
    try:
        await asyncio.wait_for(session.ready.wait(), 120)
        await asyncio.sleep(THREAD_ENDS_S)
        spent_ms, counts.first_kb = used_ms(process) - before, counts.down / 1e3
        if not seconds:
            return counts, spent_ms, 0.0
        await asyncio.sleep(2 * POLL_S)
        counts.clear()
        used, _ = await busy(process, seconds)
        return counts, spent_ms, 1e3 * used / max(counts.ticks, 1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def busy(process, seconds):
    """Processor seconds used while we waited, and how long that was."""
    before, began = used_ms(process), time.monotonic()
    await asyncio.sleep(seconds)
    return (used_ms(process) - before) / 1e3, time.monotonic() - began


def used_ms(process):
    """Of the server's loop and of runs, whose threads end with them; the hub's threads, which stay, are left out."""
    cpu = process.cpu_times()
    staying = sum(t.user_time + t.system_time for t in process.threads() if t.id != process.pid)
    return 1e3 * (cpu.user + cpu.system - staying)


def show(label, found):
    print(
        f"{label:>22}  " + "  ".join(f"{name} {value:.1f}" for name, value in found.items()),
        flush=True,
    )


def both(label, url, chosen):
    """Both measures of one store."""
    show(f"{label} computed", computed(url, chosen.ticks))
    show(f"{label} served", asyncio.run(served(url, chosen.seconds)))


def sizes(label, url, chosen):
    """Both measures at half the rows and at all of them."""
    before = 1
    for rows in (chosen.rows // 2, chosen.rows):
        store = Store(url, clock=clock)
        fill(store, rows, before)
        store.close()
        with_rows = aside(url, rows)
        both(f"{label} {rows:,}", with_rows, chosen)
        before = rows


def aside(url, rows):
    """A copy to measure on, since measuring adds rows."""
    kind, _, path = url.partition(":///")
    if kind == "sqlite":
        copy = f"{path}.{rows}"
        shutil.copyfile(path, copy)
        return f"sqlite:///{copy}"
    place, _, name = url.rpartition("/")
    with psycopg.connect(f"{place}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_{rows} TEMPLATE {name}")
    with psycopg.connect(f"{url}_{rows}", autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # else the server does it while we measure
        connection.execute("CHECKPOINT")
    return f"{url}_{rows}"


def main():
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asked.add_argument("--url", help="a store made before; rows are added to it")
    asked.add_argument("--only", choices=["sqlite", "postgres"])
    asked.add_argument("--ticks", type=int, default=20)
    asked.add_argument("--seconds", type=float, default=20, help="of ticks by the served page")
    asked.add_argument("--rows", type=int, default=1_500_000)
    chosen = asked.parse_args()
    if chosen.url:
        both("given store", chosen.url, chosen)
        return
    if chosen.only != "postgres":
        with tempfile.TemporaryDirectory() as folder:
            sizes("SQLite", f"sqlite:///{folder}/big.sqlite3", chosen)
    if chosen.only != "sqlite":
        server = Server().start()
        try:
            sizes("PostgreSQL", server.new_database(), chosen)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
