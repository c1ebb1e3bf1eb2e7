"""A screen whose process only follows shows what the one that polls showed, whatever is written meanwhile."""

from dataclasses import replace
from datetime import timedelta

from lib.experiments.model import MetricRole, Reading
from lib.live.keeping import kept_since, told_of
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from tests.unit.live.sources import START
from tests.unit.live.test_looking_back import EXPERIMENT, METRIC, a_view, reading, snapshot

HOUR = timedelta(hours=1)


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


def followed(tracker, store, view, experiment=EXPERIMENT):
    look = Reading(
        experiment=experiment,
        snapshots=(),
        taken_at=view.checked_at,
        server_now=view.server_now,
    )
    told = told_of(look, view)
    return tracker.follow(experiment, told, kept_since(store, tracker, experiment, told))


def test_a_row_kept_while_the_past_is_read_is_not_shown_too_early(store):
    """Arms, change, interval and evidence are all of the moment the view names, at the first look and the next."""
    view = a_view(store)
    tracker = Tracker(EXPERIMENT, Overtaken(store, 216), meter=SpeedMeter(1.0))
    first = followed(tracker, store, view)
    assert first.as_of == view.as_of
    assert first.primary.arms == view.primary.arms
    assert first.primary.estimates == view.primary.estimates
    later = a_view(store, (222,))
    then = followed(tracker, store, later)
    assert then.as_of == later.as_of == START + 222 * HOUR
    assert then.primary.estimates == later.primary.estimates
    assert then.last_hour == later.last_hour


def test_what_was_kept_after_the_look_told_waits(store):
    """The other process is a row further than the look it told: the screen shows the look."""
    told = a_view(store)
    a_view(store, (216,))
    tracker = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
    first = followed(tracker, store, told)
    assert (first.as_of, first.primary.estimates) == (told.as_of, told.primary.estimates)


def test_an_earlier_moment_is_shown_whole(store):
    """A source goes back to an earlier moment, as when a test's end is set late: everything is of that moment, in
    the process that polls and in one that follows; going on, no row kept before is left out."""
    polls, follows = (Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0)) for _ in range(2))
    for hour in (6, 12, 24, 36):
        view = polls.take(reading(snapshot(hour)))
        followed(follows, store, view)
    for hour in (18, 30, 48):
        view = polls.take(reading(snapshot(hour)))
        again = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
        assert view.as_of == START + hour * HOUR
        assert view.primary.arms[0].n == snapshot(hour).totals[0].n
        for other in (follows, again):
            seen = followed(other, store, view)
            assert seen.as_of == view.as_of
            assert seen.primary.arms == view.primary.arms
            assert seen.primary.estimates == view.primary.estimates
            assert seen.last_hour == view.last_hour
    assert len(store.snapshots(1, METRIC.id)) == 7


GUARDED = replace(EXPERIMENT, metrics=(METRIC, replace(METRIC, id="m2", role=MetricRole.GUARDRAIL)))


def guarded(hour):
    """A row of the primary metric and one of its guardrail."""
    rows = snapshot(hour), replace(snapshot(hour, rates=(0.1, 0.11)), metric_id="m2")
    return replace(reading(*rows), experiment=GUARDED)


def test_every_metric_ends_where_the_look_told_does(store):
    """The process that polls has kept a further row of each metric before it told of it: none is shown yet."""
    polls, follows = (Tracker(GUARDED, store, meter=SpeedMeter(1.0)) for _ in range(2))
    for hour in range(6, 120, 6):
        polls.take(guarded(hour))
    for hour in (120, 126):
        told = polls.take(guarded(hour))
        store.keep(guarded(hour + 6).snapshots)
        for other in (follows, Tracker(GUARDED, store, meter=SpeedMeter(1.0))):
            seen = followed(other, store, told, GUARDED)
            assert [a.snapshot.as_of for a in seen.analyses] == [told.as_of] * 2
            assert [a.estimates for a in seen.analyses] == [a.estimates for a in told.analyses]
