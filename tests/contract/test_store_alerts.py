"""Said once, sent once or visibly unknown, and one process in charge: on SQLite and on PostgreSQL."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lib.experiments.chat import DeliveryState
from lib.experiments.model import Alert, AlertKind
from lib.history.store import Store

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ALERT = Alert(
    key="7:m:blue:proven_better:2026-05-01",
    experiment_id=7,
    kind=AlertKind.PROVEN_BETTER,
    text="Blue is better: +8.3\u202f%.",
    raised_at=NOW,
    as_of=NOW - timedelta(minutes=2),
    facts=({"id": "lift.1", "shown": "+8.3 %"}, {"id": "n.1", "shown": "1,240"}),
    why_now=({"kind": "week", "met": "yes"},),
)
MESSAGES = (("slack", '{"text": "Blue"}'), ("email", "Blue is better"))


def minutes(m):
    return NOW + timedelta(minutes=m)


@pytest.fixture
def open_store(database_url):
    made = []

    def open_one():
        made.append(Store(database_url, clock=lambda: NOW))
        return made[-1]

    yield open_one
    for store in made:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


def at_once(jobs):
    """Run each job in a thread of its own, all let go at the same moment; their answers."""
    start = threading.Barrier(len(jobs))
    answers = [None] * len(jobs)

    def run(i):
        start.wait()
        answers[i] = jobs[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_an_alert_comes_back_with_its_numbers(store):
    """Text, times, facts and the list of why are kept as they stood."""
    assert store.raise_alert(ALERT)
    assert store.alerts() == (ALERT,)
    assert store.alerts(7) == (ALERT,)
    assert store.alerts(8) == ()


def test_the_same_event_is_raised_once(open_store):
    """Re-read, restart or second process: one key, one alert, one message per channel."""
    one, two = open_store(), open_store()
    assert one.raise_alert(ALERT, MESSAGES)
    assert not two.raise_alert(replace(ALERT, text="other words"), MESSAGES)
    assert not two.enqueue_delivery(ALERT.key, "slack", "again")
    assert two.alerts() == (ALERT,)
    assert [d.channel for d in two.deliveries()] == ["email", "slack"]


def test_two_processes_raise_at_the_same_moment(open_store):
    """Of processes that see the crossing at once exactly one announces it."""
    stores = [open_store() for _ in range(4)]
    for i in range(5):
        alert = replace(ALERT, key=f"k{i}")
        jobs = [lambda s=s, a=alert: s.raise_alert(a, MESSAGES) for s in stores]
        assert sorted(at_once(jobs)) == [False, False, False, True]
    assert len(stores[0].deliveries()) == 10


def test_unread_alerts_come_in_order(store):
    """After the last one seen come exactly the later ones; never seen any: all."""
    alerts = [replace(ALERT, key=f"k{i}", experiment_id=i) for i in range(4)]
    for alert in alerts:
        store.raise_alert(alert)
    assert store.alerts_after("k1") == (alerts[2], alerts[3])
    assert store.alerts_after("k3") == ()
    assert store.alerts_after(None) == tuple(alerts)
    assert store.alerts_after("forgotten") == tuple(alerts)
    assert store.alerts(limit=2) == (alerts[3], alerts[2])


def test_a_delivery_goes_out_once(open_store):
    """However many processes find it due, one claims it; once sent it is never due again."""
    stores = [open_store() for _ in range(4)]
    stores[0].raise_alert(ALERT, MESSAGES[:1])
    (due,) = stores[1].due_deliveries(NOW)
    assert (due.state, due.body, due.tries) == (DeliveryState.QUEUED, '{"text": "Blue"}', 0)
    jobs = [lambda i=i: stores[i].claim_delivery(due.id, f"p{i}", NOW) for i in range(4)]
    won = at_once(jobs)
    assert sorted(won) == [False, False, False, True]
    (sending,) = stores[0].deliveries(ALERT.key)
    assert sending.state is DeliveryState.SENDING
    assert (sending.holder, sending.claimed_at, sending.tries) == (f"p{won.index(True)}", NOW, 1)
    assert stores[2].due_deliveries(minutes(60)) == ()
    assert stores[0].mark_delivery(due.id, DeliveryState.SENT)
    assert stores[2].due_deliveries(minutes(600)) == ()
    assert not stores[2].claim_delivery(due.id, "p2", minutes(600))


def test_a_failed_delivery_waits_and_survives_a_restart(open_store):
    """Refused: it is due again at its time and not before, in the next process too, with its error."""
    first = open_store()
    first.raise_alert(ALERT, MESSAGES[:1])
    (due,) = first.due_deliveries(NOW)
    first.claim_delivery(due.id, "p", NOW)
    first.mark_delivery(due.id, DeliveryState.FAILED, next_at=minutes(5), error="refused")
    second = open_store()
    assert second.due_deliveries(minutes(4)) == ()
    assert not second.claim_delivery(due.id, "q", minutes(4))
    (again,) = second.due_deliveries(minutes(5))
    assert (again.error, again.tries, again.next_at) == ("refused", 1, minutes(5))
    assert second.claim_delivery(due.id, "q", minutes(5))
    second.mark_delivery(due.id, DeliveryState.DEAD, tries=9, error="gone")
    (dead,) = second.deliveries()
    assert (dead.state, dead.tries, dead.next_at) == (DeliveryState.DEAD, 9, None)
    assert second.due_deliveries(minutes(900)) == ()


def test_killed_between_storing_and_sending(open_store):
    """Queued but never claimed: the next process finds it due."""
    open_store().raise_alert(ALERT, MESSAGES)
    assert len(open_store().due_deliveries(NOW)) == 2


def test_killed_between_sending_and_saying_so(open_store):
    """Claimed by somebody who never spoke again: unknown, visible, not sent a second time, not lost."""
    first, second = open_store(), open_store()
    first.raise_alert(ALERT, MESSAGES)
    slack, email = first.due_deliveries(NOW)
    first.claim_delivery(slack.id, "dead", NOW)
    first.claim_delivery(email.id, "alive", minutes(9))
    assert second.give_up_lost_deliveries(minutes(1)) == ()
    (lost,) = second.give_up_lost_deliveries(minutes(10))
    assert (lost.id, lost.state) == (slack.id, DeliveryState.UNKNOWN)
    assert "before it could say" in lost.error
    assert second.due_deliveries(minutes(600)) == ()
    assert second.give_up_lost_deliveries(minutes(10)) == ()
    assert first.mark_delivery(
        slack.id, DeliveryState.SENT
    )  # it was only slow, and tells the truth
    assert {d.state for d in second.deliveries()} == {DeliveryState.SENT, DeliveryState.SENDING}


def test_a_restarted_holder_gives_up_its_own_claims_at_once(store):
    """A process that knows its former self is dead need not wait."""
    store.raise_alert(ALERT, MESSAGES[:1])
    (due,) = store.due_deliveries(NOW)
    store.claim_delivery(due.id, "host-1", NOW)
    assert len(store.give_up_lost_deliveries(NOW, holder="host-1")) == 1


def test_a_queued_delivery_can_wait_for_the_morning(store):
    """Quiet hours: queued now, due later."""
    store.raise_alert(ALERT)
    assert store.enqueue_delivery(ALERT.key, "email", "body", next_at=minutes(480))
    assert store.due_deliveries(minutes(479)) == ()
    assert len(store.due_deliveries(minutes(480))) == 1


def test_one_holder_at_a_time(open_store):
    """A lease is taken by one, renewed by the same, and free again when given back."""
    one, two = open_store(), open_store()
    assert one.lease("poll", "a", 30)
    assert not two.lease("poll", "b", 30)
    assert one.lease("poll", "a", 30)
    assert two.lease("announce", "b", 30)
    assert (two.lease_holder("poll"), one.lease_holder("announce")) == ("a", "b")
    assert not two.release("poll", "b")
    assert one.release("poll", "a")
    assert two.lease_holder("poll") is None
    assert two.lease("poll", "b", 30)


def test_processes_race_for_a_lease(open_store):
    """Of many that reach for a free lease at once exactly one gets it."""
    stores = [open_store() for _ in range(4)]
    for name in "abcde":
        jobs = [lambda i=i, n=name: stores[i].lease(n, f"p{i}", 30) for i in range(4)]
        assert sorted(at_once(jobs)) == [False, False, False, True]


def test_a_lease_moves_when_its_holder_is_silent(database_url):
    """A holder that stops renewing loses it after its time; it does not get it back while another holds it."""
    store = Store(database_url, clock=lambda: datetime.now(UTC))
    assert store.lease("poll", "dead", 0.3)
    begun = time.monotonic()
    while not store.lease("poll", "next", 30):
        assert time.monotonic() - begun < 5
        time.sleep(0.02)
    assert time.monotonic() - begun >= 0.2
    assert not store.lease("poll", "dead", 0.3)
    assert store.lease_holder("poll") == "next"
    store.close()
