"""How often PostHog may be asked: its published limits, its Retry-After, and our own patience in an outage.

`Budget` is asked before every request and told how it went. It never sleeps: what may not be sent now raises
SourceDown with the seconds to wait. Two buckets, as PostHog counts: ordinary routes and /query/. Requests for
experiments nobody looks at leave a reserve for those somebody looks at. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from lib.experiments.errors import SourceDown
from lib.settings import PostHogSettings

MINUTE_S = 60.0
HOUR_S = 3600.0
RESERVE = 0.15  # of every window, kept for what is watched
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 15.0  # in an outage, so that its end is noticed
OVER_LIMIT = "PostHog's request limit is reached; waiting until it allows more."
LONGEST_THROTTLE_S = 60.0  # after 429 without Retry-After


class OverLimit(SourceDown):
    """One of PostHog's limits would be passed; nothing is wrong with the server."""


class Window:
    """At most `limit` events in any `period_s` seconds."""

    def __init__(self, limit: int, period_s: float) -> None:
        self.limit = limit
        self.period_s = period_s
        self._at: deque[float] = deque()

    def used(self, now: float) -> int:
        """How many events lie inside the window."""
        while self._at and self._at[0] <= now - self.period_s:
            self._at.popleft()
        return len(self._at)

    def add(self, now: float) -> None:
        """Count one event."""
        self._at.append(now)

    def wait_s(self, now: float, reserve: float = 0.0) -> float:
        """Seconds until one more event fits under the limit less the reserved share; 0 when it fits now."""
        allowed = max(1, int(self.limit * (1 - reserve)))
        excess = self.used(now) - allowed
        return 0.0 if excess < 0 else max(0.0, self._at[excess] + self.period_s - now)


@dataclass(slots=True)
class Bucket:
    """One of PostHog's two counters, with what the server has said about it lately."""

    name: str
    windows: tuple[Window, ...]
    held_until: float = 0.0
    held_because: str = ""
    throttles: int = 0
    asked_s: float = 0.0
    throttled_at: float = field(default=float("-inf"))


class Budget:
    """Says whether a request may go out now.

    Args:
        settings: the limits.
        monotonic: seconds, never going back.
        random: uniform on [0, 1), for jitter.
    """

    def __init__(
        self,
        settings: PostHogSettings,
        *,
        monotonic: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._random = random
        self.ordinary = _bucket(
            "requests", settings.requests_per_minute, settings.requests_per_hour
        )
        self.query = _bucket("queries", settings.queries_per_minute, settings.queries_per_hour)
        self._outage_until = 0.0
        self._outage_because = ""
        self._failures = 0
        self.n_requests = 0
        self.n_outages = 0

    def take(self, *, is_query: bool, is_watched: bool) -> None:
        """Count one request that goes out now.

        Raises:
            SourceDown: it may not go out yet; carries the seconds to wait.
        """
        with self._lock:
            bucket = self._of(is_query)
            held_s, because = self._held(bucket)
            if held_s > 0:
                raise SourceDown(because, held_s)
            wait_s = self._over_limit_s(bucket, is_watched=is_watched)
            if wait_s > 0:
                raise OverLimit(OVER_LIMIT, wait_s)
            now = self._monotonic()
            self.n_requests += 1
            for window in bucket.windows:
                window.add(now)

    def answered(self, *, is_query: bool) -> None:
        """The server answered as it should: patience starts over."""
        with self._lock:
            self._failures = 0
            bucket = self._of(is_query)
            if self._monotonic() - bucket.throttled_at > 2 * MINUTE_S:
                bucket.throttles = 0

    def failed(self, because: str, retry_after_s: float | None = None) -> float:
        """Nobody answered, or the whole server is in trouble: hold everything back, at most 15 s.

        Only a server that asks for more is left alone for longer. Returns the seconds held.
        """
        with self._lock:
            steady = min(FIRST_PAUSE_S * 1.15**self._failures, LONGEST_PAUSE_S / 1.15)
            pause_s = retry_after_s or steady * (1 + 0.149 * self._random())
            self.n_outages += self._failures == 0
            self._failures += 1
            self._outage_until = self._monotonic() + pause_s
            self._outage_because = because
            return pause_s

    def throttled(self, *, is_query: bool, because: str, retry_after_s: float | None) -> float:
        """The server asked this bucket to slow down. Returns the seconds held."""
        with self._lock:
            bucket = self._of(is_query)
            growing = min(FIRST_PAUSE_S * 2**bucket.throttles, LONGEST_THROTTLE_S / 1.15)
            pause_s = retry_after_s or growing * (1 + 0.15 * self._random())
            bucket.throttles = min(bucket.throttles + 1, 10)
            bucket.throttled_at = self._monotonic()
            bucket.asked_s = retry_after_s or 0.0
            self._hold(bucket, pause_s, because)
            return pause_s

    def slowed_s(self, tick_s: float, *, is_query: bool) -> float:
        """Seconds between looks that the server's requests to slow down amount to; 0 when it made none lately.

        Doubles with each request, or follows what was asked for; at most a minute.
        """
        with self._lock:
            bucket = self._of(is_query)
            calm_s = self._monotonic() - max(bucket.throttled_at, bucket.held_until)
            if not bucket.throttles or calm_s > 2 * MINUTE_S:
                return 0.0
            wanted_s = max(tick_s * 2.0**bucket.throttles, bucket.asked_s)
            return min(wanted_s, max(LONGEST_THROTTLE_S, tick_s))

    def used(self) -> dict[str, tuple[int, int]]:
        """(used, allowed) of every window, by its name."""
        with self._lock:
            now = self._monotonic()
            return {
                f"{bucket.name} {'a minute' if window.period_s == MINUTE_S else 'an hour'}": (
                    window.used(now),
                    window.limit,
                )
                for bucket in (self.ordinary, self.query)
                for window in bucket.windows
            }

    def _of(self, is_query: bool) -> Bucket:
        return self.query if is_query else self.ordinary

    def _hold(self, bucket: Bucket, pause_s: float, because: str) -> None:
        bucket.held_until = max(bucket.held_until, self._monotonic() + pause_s)
        bucket.held_because = because

    def _held(self, bucket: Bucket) -> tuple[float, str]:
        now = self._monotonic()
        if self._outage_until > now:
            return self._outage_until - now, self._outage_because
        return max(0.0, bucket.held_until - now), bucket.held_because

    def _over_limit_s(self, bucket: Bucket, *, is_watched: bool) -> float:
        now = self._monotonic()
        reserve = 0.0 if is_watched else RESERVE
        return max(window.wait_s(now, reserve) for window in bucket.windows)


def _bucket(name: str, per_minute: int, per_hour: int) -> Bucket:
    return Bucket(name, (Window(per_minute, MINUTE_S), Window(per_hour, HOUR_S)))
