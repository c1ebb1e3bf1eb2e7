"""From a view to a stored alert with its deliveries: once for everybody, in words made of checked facts."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from lib.alerts.message import read_message
from lib.experiments.model import AlertKind
from lib.history.store import Store
from lib.live.announce import Announcer, is_muted, mute, muted
from tests.builders import NOW, views_by_state
from tests.unit.alerts.desk import doubted, taken_back
from tests.unit.live.sources import Hand


@pytest.fixture(scope="module")
def views():
    return views_by_state()


@pytest.fixture
def won(views):
    return views["ready_winner"]


@pytest.fixture
def clock():
    return Hand(NOW + timedelta(hours=1))


@pytest.fixture
def address(tmp_path):
    return f"sqlite:///{tmp_path / 'history.sqlite3'}"


@pytest.fixture
def store(address, clock):
    store = Store(address, clock=clock)
    yield store
    store.close()


def announcer(store, clock, **more):
    return Announcer(store, clock=clock, channels=("slack", "email"), **more)


def watch(tell, view, polls=3):
    for _ in range(polls):
        tell(view)


def test_three_polls_one_alert_two_deliveries(store, clock, won):
    """Stored once with the numbers of the call, queued once a channel."""
    watch(announcer(store, clock), won, 9)
    (alert,) = store.alerts()
    assert alert.kind is AlertKind.PROVEN_BETTER
    assert alert.text.startswith("Your Sign-up button test reached the line: Blue button is better")
    assert (alert.raised_at, alert.as_of) == (clock(), won.as_of)
    assert {d.channel for d in store.deliveries(alert.key)} == {"slack", "email"}


def test_each_number_of_the_text_is_a_recorded_fact(store, clock, won):
    """Figures in the text are the shown words of facts that carry value, definition and moment."""
    watch(announcer(store, clock), won)
    (alert,) = store.alerts()
    call = won.primary.verdict.call
    facts = {f["id"]: f for f in alert.facts}
    assert float(facts["call_lift.1"]["value"]) == call.lift
    assert all(f["shown"] in alert.text and f["definition"] for f in alert.facts)
    assert {"call_lift.1", "call_low.1", "call_high.1"} == set(facts)


def test_why_now_is_the_list_as_it_stood(store, clock, won):
    """Every line of the why-not-yet list, met or not."""
    watch(announcer(store, clock), won)
    (alert,) = store.alerts()
    assert [line["kind"] for line in alert.why_now] == [r.kind for r in won.primary.why_not_yet]
    assert {line["is_met"] for line in alert.why_now} == {"True"}


def test_bodies_are_whole_messages(store, clock, won):
    """A delivery can be understood alone: text, both clocks, what to check, link, no secret."""
    watch(announcer(store, clock, public_url="https://dash.example"), won)
    (alert,) = store.alerts()
    first, second = store.deliveries(alert.key)
    assert first.body == second.body
    message = read_message(first.body)
    assert (message.key, message.text) == (alert.key, alert.text)
    assert message.link == "https://dash.example/?experiment=7"
    assert "other metrics" in message.check_first
    assert (message.as_of, message.raised_at) == (won.as_of.isoformat(), clock().isoformat())
    assert json.loads(first.body)["facts"]


def test_a_restart_and_a_second_process_repeat_nothing(address, store, clock, won):
    """New process, same store: silent; at the same moment too."""
    watch(announcer(store, clock), won)
    other = Store(address, clock=clock)
    watch(announcer(other, clock), won, 6)
    assert len(store.alerts()) == 1
    assert len(store.deliveries()) == 2
    other.close()


def test_two_processes_at_the_same_moment(address, clock, won):
    """Both think they lead; the key is raised once, with one set of deliveries."""
    stores = [Store(address, clock=clock) for _ in range(2)]
    tellers = [announcer(s, clock) for s in stores]
    for tell in tellers:
        watch(tell, won, 2)
    start = threading.Barrier(2)

    def third_poll(tell):
        start.wait()
        tell(won)

    threads = [threading.Thread(target=third_poll, args=(tell,)) for tell in tellers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].alerts()) == 1
    assert len(stores[0].deliveries()) == 2
    for store in stores:
        store.close()


def test_withdrawn_in_public_and_in_the_store(store, clock, won):
    """The alert says why, the stored call is marked with the statistics' own reason and time."""
    store.record_call(won.primary.verdict.call)
    tell = announcer(store, clock)
    watch(tell, won)
    watch(tell, taken_back(won, at=NOW + timedelta(minutes=5)), 5)
    newest, _ = store.alerts()
    assert newest.kind is AlertKind.WITHDRAWN
    assert newest.text.startswith("Withdrawn: your Sign-up button test no longer shows that")
    assert "visitors were recounted" in newest.text
    (call,) = store.calls(7)
    assert call.withdrawn_because == "counts_shrank"
    assert call.withdrawn_at == NOW + timedelta(minutes=5)


def test_what_nobody_was_told_is_marked_in_silence(store, clock, won):
    """A call withdrawn before it was announced leaves no alert, and stands no longer."""
    store.record_call(won.primary.verdict.call)
    watch(announcer(store, clock), taken_back(won), 5)
    assert store.alerts() == ()
    assert store.calls(7)[0].withdrawn_at == NOW


def test_a_doubt_leaves_the_call(store, clock, won):
    """Withdrawn for now: said aloud, the call itself is not marked; clean again: said again."""
    store.record_call(won.primary.verdict.call)
    tell = announcer(store, clock)
    watch(tell, won)
    watch(tell, doubted(won, "counts_shrank"))
    assert store.calls(7)[0].withdrawn_at is None
    watch(tell, won)
    texts = [a.text for a in reversed(store.alerts())]
    assert texts[1].startswith("Withdrawn for now: your Sign-up button test said")
    assert texts[2].startswith("The check is clean again, and the call holds. Your Sign-up")


def test_muted_stays_in_the_timeline_only(store, clock, won):
    """Nothing is queued for a muted experiment, everything is stored; others are not concerned."""
    mute(store, 7, on=True)
    assert (is_muted(store, 7), is_muted(store, 8), muted(store)) == (True, False, {7})
    tell = announcer(store, clock)
    watch(tell, won)
    watch(tell, replace(won, experiment=replace(won.experiment, id=8)))
    assert len(store.alerts()) == 1
    assert store.deliveries() == ()
    mute(store, 7, on=False)
    assert muted(store) == frozenset()


def test_what_was_sent_is_taken_back_even_when_muted(store, clock, won):
    """Whoever got the message gets its withdrawal."""
    tell = announcer(store, clock)
    watch(tell, won)
    mute(store, 7, on=True)
    watch(tell, taken_back(won))
    newest = store.alerts()[0]
    assert newest.kind is AlertKind.WITHDRAWN
    assert len(store.deliveries(newest.key)) == 2


def test_rows_an_alert_rests_on_are_never_thinned(store, clock, won):
    """Months later the reading of the alert's moment is still there, its neighbours are not."""
    snapshot = won.primary.snapshot
    near = [
        replace(snapshot, as_of=snapshot.as_of + timedelta(seconds=s), taken_at=clock())
        for s in (-20, -10, 10, 20)
    ]
    store.keep([*near, snapshot])
    watch(announcer(store, clock), won)
    store.thin(clock() + timedelta(days=200))
    kept = store.snapshots(7, "m-signup")
    assert snapshot.as_of in {s.as_of for s in kept}
    assert len(kept) < 5


def test_a_view_without_a_good_look_is_not_judged(store, clock, won):
    """Before the first good look there is no server clock, and nothing to announce."""
    watch(announcer(store, clock), replace(won, server_now=None), 5)
    assert store.alerts() == ()


@pytest.mark.parametrize("name", ["data_stopped", "planned_end_no_call", "unlikely"])
def test_what_held_at_first_sight_is_no_news(address, store, clock, views, name):
    """Whoever connects a project is not told what has been so for long, after a restart neither."""
    watch(announcer(store, clock), views[name], 5)
    other = Store(address, clock=clock)
    watch(announcer(other, clock), views[name], 5)
    assert other.alerts() == ()
    other.close()


def test_a_reset_experiment_is_seen_for_the_first_time_again(store, clock, views):
    """Another start is another test: what it is in when it is first seen is no news either."""
    tell = announcer(store, clock)
    watch(tell, views["ahead"])
    watch(tell, views["unlikely"], 5)
    assert store.alerts() == ()


def test_a_crossing_is_told_at_first_sight_too(store, clock, won):
    """Proven before anybody watched: told once."""
    watch(announcer(store, clock), won)
    assert len(store.alerts()) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ready_loser", "Blue button is worse"),
        ("guardrail_fails", "the guardrail Refunded got worse with Blue button"),
        ("under_suspicion", "do not read the lift"),
        ("data_stopped", "no newer data since"),
        ("nothing_arrives", "without a single visitor"),
        ("planned_end_no_call", "the plan is over"),
        ("unlikely", "it will probably not decide before"),
    ],
)
def test_every_kind_has_its_words(store, clock, views, name, words):
    """Each state that is news is told in words, and never as a permission to ship."""
    tell = announcer(store, clock)
    started = views[name].experiment.started_at
    before = replace(views["ahead"].experiment, started_at=started)
    tell(replace(views["ahead"], experiment=before))
    watch(tell, views[name])
    said = " ".join(a.text for a in store.alerts())
    assert words in said
    assert not any(word in said.lower() for word in ("ship", "roll out", "winner", "safe to"))
