"""Where alerts go besides the page: Slack-compatible and generic webhooks, and e-mail. Called by the outbox alone.

Targets are checked like PostHog hosts, before and on connection; bodies carry no secrets, errors no addresses.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from typing import Protocol

import httpx

from lib.alerts.message import Message, read_message
from lib.experiments.hosts import (
    UnknownHost,
    UnsafeAddress,
    check_address,
    connection_guard,
    is_loopback_host,
)
from lib.settings import AlertSettings, Secret

TIMEOUT_S = 10.0


class DeliveryFailed(Exception):
    """It did not arrive. ``is_final``: trying again cannot help."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class Channel(Protocol):
    """One way out."""

    name: str

    def send(self, body: str, now_s: float) -> None:
        """Deliver one queued body; ``now_s`` is POSIX time. Raises DeliveryFailed."""
        ...


class Webhook:
    """POSTs the message as JSON, signed: ``X-Signature: t=…,v1=HMAC-SHA256(secret, "t.body")``."""

    name = "webhook"

    def __init__(self, settings: AlertSettings) -> None:
        self._url = settings.webhook_url
        self._secret = settings.webhook_secret
        self._post = _poster(settings)

    def send(self, body: str, now_s: float) -> None:
        """Deliver; the receiver can tell repeats by ``Idempotency-Key``."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": read_message(body).key,
        }
        if self._secret:
            headers["X-Signature"] = sign(body, self._secret, int(now_s))
        self._post(self._url, body, headers)


class Slack:
    """POSTs ``{"text": …}`` to an incoming webhook."""

    name = "slack"

    def __init__(self, settings: AlertSettings) -> None:
        self._url = settings.slack_url
        self._post = _poster(settings)

    def send(self, body: str, now_s: float) -> None:  # noqa: ARG002  # a channel is told the time
        """Deliver."""
        message = read_message(body)
        text = json.dumps({"text": slack_text(message)}, ensure_ascii=False)
        self._post(self._url, text, {"Content-Type": "application/json"})


class Email:
    """One mail to everybody on the list; its Message-ID comes from the alert's key, so clients fold repeats."""

    name = "email"

    def __init__(
        self, settings: AlertSettings, connect: Callable[..., smtplib.SMTP] = smtplib.SMTP
    ) -> None:
        self._settings = settings
        self._connect = connect

    def send(self, body: str, now_s: float) -> None:
        """Deliver."""
        mail = mail_of(read_message(body), self._settings, now_s)
        try:
            with self._connect(
                self._settings.smtp_host, self._settings.smtp_port, timeout=TIMEOUT_S
            ) as server:
                self._log_in(server)
                server.send_message(mail)
        except smtplib.SMTPAuthenticationError:
            raise DeliveryFailed("The mail server refused the login.", is_final=True) from None
        except smtplib.SMTPRecipientsRefused:
            raise DeliveryFailed(
                "The mail server refused every recipient.", is_final=True
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(
                f"The mail server did not take it ({type(error).__name__})."
            ) from None

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self._settings.smtp_starttls and not is_loopback_host(self._settings.smtp_host):
            server.starttls(context=ssl.create_default_context())
        if self._settings.smtp_user:
            server.login(self._settings.smtp_user, self._settings.smtp_password.reveal())


def channels(settings: AlertSettings) -> tuple[Channel, ...]:
    """The channels that are configured."""
    found: list[Channel] = []
    if settings.webhook_url:
        found.append(Webhook(settings))
    if settings.slack_url:
        found.append(Slack(settings))
    if settings.smtp_host and settings.email_to and settings.email_from:
        found.append(Email(settings))
    return tuple(found)


def sign(body: str, secret: Secret, at_s: int) -> str:
    """The signature header; the time is signed too, so that old bodies cannot be sent again."""
    digest = hmac.new(secret.reveal().encode(), f"{at_s}.{body}".encode(), hashlib.sha256)
    return f"t={at_s},v1={digest.hexdigest()}"


def slack_text(message: Message) -> str:
    """Slack's markup with everything from outside escaped; no name can mention or link."""
    parts = [f"*{_slack(message.experiment)}*", _slack(message.text), _slack(message.check_first)]
    if message.link:
        parts.append(f"<{message.link}|Open the dashboard>")
    return "\n".join(part for part in parts if part)


def mail_of(message: Message, settings: AlertSettings, now_s: float) -> EmailMessage:
    """The mail; header injection is impossible since EmailMessage refuses line breaks."""
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = settings.email_from
    mail["To"] = ", ".join(settings.email_to)
    mail["Date"] = formatdate(now_s)
    digest = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{digest}@live-experiment-dashboard>"
    clocks = f"Data as of {message.as_of} · said at {message.raised_at} (UTC)"
    lines = [message.text, "", message.check_first, "", clocks, message.link]
    mail.set_content("\n".join(lines).rstrip() + "\n")
    return mail


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _poster(settings: AlertSettings) -> Callable[[Secret, str, dict[str, str]], None]:
    """A function that POSTs to a checked address, without following redirects."""

    def post(url: Secret, body: str, headers: dict[str, str]) -> None:
        address = url.reveal()
        internal = settings.allow_internal
        try:
            check_address(address, allow_http=internal, allow_internal=internal)
            guard = connection_guard(allow_internal=internal)
            with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
                reply = client.post(
                    address, content=body.encode(), headers=headers, extensions={"trace": guard}
                )
        except UnknownHost as error:
            raise DeliveryFailed(str(error)) from None
        except UnsafeAddress as error:
            raise DeliveryFailed(str(error), is_final=True) from None
        except httpx.HTTPError as error:
            raise DeliveryFailed(f"No answer ({type(error).__name__}).") from None
        _judge(reply.status_code)

    return post


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    is_final = 300 <= status < 500 and status not in {408, 425, 429}
    raise DeliveryFailed(f"The receiver answered {status}.", is_final=is_final)
