"""A lock that is given in the order it was asked for.

SQLite lets one write at a time; the others ask again at growing intervals, and one that asks at the wrong moments is
refused while somebody else writes on and on. Within a process the writers of a file take turns instead.
"""

from __future__ import annotations

import itertools
import threading
from types import TracebackType


class Turns:
    """Used as ``with turns:``; not reentrant."""

    def __init__(self) -> None:
        self._called = threading.Condition()
        self._tickets = itertools.count()
        self._now = 0

    def __enter__(self) -> None:
        with self._called:
            mine = next(self._tickets)
            self._called.wait_for(lambda: self._now == mine)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._called:
            self._now += 1
            self._called.notify_all()
