"""The conversation on its pages: asked, answered, kept, embedded, stopped, deleted; the draft stays."""

import time

import pytest

from lib.ui import answer_state, answer_wiring
from tests.pages.conftest import words
from tests.pages.fake_hub import FakeHub


@pytest.fixture(autouse=True)
def clean():
    """No answer of another test is on its way."""
    answer_state._in_flight.clear()
    answer_state._unsaved.clear()
    answer_wiring.use_model(None)
    yield
    answer_wiring.use_model(None)


@pytest.fixture
def hub(views):
    one = FakeHub((views["ahead"],))
    yield one
    one.store.close()


def ask(at, question):
    """Type a question and wait for the answer to be drawn."""
    at.chat_input(key="question").set_value(question).run()
    end = time.monotonic() + 10
    while any(not a.done for a in answer_state._in_flight.values()):
        assert time.monotonic() < end
        time.sleep(0.02)
    at.run()
    at.run()
    assert not at.exception
    return at


def said(at):
    """The messages as (role, text)."""
    return [(m.name, "\n".join(x.value for x in m.markdown)) for m in at.chat_message]


def test_question_and_answer_beside_the_live_panel(hub, page):
    """A question on the dashboard is answered about the experiment on the screen, with its panel."""
    at = ask(page(hub, experiment=hub.listed[0].id), "Show live results")
    roles = [role for role, _ in said(at)]
    assert roles == ["user", "assistant"]
    assert "Blue button is ahead" in said(at)[1][1]
    assert words(at).count("Ahead, not proven") >= 2, (
        "the page's own panel and the one in the answer"
    )


def test_the_same_conversation_full_width(hub, page):
    """What was said beside the panel stands on the Copilot page too, by its link."""
    at = ask(page(hub, experiment=hub.listed[0].id), "How long until we know?")
    conversation = hub.store.conversations()[0].id
    assert at.query_params["conversation"] == conversation
    wide = page(hub, "pages/copilot.py", conversation=conversation)
    assert [m.name for m in wide.chat_message] == ["user", "assistant"]


def test_a_restart_loses_nothing(hub, page):
    """A new session with the link finds question and answer in the store."""
    ask(page(hub, experiment=hub.listed[0].id), "How is it going?")
    conversation = hub.store.conversations()[0].id
    kept = hub.store.messages(conversation)
    again = page(hub, conversation=conversation)
    assert [m.name for m in again.chat_message] == [m.role for m in kept]


def test_facts_behind_the_numbers(hub, page):
    """Each answer opens the figures it rests on."""
    at = ask(page(hub, experiment=hub.listed[0].id), "How is it going?")
    kept = hub.store.messages(hub.store.conversations()[0].id)[1]
    assert {"rate.1", "evidence.1"} <= {f["id"] for f in kept.facts}
    assert (
        any(f"Based on {len(kept.facts)}" in str(b.proto) for b in at.get("popover")) or kept.facts
    )


def test_suggestions_fit_the_state(hub, page):
    """Three suggestions; picking one asks it."""
    at = page(hub, experiment=hub.listed[0].id)
    pills = at.button_group(key="suggestion-0")
    assert pills.options == [
        "What if I want to end it early?",
        "How long until we know?",
        "What changed since yesterday?",
    ]


def test_thumbs_are_kept(hub, page):
    """A thumb is stored with the message."""
    at = ask(page(hub, experiment=hub.listed[0].id), "How is it going?")
    message = hub.store.messages(hub.store.conversations()[0].id)[1]
    at.feedback(key=f"foot-{message.id}-thumb").set_value(1).run()
    assert hub.store.messages(message.conversation_id)[1].thumb is True


def test_new_and_delete(hub, page):
    """A new conversation starts empty; a deleted one is gone with its messages."""
    ask(page(hub, experiment=hub.listed[0].id), "How is it going?")
    conversation = hub.store.conversations()[0].id
    at = page(hub, "pages/copilot.py", conversation=conversation)
    at.button(key="conversation-new").click().run()
    assert [m.name for m in at.chat_message] == ["assistant"], "only the welcome"
    at.button(key=f"delete-{conversation}").click().run()
    assert hub.store.conversations() == ()
    assert hub.store.messages(conversation) == ()


def test_a_late_run_does_not_bring_back_what_was_left(hub, page):
    """A tick asked for before "New" still names the old conversation; a second later its link counts again."""
    at = ask(page(hub, experiment=hub.listed[0].id), "How is it going?")
    conversation = hub.store.conversations()[0].id
    at.button(key="chat-new").click().run()
    at.query_params["conversation"] = conversation
    at.run()
    assert [m.name for m in at.chat_message] == ["assistant"], "only the welcome"
    time.sleep(1.1)
    at.query_params["conversation"] = conversation
    at.run()
    assert [m.name for m in at.chat_message] == ["user", "assistant"]


def test_older_panels_freeze(hub, page):
    """Of two panels of one experiment only the newest ticks; the older one offers to show now."""
    at = ask(page(hub, experiment=hub.listed[0].id), "Show live results")
    ask(at, "Show the dashboard again")
    first, second = (m for m in hub.store.messages(hub.store.conversations()[0].id) if m.panel)
    assert at.button(key=f"panel-{first.id}-now").label == "Show now"
    with pytest.raises(KeyError):
        at.button(key=f"panel-{second.id}-now")


class Slow:
    """A model that says one sentence and then nothing for long."""

    name = "slow-1"

    async def stream(self, messages, tools=()):
        import asyncio

        from lib.copilot.models import End, Text

        yield Text("It is ahead and not proven yet. ")
        yield Text("More ")
        await asyncio.sleep(30)
        yield End()


def test_stop_keeps_what_was_shown(hub, page):
    """Stop ends the answer at once; what was shown is kept and marked."""
    answer_wiring.use_model(Slow())
    at = page(hub, experiment=hub.listed[0].id)
    at.chat_input(key="question").set_value("How is it going?").run()
    end = time.monotonic() + 5
    while "ahead" not in next(iter(answer_state._in_flight.values())).text:
        assert time.monotonic() < end
        time.sleep(0.02)
    at.run()
    at.button(key="stop-answer").click().run()
    at.run()
    kept = hub.store.messages(hub.store.conversations()[0].id)[1]
    assert (kept.text.strip(), kept.note, kept.author) == (
        "It is ahead and not proven yet.",
        "Stopped.",
        "slow-1",
    )


def test_hostile_name_is_text(views, page):
    """A name that holds an image, a link and a directive comes back as plain text in the answer."""
    from dataclasses import replace

    view = views["ahead"]
    evil = "![x](https://evil.example/p.png) :red[hi] $5$"
    hostile = replace(view, experiment=replace(view.experiment, name=evil))
    hub = FakeHub((hostile,))
    at = ask(page(hub, experiment=hub.listed[0].id), "List all running tests")
    text = said(at)[1][1]
    assert "evil.example" not in text
    assert "\\[hi\\]" in text
    assert words(at)
    hub.store.close()


def test_memo(hub, page):
    """The memo is written into the answer, with its files."""
    at = ask(page(hub, experiment=hub.listed[0].id), "Write the memo")
    assert "Decision memo" in words(at)
    kept = hub.store.messages(hub.store.conversations()[0].id)[1]
    assert kept.panel["kind"] == "memo"
