"""The limits, the cadence and the server's clock, as arithmetic."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from lib.experiments.errors import SourceDown
from lib.settings import PostHogSettings
from lib.sources.posthog.budget import Budget, OverLimit, Window
from lib.sources.posthog.cadence import Cadence, detail_s, plan_cadence, query_gap_s
from lib.sources.posthog.server_clock import ServerClock

NOON = datetime(2026, 9, 12, 12, tzinfo=UTC)


class Seconds:
    def __init__(self):
        self.s = 0.0

    def __call__(self):
        return self.s


def a_budget(random=0.5, **settings):
    now = Seconds()
    return Budget(PostHogSettings(**settings), monotonic=now, random=lambda: random), now


def test_window_slides():
    """A window counts the last seconds only, and says when the next event fits."""
    window = Window(2, 60)
    window.add(0)
    window.add(10)
    assert window.wait_s(20) == 40  # the first leaves at 60
    assert window.wait_s(60) == 0
    assert window.used(60) == 1


def test_window_keeps_a_reserve():
    """With a quarter in reserve only three of four fit, and at least one always does."""
    window = Window(4, 60)
    for at in (0, 1, 2):
        assert window.wait_s(at, 0.25) == 0
        window.add(at)
    assert window.wait_s(3, 0.25) == 57  # until the first leaves
    assert window.wait_s(3) == 0
    assert Window(1, 60).wait_s(0, 0.25) == 0


def test_minute_and_hour():
    """Both windows count; the wait is the longer one."""
    budget, now = a_budget(requests_per_minute=2, requests_per_hour=3)
    budget.take(is_query=False, is_watched=True)
    budget.take(is_query=False, is_watched=True)
    with pytest.raises(OverLimit) as caught:
        budget.take(is_query=False, is_watched=True)
    assert caught.value.retry_after_s == 60
    now.s = 60
    budget.take(is_query=False, is_watched=True)
    with pytest.raises(OverLimit) as caught:
        budget.take(is_query=False, is_watched=True)
    assert caught.value.retry_after_s == 3540
    budget.take(is_query=True, is_watched=True)  # the other bucket has its own


@pytest.mark.parametrize("random", [0.0, 0.5, 0.999])
def test_outage_pauses(random):
    """Pauses begin at 10 s, never pass 15 s whatever the jitter, and start over after an answer."""
    budget, _ = a_budget(random)
    pauses = [budget.failed("Gone.") for _ in range(20)]
    assert 10 <= pauses[0] <= 11.5
    assert all(10 <= pause <= 15 for pause in pauses)
    assert pauses == sorted(pauses)
    budget.answered(is_query=False)
    assert budget.failed("Gone.") == pauses[0]


def test_outage_stops_both_buckets():
    """When nobody answers, nothing is sent by any route; the reason is the outage's."""
    budget, now = a_budget()
    pause_s = budget.failed("Cannot reach it.")
    for is_query in (True, False):
        with pytest.raises(SourceDown, match="Cannot reach it") as caught:
            budget.take(is_query=is_query, is_watched=True)
        assert caught.value.retry_after_s == pause_s
    now.s = pause_s
    budget.take(is_query=False, is_watched=True)


def test_throttling_stops_its_bucket_alone():
    """A limit on queries leaves the stored runs readable."""
    budget, _ = a_budget()
    budget.throttled(is_query=True, because="Slow down.", retry_after_s=120)
    budget.take(is_query=False, is_watched=True)
    with pytest.raises(SourceDown, match="Slow down") as caught:
        budget.take(is_query=True, is_watched=True)
    assert caught.value.retry_after_s == 120


def test_slowed_cadence():
    """Each request to slow down doubles the cadence up to a minute; two calm minutes undo it."""
    budget, now = a_budget()
    assert budget.slowed_s(10, is_query=False) == 0
    found = []
    for _ in range(5):
        now.s += budget.throttled(is_query=False, because="", retry_after_s=None)
        found.append(budget.slowed_s(10, is_query=False))
    assert found == [20, 40, 60, 60, 60]
    now.s += 121
    assert budget.slowed_s(10, is_query=False) == 0


def test_many_threads():
    """However many threads ask, exactly the limit goes out."""
    budget, _ = a_budget(requests_per_minute=100)
    sent = []

    def ask():
        for _ in range(50):
            try:
                budget.take(is_query=False, is_watched=True)
            except OverLimit:
                continue
            sent.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 100
    assert budget.n_requests == 100


@pytest.mark.parametrize("n_watched", [0, 1, 5, 20, 300])
@pytest.mark.parametrize("n_unwatched", [0, 10, 500])
def test_cadence_keeps_the_limits(n_watched, n_unwatched):
    """Whatever the number of experiments, looks and lists stay below the hourly limit; watched are not slower."""
    found = plan_cadence(PostHogSettings(), n_watched=n_watched, n_unwatched=n_unwatched, tick_s=10)
    per_look = 7 / 6
    hourly = (
        n_watched * per_look * 3600 / found.watched_s
        + n_unwatched * per_look * 3600 / found.unwatched_s
    )
    assert hourly + 60 * 8 <= 4800
    assert found.watched_s >= 10
    assert found.unwatched_s >= 60


def test_cadence_examples():
    """Ten watched experiments are affordable at 10 s; a hundred are not: 100 x 4200 / 4260 = 98.6 s."""
    settings = PostHogSettings()
    usual = Cadence(watched_s=10, unwatched_s=60)
    assert plan_cadence(settings, n_watched=10, n_unwatched=0, tick_s=10) == usual
    many = plan_cadence(settings, n_watched=100, n_unwatched=0, tick_s=10)
    assert many.watched_s == pytest.approx(98.6, abs=0.1)
    assert many.of(is_watched=False) == 60


def test_configuration_is_read_less_often_when_looks_are():
    """Once a minute at the usual cadence, every sixth look at a slower one."""
    assert detail_s(10) == 60
    assert detail_s(60) == 360


def test_query_rounds_stay_within_the_limit():
    """Twenty watched experiments with four metrics: 2 x 20 x 5 queries a round fit into 70 % of 960 an hour."""
    gap_s = query_gap_s(PostHogSettings(), 20, 5, is_watched=True)
    assert gap_s == pytest.approx(3600 * 200 / (0.7 * (0.9 * 1200 - 120)))
    assert query_gap_s(PostHogSettings(), 1, 5, is_watched=True) == 300
    assert query_gap_s(PostHogSettings(), 1, 5, is_watched=False) == 900


def a_clock(speed, seconds=10):
    now = Seconds()
    clock = ServerClock(now)
    for _ in range(int(seconds)):
        clock.note(NOON + timedelta(seconds=now.s * speed))
        now.s += 1
    return clock, now


@pytest.mark.parametrize(("speed", "shown"), [(1.0, 1.0), (720.0, 720.0), (0.0, 1.0)])
def test_server_speed(speed, shown):
    """A replay's speed is seen from its Date headers; a clock that stands still counts as an ordinary one."""
    clock, _ = a_clock(speed)
    assert clock.speed == shown


def test_server_time_goes_on():
    """Between answers the server's time is counted on at its speed, and ages are in seconds of ours."""
    clock, now = a_clock(720.0)  # newest answer at 9 s
    now.s = 19
    assert clock.now() == NOON + timedelta(seconds=19 * 720)
    assert clock.age_s(NOON + timedelta(seconds=9 * 720)) == 10


def test_server_clock_unknown_or_set_back():
    """Before the speed is known, and after the clock was set back, no age is claimed."""
    now = Seconds()
    clock = ServerClock(now)
    assert (clock.now(), clock.speed, clock.age_s(NOON)) == (None, None, None)
    clock, now = a_clock(1.0)
    clock.note(NOON - timedelta(days=1))
    assert clock.speed is None
    assert clock.now() == NOON - timedelta(days=1)
