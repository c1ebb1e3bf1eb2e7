"""From a view to the receiver's hands: real HTTP and SMTP servers get what the page shows, once."""

import json
import socket
from datetime import timedelta
from email import policy
from email.parser import BytesParser

import pytest
from aiosmtpd.controller import Controller
from pytest_httpserver import HTTPServer

from lib.experiments.chat import DeliveryState
from lib.history.store import Store
from lib.live.feed import Hub
from lib.live.wiring import announce_from
from lib.settings import AlertSettings, Secret
from lib.ui.alerts_timeline import Telling, timeline
from lib.ui.markup import text_of
from lib.ui.viewer import Viewer
from tests.builders import NOW, views_by_state
from tests.unit.live.sources import Hand, HandSource, an_experiment

POLLS = 3


@pytest.fixture(scope="module")
def won():
    return views_by_state()["ready_winner"]


@pytest.fixture
def clock():
    return Hand(NOW + timedelta(minutes=1))


def a_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def ports():
    return a_port(), a_port()


@pytest.fixture
def chosen(ports):
    return AlertSettings(
        webhook_url=Secret(f"http://127.0.0.1:{ports[0]}/hook"),
        webhook_secret=Secret("for signing"),
        smtp_host="127.0.0.1",
        smtp_port=ports[1],
        email_from="dash@example.org",
        email_to=("a@example.org",),
        public_url="https://dash.example",
        allow_internal=True,
    )


class Mailbox:
    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self.got.append(BytesParser(policy=policy.default).parsebytes(envelope.content))
        return "250 kept"


class Receivers:
    """A webhook receiver and a mail server that can be started when the test wants them."""

    def __init__(self, ports):
        self.web = HTTPServer(host="127.0.0.1", port=ports[0])
        self.box = Mailbox()
        self.mail = Controller(self.box, hostname="127.0.0.1", port=ports[1])

    def __enter__(self):
        self.web.expect_request("/hook", method="POST").respond_with_data("ok")
        self.web.start()
        self.mail.start()
        return self

    def __exit__(self, *_):
        self.web.stop()
        self.mail.stop()

    @property
    def bodies(self):
        return [json.loads(request.get_data()) for request, _ in self.web.log]


class ToldHub(Hub):
    """The real hub; a test may tell it a view as a poll would."""

    def on_view(self, announce):
        super().on_view(announce)
        self.tell = announce


class Life:
    """One life of the app: a hub that leads, its announcer and its outbox, on the kept store."""

    def __init__(self, address, clock, chosen, known=()):
        self.store = Store(address, clock=clock)
        self.source = HandSource(clock)
        self.source.known = list(known)
        self.hub = ToldHub(self.source, self.store, clock=clock, monotonic=clock.seconds)
        self.outbox = announce_from(self.hub, chosen)
        self.hub.round(wait=True)  # takes the lease

    def see(self, view):
        self.hub.tell(view)

    def end(self):
        self.hub.stop()
        self.store.close()


def page_words(store, view):
    """What the alerts page says, as text."""
    telling = Telling(
        experiments={view.experiment.id: view.experiment},
        deliveries={},
        muted=frozenset(),
        who=Viewer(now=NOW + timedelta(minutes=2)),
    )
    return " ".join(text_of(node) for node in timeline(store.alerts(7), telling)).replace(
        "\u00a0", " "
    )


def test_receivers_get_what_the_page_shows(tmp_path, clock, chosen, ports, won):
    """Webhook and mail carry the sentence, the check and the figures of the page."""
    life = Life(f"sqlite:///{tmp_path / 'h.sqlite3'}", clock, chosen)
    with Receivers(ports) as receivers:
        for _ in range(POLLS):
            life.see(won)
        assert life.outbox.round() == 2
        assert life.outbox.round() == 0
        (body,), (mail,) = receivers.bodies, receivers.box.got
    said = page_words(life.store, won)
    assert body["text"] in said
    assert body["check_first"] in said
    assert all(fact["shown"] in said for fact in body["facts"])
    assert body["text"] in mail.get_content()
    assert body["check_first"] in mail.get_content()
    life.end()


def test_down_for_five_minutes_and_the_app_restarted(tmp_path, clock, chosen, ports, won):
    """Nobody listens while it is announced, the app dies, five minutes later they are back: once each."""
    address = f"sqlite:///{tmp_path / 'h.sqlite3'}"
    life = Life(address, clock, chosen)
    for _ in range(POLLS):
        life.see(won)
    for _ in range(15):  # 150 s
        assert life.outbox.round() == 0
        clock.pass_(10)
    life.end()
    clock.pass_(20)
    life = Life(address, clock, chosen)
    for _ in range(13):  # 130 s more
        life.see(won)
        assert life.outbox.round() == 0
        clock.pass_(10)
    with Receivers(ports) as receivers:
        for _ in range(60):
            life.see(won)
            life.outbox.round()
            clock.pass_(10)
        assert len(receivers.bodies) == 1
        assert len(receivers.box.got) == 1
    assert {d.state for d in life.store.deliveries()} == {DeliveryState.SENT}
    life.end()


def test_killed_between_storing_and_sending(tmp_path, clock, chosen, ports, won):
    """Announced and queued, then no more: the next life sends it, once."""
    address = f"sqlite:///{tmp_path / 'h.sqlite3'}"
    life = Life(address, clock, chosen)
    for _ in range(POLLS):
        life.see(won)
    life.end()
    clock.pass_(60)
    life = Life(address, clock, chosen)
    with Receivers(ports) as receivers:
        for _ in range(5):
            life.see(won)
            life.outbox.round()
        assert len(receivers.bodies) == len(receivers.box.got) == 1
    life.end()


def test_two_processes_one_message(tmp_path, clock, chosen, ports, won):
    """The second process does not lead: it announces nothing twice and sends nothing."""
    address = f"sqlite:///{tmp_path / 'h.sqlite3'}"
    first, second = Life(address, clock, chosen), Life(address, clock, chosen)
    assert (first.hub.is_leader(), second.hub.is_leader()) == (True, False)
    with Receivers(ports) as receivers:
        for _ in range(POLLS + 2):
            first.see(won)
            second.see(won)
            second.outbox.round()
            first.outbox.round()
        assert len(receivers.bodies) == len(receivers.box.got) == 1
    first.end()
    second.end()


def test_corrected_data_through_the_hub(tmp_path):
    """The source's own numbers: proven, then visitors are recounted, and the alert is taken back in public."""
    clock = Hand()
    address = f"sqlite:///{tmp_path / 'h.sqlite3'}"
    life = Life(address, clock, AlertSettings(), [an_experiment()])
    life.source.rates = (0.1, 0.125)

    def look(polls):
        for _ in range(polls):
            clock.pass_(600)
            life.hub.poll(1)

    look(5)
    assert [a.kind for a in life.store.alerts(1)] == ["proven_better"]
    life.source.rates, life.source.per_day = (0.1, 0.1), 1900
    look(12)
    told = list(reversed(life.store.alerts(1)))
    assert [a.kind for a in told] == ["proven_better", "withdrawn"]
    assert "visitors were recounted" in told[1].text
    assert life.store.calls(1)[0].withdrawn_because == "counts_shrank"
    look(30)
    assert len(life.store.alerts(1)) == 2
    life.end()


def test_a_fading_lift_through_the_hub(tmp_path):
    """Later visitors show less: the lift halves, the call stands, nothing is said."""
    clock = Hand()
    life = Life(f"sqlite:///{tmp_path / 'h.sqlite3'}", clock, AlertSettings(), [an_experiment()])
    life.source.rates = (0.1, 0.125)
    for step in range(60):
        clock.pass_(7_200)
        life.source.rates = (0.1, 0.125 - 0.0003 * step)
        life.hub.poll(1)
    estimate = life.hub.look(1).primary.estimates[0]
    assert estimate.lift < 0.1
    assert [a.kind for a in life.store.alerts(1)] == ["proven_better"]
    life.end()
