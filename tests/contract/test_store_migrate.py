"""Tables are made once, brought up to date in one step, and never left between two versions."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import inspect, text

from lib.experiments.errors import StoreTooNew
from lib.experiments.model import Exposures
from lib.history import codec
from lib.history.database import Database
from lib.history.migrate import migrate
from lib.history.schema import metadata
from lib.history.steps import VERSION
from lib.history.store import Store
from tests.builders import a_snapshot, an_experiment

START = datetime(2026, 5, 1, 9, 0, 3, tzinfo=UTC)


@pytest.fixture
def database(database_url):
    made = Database(database_url)
    yield made
    made.close()


def version(database):
    with database.engine.connect() as connection:
        return connection.execute(text("SELECT version FROM schema_version")).scalars().all()


def has_table(database, name):
    with database.engine.connect() as connection:
        return inspect(connection).has_table(name)


def test_a_new_database_gets_every_table(database):
    """The first start makes all tables and one version row."""
    assert version(database) == [VERSION]
    assert all(has_table(database, name) for name in metadata.tables)


def test_steps_run_in_order_and_once(database):
    """From version n to n + 2 runs both steps, the next start none."""
    steps = {
        VERSION + 1: lambda c: c.execute(text("CREATE TABLE extra (a INTEGER)")),
        VERSION + 2: lambda c: c.execute(text("INSERT INTO extra VALUES (1)")),
    }
    for _ in range(2):
        migrate(database.engine, VERSION + 2, steps)
    assert version(database) == [VERSION + 2]
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT a FROM extra")).scalars().all() == [1]


def as_version_1(database, seen):
    """The database as the first version left it, with the exposures it knew."""
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for words in (
            "DROP TABLE exposure_readings",
            "CREATE TABLE exposures (experiment_id BIGINT PRIMARY KEY, body TEXT NOT NULL)",
            "UPDATE schema_version SET version = 1",
        ):
            connection.execute(text(words))
        row = {"id": 7, "body": codec.dumps(seen)}
        connection.execute(text("INSERT INTO exposures VALUES (:id, :body)"), row)


def test_a_store_of_the_first_version_keeps_its_exposures(database_url):
    """Version 2 keeps exposures reading by reading: the one known before becomes the first, the old table goes,
    and rows written by the first version are still there."""
    old = Store(database_url, clock=lambda: START)
    old.keep([a_snapshot(an_experiment(), [(10, 1), (10, 2)])])
    old.close()
    seen = Exposures(as_of=START, totals={"a": 5}, daily={"a": (("2026-05-01", 5),)}, n_multiple=2)
    database = Database(database_url)
    as_version_1(database, seen)
    database.close()
    store = Store(database_url, clock=lambda: START)
    assert store.exposures(7) == seen
    assert store.exposures(7, known_at=START) == seen
    assert store.exposures(7, known_at=START - timedelta(seconds=1)) is None
    assert len(store.snapshots(7, "m-signup")) == 1
    assert store.remember_exposures(7, replace(seen, n_multiple=3), START + timedelta(hours=1))
    store.close()
    database = Database(database_url)
    assert version(database) == [VERSION]
    assert not has_table(database, "exposures")
    database.close()


def test_a_step_that_fails_leaves_the_old_version(database):
    """Half a migration is none: the table it had made is gone again."""

    def breaks(connection):
        connection.execute(text("CREATE TABLE extra (a INTEGER)"))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        migrate(database.engine, VERSION + 1, {VERSION + 1: breaks})
    assert version(database) == [VERSION]
    assert not has_table(database, "extra")


def test_an_older_program_refuses_a_newer_history(database):
    """The tables stay as they are."""
    migrate(database.engine, VERSION + 1, {VERSION + 1: lambda _connection: None})
    with pytest.raises(StoreTooNew, match=f"format {VERSION + 1}, this one knows {VERSION}"):
        migrate(database.engine)
    assert version(database) == [VERSION + 1]


def test_many_processes_start_at_once(database_url):
    """Whoever comes first makes the tables, the others find them."""
    start = threading.Barrier(4)
    reasons = []

    def open_one():
        start.wait()
        store = Store(database_url, clock=lambda: datetime.now(UTC))
        reasons.append(store.read_only_because)
        store.close()

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reasons == [""] * 4
