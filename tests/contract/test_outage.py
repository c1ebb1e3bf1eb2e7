"""PostHog dies for three minutes: what a viewer sees, what it costs, and how it comes back.

The stand-in is a process of its own on a fixed port, killed with SIGKILL; our clocks are moved by hand, so that
three minutes pass at once.
"""

import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from lib.history.store import Store
from lib.live.feed import Hub
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.client import PostHogSource
from tests.contract.standin import few_experiments

ROOT = Path(__file__).parents[2]
WATCHED = 102  # simulated, "Checkout button"


class Hand:
    """Our clock, from now on moved by the test alone."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def seconds(self):
        return self.now.timestamp()

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


class Counting(httpx.HTTPTransport):
    """The real network, each attempt counted."""

    def __init__(self):
        super().__init__()
        self.n = 0

    def handle_request(self, request):
        self.n += 1
        return super().handle_request(request)


class Standing:
    """The stand-in's process on one port, to be killed and started again."""

    def __init__(self, data):
        self._data = data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None

    def start(self, **options):
        given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        command = [sys.executable, "-m", "lib.demo", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--data", str(self._data), *given],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline().strip() == self.url
        self.began = time.time()

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process.stdout.close()


@pytest.fixture
def standing(tmp_path):
    """A few replayed experiments and the simulated ones."""
    found = Standing(few_experiments(tmp_path))
    found.start()
    yield found
    found.kill()


class Page:
    """A viewer's eye on one experiment, and the hub behind it."""

    def __init__(self, standing, folder):
        self.clock, self.transport = Hand(), Counting()
        settings = PostHogSettings(host=standing.url, project_id="1", api_key=Secret("phx_demo"))
        source = PostHogSource(
            settings, clock=self.clock, transport=self.transport,
            sleep=self.clock.sleep, random=lambda: 0.5, monotonic=self.clock.seconds,
        )  # fmt: skip
        self.store = Store(f"sqlite:///{folder}/h.sqlite3", clock=self.clock)
        self.hub = Hub(
            source, self.store, clock=self.clock, monotonic=self.clock.seconds, speed_hint=720
        )
        self.seen = None

    def watch(self, seconds, until=lambda view: False):
        """Look each second; how many seconds passed until ``until`` held, None if it never did."""
        for passed in range(round(seconds)):
            self.hub.look(WATCHED)
            self.hub.round(wait=True)
            self.seen = self.hub.look(WATCHED)
            if self.seen is not None and until(self.seen):
                return passed
            self.clock.sleep(1)
        return None

    def close(self):
        self.hub.stop()
        self.store.close()


@pytest.fixture
def page(standing, tmp_path):
    found = Page(standing, tmp_path)
    assert found.watch(30, lambda view: view.primary is not None) is not None
    yield found
    found.close()


def has_trouble(view):
    return view.trouble is not None


def is_well(view):
    return view.trouble is None and view.primary is not None


def test_three_minutes_without_posthog(page, standing):
    """Trouble is told within 20 s, the last good numbers stay, fewer than 30 requests are made, and 20 s after its return all is well."""
    good = page.seen
    standing.kill()
    asked = page.transport.n
    told = page.watch(180, has_trouble)
    assert told is not None
    assert told <= 20
    page.watch(180 - told)
    assert page.seen.primary == good.primary
    assert page.seen.checked_at == good.checked_at
    assert "PostHog" in page.seen.trouble.sentence
    assert page.transport.n - asked < 30
    standing.start(since=standing.began)
    back = page.watch(60, is_well)
    assert back is not None
    assert back <= 20
    httpx.post(f"{standing.url}/_clock", json={"jump_s": 4 * 3600})  # a run's worth and more
    page.watch(12)
    assert page.seen.primary.snapshot.as_of > good.primary.snapshot.as_of


def test_a_replay_that_begins_anew_is_another_run(page, standing):
    """After a restart with other start dates the new run's numbers stand there within 20 s, and none of the old."""
    good = page.seen
    standing.kill()
    page.watch(60)
    standing.start(start_day=5)
    back = page.watch(
        60, lambda v: is_well(v) and v.experiment.started_at != good.experiment.started_at
    )
    assert back is not None
    assert back <= 20
    assert page.seen.primary.snapshot.as_of <= page.seen.server_now
    rows = page.store.snapshots(WATCHED, page.seen.primary.metric.id)
    assert all(row.as_of >= page.seen.experiment.started_at for row in rows)
