"""Measures how fast the server's clock runs beside ours, for replays; called by the tracker at each look."""

from __future__ import annotations

from datetime import datetime


class SpeedMeter:
    """Server seconds per second of ours, from two looks at least ``min_gap_s`` apart.

    A ``Date`` header counts whole seconds, so anything below 1.5 is PostHog's own clock: speed 1.
    """

    def __init__(self, hint: float = 1.0, min_gap_s: float = 3.0) -> None:
        self.speed = hint
        self._min_gap_s = min_gap_s
        self._first: tuple[datetime, datetime] | None = None

    def saw(self, server_now: datetime, taken_at: datetime) -> float:
        """Take one more look into account and return the speed."""
        if self._first is None or server_now < self._first[0]:
            self._first = (server_now, taken_at)
            return self.speed
        ours = (taken_at - self._first[1]).total_seconds()
        if ours >= self._min_gap_s:
            measured = (server_now - self._first[0]).total_seconds() / ours
            self.speed = 1.0 if measured < 1.5 else _steady(measured, self.speed)
        return self.speed


def _steady(measured: float, before: float) -> float:
    """Two significant digits; the value before stays while it is within 3 %, so that the page is calm."""
    if abs(measured - before) <= 0.03 * before:
        return before
    return float(f"{measured:.2g}")
