"""When each experiment is looked at next; pure bookkeeping on a monotonic clock, used by the hub's loop."""

from __future__ import annotations

import threading
from collections.abc import Iterable

WATCHED_FOR_S = 35.0  # a page that ticks every 10 s counts as watching for three ticks


class Schedule:
    """Who is due. Thread-safe: pages mark experiments as watched while the hub asks who is due."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked: dict[int, float] = {}
        self._due: dict[int, float] = {}

    def looked_at(self, experiment_id: int, now: float) -> bool:
        """Somebody looks; True when nobody did before, so that the next read is at once."""
        with self._lock:
            was = self._is_watched(experiment_id, now)
            self._looked[experiment_id] = now
            if not was:
                self._due[experiment_id] = min(now, self._due.get(experiment_id, now))
            return not was

    def is_watched(self, experiment_id: int, now: float) -> bool:
        """Whether somebody looked within the last ticks."""
        with self._lock:
            return self._is_watched(experiment_id, now)

    def watched(self, now: float) -> tuple[int, ...]:
        """Everything somebody looks at."""
        with self._lock:
            return tuple(i for i in self._looked if self._is_watched(i, now))

    def due(self, known: Iterable[int], now: float) -> tuple[int, ...]:
        """Who is due, watched ones first, then the longest overdue."""
        with self._lock:
            late = [i for i in known if self._due.get(i, now) <= now]
            return tuple(
                sorted(late, key=lambda i: (not self._is_watched(i, now), self._due.get(i, now), i))
            )

    def next_after(self, experiment_id: int, at: float) -> None:
        """The next look at one experiment is at ``at``."""
        with self._lock:
            self._due[experiment_id] = at

    def _is_watched(self, experiment_id: int, now: float) -> bool:
        return now - self._looked.get(experiment_id, -WATCHED_FOR_S * 2) < WATCHED_FOR_S
