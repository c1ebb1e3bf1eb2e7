"""What stands in front of the routes: keys, scopes, limits, the Date header, faults of the wire.

Built by server around the Starlette application. It knows nothing about experiments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.demo import errors
from lib.demo.clock import ServerClock, http_date
from lib.demo.faults import ANSWERS, WIRE, Fault, FaultBook, refusal_of
from lib.demo.limits import Limiter, Tally
from lib.demo.runs import encode

KEY = "phx_demo"
PROJECT = "1"
READ, WRITE, QUERY = "experiment:read", "experiment:write", "query:read"
# The demo's key, and further ones for tests: in which project, and what each may do.
KEYS: dict[str, tuple[str, frozenset[str]]] = {
    KEY: (PROJECT, frozenset({READ, WRITE, QUERY})),
    "phx_reader": (PROJECT, frozenset({READ, QUERY})),
    "phx_no_query": (PROJECT, frozenset({READ})),
    "phx_no_scope": (PROJECT, frozenset()),
    "phx_elsewhere": ("2", frozenset({READ, WRITE, QUERY})),
}
GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
LOGIN = b"<!DOCTYPE html><html><body><form action='/login'>Sign in</form></body></html>"
POLL_S = 0.1


def key_of(headers: Any) -> str | None:
    """Return the personal API key of a request."""
    kind, _, key = str(headers.get("authorization", "")).partition(" ")
    return key.strip() if kind.lower() == "bearer" and key.strip() else None


def key_label(key: str | None) -> str:
    """Return a word for a key that may be shown: never an unknown key itself."""
    if key is None:
        return "none"
    return key if key in KEYS else "unknown"


def authorise(request: Request, scope: str) -> str:
    """Return the key.

    Raises:
        errors.Refusal: 401 or 403.
    """
    key = key_of(request.headers)
    if key is None:
        raise errors.no_key()
    if key not in KEYS:
        raise errors.wrong_key()
    own, scopes = KEYS[key]
    asked = request.path_params.get("project")
    if asked not in {None, own, "@current"}:
        raise errors.other_project(asked)
    if asked is not None and own != PROJECT:
        raise errors.not_found()
    if scope and scope not in scopes:
        raise errors.missing_scope(scope)
    return key


def refuse(found: errors.Refusal) -> Response:
    """Turn a refusal into its response."""
    return Response(
        encode(found.body), found.status, headers=found.headers, media_type="application/json"
    )


class Gate:
    """The outermost layer of the stand-in."""

    def __init__(
        self, inner: ASGIApp, *, clock: ServerClock, faults: FaultBook, tally: Tally
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._faults = faults
        self._tally = tally
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path = str(scope["path"])
        if path.startswith("/_"):
            await self._inner(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        self._tally.count(scope["method"], path, key_label(key_of(headers)))
        await self._play(path, scope, receive, send)

    async def _play(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        skew = self._faults.take(path, frozenset({"skew"}))
        dated = self._dated(send, skew.seconds if skew else 0.0)
        slow = self._faults.take(path, frozenset({"slow"}))
        if slow is not None:
            await self._wait(slow.seconds)
        wire = self._faults.take(path, WIRE - {"skew", "slow"})
        if wire is not None:
            await self._break(wire, scope, receive, send, dated)
            return
        refusal = self._faults.take(path, frozenset(ANSWERS))
        if refusal is not None:
            await refuse(refusal_of(refusal))(scope, receive, dated)
            return
        await self._inner(scope, receive, dated)

    def _dated(self, send: Send, offset_s: float) -> Send:
        async def with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = http_date(self._clock.now() + offset_s).encode()
                message["headers"] = [*message.get("headers", []), (b"date", date)]
                self._tally.answered(message["status"])
            await send(message)

        return with_date

    async def _wait(self, seconds: float) -> None:
        """Sleep in small steps, so that stopping never waits."""
        steps = max(1, round(seconds / POLL_S))
        for _ in range(steps):
            if self.closing:
                return
            await asyncio.sleep(seconds / steps)

    async def _hang(self, receive: Receive) -> None:
        """Never answer; end when the client gives up or the stand-in stops."""
        while not self.closing:
            try:
                message = await asyncio.wait_for(receive(), POLL_S)
            except TimeoutError:
                continue
            if message["type"] == "http.disconnect":
                return

    async def _break(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send, dated: Send
    ) -> None:
        if fault.kind == "hang":
            await self._hang(receive)
            return
        if fault.kind == "drop":
            _abort(send)
            return
        if fault.kind == "html":
            await Response(GATEWAY, 502, media_type="text/html")(scope, receive, dated)
            return
        if fault.kind == "login_page":
            await Response(LOGIN, 200, media_type="text/html")(scope, receive, dated)
            return
        await self._halve(fault, scope, receive, dated)

    async def _halve(self, fault: Fault, scope: Scope, receive: Receive, dated: Send) -> None:
        """Answer half of the true body; ``cut`` promises the whole length and closes."""
        parts: list[MutableMapping[str, Any]] = []

        async def keep(message: Message) -> None:
            parts.append(message)

        await self._inner(scope, receive, keep)
        body = b"".join(part.get("body", b"") for part in parts)
        half = body[: max(1, len(body) // 2)]
        length = len(half) if fault.kind == "truncated" else len(body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
        ]
        start = {"type": "http.response.start", "status": parts[0]["status"], "headers": headers}
        await dated(start)
        whole = fault.kind == "truncated"
        await dated({"type": "http.response.body", "body": half, "more_body": not whole})


def _abort(send: Callable[[Message], Awaitable[None]]) -> None:
    """Close the connection without a byte; the server's own send knows its transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


class Limits:
    """PostHog's limits in front of the routes, or nothing."""

    def __init__(self, limiter: Limiter | None) -> None:
        self._limiter = limiter

    def check(self, key: str, *, is_query: bool) -> None:
        """Count a request.

        Raises:
            errors.Refusal: 429 with Retry-After.
        """
        if self._limiter is None:
            return
        wait = self._limiter.wait_s(key, is_query=is_query)
        if wait:
            raise errors.throttled(wait)
