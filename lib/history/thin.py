"""Old rows become fewer: every row for a day, one in 10 minutes for a week, then one in an hour.

The first row of each bucket stays, since the statistics anchor their steps there. What never goes: protected
rows (a call, an alert or a new minimum of the always-valid p rests on them), daily points, the newest row.

Ages are by the data's clock, from the newest row of the experiment on, because a replay runs faster than we do;
an experiment nobody reads any more goes on ageing by ours.
"""

from __future__ import annotations

from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, delete, select

from lib.experiments.model import Origin
from lib.history.database import Database
from lib.history.ladder import DAY, HOUR, MINUTE, level_of_width
from lib.history.moments import SECOND, to_micros
from lib.history.schema import protections, snapshots, tracks
from lib.history.snapshots import EVENT, MINIMUM, S

RULES = ((7 * DAY, HOUR), (DAY, 10 * MINUTE))  # older than: one row in
BATCH = 5_000  # rows looked at in one transaction, so that a tick never waits long
P = protections.c


Stretch = tuple[int, int, int]  # track, level, before


class _Batch(NamedTuple):
    """Rows to delete, out of how many looked at, up to where."""

    ids: list[int]
    n_seen: int
    last: int


def thin(database: Database, now: datetime, at_most: int = 100_000) -> int:
    """Delete what retention allows, up to about ``at_most`` rows; the number deleted."""
    query = select(tracks.c.experiment_id).distinct()
    n = 0
    for experiment_id in database.read(lambda c: c.execute(query).scalars().all()):
        n += _thin_experiment(database, experiment_id, to_micros(now), at_most - n)
    return n


def _thin_experiment(database: Database, experiment_id: int, now: int, at_most: int) -> int:
    rows = database.read(lambda c: _newest_rows(c, experiment_id))
    reference = _reference(rows, now)
    n = 0
    for newest, (age_s, width_s) in product(rows, RULES):
        before = min(reference - age_s * SECOND, newest.as_of)
        for level in range(level_of_width(width_s)):
            n += _thin_level(database, (newest.track_id, level, before), at_most - n)
    return n


def _thin_level(database: Database, stretch: Stretch, at_most: int) -> int:
    """Delete in one stretch of the index by level, batch by batch from its beginning."""
    n, after = 0, -(2**62)
    while n < at_most:
        begin = after  # bound for the two steps of this round
        batch = database.read(lambda c, b=begin: _deletable(c, stretch, b))  # type: ignore[misc]  # b is bound here
        if batch.ids:
            gone = delete(snapshots).where(S.id.in_(batch.ids))
            n += database.write(lambda c, g=gone: c.execute(g).rowcount, 0)  # type: ignore[misc]  # g is bound here
        if batch.n_seen < BATCH or database.read_only_because:
            break
        after = batch.last
    return n


def _deletable(connection: Connection, stretch: Stretch, after: int) -> _Batch:
    """The next rows of a stretch, without those that must stay."""
    track_id, level, before = stretch
    query = select(S.id, S.as_of, S.origin).where(S.track_id == track_id, S.level == level)
    query = query.where(S.as_of > after, S.as_of < before).order_by(S.as_of).limit(BATCH)
    rows = connection.execute(query).all()
    last = rows[-1].as_of if rows else after
    marks = select(P.as_of).where(P.track_id == track_id, P.why.in_((MINIMUM, EVENT)))
    marks = marks.where(P.as_of > after, P.as_of <= last)
    stay = set(connection.execute(marks).scalars().all())
    daily = Origin.DAILY.value
    ids = [row.id for row in rows if row.as_of not in stay and row.origin != daily]
    return _Batch(ids, len(rows), last)


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
