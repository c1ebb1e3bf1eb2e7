"""Old rows become fewer: every row for a day, one in 10 minutes for a week, then one in an hour.

The first row of each bucket stays, since the statistics anchor their steps there. What never goes: protected
rows (a call, an alert or a new minimum of the always-valid p rests on them), daily points, the newest row.

Ages are by the data's clock, from the newest row of the experiment on, because a replay runs faster than we do;
an experiment nobody reads any more goes on ageing by ours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select

from lib.experiments.model import Origin
from lib.history.database import Database
from lib.history.ladder import DAY, HOUR, MINUTE, level_of_width
from lib.history.moments import SECOND, to_micros
from lib.history.schema import snapshots, tracks
from lib.history.snapshots import S

RULES = ((7 * DAY, HOUR), (DAY, 10 * MINUTE))  # older than: one row in
BATCH = 5_000  # rows deleted in one transaction, so that a tick never waits long


def thin(database: Database, now: datetime, at_most: int = 100_000) -> int:
    """Delete what retention allows, up to ``at_most`` rows; the number deleted."""
    deleted = 0
    ids = database.read(
        lambda c: c.execute(select(tracks.c.experiment_id).distinct()).scalars().all()
    )
    for experiment_id in ids:
        rows = database.read(lambda c, e=experiment_id: _newest_rows(c, e))  # type: ignore[misc]  # the default binds the loop's value
        reference = _reference(rows, to_micros(now))
        for row in rows:
            deleted += _thin_track(database, row, reference, at_most - deleted)
    return deleted


def _thin_track(database: Database, newest: Row[Any], reference: int, at_most: int) -> int:
    deleted = 0
    for age_s, width_s in RULES:
        old = _deletable(newest, reference - age_s * SECOND, level_of_width(width_s))
        while deleted < at_most:
            size = min(BATCH, at_most - deleted)
            batch = delete(snapshots).where(S.id.in_(old.limit(size)))
            n = database.write(lambda c, b=batch: c.execute(b).rowcount, 0)  # type: ignore[misc]  # the default binds the loop's value
            deleted += n
            if n < size:
                break
    return deleted


def _deletable(newest: Row[Any], before: int, level: int) -> Any:
    return select(S.id).where(
        S.track_id == newest.track_id,
        S.level.in_(range(level)),
        S.as_of < before,
        S.as_of < newest.as_of,
        S.protection == 0,
        S.origin != Origin.DAILY.value,
    )


def _newest_rows(connection: Connection, experiment_id: int) -> list[Row[Any]]:
    """Track, time and time of reading of each track's newest row."""
    own = select(tracks.c.id).where(tracks.c.experiment_id == experiment_id)
    found: list[Row[Any]] = []
    for track_id in connection.execute(own).scalars().all():
        query: Select[Any] = select(S.track_id, S.as_of, S.taken_at)
        query = query.where(S.track_id == track_id)
        row = connection.execute(query.order_by(S.as_of.desc(), S.revision.desc()).limit(1)).first()
        if row is not None:
            found.append(row)
    return found


def _reference(rows: list[Row[Any]], now: int) -> int:
    """The data's newest moment, and how long ago it was read."""
    if not rows:
        return 0
    newest = max(rows, key=lambda row: (row.as_of, row.taken_at))
    return int(newest.as_of + max(0, now - newest.taken_at))
