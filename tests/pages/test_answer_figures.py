"""The figures in an answer's words: links to their sheets around harmless words, or the words alone."""

import json
import re
from datetime import UTC
from pathlib import Path

import pytest

from lib import wording
from lib.copilot.safe_text import model_markdown
from lib.experiments.model import Alert, AlertKind
from lib.ui import answer_state, answer_wiring
from lib.ui.alerts_heard import tell_conversation
from lib.ui.answer_figures import END, START, places_of, sheet, shown
from tests.pages.fake_hub import FakeHub
from tests.pages.test_chat import ask, said

ATTACKS = [
    a["text"]
    for a in json.loads((Path(__file__).parents[1] / "fixtures" / "attacks.json").read_text())
]
LINK = re.compile(r'(?<!\\)\[((?:\\.|[^\[\]])*)\]\(#figure-([\w-]+) "Open the figure"\)')


@pytest.fixture(autouse=True)
def clean():
    answer_state._in_flight.clear()
    answer_wiring.use_model(None)


def at(*places, **more):
    """A kept fact with these places."""
    return {"id": "x", "shown": "9 %", "at": [list(p) for p in places], **more}


def test_a_figure_becomes_a_link_to_its_sheet():
    """The figure's words stand in the link, with a fixed space; the rest is as it was."""
    text = "**9 %** of it, then 1 in 25."
    facts = [at((2, 5)), at((20, 27))]
    assert shown(text, facts, "m1") == (
        '**[9\u00a0%](#figure-m1-0 "Open the figure")** of it, then '
        '[1 in 25](#figure-m1-1 "Open the figure").'
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_links_change_no_sign_of_hostile_words(attack):
    """With a link at every digit of an attack, the words are what the one door makes of them, sign for sign."""
    text = f"It is 9 % now. {attack} And 12."
    digits = [m.span() for m in re.finditer(r"\d+(?: %)?", text)]
    made = shown(text, [at(*digits)], "m")
    assert LINK.sub(r"\1", made) == wording.unbreakable(model_markdown(text))
    assert all(re.search(r"\d", words) for words, _ in LINK.findall(made))


@pytest.mark.parametrize(
    "facts",
    [
        [at((0, 99))],
        [at((-1, 2))],
        [at((3, 3))],
        [{"id": "x", "at": "no"}],
        [{"id": "x", "at": [["0", "1"], [1], None]}],
        [{"id": "x"}],
    ],
)
def test_places_that_make_no_sense_are_no_links(facts):
    """Kept places outside the text or of another shape are left out."""
    assert shown("9 % here", facts, "m") == "9\u00a0% here"


def test_doubtful_places_are_left_out():
    """The first of two that overlap counts; code stays code; our own marks in a text end all links."""
    assert places_of("9 % x", [at((0, 3)), at((0, 1))]) == [(0, 1, 1)]
    assert places_of("`9 %` x", [at((1, 4))]) == []
    assert shown(f"{START}9 %{END}", [at((1, 4))], "m") == f"{START}9\u00a0%{END}"


def test_markup_inside_a_figure_stays_outside_the_link():
    """``**9** %`` links its number only."""
    assert shown("**9** % x", [at((2, 7))], "m").startswith(
        '**[9](#figure-m-0 "Open the figure")** %'
    )


def test_the_figures_of_an_alert_in_the_chat(views, page):
    """An announcement in a conversation keeps its figures as recorded: found by their words, they open too."""
    hub = FakeHub((views["ready_winner"],))
    one = hub.listed[0].id
    fact = {
        "id": "x",
        "shown": "+13.6 %",
        "definition": "What it is.",
        "inputs": "a, b",
        "subject": "blue",
    }
    alert = Alert(
        key="k", experiment_id=one, kind=AlertKind.PROVEN_BETTER, raised_at=hub.now, facts=(fact,),
        text="Blue button is better: +13.6 % (not 113.6 %).",
    )  # fmt: skip
    conversation = hub.store.new_conversation("t", hub.now)
    tell_conversation(hub.store, conversation, alert, hub.now)
    drawn = page(hub, experiment=one, conversation=conversation)
    assert [words for words, _ in LINK.findall(said(drawn)[0][1])] == ["\\+13\\.6\u00a0%"]
    hub.store.close()


def test_the_sheet_in_the_answers_language():
    """Value, arm by name, definition, inputs, moment; labels in German for a German answer."""
    fact = at(
        subject="test", experiment_id=7, definition="Was es ist.", inputs="a 1, b 2", lang="de",
        as_of="2026-05-03T12:00:00+00:00",
    )  # fmt: skip
    lines = [text.replace("\u00a0", " ") for _, text in sheet(fact, UTC, {(7, "test"): "Blau"})]
    assert lines == [
        "9 %",
        "Blau",
        "Was es ist.",
        "Aus: a 1, b 2",
        "Datenstand 3. Mai 2026, 12:00 UTC",
    ]


def test_every_kept_figure_has_a_sheet_on_the_page(views, page):
    """Each link of an answer has its sheet among those handed to the browser, with definition, inputs and moment."""
    hub = FakeHub((views["ahead"],))
    drawn = ask(page(hub, experiment=hub.listed[0].id), "What if I want to end it early?")
    links = LINK.findall(said(drawn)[1][1])
    sheets = next(
        json.loads(node.proto.json)["sheets"]
        for node in drawn.get("bidi_component")
        if node.proto.component_name == "answer_figures"
    )
    assert len(links) > 15
    assert {target for _, target in links} <= set(sheets)
    for words, target in links:
        assert sheets[target][0] == ["value", words]
        assert len(sheets[target]) >= 4, sheets[target]
    hub.store.close()
