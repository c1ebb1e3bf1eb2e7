"""A talk is kept whole: question before answer or neither, in that order later on; whatever fails, the waiting ends."""

import threading

import pytest

from lib.copilot.assistant import Assistant
from lib.copilot.keeping import unkept
from lib.copilot.models import background_loop
from tests.pages.fake_hub import one_ahead

QUESTION = "How is it going?"
TALK = "7a1c"


@pytest.fixture
def desk():
    with one_ahead() as hub:
        yield hub


@pytest.fixture
def refuse(desk, monkeypatch):
    """Lets the messages of these places, counted from 0, not be kept."""

    def these(*places):
        keep, seen = desk.store._database.write, []

        def write(work, otherwise):
            if otherwise == "":  # a message
                seen.append(None)
                if len(seen) - 1 in places:
                    return otherwise
            return keep(work, otherwise)

        monkeypatch.setattr(desk.store._database, "write", write)

    return these


def asked(desk, on_done=None):
    """The answer, waited for."""
    assistant = Assistant(desk, desk.store, on_done=on_done)
    made = assistant.ask(TALK, QUESTION, experiment_id=desk.experiments()[0].id)
    assert made.wait(20)
    return made


def roles(desk):
    return [message.role for message in desk.store.messages(TALK)]


@pytest.mark.parametrize(
    ("refused", "kept", "held"),
    [
        ((), ["user", "assistant"], []),
        ((0,), ["user", "assistant"], []),
        ((1,), ["user"], ["assistant"]),
        ((0, 1), [], ["user", "assistant"]),
        ((0, 2), ["user"], ["assistant"]),
    ],
)
def test_question_before_answer_or_neither(desk, refuse, refused, kept, held):
    """Each of both is in the store or held to be shown and kept later: never twice, never lost."""
    refuse(*refused)
    told = []
    made = asked(desk, told.append)
    assert told == [made]
    assert roles(desk) == kept
    assert [m.role for m in unkept(made)] == held
    assert all(m.text in {QUESTION, made.text} and m.text for m in unkept(made))


def test_the_first_question_is_the_title(desk):
    """A conversation begins with its first message."""
    asked(desk)
    assert [talk.title for talk in desk.store.conversations()] == [QUESTION]


def test_the_waiting_ends_whatever_fails(desk, monkeypatch):
    """A store that breaks in an unknown way, or a listener: the answer is there and marked as done."""

    def broken(*_args, **_kwargs):
        raise RuntimeError("no idea")

    monkeypatch.setattr(desk.store._chats, "add", broken)
    with pytest.raises(RuntimeError):  # the reader is told at once that the question was not taken
        asked(desk)
    monkeypatch.undo()
    monkeypatch.setattr(desk.store._notes, "put_setting", broken)
    told = []
    made = asked(desk, told.append)
    assert told == [made]
    assert "ahead" in made.text
    assert asked(desk, broken).done


def test_stopped_before_it_began(desk):
    """A stop while the work still waits for its turn ends it as well, and the question stays."""
    gate = threading.Event()
    background_loop().call_soon_threadsafe(gate.wait, 10)
    made = Assistant(desk, desk.store).ask(TALK, QUESTION)
    made.stop()
    assert not made.done
    gate.set()
    assert made.wait(10)
    assert made.is_stopped
    assert made.note == "Stopped."
    assert roles(desk) == ["user", "assistant"]
