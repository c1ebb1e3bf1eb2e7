"""Every figure the copilot gives can be opened: what it is and what it was computed from."""

from datetime import timedelta

import pytest

from lib.copilot import tools
from lib.copilot.desk import Asking
from lib.copilot.lexicon import LANGUAGES
from lib.copilot.tools_words import listed_fact
from lib.experiments.model import Alert, AlertKind
from tests.builders import NOW, views_by_state
from tests.pages.fake_hub import FakeHub

STATES = views_by_state()
DAY = timedelta(days=1)
YESTERDAY = (NOW - DAY).isoformat()
ARGUMENTS = {
    "wait": {"days": 10},
    "history": {"at": YESTERDAY},
    "changes": {"since": YESTERDAY},
    "explain": {"term": "evidence"},
}
PAST = {
    "then_on": ("history", {"at": NOW.isoformat()}),
    "then_day": ("history", {"at": NOW.isoformat(), "whole_day": True}),
    "first_at": ("history", {"at": YESTERDAY}),
    "n_alerts": ("changes", {"since": NOW.isoformat()}),
    "alert_on": ("notifications", {}),
}


def called(name, ask, experiment_id, **given):
    given = given or ARGUMENTS.get(name, {})
    if name != "list_experiments":
        given = {**given, "experiment_id": experiment_id}
    return tools.BY_NAME[name](ask, **given)


def told(found):
    """Every fact of a tool's findings and of its sentences."""
    return (*found.facts, *(fact for sentence in found.sentences for fact in sentence.facts))


def mute(facts):
    """The facts that cannot be opened."""
    return {fact.id for fact in facts if not (fact.inputs and fact.definition)}


@pytest.fixture
def hub():
    """One experiment with one kept reading and one notice."""
    view = STATES["ahead"]
    made = FakeHub((view,))
    made.store.keep([view.primary.snapshot])
    made.store.raise_alert(
        Alert(
            key="once",
            experiment_id=view.experiment.id,
            kind=AlertKind.PLANNED_END,
            text="The planned end.",
            raised_at=NOW + timedelta(seconds=2),
        )
    )
    yield made
    made.close()


def test_the_arguments_reach_every_tool():
    """The tools named here exist, so that none is run without what it asks for."""
    assert {*ARGUMENTS, *(name for name, _ in PAST.values())} <= set(tools.BY_NAME)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_fact_of_every_tool_can_be_opened(state, lang):
    """No fact of any tool, in any state and language, lacks its definition or its inputs."""
    view = STATES[state]
    desk = FakeHub((view,))
    ask = Asking(desk=desk, lang=lang)
    silent = {name: mute(told(called(name, ask, view.experiment.id))) for name in tools.BY_NAME}
    desk.close()
    assert not {name: ids for name, ids in silent.items() if ids}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stem", PAST)
def test_facts_of_the_past_can_be_opened(stem, lang, hub):
    """Moments, days and notices told about the past can be opened too."""
    name, given = PAST[stem]
    found = told(called(name, Asking(desk=hub, lang=lang), 7, **given))
    assert stem in {fact.id for fact in found}
    assert not mute(found)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("slot", ["n_listed", "n_fit"])
def test_how_many_experiments_can_be_opened(slot, lang, hub):
    """How many experiments are listed, or fit a name, has its definition and inputs."""
    assert not mute([listed_fact(Asking(desk=hub, lang=lang), 2, slot)])


@pytest.mark.parametrize(
    ("tool", "fact_id", "inputs"),
    [
        ("wait", "s2:n_more.1", "4,000 visitors a day, until the stop 10 days"),
        ("other_traffic", "n_per_day_if", "4,000 visitors a day, times 2.0"),
        ("other_traffic", "s1:n_more.1", "8,000 visitors a day, until the stop 3 days"),
        ("other_traffic", "s3:days.1", "the planned end, data until 12:00 UTC"),
        (
            "expected_loss",
            "stake_keep.1",
            "expected loss 3.28 %, Control 10.0 % (1,200 of 12,000), 4,000 visitors a day",
        ),
        (
            "results",
            "seen.1",
            "Control 10.0 % (1,200 of 12,000), Blue button 10.7 % (1,280 of 12,000)",
        ),
        ("other_effect", "mde_if", "as asked"),
    ],
)
def test_inputs_as_counted_by_hand(tool, fact_id, inputs, hub):
    """24,000 visitors in 6 days are 4,000 a day; twice that is 8,000; 8 of the planned 14 days are left."""
    found = called(tool, Asking(desk=hub), 7)
    assert {fact.id: fact.inputs for fact in found.facts}[fact_id] == inputs


def test_rows_tell_what_they_assume_instead_of_what_is(hub):
    """With another line or effect the rows of the table rest on that one, and the sheet on its own."""
    line = {f.id: f.inputs for f in called("other_line", Asking(desk=hub), 7).facts}
    effect = {f.id: f.inputs for f in called("other_effect", Asking(desk=hub), 7).facts}
    assert "line 90 of 100" in line["s3:better.1"]
    assert "N(0, 5 %)" in effect["s3:better.1"]
    assert "N(0, 10 %)" in effect["likely.1"]
    assert "level 80 %" in effect["s3:likely_low.1"]
    assert "level 95 %" in effect["likely_low.1"]
