"""The stand-in over real HTTP: routes, keys, pages, runs. Shapes are PostHog's recorded ones."""

from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest

from tests.contract.standin import (
    CHECKOUT,
    DRAFT,
    KEYS,
    LEGACY,
    LIST,
    ONBOARDING,
    PRICING,
    START,
    a_desk,
)


@pytest.fixture(scope="module")
def desk():
    with a_desk(limits=False) as found:
        yield found


def moment(text):
    return datetime.fromisoformat(text).timestamp()


def test_no_key_and_a_wrong_key_get_401(desk):
    """With PostHog's two different bodies; a project key is a wrong key."""
    none, wrong = desk.get(LIST, key=None), desk.get(LIST, key="phc_project")
    assert (none.status_code, none.json()["code"]) == (401, "not_authenticated")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "authentication_failed")
    assert wrong.json()["detail"].startswith("Personal API key found in request")


@pytest.mark.parametrize(
    ("key", "path", "detail"),
    [
        ("phx_no_scope", LIST, "API key missing required scope 'experiment:read'"),
        ("phx_elsewhere", LIST, "does not have access to the requested project: ID 1."),
        ("phx_demo", "/api/projects/12345/experiments/", "requested project: ID 12345."),
    ],
)
def test_scopes_and_projects_get_403(desk, key, path, detail):
    """A key without the scope, and a key of another project."""
    found = desk.get(path, key=key)
    assert found.status_code == 403
    assert detail in found.json()["detail"]
    assert found.json()["code"] == "permission_denied"


@pytest.mark.parametrize(
    "path",
    [LIST + "999999/", LIST + "abc/", "/api/projects/1/nothing/", LIST + "99999999999999999/"],
)
def test_what_is_not_there_gets_404(desk, path):
    """With type and code."""
    found = desk.get(path)
    assert found.status_code == 404
    assert found.json() == {
        "type": "invalid_request",
        "code": "not_found",
        "detail": "Not found.",
        "attr": None,
    }


def test_the_list_is_short_and_the_detail_is_full(desk):
    """The keys are those of the recorded answers; a newer key may be there, none may be missing."""
    page = desk.get(LIST).json()
    assert sorted(page) == KEYS["list page"]
    for item in page["results"]:
        assert sorted(item) == KEYS["list item"]
    for one in (PRICING, ONBOARDING, DRAFT, LEGACY, 1001, 1008):
        assert sorted(set(desk.detail(one)) - {"health"}) == KEYS["detail"]


def test_the_parts_of_an_experiment_have_the_recorded_keys(desk):
    """Flag, person, parameters, plan, and each kind of metric."""
    pricing, onboarding = desk.detail(PRICING), desk.detail(ONBOARDING)
    assert sorted(pricing["feature_flag"]) == KEYS["flag"]
    assert sorted(pricing["created_by"]) == KEYS["person"]
    assert sorted(pricing["parameters"]) == KEYS["parameters"]
    assert sorted(pricing["running_time_calculation"]) == KEYS["running time"]
    assert sorted(pricing["metrics"][0]) == KEYS["funnel metric"]
    assert sorted(pricing["metrics_secondary"][1]) == KEYS["ratio metric"]
    assert sorted(onboarding["saved_metrics"][0]) == KEYS["saved metric"]
    assert sorted(onboarding["saved_metrics"][0]["query"]) == KEYS["retention metric"]


def test_nulls_and_absent_keys_occur(desk):
    """No statistics setting, no plan, no name of a metric: all of it happens."""
    onboarding, draft = desk.detail(ONBOARDING), desk.detail(DRAFT)
    assert onboarding["stats_config"] is None
    assert onboarding["running_time_calculation"] is None
    assert "name" not in onboarding["metrics"][0]
    assert onboarding["holdout"]["id"] == onboarding["holdout_id"] == 7
    assert draft["start_date"] is None
    assert draft["secondary_metrics_ordered_uuids"] is None
    other = [desk.detail(i) for i in range(1001, 1061)]
    keys = [
        d["stats_config"]["baseline_variant_key"]
        for d in other
        if d["stats_config"] and "baseline_variant_key" in d["stats_config"]
    ]
    assert keys
    assert "control" not in keys


def test_slashes_are_optional(desk):
    """The router takes both."""
    for path in (LIST, f"{LIST}{PRICING}/", f"{LIST}{PRICING}/metrics_recalculation/latest/"):
        assert desk.get(path).content == desk.get(path.removesuffix("/")).content


def test_pages_follow_next_to_the_end(desk):
    """``next`` is absolute on the Host that was asked, and leads to every experiment once."""
    path, seen = f"{LIST}?limit=25", []
    while path:
        page = desk.get(path).json()
        seen += [item["id"] for item in page["results"]]
        path = page["next"]
        assert path is None or path.startswith(desk.stand_in.url + LIST)
    assert len(seen) == len(set(seen)) == page["count"] == 64
    assert page["previous"].endswith("limit=25&offset=25")


def test_filters_and_order(desk):
    """Status, search, archived and order; complete is stopped."""

    def ids(**asked):
        return [item["id"] for item in desk.get(LIST, **asked).json()["results"]]

    assert ids(status="draft") == [DRAFT]
    assert ids(search="checkout") == [CHECKOUT]
    assert ids(archived="true") == [LEGACY]
    assert ids(status="complete") == ids(status="stopped")
    assert len(ids(status="stopped")) == 3
    assert set(ids(tags='["simulated"]')) == {PRICING, CHECKOUT, ONBOARDING, DRAFT}
    assert len(ids(excluded_tags='["simulated"]')) == 60
    assert desk.get(LIST, tags="simulated").status_code == 400
    names = [item["name"] for item in desk.get(LIST, order="name").json()["results"]]
    assert names == sorted(names, key=str.lower)
    starts = [item["created_at"] for item in desk.get(LIST).json()["results"]]
    assert starts == sorted(starts, reverse=True)


def test_the_data_sets_id_stands_in_name_and_flag(desk):
    """An ASOS experiment is found by its six digits."""
    (item,) = desk.get(LIST, search="54a85a").json()["results"]
    assert item["name"] == "ASOS 54a85a"
    assert item["feature_flag_key"] == "asos-54a85a"
    assert "CC BY 4.0" in item["description"]


def test_latest_has_the_recorded_shape(desk):
    """Run, rows, answers and arms."""
    run = desk.latest(PRICING).json()
    row = run["results"][0]
    assert sorted(run) == KEYS["run"]
    assert sorted(row) == KEYS["row"]
    assert sorted(row["result"]) == KEYS["answer"]
    assert sorted(row["result"]["baseline"]) == KEYS["baseline"]
    assert sorted(row["result"]["variant_results"][0]) == KEYS["arm, bayesian"]
    uuids = [r["metric_uuid"] for r in run["results"]]
    assert uuids == sorted(uuids)
    frequentist = desk.latest(1002).json()["results"][0]["result"]
    assert sorted(frequentist["variant_results"][0]) == KEYS["arm, frequentist"]


def test_counts_are_whole_and_sums_are_floats(desk):
    """People are ints; conversions are ints, sums of means floats; an answer's p stays in 0..1."""
    for row in desk.latest(1001).json()["results"]:
        answer = row["result"]
        for arm in (answer["baseline"], *answer["variant_results"]):
            assert isinstance(arm["number_of_samples"], int)
            assert isinstance(arm["sum"], int if arm["step_counts"] else float)


@pytest.mark.parametrize("experiment_id", [DRAFT, LEGACY])
def test_without_a_run_latest_is_404_without_code(desk, experiment_id):
    """A draft, and metrics of the legacy engine alone."""
    found = desk.latest(experiment_id)
    assert found.status_code == 404
    assert found.json() == {"detail": "No completed recalculation found"}


def test_a_metric_without_figures_fails_alone(desk):
    """The run is failed, names the metric, and still carries the good one."""
    run = desk.latest(desk.by_name("3b4300").id).json()
    assert sorted(run) == KEYS["run, failed"]
    assert (run["status"], run["completed_metrics"], run["failed_metrics"]) == ("failed", 1, 3)
    bad = {r["metric_uuid"] for r in run["results"] if r["status"] == "failed"}
    assert set(run["metric_errors"]) == bad
    assert all(r["result"] is None for r in run["results"] if r["metric_uuid"] in bad)


def test_wrong_methods_get_405(desk):
    """Experiments are not deleted this way."""
    headers = {"Authorization": "Bearer phx_demo"}
    found = desk.client.delete(f"{LIST}{PRICING}/", headers=headers)
    assert found.status_code == 405
    assert found.json()["detail"] == 'Method "DELETE" not allowed.'


def test_account_routes_answer(desk):
    """Who the key belongs to and what it may do."""
    assert desk.get("/api/users/@me/").json()["team"]["id"] == 1
    assert desk.get("/api/personal_api_keys/@current").json()["scopes"] == ["*"]
    assert desk.get("/api/projects/1/").json()["timezone"] == "UTC"
    stats = desk.get(LIST + "stats/").json()
    assert stats["active_experiments"] == 60


def test_time_is_the_servers_own():
    """The Date header, start_date and query_to are of one clock, and it runs at the speed."""
    with a_desk() as desk:
        started = moment(desk.detail(PRICING)["start_date"])
        for seconds in (0, 10, 60):
            desk.real.seconds = START + seconds
            found = desk.latest(PRICING)
            date = parsedate_to_datetime(found.headers["date"]).timestamp()
            assert date == START + seconds * 720
            assert moment(found.json()["query_to"]) == date
            assert moment(found.json()["query_to"]) - started == 9 * 86_400 + seconds * 720


def test_latest_is_the_same_until_a_run_finishes():
    """Identical bytes for ten seconds, then new numbers with a new cut-off and a new id."""
    with a_desk() as desk:
        first = desk.latest(1001).content
        for _ in range(9):
            desk.real.seconds += 1
            assert desk.latest(1001).content == first
        desk.real.seconds += 1
        later = desk.latest(1001)
        assert later.content != first
        assert (
            desk.get(f"{LIST}1001/metrics_recalculation/{later.json()['id']}").json()
            == later.json()
        )


def test_a_stopped_experiment_stays_as_it_ended():
    """Its cut-off is its end, and its body never changes again."""
    with a_desk() as desk:
        trial = desk.by_name("84f653")
        first = desk.latest(trial.id)
        detail = desk.detail(trial.id)
        assert detail["status"] == "stopped"
        assert first.json()["query_to"] == detail["end_date"]
        desk.real.seconds += 1234
        assert desk.latest(trial.id).content == first.content


def test_a_running_one_stops_at_its_last_row():
    """The status follows the clock."""
    with a_desk() as desk:
        trial = desk.by_name("591c2c")  # 12.5 days of data
        assert desk.detail(trial.id)["status"] == "running"
        desk.real.seconds += (12.5 - 9) * 120 + 10  # a day is two minutes
        detail = desk.detail(trial.id)
        assert detail["status"] == "stopped"
        assert moment(detail["end_date"]) - moment(detail["start_date"]) == 12.5 * 86_400


def test_the_same_clock_and_seed_give_the_same_answers():
    """Two stand-ins agree on every byte but the port."""
    with a_desk() as one, a_desk() as other:
        for desk in (one, other):
            desk.real.seconds += 77
        for path in (f"{LIST}102/metrics_recalculation/latest/", f"{LIST}102/", LIST):
            assert one.get(path).content == other.get(path).content


def test_the_port_is_free_again_after_a_stop():
    """A second one can start on the same port at once."""
    with a_desk() as first:
        port = int(first.stand_in.url.rsplit(":", 1)[1])
        first.get(LIST)
    with a_desk(port=port) as second:
        assert second.get(LIST).status_code == 200
