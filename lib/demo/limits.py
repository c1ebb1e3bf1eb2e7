"""PostHog's published limits, counted per key in real time, and a tally of every request.

Called by server for each request.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Callable

MINUTE_S, HOUR_S = 60.0, 3600.0
ORDINARY = ((MINUTE_S, 480), (HOUR_S, 4800))
QUERY = ((MINUTE_S, 240), (HOUR_S, 2400))


class Limiter:
    """Sliding windows per key and family of routes."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[tuple[str, bool], deque[float]] = {}

    def wait_s(self, key: str, *, is_query: bool) -> int:
        """Return 0 and count the request, or the whole seconds until it would be let in."""
        now = self._now()
        seen = self._seen.setdefault((key, is_query), deque())
        while seen and seen[0] <= now - HOUR_S:
            seen.popleft()
        for window, most in QUERY if is_query else ORDINARY:
            if len(seen) >= most and seen[-most] > now - window:
                return max(1, math.ceil(seen[-most] + window - now))
        seen.append(now)
        return 0


class Tally:
    """How often each path was asked for, by whom, and with what outcome."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: Counter[str] = Counter()
        self._keys: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def count(self, method: str, path: str, key: str) -> None:
        """Count one request; ``key`` is a label, never the key itself."""
        with self._lock:
            self._paths[f"{method} {path}"] += 1
            self._keys[key] += 1

    def answered(self, status: int) -> None:
        """Count one answer."""
        with self._lock:
            self._statuses[str(status)] += 1

    def clear(self) -> None:
        """Begin again at zero."""
        with self._lock:
            for counter in (self._paths, self._keys, self._statuses):
                counter.clear()

    def told(self) -> dict[str, object]:
        """Return all counts."""
        with self._lock:
            return {
                "total": sum(self._paths.values()),
                "paths": dict(self._paths),
                "keys": dict(self._keys),
                "statuses": dict(self._statuses),
            }
