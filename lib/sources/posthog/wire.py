"""One HTTP conversation with PostHog: key, address checks, limits of time and size, statuses to errors.

`Wire.send` is the only place that opens a connection. It asks the budget first, tells it how it went, refuses
unsafe addresses before connecting and again on the connection itself, follows a redirect only within the same
origin, and never lets the key near a message. It knows nothing of experiments.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from lib.experiments.errors import SourceDown, SourceError, SourceRefused, SourceSurprise
from lib.experiments.hosts import (
    UnknownHost,
    UnsafeAddress,
    check_address,
    connection_guard,
    is_loopback_host,
)
from lib.experiments.model import Clock
from lib.settings import PostHogSettings
from lib.sources.posthog.budget import Budget
from lib.sources.posthog.fields import loads
from lib.sources.posthog.replies import (
    HOST,
    KEY,
    PROJECT,
    OneQuestionDown,
    Reply,
    Route,
    error_of,
    wait_asked,
)

TIMEOUT = httpx.Timeout(8.0, connect=4.0, pool=2.0)
LONGEST_ANSWER_S = 12.0  # a server that drips is a server that hangs
LARGEST_ANSWER = 32 * 1024 * 1024  # bytes, unpacked
MOST_REDIRECTS = 3
FIRST_REFUSAL_S = 12.0
LONGEST_REFUSAL_S = 60.0
CAPTURE = re.compile(r"https?://(us|eu)\.i\.posthog\.com")


class Wire:
    """Sends one request at a time and returns its decoded answer.

    Args:
        settings: address, project and key.
        budget: asked before each request.
        clock: our clock, UTC.
        monotonic: seconds, never going back.
        transport: stands in for the network in tests; names are then not looked up.
    """

    def __init__(
        self,
        settings: PostHogSettings,
        budget: Budget,
        *,
        clock: Clock,
        monotonic: Callable[[], float],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._clock = clock
        self._monotonic = monotonic
        self._origin = settings.host.rstrip("/")
        is_direct = transport is None and not _has_proxy(self._origin)
        self._resolve = socket.getaddrinfo if is_direct else None  # a proxy looks names up itself
        self._checked = False
        self._refusals = 0
        self._refused: tuple[float, SourceRefused] | None = None
        self.date: datetime | None = None
        self._client = _client(settings, transport)

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def url(self, path: str) -> str:
        """The address of a route of this project, e.g. ``experiments/``."""
        return f"{self._origin}/api/projects/{self._settings.project_id}/{path}"

    def is_ours(self, url: str) -> bool:
        """Whether an address belongs to the configured origin: scheme, host and port."""
        try:
            return _origin(url) == _origin(self._origin)
        except (httpx.InvalidURL, ValueError):
            return False

    def send(
        self,
        route: Route,
        url: str,
        *,
        is_watched: bool,
        body: Mapping[str, Any] | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Reply:
        """Send one request, a POST when it has a body.

        Args:
            route: which question it is.
            url: the whole address.
            is_watched: whether it may use the reserve.
            body: what to post.
            accept: failure statuses the caller wants to judge itself; being at capacity is never one.

        Raises:
            SourceError: anything but a good answer or an accepted status.
        """
        if self._refused and self._monotonic() < self._refused[0]:
            raise self._refused[1].with_traceback(None)  # else each raise makes it longer
        check_settings(self._settings)
        self._budget.take(is_query=route.is_query, is_watched=is_watched)
        self._check_address()
        reply = self._exchange(route, url, body)
        self._note_date(reply)
        if reply.status < 300 or (reply.status in accept and reply.code != "query_at_capacity"):
            self._refusals = 0
            self._budget.answered(is_query=route.is_query)
            return reply
        raise self._failure(route, reply)

    def _check_address(self) -> None:
        """Refuse an unsafe address before the first connection; later ones are checked when they are made."""
        if self._checked:
            return
        try:
            check_address(
                self._origin,
                allow_http=self._settings.allow_http,
                allow_internal=True,  # a PostHog of one's own usually stands in a private network
                resolve=self._resolve,
            )
        except UnknownHost:
            raise self._down(self._unreachable()) from None
        except UnsafeAddress as unsafe:
            raise SourceRefused(f"{unsafe} Check {HOST}.", HOST) from None
        self._checked = True

    def _exchange(self, route: Route, url: str, body: Mapping[str, Any] | None) -> Reply:
        """Send and follow redirects within the origin."""
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._once(url, body)
            if reply.status not in {301, 302, 303, 307, 308}:
                return reply
            url = self._redirected(url, reply, is_post=body is not None)
            self._budget.take(is_query=route.is_query, is_watched=True)
        raise SourceRefused(
            f"PostHog keeps sending us in circles. Check {HOST}.", HOST, reply.status
        )

    def _redirected(self, url: str, reply: Reply, *, is_post: bool) -> str:
        with contextlib.suppress(httpx.InvalidURL):
            target = str(httpx.URL(url).join(reply.headers.get("location", "")))
            if self.is_ours(target) and not (is_post and reply.status < 307):
                return target
        raise SourceRefused(
            f"PostHog sends us to another address; the key is not sent there. Check {HOST}.",
            HOST,
            reply.status,
        )

    def _once(self, url: str, body: Mapping[str, Any] | None) -> Reply:
        guard = connection_guard(
            allow_internal=True,
            only_loopback=url.startswith("http:") and not self._settings.allow_http,
        )
        try:
            with self._client.stream(
                "GET" if body is None else "POST", url, json=body, extensions={"trace": guard}
            ) as response:
                self._client.cookies.clear()  # a key is all we are known by
                return _reply(response, self._read(response))
        except UnsafeAddress as unsafe:
            raise SourceRefused(f"{unsafe} Check {HOST}.", HOST) from None
        except httpx.TimeoutException:
            raise self._down(f"PostHog at {self._host()} does not answer in time.") from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError):
            raise self._down(self._unreachable()) from None

    def _read(self, response: httpx.Response) -> bytes:
        started = self._monotonic()
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise SourceSurprise("PostHog's answer is too large to be read.")
            if self._monotonic() - started > LONGEST_ANSWER_S:
                raise self._down(f"PostHog at {self._host()} does not answer in time.")
        return b"".join(chunks)

    def _down(self, because: str) -> SourceDown:
        return SourceDown(because, self._budget.failed(because))

    def _failure(self, route: Route, reply: Reply) -> SourceError:
        """The error of a failed answer, after telling the budget."""
        wait_s = wait_asked(reply, self.date or self._clock())
        error = error_of(route, reply, wait_s)
        if isinstance(error, SourceRefused) and error.status == 401:
            self._refused = (self._monotonic() + self._refusal_s(), error)
        if isinstance(error, OneQuestionDown) or not isinstance(error, SourceDown):
            return error
        if reply.status in {429, 400}:
            pause_s = self._budget.throttled(
                is_query=route.is_query, because=str(error), retry_after_s=wait_s
            )
        else:
            pause_s = self._budget.failed(str(error), wait_s)
        return SourceDown(str(error), pause_s)

    def _refusal_s(self) -> float:
        """Leave a server that refuses the key alone, longer each time."""
        self._refusals += 1
        return min(FIRST_REFUSAL_S * 1.3 ** (self._refusals - 1), LONGEST_REFUSAL_S)

    def _note_date(self, reply: Reply) -> None:
        try:
            found = parsedate_to_datetime(reply.headers.get("date", ""))
        except ValueError:
            self.date = None
            return
        self.date = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)

    def _host(self) -> str:
        return httpx.URL(self._origin).host

    def _unreachable(self) -> str:
        return f"Cannot reach PostHog at {self._host()}."


def check_settings(settings: PostHogSettings) -> None:
    """Refuse settings that can never work.

    Raises:
        SourceRefused: naming the setting.
    """
    key = settings.api_key.reveal()
    if not key:
        raise SourceRefused(f"No PostHog key is set. Set {KEY} to a personal API key.", KEY)
    if key.startswith(("phc_", "phs_")):
        kind = "project token" if key.startswith("phc_") else "project secret key"
        text = f"{KEY} holds a {kind}, which cannot read results; use a personal API key (phx_...)."
        raise SourceRefused(text, KEY)
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise SourceRefused(f"{KEY} holds characters that no key has.", KEY)
    if not re.fullmatch(r"\d+|@current", settings.project_id):
        text = f"Set {PROJECT} to the number in the address of the project in PostHog."
        raise SourceRefused(text, PROJECT)
    _check_host(settings.host)


def _check_host(host: str) -> None:
    region = CAPTURE.match(host)
    if region:
        better = f"https://{region.group(1)}.posthog.com"
        raise SourceRefused(f"{HOST} is the address for sending events; use {better}.", HOST)
    if not re.fullmatch(r"https?://[^/?#\s]+", host):
        raise SourceRefused(f"{HOST} must be like https://us.posthog.com, without a path.", HOST)


def _client(settings: PostHogSettings, transport: httpx.BaseTransport | None) -> httpx.Client:
    """One pool. The key goes into a header here and nowhere else."""
    key = settings.api_key.reveal()
    is_sendable = bool(re.fullmatch(r"[\x21-\x7e]+", key))
    return httpx.Client(
        transport=transport,
        headers={"Accept": "application/json", "User-Agent": "live-experiment-dashboard"}
        | ({"Authorization": f"Bearer {key}"} if is_sendable else {}),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=not _is_this_machine(settings.host),  # a proxy cannot reach this machine
        limits=httpx.Limits(max_connections=6, max_keepalive_connections=3, keepalive_expiry=30.0),
    )


def _is_this_machine(host: str) -> bool:
    try:
        return is_loopback_host(httpx.URL(host).host)
    except (httpx.InvalidURL, UnsafeAddress):
        return False  # said in words before the first request


def _has_proxy(host: str) -> bool:
    """Whether requests to it go through a proxy of the environment."""
    scheme, _, rest = host.partition("://")
    return not _is_this_machine(host) and scheme in getproxies() and not proxy_bypass(rest)


def _origin(url: str) -> tuple[str, str, int | None]:
    found = httpx.URL(url)
    if found.userinfo:
        raise ValueError("an address with a user name is nobody's origin")
    default = {"https": 443, "http": 80}.get(found.scheme)
    return found.scheme, found.host.removesuffix("."), found.port or default


def _reply(response: httpx.Response, raw: bytes) -> Reply:
    """Decode the body; a failed answer may hold anything, a good one must be JSON."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    status = response.status_code
    digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
    try:
        body = loads(raw) if raw else None
    except SourceSurprise:
        if status < 300:
            raise _unreadable(raw) from None
        body = None
    return Reply(status=status, body=body, headers=headers, digest=digest)


def _unreadable(raw: bytes) -> SourceSurprise:
    if raw.lstrip()[:1] == b"<":
        return SourceSurprise(f"A web page came where PostHog's data should be. Check {HOST}.")
    return SourceSurprise("PostHog's answer is not readable: broken or cut off.")
