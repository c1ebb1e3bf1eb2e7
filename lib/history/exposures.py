"""Who was exposed, reading by reading: kept when anything changed, so that a replay shows what was known then.

A reading is a few kilobytes of text, packed to a fraction. Old ones become fewer as rows do (``thin``), but the last
of each stretch stays, because it is the one in force at the first row of the next.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, delete, select

from lib.experiments.model import Exposures
from lib.history.database import Database
from lib.history.encode import pack_exposures, unpack_exposures
from lib.history.moments import SECOND, to_micros
from lib.history.schema import exposure_readings
from lib.history.thin import RULES

E = exposure_readings.c
YOUNGEST_S = min(age for age, _ in RULES)
Seen = tuple[int, int]  # experiment, seen at


class ExposureReadings:
    """The rows of ``exposure_readings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, experiment_id: int, seen: Exposures, at: datetime) -> bool:
        """Keep what was seen ``at``, our clock; False when the last reading said the same or nothing can be kept."""
        body = pack_exposures(seen)

        def work(connection: Connection) -> bool:
            if _newest(connection, experiment_id, None) == body:
                return False
            row = {"experiment_id": experiment_id, "seen_at": to_micros(at), "body": body}
            return self._database.insert_once(connection, exposure_readings, row)

        if self._database.read(lambda c: _newest(c, experiment_id, None)) == body:
            return False  # most looks: no lock is taken
        return self._database.write(work, otherwise=False)

    def exposures(self, experiment_id: int, known_at: datetime | None = None) -> Exposures | None:
        """The last reading, or the last one known at a moment of our clock."""
        body = self._database.read(lambda c: _newest(c, experiment_id, to_micros(known_at)))
        return None if body is None else unpack_exposures(body)

    def thin(self, now: datetime) -> int:
        """Let old readings become fewer; the number deleted."""
        kept = select(E.experiment_id, E.seen_at).order_by(E.experiment_id, E.seen_at)
        old = kept.where(E.seen_at < to_micros(now) - YOUNGEST_S * SECOND)
        rows = self._database.read(lambda c: c.execute(old).all())
        gone = _superfluous([(row.experiment_id, row.seen_at) for row in rows], to_micros(now))

        def work(connection: Connection) -> int:
            for experiment_id, seen_at in gone:
                here = (E.experiment_id == experiment_id, E.seen_at == seen_at)
                connection.execute(delete(exposure_readings).where(*here))
            return len(gone)

        return self._database.write(work, 0) if gone else 0


def _newest(connection: Connection, experiment_id: int, known_at: int | None) -> bytes | None:
    query = select(E.body).where(E.experiment_id == experiment_id)
    if known_at is not None:
        query = query.where(E.seen_at <= known_at)
    body = connection.execute(query.order_by(E.seen_at.desc()).limit(1)).scalar()
    return None if body is None else bytes(body)


def _superfluous(rows: list[Seen], now: int) -> list[Seen]:
    """Readings, in order, whose stretch of time has a later one of the same experiment."""
    gone = []
    for (one, at), (other, later) in pairwise(rows):
        age_s = (now - later) / SECOND
        width_s = next((width for age, width in RULES if age_s > age), 0)
        if one == other and width_s and at // (width_s * SECOND) == later // (width_s * SECOND):
            gone.append((one, at))
    return gone
