"""The /query/ route: asynchronous answers over several looks, servers of 2025, the old engine, and its refusals."""

import json
from datetime import UTC, datetime

import pytest

from lib.experiments.errors import SourceDown, SourceRefused
from lib.experiments.model import Origin
from tests.contract.posthog_replies import (
    FUNNEL_ID,
    MEAN_ID,
    NOT_FOUND,
    Answer,
    FakePostHog,
    accepted,
    detail,
    exposures,
    finished,
    metric,
    refusal,
    result,
)

CAPACITY = refusal(400, "query_at_capacity", "Experiment analytics are temporarily at capacity.")
QUOTA = refusal(402, "quota_limit_exceeded", "Your organization has reached its limit.")


def old_server(**routes):
    """A server of 2025: no stored runs, no status."""
    full = detail()
    for key in ("status", "is_legacy", "running_time_calculation", "excluded_variants", "tags"):
        del full[key]
    return FakePostHog(
        **{"detail": full, "latest": NOT_FOUND, "series": NOT_FOUND, "query": result(), **routes}
    )


def look(posthog, source, *, watched=True, after_s=10):
    reading = source.read(482, is_watched=watched)
    posthog.time.s += after_s
    return reading


def kinds(reading):
    return [problem.kind for problem in reading.problems]


def bodies(posthog):
    return [json.loads(r.content) for r in posthog.requests if r.url.path.endswith("/query/")]


def test_server_without_runs():
    """On a server of 2025 the numbers come by query, dated by the query; that is found out once."""
    posthog = old_server()
    source = posthog.source(live_queries_per_hour=0)
    reading = look(posthog, source)
    (snapshot,) = reading.snapshots
    assert (snapshot.origin, snapshot.totals[0].n) == (Origin.QUERY, 10198)
    assert snapshot.as_of == datetime(2026, 9, 12, 14, 2, 11, 120000, UTC)
    assert reading.experiment.status.value == "running"
    for _ in range(10):
        look(posthog, source)
    assert posthog.count("latest") == 1
    assert posthog.count("query") == 1
    assert source.past(482).snapshots == ()


def test_server_that_answers_unknown_routes_with_a_page():
    """A 404 that is a web page means no stored runs, too."""
    posthog = old_server(latest=Answer(b"<html>Not found</html>", 404))
    assert look(posthog, posthog.source()).snapshots


def test_numbers_of_an_ended_experiment():
    """Numbers of an ended experiment end with it, whenever they were computed."""
    posthog = old_server(detail=detail(end_date="2026-09-10T00:00:00Z", status=None))
    (snapshot,) = look(posthog, posthog.source()).snapshots
    assert snapshot.as_of == datetime(2026, 9, 10, tzinfo=UTC)


def test_old_server_asks_at_each_look():
    """With no run to read, the configuration is read at each look, so that an outage is noticed."""
    posthog = old_server()
    source = posthog.source(live_queries_per_hour=0)
    look(posthog, source)
    posthog.routes = dict.fromkeys(posthog.routes, Answer(ConnectionResetError()))
    with pytest.raises(SourceDown, match="Cannot reach"):
        look(posthog, source)


def test_rounds_of_an_old_server():
    """Metrics are asked for again every five minutes, without forcing."""
    posthog = old_server()
    source = posthog.source(live_queries_per_hour=0)
    for _ in range(61):
        look(posthog, source)
    assert posthog.count("query") == 3
    asked = [b for b in bodies(posthog) if b["query"]["kind"] == "ExperimentQuery"]
    assert {b["refresh"] for b in asked} == {"async"}
    assert asked[0]["query"] == {
        "kind": "ExperimentQuery",
        "experiment_id": 482,
        "metric": metric(MEAN_ID),
    }


def test_asynchronous_answer():
    """A 202 is looked after at later looks; only the first look waits for it, two seconds."""
    posthog = old_server(query=accepted(), poll=Answer({"query_status": {"complete": False}}, 202))
    source = posthog.source(live_queries_per_hour=0)
    first = look(posthog, source)
    assert (first.snapshots, kinds(first), first.is_calculating) == ((), ["pending"], True)
    assert posthog.time.slept_s == 2.0
    assert look(posthog, source).is_calculating
    posthog.routes["poll"] = finished(result())
    done = look(posthog, source)
    assert (len(done.snapshots), kinds(done), done.is_calculating) == (1, [], False)
    assert (posthog.count("query"), posthog.time.slept_s) == (1, 2.0)


def test_slow_answer():
    """After 30 s of waiting the page is told that PostHog is slow."""
    posthog = old_server(query=accepted(), poll=Answer({"query_status": {"complete": False}}, 202))
    source = posthog.source(live_queries_per_hour=0)
    for _ in range(5):
        reading = look(posthog, source)
    assert kinds(reading) == ["slow"]
    assert "longer than 30 s" in reading.problems[0].sentence


def test_answer_that_never_comes():
    """A query is given up after ten minutes, said so, and asked again later."""
    posthog = old_server(query=accepted(), poll=Answer({"query_status": {"complete": False}}, 202))
    source = posthog.source(live_queries_per_hour=0)
    for _ in range(62):
        reading = look(posthog, source)
    assert kinds(reading) == ["failed"]
    for _ in range(10):
        look(posthog, source)
    assert posthog.count("query") == 2


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            Answer(finished(None, error=True, error_message="exceeded resource limits <x>"), 400),
            "Not calculated: the query exceeds PostHog's limits.",
        ),
        (Answer(finished(None, error=True), 500), "Not calculated: PostHog's calculation failed."),
        (Answer(finished(None, error=True)), "Not calculated: PostHog's calculation failed."),
        (Answer(finished("text")), "Not calculated: PostHog's answer cannot be read."),
        (Answer(b"{"), "Not calculated: PostHog's answer cannot be read."),
        (NOT_FOUND, "Not calculated: PostHog's calculation failed."),
    ],
)
def test_failed_query(answer, sentence):
    """A query that fails is a problem of its metric, in our words, and is left alone for a while."""
    posthog = old_server(query=accepted(), poll=answer)
    source = posthog.source(live_queries_per_hour=0)
    reading = look(posthog, source)
    assert [(p.kind, p.sentence) for p in reading.problems] == [("failed", sentence)]
    n_before = posthog.count("query")
    for _ in range(4):
        look(posthog, source)
    assert posthog.count("query") == n_before


def test_refused_query_does_not_stop_others():
    """A metric PostHog cannot calculate does not stop the metric beside it; wrong questions are not repeated."""

    def answer(request):
        asked = json.loads(request.content)["query"]["metric"]["uuid"]
        return (
            Answer(result())
            if asked == MEAN_ID
            else refusal(400, "memory_limit_exceeded", "too much memory")
        )

    posthog = old_server(query=answer, detail=detail(metric(FUNNEL_ID, "funnel"), metric(MEAN_ID)))
    source = posthog.source(live_queries_per_hour=0)
    for _ in range(30):
        reading = look(posthog, source)
    assert [s.metric_id for s in reading.snapshots] == [MEAN_ID]
    assert [p.sentence for p in reading.problems] == [
        "Not calculated: the query needs too much memory in PostHog."
    ]
    assert posthog.count("query") == 2


def test_at_capacity_is_asked_again():
    """400 query_at_capacity is passing trouble, though it is a 400; the numbers kept stay kept."""
    posthog = old_server(query=CAPACITY)
    source = posthog.source(live_queries_per_hour=0)
    with pytest.raises(SourceDown, match="too busy") as caught:
        look(posthog, source)
    assert 10 <= caught.value.retry_after_s <= 15
    posthog.routes["query"] = result()
    posthog.time.s += caught.value.retry_after_s
    assert look(posthog, source).snapshots


def test_job_at_capacity():
    """A job that ends "at capacity" is passing trouble too."""
    failed = finished(None, error=True, error_message="Temporarily at capacity. Please refresh.")
    posthog = old_server(query=accepted(), poll=Answer(failed, 400))
    with pytest.raises(SourceDown, match="too busy"):
        look(posthog, posthog.source(live_queries_per_hour=0))


def test_quota_used_up_with_stored_runs():
    """402 stops every query; stored runs go on, and the page says what is missing."""
    posthog = FakePostHog(exposures=QUOTA)
    source = posthog.source()
    for _ in range(100):
        reading = look(posthog, source)
    assert reading.snapshots
    assert reading.exposures is None
    assert posthog.count("exposures") + posthog.count("query") == 1
    assert "quota for this billing period" in source.pace(482).because
    posthog.time.s += 3600
    look(posthog, source)
    assert posthog.count("exposures") == 2


def test_quota_used_up_without_stored_runs():
    """402 on a server without stored runs is a refusal: nothing else is left to read."""
    posthog = old_server(query=QUOTA)
    source = posthog.source()
    for _ in range(10):
        with pytest.raises(SourceRefused) as caught:
            look(posthog, source)
    assert caught.value.status == 402
    assert posthog.count("query") == 1


def test_key_without_query_scope():
    """A key that may not query still reads stored runs; the page names the scope."""
    missing = refusal(403, "permission_denied", "API key missing required scope 'query:read'")
    posthog = FakePostHog(exposures=missing)
    source = posthog.source()
    assert look(posthog, source).snapshots
    assert "query:read" in source.pace(482).because


def test_queries_at_once():
    """Never more than three queries are in flight; the others wait their turn."""
    metrics = [metric(f"{i}" * 8) for i in range(6)]
    posthog = old_server(
        detail=detail(*metrics),
        query=lambda r: accepted(json.loads(r.content)["query"]["metric"]["uuid"]),
        poll=Answer({"query_status": {"complete": False}}, 202),
    )
    source = posthog.source(live_queries_per_hour=0)
    look(posthog, source)
    look(posthog, source)
    assert posthog.count("query") + posthog.count("exposures") == 3
    posthog.routes["poll"] = lambda r: Answer(finished(result()))
    for _ in range(3):
        reading = look(posthog, source)
    assert len(reading.snapshots) == 6


def test_question_nobody_looks_after():
    """A question left alone for a minute takes no place, so that others have their turn."""
    posthog = old_server(
        detail=lambda r: detail(
            *(metric(f"{i}" * 8) for i in range(3)), id=int(r.url.path.split("/")[-2])
        ),
        query=accepted(),
        poll=Answer({"query_status": {"complete": False}}, 202),
    )
    source = posthog.source(live_queries_per_hour=0)
    source.read(1, is_watched=False)
    source.read(2, is_watched=False)
    assert posthog.count("query") == 3
    posthog.time.s += 60
    source.read(2, is_watched=False)
    assert posthog.count("query") == 6


def test_query_limit_keeps_the_numbers():
    """When the limit on queries is reached, an old server's numbers stay; their age tells."""
    posthog = old_server()
    source = posthog.source(live_queries_per_hour=0, queries_per_hour=3)
    for _ in range(200):
        reading = look(posthog, source)
    assert reading.snapshots
    assert posthog.count("query") + posthog.count("exposures") == 3


def test_job_id_is_not_trusted():
    """A job's id that would change the address is not used."""
    posthog = old_server(query=accepted("../../users/@me"))
    assert kinds(look(posthog, posthog.source())) == ["failed"]
    assert posthog.count("poll") == 0


@pytest.mark.parametrize("n_excluded", [36, 0])
def test_exposures(n_excluded):
    """Exposures come per arm of the experiment; several arms, holdouts and strangers are not arms."""
    counts = exposures(control=10198, test=10240, multiple=36, holdout_3=500, stranger=9)
    handling = "exclude" if n_excluded else "first_seen"
    posthog = FakePostHog(
        exposures=counts,
        detail=detail(
            holdout={"id": 3, "name": "H"},
            exposure_criteria={"multiple_variant_handling": handling},
        ),
    )
    source = posthog.source(live_queries_per_hour=0)
    found = look(posthog, source).exposures
    assert found.totals == {"control": 10198, "test": 10240}
    assert found.n_multiple == 36
    assert found.daily["test"] == (("2026-09-11", 10239), ("2026-09-12", 10240))
    assert found.as_of == datetime(2026, 9, 12, 14, 2, 12, tzinfo=UTC)
    posthog.routes["latest"]["query_to"] = "2026-09-12T14:02:03Z"
    assert look(posthog, source).snapshots[0].n_excluded == n_excluded


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"timeseries": None, "total_exposures": None},
        {
            "timeseries": [None, {"variant": 5}, {"variant": "test", "days": None}],
            "total_exposures": {},
        },
        {"timeseries": [{"variant": "test", "days": ["x", None], "exposure_counts": [1]}]},
    ],
)
def test_hollow_exposures(answer):
    """An exposure answer without its keys counts nobody and breaks nothing."""
    reading = look(posthog := FakePostHog(exposures=answer), posthog.source())
    assert sum(reading.exposures.totals.values()) == 0
    assert reading.exposures.n_multiple == 0


@pytest.mark.parametrize(
    "answer", [[], {"total_exposures": {"test": 1.5}}, {"total_exposures": {"test": "1"}}]
)
def test_unreadable_exposures(answer):
    """Exposures that cannot be read are absent; the numbers stand, and it is not asked again at once."""
    posthog = FakePostHog(exposures=answer)
    source = posthog.source(live_queries_per_hour=0)
    for _ in range(5):
        reading = look(posthog, source)
    assert reading.exposures is None
    assert reading.snapshots
    assert posthog.count("exposures") == 1
