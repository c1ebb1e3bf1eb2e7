"""The alerts page and the bell of every page: what was said, why then, where it went, and what is unread."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from lib.alerts.message import message_of
from lib.experiments.chat import DeliveryState
from lib.experiments.model import Alert, AlertKind
from lib.live.announce import mute, muted
from lib.live.outbox import send_test
from lib.settings import AlertSettings, Secret
from lib.ui.alerts_heard import UNASKED, tell_conversation
from lib.ui.alerts_page import channel_lines, week_text
from lib.ui.bell import worth_interrupting
from lib.ui.viewer import Viewer
from tests.builders import NOW, views_by_state
from tests.pages.conftest import words
from tests.pages.fake_hub import FakeHub

AHEAD = list(views_by_state()).index("ahead") + 1  # its number on the fake hub
TEXT = "Your Blue test reached the line: Blue is better, +8.3 % (between +1.9 % and +14 %)."


def an_alert(key="1", **changes):
    base = Alert(
        key=key,
        experiment_id=AHEAD,
        kind=AlertKind.PROVEN_BETTER,
        text=TEXT,
        raised_at=NOW,
        as_of=NOW - timedelta(hours=2),
        facts=(
            {"id": "call_lift.1", "shown": "+8.3 %", "definition": "Change", "inputs": "a / b"},
        ),
        why_now=(
            {"kind": "visitors", "is_met": "True", "now": "1240.0", "needed": "100.0"},
            {"kind": "week", "is_met": "False", "now": "4.0", "needed": "7.0"},
        ),
    )
    return replace(base, **changes)


def raise_one(hub, alert, *channels):
    body = message_of(alert, experiment="Blue", check_first="Look.", public_url="").as_json()
    hub.store.raise_alert(alert, [(channel, body) for channel in channels])


def toasts(at):
    found = [json.loads(n.proto.json) for n in at.get("bidi_component") if "toasts" in n.proto.json]
    return [toast["key"] for toast in found[0]["toasts"]]


def unread(at):
    found = [p.proto.popover for p in at.get("popover")]
    return next(p.label.strip() for p in found if "notifications" in p.icon)


@pytest.fixture
def desk(hub):
    """A hub without a page; closed in the end."""
    yield hub
    hub.close()


@pytest.fixture
def told(page, hub):
    """The page with one alert that went to two channels, one of which is dead."""
    raise_one(hub, an_alert(), "slack", "email")
    slack, _ = hub.store.due_deliveries(hub.clock())
    hub.store.mark_delivery(slack.id, DeliveryState.DEAD, error="The receiver answered 404.")
    return page(hub, "pages/alerts.py")


def test_nothing_yet(page, hub):
    """An empty timeline says so."""
    assert "Nothing was announced yet." in words(page(hub, "pages/alerts.py"))


def test_the_timeline_shows_text_figures_and_why(told, hub):
    """The sentence as said, its figures as recorded, the list as it stood, and what to check."""
    said = words(told)
    assert "+8.3" in said
    assert "Why now: 1 of 2 conditions were met" in said
    assert "Enough visitors per arm: 1,240, needed 100" in said
    assert "One full week: 4 days of 7 days" in said
    assert "Change" in said
    assert "ask whether tracking or traffic changed" in said


def test_the_timeline_shows_each_channel(told):
    """Sent, waiting or given up, each with its reason; a person may send again."""
    said = words(told)
    assert "slack: given up" in said
    assert "The receiver answered 404." in said
    assert "email: waiting" in said


def test_a_dead_letter_is_sent_again_on_request(told, hub):
    """The button queues it once more."""
    (button,) = [b for b in told.button if b.key and b.key.endswith("-again")]
    button.click().run()
    states = {d.channel: d.state for d in hub.store.deliveries("1")}
    assert states["slack"] is DeliveryState.FAILED
    assert len(hub.store.due_deliveries(hub.clock())) == 2


def test_filters(page, hub):
    """By kind and by experiment."""
    raise_one(hub, an_alert())
    raise_one(hub, an_alert("2", kind=AlertKind.WITHDRAWN, experiment_id=2, text="Withdrawn: it."))
    at = page(hub, "pages/alerts.py")
    at.multiselect(key="alerts-kinds").select(AlertKind.WITHDRAWN).run()
    assert "Withdrawn: it." in words(at)
    assert "reached the line" not in words(at)
    at.multiselect(key="alerts-ids").select(AHEAD).run()
    assert "No alert fits the filter." in words(at)


def test_hostile_text_stays_text(page, hub):
    """Nothing a name brings becomes markup; the toast's text travels as data."""
    bad = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
    raise_one(hub, an_alert(text=bad))
    assert bad in words(page(hub, "pages/alerts.py"))


def test_muting_for_everybody(page, hub):
    """Muted in the list: kept in the store, silent at the bell, still in the timeline."""
    raise_one(hub, an_alert())
    at = page(hub, "pages/alerts.py")
    assert unread(at) == "1"
    at.multiselect(key="alerts-muted").select(AHEAD).run()
    assert muted(hub.store) == {AHEAD}
    hub.now += timedelta(seconds=2)
    at.run()
    assert unread(at) == ""
    assert "(muted)" in words(at)


def test_a_test_message_shows_its_fate(page, hub):
    """What became of the newest test stands beside the channels."""
    send_test(hub.store, ["slack"], hub.clock())
    assert "slack: waiting" in words(page(hub, "pages/alerts.py"))


def test_no_channel_no_test(page, hub):
    """Without a channel there is nothing to test, and it says which settings there are."""
    at = page(hub, "pages/alerts.py")
    assert at.button(key="alerts-test").disabled
    assert "No channel besides the page" in words(at)


def test_channels_are_named_without_secrets():
    """Kinds of channels and quiet hours; no address."""
    chosen = AlertSettings(
        slack_url=Secret("https://hooks.example/T0/secret"),
        webhook_url=Secret("https://user:pass@hook.example"),
        webhook_secret=Secret("s"),
        smtp_host="mail.example",
        email_from="a@b.c",
        email_to=("d@e.f", "g@h.i"),
        quiet_hours="22-07",
    )
    said = " ".join(channel_lines(chosen))
    assert "Webhook, signed" in said
    assert "E-mail to 2 addresses" in said
    assert "Quiet hours 22-07" in said
    assert not any(word in said for word in ("example", "secret", "pass", "d@e.f"))


def test_unread_of_a_new_session(page, hub):
    """Only the last 24 hours count; what was said before this page opened is no toast."""
    raise_one(hub, an_alert("old", raised_at=NOW - timedelta(hours=25)))
    raise_one(hub, an_alert("recent", raised_at=NOW - timedelta(hours=23)))
    at = page(hub)
    assert unread(at) == "1"
    assert toasts(at) == []


def test_a_new_alert_is_a_toast_until_it_is_old(page, hub):
    """Sent to the browser at each tick for half a minute, so that no rerun can lose it."""
    at = page(hub)
    hub.now += timedelta(seconds=5)
    raise_one(hub, an_alert(raised_at=hub.now))
    for _ in range(2):
        at.run()
        assert toasts(at) == ["1"]
        hub.now += timedelta(seconds=10)
    hub.now += timedelta(seconds=20)
    at.run()
    assert toasts(at) == []
    assert unread(at) == "1"


def test_a_new_alert_is_said_in_the_conversation_once(page, hub, views):
    """The session's conversation gets one message of the copilot with figures and a live panel."""
    at = page(hub, experiment=AHEAD)
    hub.now += timedelta(seconds=5)
    raise_one(hub, an_alert(raised_at=hub.now))
    for _ in range(3):
        at.run()
    (conversation,) = hub.store.conversations()
    (message,) = hub.store.messages(conversation.id)
    assert (message.role, message.author, message.note) == ("assistant", "computed", UNASKED)
    assert message.panel["kind"] == "live"
    assert message.panel["experiment_id"] == AHEAD
    assert "reached the line" in message.text
    assert message.facts[0]["shown"] == "+8.3 %"


def test_what_may_interrupt():
    """Crossings and withdrawals of any experiment, all of the one on the screen; a flood only rings the bell."""
    other = an_alert("o", experiment_id=99)
    quiet = an_alert("q", experiment_id=99, kind=AlertKind.UNLIKELY)
    mine = an_alert("m", kind=AlertKind.UNLIKELY)
    assert worth_interrupting([other, quiet, mine], AHEAD) == (other, mine)
    assert worth_interrupting([other, quiet], None) == (other,)
    flood = [an_alert(str(i), experiment_id=i) for i in range(50, 60)]
    assert worth_interrupting([*flood, mine], AHEAD) == (mine,)


def test_two_tabs_on_one_conversation_get_one_message(desk):
    """Whoever comes second finds it there."""
    conversation = desk.store.new_conversation("Mine", NOW)
    assert tell_conversation(desk.store, conversation, an_alert(), NOW)
    assert not tell_conversation(desk.store, conversation, an_alert(), NOW)
    assert len(desk.store.messages(conversation)) == 1


def test_a_page_without_a_chat_makes_no_conversation(page, hub):
    """On the board the bell rings, nothing else."""
    at = page(hub, "pages/connection.py")
    hub.now += timedelta(seconds=5)
    raise_one(hub, an_alert(raised_at=hub.now))
    at.run()
    assert toasts(at) == ["1"]
    assert hub.store.conversations() == ()


def test_the_week_as_text(desk):
    """What was announced within seven days, and where the running ones stand."""
    raise_one(desk, an_alert("old", raised_at=NOW - timedelta(days=8), text="Long ago."))
    raise_one(desk, an_alert(raised_at=NOW - timedelta(days=2)))
    said = week_text(desk, Viewer(now=NOW))
    assert said.startswith("The week from 5 March to 12 March")
    assert f"10 March, 12:00: {TEXT}" in said or TEXT in said
    assert "Long ago." not in said
    assert "- Ahead: Blue button is ahead by" in said


def test_a_quiet_week():
    """Nothing announced, nothing running: said in words."""
    empty = FakeHub()
    said = week_text(empty, Viewer(now=NOW))
    empty.close()
    assert "Nothing was announced." in said
    assert "No experiment is running." in said


def test_muting_helpers_agree(desk):
    """What one function mutes the other reads."""
    mute(desk.store, 5, on=True)
    assert muted(desk.store) == {5}
