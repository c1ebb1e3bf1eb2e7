"""An experiment that starts anew, under the same id but another start date, leaves its earlier run behind.

PostHog's "reset" does this. Nothing is deleted: rows, plan, calls and exposures of the earlier run move to an id
of their own, a negative one, and its alerts keep their place in the timeline under keys that the new run cannot meet.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select, update

from lib.history.database import Database
from lib.history.schema import alerts, calls, deliveries, exposure_readings, plans, tracks

OWNED = (tracks, plans, calls, exposure_readings)
MOST_RUNS = 1000


def retire(database: Database, experiment_id: int) -> int:
    """Move the run kept so far aside; its new id, 0 when there was nothing or it could not be written."""

    def work(connection: Connection) -> int:
        if not any(_count(connection, table, experiment_id) for table in OWNED):
            return 0
        retired = _free_id(connection, experiment_id)
        for table in OWNED:
            rows = update(table).where(table.c.experiment_id == experiment_id)
            connection.execute(rows.values(experiment_id=retired))
        _rename_alerts(connection, experiment_id, f"~{-retired % MOST_RUNS}")
        return retired

    return database.write(work, 0)


def _free_id(connection: Connection, experiment_id: int) -> int:
    """The next of an experiment's retired ids: -(id * 1000 + 1), -(id * 1000 + 2), ..."""
    first = -experiment_id * MOST_RUNS
    for number in range(1, MOST_RUNS):
        if not any(_count(connection, table, first - number) for table in OWNED):
            return first - number
    return first - MOST_RUNS + 1  # a thousand runs under one id: the last ones share theirs


def _count(connection: Connection, table: Table, experiment_id: int) -> int:
    query = select(func.count()).where(table.c.experiment_id == experiment_id)
    return connection.execute(query).scalar() or 0


def _rename_alerts(connection: Connection, experiment_id: int, suffix: str) -> None:
    mine = select(alerts.c.key).where(
        alerts.c.experiment_id == experiment_id, alerts.c.key.not_like("%~%")
    )
    for key in connection.execute(mine).scalars().all():
        sent = update(deliveries).where(deliveries.c.alert_key == key)
        connection.execute(sent.values(alert_key=key + suffix))
        connection.execute(update(alerts).where(alerts.c.key == key).values(key=key + suffix))
