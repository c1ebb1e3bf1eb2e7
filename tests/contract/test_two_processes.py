"""Two processes on one PostgreSQL; ``tests/bench/two_processes.py`` prints the same at length."""

import time

import pytest

from lib.demo.server import StandIn
from tests.bench.two_processes import (
    Screen,
    asked_within,
    differences,
    env_of,
    settle,
    twice,
    wait_until,
)
from tests.contract.standin import few_experiments

POLL_S = 2.0


@pytest.fixture
def stand_in(tmp_path):
    """A few experiments, an hour a minute."""
    made = StandIn(data=few_experiments(tmp_path), speed=60, limits=False)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def screens():
    """Processes with one viewer each, killed at the end."""
    made = []
    yield made
    for screen in made:
        screen.kill()


def test_two_processes_ask_as_one_and_the_other_goes_on(server, stand_in, screens):
    """Both screens agree, one process alone asks, and 30 s after its death the other does; nothing stands twice."""
    url = server.new_database()
    env = env_of(stand_in, url, POLL_S)
    screens.append(Screen(env))
    assert wait_until(lambda: screens[0].seen, 60) is not None
    settle(stand_in, 90)
    alone = asked_within(stand_in, 16)
    screens.append(Screen(env))
    first, other = screens
    assert wait_until(lambda: other.seen, 60) is not None
    assert asked_within(stand_in, 16) <= 1.3 * alone + 3
    assert first.polls
    assert not other.polls
    n, differ = differences(first, other)
    assert n >= 2
    assert not differ, "\n".join(differ)
    assert first.last["listed"] == other.last["listed"]
    assert first.last["names"] == other.last["names"]
    assert first.last["cadence_s"] == other.last["cadence_s"]
    newest = other.last["as_of"]
    first.kill()
    taken = wait_until(lambda: other.polls, 40)
    assert taken is not None
    assert taken <= 30
    assert wait_until(lambda: other.last["as_of"] > newest, 30) is not None
    time.sleep(2 * POLL_S)
    assert twice(url) == {"rows": 0, "alerts": 0, "calls": 0}


def test_trouble_upstream_is_told_on_every_screen(server, stand_in, screens):
    """A screen whose process never asks says within 20 s that PostHog is away, and that it is back."""
    env = env_of(stand_in, server.new_database(), POLL_S)
    screens += [Screen(env), Screen(env)]
    assert wait_until(lambda: all(s.seen for s in screens), 60) is not None
    stand_in.fault("500")
    assert wait_until(lambda: all(s.last["trouble"] == "down" for s in screens), 20) is not None
    assert all(s.last["shown"] for s in screens)
    stand_in.heal()
    assert wait_until(lambda: all(s.last["trouble"] is None for s in screens), 20) is not None
