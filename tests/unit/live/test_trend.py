"""How a metric moved: extended row by row or evaluated at once, marked where it is PostHog's daily series."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from lib.experiments.model import Metric, MetricKind, Origin
from lib.live import trend as trend_module
from lib.live.trend import Trends
from lib.stats.movement import COLUMNS
from lib.stats.plan import make_plan
from tests.unit.live.sources import METRIC, START, Hand, HandSource, an_experiment

EXPERIMENT = an_experiment()
PLAN = make_plan(EXPERIMENT, None, START)
HOURS = timedelta(hours=1)


def reading(hours, *, rates=(0.1, 0.12), **changes):
    source = HandSource(Hand(), rates=rates)
    return replace(source.snapshot(EXPERIMENT, START + hours * HOURS), **changes)


def trend_of(trends, **span):
    return trends.trend(EXPERIMENT, METRIC, PLAN, **span)


def same(one, other):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_row_by_row_is_as_at_once(store):
    """A trend extended by each new row is the one evaluated from all of them, and so are its calls."""
    growing = Trends(store)
    for hours in range(1, 60):
        store.keep([reading(6 * hours, rates=(0.1, 0.15))])
        grown = trend_of(growing)
    at_once = trend_of(Trends(store))
    same(grown.moved, at_once.moved)
    assert grown.called_at == at_once.called_at
    assert set(grown.called_at) == {"blue"}
    assert len(grown.moved) == 59


def test_what_was_handed_out_stays(store):
    """A figure drawn by another thread does not change under its hands when a row arrives."""
    trends = Trends(store)
    for hours in range(1, 30):
        store.keep([reading(hours)])
        before = trend_of(trends).moved
        copy = before.rows(np.arange(len(before)))
        store.keep([reading(hours + 0.5)])
        assert len(trend_of(trends).moved) == len(before) + 1
        same(before, copy)


def test_without_a_new_row_nothing_is_made(store):
    """The second viewer gets the very same trend."""
    store.keep([reading(5)])
    trends = Trends(store)
    assert trend_of(trends) is trend_of(trends)


def test_value_and_share_by_hand(store):
    """After 24 h of 2000 visitors a day: 1000 in each arm, 100 and 120 bought, half of the visitors each."""
    store.keep([reading(24)])
    moved = trend_of(Trends(store)).moved
    assert moved.n.tolist() == [[1000, 1000]]
    assert moved.rate.tolist() == [[0.1, 0.12]]
    assert moved.share.tolist() == [[0.5, 0.5]]
    assert moved.lift[0, 1] == pytest.approx(0.2)
    assert np.isnan(moved.lift[0, 0])


def test_a_ratio_is_divided_by_its_own_base(store):
    """Revenue an order: the sum over the orders, not over the visitors."""
    metric = Metric(id="m1", name="Order value", kind=MetricKind.RATIO)
    one = reading(24)
    totals = tuple(
        replace(t, total=3000.0, total_sq=1e6, base_total=60.0, base_total_sq=60.0, cross_total=3000.0)
        for t in one.totals
    )  # fmt: skip
    store.keep([replace(one, totals=totals)])
    experiment = replace(EXPERIMENT, metrics=(metric,))
    moved = Trends(store).trend(experiment, metric, PLAN).moved
    assert moved.rate.tolist() == [[50.0, 50.0]]


def test_a_range_cuts_and_forgets_nothing(store):
    """The evidence within a range is the one of the whole past; the row at its begin belongs to it."""
    store.keep([reading(6 * hours) for hours in range(1, 40)])
    trends = Trends(store)
    since = START + 20 * 6 * HOURS
    whole, part = trend_of(trends).moved, trend_of(trends, since=since).moved
    assert part.at[0] == since.timestamp()
    same(part, whole.since(since.timestamp()))


def test_an_end_knows_nothing_later(store):
    """A trend with an end is the one there was then."""
    trends = Trends(store)
    store.keep([reading(hours) for hours in range(1, 20)])
    then = trend_of(trends).moved
    store.keep([reading(hours) for hours in range(20, 40)])
    same(trend_of(Trends(store), until=START + 19 * HOURS).moved, then)


def test_a_correction_of_the_newest_row_is_seen(store):
    """Other numbers for the same moment, taken later, replace it."""
    trends = Trends(store)
    store.keep([reading(1), reading(2)])
    before = trend_of(trends)
    later = START + 20 * 24 * HOURS
    store.keep([reading(2, rates=(0.1, 0.2), taken_at=later)])
    after = trend_of(trends)
    assert after.moved.rate[-1, 1] != before.moved.rate[-1, 1]
    assert len(after.moved) == 2
    assert after.version != before.version


def test_much_growth_is_thinned_again(store, monkeypatch):
    """After a day of ticks the rows come thinned from the store once more: memory and cost stay bounded."""
    monkeypatch.setattr(trend_module, "POINTS", 30)
    trends = Trends(store)
    longest = 0
    for step in range(200):
        store.keep([reading(1 + step / 60)])
        longest = max(longest, len(trend_of(trends).moved))
    assert longest <= 3 * 30 + 32
    assert len(trend_of(trends).moved) < 200


def test_daily_figures_are_marked(store):
    """Rows of PostHog's daily series are told apart, in the arrays and in words in the table."""
    store.keep([reading(24 * day, origin=Origin.DAILY) for day in (1, 2, 3)])
    store.keep([reading(80), reading(81)])
    trend = trend_of(Trends(store))
    assert trend.moved.is_daily.tolist() == [True, True, True, False, False]
    said = trend.frame().set_index(["arm_key", "at"])["origin"]
    for key in ("control", "blue"):
        assert said[key].tolist() == ["daily figure from PostHog"] * 3 + ["reading"] * 2


def test_the_table_is_arm_by_arm(store):
    """One row a moment and arm, the baseline first, times aware and as stored."""
    kept = [reading(hours) for hours in (1, 2, 3)]
    store.keep(kept)
    table = trend_of(Trends(store)).frame()
    assert table["arm_key"].tolist() == ["control"] * 3 + ["blue"] * 3
    assert [at.to_pydatetime() for at in table["at"][:3]] == [s.as_of for s in kept]
    assert table["n"].tolist()[3:] == [s.totals[1].n for s in kept]


def test_nothing_yet(store):
    """An experiment without a row has an empty trend and an empty table with all its columns."""
    trend = trend_of(Trends(store))
    assert len(trend.moved) == 0
    assert trend.gaps == ()
    assert {"at", "arm_key", "lift", "balance_p", "origin"} <= set(trend.frame().columns)
    assert trend.frame().empty


def test_a_gap_is_found(store):
    """Three days without a row among hourly ones are a gap."""
    store.keep([reading(hours) for hours in (1, 2, 3, 4, 76, 77)])
    ((first, last),) = trend_of(Trends(store)).gaps
    assert (first, last) == (START + 4 * HOURS, START + 76 * HOURS)
