"""The history cannot be read: every page goes on, says so in one sentence where history is shown, and recovers."""

import time

import pytest
from sqlalchemy.exc import OperationalError

from lib.ui import alerts_heard, answer_state
from tests.pages.conftest import trees, words
from tests.pages.test_history import a_hub, charts

SENTENCE = "History cannot be read: the database does not answer."
NUMBER = 707  # what is made once a look is shared, also between tests
SHOWS_HISTORY = {"pages/history.py", "pages/copilot.py", "pages/alerts.py", "pages/connection.py"}
UNKEPT = "Nothing is being kept: the database does not answer"
SAYS_UNKEPT = {"dashboard.py", "pages/board.py", "pages/history.py", "pages/connection.py"}
LIVE = {"dashboard.py", "pages/board.py", "pages/history.py"}


@pytest.fixture
def away(monkeypatch):
    """The database of a hub stops answering, and answers again."""

    def fails():
        raise OperationalError("SELECT 1", None, Exception("connection refused"))

    def switch(hub):
        alerts_heard._last.clear()
        monkeypatch.setattr(hub.store._database, "_ensure", fails)
        return monkeypatch.undo

    return switch


def said(at):
    """Every word, also of Streamlit's own boxes."""
    return words(at) + " ".join(box.value.replace("\\", "") for box in at.error)


@pytest.mark.parametrize("script", sorted(SHOWS_HISTORY | LIVE))
def test_every_page_goes_on(page, away, script):
    """No box of Streamlit's own; live numbers stay; pages about the past say why it is missing, and recover."""
    hub = a_hub(id=NUMBER)
    at = page(hub, script, experiment=NUMBER)
    verdict = hub.look(NUMBER).sentences[0].text
    back = away(hub)
    hub.store.put_setting("anything", "new")
    at.run()
    assert not at.exception
    assert (SENTENCE in said(at)) == (script in SHOWS_HISTORY)
    assert (UNKEPT in said(at)) == (script in SAYS_UNKEPT)
    assert (verdict in words(at)) == (script in LIVE)
    back()
    hub.store.put_setting("anything", "new")
    alerts_heard._last.clear()
    at.run()
    assert not at.exception
    assert SENTENCE not in said(at)
    assert UNKEPT not in said(at)


def test_charts_shown_stay(page, away):
    """The history keeps the charts it showed last and says that it does."""
    hub = a_hub(id=NUMBER)
    at = page(hub, "pages/history.py", experiment=NUMBER)
    before = charts(at)
    away(hub)
    at.run()
    assert charts(at) == before
    assert f"{SENTENCE} The charts are those shown last." in words(at)
    assert trees(at)


def test_a_question_is_answered_all_the_same(page, away):
    """The copilot answers without what was said before; the question and the answer stay on the screen."""
    at = page(hub := a_hub(id=NUMBER), "pages/copilot.py", experiment=NUMBER)
    away(hub)
    at.chat_input(key="question").set_value("How many visitors so far?").run()
    began = time.monotonic()
    while "9,000" not in words(at) and time.monotonic() - began < 20:
        time.sleep(0.2)
        at.run()
    assert not at.exception
    assert "9,000" in words(at)
    assert "How many visitors so far?" in words(at)


def test_what_was_said_stays_and_is_kept_later(page, away):
    """While the store is away the talk stays on the screen; once it is back all of it is kept, in order."""
    at = page(hub := a_hub(id=NUMBER), "pages/copilot.py", experiment=NUMBER)
    asked = ["How is it going?", "How many visitors so far?", "How long until we know?"]
    until_answered(ask(at, asked[0]), 2)
    back = away(hub)
    until_answered(ask(at, asked[1]), 4)
    assert SENTENCE in said(at)
    assert asked[0] in words(at), "what was read last stays"
    back()
    at.run()
    assert SENTENCE not in said(at)
    until_answered(ask(at, asked[2]), 6)
    (talk,) = hub.store.conversations()
    kept = hub.store.messages(talk.id)
    assert [m.role for m in kept] == ["user", "assistant"] * 3
    assert [m.text for m in kept[::2]] == asked


def ask(at, question):
    return at.chat_input(key="question").set_value(question).run()


def until_answered(at, n):
    """Until so many messages stand there."""
    began = time.monotonic()
    while len(at.chat_message) < n or any(not a.done for a in answer_state._in_flight.values()):
        assert time.monotonic() - began < 20, words(at)
        time.sleep(0.1)
        at.run()
    at.run()
    assert not at.exception
