"""A screen whose process only follows shows what the one that polls showed, whatever is written meanwhile."""

from datetime import timedelta

import pytest

from lib.history.store import Store
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from lib.live.view import Checked
from tests.unit.live.sources import START, Hand
from tests.unit.live.test_looking_back import EXPERIMENT, METRIC, a_view, reading, snapshot

HOUR = timedelta(hours=1)


@pytest.fixture
def store():
    store = Store("sqlite://", clock=Hand())
    yield store
    store.close()


class Overtaken:
    """The store, but another process keeps one more row just before the past is read."""

    def __init__(self, store, hour):
        self._store, self._hour = store, hour

    def __getattr__(self, name):
        return getattr(self._store, name)

    def thinned_series(self, *args, **more):
        """As the store's, a moment too late."""
        self._store.keep([snapshot(self._hour)])
        return self._store.thinned_series(*args, **more)


def followed(tracker, view):
    told = Checked(server_now=view.server_now, taken_at=view.checked_at, speed=1.0)
    seen = tracker.newest(METRIC.id)
    rows = () if seen is None else tracker._shelf.snapshots(1, METRIC.id, since=seen)
    return tracker.follow(EXPERIMENT, told, rows)


def test_a_row_kept_while_the_past_is_read_is_not_shown_too_early(store):
    """Arms, change, interval and evidence are all of the moment the view names, at the first look and the next."""
    view = a_view(store)
    tracker = Tracker(EXPERIMENT, Overtaken(store, 216), meter=SpeedMeter(1.0))
    first = followed(tracker, view)
    assert first.as_of == view.as_of
    assert first.primary.arms == view.primary.arms
    assert first.primary.estimates == view.primary.estimates
    later = a_view(store, (222,))
    then = followed(tracker, later)
    assert then.as_of == later.as_of == START + 222 * HOUR
    assert then.primary.estimates == later.primary.estimates
    assert then.last_hour == later.last_hour


def test_a_late_answer_about_the_past_does_not_turn_the_view_back(store):
    """An older reading, answered late, leaves the newest numbers and their moment on the screen."""
    tracker = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
    for hour in (6, 12, 24):
        newest = tracker.take(reading(snapshot(hour)))
    late = tracker.take(reading(snapshot(18)))
    assert late.as_of == newest.as_of
    assert late.primary.arms == newest.primary.arms
    assert late.primary.estimates[0].lift == newest.primary.estimates[0].lift
    assert len(store.snapshots(1, METRIC.id)) == 4
