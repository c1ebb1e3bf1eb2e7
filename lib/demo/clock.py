"""The stand-in's own clock: anchored to real time at the start, then running at its own speed.

Used by every route; never reads the time twice for one answer, never goes back by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

DAY_S = 86_400.0
RUN_EVERY_S = 10.0  # real seconds between two finished runs


class ServerClock:
    """Real seconds in, the server's moments (unix seconds in its own time) out.

    Args:
        now: real unix seconds; a test passes its own.
        speed: seconds of server time in one real second.
        since: the real moment at which the replay began, to go on after a restart; now by default.
    """

    def __init__(
        self, *, now: Callable[[], float], speed: float, since: float | None = None
    ) -> None:
        self.real = now
        self.speed = speed
        self.began = now() if since is None else since
        self.anchor = float(math.floor(self.began))
        self._jumped_s = 0.0

    def now(self) -> float:
        """Return the server's moment, in unix seconds rounded to microseconds."""
        return round(self.anchor + self._jumped_s + self.elapsed_s() * self.speed, 6)

    def elapsed_s(self) -> float:
        """Return the real seconds since the replay began."""
        return max(0.0, self.real() - self.began)

    def jump(self, seconds: float) -> None:
        """Move the server's time forward at once, by ``seconds`` of its own time."""
        self._jumped_s += seconds

    def last_run(self) -> float:
        """Return when the last run finished: every ten real seconds from the start on."""
        ticks = math.floor(self.elapsed_s() / RUN_EVERY_S + 1e-9)
        return round(self.anchor + self._jumped_s + ticks * RUN_EVERY_S * self.speed, 6)


def iso(moment: float) -> str:
    """Write unix seconds as PostHog does: microseconds only where there are some."""
    text = datetime.fromtimestamp(moment, UTC).isoformat()
    return text.replace("+00:00", "Z")


def day_of(moment: float) -> str:
    """Return the calendar day (UTC) of a moment."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def http_date(moment: float) -> str:
    """Write a ``Date`` header."""
    return formatdate(moment, usegmt=True)
