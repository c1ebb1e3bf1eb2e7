"""One small read says whether any process added or changed something, so that nothing kept in memory gets old."""

from dataclasses import replace

import pytest

from lib.history.store import Store
from tests.contract.test_store import START, a_call, reading, seconds
from tests.contract.test_store_alerts import ALERT

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


@pytest.mark.parametrize("what", HAPPENINGS)
def test_whatever_another_process_adds_is_noticed(stores, what):
    """The same answer while nothing happened; another one whatever happens anywhere."""
    page, other = stores
    assert other.record_call(a_call())
    assert other.raise_alert(MINE)
    assert other.keep_note(1, "change", "a", "Split changed", seconds(2))
    before = page.happened(1)
    assert page.happened(1) == before
    assert page.happened(2) != before
    assert HAPPENINGS[what](other) is not False
    assert page.happened(1) != before
    assert page.happened(1) == other.happened(1)


def test_a_call_in_place_of_one_moved_aside_is_seen(stores):
    """A new run with as many calls as the one before is not taken for it."""
    page, other = stores
    other.record_call(a_call())
    before = page.happened(1)
    a_new_run(other)
    other.record_call(a_call(as_of=seconds(99)))
    assert page.happened(1) != before
    assert page.calls(1) == (a_call(as_of=seconds(99)),)


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
