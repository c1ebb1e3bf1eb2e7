"""Faults, limits and the test desk of the stand-in over real HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.contract.standin import LIST, PRICING, QUERY, START, a_desk


@pytest.fixture
def desk():
    with a_desk() as found:
        yield found


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("401", 401, "authentication_failed"),
        ("402", 402, "quota_limit_exceeded"),
        ("403", 403, "permission_denied"),
        ("404", 404, "not_found"),
        ("500", 500, "error"),
        ("503", 503, "error"),
        ("504", 504, "error"),
        ("512", 512, "error"),
        ("at_capacity", 400, "query_at_capacity"),
        ("worker_away", 503, "recalculation_scheduling_unavailable"),
    ],
)
def test_an_answer_goes_wrong_once_on_its_path(desk, kind, status, code):
    """With PostHog's body, so many times, and elsewhere never."""
    desk.stand_in.fault(kind, "/metrics_recalculation/", times=1)
    assert desk.get(LIST).status_code == 200
    found = desk.latest(PRICING)
    assert (found.status_code, found.json()["code"]) == (status, code)
    assert desk.latest(PRICING).status_code == 200


def test_429_with_and_without_retry_after(desk):
    """The wait stands in the header and in words, or nowhere."""
    desk.stand_in.fault("429", times=1, seconds=38)
    found = desk.get(LIST)
    assert (found.status_code, found.headers["retry-after"]) == (429, "38")
    assert found.json()["detail"] == "Request was throttled. Expected available in 38 seconds."
    desk.stand_in.fault("429_bare", times=1)
    found = desk.get(LIST)
    assert found.status_code == 429
    assert "retry-after" not in found.headers


def test_a_gateway_and_a_login_page_answer_html(desk):
    """502 and 200 with something that is no JSON."""
    desk.stand_in.fault("html", times=1)
    desk.stand_in.fault("login_page", times=2)
    statuses = [desk.get(LIST) for _ in range(2)]
    assert [f.status_code for f in statuses] == [502, 200]
    assert all(f.headers["content-type"].startswith("text/html") for f in statuses)


def test_truncated_json_is_no_json(desk):
    """A whole HTTP answer with half a document."""
    desk.stand_in.fault("truncated", times=1)
    found = desk.get(LIST)
    assert found.status_code == 200
    with pytest.raises(ValueError):
        found.json()


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_connections_break(desk, kind):
    """In the middle of an answer, or before its first byte."""
    desk.stand_in.fault(kind, times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        desk.get(LIST)
    assert desk.get(LIST).status_code == 200


def test_slow_answers_come_and_hanging_ones_do_not(desk):
    """Slow is right but late; hang outlasts the client's patience; the server lives on."""
    desk.stand_in.fault("slow", times=1, seconds=0.3)
    began = time.monotonic()
    assert desk.get(LIST).status_code == 200
    assert time.monotonic() - began >= 0.3
    desk.stand_in.fault("hang", times=1)
    with pytest.raises(httpx.ReadTimeout):
        desk.client.get(LIST, timeout=0.3)
    assert desk.get(LIST).status_code == 200


def test_three_queries_run_at_once(desk):
    """The fourth waits for a place, so two rounds of slow queries take twice as long."""
    desk.stand_in.fault("slow_query", seconds=0.3)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: desk.ask(PRICING, kind="ExperimentExposureQuery"), range(4))
        )
    assert {f.status_code for f in found} == {200}
    assert time.monotonic() - began >= 0.6


def test_a_stop_does_not_wait_for_hanging_requests():
    """Whoever hangs is let go."""
    with a_desk() as desk:
        desk.stand_in.fault("hang")
        with pytest.raises(httpx.ReadTimeout):
            desk.client.get(LIST, timeout=0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 3


def test_the_clock_can_be_skewed(desk):
    """The Date header lies by an hour, the data do not."""
    desk.stand_in.fault("skew", times=1, seconds=-3600)
    date = parsedate_to_datetime(desk.get(LIST).headers["date"]).timestamp()
    assert date == START - 3600


def test_data_can_vanish_shrink_split_badly_and_stand_still(desk):
    """What an edit, a correction, a broken split and a missing run look like."""

    def arms():
        answer = desk.latest(PRICING).json()["results"][1]["result"]
        return [answer["baseline"], *answer["variant_results"]]

    control, test = (arm["number_of_samples"] for arm in arms())
    path = f"/experiments/{PRICING}/"
    desk.stand_in.fault("shrink", path)
    assert arms()[0]["number_of_samples"] == int(0.9 * control)
    desk.stand_in.heal()
    desk.stand_in.fault("srm", path)
    assert [a["number_of_samples"] for a in arms()] == [control, int(0.8 * test)]
    found = desk.ask(PRICING, kind="ExperimentExposureQuery", refresh="force_blocking").json()
    assert found["sample_ratio_mismatch"]["p_value"] < 1e-6
    desk.stand_in.heal()
    desk.stand_in.fault("edited", path, times=1)
    assert desk.latest(PRICING).json()["results"] == []
    desk.stand_in.fault("stalled", path)
    first = desk.latest(PRICING).content
    desk.real.seconds += 100
    assert desk.latest(PRICING).content == first
    assert desk.latest(1001).json()["query_to"] > desk.latest(PRICING).json()["query_to"]


def test_runs_can_be_missing_placeholders_or_half_failed(desk):
    """Three further states of the stored runs."""
    path = f"/experiments/{PRICING}/"
    desk.stand_in.fault("never", path, times=1)
    assert desk.latest(PRICING).status_code == 404
    desk.stand_in.fault("placeholder", path, times=1)
    found = desk.latest(PRICING).json()
    assert (found["id"], found["result_source"]) == ("timeseries-fallback", "timeseries_fallback")
    assert "trigger" not in found
    desk.stand_in.fault("failed_run", path, times=1)
    found = desk.latest(PRICING).json()
    assert (found["status"], found["completed_metrics"], found["failed_metrics"]) == (
        "failed",
        1,
        2,
    )


def test_an_edit_shows_in_list_and_detail(desk):
    """Any field of an experiment can be replaced."""
    desk.stand_in.edit(PRICING, name="=HYPERLINK(1)", conclusion="won")
    assert desk.detail(PRICING)["name"] == "=HYPERLINK(1)"
    (item,) = desk.get(LIST, search="pricing").json()["results"]
    assert item["name"] == "=HYPERLINK(1)"


def test_published_limits_are_counted_per_key(desk):
    """480 ordinary requests a minute and 240 queries, each with a wait; the other key goes on."""
    statuses = {desk.get("/api/projects/1/").status_code for _ in range(480)}
    assert statuses == {200}
    refused = desk.get("/api/projects/1/")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["code"] == "throttled"
    assert desk.get("/api/projects/1/", key="phx_reader").status_code == 200
    queries = {desk.post(QUERY, {"query": {}}).status_code for _ in range(240)}
    assert queries == {400}
    assert desk.post(QUERY, {"query": {}}).status_code == 429
    desk.real.seconds += 61
    assert desk.get("/api/projects/1/").status_code == 200


def test_the_test_desk_breaks_watches_and_moves_the_clock(desk):
    """The same by HTTP, for tests in other processes; keys are counted by a label."""
    added = desk.client.post("/_faults", json={"kind": "500", "path_contains": "stats", "times": 1})
    assert added.status_code == 201
    assert desk.get(LIST + "stats/").status_code == 500
    assert desk.client.post("/_faults", json={"kind": "tea"}).status_code == 400
    assert desk.client.post("/_faults", content="{}").status_code == 400
    desk.client.post("/_faults", json={"kind": "slow", "seconds": 0.01})
    assert [f["kind"] for f in desk.client.get("/_faults").json()] == ["slow"]
    assert desk.client.delete("/_faults").json() == []
    desk.get(LIST, key="phx_somebodys_secret")
    told = desk.client.get("/_requests").json()
    assert told["keys"] == {"phx_demo": 1, "unknown": 1}
    assert "somebodys" not in str(told)
    assert desk.client.delete("/_requests").json()["total"] == 0
    before = desk.client.get("/_clock").json()["now"]
    assert desk.client.post("/_clock", json={"jump_s": 86_400}).json()["now"] > before
