"""Faults on demand: what goes wrong, on which paths, how often.

Asked for by tests through ``StandIn.fault`` and ``POST /_faults``; played out by server (answers
and connections) and by runs (data). Without a fault nothing here does anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from lib.demo import errors

ANSWERS: dict[str, Callable[[], errors.Refusal]] = {
    "401": errors.wrong_key,
    "403": lambda: errors.missing_scope("experiment:read"),
    "404": errors.not_found,
    "402": errors.quota_used_up,
    "429": lambda: errors.throttled(5),
    "429_bare": errors.too_many_at_once,
    "500": errors.server_error,
    "503": errors.busy,
    "504": errors.query_timeout,
    "512": errors.estimated_too_slow,
    "at_capacity": errors.at_capacity,
    "worker_away": errors.worker_away,
}
WIRE = frozenset({"slow", "hang", "truncated", "html", "login_page", "drop", "cut", "skew"})
INSIDE = frozenset({"slow_query"})  # while it holds one of the three places for queries
DATA = frozenset(
    {"edited", "shrink", "srm", "stalled", "never", "placeholder", "failed_run", "query_fails"}
)
KINDS = frozenset(ANSWERS) | WIRE | INSIDE | DATA


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    ``path`` is a part of the request's path (empty: every one). ``times`` is how many requests it
    still hits, None without end. ``seconds`` is the wait of slow and 429, or the offset of skew.
    """

    kind: str
    path: str = ""
    times: int | None = None
    seconds: float = 1.0
    since: float | None = None


class FaultBook:
    """The faults that are switched on, thread-safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on.

        Raises:
            ValueError: no such kind.
        """
        if fault.kind not in KINDS:
            raise ValueError(f"no such fault: {fault.kind}; there are {', '.join(sorted(KINDS))}")
        with self._lock:
            self._faults.append(fault)
        return fault

    def heal(self, kind: str | None = None) -> None:
        """Switch faults of one kind off, or all."""
        with self._lock:
            self._faults = [f for f in self._faults if kind is not None and f.kind != kind]

    def listed(self) -> list[Fault]:
        """Return the faults that are on."""
        with self._lock:
            return list(self._faults)

    def take(self, path: str, kinds: frozenset[str]) -> Fault | None:
        """Return the first fault for this request, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.path in path and self._spend(fault):
                    return fault
        return None

    def take_all(self, path: str, kinds: frozenset[str]) -> list[Fault]:
        """Return every fault for this request, and count them."""
        with self._lock:
            mine = [f for f in self._faults if f.kind in kinds and f.path in path]
            return [f for f in mine if self._spend(f)]

    def _spend(self, fault: Fault) -> bool:
        if fault.times is None:
            return True
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)
        return fault.times >= 0


def refusal_of(fault: Fault) -> errors.Refusal:
    """Return the answer of a fault of the kinds in ANSWERS."""
    if fault.kind == "429":
        return errors.throttled(max(1, round(fault.seconds)))
    return ANSWERS[fault.kind]()
