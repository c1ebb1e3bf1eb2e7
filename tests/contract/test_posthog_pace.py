"""How often PostHog is asked: caches, limits, Retry-After, outages; time is moved by hand, nothing waits."""

import threading
from itertools import pairwise

import pytest

from lib.experiments.errors import SourceDown, SourceRefused
from tests.contract.posthog_replies import Answer, FakePostHog, detail, refusal, run, short_item

DEAD = Answer(ConnectionRefusedError())
THROTTLED = refusal(429, "throttled", "Expected available in 38 seconds.", {"Retry-After": "38"})


def ticks(posthog, source, seconds, *, ids=(482,), watched=True):
    """Look every 10 s for so many seconds."""
    for _ in range(int(seconds / 10)):
        for identity in ids:
            source.read(identity, is_watched=watched)
        posthog.time.s += 10


def hub(posthog, source, seconds, *, ids=(482,), step_s=1.0):
    """Look as a hub does: at the named cadence, and after trouble when the trouble says so.

    Returns (time, "ok" or the trouble's sentence) for each look.
    """
    due = dict.fromkeys(ids, 0.0)
    story = []
    end = posthog.time.s + seconds
    while posthog.time.s < end:
        for identity, at in due.items():
            if posthog.time.s >= at:
                try:
                    source.read(identity, is_watched=True)
                    story.append((posthog.time.s, "ok"))
                    wait_s = source.pace(identity).cadence_s
                except SourceDown as down:
                    story.append((posthog.time.s, str(down)))
                    wait_s = down.retry_after_s
                due[identity] = posthog.time.s + wait_s
        posthog.time.s += step_s
    return story


def gaps(moments):
    return [b - a for a, b in pairwise(moments)]


def test_steady_state():
    """A watched experiment costs six reads of the run a minute and one of the configuration."""
    posthog = FakePostHog()
    source = posthog.source(live_queries_per_hour=0)
    ticks(posthog, source, 600)
    assert posthog.count("latest") == 60
    assert posthog.count("detail") == 10
    assert posthog.count("exposures") == 2  # every 5 min
    assert len(posthog.asked) == 72


def test_list_once_a_minute():
    """The list is asked for once a minute, however many ask."""
    posthog = FakePostHog()
    source = posthog.source()
    for _ in range(120):
        source.experiments()
        posthog.time.s += 1
    assert posthog.asked == ["list", "list"]


def test_unchanged_numbers_are_the_same_object():
    """A look that brings nothing new returns the very snapshots of the look before."""
    posthog = FakePostHog()
    source = posthog.source()
    first = source.read(482, is_watched=True)
    posthog.time.s += 10
    second = source.read(482, is_watched=True)
    assert second.snapshots[0] is first.snapshots[0]
    assert second.taken_at > first.taken_at


def test_exposures_when_the_data_move():
    """Data that move after standing still bring the exposures at once, not after five minutes."""
    posthog = FakePostHog()
    source = posthog.source(live_queries_per_hour=0)
    ticks(posthog, source, 390)
    assert posthog.count("exposures") == 2
    posthog.routes["latest"] = run(
        query_to="2026-09-12T14:09:00Z", completed_at="2026-09-12T14:09:01Z"
    )
    ticks(posthog, source, 20)
    assert posthog.count("exposures") == 3


def test_edit_seen_in_the_list():
    """An experiment edited since its configuration was read is read again at the next look."""
    posthog = FakePostHog()
    source = posthog.source()
    source.read(482, is_watched=True)
    posthog.routes["list"] = {"results": [short_item(updated_at="2026-09-12T14:05:00Z")]}
    source.experiments()
    source.read(482, is_watched=True)
    assert posthog.count("detail") == 2


def test_forget():
    """ "Refresh now" asks for the configuration again, and returns at once."""
    posthog = FakePostHog()
    source = posthog.source()
    source.read(482, is_watched=True)
    source.forget(482)
    assert len(posthog.asked) == 3
    source.read(482, is_watched=True)
    assert posthog.count("detail") == 2


def test_draft_costs_one_question():
    """A draft has no results to ask for: its configuration alone is read."""
    posthog = FakePostHog(detail=detail(status="draft", start_date=None))
    source = posthog.source()
    ticks(posthog, source, 60)
    assert set(posthog.asked) == {"detail"}


def test_dead_for_three_minutes():
    """Dead for 3 minutes: said within 20 s, under 30 tries, never more than 15 s apart, back within 20 s."""
    posthog = FakePostHog()
    source = posthog.source()
    hub(posthog, source, 60)
    routes, n_before = dict(posthog.routes), len(posthog.asked)
    posthog.routes = dict.fromkeys(posthog.routes, DEAD)
    died = posthog.time.s
    story = hub(posthog, source, 180)
    n_tries = len(posthog.asked) - n_before
    said = next(at for at, what in story if what != "ok")
    assert story[-1][1] == "Cannot reach PostHog at us.posthog.com."
    assert said - died <= 20
    assert 10 <= n_tries < 30
    assert max(gaps([at for at, _ in story])) <= 15
    posthog.routes = routes
    back = hub(posthog, source, 30)
    assert next(at for at, what in back if what == "ok") - (died + 180) <= 20


def test_outage_holds_everything_back():
    """While nobody answers, no experiment and no list adds tries of its own."""
    posthog = FakePostHog()
    source = posthog.source()
    source.read(482, is_watched=True)
    posthog.routes = dict.fromkeys(posthog.routes, DEAD)
    n_before = len(posthog.asked)
    for identity in (482, 483, 484):
        with pytest.raises(SourceDown):
            source.read(identity, is_watched=True)
    with pytest.raises(SourceDown):
        source.experiments()
    assert len(posthog.asked) == n_before + 1


def test_configuration_after_an_outage():
    """Who answers after an outage may be another server: the configuration is read anew at the first look."""
    posthog = FakePostHog()
    source = posthog.source()
    source.read(482, is_watched=True)
    routes = dict(posthog.routes)
    posthog.routes = dict.fromkeys(posthog.routes, DEAD)
    posthog.time.s += 10
    with pytest.raises(SourceDown):
        source.read(482, is_watched=True)
    posthog.routes = routes | {"detail": detail(name="Renamed")}
    posthog.time.s += 15
    assert source.read(482, is_watched=True).experiment.name == "Renamed"
    posthog.time.s += 10
    source.read(482, is_watched=True)
    assert posthog.count("detail") == 2


def test_asked_to_wait():
    """Retry-After is kept to the second, and the page learns the new cadence and why."""
    posthog = FakePostHog()
    source = posthog.source()
    ticks(posthog, source, 20)
    n_before = len(posthog.asked)
    posthog.routes["latest"] = THROTTLED
    with pytest.raises(SourceDown, match="slow down") as caught:
        source.read(482, is_watched=True)
    assert caught.value.retry_after_s == 38
    posthog.routes["latest"] = run()
    posthog.time.s += 37
    with pytest.raises(SourceDown) as caught:
        source.read(482, is_watched=True)
    assert caught.value.retry_after_s == pytest.approx(1)
    assert len(posthog.asked) == n_before + 1
    pace = source.pace(482)
    assert pace.cadence_s == 38
    assert pace.because == "PostHog asked us to slow down."
    posthog.time.s += 1
    source.read(482, is_watched=True)
    posthog.time.s += 200
    assert source.pace(482).because == ""


def test_throttled_again_and_again():
    """429 without Retry-After: pauses grow from 10 s to a minute, so does the cadence."""
    posthog = FakePostHog()
    source = posthog.source()
    source.read(482, is_watched=True)
    posthog.routes["latest"] = refusal(429, "throttled", "Exceeded maximum concurrency limit: 3")
    story = hub(posthog, source, 400)
    tried = [at for at, what in story if what != "ok"]
    assert 10 <= gaps(tried)[0] <= 12
    assert gaps(tried) == sorted(gaps(tried))
    assert 50 <= gaps(tried)[-1] <= 61
    assert source.pace(482).cadence_s == 60


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("120", 120),
        ("0", 1),
        ("999999999", 3600),
        ("Sat, 12 Sep 2026 14:07:00 GMT", 120),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
    ],
)
def test_retry_after(header, wait_s):
    """Seconds, dates and nonsense in Retry-After; an hour is the longest we stay away."""
    posthog = FakePostHog(latest=refusal(503, "error", headers={"Retry-After": header}))
    with pytest.raises(SourceDown) as caught:
        posthog.source().read(482, is_watched=True)
    found = caught.value.retry_after_s
    assert found == wait_s if wait_s else 10 <= found <= 15


def test_one_experiments_trouble():
    """A 500 of one experiment holds back that one; the others are read as always."""
    posthog = FakePostHog(
        detail=lambda r: detail(id=int(r.url.path.split("/")[-2])),
        latest=lambda r: refusal(500, "error") if "/482/" in r.url.path else Answer(run()),
    )
    source = posthog.source()
    for _ in range(3):
        with pytest.raises(SourceDown) as caught:
            source.read(482, is_watched=True)
        assert caught.value.retry_after_s <= 15
        assert source.read(483, is_watched=True).snapshots
    assert sum("/482/" in str(r.url) for r in posthog.requests) == 2  # one detail, one run


def test_configuration_fails_numbers_go_on():
    """When only the configuration cannot be read, the known one stands and the numbers go on."""
    posthog = FakePostHog()
    source = posthog.source(live_queries_per_hour=0)
    source.read(482, is_watched=True)
    posthog.routes["detail"] = refusal(500, "error")
    posthog.time.s += 60
    ticks(posthog, source, 60)
    assert posthog.count("latest") == 7
    assert posthog.count("detail") == 4  # one good, then every other look of the minute


def test_limits_hold_with_many_experiments():
    """100 experiments, 10 of them watched, at the named cadences: within both limits in every window."""
    posthog = FakePostHog(detail=lambda r: detail(id=int(r.url.path.split("/")[-2])))
    items = [short_item(id=i) for i in range(100)]
    posthog.routes["list"] = {"results": items}
    source = posthog.source(live_queries_per_hour=0, requests_per_hour=1000)
    source.experiments()
    due = dict.fromkeys(range(100), 0.0)
    looks, sent, seen = [], [], 0
    while posthog.time.s < 1000 + 2 * 3600:
        for identity, at in due.items():
            if posthog.time.s >= at:
                try:
                    source.read(identity, is_watched=identity < 10)
                    wait_s = source.pace(identity).cadence_s
                    looks += [posthog.time.s] if identity == 0 else []
                except SourceDown as down:
                    wait_s = down.retry_after_s
                due[identity] = posthog.time.s + wait_s
        ordinary = sum(name not in {"exposures", "query", "poll"} for name in posthog.asked[seen:])
        sent += [posthog.time.s] * ordinary
        seen = len(posthog.asked)
        posthog.time.s += 5
    for start in range(1000, 1000 + 3600, 60):
        assert sum(start <= at < start + 3600 for at in sent) <= 1000
        assert sum(start <= at < start + 60 for at in sent) <= 480
    late = [at for at in looks if at > 1000 + 3600]
    # 900 - 60 requests an hour, 85 % for the watched: 10 looks x 7/6 x 3600 / 714 = 58.8 s
    assert max(gaps(late)) <= 65
    assert source.pace(0).because == "that keeps PostHog's limits."


def test_reserve_for_the_watched():
    """What nobody looks at stops first, so that what somebody looks at goes on."""
    posthog = FakePostHog(detail=lambda r: detail(id=int(r.url.path.split("/")[-2])))
    source = posthog.source(requests_per_minute=20, live_queries_per_hour=0)
    with pytest.raises(SourceDown, match="request limit") as caught:
        ticks(posthog, source, 10, ids=range(20), watched=False)
    assert posthog.count("detail") + posthog.count("latest") == 17  # all but 15 % of 20
    assert source.read(99, is_watched=True).snapshots
    posthog.time.s += 55
    with pytest.raises(SourceDown) as caught:
        source.read(98, is_watched=False)
    assert caught.value.retry_after_s >= 60  # though a place is free in 5 s


def test_tiny_limits():
    """With one request a minute the source says no in words and never sends a second one."""
    posthog = FakePostHog()
    source = posthog.source(requests_per_minute=1, requests_per_hour=1)
    source.experiments()
    with pytest.raises(SourceDown, match="request limit") as caught:
        source.read(482, is_watched=True)
    assert caught.value.retry_after_s >= 3600
    assert source.pace().cadence_s > 60


def test_pace_counts():
    """The page sees what was used of every limit."""
    posthog = FakePostHog()
    source = posthog.source()
    source.read(482, is_watched=True)
    pace = source.pace(482)
    assert pace.n_requests == 3
    assert pace.used == {
        "requests a minute": (2, 480),
        "requests an hour": (2, 4800),
        "queries a minute": (1, 240),
        "queries an hour": (1, 1200),
        "live queries an hour": (0, 60),
    }
    assert (pace.cadence_s, pace.because) == (10.0, "")


def test_many_threads():
    """Pages and pool threads may ask at the same time: no errors, and no question is asked twice."""
    posthog = FakePostHog(detail=lambda r: detail(id=int(r.url.path.split("/")[-2])))
    source = posthog.source()
    errors = []

    def work(seed):
        try:
            for i in range(30):
                source.read((seed + i) % 5, is_watched=i % 2 == 0)
                source.pace(i % 5)
                source.experiments()
        except Exception as error:  # noqa: BLE001  # whatever it is, it fails the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert posthog.count("list") == 1
    assert posthog.count("detail") == 5
    assert posthog.count("latest") == 180


def test_refused_experiments_are_not_hammered():
    """An experiment the key may not see is asked for a few times a minute at most, and works again soon after."""
    posthog = FakePostHog(latest=refusal(403, "permission_denied"))
    source = posthog.source()
    for _ in range(6):
        with pytest.raises(SourceRefused):
            source.read(482, is_watched=True)
        posthog.time.s += 10
    assert posthog.count("latest") <= 4
    posthog.routes["latest"] = run()
    posthog.time.s += 10
    assert source.read(482, is_watched=True).snapshots
