"""A store for every test of the hub's parts that asks for one."""

import pytest

from lib.history.store import Store
from tests.unit.live.sources import Hand


@pytest.fixture
def store():
    store = Store("sqlite://", clock=Hand())
    yield store
    store.close()
