"""One process at a time holds a name, e.g. the right to poll and announce; the others wait for its time to end.

On PostgreSQL the server's clock decides, so machines whose clocks differ agree. On SQLite every holder is on
this machine and the store's clock decides.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, cast, delete, extract, func, select

from lib.experiments.model import Clock
from lib.history.database import Database
from lib.history.moments import SECOND, to_micros
from lib.history.schema import leases


class Leases:
    """The rows of ``leases``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or renew for ``ttl_s`` seconds; True for exactly one holder at a time.

        Also True while nothing can be kept: then every process goes on live for itself.
        """
        now = self._now()
        until = now + round(ttl_s * SECOND)
        row = self._database.insert(leases).values(name=name, holder=holder, until=until)
        free = (leases.c.holder == holder) | (leases.c.until < now)
        new = {"holder": holder, "until": until}
        row = row.on_conflict_do_update(index_elements=["name"], set_=new, where=free)
        return self._database.write(
            lambda c: c.execute(row.returning(leases.c.name)).first() is not None, otherwise=True
        )

    def release(self, name: str, holder: str) -> bool:
        """Give it back early; False when somebody else holds it."""
        own = delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        return self._database.write(lambda c: c.execute(own).rowcount == 1, otherwise=False)

    def holder(self, name: str) -> str | None:
        """Who holds it now."""
        query = select(leases.c.holder).where(leases.c.name == name, leases.c.until >= self._now())
        return self._database.read(lambda c: c.execute(query).scalar())

    def _now(self) -> Any:
        if self._database.is_postgres:
            seconds = extract("epoch", func.clock_timestamp())
            return cast(seconds * SECOND, BigInteger)
        return to_micros(self._clock())
