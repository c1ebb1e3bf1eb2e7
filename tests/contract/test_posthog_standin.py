"""The client against the stand-in over real HTTP, in both styles, with faults; time is in the test's hand."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from lib.demo.server import StandIn
from lib.experiments.errors import SourceDown, SourceRefused, SourceSurprise
from lib.experiments.model import MetricKind, Origin
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog import wire
from lib.sources.posthog.client import PostHogSource
from tests.contract.source_contract import SourceContract
from tests.contract.standin import CHECKOUT, DRAFT, LEGACY, ONBOARDING, START


class Served:
    """A stand-in and its clock, shared by the tests of a module: starting one takes a second."""

    def __init__(self, **options):
        self.now = START
        self.stand_in = StandIn(now=lambda: self.now, **options)
        self.url = self.stand_in.start()
        self.is_alive = True

    def die(self):
        self.stand_in.stop()
        self.is_alive = False

    def revive(self):
        if not self.is_alive:
            self.stand_in._port = int(self.url.rpartition(":")[2])
            self.stand_in.start()
            self.is_alive = True


class World:
    """What the source contract asks for: a new source on a stand-in that is alive and well."""

    running, draft = ONBOARDING, DRAFT

    def __init__(self, served):
        self.served, self.stand_in = served, served.stand_in
        self.die, self.revive = served.die, served.revive
        self.settings = PostHogSettings(host=served.url, project_id="1", api_key=Secret("phx_demo"))
        self._made = []
        self.source = self.made()

    @property
    def now(self):
        return self.served.now

    def wait(self, seconds):
        self.served.now += seconds

    def made(self, **changes):
        source = PostHogSource(
            replace(self.settings, **changes),
            clock=lambda: datetime.fromtimestamp(self.now, UTC),
            sleep=self.wait,
            random=lambda: 0.5,
            monotonic=lambda: self.now,
        )
        self._made.append(source)
        return source

    def read(self, identity):
        """Look until there are numbers, at most a minute; old servers calculate first."""
        for _ in range(6):
            reading = self.source.read(identity, is_watched=True)
            if len(reading.snapshots) == len(reading.experiment.metrics):
                break
            self.wait(10)
        return reading

    def close(self):
        for source in self._made:
            source.close()
        self.served.revive()
        self.stand_in.heal()


@contextmanager
def served(**options):
    found = Served(**options)
    try:
        yield found
    finally:
        found.stand_in.stop()


@contextmanager
def a_world(served_one):
    world = World(served_one)
    try:
        yield world
    finally:
        world.close()


@pytest.fixture(scope="module")
def new_style():
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def old_style():
    with served(style="2025") as found:
        yield found


@pytest.fixture
def world(new_style):
    with a_world(new_style) as found:
        yield found


class TestPostHogOf2026(SourceContract):
    """PostHog with stored runs."""


class TestPostHogOf2025(SourceContract):
    """PostHog without stored runs."""

    @pytest.fixture
    def world(self, old_style):
        with a_world(old_style) as found:
            yield found


def test_costs_of_a_watched_experiment(world):
    """Six runs and one configuration a minute, counted by the server; nothing is written, nothing refused."""
    for _ in range(6):
        world.source.read(CHECKOUT, is_watched=True)
        world.wait(10)
    world.stand_in._tally.clear()
    for _ in range(60):
        world.source.read(CHECKOUT, is_watched=True)
        world.wait(10)
    told = world.stand_in.requests()
    queries = sum(n for path, n in told["paths"].items() if "/query/" in path)
    assert told["total"] <= 60 + 10 + 4
    assert queries <= 6  # exposures: an asking and a look every 5 min
    assert set(told["statuses"]) <= {"200", "202"}
    assert all(path.startswith("GET") or path.endswith("/query/") for path in told["paths"])


def test_dead_for_three_minutes(world):
    """Killed for 3 minutes: fewer than 30 connections are tried, and the first look after 20 s works."""
    world.read(CHECKOUT)
    kept = world.source.read(CHECKOUT, is_watched=True)
    before = world.source.pace().n_requests
    world.die()
    died, due = world.now, world.now
    while world.now < died + 180:
        if world.now >= due:
            with pytest.raises(SourceDown, match="Cannot reach PostHog at 127") as caught:
                world.source.read(CHECKOUT, is_watched=True)
            assert caught.value.retry_after_s <= 15
            due = world.now + caught.value.retry_after_s
        world.wait(1)
    assert 10 <= world.source.pace().n_requests - before < 30
    world.revive()
    world.wait(max(0, due - world.now))
    assert world.now - died - 180 <= 15
    again = world.source.read(CHECKOUT, is_watched=True)
    assert again.snapshots[0].as_of > kept.snapshots[0].as_of


def test_restarted_replay():
    """A replay that is killed and begun anew, its clock set back, is shown again within 20 s."""
    with served() as first:
        world = World(first)
        for _ in range(60):
            kept = world.source.read(CHECKOUT, is_watched=True)
            world.wait(10)
        first.die()
        world.wait(1)
        with pytest.raises(SourceDown):
            world.source.read(CHECKOUT, is_watched=True)
        first.stand_in = StandIn(now=lambda: first.now, port=int(first.url.rpartition(":")[2]))
        first.stand_in.start()
        world.wait(15)
        anew = world.source.read(CHECKOUT, is_watched=True)
        world.source.close()
    assert anew.snapshots[0].as_of < kept.snapshots[0].as_of
    assert anew.snapshots[0].as_of <= anew.server_now
    assert anew.experiment.started_at != kept.experiment.started_at


WIRE_FAULTS = {
    "401": (SourceRefused, "POSTHOG_API_KEY"),
    "403": (SourceRefused, "experiment:read"),
    "404": (SourceRefused, "gone, or not visible"),
    "429": (SourceDown, "slow down"),
    "429_bare": (SourceDown, "slow down"),
    "500": (SourceDown, "error 500"),
    "503": (SourceDown, "error 503"),
    "504": (SourceDown, "error 504"),
    "512": (SourceDown, "error 512"),
    "truncated": (SourceSurprise, "not readable"),
    "html": (SourceDown, "error 502"),
    "login_page": (SourceSurprise, "POSTHOG_HOST"),
    "drop": (SourceDown, "Cannot reach"),
    "cut": (SourceDown, "Cannot reach"),
    "hang": (SourceDown, "does not answer in time"),
}


@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_faults_of_the_wire(monkeypatch, new_style, fault):
    """Each fault is its error and its sentence, and is over within 20 s after it has gone."""
    if fault == "hang":
        monkeypatch.setattr(wire, "TIMEOUT", httpx.Timeout(2.0))
    error, part = WIRE_FAULTS[fault]
    with a_world(new_style) as world:
        world.read(CHECKOUT)
        world.wait(60)
        world.stand_in.fault(fault, f"experiments/{CHECKOUT}/", seconds=20)
        with pytest.raises(error, match=part):
            world.source.read(CHECKOUT, is_watched=True)
        world.stand_in.heal()
        world.wait(20)
        assert world.source.read(CHECKOUT, is_watched=True).snapshots


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("failed_run", "failed"), ("edited", "recalculating"), ("never", "recalculating")],
)
def test_faults_of_the_data(world, fault, kind):
    """Runs that fail, and numbers that vanish, keep the last numbers and say what is so."""
    before = world.read(CHECKOUT)
    world.stand_in.fault(fault)
    world.wait(10)
    reading = world.source.read(CHECKOUT, is_watched=True)
    assert kind in {p.kind for p in reading.problems}
    assert len(reading.snapshots) == len(before.snapshots)


def test_placeholder(world):
    """The stand-in's placeholder is told from a run."""
    world.stand_in.fault("placeholder")
    reading = world.read(CHECKOUT)
    assert not reading.is_fresh_run
    assert {s.origin for s in reading.snapshots} == {Origin.DAILY}


def test_skewed_clock(world):
    """The server's clock is taken as it is, even when it is set back."""
    here = world.read(CHECKOUT).server_now
    world.wait(10)
    world.stand_in.fault("skew", seconds=-100 * 86400)
    there = world.source.read(CHECKOUT, is_watched=True).server_now
    assert (here - there).days >= 95


def test_quota(world):
    """402 on queries leaves the stored runs alone."""
    world.stand_in.fault("402", "/query/")
    assert world.read(CHECKOUT).snapshots
    assert "quota" in world.source.pace(CHECKOUT).because


@pytest.mark.parametrize(
    ("key", "part"),
    [("phx_wrong", "does not accept the key"), ("phx_no_scope", "experiment:read")],
)
def test_keys(world, key, part):
    """A wrong key and one without rights say so."""
    source = world.made(api_key=Secret(key))
    with pytest.raises(SourceRefused, match=part):
        source.experiments()


def test_key_of_another_project(world):
    """A key of another project points to the project's setting."""
    source = world.made(api_key=Secret("phx_elsewhere"))
    with pytest.raises(SourceRefused) as caught:
        source.experiments()
    assert caught.value.setting == "POSTHOG_PROJECT_ID"


def test_key_that_may_not_query(world):
    """Without the query scope the stored runs are read, and the page names the scope."""
    source = world.made(api_key=Secret("phx_no_query"))
    assert source.read(CHECKOUT, is_watched=True).snapshots
    assert "query:read" in source.pace(CHECKOUT).because


def test_old_engine(world):
    """The archived experiment of the old engine shows its counts."""
    reading = world.read(LEGACY)
    kinds = {m.kind for m in reading.experiment.metrics}
    assert kinds == {MetricKind.LEGACY}
    assert reading.snapshots
    assert "legacy" in {p.kind for p in reading.problems}


def test_replay_needs_no_live_query(world):
    """At 720x the stored runs are fresh in minutes of ours: no forced query is spent in ten of them."""
    for _ in range(60):
        world.source.read(CHECKOUT, is_watched=True)
        world.wait(10)
    assert world.source.pace().used["live queries an hour"] == (0, 60)


def test_recalculation_over_http():
    """Allowed to, the client starts a run, and shows its numbers when it is done."""
    with served(speed=1.0) as slow, a_world(slow) as world:
        source = world.made(may_recalculate=True, live_queries_per_hour=0)
        world.stand_in.fault("stalled")
        for _ in range(120):
            source.read(CHECKOUT, is_watched=True)
            world.wait(10)
        paths = world.stand_in.requests()["paths"]
        posts = [n for path, n in paths.items() if path.startswith("POST") and "metrics_" in path]
        assert posts == [3]  # data stand still for 20 min: after 5, 10 and 15
