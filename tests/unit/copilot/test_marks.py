"""Every figure of an answer stands in a place that is known: in computed sentences, in a model's prose, in a comment."""

import re
from dataclasses import replace

import pytest

from lib.copilot.answerer import answer
from lib.copilot.check.mention import visible
from lib.copilot.desk import Asking
from lib.copilot.draft import Draft, Slot
from lib.copilot.lexicon import LANGUAGES
from lib.copilot.marks import (
    found_shown,
    marked_draft,
    marked_sentences,
    marked_slots,
    records,
)
from lib.copilot.teller import phrases
from lib.experiments.facts import Fact, Unit
from tests.builders import views_by_state
from tests.pages.fake_hub import FakeHub

STATES = sorted(views_by_state())
CHIPS = (
    "chip_end",
    "chip_long",
    "chip_changed",
    "chip_why",
    "chip_wait",
    "chip_show",
    "chip_expect",
)


def hub_of(state):
    return FakeHub((views_by_state()[state],))


def unmarked(marked, names):
    """Digits of an answer that stand in no figure, without names and the words of its questions and terms."""
    left = list(marked.text)
    for span in marked.spans:
        left[span.start : span.end] = " " * (span.end - span.start)
    text = "".join(left)
    for name in names:
        text = text.replace(name, "")
    return re.findall(r"[^|\n]{0,30}\d[^|\n]{0,10}", re.sub(r"100 × \(1|95 %|5 %|A/B", "", text))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_figure_of_a_computed_answer_has_its_place(state, lang):
    """In every state and language the text is unchanged and each digit stands in a figure that is shown so."""
    hub = hub_of(state)
    ask = Asking(desk=hub, lang=lang)
    for chip in CHIPS:
        reply = answer(ask, f"{phrases(lang)[chip]} ({hub.listed[0].name})")
        marked = marked_sentences(reply.sentences)
        assert marked.text == reply.text
        for span in marked.spans:
            assert marked.text[span.start : span.end] == span.fact.shown
        assert unmarked(marked, [hub.listed[0].name, "A/B/C"]) == []
    hub.close()


def draft_of(reply, **more):
    made = Draft(lang=reply.lang, question="", facts=list(reply.facts), names={}, **more)
    made.learn(reply.sentences)
    return made


@pytest.fixture(scope="module")
def reply():
    hub = hub_of("ahead")
    yield answer(Asking(desk=hub), "How is it going?")
    hub.close()


def said_of(marked):
    return [(marked.text[s.start : s.end], s.fact.id) for s in marked.spans]


def test_figures_in_a_models_own_words(reply):
    """The check's own finding says which fact a figure is; the repeated computed sentence too."""
    rate, evidence = (next(f for f in reply.facts if f.id == i) for i in ("rate.1", "evidence.1"))
    draft = draft_of(reply)
    draft.feed(f"Blue button converts at {rate.shown}. ")
    draft.feed(f"The evidence is **{evidence.shown}**. Nothing is proven yet.")
    draft.finish()
    assert draft.bad == []
    marked = marked_draft(draft, ())
    assert said_of(marked) == [(rate.shown, "rate.1"), (evidence.shown, "evidence.1")]


def test_a_sentence_that_did_not_pass_has_no_place(reply):
    """A hole is neither in the text nor among the places; those after it are moved."""
    rate = next(f for f in reply.facts if f.id == "rate.1")
    draft = draft_of(reply)
    draft.feed(f"It converts at 77.7 % for Blue button. Blue button converts at {rate.shown}.")
    draft.finish()
    assert len(draft.bad) == 1
    assert said_of(marked_draft(draft, ())) == [(rate.shown, "rate.1")]


def test_computed_words_inside_a_draft(reply):
    """What replaced a hole keeps its exact places, wherever it stands."""
    draft = draft_of(reply)
    draft.slots.append(Slot("\u200b Well. "))
    core = reply.sentences[:2]
    draft.complete(marked_sentences(core).text)
    marked = marked_draft(draft, core)
    assert marked.text == visible(draft.text).strip()
    assert said_of(marked) == said_of(marked_sentences(core))


def fact(name, shown):
    return Fact(id=name, value=0.0, unit=Unit.NUMBER, topic="x", shown=shown)


def test_words_are_found_whole_and_once():
    """``9 %`` is not found inside ``+9 %`` or ``19 %``; a fixed space counts as a space."""
    facts = [fact("a", "9 %"), fact("b", "+9 %"), fact("c", "9 %")]
    text = "19 % of +9 % and 9\u00a0%, then 9 %."
    found = [(text[s.start : s.end], s.fact.id) for s in found_shown(text, facts)]
    assert found == [("+9 %", "b"), ("9\u00a0%", "a"), ("9 %", "c")]


def test_slots_of_a_comment():
    """Names and figures are filled in; an unknown slot is an error."""
    marked = marked_slots("[[arm.1]] at [[a]].", [fact("a", "9 %")], {"arm.1": "Blue"})
    assert marked.text == "Blue at 9 %."
    assert said_of(marked) == [("9 %", "a")]
    with pytest.raises(KeyError):
        marked_slots("[[b]]", [], {})


def test_records_keep_places_and_facts_without_one():
    """Each fact is kept once, with all its places, in the answer's language; also one that only lies behind it."""
    marked = marked_slots("[[a]] and [[a]]", [fact("a", "9 %")], {})
    kept = records(marked, [fact("a", "9 %"), fact("b", "3")], "de")
    assert [(r["id"], r["at"], r["lang"]) for r in kept] == [
        ("a", [[0, 3], [8, 11]], "de"),
        ("b", [], "de"),
    ]


def test_private_signs_in_a_name_move_nothing():
    """A name with the signs used for marking is cleaned before, so places stay right."""
    view = views_by_state()["ahead"]
    evil = replace(view, experiment=replace(view.experiment, name="\ue000x\ue001 12"))
    hub = FakeHub((evil,))
    marked = marked_sentences(answer(Asking(desk=hub), "List all tests").sentences)
    assert all(marked.text[s.start : s.end] == s.fact.shown for s in marked.spans)
    hub.close()
