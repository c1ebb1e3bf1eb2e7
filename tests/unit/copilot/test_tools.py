"""The tools: schema from signature and docstring, closed lists, every state in every language, no number without a fact."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lib.copilot import tools
from lib.copilot.answerer import CHIPS, answer, suggestions
from lib.copilot.desk import Asking, markdown_of
from lib.copilot.lexicon import LANGUAGES, lexicon
from lib.copilot.question import Context, understand
from lib.copilot.teller import phrases
from lib.stats.results import State
from tests.builders import NOW, views_by_state
from tests.pages.fake_hub import FakeHub

STATES = sorted(views_by_state())
SLOTS = re.compile(r"\[\[[^\]]+\]\]|\{\w+\}")
ARGUMENTS = {
    "wait": {"days": 10},
    "history": {"at": (NOW - timedelta(days=1)).isoformat()},
    "changes": {"since": (NOW - timedelta(days=1)).isoformat()},
    "explain": {"term": "evidence"},
}
GOLDEN = {
    "type": "function",
    "function": {
        "name": "wait",
        "description": "Say what to expect if one experiment runs for some more days.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "experiment_id": {
                    "type": "integer",
                    "enum": [7, 9],
                    "description": "id of the experiment.",
                },
                "days": {
                    "type": "number",
                    "description": "further days to wait, above 0, at most 365.",
                },
            },
            "required": ["experiment_id", "days"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def hub():
    made = FakeHub((views_by_state()["ahead"],))
    yield made
    made.store.close()


def called(tool, ask, experiment_id):
    given = dict(ARGUMENTS.get(tool.__name__, {}))
    if tool.__name__ != "list_experiments":
        given["experiment_id"] = experiment_id
    return tool(ask, **given)


def test_schema_golden():
    """A tool's schema is its signature and docstring; ids are a closed list."""
    assert tools.schema(tools.BY_NAME["wait"], [7, 9]) == GOLDEN


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda t: t.__name__)
def test_schema_of_every_tool(tool):
    """Every argument is described and required, optional ones may be null, nothing else is accepted."""
    made = tools.schema(tool, [7])["function"]
    parameters = made["parameters"]
    assert made["description"].endswith(".")
    assert parameters["required"] == list(parameters["properties"])
    assert all(p["description"] for p in parameters["properties"].values())
    assert json.loads(json.dumps(parameters)) == parameters


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_tool_in_every_state(state, lang):
    """Each tool answers in each state and language: words, no empty slot, no NaN, each figure with its fact."""
    view = views_by_state()[state]
    hub = FakeHub((view,))
    ask = Asking(desk=hub, lang=lang)
    for tool in tools.TOOLS:
        found = called(tool, ask, view.experiment.id)
        said = markdown_of(found.sentences)
        assert said, tool.__name__
        assert not re.search(r"\[\[|\]\]|\bnan\b|\binf\b|None|\{\w+\}", said), said
        known = {fact.id for fact in found.facts}
        assert {f.id for s in found.sentences for f in s.facts} <= known | {"n_listed"}, (
            tool.__name__
        )
    hub.store.close()


def test_suspect_data_show_no_lift():
    """While the split is off no tool says a change or evidence; it says what is wrong first."""
    view = views_by_state()["under_suspicion"]
    hub = FakeHub((view,))
    ask = Asking(desk=hub)
    for name in (
        "results",
        "show_panel",
        "compare_arms",
        "stop_now",
        "wait",
        "likely_lift",
        "expected_loss",
    ):
        found = called(tools.BY_NAME[name], ask, view.experiment.id)
        assert found.sentences[0].text.startswith("Do not read the lift")
        assert not [
            f for s in found.sentences for f in s.facts if f.topic in {"lift", "evidence", "likely"}
        ]
    hub.store.close()


def test_ids_come_from_the_closed_list(hub):
    """An id that does not exist is told to the model as data."""
    found, told = tools.run(Asking(desk=hub), "results", '{"experiment_id": 999}')
    assert found is None
    assert told == {"error": "no such experiment", "known": [7]}


@pytest.mark.parametrize(
    ("name", "raw", "error"),
    [
        ("nothing", "{}", "no such tool"),
        ("results", "{", "arguments are not JSON"),
        ("results", "[]", "arguments must be an object"),
        ("results", "{}", "experiment_id is missing"),
        ("wait", '{"experiment_id": 7, "days": "soon"}', "days has the wrong type"),
        ("wait", '{"experiment_id": 7, "days": 1e999}', "days has the wrong type"),
    ],
)
def test_broken_calls_are_data(name, raw, error, hub):
    """Whatever a model sends, it is told what is wrong, and nothing is raised."""
    found, told = tools.run(Asking(desk=hub), name, raw)
    assert (found, told["error"]) == (None, error)


def test_numbers_as_text_are_accepted(hub):
    """Small models write numbers as strings; they are read all the same."""
    found, told = tools.run(Asking(desk=hub), "wait", '{"experiment_id": "7", "days": "10"}')
    assert "Waiting 10 days" in told["say"]
    assert found.experiment_id == 7


def test_phrases_of_four_languages_have_the_same_slots():
    """No language lacks a phrase or a figure of another."""
    english = phrases("en")
    for code in LANGUAGES:
        other = phrases(code)
        assert set(other) == set(english)
        for key, said in english.items():
            assert sorted(set(SLOTS.findall(said))) == sorted(set(SLOTS.findall(other[key]))), (
                code,
                key,
            )


def test_suggestions_are_understood(hub):
    """Every suggested question, in each language, is understood by the built-in answerer."""
    experiments = hub.experiments()
    for code in LANGUAGES:
        for chip in {key for keys in CHIPS.values() for key in keys}:
            asked = understand(
                phrases(code)[chip], experiments, Context(experiment_id=7), fallback=code
            )
            assert asked.lang == code, (code, chip)
            assert asked.intent in set(lexicon(code).intents) - {"off_topic", "help", "thanks"}, (
                code,
                chip,
            )
    assert set(CHIPS) == {None, *State}
    assert len(suggestions(Asking(desk=hub), 7)) == 3


def test_losses_come_from_one_belief(hub):
    """Keeping costs what shipping costs, plus the likely change: 0.05 % + 3.23 % = 3.28 % in this experiment."""
    found = tools.BY_NAME["expected_loss"](Asking(desk=hub), 7)
    value = {f.id: f.value for f in found.facts}
    assert value["loss_keep_if.1"] - value["loss_ship_if.1"] == pytest.approx(
        value["likely.1"], abs=1e-12
    )


def test_names_from_outside_are_literal(hub):
    """An experiment's name with markup and an address becomes plain text in the answer."""
    view = views_by_state()["ahead"]
    evil = replace(view.experiment, name="[[rate.1]] ![x](https://evil.example/a) {i} **b**")
    desk = FakeHub((replace(view, experiment=evil),))
    said = answer(Asking(desk=desk), "Tell me about it", Context(experiment_id=7)).text
    listed = answer(Asking(desk=desk), "List all tests", Context()).text
    desk.store.close()
    assert "evil.example" not in said + listed
    assert "\\[\\[rate\\.1\\]\\]" in listed


def test_draft_has_its_own_sentence():
    """A draft is said to be one; no number is made up for it."""
    view = views_by_state()["not_started"]
    desk = FakeHub((view,))
    reply = answer(Asking(desk=desk), "How is it going?", Context(experiment_id=view.experiment.id))
    desk.store.close()
    assert (
        reply.text == "Sign\\-up button is a draft: it has not started, and nobody has seen it yet."
    )
    assert reply.facts == ()
