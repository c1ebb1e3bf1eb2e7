"""The history cannot be written or read for a while: the watch goes on live, says so, and keeps what it saw afterwards."""

import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from lib.history import database, waiting
from lib.history.store import Store
from lib.live.announce import Announcer
from lib.live.feed import Hub
from tests.postgres import Server
from tests.unit.live.sources import START, Hand, HandSource

SENTENCE = "Nothing is being kept: "
TICKS = 5


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def postgres(monkeypatch):
    """A server to be stopped and started again; asked again at once when it is back."""
    monkeypatch.setattr(database, "AWAY_S", 0.5)
    server = Server().start()
    yield server
    server.stop()


@pytest.fixture
def store(tmp_path, clock):
    """On a file."""
    made = Store(f"sqlite:///{tmp_path / 'h.sqlite3'}", clock=clock)
    yield made
    made.close()


@contextmanager
def refusing(store):
    """Nothing can be written meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store._database, "write", lambda _work, otherwise: otherwise)
        yield


def a_hub(store, clock, rates=(0.1, 0.1)):
    """With somebody who looks, and alerts."""
    made = Hub(HandSource(clock, rates=rates), store, clock=clock, monotonic=clock.seconds)
    made.on_view(Announcer(store, clock=clock))
    made.look(1)
    made.round(wait=True)
    return made


def tick(hub, clock):
    """Ten seconds later, with somebody who looks."""
    clock.pass_(10)
    hub.look(1)
    hub.round(wait=True)
    return hub.look(1)


def kept(store, since):
    """The moments in the store."""
    return [row.as_of for row in store.snapshots(1, "m1", since=since)]


def test_live_goes_on_without_postgres(postgres, clock):
    """Every tick brings numbers while the server is away; back again, no moment is missing and nothing is left over."""
    store = Store(postgres.new_database(), clock=clock)
    hub = a_hub(store, clock)
    first = hub.look(1).as_of
    postgres.pause()
    began = time.monotonic()
    for _ in range(TICKS):
        view = tick(hub, clock)
        assert view.as_of == view.checked_at == clock()
        assert store.read_only_because.startswith(SENTENCE)
    assert time.monotonic() - began < TICKS * 2
    assert not hub.health().loop_error
    postgres.resume()
    time.sleep(0.6)
    after = tick(hub, clock)
    assert after.trouble is None
    assert store.read_only_because == ""
    moments = [first + timedelta(seconds=10 * i) for i in range(TICKS + 2)]
    assert kept(store, first) == moments
    again = Hub(hub._source, store, clock=clock, monotonic=clock.seconds)
    again.look(1)
    again.round(wait=True)
    assert again.look(1).primary == after.primary, "a restart finds the rows it was fed"
    hub.stop()
    store.close()


def test_live_goes_on_with_a_full_disk(store, clock):
    """The same where only writing fails; a call made meanwhile is kept and told once there is room."""
    hub = a_hub(store, clock)
    first = hub.look(1).as_of
    engine = store._database.engine
    engine.dispose()

    def full(connection, _record):
        connection.execute("PRAGMA query_only=ON")

    event.listen(engine, "connect", full)
    hub._source.rates = (0.1, 0.16)
    for _ in range(TICKS):
        view = tick(hub, clock)
        assert view.as_of == clock()
    assert "read-only" in store.read_only_because
    assert store.calls(1) == ()
    assert store.alerts(1) == ()
    event.remove(engine, "connect", full)
    engine.dispose()
    tick(hub, clock)
    assert kept(store, first) == [first + timedelta(seconds=10 * i) for i in range(TICKS + 2)]
    (call,) = store.calls(1)
    assert first < call.as_of <= clock()
    tick(hub, clock)
    assert [alert.experiment_id for alert in store.alerts(1)] == [1]
    assert store.alerts(1)[0].raised_at > START
    hub.stop()


def test_what_waits_is_bounded(store, clock, monkeypatch):
    """Of a very long trouble the newest rows are kept later."""
    monkeypatch.setattr(waiting, "MOST", 3)
    source = HandSource(clock)
    with refusing(store):
        for _ in range(5):
            clock.pass_(10)
            assert store.keep([source.snapshot(source.known[0], clock())]) == 0
    clock.pass_(10)
    assert store.keep([source.snapshot(source.known[0], clock())]) == 4
    assert store.newest(1, "m1").as_of == clock()


def test_a_plan_made_meanwhile_is_kept(store, clock):
    """What was frozen while nothing could be written is what a restart finds."""
    with refusing(store):
        hub = a_hub(store, clock)
        frozen = hub.look(1).primary.plan
        assert store.plan(1) is None
    clock.pass_(86_400)
    assert tick(hub, clock).primary.plan == store.plan(1) == frozen
    hub.stop()


def test_what_waits_of_a_run_that_is_over_is_dropped(store, clock):
    """Rows of an earlier run never come into the new one."""
    source = HandSource(clock)
    with refusing(store):
        store.keep([source.snapshot(source.known[0], clock())])
    store.retire(1)
    clock.pass_(10)
    assert store.keep([source.snapshot(source.known[0], clock())]) == 1
