"""The stand-in's other modes: 2025 style, states, nulls, other data, and the command."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from lib.demo.replay import COLUMNS, SHIPPED
from lib.demo.server import StandIn
from tests.contract.standin import KEYS, LIST, ONBOARDING, PRICING, START, a_desk

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def old():
    with a_desk(style="2025", limits=False) as found:
        yield found


def test_2025_lists_full_objects(old):
    """List and detail are one object, without the keys that came later."""
    page = old.get(LIST).json()
    for item in page["results"]:
        assert sorted(item) == KEYS["list item 2025"]
    first = page["results"][-1]
    assert old.detail(first["id"]) == first
    assert sorted(first["feature_flag"]) == KEYS["flag 2025"]
    planned = old.detail(PRICING)["parameters"]
    assert sorted(planned) == KEYS["parameters 2025"]


def test_2025_has_no_stored_runs(old):
    """Latest, runs and daily points get 404 with type and code."""
    for path in ("metrics_recalculation/latest/", "metrics_recalculation/", "timeseries_results/"):
        found = old.get(f"{LIST}{PRICING}/{path}")
        assert (found.status_code, found.json()["code"]) == (404, "not_found")


def test_2025_answers_queries_without_the_newer_keys(old):
    """For every metric of every started experiment."""
    newer = {"clickhouse_sql", "hogql", "is_precomputed", "warnings", "breakdown_results"}
    for item in old.get(LIST).json()["results"]:
        if item["start_date"] is None:
            continue
        saved = [s["query"] for s in item["saved_metrics"]]
        for metric in (*item["metrics"], *item["metrics_secondary"], *saved):
            found = old.ask(item["id"], metric)
            assert found.status_code == 200, (item["name"], metric["name"])
            assert sorted(found.json()) == sorted(set(KEYS["answer"]) - newer)
            assert "covariate_sum" not in found.json()["baseline"]
    exposures = old.ask(PRICING, kind="ExperimentExposureQuery").json()
    assert set(KEYS["exposures"]) - set(exposures) == {
        "sample_ratio_mismatch",
        "bias_risk",
        "warnings",
    }


STATES = {
    "states": {
        "onboarding": {
            "name": "Onboarding v2",
            "status": "running",
            "started_days_ago": 3,
            "id": "experiment-123",
            "visitors_per_day": 270,
            "variants": [
                {"key": "control", "participants": 412, "conversions": 31},
                {"key": "test", "participants": 398, "conversions": 41},
            ],
        }
    }
}


def test_states_are_served_alone_and_exactly(tmp_path):
    """Exact counts at every run, at real speed, with a dated past that ends in them."""
    path = tmp_path / "states.json"
    path.write_text(json.dumps(STATES))
    with a_desk(states=path) as desk:
        (item,) = desk.get(LIST).json()["results"]
        assert (item["id"], item["feature_flag_key"]) == (123, "experiment-123")
        assert desk.stand_in.clock.speed == 1
        for _ in range(3):
            run = desk.latest(123).json()
            answer = run["results"][0]["result"]
            assert (answer["baseline"]["number_of_samples"], answer["baseline"]["sum"]) == (412, 31)
            assert answer["variant_results"][0]["sum"] == 41
            desk.real.seconds += 10
            assert desk.latest(123).json()["query_to"] > run["query_to"]
        metric = desk.detail(123)["metrics"][0]
        asked = {"metric_uuid": metric["uuid"], "fingerprint": metric["fingerprint"]}
        points = desk.get(f"{LIST}123/timeseries_results/", **asked).json()["timeseries"]
        people = [p["baseline"]["number_of_samples"] for p in points.values()]
        assert people == sorted(people)
        assert len(people) == 4
        assert people[-1] == 412


def test_nulls_are_added_and_labelled():
    """A hundred more, on a second page, each saying that it is simulated."""
    with a_desk(nulls=100, limits=False) as desk:
        page = desk.get(LIST).json()
        assert page["count"] == 164
        more = httpx.get(page["next"], headers={"Authorization": "Bearer phx_demo"}).json()
        assert len(more["results"]) == 64
        mine = desk.get(LIST, search="null", limit=200).json()["results"]
        assert len(mine) == 100
        assert all("simulated" in item["tags"] for item in mine)
        assert desk.latest(mine[0]["id"]).json()["status"] == "completed"


def test_another_file_is_replayed_figure_by_figure(tmp_path):
    """At 20 moments each figure equals the straight line through the file's rows."""
    days = np.arange(0.5, 30, 0.5)
    people = np.round(900 * days + 40 * np.sin(days))
    rows = [
        ("c0ffee", 1, 1, d, n, n + 7, 0.1 + d / 1000, 0.11, 0.09, 0.0979)
        for d, n in zip(days, people, strict=True)
    ]
    path = tmp_path / "other.parquet"
    pd.DataFrame(rows, columns=COLUMNS).to_parquet(path)
    with a_desk(data=path) as desk:
        trial = desk.by_name("c0ffee")
        converted = people * (0.1 + days / 1000)
        for k in range(20):
            desk.real.seconds = START + 37 * k
            run = desk.latest(trial.id).json()
            day = 9 + (37 * k // 10) * 7200 / 86_400
            control = run["results"][0]["result"]["baseline"]
            assert control["number_of_samples"] == round(np.interp(day, days, people))
            assert control["sum"] == round(np.interp(day, days, converted))
        assert desk.detail(ONBOARDING)["name"] == "Onboarding v2"


def test_shipped_data_are_the_default():
    """Without a file the sixty real experiments are served."""
    assert SHIPPED.exists()
    with a_desk() as desk:
        assert sum(t.name.startswith("ASOS") for t in desk.stand_in.trials.values()) == 60


def test_an_unknown_style_is_refused():
    """In words."""
    with pytest.raises(ValueError, match="no such style"):
        StandIn(style="2031")


def test_the_command_prints_its_address_first(tmp_path):
    """``python -m lib.demo --port 0`` answers on what its first line says, at once."""
    command = [sys.executable, "-m", "lib.demo", "--port", "0", "--style", "2025", "--seed", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            url = running.stdout.readline().strip()
            headers = {"Authorization": "Bearer phx_demo"}
            assert httpx.get(url + LIST, headers=headers).json()["count"] == 64
        finally:
            running.terminate()


def test_the_command_says_why_it_cannot_start(tmp_path):
    """A missing file is one line on stderr, no traceback."""
    command = [sys.executable, "-m", "lib.demo", "--port", "0", "--data", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("the stand-in cannot start:")
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
