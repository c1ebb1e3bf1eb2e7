"""Old rows become fewer while the hub runs."""

import pytest

from lib.history.store import Store
from lib.live.feed import Hub
from tests.unit.live.sources import Hand, HandSource, an_experiment


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def store(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path}/h.sqlite3", clock=clock)
    yield store
    store.close()


def rounds(hub, clock, n, step_s):
    for _ in range(n):
        hub.look(1)
        hub.round(wait=True)
        clock.pass_(step_s)


def test_the_hub_thins_old_rows_once_an_hour(store, clock):
    """Rows of every 10 s are one in 10 minutes two days later, without anybody asking for it."""
    hub = Hub(HandSource(clock), store, clock=clock, monotonic=clock.seconds)
    rounds(hub, clock, 120, 10)  # 20 minutes
    experiment = an_experiment()
    metric = experiment.metrics[0]
    begun = clock()
    assert len(store.series(experiment, metric, until=begun)) > 120
    clock.pass_(2 * 86_400)
    rounds(hub, clock, 2, 10)
    rounds(hub, clock, 2, 3600)
    hub.stop()
    fine = store.series(experiment, metric, until=begun)
    daily = 9
    assert len(fine) <= daily + 20 // 10 + 8  # and the rows the evidence rests on


def test_a_follower_does_not_thin(store, clock):
    """Only the process with the lease deletes."""
    store.lease("poller", "somebody else", 1e9)
    hub = Hub(HandSource(clock), store, clock=clock, monotonic=clock.seconds)
    thinned = []
    store.thin = lambda: thinned.append(1)
    rounds(hub, clock, 4, 3600)
    hub.stop()
    assert not thinned
