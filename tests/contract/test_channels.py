"""Channels against real receivers on this machine: an HTTP server and an SMTP server from packages."""

import hashlib
import hmac
import json
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from lib.alerts.channels import (
    DeliveryFailed,
    DeliveryUnsure,
    Email,
    Slack,
    Webhook,
    channels,
    slack_text,
)
from lib.alerts.message import message_of, read_message
from lib.experiments.model import Alert, AlertKind
from lib.settings import AlertSettings, Secret

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SECRET = "s3cret-for-signing"
ALERT = Alert(
    key="7:m:proven_better:blue:1",
    experiment_id=7,
    kind=AlertKind.PROVEN_BETTER,
    text="Your Checkout test reached the line: Blue is better, +8.3 % (between +1.9 % and +14 %).",
    raised_at=NOW,
    as_of=NOW,
    facts=({"id": "call_lift.1", "shown": "+8.3 %"},),
)


def a_body(name="Checkout"):
    return message_of(
        ALERT,
        experiment=name,
        check_first="Look at the guardrails.",
        public_url="https://dash.example",
    ).as_json()


@pytest.fixture
def settings(httpserver):
    return AlertSettings(
        webhook_url=Secret(httpserver.url_for("/hook")),
        webhook_secret=Secret(SECRET),
        slack_url=Secret(httpserver.url_for("/slack")),
        allow_internal=True,
    )


def test_the_webhook_gets_the_whole_message_signed(httpserver, settings):
    """The body is the queued message; the signature covers time and body; the key tells repeats."""
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    body = a_body()
    assert Webhook(settings).send(body, 1_777_000_000.9) == ""
    (request, _) = httpserver.log[0]
    assert request.get_data().decode() == body
    assert read_message(body).text == ALERT.text
    t, v1 = (part.split("=")[1] for part in request.headers["X-Signature"].split(","))
    signed = hmac.new(SECRET.encode(), t.encode() + b"." + request.get_data(), hashlib.sha256)
    assert (t, v1) == ("1777000000", signed.hexdigest())
    assert request.headers["Idempotency-Key"] == ALERT.key
    assert SECRET not in request.get_data().decode()


def test_slack_gets_text(httpserver, settings):
    """Text, what to check, both clocks and the link."""
    httpserver.expect_request("/slack", method="POST").respond_with_data("ok")
    Slack(settings).send(a_body(), 0)
    (request, _) = httpserver.log[0]
    text = json.loads(request.get_data())["text"]
    assert ALERT.text in text
    assert "Look at the guardrails." in text
    assert "Data as of 1 May 2026, 12:00 UTC. Said at" in text
    assert "<https://dash.example/?experiment=7|Open the dashboard>" in text


def test_a_hostile_name_stays_text_in_slack():
    """No mention, no link, no channel call out of a name."""
    said = slack_text(read_message(a_body("<!channel> <https://evil.example|click> &amp;")))
    assert "<!channel>" not in said
    assert "<https://evil" not in said


@pytest.mark.parametrize(("status", "is_final"), [(500, False), (503, False), (429, False),
                                                  (408, False), (404, True), (410, True),
                                                  (301, True)])  # fmt: skip
def test_what_a_refusal_means(httpserver, settings, status, is_final):
    """Trouble is tried again; a refusal that stays is final; redirects are not followed."""
    httpserver.expect_request("/hook").respond_with_data(
        "", status=status, headers={"Location": "/"}
    )
    with pytest.raises(DeliveryFailed) as failed:
        Webhook(settings).send(a_body(), 0)
    assert (failed.value.is_final, str(status) in str(failed.value)) == (is_final, True)
    assert len(httpserver.log) == 1


def a_closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_nobody_listens():
    """A receiver that is down is tried again; the address is in no error."""
    port = a_closed_port()
    url = Secret(f"http://127.0.0.1:{port}/secret-path")
    with pytest.raises(DeliveryFailed) as failed:
        Slack(AlertSettings(slack_url=url, allow_internal=True)).send(a_body(), 0)
    assert not failed.value.is_final
    assert "secret-path" not in str(failed.value)


class HangsUp:
    """Takes one connection, reads what comes, and closes without a word."""

    def __enter__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(5)
        return self

    def __exit__(self, *_):
        self.listening.close()

    def serve(self):
        connection, _ = self.listening.accept()
        with connection:
            connection.recv(65_536)

    @property
    def url(self):
        return Secret(f"http://127.0.0.1:{self.listening.getsockname()[1]}/x")


def test_a_line_that_breaks_after_sending():
    """Slack cannot tell repeats: unsure. A webhook has the key: sent again."""
    for make, error in ((Slack, DeliveryUnsure), (Webhook, DeliveryFailed)):
        with HangsUp() as receiver:
            serving = threading.Thread(target=receiver.serve)
            serving.start()
            chosen = AlertSettings(
                slack_url=receiver.url, webhook_url=receiver.url, allow_internal=True
            )
            with pytest.raises(error):
                make(chosen).send(a_body(), 0)
            serving.join()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://127.0.0.1/x",
        "https://10.0.0.8/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest",
        "https://metadata.google.internal/x",
        "ftp://x.example/y",
    ],
)
def test_internal_addresses_are_refused(url):
    """Before a connection is made, for good, and without repeating the address."""
    for make in (Webhook, Slack):
        with pytest.raises(DeliveryFailed) as failed:
            make(AlertSettings(webhook_url=Secret(url), slack_url=Secret(url))).send(a_body(), 0)
        assert failed.value.is_final
        assert url not in str(failed.value)


def test_metadata_stays_refused_even_when_internal_is_allowed():
    """Allowed on purpose means this network, never a machine's identity."""
    url = Secret("http://169.254.169.254/latest/meta-data")
    with pytest.raises(DeliveryFailed) as failed:
        Webhook(AlertSettings(webhook_url=url, allow_internal=True)).send(a_body(), 0)
    assert failed.value.is_final


class Mailbox:
    """Keeps what it got; refuses recipients that begin with ``no``; ``answer`` is its word on the mail."""

    def __init__(self):
        self.got = []
        self.answer = "250 kept"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        if address.startswith("no"):
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


class Post(Controller):
    """A mail server on a free port."""

    def factory(self):
        return SMTP(
            self.handler,
            authenticator=lambda *a: AuthResult(success=a[4].password == b"right", handled=False),
            auth_require_tls=False,
            hostname="localhost",
        )


@pytest.fixture
def mailbox():
    box = Mailbox()
    port = a_closed_port()
    server = Post(box, hostname="127.0.0.1", port=port)
    server.start()
    box.settings = AlertSettings(
        smtp_host="127.0.0.1",
        smtp_port=port,
        email_from="dash@example.org",
        email_to=("a@example.org", "b@example.org"),
        public_url="https://dash.example",
    )
    yield box
    server.stop()


def test_the_mail_says_what_the_page_says(mailbox):
    """Subject, text, what to check, clocks and link; the Message-ID is the alert's own."""
    assert Email(mailbox.settings).send(a_body(), NOW.timestamp()) == ""
    Email(mailbox.settings).send(a_body(), NOW.timestamp())
    first, second = mailbox.got
    assert first["Subject"] == f"Checkout: {ALERT.text}"
    assert first["To"] == "a@example.org, b@example.org"
    assert first["Message-ID"] == second["Message-ID"]
    text = first.get_content()
    assert ALERT.text in text
    assert "https://dash.example/?experiment=7" in text
    assert "Look at the guardrails." in text


def test_a_name_cannot_add_headers(mailbox):
    """Line breaks in a name stay in the subject."""
    Email(mailbox.settings).send(a_body("Checkout\r\nBcc: evil@example.org"), 0)
    (mail,) = mailbox.got
    assert mail["Bcc"] is None
    assert "evil" in mail["Subject"]


def test_login(mailbox):
    """The right password is accepted, a wrong one is final."""
    right = replace(mailbox.settings, smtp_user="u", smtp_password=Secret("right"))
    Email(right).send(a_body(), 0)
    with pytest.raises(DeliveryFailed) as failed:
        Email(replace(right, smtp_password=Secret("wrong"))).send(a_body(), 0)
    assert failed.value.is_final
    assert "wrong" not in str(failed.value)


def test_refused_recipients(mailbox):
    """Some refused: sent, with a remark; all refused: final."""
    some = replace(mailbox.settings, email_to=("a@example.org", "no@example.org"))
    assert Email(some).send(a_body(), 0) == "1 of 2 recipients were refused."
    with pytest.raises(DeliveryFailed) as failed:
        Email(replace(some, email_to=("no@example.org",))).send(a_body(), 0)
    assert failed.value.is_final


@pytest.mark.parametrize(("answer", "is_final"), [("451 later", False), ("554 never", True)])
def test_the_mail_server_says_no(mailbox, answer, is_final):
    """A temporary answer is tried again, a permanent one is not."""
    mailbox.answer = answer
    with pytest.raises(DeliveryFailed) as failed:
        Email(mailbox.settings).send(a_body(), 0)
    assert failed.value.is_final is is_final


def test_no_mail_server():
    """Tried again later."""
    settings = AlertSettings(
        smtp_host="127.0.0.1", smtp_port=a_closed_port(), email_from="a@b.c", email_to=("d@e.f",)
    )
    with pytest.raises(DeliveryFailed) as failed:
        Email(settings).send(a_body(), 0)
    assert not failed.value.is_final


def test_only_what_is_configured(settings, mailbox):
    """A channel exists when its address does."""
    assert channels(AlertSettings()) == ()
    assert [c.name for c in channels(settings)] == ["webhook", "slack"]
    assert [c.name for c in channels(mailbox.settings)] == ["email"]
