"""The server's clock, read from its answers: what time it is there, and how fast time passes; used by the client.

A replay's clock runs faster than ours, and whether data are stale is a question of our minutes, not of its days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

SETTLED_S = 5.0  # a Date header counts whole seconds, so speed needs some of them
RENEW_S = 600.0


class ServerClock:
    """Learns from each answer's Date header.

    Args:
        monotonic: seconds, never going back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._first: tuple[float, datetime] | None = None
        self._newest: tuple[float, datetime] | None = None
        self._speed: float | None = None

    def note(self, date: datetime) -> None:
        """An answer said it is `date` there."""
        now = self._monotonic()
        if self._newest and date < self._newest[1] - timedelta(seconds=2):
            self._first = self._speed = None  # its clock was set back: learn anew
        self._newest = (now, date)
        if self._first is None:
            self._first = self._newest
        elapsed_s = now - self._first[0]
        if elapsed_s >= SETTLED_S:
            self._speed = max(1.0, (date - self._first[1]).total_seconds() / elapsed_s)
        if elapsed_s >= RENEW_S:
            self._first = self._newest

    @property
    def speed(self) -> float | None:
        """Server seconds per second of ours, at least 1; None while unknown."""
        return self._speed

    def now(self) -> datetime | None:
        """The time there now, counted on from the newest answer; None before the first."""
        if self._newest is None:
            return None
        since_s = self._monotonic() - self._newest[0]
        return self._newest[1] + timedelta(seconds=since_s * (self._speed or 1.0))

    def age_s(self, moment: datetime) -> float | None:
        """How long ago a moment there is, in seconds of ours; None while the speed is unknown."""
        if self._speed is None or self._newest is None:
            return None
        since_s = self._monotonic() - self._newest[0]
        return (self._newest[1] - moment).total_seconds() / self._speed + since_s
