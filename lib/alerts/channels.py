"""Where alerts go besides the page: Slack-compatible and generic webhooks, and e-mail. Called by the outbox alone.

Targets are checked like PostHog hosts, before and on connection; bodies carry no secrets, errors no addresses.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Protocol

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
Guard = Callable[[str, Mapping[str, Any]], None]


class DeliveryFailed(Exception):
    """It did not arrive. ``is_final``: trying again cannot help."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class DeliveryUnsure(Exception):
    """The connection broke after the message was on its way: it may have arrived or not."""


class Channel(Protocol):
    """One way out."""

    name: str

    def send(self, body: str, now_s: float) -> str:
        """Deliver one queued body; ``now_s`` is POSIX time. Returns a remark for the page, mostly empty.

        Raises DeliveryFailed when it surely did not arrive, DeliveryUnsure when nobody can tell.
        """
        ...


class Webhook:
    """POSTs the message as JSON, signed: ``X-Signature: t=…,v1=HMAC-SHA256(secret, "t.body")``."""

    name = "webhook"

    def __init__(self, settings: AlertSettings) -> None:
        self._url = settings.webhook_url
        self._secret = settings.webhook_secret
        self._post = _poster(settings)

    def send(self, body: str, now_s: float) -> str:
        """Deliver; the receiver can tell repeats by ``Idempotency-Key``, so an unsure one is sent again."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": read_message(body).key,
        }
        if self._secret:
            headers["X-Signature"] = sign(body, self._secret, int(now_s))
        try:
            self._post(self._url, body, headers)
        except DeliveryUnsure as error:
            raise DeliveryFailed(str(error)) from None
        return ""


class Slack:
    """POSTs ``{"text": …}`` to an incoming webhook."""

    name = "slack"

    def __init__(self, settings: AlertSettings) -> None:
        self._url = settings.slack_url
        self._post = _poster(settings)

    def send(self, body: str, now_s: float) -> str:  # noqa: ARG002  # a channel is told the time
        """Deliver."""
        message = read_message(body)
        text = json.dumps({"text": slack_text(message)}, ensure_ascii=False)
        self._post(self._url, text, {"Content-Type": "application/json"})
        return ""


class Email:
    """One mail to everybody on the list; its Message-ID comes from the alert's key, so clients fold repeats."""

    name = "email"

    def __init__(
        self, settings: AlertSettings, connect: Callable[..., smtplib.SMTP] = smtplib.SMTP
    ) -> None:
        self._settings = settings
        self._connect = connect

    def send(self, body: str, now_s: float) -> str:
        """Deliver; the remark tells how many recipients the server did not want."""
        mail = mail_of(read_message(body), self._settings, now_s)
        try:
            server = self._connect(
                self._settings.smtp_host, self._settings.smtp_port, timeout=TIMEOUT_S
            )
            try:
                self._log_in(server)
                refused = _hand_over(server, mail)
            finally:  # what goes wrong at the goodbye changes nothing
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except smtplib.SMTPAuthenticationError:
            raise DeliveryFailed("The mail server refused the login.", is_final=True) from None
        except smtplib.SMTPRecipientsRefused:
            raise DeliveryFailed(
                "The mail server refused every recipient.", is_final=True
            ) from None
        except smtplib.SMTPResponseException as error:
            raise DeliveryFailed(
                f"The mail server answered {error.smtp_code}.", is_final=error.smtp_code >= 500
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(
                f"The mail server did not take it ({type(error).__name__})."
            ) from None
        asked = len(self._settings.email_to)
        return f"{refused} of {asked} recipients were refused." if refused else ""

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self._settings.smtp_starttls and not is_loopback_host(self._settings.smtp_host):
            server.starttls(context=ssl.create_default_context())
        if self._settings.smtp_user:
            server.login(self._settings.smtp_user, self._settings.smtp_password.reveal())


def _hand_over(server: smtplib.SMTP, mail: EmailMessage) -> int:
    """Hand the mail over; the number of recipients refused. A line that breaks meanwhile leaves it open."""
    try:
        return len(server.send_message(mail))
    except smtplib.SMTPException as error:
        if not isinstance(error, smtplib.SMTPServerDisconnected):
            raise
        raise DeliveryUnsure("The mail server hung up while it took the mail.") from None
    except OSError:  # of which SMTPException is a kind
        raise DeliveryUnsure("The mail server hung up while it took the mail.") from None


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
    said = (message.text, message.check_first, message.clocks)
    parts = [f"*{_slack(message.experiment)}*", *(_slack(words) for words in said)]
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
    parts = (message.text, message.check_first, message.clocks, message.link)
    mail.set_content("\n\n".join(part for part in parts if part) + "\n")
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
            status = _status_of(address, body, headers, guard)
        except UnknownHost as error:
            raise DeliveryFailed(str(error)) from None
        except UnsafeAddress as error:
            raise DeliveryFailed(str(error), is_final=True) from None
        except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError):
            raise DeliveryUnsure("It was sent, but no answer came.") from None
        except httpx.HTTPError as error:
            raise DeliveryFailed(f"No connection ({type(error).__name__}).") from None
        _judge(status)

    return post


def _status_of(address: str, body: str, headers: dict[str, str], guard: Guard) -> int:
    """POST and read no more than the answer's status; redirects are not followed, proxies not used."""
    with (
        httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "POST", address, content=body.encode(), headers=headers, extensions={"trace": guard}
        ) as reply,
    ):
        return reply.status_code


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    is_final = 300 <= status < 500 and status not in {408, 425, 429}
    raise DeliveryFailed(f"The receiver answered {status}.", is_final=is_final)
