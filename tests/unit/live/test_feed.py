"""What the hub promises to pages."""

from datetime import timedelta

import pytest

from lib.experiments.errors import SourceDown, SourceRefused
from lib.experiments.model import Reading
from lib.history.store import Store
from lib.live.feed import Hub
from lib.sources.base import Pace
from tests.unit.live.sources import START, Hand, HandSource, an_experiment


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def store(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path}/h.sqlite3", clock=clock)
    yield store
    store.close()


def a_hub(source, store, clock):
    return Hub(source, store, clock=clock, monotonic=clock.seconds)


@pytest.fixture
def source(clock):
    return HandSource(clock)


@pytest.fixture
def hub(source, store, clock):
    hub = a_hub(source, store, clock)
    yield hub
    hub.stop()


def test_a_look_shows_numbers_after_one_round(hub):
    """The first round reads what is looked at; the look itself asks nobody."""
    assert hub.look(1) is None
    hub.round(wait=True)
    view = hub.look(1)
    assert [arm.n for arm in view.primary.arms] == [9000, 9000]
    assert view.sentences


def test_watched_is_read_every_ten_seconds_and_idle_every_minute(hub, source, clock):
    """A viewer costs one read a tick, an experiment without one a read a minute."""
    hub.round(wait=True)
    source.reads.clear()
    for _ in range(60):
        clock.pass_(1)
        hub.round(wait=True)
    assert 0 < len(source.reads) <= 2
    source.reads.clear()
    for _ in range(60):
        clock.pass_(1)
        hub.look(1)
        hub.round(wait=True)
    assert 5 <= len(source.reads) <= 7


def test_who_comes_to_an_idle_one_sees_it_move_at_once(hub, source, clock):
    """The first look at an experiment nobody watched reads it, and the second read comes a tick later."""

    def pace(experiment_id=None):  # a source knows only after a read that somebody looks now
        slow = experiment_id is not None and source.reads[-1:] != [(1, True)]
        return Pace(cadence_s=75.0, because="many experiments") if slow else Pace()

    source.pace = pace
    hub.round(wait=True)
    clock.pass_(20)
    source.reads.clear()
    for _ in range(30):
        hub.look(1)
        hub.round(wait=True)
        clock.pass_(1)
    assert len(source.reads) == 3


def test_many_viewers_cost_as_much_as_one(hub, source, clock):
    """Looking is free for the source."""
    hub.round(wait=True)
    source.reads.clear()
    for _ in range(30):
        clock.pass_(1)
        for _ in range(50):
            hub.look(1)
        hub.round(wait=True)
    assert len(source.reads) <= 4


def test_trouble_keeps_the_last_numbers(hub, source, clock):
    """A dead source leaves numbers, their age and a sentence; recovery clears it."""
    hub.look(1)
    hub.round(wait=True)
    before = hub.look(1)
    source.error = SourceDown("Cannot reach PostHog.", retry_after_s=12)
    for _ in range(4):
        clock.pass_(10)
        hub.look(1)
        hub.round(wait=True)
    view = hub.look(1)
    assert view.primary == before.primary
    assert view.trouble.sentence == "Cannot reach PostHog."
    assert view.trouble.since < clock()
    source.error = None
    clock.pass_(13)
    hub.round(wait=True)
    assert hub.look(1).trouble is None


def test_refusal_names_the_setting(hub, source):
    """A wrong key is told before anything was ever read."""
    source.error = SourceRefused("The key was refused.", setting="POSTHOG_API_KEY")
    hub.look(1)
    hub.round(wait=True)
    assert hub.health().trouble.setting == "POSTHOG_API_KEY"


def test_unknown_id_troubles_nobody_else(hub, source, clock):
    """A mistyped link has its own sentence and leaves the others alone."""
    hub.round(wait=True)
    hub.look(99)
    source.known.clear()
    source.error = SourceRefused("Nothing called that.")
    clock.pass_(1)
    hub.round(wait=True)
    assert hub.look(99) is None
    assert hub.why_unknown(99).sentence == "Nothing called that."
    assert hub.look(1).trouble is None


def test_restart_rebuilds_from_rows(hub, source, store, clock):
    """A second hub on the same store shows the same evidence, interval and verdict."""
    source.rates = (0.1, 0.115)
    for _ in range(5):
        hub.look(1)
        hub.round(wait=True)
        clock.pass_(600)
    first = hub.look(1)
    hub.stop()
    clock.now -= timedelta(seconds=600)
    again = a_hub(source, store, clock)
    again.look(1)
    again.round(wait=True)
    second = again.look(1)
    again.stop()
    assert second.primary.comparisons == first.primary.comparisons
    assert second.primary.verdict == first.primary.verdict


def test_looking_back_knows_nothing_of_later(hub, source, clock):
    """The view of an earlier moment equals the one that was shown then."""
    shown = []
    for rate in (0.10, 0.105, 0.11, 0.13):
        source.rates = (0.1, rate)
        hub.look(1)
        hub.round(wait=True)
        shown.append(hub.look(1))
        clock.pass_(3600)
    for view in shown:
        back = hub.look(1, as_of=view.as_of)
        assert back.primary.comparisons == view.primary.comparisons
        assert back.frozen_at == view.as_of


def test_first_sight_in_mid_flight_knows_the_past(hub, store):
    """Daily points from before the first look are kept, once."""
    hub.look(1)
    hub.round(wait=True)
    experiment = an_experiment()
    series = store.series(experiment, experiment.metrics[0])
    assert series.as_of[0] == (START + timedelta(days=1)).timestamp()
    assert len(series) == 9


def test_a_second_process_follows(hub, source, store, clock):
    """With two hubs on one store only one asks the source, and both show the same."""
    other_source = HandSource(clock)
    other = a_hub(other_source, store, clock)
    hub.look(1)
    hub.round(wait=True)
    for _ in range(3):
        other.look(1)
        other.round(wait=True)
        hub.look(1)
        hub.round(wait=True)
        clock.pass_(10)
    assert not other_source.reads
    assert other.look(1).primary.comparisons == hub.look(1).primary.comparisons
    hub.stop()
    clock.pass_(30)
    other.look(1)
    other.round(wait=True)
    other.stop()
    assert other_source.reads


def test_not_started_says_so(store, clock):
    """A draft has a view without numbers."""
    draft = an_experiment(started_at=None)
    source = HandSource(clock, [draft])
    hub = a_hub(source, store, clock)
    source.read = lambda *_args, **_kw: Reading(
        experiment=draft, snapshots=(), taken_at=clock(), server_now=clock()
    )
    hub.look(1)
    hub.round(wait=True)
    view = hub.look(1)
    hub.stop()
    assert view.primary is None
    assert view.sentences[0].text == "Not started yet."


def test_the_past_is_tried_until_it_is_had(hub, source, store, clock):
    """A limit that forbids the daily points delays them; who looks still sees the newest numbers."""
    past, source.past = source.past, lambda _: _raise(SourceDown("At the limit.", 10))
    hub.look(1)
    hub.round(wait=True)
    experiment = an_experiment()
    assert hub.look(1).primary is not None
    assert len(store.series(experiment, experiment.metrics[0])) == 1
    source.past = past
    clock.pass_(11)
    hub.look(1)
    hub.round(wait=True)
    assert len(store.series(experiment, experiment.metrics[0])) == 10


def _raise(error):
    raise error


def test_a_reset_begins_anew_and_keeps_the_earlier_run(hub, source, store, clock):
    """Another start date under the same id is another run: plan, rows and calls of the first are put aside."""
    source.rates = (0.1, 0.14)
    for _ in range(3):
        hub.look(1)
        hub.round(wait=True)
        clock.pass_(3600)
    assert store.calls(1)
    again = START - timedelta(days=2)
    source.known = [an_experiment(started_at=again)]
    source.rates = (0.1, 0.1)
    source.behind = timedelta(days=1)
    for _ in range(3):
        clock.pass_(10)
        hub.look(1)
        hub.round(wait=True)
    view = hub.look(1)
    assert view.experiment.started_at == again
    assert view.as_of == clock() - source.behind
    assert not store.calls(1)
    assert not view.primary.calls
    assert store.calls(-1001)
