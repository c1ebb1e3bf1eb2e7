"""Experiments from a file of states."""

import json

import pytest

from lib.demo.clock import DAY_S
from lib.demo.states import read_states

ANCHOR = 1_800_000_000.0
STATES = {
    "pricing": {
        "name": "Pricing page test",
        "status": "running",
        "started_days_ago": 9,
        "variants": [
            {"key": "control", "participants": 42010, "conversions": 4201},
            {"key": "test", "participants": 41870, "conversions": 4103},
        ],
        "visitors_per_day": 9320,
    },
    "onboarding": {
        "name": "Onboarding v2",
        "status": "running",
        "started_days_ago": 3,
        "id": "experiment-123",
        "variants": [
            {"key": "control", "participants": 412, "conversions": 31},
            {"key": "test", "participants": 398, "conversions": 41},
        ],
    },
    "search": {
        "name": "Search ranking",
        "status": "completed",
        "started_days_ago": 40,
        "ended_days_ago": 6,
        "variants": [
            {"key": "old", "participants": 50210, "conversions": 6025},
            {"key": "new", "participants": 50102, "conversions": 6313},
            {"key": "other", "participants": 50000, "conversions": 6000},
        ],
    },
    "draft": {
        "name": "Referral banner",
        "status": "draft",
        "started_days_ago": None,
        "variants": [{"key": "control", "participants": 0, "conversions": 0}, {"key": "test"}],
    },
}


@pytest.fixture
def trials(tmp_path):
    path = tmp_path / "states.json"
    path.write_text(json.dumps({"about": "more keys", "states": STATES}))
    return {t.name: t for t in read_states(path, anchor=ANCHOR)}


@pytest.mark.parametrize("later_s", [0, 1, 10, 3600, 5 * DAY_S])
def test_counts_are_exact_now_and_stay(trials, later_s):
    """The file's counts, from the start of the server on."""
    trial = trials["Pricing page test"]
    found = trial.curve.sums("converted", trial.days(ANCHOR + later_s))
    assert [(s.key, s.n, s.total) for s in found] == [
        ("control", 42010, 4201),
        ("test", 41870, 4103),
    ]


def test_the_past_is_even_and_ends_in_the_counts(trials):
    """After a third of the time a third of the people had come, converting at the final rate."""
    found = trials["Pricing page test"].curve.sums("converted", 3.0)
    assert [(s.n, s.total) for s in found] == [(14003, 1400), (13957, 1368)]


def test_an_id_stands_in_the_number_and_the_flag(trials):
    """``experiment-123`` is number 123 with that flag key; the others get free numbers."""
    assert trials["Onboarding v2"].id == 123
    assert trials["Onboarding v2"].flag_key == "experiment-123"
    assert len({t.id for t in trials.values()}) == 4
    assert trials["Pricing page test"].flag_key == "pricing-page-test"


def test_a_completed_one_is_stopped_at_its_day(trials):
    """It ended when the file says, with the file's counts."""
    trial = trials["Search ranking"]
    assert trial.status(ANCHOR) == "stopped"
    assert trial.ended_at == ANCHOR - 6 * DAY_S
    assert [s.n for s in trial.curve.sums("converted", trial.days(ANCHOR))] == [50210, 50102, 50000]
    assert trial.baseline == "old"
    assert [arm.percent for arm in trial.arms] == [33.3334, 33.3333, 33.3333]


def test_a_draft_has_not_started(trials):
    """Status draft, nobody in it."""
    assert trials["Referral banner"].status(ANCHOR) == "draft"


def test_names_may_repeat_and_be_hostile(tmp_path):
    """Two states of one name get two flag keys; any text is a name."""
    path = tmp_path / "states.json"
    state = STATES["pricing"] | {"name": "<script>alert(1)</script>"}
    path.write_text(json.dumps({"a": state, "b": state, "c": state | {"name": "试验"}}))
    found = read_states(path, anchor=ANCHOR)
    assert [t.name for t in found][:2] == ["<script>alert(1)</script>"] * 2
    assert len({t.flag_key for t in found}) == 3


@pytest.mark.parametrize("text", ["[1, 2]", '"x"', '{"a": 1}'])
def test_another_kind_of_file_is_refused(tmp_path, text):
    """In words, before anything is served."""
    path = tmp_path / "states.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="mapping"):
        read_states(path, anchor=ANCHOR)
