"""The stand-in's daily points, queries, exposures, jobs and runs started by hand."""

import pytest

from tests.contract.standin import (
    CHECKOUT,
    DRAFT,
    KEYS,
    LEGACY,
    LIST,
    ONBOARDING,
    PRICING,
    QUERY,
    START,
    a_desk,
)

DAY = "2027-01-15"  # the day of the clock's start, at eight in the morning


@pytest.fixture
def desk():
    with a_desk() as found:
        yield found


def series(desk, experiment_id, metric, **other):
    asked = {"metric_uuid": metric["uuid"], "fingerprint": metric["fingerprint"]} | other
    return desk.get(f"{LIST}{experiment_id}/timeseries_results/", **asked)


def test_one_point_a_day_from_the_start(desk):
    """Ten calendar days from day 9, cumulative, the last one equal to ``latest``."""
    metric = desk.detail(PRICING)["metrics"][0]
    found = series(desk, PRICING, metric).json()
    assert sorted(found) == KEYS["timeseries"]
    assert found["status"] == "completed"
    assert list(found["timeseries"]) == [f"2027-01-{day:02d}" for day in range(6, 16)]
    people = [p["baseline"]["number_of_samples"] for p in found["timeseries"].values()]
    assert people == sorted(people)
    rows = {r["metric_uuid"]: r["result"] for r in desk.latest(PRICING).json()["results"]}
    assert found["timeseries"][DAY] == rows[metric["uuid"]]


def test_a_point_ends_with_its_day(desk):
    """The point of a past day holds what had come by midnight UTC."""
    metric = desk.detail(1001)["metrics"][0]
    point = series(desk, 1001, metric).json()["timeseries"]["2027-01-10"]
    trial = desk.stand_in.trials[1001]
    day = trial.days(START - 4 * 86_400 - 8 * 3600)  # 11 January, 00:00
    assert point["baseline"]["number_of_samples"] == trial.curve.sums("1", day)[0].n
    assert point["last_refresh"] == "2027-01-11T00:00:00Z"


def test_missing_days_are_null_with_an_error(desk):
    """A gap day, and the days before a file's first row."""
    gap = next(t for t in desk.stand_in.trials.values() if t.gap_day is not None)
    found = series(desk, gap.id, desk.detail(gap.id)["metrics"][0]).json()
    empty = [day for day, point in found["timeseries"].items() if point is None]
    assert found["status"] == "partial"
    assert empty
    assert set(found["errors"]) == set(empty)


@pytest.mark.parametrize("name", ["metric_uuid", "fingerprint"])
def test_both_parameters_are_needed(desk, name):
    """400 with PostHog's words."""
    found = series(desk, PRICING, desk.detail(PRICING)["metrics"][0], **{name: ""})
    assert found.status_code == 400
    assert found.json()["detail"] == f"{name} query parameter is required"


def test_an_old_fingerprint_has_no_points(desk):
    """A changed metric begins with an empty series."""
    found = series(desk, PRICING, desk.detail(PRICING)["metrics"][0], fingerprint="0" * 64)
    assert (found.json()["status"], found.json()["timeseries"]) == ("pending", None)


def test_a_query_is_cached_for_a_day(desk):
    """The second answer is the first one, marked; after 24 h of server time, or by force, anew."""
    metric = desk.detail(PRICING)["metrics"][0]
    first = desk.ask(PRICING, metric).json()
    assert sorted(first) == KEYS["answer"]
    desk.real.seconds += 60
    again = desk.ask(PRICING, metric, refresh="blocking").json()
    assert again == first | {"is_cached": True}
    forced = desk.ask(PRICING, metric, refresh="force_blocking").json()
    assert forced["baseline"]["number_of_samples"] > first["baseline"]["number_of_samples"]
    assert forced["last_refresh"] > first["last_refresh"]
    desk.real.seconds += 121  # more than a day at 720x
    assert desk.ask(PRICING, metric).json()["is_cached"] is False


def test_a_forced_query_is_newer_than_the_last_run(desk):
    """Between two runs it has the numbers of now."""
    desk.real.seconds += 9
    metric = desk.detail(PRICING)["metrics"][0]
    forced = desk.ask(PRICING, metric, refresh="force_blocking").json()
    assert forced["last_refresh"] > desk.latest(PRICING).json()["query_to"]


def test_the_metric_is_found_by_its_uuid(desk):
    """Old clients send it cut short, on the environments route and by kind."""
    uuid = desk.detail(ONBOARDING)["saved_metrics"][0]["query"]["uuid"]
    body = {
        "query": {"kind": "ExperimentQuery", "experiment_id": ONBOARDING, "metric": {"uuid": uuid}}
    }
    for path in (
        "/api/environments/1/query/",
        "/api/environments/1/query",
        QUERY + "ExperimentQuery/",
    ):
        found = desk.post(path, body)
        assert found.status_code == 200
        assert found.json()["baseline"]["denominator_sum"] > 0


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"kind": "ExperimentQuery", "experiment_id": PRICING}, "metric"),
        ({"kind": "ExperimentQuery", "experiment_id": 5, "metric": {}}, "Experiment"),
        ({"kind": "ExperimentQuery", "experiment_id": PRICING, "metric": {"uuid": "x"}}, "Unable"),
        ({"kind": "TrendsQuery", "experiment_id": PRICING}, "Unsupported"),
        (None, "required"),
    ],
)
def test_bad_queries_get_400(desk, query, word):
    """In words, as a validation error."""
    found = desk.post(QUERY, {"query": query})
    assert found.status_code == 400
    assert word in found.json()["detail"]
    assert found.json()["type"] == "validation_error"


def test_queries_need_their_scope(desk):
    """A key for experiments alone gets 403."""
    found = desk.post(QUERY, {"query": {}}, key="phx_no_query")
    assert found.status_code == 403
    assert found.json()["detail"] == "API key missing required scope 'query:read'"


def test_exposures_are_cumulative_and_agree(desk):
    """Keys as recorded, the last day equals the totals, the multiple arm is there."""
    found = desk.ask(CHECKOUT, kind="ExperimentExposureQuery").json()
    assert sorted(found) == KEYS["exposures"]
    assert set(found["total_exposures"]) == {"control", "blue", "$multiple"}
    for line in found["timeseries"]:
        assert line["exposure_counts"] == sorted(line["exposure_counts"])
        assert line["exposure_counts"][-1] == found["total_exposures"][line["variant"]]
        assert len(line["days"]) == len(line["exposure_counts"]) == 10
    assert 0 < found["sample_ratio_mismatch"]["p_value"] <= 1
    assert found["date_range"]["date_to"] is None
    run = desk.latest(CHECKOUT).json()["results"][0]["result"]
    assert run["baseline"]["number_of_samples"] == found["total_exposures"]["control"]


def test_exposures_of_a_draft_are_empty(desk):
    """Nobody, no mismatch."""
    found = desk.ask(DRAFT, kind="ExperimentExposureQuery").json()
    assert (found["timeseries"], found["total_exposures"]) == ([], {})
    assert found["sample_ratio_mismatch"] is None


def test_the_legacy_engine_answers_in_its_own_shape(desk):
    """Trends and funnels, each by its stored metric; the detail says is_legacy."""
    detail = desk.detail(LEGACY)
    assert (detail["is_legacy"], detail["archived"]) == (True, True)
    trends, funnel = (
        desk.post(QUERY, {"query": metric | {"experiment_id": LEGACY}}).json()
        for metric in detail["metrics"]
    )
    assert {v["count"] for v in trends["variants"]} == {1220.0, 1311.0}
    assert funnel["variants"][0] == {
        "key": "control",
        "success_count": 612.0,
        "failure_count": 4401.0,
    }


def test_a_job_is_accepted_polled_and_done(desk):
    """202 with a status, 202 while it runs, 200 with the results."""
    metric = desk.detail(PRICING)["metrics"][0]
    begun = desk.ask(PRICING, metric, refresh="force_async")
    assert begun.status_code == 202
    assert sorted(begun.json()) == KEYS["job started"]
    assert sorted(begun.json()["query_status"]) == KEYS["job"]
    path = f"{QUERY}{begun.json()['query_status']['id']}/"
    assert desk.get(path).status_code == 202
    desk.real.seconds += 1
    done = desk.get(path)
    assert done.status_code == 200
    assert done.json()["query_status"]["complete"] is True
    assert done.json()["query_status"]["results"]["kind"] == "ExperimentQuery"
    assert desk.ask(PRICING, metric, refresh="async").json()["is_cached"] is True


def test_a_job_can_fail_and_be_cancelled(desk):
    """A metric that cannot be computed fails with a message; a cancelled job is gone."""
    bad = desk.ask(PRICING, {"uuid": "nothing"}, refresh="async").json()["query_status"]["id"]
    desk.real.seconds += 1
    failed = desk.get(f"{QUERY}{bad}/")
    assert failed.status_code == 400
    assert failed.json()["query_status"]["error_message"]
    metric = desk.detail(PRICING)["metrics"][0]
    path = QUERY + desk.ask(PRICING, metric, refresh="async").json()["query_status"]["id"]
    headers = {"Authorization": "Bearer phx_demo"}
    assert desk.client.delete(path, headers=headers).json() == {"message": "cancelled"}
    assert desk.get(path).status_code == 404


def test_a_run_started_by_hand(desk):
    """201, then 200 with the same id, then its numbers in ``latest``, then 429 for five minutes."""
    path = f"{LIST}{PRICING}/metrics_recalculation/"
    desk.real.seconds += 3
    before = desk.latest(PRICING).json()
    created = desk.post(path, {"trigger": "manual"})
    assert (created.status_code, sorted(created.json())) == (201, KEYS["run, created"])
    run_id = created.json()["id"]
    desk.real.seconds += 1
    existing = desk.post(path, {})
    assert (existing.status_code, existing.json()["is_existing"]) == (200, True)
    assert set(existing.json()) >= set(KEYS["run, existing"])
    assert existing.json()["id"] == run_id
    shown = desk.latest(PRICING).json()
    assert shown == before | {"active_run": {"id": run_id, "status": "in_progress"}}
    assert sorted(desk.get(path + run_id).json()) == KEYS["run, executing"]
    desk.real.seconds += 1.5
    done = desk.latest(PRICING).json()
    assert (done["id"], done["trigger"]) == (run_id, "manual")
    assert done["query_to"] > before["query_to"]
    assert desk.get(path + run_id).json() == done
    refused = desk.post(path, {})
    assert refused.status_code == 429
    assert refused.json()["code"] == "recalculation_rate_limited"
    assert refused.headers["retry-after"] == "300"


def test_runs_that_cannot_be_started_or_found(desk):
    """A draft gets 400, a key that only reads 403, an unknown id 404."""
    assert desk.post(f"{LIST}{DRAFT}/metrics_recalculation/", {}).status_code == 400
    path = f"{LIST}{PRICING}/metrics_recalculation/"
    assert desk.post(path, {}, key="phx_reader").status_code == 403
    found = desk.get(path + "00000000-0000-0000-0000-000000000001/")
    assert (found.status_code, found.json()) == (404, {"detail": "Recalculation not found"})
