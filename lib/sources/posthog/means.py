"""What every part of the client works with: connection, budget, questions in flight, clocks; the client makes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.experiments.errors import SourceDown, SourceRefused
from lib.experiments.model import Clock
from lib.settings import PostHogSettings
from lib.sources.posthog.budget import Budget
from lib.sources.posthog.kept import Kept
from lib.sources.posthog.queries import Outcome, Queries
from lib.sources.posthog.replies import OneQuestionDown, Reply, Route
from lib.sources.posthog.server_clock import ServerClock
from lib.sources.posthog.wire import Wire

QUOTA_S = 3600.0  # used-up quota: look again once an hour
SCOPE_S = 600.0  # a missing scope: look again every ten minutes
REFUSED_S = 30.0
FIRST_PAUSE_S = 10.0


@dataclass(slots=True, kw_only=True)
class Means:
    """The connection and everything that says whether it may be used."""

    settings: PostHogSettings
    wire: Wire
    budget: Budget
    queries: Queries
    clock: Clock
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    server: ServerClock
    n_watched: int = 1
    n_unwatched: int = 0
    _queries_off: tuple[float, SourceRefused] | None = field(default=None)

    def ask_stored(
        self,
        kept: Kept,
        route: Route,
        path: str,
        *,
        is_watched: bool,
        body: Mapping[str, Any] | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Reply:
        """Send an ordinary request about one experiment; its own trouble holds back that experiment alone.

        Raises:
            SourceError: as the wire does.
        """
        url = self.wire.url(path)
        try:
            reply = self.wire.send(route, url, is_watched=is_watched, body=body, accept=accept)
        except OneQuestionDown as down:
            pause_s = down.retry_after_s or FIRST_PAUSE_S * (1 + 0.4 * self.random())
            held = SourceDown(str(down), pause_s)
            kept.hold(held, self.monotonic() + pause_s)
            raise held from None
        except SourceRefused as refused:
            kept.hold(refused, self.monotonic() + REFUSED_S * (0.4 + 0.1 * self.random()))
            raise
        self.note_date()
        return reply

    def ask_query(
        self, key: tuple[object, ...], query: Mapping[str, Any], *, refresh: str, is_watched: bool
    ) -> Outcome:
        """Ask through /query/, unless the quota is used up or the key may not.

        Raises:
            SourceError: as `Queries.ask`; a refusal is remembered for a while.
        """
        refusal = self.query_refusal()
        if refusal is not None:
            raise refusal.with_traceback(None)  # else each raise makes it longer
        try:
            outcome = self.queries.ask(key, query, refresh=refresh, is_watched=is_watched)
        except SourceRefused as refused:
            off_s = QUOTA_S if refused.status == 402 else SCOPE_S
            if refused.status in {402, 403}:
                self._queries_off = (self.monotonic() + off_s, refused)
            raise
        self.note_date()
        return outcome

    def query_refusal(self) -> SourceRefused | None:
        """Why no query is sent at present; None when they are."""
        if self._queries_off and self.monotonic() < self._queries_off[0]:
            return self._queries_off[1]
        return None

    def note_date(self) -> None:
        """Learn the server's time from the newest answer."""
        if self.wire.date is not None:
            self.server.note(self.wire.date)
