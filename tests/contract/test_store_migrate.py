"""Tables are made once, brought up to date in one step, and never left between two versions."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import inspect, text

from lib.experiments.errors import StoreTooNew
from lib.history.database import Database
from lib.history.migrate import VERSION, migrate
from lib.history.schema import metadata
from lib.history.store import Store


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
