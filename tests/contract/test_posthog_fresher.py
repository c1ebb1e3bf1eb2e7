"""Fresher numbers than PostHog keeps, order in time, edits, and the past."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from lib.experiments.errors import SourceDown
from lib.experiments.model import Origin
from tests.contract.posthog_replies import (
    FUNNEL_ID,
    MEAN_ID,
    NO_RUN,
    NOT_FOUND,
    START,
    Answer,
    FakePostHog,
    accepted,
    arm,
    detail,
    finished,
    metric,
    refusal,
    result,
    row,
    run,
)


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


def few(n, key="control"):
    """An arm of n visitors, each counted once."""
    return arm(key, n, n, n)


def live(posthog):
    """An answer computed now, on the server's clock."""
    seconds = (posthog.time.s - 1000) * posthog.speed
    return result(arm(n=20000), last_refresh=iso(START + timedelta(seconds=seconds)))


def looks(posthog, source, seconds, *, ids=(482,), watched=True):
    readings = []
    for _ in range(int(seconds / 10)):
        readings += [source.read(identity, is_watched=watched) for identity in ids]
        posthog.time.s += 10
    return readings


def with_live(**routes):
    posthog = FakePostHog(**routes)
    posthog.routes["query"] = lambda r: accepted()
    posthog.routes["poll"] = lambda r: Answer(finished(live(posthog)))
    return posthog


def test_live_query():
    """Watched and stale: the primary metric is computed anew, dated by its query, and merged."""
    posthog = with_live(detail=detail(metric(MEAN_ID), metric(FUNNEL_ID, "funnel")))
    posthog.routes["latest"] = run(row(MEAN_ID), row(FUNNEL_ID))
    readings = looks(posthog, posthog.source(), 60)
    first, second = readings[-1].snapshots
    assert (first.metric_id, first.origin, first.totals[0].n) == (MEAN_ID, Origin.QUERY, 20000)
    assert first.as_of > second.as_of
    assert second.origin is Origin.RUN
    asked = [json.loads(r.content) for r in posthog.requests if r.url.path.endswith("/query/")]
    forced = [b for b in asked if b["refresh"] == "force_async"]
    assert [b["query"]["metric"]["uuid"] for b in forced] == [MEAN_ID]


@pytest.mark.parametrize(("allowed", "n_expected"), [(60, 52), (6, 6), (360, 120), (0, 0)])
def test_live_queries_within_allowance(allowed, n_expected):
    """Forced queries keep the hourly allowance and are spread over the hour.

    An answer arrives a look later and is stale after a minute: 3600 / 70 = 51; with more allowed after 20 s,
    3600 / 30 = 120.
    """
    posthog = with_live()
    source = posthog.source(live_queries_per_hour=allowed)
    sent = []
    for _ in range(360):
        n_before = posthog.count("query")
        looks(posthog, source, 10)
        sent += [posthog.time.s] * (posthog.count("query") - n_before)
    assert len(sent) == pytest.approx(n_expected, abs=1)
    assert len(sent) <= allowed
    assert all(b - a >= 3600 / allowed for a, b in pairwise(sent))


@pytest.mark.parametrize("allowed", [60, 20])
def test_live_queries_in_turn(allowed):
    """Two watched experiments share the allowance evenly."""
    posthog = with_live(detail=lambda r: detail(id=int(r.url.path.split("/")[-2])))
    looks(posthog, posthog.source(live_queries_per_hour=allowed), 3600, ids=(1, 2))
    asked = [
        json.loads(r.content)["query"] for r in posthog.requests if r.url.path.endswith("/query/")
    ]
    ids = [q["experiment_id"] for q in asked if q["kind"] == "ExperimentQuery"]
    assert abs(ids.count(1) - ids.count(2)) <= 1
    assert 0.9 * allowed <= len(ids) <= allowed


def test_no_live_query_unwatched_or_ended():
    """Nobody looks, or nothing can move: no query is spent."""
    unwatched = with_live()
    looks(unwatched, unwatched.source(), 600, watched=False)
    ended = with_live(detail=detail(status="stopped", end_date="2026-09-12T14:00:00Z"))
    looks(ended, ended.source(), 600)
    paused = with_live(detail=detail(status="paused"))
    looks(paused, paused.source(), 600)
    assert unwatched.count("query") + ended.count("query") + paused.count("query") == 0


def test_never_two_live_queries():
    """While one query of an experiment is in flight no second one is sent."""
    posthog = with_live()
    posthog.routes["poll"] = Answer({"query_status": {"complete": False}}, 202)
    looks(posthog, posthog.source(live_queries_per_hour=360), 300)
    assert posthog.count("query") == 1


def test_replay_spends_no_live_query():
    """A replay at 720x whose run finishes every 10 s is always fresh in minutes of ours."""
    posthog = FakePostHog(speed=720.0)

    def latest(_):
        now = START + timedelta(seconds=(posthog.time.s - 1000) * 720)
        return run(
            query_to=iso(now - timedelta(hours=1)), completed_at=iso(now - timedelta(hours=1))
        )

    posthog.routes["latest"] = latest
    looks(posthog, posthog.source(), 600)
    assert posthog.count("query") == 0
    assert posthog.count("latest") == 60


def test_live_query_where_nothing_was_stored():
    """Without any stored result a live query gives the first numbers."""
    posthog = with_live(latest=NO_RUN)
    readings = looks(posthog, posthog.source(), 60)
    assert readings[0].snapshots == ()
    assert readings[-1].snapshots[0].origin is Origin.QUERY
    assert readings[-1].problems == ()


def test_failing_live_query_is_not_the_readers():
    """A live query that fails leaves the stored numbers standing, without a problem."""
    posthog = with_live(query=refusal(504, "error"))
    posthog.routes["query"] = refusal(504, "error")
    reading = looks(posthog, posthog.source(), 300)[-1]
    assert reading.snapshots[0].origin is Origin.RUN
    assert reading.problems == ()
    assert posthog.count("query") <= 3


def test_older_run_never_follows_newer_numbers():
    """A stored run that reaches less far than what is shown changes nothing; one that reaches further does."""
    posthog = with_live()
    source = posthog.source()
    shown = looks(posthog, source, 60)[-1].snapshots[0]
    posthog.routes["latest"] = run(id="b", query_to="2026-09-12T14:03:00Z", completed_at=None)
    assert looks(posthog, source, 10)[0].snapshots[0].as_of >= shown.as_of
    later = iso(START + timedelta(minutes=5))
    posthog.routes["latest"] = run(
        row(found=result(few(9))), id="c", query_to=later, completed_at=None
    )
    newest = looks(posthog, source, 10)[0].snapshots[0]
    assert (newest.origin, newest.totals[0].n) == (Origin.RUN, 9)


def test_query_that_trails():
    """A query that counts fewer people than the stored run before it reads older data: it is not taken."""
    posthog = with_live()
    posthog.routes["poll"] = lambda r: Answer(finished({**live(posthog), "baseline": few(100)}))
    shown = looks(posthog, posthog.source(), 60)[-1].snapshots[0]
    assert posthog.count("poll") >= 1
    assert (shown.origin, shown.totals[0].n) == (Origin.RUN, 10198)


def test_numbers_from_the_servers_future():
    """Numbers dated after the server's now, from a clock gone wrong, give way to the next run."""
    posthog = FakePostHog(latest=run(query_to="2026-10-01T00:00:00Z", completed_at=None))
    source = posthog.source(live_queries_per_hour=0)
    looks(posthog, source, 10)
    posthog.routes["latest"] = run(row(found=result(few(10300))), id="b")
    assert looks(posthog, source, 10)[0].snapshots[0].totals[0].n == 10300


def test_corrected_numbers():
    """A newer run may count fewer people than the one before: it is taken as it is."""
    posthog = FakePostHog()
    source = posthog.source(live_queries_per_hour=0)
    looks(posthog, source, 10)
    posthog.routes["latest"] = run(
        row(found=result(few(10000))), id="b", query_to="2026-09-12T14:04:00Z", completed_at=None
    )
    assert looks(posthog, source, 10)[0].snapshots[0].totals[0].n == 10000


def test_results_vanish_after_an_edit():
    """After an edit the old numbers stay and are called so; the new ones replace them, even if they reach less far."""
    posthog = FakePostHog()
    source = posthog.source(live_queries_per_hour=0)
    before = looks(posthog, source, 10)[0].snapshots
    edited = detail(metric(MEAN_ID, conversion_window=14))
    posthog.routes |= {
        "detail": edited,
        "latest": run(results=[], query_to=None, completed_at=None),
    }
    during = looks(posthog, source, 20)[1]
    assert during.snapshots == before
    assert [(p.kind, p.sentence) for p in during.problems] == [
        ("recalculating", "New numbers on the way; shown ones are from the previous run.")
    ]
    posthog.routes["latest"] = NO_RUN
    assert looks(posthog, source, 10)[0].problems == during.problems
    earlier = "2026-09-12T13:00:00Z"
    posthog.routes["latest"] = run(row(found=result(few(77))), id="b", query_to=earlier)
    after = looks(posthog, source, 10)[0]
    assert (after.snapshots[0].totals[0].n, after.problems) == (77, ())


def test_metric_removed():
    """A metric that is taken off the experiment takes its numbers along."""
    posthog = FakePostHog(
        detail=detail(metric(MEAN_ID), metric(FUNNEL_ID, "funnel")),
        latest=run(row(), row(FUNNEL_ID)),
    )
    source = posthog.source(live_queries_per_hour=0)
    assert len(looks(posthog, source, 10)[0].snapshots) == 2
    posthog.routes["detail"] = detail()
    posthog.time.s += 60
    assert [s.metric_id for s in looks(posthog, source, 10)[0].snapshots] == [MEAN_ID]


def test_recalculation_only_when_allowed():
    """No run is started without the switch, nor for what nobody watches."""
    plain = FakePostHog()
    looks(plain, plain.source(live_queries_per_hour=0), 1200)
    unwatched = FakePostHog()
    looks(unwatched, unwatched.source(may_recalculate=True), 1200, watched=False)
    assert plain.count("recalculate") + unwatched.count("recalculate") == 0


def test_recalculation():
    """With the switch a run is started when the data are 5 minutes old, at most every 5 minutes, and announced."""
    posthog = FakePostHog()
    source = posthog.source(may_recalculate=True, live_queries_per_hour=0)
    readings = looks(posthog, source, 600)
    assert posthog.count("recalculate") == 1  # is_calculating until the run shows up
    assert readings[-1].is_calculating
    asked = next(r for r in posthog.requests if r.method == "POST" and "metrics_" in r.url.path)
    assert json.loads(asked.content) == {"trigger": "manual"}
    posthog.routes["latest"] = lambda r: run(id=str(posthog.time.s))
    looks(posthog, source, 1200)
    assert 4 <= posthog.count("recalculate") <= 5


@pytest.mark.parametrize(
    ("answer", "n_expected"),
    [
        (refusal(429, "recalculation_rate_limited", headers={"Retry-After": "212"}), 6),
        (refusal(503, "recalculation_scheduling_unavailable"), 6),
        (refusal(403, "permission_denied", "missing required scope 'experiment:write'"), 1),
        (refusal(400, "invalid_input"), 1),
    ],
)
def test_recalculation_refused(answer, n_expected):
    """A refused run is not hammered and troubles neither the numbers nor the cadence."""
    posthog = FakePostHog(recalculate=answer)
    source = posthog.source(may_recalculate=True, live_queries_per_hour=0)
    readings = looks(posthog, source, 2100)
    assert abs(posthog.count("recalculate") - n_expected) <= 1
    assert readings[-1].snapshots
    assert not readings[-1].is_calculating
    assert source.pace(482).cadence_s == 10


def series(*days, **changes):
    points = {day: result(few(n), few(n, "test"), timezone="UTC") for day, n in days}
    return {"status": "partial", "timeseries": points, "errors": None, **changes}


def test_past():
    """Daily points come oldest first, dated at their day's end; days without a point are passed over."""
    points = series(
        ("2026-09-03", 2000), ("2026-09-02", 1000), ("2026-08-20", 5), ("2026-09-12", 9000)
    )
    points["timeseries"] |= {
        "2026-09-04": None,
        "2026-09-30": None,
        "nonsense": {},
        "2026-09-05": 5,
    }
    posthog = FakePostHog(series=points)
    past = posthog.source().past(482)
    assert [(s.as_of, s.totals[0].n) for s in past.snapshots] == [
        (datetime(2026, 9, 3, tzinfo=UTC), 1000),
        (datetime(2026, 9, 4, tzinfo=UTC), 2000),
        (datetime(2026, 9, 12, 14, 2, 11, 120000, UTC), 9000),  # its day has not ended
    ]
    assert {s.origin for s in past.snapshots} == {Origin.DAILY}
    asked = posthog.requests[-1].url.params
    assert (asked["metric_uuid"], asked["fingerprint"]) == (MEAN_ID, "1" * 64)


def test_past_in_the_teams_time_zone():
    """A day ends at midnight where the team is; an unknown zone counts as UTC."""
    tokyo = series(("2026-09-02", 1000))
    tokyo["timeseries"]["2026-09-02"]["timezone"] = "Asia/Tokyo"
    assert FakePostHog(series=tokyo).source().past(482).snapshots[0].as_of.hour == 15
    tokyo["timeseries"]["2026-09-02"]["timezone"] = "../../etc/passwd"
    assert FakePostHog(series=tokyo).source().past(482).snapshots[0].as_of.hour == 0


def test_past_asked_again_when_the_data_moved():
    """Daily points are asked for again when the newest data reach another day, not before."""
    posthog = FakePostHog(series=series(("2026-09-02", 1000)))
    source = posthog.source(live_queries_per_hour=0)
    source.read(482, is_watched=True)
    first = source.past(482)
    posthog.routes["latest"] = run(id="b", query_to="2026-09-12T20:00:00Z", completed_at=None)
    source.read(482, is_watched=True)
    assert source.past(482) is first
    posthog.routes["latest"] = run(id="c", query_to="2026-09-13T02:00:00Z", completed_at=None)
    source.read(482, is_watched=True)
    source.past(482)
    assert posthog.count("series") == 2


def test_past_of_one_metric_unreadable():
    """A series that cannot be read is named; the others are kept, and it alone is asked for again later."""
    posthog = FakePostHog(
        detail=detail(metric(MEAN_ID), metric(FUNNEL_ID, "funnel")),
        series=lambda r: (
            Answer(series(("2026-09-02", 9)))
            if r.url.params["metric_uuid"] == MEAN_ID
            else refusal(500, "error")
        ),
    )
    source = posthog.source()
    past = source.past(482)
    assert [s.metric_id for s in past.snapshots] == [MEAN_ID]
    assert [(p.metric_id, p.kind) for p in past.problems] == [(FUNNEL_ID, "history")]
    assert source.past(482) is past
    posthog.time.s += 300
    source.past(482)
    assert posthog.count("series") == 3


def test_past_of_servers_and_metrics_without_one():
    """No series route, no fingerprint or no points: no past, and no problem."""
    assert FakePostHog(series=NOT_FOUND).source().past(482).problems == ()
    nameless = FakePostHog(detail=detail(metric(MEAN_ID, fingerprint=None)))
    assert nameless.source().past(482).snapshots == ()
    assert nameless.count("series") == 0
    for hollow in ({}, {"timeseries": None}, {"timeseries": []}):
        assert FakePostHog(series=hollow).source().past(482).snapshots == ()


def test_past_in_an_outage():
    """When nobody answers the past says so, and nothing is taken for an empty past."""
    posthog = FakePostHog(series=Answer(ConnectionResetError()))
    source = posthog.source()
    with pytest.raises(SourceDown):
        source.past(482)
    posthog.routes["series"] = series(("2026-09-02", 9))
    posthog.time.s += 15
    assert len(source.past(482).snapshots) == 1
