"""What every store promises about snapshots, plans and calls, on SQLite and on PostgreSQL alike."""

import random
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from lib.experiments.model import (
    Call,
    Experiment,
    Exposures,
    Metric,
    MetricKind,
    Origin,
    Plan,
    PlannedInPostHog,
    Reported,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.history.store import Store

START = datetime(2026, 5, 1, tzinfo=UTC)
METRIC = Metric(id="m", name="Revenue", kind=MetricKind.MEAN)
EXPERIMENT = Experiment(
    id=1,
    name="Pricing",
    status=Status.RUNNING,
    variants=(
        Variant(key="control", name="Old price", share=0.5),
        Variant(key="low", name="New price", share=0.5),
    ),
    metrics=(METRIC,),
    started_at=START,
    planned=PlannedInPostHog(mde=0.05, n_total=1000, days=14.0),
    tags=("price",),
)


def seconds(s):
    return START + timedelta(seconds=s)


def reading(s, *, taken=1.0, more=0.0, metric_id="m", experiment_id=1, **changes):
    """Totals that depend on the second alone, and ``more`` of the treatment's sum."""
    base = Snapshot(
        experiment_id=experiment_id,
        metric_id=metric_id,
        as_of=seconds(s),
        taken_at=seconds(s + taken),
        totals=(
            Totals(variant_key="control", n=100 + s, total=0.1 * s, total_sq=0.3 * s * s + 1),
            Totals(variant_key="low", n=99 + s, total=0.2 * s + more, total_sq=s * s + more**2 + 1),
        ),
    )
    return replace(base, **changes)


@pytest.fixture
def store(database_url):
    made = Store(database_url, clock=lambda: START)
    yield made
    made.close()


def test_a_snapshot_comes_back_equal(store):
    """Totals, PostHog's own figures, origin, exclusions and both times survive to the last bit."""
    full = reading(
        7,
        totals=(
            Totals(
                variant_key="contr\u00f6l\0<b>",
                n=2**40,
                total=0.1 + 0.2,
                total_sq=1e300,
                base_total=5e-324,
                base_total_sq=-0.0,
                cross_total=float("inf"),
                steps=(3, 2, 1),
                covariate_total=1 / 3,
                covariate_total_sq=2.0,
                covariate_cross=-1.5,
            ),
            Totals(variant_key="low", n=0, total=0.0, total_sq=0.0),
        ),
        reported=(
            Reported(
                variant_key="low",
                method="bayesian",
                significant=True,
                chance_to_win=0.975,
                p_value=None,
                interval=(float("-inf"), 0.1),
                failures=("too few",),
            ),
        ),
        origin=Origin.QUERY,
        n_excluded=12,
        as_of=datetime(2026, 5, 1, 0, 0, 0, 1, tzinfo=UTC),
    )
    assert store.keep([full]) == 1
    assert store.snapshots(1, "m") == (full,)


def test_the_same_reading_is_kept_once(store):
    """A re-read of the same moment with the same totals adds nothing, also within one batch."""
    assert store.keep([reading(0), reading(0)]) == 1
    assert store.keep([reading(0, taken=60)]) == 0
    assert store.snapshots(1, "m") == (reading(0),)


def test_a_moment_with_unchanged_totals_is_kept(store):
    """A later moment is a row of its own even if nobody came: time itself moves the evidence."""
    assert store.keep([reading(0), replace(reading(0), as_of=seconds(10))]) == 2


def test_a_correction_counts_and_the_first_reading_stays_known(store):
    """Other totals for the same moment replace the first ones from the time they were taken, not before."""
    store.keep([reading(0), reading(10)])
    assert store.keep([reading(0, taken=3600, more=5)]) == 1
    assert store.snapshots(1, "m") == (reading(0, taken=3600, more=5), reading(10))
    assert store.newest(1, "m", at=seconds(5)) == reading(0, taken=3600, more=5)
    assert store.newest(1, "m", at=seconds(5), known_at=seconds(3599)) == reading(0)
    assert store.newest(1, "m", at=seconds(5), known_at=seconds(3600)) == reading(
        0, taken=3600, more=5
    )
    assert store.series(EXPERIMENT, METRIC).total[0, 1] == 5.0
    assert store.series(EXPERIMENT, METRIC, known_at=seconds(60)).total[0, 1] == 0.0


def test_a_correction_of_a_correction_counts(store):
    """Back to the first totals is a correction too."""
    store.keep([reading(0)])
    assert store.keep([reading(0, taken=20, more=5)]) == 1
    assert store.keep([reading(0, taken=30)]) == 1
    assert store.snapshots(1, "m") == (reading(0, taken=30),)


def test_a_late_old_reading_corrects_nothing(store):
    """A reading taken before the one that counts was only slow, it is not news."""
    store.keep([reading(0, taken=20, more=5)])
    assert store.keep([reading(0, taken=10)]) == 0


def test_more_people_left_out_is_a_change(store):
    """The number of people seen in several arms belongs to the reading."""
    store.keep([reading(0)])
    assert store.keep([reading(0, taken=20, n_excluded=3)]) == 1


def test_order_of_arrival_does_not_matter(store):
    """Back-fill after the fact gives the same rows as reading along."""
    late = [reading(s) for s in (600, 50, 3600, 0, 599, 601)]
    for one in late:
        assert store.keep([one]) == 1
    assert store.snapshots(1, "m") == tuple(sorted(late, key=lambda r: r.as_of))


def test_tracks_do_not_mix(store):
    """Each metric of each experiment has its own rows, kept in one batch."""
    batch = [reading(0, experiment_id=e, metric_id=m) for e in (1, 2) for m in ("m", "n'; --")]
    assert store.keep(batch) == 4
    assert store.snapshots(2, "n'; --") == (batch[3],)
    assert store.snapshots(3, "m") == ()
    assert store.newest(1, "unknown") is None


def test_many_arms_with_long_names(store):
    """Twelve arms whose keys have the longest length PostHog allows, in any script."""
    rng = random.Random(3)
    letters = "".join(chr(c) for c in range(0x4E00, 0x9000))
    arms = tuple(
        Totals(variant_key="".join(rng.choices(letters, k=400)), n=5, total=1.0, total_sq=1.0)
        for _ in range(12)
    )
    assert store.keep([reading(0, totals=arms)]) == 1
    assert store.keep([reading(1, totals=arms)]) == 1
    assert store.newest(1, "m") == reading(1, totals=arms)


def test_ranges_and_limits(store):
    """Both ends of a range are included; a limit takes from the end asked for."""
    store.keep([reading(s) for s in range(10)])
    found = store.snapshots(1, "m", since=seconds(2), until=seconds(5))
    assert [s.as_of for s in found] == [seconds(s) for s in (2, 3, 4, 5)]
    newest = store.snapshots(1, "m", limit=2, newest_first=True)
    assert [s.as_of for s in newest] == [seconds(9), seconds(8)]
    assert [s.as_of for s in store.snapshots(1, "m", limit=1)] == [seconds(0)]


def test_a_restart_loses_nothing(database_url):
    """What one store kept, the next one finds."""
    plan = Plan(experiment_id=1, mde=0.05, n_per_arm=(1e3, 2e3), days=14.0, frozen_at=START)
    first = Store(database_url, clock=lambda: START)
    first.keep([reading(0)])
    first.freeze_plan(plan)
    first.remember_experiment(EXPERIMENT)
    first.close()
    second = Store(database_url, clock=lambda: START)
    assert second.snapshots(1, "m") == (reading(0),)
    assert second.plan(1) == plan
    assert second.known_experiments() == (EXPERIMENT,)
    assert second.keep([reading(0)]) == 0
    second.close()


def test_two_writers_make_no_duplicates(database_url):
    """Two processes that read the same thing at the same time keep it once."""
    stores = [Store(database_url, clock=lambda: START) for _ in range(2)]
    start = threading.Barrier(2)
    added = [0, 0]

    def write(i):
        start.wait()
        for s in range(40):
            added[i] += stores[i].keep([reading(s, taken=1 + i)])

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == 40
    assert len(stores[0].snapshots(1, "m")) == 40
    for store in stores:
        store.close()


def test_readers_are_not_disturbed_by_the_writer(store):
    """Script threads see whole batches, never half of one, while the hub's thread writes."""
    wrong = []
    done = threading.Event()

    def read():
        while not done.is_set():
            n = len(store.snapshots(1, "a")), len(store.snapshots(1, "b"))
            wrong.extend([n] if n[0] > n[1] or n[0] % 2 or n[1] % 2 else [])

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for s in range(0, 60, 2):
        batch = [reading(s + i, metric_id=m) for i in (0, 1) for m in ("a", "b")]
        assert store.keep(batch) == 4
    done.set()
    for thread in readers:
        thread.join()
    assert wrong == []


def test_the_first_plan_counts(store):
    """A plan is frozen once; whoever comes later gets the first."""
    first = Plan(experiment_id=1, mde=0.05, n_per_arm=(10.0,), days=7.5, frozen_at=START)
    assert store.plan(1) is None
    assert store.freeze_plan(first) == first
    assert store.freeze_plan(replace(first, mde=0.2)) == first
    assert store.plan(1) == first


def a_call(**changes):
    base = Call(
        experiment_id=1,
        metric_id="m",
        treatment_key="low",
        as_of=seconds(10),
        direction=1,
        lift=0.1 + 0.2,
        low=float("-inf"),
        high=None,
        evidence=0.9512,
    )
    return replace(base, **changes)


def test_a_call_is_recorded_once_with_its_numbers(store):
    """While a call stands, the same arm is not called again; another arm is."""
    assert store.record_call(a_call())
    assert not store.record_call(a_call())
    assert not store.record_call(a_call(as_of=seconds(20)))
    assert store.record_call(a_call(treatment_key="high", as_of=seconds(5)))
    assert store.calls(1) == (a_call(treatment_key="high", as_of=seconds(5)), a_call())
    assert store.calls(2) == ()


def test_a_withdrawn_call_stays_visible_and_does_not_come_back(store):
    """Withdrawing marks the call; the very same crossing is not recorded again, a later one is."""
    store.record_call(a_call())
    assert store.withdraw_call(1, "m", "low", seconds(30), "412 visitors were recounted")
    assert not store.withdraw_call(1, "m", "low", seconds(40), "twice")
    gone = a_call(withdrawn_at=seconds(30), withdrawn_because="412 visitors were recounted")
    assert store.calls(1) == (gone,)
    assert not store.record_call(a_call())
    assert store.record_call(a_call(as_of=seconds(50)))


def test_experiments_and_exposures_are_remembered_as_last_seen(store):
    """After a start without PostHog the experiment and its participants are still known."""
    seen = Exposures(as_of=START, totals={"control": 5}, daily={"control": (("2026-05-01", 5),)})
    store.remember_experiment(replace(EXPERIMENT, name="Old name"))
    store.remember_experiment(EXPERIMENT)
    store.remember_exposures(1, seen, START)
    assert store.known_experiments() == (EXPERIMENT,)
    assert store.exposures(1) == seen
    assert store.exposures(2) is None


def test_reads_together_share_a_connection(store):
    """One connection for all reads of a thread, also for nested ones; other threads have their own."""
    store.keep([reading(1)])
    opened = []
    event.listen(
        store._database.engine, "checkout", lambda *_: opened.append(threading.get_ident())
    )
    elsewhere = threading.Thread(target=lambda: store.newest(1, "m"))
    with store.together():
        assert store.newest(1, "m") == reading(1)
        with store.together():
            assert store.notes(1) == ()
        assert store.calls(1) == ()
        elsewhere.start()
        elsewhere.join()
        assert store.keep([reading(2)]) == 1  # a write is a transaction of its own
    here = threading.get_ident()
    assert opened.count(here) == 2
    assert len(opened) == 3
    assert store.newest(1, "m") == reading(2)
    assert opened.count(here) == 3
