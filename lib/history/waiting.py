"""Readings that could not be written: held in memory until something can be, the newest of them if they are many.

The statistics go by the rows they were fed, and a restart finds only what is kept: a full disk for an hour must not
make two truths of that hour.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from lib.experiments.model import Snapshot

MOST = 20_000  # some 20 MB


class Waiting:
    """Readings in the order they came. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[Snapshot] = []

    def take(self) -> list[Snapshot]:
        """All of them; they are the caller's now."""
        with self._lock:
            held, self._held = self._held, []
        return held

    def put(self, readings: Iterable[Snapshot]) -> None:
        """Hold these."""
        with self._lock:
            self._held = [*self._held, *readings][-MOST:]

    def drop(self, experiment_id: int) -> None:
        """Forget those of a run that is over."""
        with self._lock:
            self._held = [held for held in self._held if held.experiment_id != experiment_id]
