"""Sending what was queued: once, again when it failed, visibly unknown when nobody can tell."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.alerts.channels import DeliveryFailed, DeliveryUnsure
from lib.alerts.message import message_of, read_message
from lib.experiments.chat import DeliveryState
from lib.experiments.model import Alert, AlertKind
from lib.history.store import Store
from lib.live.outbox import Outbox, quiet_hours, send_again, send_test
from lib.settings import SettingsError
from tests.unit.live.sources import Hand

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ALERT = Alert(
    key="7:m:proven_better:blue:1",
    experiment_id=7,
    kind=AlertKind.PROVEN_BETTER,
    text="Blue is better.",
    raised_at=NOON,
    as_of=NOON,
)
BODY = message_of(ALERT, experiment="Checkout", check_first="Look.", public_url="").as_json()


class Receiver:
    """A channel that keeps what it got; ``fails`` is raised as long as it is set, after ``drops`` sends."""

    def __init__(self, name="slack", remark=""):
        self.name = name
        self.got = []
        self.fails = None
        self.remark = remark

    def send(self, body, now_s):
        if self.fails is not None:
            raise self.fails
        self.got.append((read_message(body).text, now_s))
        return self.remark


@pytest.fixture
def clock():
    return Hand(NOON)


@pytest.fixture
def address(tmp_path):
    return f"sqlite:///{tmp_path / 'history.sqlite3'}"


@pytest.fixture
def store(address, clock):
    store = Store(address, clock=clock)
    store.raise_alert(ALERT, [("slack", BODY)])
    yield store
    store.close()


def an_outbox(store, clock, *channels, holder="one", **more):
    return Outbox(store, channels, clock=clock, holder=holder, **more)


def state(store):
    (delivery,) = store.deliveries()
    return delivery.state


def test_what_is_queued_is_sent_once(store, clock):
    """One round sends it, further rounds do not."""
    slack = Receiver()
    outbox = an_outbox(store, clock, slack)
    assert [outbox.round() for _ in range(5)] == [1, 0, 0, 0, 0]
    assert slack.got == [("Blue is better.", NOON.timestamp())]
    assert state(store) is DeliveryState.SENT


def test_two_processes_send_it_once(store, address, clock):
    """Both think they may send; the claim decides."""
    slack = Receiver()
    other = Store(address, clock=clock)
    boxes = [an_outbox(s, clock, slack, holder=h) for s, h in ((store, "one"), (other, "two"))]
    assert sum(box.round() for box in boxes * 3) == 1
    assert len(slack.got) == 1
    other.close()


def test_killed_before_sending_the_next_process_sends(store, clock):
    """Stored and queued, then the process dies: nothing is lost."""
    slack = Receiver()
    assert an_outbox(store, clock, slack, holder="next").round() == 1
    assert len(slack.got) == 1


def test_killed_while_sending_is_unknown_and_not_repeated(store, clock):
    """Claimed, perhaps sent, never said: unknown after two minutes, visible, not sent again by itself."""
    (due,) = store.due_deliveries(clock())
    store.claim_delivery(due.id, "dead", clock())
    slack = Receiver()
    outbox = an_outbox(store, clock, slack, holder="next")
    clock.pass_(60)
    outbox.round()
    assert state(store) is DeliveryState.SENDING
    clock.pass_(61)
    outbox.round()
    assert state(store) is DeliveryState.UNKNOWN
    clock.pass_(9_999)
    outbox.round()
    assert slack.got == []


def test_down_for_five_minutes_and_restarted_in_between(store, address, clock):
    """Failures with growing gaps, a new process, the receiver comes back: delivered once."""
    slack = Receiver()
    slack.fails = DeliveryFailed("No connection.")
    outbox = an_outbox(store, clock, slack)
    for _ in range(75):  # 150 s
        outbox.round()
        clock.pass_(2)
    tries = store.deliveries()[0].tries
    again = Store(address, clock=clock)
    outbox = an_outbox(again, clock, slack, holder="two")
    for _ in range(75):
        outbox.round()
        clock.pass_(2)
    assert 3 <= tries < again.deliveries()[0].tries < 10
    assert state(again) is DeliveryState.FAILED
    slack.fails = None
    for _ in range(200):
        outbox.round()
        clock.pass_(2)
    assert len(slack.got) == 1
    assert state(again) is DeliveryState.SENT
    again.close()


def test_gaps_grow(store, clock):
    """10, 20, 40 s ... never more than an hour."""
    slack = Receiver()
    slack.fails = DeliveryFailed("No.")
    outbox = an_outbox(store, clock, slack)
    gaps = []
    for _ in range(11):
        outbox.round()
        next_at = store.deliveries()[0].next_at
        gaps.append((next_at - clock()).total_seconds())
        clock.now = next_at
    assert gaps[:4] == [10, 20, 40, 80]
    assert max(gaps) == 3600


def test_after_a_day_it_is_a_dead_letter(store, clock):
    """Not tried for ever: given up, with its last error, for a person to see."""
    slack = Receiver()
    slack.fails = DeliveryFailed("No connection.")
    outbox = an_outbox(store, clock, slack)
    while clock() < NOON + timedelta(hours=27):
        outbox.round()
        clock.pass_(600)
    (dead,) = store.deliveries()
    assert (dead.state, dead.error) == (DeliveryState.DEAD, "No connection.")


def test_a_final_refusal_is_dead_at_once(store, clock):
    """What cannot help is not repeated."""
    slack = Receiver()
    slack.fails = DeliveryFailed("The receiver answered 404.", is_final=True)
    an_outbox(store, clock, slack).round()
    assert state(store) is DeliveryState.DEAD


def test_a_broken_line_after_sending_is_unknown(store, clock):
    """Nobody can tell whether it arrived: marked, not repeated."""
    slack = Receiver()
    slack.fails = DeliveryUnsure("It was sent, but no answer came.")
    an_outbox(store, clock, slack).round()
    (delivery,) = store.deliveries()
    assert delivery.state is DeliveryState.UNKNOWN
    assert "no answer" in delivery.error


def test_a_person_may_send_again(store, clock):
    """Dead and unknown ones on request, others not."""
    slack = Receiver()
    slack.fails = DeliveryFailed("No.", is_final=True)
    outbox = an_outbox(store, clock, slack)
    outbox.round()
    slack.fails = None
    assert send_again(store, store.deliveries()[0], clock())
    assert outbox.round() == 1
    assert not send_again(store, store.deliveries()[0], clock())


def test_a_body_that_is_no_message_is_dead(store, clock):
    """It harms nobody behind it in the queue."""
    store.enqueue_delivery("old", "slack", "words")
    slack = Receiver()
    assert an_outbox(store, clock, slack).round() == 1
    assert {d.state for d in store.deliveries()} == {DeliveryState.DEAD, DeliveryState.SENT}


def test_a_remark_is_kept(store, clock):
    """Sent, but not to everybody: it says so."""
    an_outbox(store, clock, Receiver(remark="1 of 2 recipients were refused.")).round()
    (delivery,) = store.deliveries()
    assert (delivery.state, delivery.error) == (
        DeliveryState.SENT,
        "1 of 2 recipients were refused.",
    )


def test_quiet_hours_delay_and_lose_nothing(store, clock):
    """Nothing between 22 and 7 in the reader's zone; in the morning it goes out."""
    slack = Receiver()
    quiet = quiet_hours("22-07", "Europe/Berlin")
    outbox = an_outbox(store, clock, slack, is_quiet=quiet)
    clock.now = datetime(2026, 5, 1, 20, 30, tzinfo=UTC)  # 22:30 in Berlin
    assert outbox.round() == 0
    clock.now = datetime(2026, 5, 2, 4, 59, tzinfo=UTC)
    assert outbox.round() == 0
    clock.now = datetime(2026, 5, 2, 5, 0, tzinfo=UTC)
    assert outbox.round() == 1


def test_a_test_message_does_not_wait(store, clock):
    """Somebody pressed the button: sent at once to every channel, labelled, in no timeline."""
    slack, email = Receiver(), Receiver("email")
    outbox = an_outbox(store, clock, slack, email, is_quiet=lambda _: True)
    key = send_test(store, outbox.channels, clock())
    assert outbox.round() == 2
    assert "This is a test" in email.got[0][0]
    assert {d.state for d in store.deliveries(key)} == {DeliveryState.SENT}
    assert [a.key for a in store.alerts()] == [ALERT.key]


def test_a_follower_sends_nothing(store, clock):
    """Only the process with the lease sends."""
    assert an_outbox(store, clock, Receiver(), may_send=lambda: False).round() == 0


def test_a_channel_no_longer_configured_keeps_its_queue(store, clock):
    """Nothing is thrown away because a setting is missing."""
    assert an_outbox(store, clock, Receiver("email")).round() == 0
    assert state(store) is DeliveryState.QUEUED


@pytest.mark.parametrize("text", ["22", "22-25", "late", "22-07-09"])
def test_quiet_hours_that_cannot_be_read(text):
    """A wrong setting is named, not guessed."""
    with pytest.raises(SettingsError, match="ALERTS_QUIET_HOURS"):
        quiet_hours(text, "UTC")


def test_a_zone_that_does_not_exist():
    """Named too."""
    with pytest.raises(SettingsError, match="ALERTS_QUIET_ZONE"):
        quiet_hours("22-07", "Mars/Olympus")
