"""What happened to one experiment: its calls, alerts and notes, read anew only when one was added or changed.

A page asks at every tick and things happen seldom, so one small read says whether anything did.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, func, select

from lib.experiments.chat import Note
from lib.experiments.model import Alert, Call
from lib.history.alerts import KEYS, Alerts
from lib.history.chats import Notes
from lib.history.database import Database
from lib.history.plans_calls import PlansAndCalls
from lib.history.schema import alerts, calls, notes

KEEP = 64  # experiments somebody looks at
NEWEST_ALERTS, NEWEST_NOTES = 200, 400
ID = bindparam("experiment_id", type_=BigInteger)


@dataclass(frozen=True, slots=True, eq=False)
class Chronicle:
    """Calls oldest first, alerts and notes newest first. The same object as long as nothing happened."""

    calls: tuple[Call, ...]
    alerts: tuple[Alert, ...]
    notes: tuple[Note, ...]


class Chronicles:
    """Reads and remembers them. Thread-safe."""

    def __init__(
        self, database: Database, plans: PlansAndCalls, announced: Alerts, noted: Notes
    ) -> None:
        self._database, self._plans = database, plans
        self._alerts, self._notes = announced, noted
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, Chronicle]] = OrderedDict()

    def chronicle(self, experiment_id: int, kinds: tuple[str, ...]) -> Chronicle:
        """What happened so far, with notes of these kinds; raises StoreError."""
        asked = (experiment_id, kinds)
        state = self._state(experiment_id)  # first: what is added while we read is then read again
        with self._lock:
            known = self._kept.get(asked)
        if known is None or known[0] != state:
            known = (state, self._read(experiment_id, kinds))
        with self._lock:
            self._kept[asked] = known
            self._kept.move_to_end(asked)
            while len(self._kept) > KEEP:
                self._kept.popitem(last=False)
        return known[1]

    def _state(self, experiment_id: int) -> Hashable:
        """Differs whenever something was added, withdrawn, or moved aside by a new run."""
        asked = {ID.key: experiment_id}
        return tuple(self._database.read(lambda c: c.execute(_STATE, asked).one()))

    def _read(self, experiment_id: int, kinds: tuple[str, ...]) -> Chronicle:
        return Chronicle(
            calls=self._plans.calls(experiment_id),
            alerts=self._alerts.alerts(experiment_id, NEWEST_ALERTS),
            notes=self._notes.notes(experiment_id, kinds, NEWEST_NOTES),
        )


C = calls.c
_STATE = select(
    func.count(),
    func.count(C.withdrawn_at),
    func.max(C.as_of),
    select(KEYS).where(alerts.c.experiment_id == ID).scalar_subquery(),
    select(func.count()).where(notes.c.experiment_id == ID).scalar_subquery(),
).where(C.experiment_id == ID)
