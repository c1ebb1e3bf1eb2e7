"""Conversations, budgets, notes and settings, on SQLite and on PostgreSQL."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lib.experiments.chat import ChatMessage, Note, Usage
from lib.history.store import Store

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def minutes(m):
    return NOW + timedelta(minutes=m)


@pytest.fixture
def store(database_url):
    made = Store(database_url, clock=lambda: NOW)
    yield made
    made.close()


def test_a_conversation_is_kept_with_everything_an_answer_had(store):
    """Question, answer, author, facts, panel and note come back as they were, oldest first."""
    talk = store.new_conversation("Pricing", NOW)
    asked = store.add_message(talk, role="user", text="How is it going?", at=NOW)
    answer = store.add_message(
        talk,
        role="assistant",
        text="B is ahead by 3.1\u202f%.",
        at=minutes(1),
        author="computed",
        facts=({"id": "lift.1", "value": 0.1 + 0.2, "as_of": NOW}, {"value": float("inf")}),
        panel={"kind": "live", "experiment_id": 7, "as_of": None},
        note="The model did not answer in time.",
    )
    assert store.messages(talk) == (
        asked,
        ChatMessage(
            id=answer.id,
            conversation_id=talk,
            at=minutes(1),
            role="assistant",
            text="B is ahead by 3.1\u202f%.",
            author="computed",
            facts=(
                {
                    "id": "lift.1",
                    "value": 0.30000000000000004,
                    "as_of": "2026-05-01T12:00:00+00:00",
                },
                {"value": "inf"},
            ),
            panel={"kind": "live", "experiment_id": 7, "as_of": None},
            note="The model did not answer in time.",
        ),
    )
    assert store.messages("unknown") == ()


def test_a_streamed_answer_can_be_completed(store):
    """What was begun is amended in place, and judged."""
    talk = store.new_conversation("", NOW)
    begun = store.add_message(talk, role="assistant", text="B is", at=NOW, author="gpt")
    assert store.amend_message(
        begun.id, text="B is ahead.", facts=({"id": "x"},), panel={"kind": "live"}, note="1 repair"
    )
    assert store.set_thumb(begun.id, up=False)
    (message,) = store.messages(talk)
    assert (message.text, message.facts, message.thumb) == ("B is ahead.", ({"id": "x"},), False)
    assert (message.author, message.panel, message.note) == ("gpt", {"kind": "live"}, "1 repair")
    assert store.set_thumb(begun.id, up=None)
    assert store.messages(talk)[0].thumb is None
    assert not store.amend_message("", text="never kept")
    assert not store.set_thumb("9999", up=True)


def test_the_last_used_conversation_comes_first(store):
    """Speaking moves a conversation up; deleting takes its messages along."""
    old = store.new_conversation("Old", NOW)
    new = store.new_conversation("New", minutes(1))
    assert [c.id for c in store.conversations()] == [new, old]
    store.add_message(old, role="user", text="hi", at=minutes(2))
    assert [(c.id, c.updated_at) for c in store.conversations()] == [
        (old, minutes(2)),
        (new, minutes(1)),
    ]
    assert store.rename_conversation(new, "Newer")
    assert store.conversations(limit=2)[1].title == "Newer"
    assert store.delete_conversation(old)
    assert not store.delete_conversation(old)
    assert store.messages(old) == ()
    assert [c.id for c in store.conversations()] == [new]


def test_hostile_text_is_kept_as_text(store):
    """Quotes, directives and emoji stay; only what no database can hold becomes a replacement mark."""
    talk = store.new_conversation("'; DROP TABLE messages; --", NOW)
    text = "<img src=x> :red[x] $$ \U0001f600 \u202e"
    store.add_message(talk, role="user", text=text, at=NOW)
    store.add_message(talk, role="user", text="a\0b\ud800c", at=NOW)
    assert [m.text for m in store.messages(talk)] == [text, "a\ufffdb\ufffdc"]
    assert store.conversations()[0].title == "'; DROP TABLE messages; --"


def test_budgets_add_up_by_day_and_by_conversation(store):
    """Calls and tokens are counted per day and per conversation, apart from each other."""
    today, tomorrow = date(2026, 5, 1), date(2026, 5, 2)
    store.add_usage(today, 1, 100, "talk")
    store.add_usage(today, 2, 50)
    store.add_usage(tomorrow, 1, 7, "talk")
    assert store.usage(today) == Usage(calls=3, tokens=150)
    assert store.usage(tomorrow) == Usage(calls=1, tokens=7)
    assert store.conversation_usage("talk") == Usage(calls=2, tokens=107)
    assert store.usage(date(2026, 5, 3)) == Usage()


def test_a_note_is_written_once(store):
    """The first writer of a key wins, however many tabs; the newest of a kind is found, and they are counted."""
    assert store.keep_note(7, "commentary", "state:ahead", "B is ahead.", NOW)
    assert not store.keep_note(7, "commentary", "state:ahead", "Other words.", minutes(1))
    assert store.keep_note(7, "commentary", "state:close", "Too close.", minutes(2))
    assert store.keep_note(7, "gap", "state:ahead", "No data for an hour.", minutes(1))
    newest = Note(
        experiment_id=7, kind="commentary", key="state:close", text="Too close.", at=minutes(2)
    )
    assert store.newest_note(7, "commentary") == newest
    assert store.newest_note(8, "commentary") is None
    assert [n.at for n in store.notes(7)] == [minutes(2), minutes(1), NOW]
    assert [n.kind for n in store.notes(7, "gap")] == ["gap"]
    assert store.count_notes(7, "commentary", minutes(1)) == 1
    assert store.count_notes(7, "commentary", NOW) == 2


def test_settings_made_in_the_app(store):
    """A setting is put, replaced, listed by its beginning and removed."""
    assert store.setting("mute:7") is None
    assert store.put_setting("mute:7", "2026-05-02")
    assert store.put_setting("mute:7", "for ever")
    assert store.put_setting("mute:80", "x")
    assert store.put_setting("muteX7", "not a mute")
    assert store.setting("mute:7") == "for ever"
    assert store.settings("mute:") == {"mute:7": "for ever", "mute:80": "x"}
    assert store.put_setting("mute:7", None)
    assert store.settings("mute:") == {"mute:80": "x"}
