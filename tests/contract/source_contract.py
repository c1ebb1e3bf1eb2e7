"""What every source of facts must promise the hub; a test class inherits it and gives a `world`.

A world has: ``source`` (a Source), ``running`` (an id whose numbers move), ``draft`` (an id without numbers),
``wait(seconds)``, ``die()``, ``revive()``.
"""

import itertools

import pytest

from lib.experiments.errors import DashboardError, SourceDown, SourceRefused
from lib.experiments.model import Experiment, Reading
from lib.sources.base import Pace, Past


class SourceContract:
    """Inherit, and define the fixture ``world``."""

    def test_lists_each_experiment_once(self, world):
        """The list holds experiments, each once, the running one among them."""
        found = world.source.experiments()
        assert all(isinstance(e, Experiment) for e in found)
        assert len({e.id for e in found}) == len(found)
        assert {world.running, world.draft} <= {e.id for e in found}

    def test_reads_what_was_asked(self, world):
        """A reading is about the experiment asked for; its numbers fit its metrics and arms."""
        reading = world.read(world.running)
        assert isinstance(reading, Reading)
        experiment = reading.experiment
        assert experiment.id == world.running
        order = [v.key for v in experiment.variants]
        assert reading.snapshots
        for snapshot in reading.snapshots:
            assert snapshot.experiment_id == experiment.id
            assert experiment.metric(snapshot.metric_id)
            present = [t.variant_key for t in snapshot.totals]
            assert present == [key for key in order if key in present]

    def test_every_metric_has_numbers_or_a_reason(self, world):
        """No metric is silent."""
        reading = world.read(world.running)
        told = {s.metric_id for s in reading.snapshots} | {p.metric_id for p in reading.problems}
        assert {m.id for m in reading.experiment.metrics} <= told
        assert all(p.sentence for p in reading.problems)

    def test_two_clocks(self, world):
        """Data end before the server's now; the look is dated by our clock; all moments have a zone."""
        reading = world.read(world.running)
        assert reading.taken_at.tzinfo is not None
        for snapshot in reading.snapshots:
            assert snapshot.as_of <= reading.server_now

    def test_never_backwards(self, world):
        """Looked at for ten minutes, data move on and never back."""
        seen = {}
        for _ in range(60):
            for snapshot in world.read(world.running).snapshots:
                seen.setdefault(snapshot.metric_id, []).append(snapshot.as_of)
            world.wait(10)
        assert all(moments == sorted(moments) for moments in seen.values())
        assert any(len(set(moments)) > 1 for moments in seen.values())

    def test_unwatched_reads_work_too(self, world):
        """What nobody looks at is read as well, since alerts rest on it."""
        world.read(world.running)
        world.wait(60)
        assert world.source.read(world.running, is_watched=False).snapshots

    def test_draft_has_no_numbers(self, world):
        """What has not started has no numbers, and that is no error."""
        reading = world.source.read(world.draft, is_watched=True)
        assert reading.snapshots == ()

    def test_unknown_experiment_is_refused(self, world):
        """An id nobody knows is a refusal in words."""
        with pytest.raises(SourceRefused) as caught:
            world.source.read(987654321, is_watched=True)
        assert len(str(caught.value)) > 10

    def test_past_comes_before(self, world):
        """Daily points come oldest first and end no later than the newest numbers."""
        newest = max(s.as_of for s in world.read(world.running).snapshots)
        past = world.source.past(world.running)
        assert isinstance(past, Past)
        moments = [s.as_of for s in past.snapshots]
        assert moments == sorted(moments)
        assert all(moment <= newest for moment in moments)

    def test_progress_counts_what_is_there(self, world):
        """Nothing is known of how many metrics there are before the first look; after it all are there."""
        assert world.source.progress(world.running) == (0, 0)
        n = len({s.metric_id for s in world.read(world.running).snapshots})
        done, known = world.source.progress(world.running)
        assert done == n
        assert known >= n > 0

    def test_outage_and_recovery(self, world):
        """Dead, it raises SourceDown with a wait and keeps nothing from working again within 20 s."""
        world.read(world.running)
        world.die()
        for _ in range(6):
            world.wait(10)
            for ask in (
                lambda: world.source.read(world.running, is_watched=True),
                lambda: world.source.read(world.running, is_watched=False),
            ):
                with pytest.raises(SourceDown) as caught:
                    ask()
                assert 0 < caught.value.retry_after_s <= 15
        world.revive()
        world.wait(20)
        assert world.source.read(world.running, is_watched=True).snapshots

    def test_only_our_errors(self, world):
        """Whatever is asked while it is dead, the errors are ours."""
        world.die()
        asks = (
            world.source.experiments,
            lambda: world.source.read(world.running, is_watched=True),
            lambda: world.source.past(world.running),
        )
        for ask, _ in itertools.product(asks, range(3)):
            with pytest.raises(DashboardError):
                ask()
            world.wait(7)
        world.revive()

    def test_pace(self, world):
        """The pace is a positive cadence, within its limits, and counts what it sends."""
        before = world.source.pace().n_requests
        world.read(world.running)
        pace = world.source.pace(world.running)
        assert isinstance(pace, Pace)
        assert pace.cadence_s > 0
        assert pace.n_requests > before
        assert all(used <= allowed for used, allowed in pace.used.values())

    def test_forget(self, world):
        """Refresh now asks again, and the numbers never go backwards by it."""
        first = world.read(world.running)
        world.source.forget(world.running)
        again = world.source.read(world.running, is_watched=True)
        pairs = zip(first.snapshots, again.snapshots, strict=True)
        assert all(b.as_of >= a.as_of for a, b in pairs)

    def test_close_twice(self, world):
        """Closing is final and may be repeated."""
        world.source.close()
        world.source.close()
