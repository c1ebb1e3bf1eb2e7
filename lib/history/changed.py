"""One small read that says whether anything was added or changed: what happens seldom is then read seldom.

The answers mean nothing by themselves; a reader compares one with the one before.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, Text, bindparam, cast, func, literal, select

from lib.history.database import Database
from lib.history.schema import alerts, calls, notes, settings

ID = bindparam("experiment_id", type_=BigInteger)
KEYS = func.sum(func.length(alerts.c.key))  # grows with an alert, and when a new run renames some
HAPPENED = select(
    func.count(),
    func.count(calls.c.withdrawn_at),
    func.max(calls.c.as_of),
    select(KEYS).where(alerts.c.experiment_id == ID).scalar_subquery(),
    select(func.count()).where(notes.c.experiment_id == ID).scalar_subquery(),
).where(calls.c.experiment_id == ID)


def happened(database: Database, experiment_id: int) -> Hashable:
    """Differs when a call, alert or note was added, withdrawn, or moved aside by a new run."""
    asked = {ID.key: experiment_id}
    return tuple(database.read(lambda c: c.execute(HAPPENED, asked).one()))


def heard(database: Database, prefix: str) -> Hashable:
    """Differs when an alert was added or renamed, or a setting whose name begins so was changed."""
    rows = database.read(lambda c: c.execute(_heard(prefix)).all())
    return frozenset(tuple(row) for row in rows)


@cache
def _heard(prefix: str) -> CompoundSelect[Any]:
    """The settings under a prefix, and a row without a name for the alerts."""
    mine = select(settings.c.name, settings.c.value)
    mine = mine.where(settings.c.name.startswith(prefix, autoescape=True))
    return mine.union_all(select(literal(""), cast(KEYS, Text)))
