"""Exposures reading by reading, on SQLite and PostgreSQL: what changed is kept, and what was known then is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lib.experiments.model import Exposures
from lib.history.store import Store

START = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEEN = Exposures(
    as_of=START, totals={"a": 5, "b": 6}, daily={"a": (("2026-05-01", 5),)}, n_multiple=1
)


@pytest.fixture
def store(database_url):
    made = Store(database_url, clock=lambda: START)
    yield made
    made.close()


def at_minute(minute, n=None):
    n = minute if n is None else n
    return replace(SEEN, as_of=START + minute * MINUTE, totals={"a": n, "b": n})


def test_only_what_changed_is_kept(store):
    """The same reading again adds no row; another one does, and so does the first one when it comes back."""
    kept = [store.remember_exposures(1, seen, START + i * MINUTE)
            for i, seen in enumerate([SEEN, SEEN, at_minute(9), at_minute(9), SEEN])]  # fmt: skip
    assert kept == [True, False, True, False, True]
    assert store.exposures(1) == SEEN
    assert store.exposures(1, known_at=START + 3 * MINUTE) == at_minute(9)


def test_what_was_known_then(store):
    """At any moment of our clock the reading taken last before or at it; before the first there is none."""
    for minute in (0, 10, 20):
        store.remember_exposures(1, at_minute(minute), START + minute * MINUTE)
    store.remember_exposures(2, at_minute(99), START)
    found = {m: store.exposures(1, known_at=START + m * MINUTE) for m in (-1, 0, 9, 10, 15, 500)}
    assert found[-1] is None
    assert {m: e and e.totals["a"] for m, e in found.items()} == {
        -1: None, 0: 0, 9: 0, 10: 10, 15: 10, 500: 20,
    }  # fmt: skip


def test_a_restart_knows_the_last_reading(database_url):
    """Another process on the same database adds nothing that is known, and finds what is."""
    for opened in range(2):
        store = Store(database_url, clock=lambda: START)
        assert store.remember_exposures(1, SEEN, START) is (opened == 0)
        assert store.exposures(1) == SEEN
        store.close()


def test_old_readings_become_fewer(store):
    """One every 5 minutes for nine days, seen from the end: all of the last day, the last of each 10 minutes for a
    week, the last of each hour before; and the one in force when each stretch begins is the one it was."""
    step, n = 5, 9 * 24 * 12
    for i in range(n):
        store.remember_exposures(1, at_minute(step * i), START + step * i * MINUTE)
    now = START + step * n * MINUTE
    hours = [START + h * timedelta(hours=1) - timedelta(seconds=1) for h in range(1, 9 * 24)]
    before = [store.exposures(1, known_at=at) for at in hours]
    gone = store.thin(now)
    assert [store.exposures(1, known_at=at) for at in hours] == before
    left = n - gone
    assert 24 * 12 + 6 * 144 + 24 <= left <= 24 * 12 + 6 * 144 + 48 + 4
    assert store.thin(now) == 0


def test_a_new_run_leaves_the_old_exposures_behind(store):
    """After a reset the experiment has none, until it is looked at again."""
    store.remember_exposures(1, SEEN, START)
    retired = store.retire(1)
    assert retired < 0
    assert store.exposures(1) is None
    assert store.exposures(retired) == SEEN
