"""Stored runs: the one that ``latest`` shows, those started by hand, and their bodies, kept ready.

Called by api. Between two runs the same bytes are answered again and again.
"""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from lib.demo import errors
from lib.demo.clock import ServerClock, iso
from lib.demo.faults import DATA, FaultBook
from lib.demo.results import run_body
from lib.demo.trial import Trial, stable_uuid

Json = dict[str, Any]
STARTS_AFTER_S, TAKES_S = 0.5, 2.0  # real seconds of a run started by hand
HAND_PAUSE_S = 300
KEEPS = 4000


@dataclass(slots=True, kw_only=True)
class HandRun:
    """A run started by POST; ``asked_real`` is real time, ``asked_at`` the server's."""

    id: str
    asked_real: float
    asked_at: float
    data_to: float


class Runs:
    """All stored runs of one stand-in."""

    def __init__(self, clock: ServerClock, faults: FaultBook, *, limits: bool) -> None:
        self._clock = clock
        self._faults = faults
        self._limits = limits
        self._hand: dict[int, HandRun] = {}
        self._ready: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._by_id: OrderedDict[tuple[int, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def changes(self, trial: Trial) -> frozenset[str]:
        """Return the kinds of data faults that apply to this experiment now, and count them."""
        found = self._faults.take_all(f"/experiments/{trial.id}/", DATA)
        for fault in found:
            if fault.kind == "stalled" and fault.since is None:
                fault.since = self._clock.last_run()
        return frozenset(f.kind for f in found)

    def moment(self, trial: Trial) -> float:
        """Return where the data of the newest finished run end."""
        now = self._clock.now()
        if trial.ended_at is not None and now >= trial.ended_at:
            return trial.ended_at
        stalled = [
            f.since
            for f in self._faults.listed()
            if f.kind == "stalled" and f.path in f"/experiments/{trial.id}/" and f.since
        ]
        return min([self._clock.last_run(), *stalled])

    def latest(self, trial: Trial) -> bytes:
        """Return the body of ``latest``.

        Raises:
            errors.Refusal: there is no run.
        """
        changes = self.changes(trial)
        if trial.started_at is None or not trial.measures or "never" in changes:
            raise errors.bare_not_found("No completed recalculation found")
        moment = self.moment(trial)
        hand = self._hand.get(trial.id)
        active = hand is not None and not self._is_done(hand)
        if hand is not None and not active and hand.data_to > moment:
            return self._body(trial, hand.data_to, changes, hand)
        body = self._body(trial, moment, changes, None)
        if hand is None or not active:
            return body
        shown = {"id": hand.id, "status": self._hand_status(hand)}
        return encode(json.loads(body) | {"active_run": shown})

    def _body(
        self, trial: Trial, moment: float, changes: frozenset[str], hand: HandRun | None
    ) -> bytes:
        key = (trial.id, moment, changes, hand.id if hand else None)
        with self._lock:
            if key in self._ready:
                return self._ready[key]
        trigger, run_id = ("manual", hand.id) if hand else ("auto_refresh", None)
        if hand is None and trial.ended_at == moment:
            trigger = "experiment_stop"
        body = run_body(trial, moment, trigger=trigger, run_id=run_id, changes=changes)
        made = encode(body)
        with self._lock:
            _keep(self._ready, key, made)
            _keep(self._by_id, (trial.id, body["id"]), made)
        return made

    def start(self, trial: Trial, trigger: str) -> tuple[int, Json]:
        """Start a run by hand: 201 and its body, or 200 when one is executing.

        Raises:
            errors.Refusal: not launched, or too soon after the last one.
        """
        if trial.started_at is None:
            raise errors.invalid("Cannot recalculate metrics for experiment that hasn't started")
        real = self._clock.real()
        hand = self._hand.get(trial.id)
        if hand is not None and not self._is_done(hand):
            return 200, self._hand_body(trial, hand, trigger) | {"is_existing": True}
        if hand is not None and self._limits:
            wait = hand.asked_real + STARTS_AFTER_S + TAKES_S + HAND_PAUSE_S - real
            if wait > 0:
                raise errors.recalculated_lately(math.ceil(wait))
        now = self._clock.now()
        data_to = min(now, trial.ended_at) if trial.ended_at is not None else now
        run_id = stable_uuid("hand", trial.id, iso(now))
        hand = HandRun(id=run_id, asked_real=real, asked_at=now, data_to=data_to)
        self._hand[trial.id] = hand
        return 201, self._hand_body(trial, hand, trigger) | {"is_existing": False}

    def get(self, trial: Trial, run_id: str) -> bytes:
        """Return one run.

        Raises:
            errors.Refusal: no such run of this experiment.
        """
        hand = self._hand.get(trial.id)
        if hand is not None and hand.id == run_id:
            if self._is_done(hand):
                return self._body(trial, hand.data_to, self.changes(trial), hand)
            waiting = self._hand_body(trial, hand, "manual") | {"results": []}
            return encode(waiting)
        with self._lock:
            known = self._by_id.get((trial.id, run_id))
        if known is None:
            raise errors.bare_not_found("Recalculation not found")
        return known

    def _is_done(self, hand: HandRun) -> bool:
        return self._clock.real() >= hand.asked_real + STARTS_AFTER_S + TAKES_S

    def _hand_status(self, hand: HandRun) -> str:
        begun = self._clock.real() >= hand.asked_real + STARTS_AFTER_S
        return "in_progress" if begun else "pending"

    def _hand_body(self, trial: Trial, hand: HandRun, trigger: str) -> Json:
        status = self._hand_status(hand)
        begun = status == "in_progress"
        body: Json = {
            "id": hand.id,
            "experiment_id": trial.id,
            "status": status,
            "total_metrics": len(trial.measures),
            "completed_metrics": 0,
            "failed_metrics": 0,
            "metric_errors": {},
            "metric_retries": {},
            "trigger": trigger,
            "created_at": iso(hand.asked_at),
            "started_at": iso(hand.asked_at) if begun else None,
            "completed_at": None,
            "query_to": iso(hand.data_to) if begun else None,
            "result_source": "recalculation",
        }
        return body | {"rows_read": 18_250, "estimated_rows_total": 40_210} if begun else body


def _keep(book: OrderedDict[Any, bytes], key: object, value: bytes) -> None:
    book[key] = value
    while len(book) > KEEPS:
        book.popitem(last=False)


def encode(body: object) -> bytes:
    """Write JSON as PostHog does: compact, no NaN."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
