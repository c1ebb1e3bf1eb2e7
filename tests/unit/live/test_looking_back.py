"""The tracker on shelves that are only read, and what it says on any: one forecast a look, memos of a long past."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.experiments.model import Origin, PlannedInPostHog, Reading, Totals
from lib.live import recompute as recompute_module
from lib.live import tracker as tracker_module
from lib.live.past import ShelfAsOf, view_as_of
from lib.live.recompute import RecordShelf, gather_records, read_records, recompute, write_records
from lib.live.shelf import LookingBack
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from lib.stats.forecast import forecast
from lib.stats.plan import make_plan
from lib.stats.series import series_of
from tests.unit.live.sources import START, Hand, HandSource, an_experiment

EXPERIMENT = an_experiment()
METRIC = EXPERIMENT.metrics[0]
HOUR = timedelta(hours=1)


def snapshot(hours, rates=(0.1, 0.13)):
    return HandSource(Hand(), rates=rates).snapshot(EXPERIMENT, START + hours * HOUR)


def reading(*snapshots):
    newest = snapshots[-1]
    return Reading(
        experiment=EXPERIMENT, snapshots=snapshots, taken_at=newest.taken_at, server_now=newest.as_of
    )  # fmt: skip


def a_view(store, hours=range(6, 216, 6), **rates):
    tracker = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
    for hour in hours:
        view = tracker.take(reading(snapshot(hour, **rates)))
    return view


def everything(store):
    """All that a look writes."""
    return (
        store.snapshots(1, METRIC.id),
        store.plan(1),
        store.calls(1),
        store._database.read(
            lambda c: c.exec_driver_sql("SELECT * FROM protections ORDER BY as_of, why").all()
        ),
    )


def test_looking_back_writes_nothing(store):
    """A view of the past and a recomputed memo leave rows, plan, calls and protections as they were."""
    view = a_view(store)
    before = everything(store)
    assert all(before), "the hub itself has written all four"
    view_as_of(store, view, START + 100 * HOUR)
    recompute(gather_records(store, view))
    assert everything(store) == before


@pytest.mark.parametrize(
    "shelf", [lambda s: ShelfAsOf(s, START + 50 * HOUR), lambda _: RecordShelf(())]
)
def test_both_drop_what_would_be_written(store, shelf):
    """Every writing method of a read-only shelf says that nothing was kept, and a plan comes back as made."""
    back = shelf(store)
    plan = make_plan(EXPERIMENT, series_of([snapshot(50)], EXPERIMENT.variants), START)
    call = a_view(store).primary.calls[0]
    kept = everything(store)
    assert isinstance(back, LookingBack)
    assert back.keep([snapshot(51)]) == 0
    assert back.freeze_plan(plan) is plan
    assert back.record_call(call) is False
    assert back.protect_all(1, METRIC.id, [START]) == 0
    assert everything(store) == kept


@pytest.mark.parametrize("rates", [(0.1, 0.1), (0.1, 0.104), (0.1, 0.15), (0.1, 0.07)])
@pytest.mark.parametrize("last", [12, 210])
def test_the_forecast_shown_is_that_of_the_analysis_shown(store, monkeypatch, rates, last):
    """Computed once a look, before the analysis is complete, and equal to what the complete one would give:
    in every state the run passes through."""
    asked = []

    def counting(*args, **more):
        asked.append(1)
        return forecast(*args, **more)

    monkeypatch.setattr(tracker_module, "forecast", counting)
    tracker = Tracker(EXPERIMENT, store, meter=SpeedMeter(1.0))
    for hour in range(6, last + 1, 6):
        asked.clear()
        view = tracker.take(reading(snapshot(hour, rates)))
        assert len(asked) == 1
        per_day = tracker._tracks[METRIC.id].n_per_day()
        assert view.forecast == forecast(
            view.primary, n_per_day=per_day, server_now=view.server_now
        )


def test_a_memo_of_a_long_past_is_thinned_as_the_hub_thins(store, monkeypatch):
    """Above the most rows the hub evaluates, a memo carries the thinned ones, ends with the very newest reading, and
    reads back to the numbers it tells."""
    for module in (tracker_module, recompute_module):
        monkeypatch.setattr(module, "MAX_ROWS", 60)
    hours = [49 + step / 4 for step in range(600)]
    store.keep(replace(snapshot(24 * day), origin=Origin.DAILY) for day in (1, 2))
    store.keep(snapshot(hour) for hour in hours)
    view = a_view(store, hours[-1:])
    (record,) = gather_records(store, view)
    assert 20 <= len(record.snapshots) <= 2 * 60 + 1
    assert record.snapshots[-1] == view.primary.snapshot
    assert [s.origin for s in record.snapshots[:3]] == [Origin.DAILY, Origin.DAILY, Origin.RUN]
    at = [s.as_of for s in record.snapshots]
    assert at == sorted(set(at))
    kept = {s.as_of: s.totals for s in store.snapshots(1, METRIC.id)}
    for one in record.snapshots:
        assert one.totals == kept[one.as_of]
    told = recompute(read_records(write_records((record,))))
    again = recompute((record,))
    assert told.analyses == again.analyses
    assert told.primary.estimates[0].lift == view.primary.estimates[0].lift


def test_a_memo_of_a_short_past_carries_every_row(store):
    """Below that limit nothing is left out, and daily figures stay what they are."""
    daily = [replace(snapshot(24 * day), origin=Origin.DAILY) for day in (1, 2, 3)]
    store.keep(daily)
    (record,) = gather_records(store, a_view(store, (80, 81)))
    assert len(record.snapshots) == 5
    assert [s.origin for s in record.snapshots[:3]] == [Origin.DAILY] * 3


@pytest.mark.parametrize("n", [0, 1, 3, 50, 99])
def test_the_very_first_visitors_have_a_verdict(store, n):
    """An experiment without a plan in PostHog and with next to no visitors is "too early" in words, not an error."""
    experiment = replace(EXPERIMENT, planned=PlannedInPostHog())
    totals = tuple(Totals(variant_key=v.key, n=n, total=0, total_sq=0) for v in experiment.variants)
    first = replace(snapshot(1), totals=totals)
    view = Tracker(experiment, store, meter=SpeedMeter(1.0)).take(
        replace(reading(first), experiment=experiment)
    )
    assert view.primary.plan is None
    assert view.sentences[0].text
