"""Disk full, file read-only, file locked, server away: reading goes on, writing says why, and both recover."""

import contextlib
import os
import pwd
import resource
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from lib.experiments.errors import StoreError, StoreTooNew
from lib.experiments.model import Alert, AlertKind, Plan, Snapshot, Totals
from lib.history import database
from lib.history.store import Store
from tests.postgres import Server

START = datetime(2026, 5, 1, tzinfo=UTC)
PLAN = Plan(experiment_id=1, mde=0.05, n_per_arm=(1.0,), days=14.0, frozen_at=START)
ALERT = Alert(key="k", experiment_id=1, kind=AlertKind.UNLIKELY, text="Hm.", raised_at=START)


def reading(i, key="control"):
    return Snapshot(
        experiment_id=1,
        metric_id="m",
        as_of=START + timedelta(seconds=i),
        taken_at=START + timedelta(seconds=i),
        totals=(Totals(variant_key=key, n=i, total=1.0, total_sq=1.0),),
    )


def open_store(url):
    return Store(url, clock=lambda: START)


@pytest.fixture
def open_folder():
    """A folder that another user may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextlib.contextmanager
def somebody_else():
    """Without the rights of root, whom no file mode stops."""
    if os.geteuid() != 0:
        yield
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    os.seteuid(nobody)
    try:
        yield
    finally:
        os.seteuid(0)


def every_write(store):
    """Each kind of write once; what it answers when nothing can be kept."""
    return {
        "keep": store.keep([reading(0)]),
        "plan": store.freeze_plan(PLAN),
        "alert": store.raise_alert(ALERT, [("slack", "{}")]),
        "setting": store.put_setting("a", "b"),
        "thumb": store.set_thumb("1", up=True),
        "message": store.add_message("c", role="user", text="hi", at=START).id,
        "note": store.keep_note(1, "gap", "k", "text", START),
        "lease": store.lease("poll", "me", 30),
    }


REFUSED = {
    "keep": 0,
    "plan": PLAN,
    "alert": False,
    "setting": False,
    "thumb": False,
    "message": "",
    "note": False,
    "lease": True,
}


def fill_up(store):
    """Write until the store refuses; at most 1 MB."""
    for i in range(10, 300):
        if not store.keep([reading(1000 * i + j) for j in range(40)]):
            return
    raise AssertionError("the disk did not fill up")


def test_disk_full_and_room_again(tmp_path):
    """On a full disk the reason is told, reading goes on, nothing raises; with room again writing recovers."""
    store = open_store(f"sqlite:///{tmp_path / 'h.sqlite3'}")
    store.keep([reading(1)])
    engine = store._database.engine
    engine.dispose()

    def small_disk(connection, _record):
        connection.execute("PRAGMA max_page_count=60")

    event.listen(engine, "connect", small_disk)
    fill_up(store)
    assert store.read_only_because.startswith("Nothing is being kept: the disk is full")
    assert "Live figures go on; alerts wait." in store.read_only_because
    assert store.newest(1, "m", at=START + timedelta(seconds=1)) == reading(1)
    assert store.keep([reading(999_000 + i) for i in range(100)]) == 0
    event.remove(engine, "connect", small_disk)
    engine.dispose()
    assert store.keep([reading(999)]) == 40 + 100 + 1, "what was refused is kept now"
    assert store.read_only_because == ""
    store.close()


def test_a_file_that_cannot_grow(tmp_path):
    """The operating system refuses to write on: no exception, no half row, and recovery."""
    path = tmp_path / "h.sqlite3"
    store = open_store(f"sqlite:///{path}")
    store.keep([reading(1)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, hard))
    try:
        answers = [store.keep([reading(100 * i + j) for j in range(50)]) for i in range(1, 20)]
        assert 0 in answers
        assert store.read_only_because.startswith("Nothing is being kept: the disk")
        assert store.newest(1, "m", at=START + timedelta(seconds=1)) == reading(1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.keep([reading(99_999)]) == 50 * answers.count(0) + 1
    assert store.read_only_because == ""
    assert len(store.snapshots(1, "m")) == 2 + 50 * len(answers)
    store.close()


def test_a_read_only_file_is_read(open_folder):
    """A file and folder that may only be read: every read works, every write says why and does not raise."""
    path = open_folder / "h.sqlite3"
    store = open_store(f"sqlite:///{path}")
    store.keep([reading(1)])
    store.close()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with somebody_else():
        store = open_store(f"sqlite:///{path}")
        assert store.newest(1, "m") == reading(1)
        assert every_write(store) == REFUSED
        assert (
            "read-only" in store.read_only_because or "cannot be opened" in store.read_only_because
        )
        assert store.newest(1, "m") == reading(1)
        assert store.plan(1) is None
        store.close()
    open_folder.chmod(0o755)
    path.chmod(0o644)


def test_no_place_at_all(open_folder):
    """Without a file and without the right to make one the store opens, says why, and refuses both ways."""
    open_folder.chmod(0o555)
    with somebody_else():
        store = open_store(f"sqlite:///{open_folder / 'sub' / 'h.sqlite3'}")
        assert store.read_only_because.startswith("Nothing is being kept: ")
        assert every_write(store) == REFUSED
        with pytest.raises(StoreError, match="cannot be read"):
            store.newest(1, "m")
    open_folder.chmod(0o755)
    assert store.keep([reading(1)]) == 2, "the refused one as well"
    assert store.snapshots(1, "m") == (reading(0), reading(1))
    store.close()


def test_a_file_somebody_else_holds(tmp_path):
    """While another program writes for long, writing is refused with that reason and reading goes on.

    One waits for it and the next are refused at once: a question is not to wait for every writer before it.
    """
    path = tmp_path / "h.sqlite3"
    store = open_store(f"sqlite:///{path}")
    store.keep([reading(1)])
    store._database.engine.dispose()

    def impatient(connection, _record):
        connection.execute("PRAGMA busy_timeout=400")

    event.listen(store._database.engine, "connect", impatient)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.keep([reading(2)]) == 0
    assert "another program holds the file" in store.read_only_because
    assert store.newest(1, "m") == reading(1)
    began = time.monotonic()
    assert not any(store.put_setting("mine", str(i)) for i in range(5))
    assert time.monotonic() - began < 0.4
    assert "another program holds the file" in store.read_only_because
    other.execute("ROLLBACK")
    other.close()
    store._database._away_until = 0.0
    assert store.keep([reading(2)]) == 1
    store.close()


def test_a_small_write_beside_unending_ones(tmp_path):
    """However much others of this process write on a slow disk, a question finds its turn."""
    store = open_store(f"sqlite:///{tmp_path / 'h.sqlite3'}")
    over = threading.Event()

    def slowly(connection):
        connection.execute(text("DELETE FROM settings WHERE name = 'others'"))
        time.sleep(0.05)

    def on_and_on():
        while not over.is_set():
            store._database.write(slowly, None)

    with ThreadPoolExecutor(2) as others:
        for _ in range(2):
            others.submit(on_and_on)
        try:
            kept = [(store.put_setting("mine", str(i)), store.read_only_because) for i in range(30)]
        finally:
            over.set()
    assert kept == [(True, "")] * 30
    store.close()


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    """A batch that fails in the middle is gone as a whole, names made on the way included."""
    store = open_store(f"sqlite:///{tmp_path / 'h.sqlite3'}")
    store.keep([reading(1)])
    engine = store._database.engine
    engine.dispose()

    def small_disk(connection, _record):
        connection.execute("PRAGMA max_page_count=60")

    event.listen(engine, "connect", small_disk)
    batch = [replace(reading(i, key="late"), metric_id="new") for i in range(5000)]
    assert store.keep(batch) == 0
    assert store.snapshots(1, "new") == ()
    event.remove(engine, "connect", small_disk)
    engine.dispose()
    assert store.keep(batch) == 5000
    assert store.newest(1, "new") == batch[-1]
    store.close()


def test_too_many_readers(tmp_path):
    """When every connection is taken, a read or write gives up with that reason and works again later."""
    store = open_store(f"sqlite:///{tmp_path / 'h.sqlite3'}")
    engine = store._database.engine
    engine.pool._timeout = 0.05
    taken = [engine.connect() for _ in range(25)]
    with pytest.raises(StoreError, match="too many readers"):
        store.newest(1, "m")
    assert store.keep([reading(1)]) == 0
    assert "too many readers" in store.read_only_because
    for connection in taken:
        connection.close()
    assert store.keep([reading(1)]) == 1
    store.close()


def test_a_file_that_is_no_history(tmp_path):
    """Some other file is not overwritten; the sentence says what is wrong."""
    path = tmp_path / "h.sqlite3"
    path.write_bytes(b"Dear diary, " * 500)
    store = open_store(f"sqlite:///{path}")
    assert store.keep([reading(1)]) == 0
    assert "damaged" in store.read_only_because
    with pytest.raises(StoreError, match="damaged"):
        store.newest(1, "m")
    store.close()
    assert path.read_bytes().startswith(b"Dear diary")


def test_a_newer_history_is_refused(database_url):
    """A store of a later version is not touched, whatever is asked; the sentence says what to do."""
    store = open_store(database_url)
    with store._database.engine.connect().execution_options(writes=True) as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
        connection.commit()
    store.close()
    with pytest.raises(StoreTooNew, match="A newer version of the dashboard wrote this history"):
        open_store(database_url)


def test_postgres_away_and_back(monkeypatch):
    """While the server is away writing says so and reading raises; the address and password stay out of it."""
    monkeypatch.setattr(database, "AWAY_S", 0.0)
    server = Server().start()
    try:
        url = server.new_database().replace("tests@", "tests:hunter2@")
        store = open_store(url)
        store.keep([reading(1)])
        server.pause()
        assert every_write(store) == REFUSED
        assert store.read_only_because.startswith(
            "Nothing is being kept: the database does not answer"
        )
        with pytest.raises(StoreError) as caught:
            store.newest(1, "m")
        late = open_store(url)  # started while the server is away
        assert late.read_only_because
        for sentence in (str(caught.value), store.read_only_because, late.place):
            assert "hunter2" not in sentence
        server.resume()
        assert store.newest(1, "m") == reading(1)
        assert store.keep([reading(2)]) == 2, "the refused one as well"
        assert late.newest(1, "m") == reading(2)
        assert late.keep([reading(3)]) == 1
        assert store.read_only_because == late.read_only_because == ""
        with store.together():  # the shared connection breaks, and the next read opens another
            assert store.newest(1, "m") == reading(3)
            server.pause()
            with pytest.raises(StoreError):
                store.newest(1, "m")
            server.resume()
            assert store.newest(1, "m") == reading(3)
        store.close()
        late.close()
    finally:
        server.stop()


def test_one_waits_for_a_server_that_is_silent_not_all(monkeypatch):
    """Who found it silent paid with seconds; for a while the others are refused at once, then it is asked again."""
    server = Server().start()
    try:
        store = open_store(server.new_database())
        store.keep([reading(1)])
        tried = []
        pool = store._database.engine.pool
        connect = pool.connect

        def counted():
            tried.append(None)
            return connect()

        monkeypatch.setattr(pool, "connect", counted)
        server.pause()
        for _ in range(5):
            with pytest.raises(StoreError, match="does not answer"):
                store.newest(1, "m")
            assert store.keep([reading(2)]) == 0
        assert len(tried) == 1
        server.resume()
        monkeypatch.setattr(store._database, "_away_until", 0.0)
        assert store.newest(1, "m") == reading(1)
        store.close()
    finally:
        server.stop()
