"""Tables are made or brought up to date when a store is opened; a newer store is refused.

One row says which version wrote the tables. A step from one version to the next is a function in ``steps``;
all missing steps run in one transaction, so a store is of one version or the other, never between.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text

from lib.experiments.errors import StoreTooNew
from lib.history.schema import metadata, versions
from lib.history.steps import STEPS, VERSION, Steps

MIGRATION_LOCK = 7_203_114  # any number, the same in every process


def migrate(engine: Engine, version: int = VERSION, steps: Steps = STEPS) -> None:
    """Bring the tables to ``version``; cheap and without a write when they are there already.

    Raises:
        StoreTooNew: a newer version of this program wrote them.
    """
    with engine.connect() as connection:
        if refuse_newer(connection, version) == version:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _bring_up(connection, version, steps)


def refuse_newer(connection: Connection, version: int = VERSION) -> int | None:
    """The version found, None in an empty database.

    Raises:
        StoreTooNew: it is newer than ``version``.
    """
    found = _version(connection)
    if found is not None and found > version:
        raise StoreTooNew(
            f"A newer version of the dashboard wrote this history (format {found}, this one knows {version}). "
            "Use that version, or another place by DASHBOARD_DATABASE_URL."
        )
    return found


def _bring_up(connection: Connection, version: int, steps: Steps) -> None:
    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE already keeps others out
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
    found = refuse_newer(connection, version)  # another process may have been faster
    if found is None:
        metadata.create_all(connection)
    else:
        for number in range(found + 1, version + 1):
            steps[number](connection)
    connection.execute(delete(versions))
    connection.execute(insert(versions).values(version=version))


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(versions.name):
        return None
    return connection.execute(select(versions.c.version)).scalar()
