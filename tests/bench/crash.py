"""A writer is killed with SIGKILL at random moments; what it left behind must be whole.

    python tests/bench/crash.py                 50 kills on SQLite, 50 on PostgreSQL
    python tests/bench/crash.py --write URL     the writer: one poll after the other until it is killed

A poll keeps one reading of each of three metrics, and every tenth raises an alert with two messages. The writer
says the number of each poll once it is kept. After each kill the store must open and hold every poll that was
said, the one that was under way either as a whole or not at all, and nothing else.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from lib.experiments.model import Alert, AlertKind, Snapshot, Totals  # noqa: E402  # the path comes first
from lib.history.store import Store  # noqa: E402  # the path comes first
from tests.postgres import Server  # noqa: E402  # the path comes first

START = datetime(2026, 5, 1, tzinfo=UTC)
METRICS = ("purchase", "revenue", "refund")
POLL = timedelta(seconds=10)


def reading(i, metric_id):
    moment = START + i * POLL
    arms = tuple(
        Totals(
            variant_key=key, n=1000 + i, total=i / 7, total_sq=i * i / 3, steps=(i + 2, i + 1, i)
        )
        for key in ("control", "blue")
    )
    return Snapshot(
        experiment_id=1, metric_id=metric_id, as_of=moment, taken_at=moment, totals=arms
    )


def alert(i):
    return Alert(
        key=f"alert-{i}", experiment_id=1, kind=AlertKind.UNLIKELY, text=str(i), raised_at=START
    )


def write(url):
    """Go on after the newest poll kept, for ever."""
    store = Store(url, clock=lambda: START)
    newest = store.newest(1, METRICS[0])
    i = 0 if newest is None else (newest.as_of - START) // POLL + 1
    while True:
        if store.keep([reading(i, m) for m in METRICS]) != len(METRICS):
            sys.exit(f"poll {i} was not kept: {store.read_only_because}")
        if i % 10 == 0:
            store.raise_alert(alert(i), (("slack", str(i)), ("email", str(i))))
        os.write(1, b"%d\n" % i)
        i += 1


def kill_once(url, rng):
    """Let a writer run for up to a quarter of a second, kill it; the last poll it said, None if none."""
    writer = subprocess.Popen([sys.executable, __file__, "--write", url], stdout=subprocess.PIPE)
    first = writer.stdout.readline()
    assert first, "the writer did not start"
    time.sleep(rng.uniform(0, 0.25))
    writer.send_signal(signal.SIGKILL)
    said = first + writer.stdout.read()
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL, "the writer stopped by itself"
    whole = said[: said.rfind(b"\n")].split(b"\n")
    return int(whole[-1])


def check(url, said):
    """Everything said is there and whole; returns the number of polls kept."""
    store = Store(url, clock=lambda: START)
    assert store.read_only_because == ""
    kept = [store.snapshots(1, m) for m in METRICS]
    n = len(kept[0])
    for metric_id, rows in zip(METRICS, kept, strict=True):
        assert list(rows) == [reading(i, metric_id) for i in range(n)], "a gap or a changed row"
    assert n - 1 in {said, said + 1}, f"said {said}, kept {n - 1}"
    for one in store.alerts(limit=10**6):
        channels = [d.channel for d in store.deliveries(one.key)]
        assert sorted(channels) == ["email", "slack"], "an alert without its messages"
    if not store._database.is_postgres:
        found = store._database.read(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar())
        assert found == "ok", found
    store.close()
    return n


def kill_often(url, times, seed=1):
    """Kill ``times`` writers one after the other on the same store and check each time."""
    rng = random.Random(seed)
    kept = 0
    for _ in range(times):
        kept = check(url, kill_once(url, rng))
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="URL")
    parser.add_argument("--times", type=int, default=50)
    asked = parser.parse_args()
    if asked.write:
        write(asked.write)
    with tempfile.TemporaryDirectory() as folder:
        kept = kill_often(f"sqlite:///{folder}/history.sqlite3", asked.times)
        print(f"SQLite: {asked.times} kills, {kept:,} polls kept, none lost, none in half")
    server = Server().start()
    try:
        kept = kill_often(server.new_database(), asked.times)
        print(f"PostgreSQL: {asked.times} kills, {kept:,} polls kept, none lost, none in half")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
