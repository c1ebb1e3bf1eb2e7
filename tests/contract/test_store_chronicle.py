"""What is kept in memory of a store is read again whenever any process added or changed something."""

from dataclasses import replace

import pytest

from lib.history.store import Store
from tests.contract.test_store import START, a_call, reading, seconds
from tests.contract.test_store_alerts import ALERT

KINDS = ("person", "change")
MINE = replace(ALERT, experiment_id=1)


@pytest.fixture
def stores(database_url):
    """The page's and another process's."""
    made = [Store(database_url, clock=lambda: START) for _ in range(2)]
    yield made
    for store in made:
        store.close()


def a_new_run(store):
    store.keep([reading(1)])
    assert store.retire(1)


HAPPENINGS = {
    "call": lambda store: store.record_call(a_call(treatment_key="high")),
    "alert": lambda store: store.raise_alert(replace(MINE, key="another")),
    "note": lambda store: store.keep_note(1, "person", "b", "Sale began", seconds(3)),
    "withdrawal": lambda store: store.withdraw_call(1, "m", "low", seconds(30), "recounted"),
    "new run": a_new_run,
}


def as_read(store):
    return store.calls(1), store.alerts(1), store.notes(1, *KINDS)


def as_told(store):
    told = store.chronicle(1, *KINDS)
    return told.calls, told.alerts, told.notes


@pytest.mark.parametrize("what", HAPPENINGS)
def test_a_chronicle_knows_what_another_process_added(stores, what):
    """The same object while nothing happened; whatever happens anywhere, the next look has it."""
    page, other = stores
    assert other.record_call(a_call())
    assert other.raise_alert(MINE)
    assert other.keep_note(1, "change", "a", "Split changed", seconds(2))
    other.keep_note(1, "text written", "c", "of another kind", seconds(2))
    before = page.chronicle(1, *KINDS)
    assert page.chronicle(1, *KINDS) is before
    assert page.chronicle(2, *KINDS).calls == ()
    assert as_told(page) == as_read(other)
    assert HAPPENINGS[what](other) is not False
    assert as_told(page) == as_read(other)
    assert page.chronicle(1, *KINDS) is not before


def test_a_call_in_place_of_one_moved_aside_is_seen(stores):
    """A new run with as many calls as the one before is another chronicle."""
    page, other = stores
    other.record_call(a_call())
    before = page.chronicle(1)
    a_new_run(other)
    other.record_call(a_call(as_of=seconds(99)))
    assert before.calls == (a_call(),)
    assert page.chronicle(1).calls == (a_call(as_of=seconds(99)),)


def test_what_is_heard_changes_with_alerts_and_mutes_alone(stores):
    """One small read says whether the bell must read again."""
    page, other = stores
    states = [page.heard("muted:")]
    for work in (
        lambda: other.raise_alert(MINE),
        lambda: other.put_setting("muted:1", "1"),
        lambda: other.put_setting("muted:1", "0"),
        lambda: other.put_setting("muted:1", None),
    ):
        assert work()
        states.append(page.heard("muted:"))
    assert len(set(states)) == 4  # unmuting by taking the setting away is as before muting
    assert states[-1] == states[1]
    a_new_run(other)
    assert page.heard("muted:") not in states, "alerts of the run before have other keys"
    states.append(page.heard("muted:"))
    other.put_setting("theme", "dark")
    other.put_setting("muted?", "1")
    assert page.heard("muted:") == states[-1]
