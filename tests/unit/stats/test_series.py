"""Snapshots as arrays."""

import numpy as np

from lib.stats.series import rows_of, series_of
from tests.unit.stats.builders import experiment, rates, snapshot


def test_sorted_by_time_one_row_a_moment():
    """Rows come oldest first; of two snapshots of one moment the later taken stands."""
    rows = [
        snapshot(2, ("v0", 20, 2), ("v1", 21, 3)),
        snapshot(1, ("v0", 10, 1), ("v1", 11, 1), taken=9),
        snapshot(1, ("v0", 9, 1), ("v1", 9, 1), taken=2),
    ]
    series = series_of(rows, experiment().variants)
    assert series.n.tolist() == [[10, 11], [20, 21]]
    assert (np.diff(series.as_of) == 3600).all()


def test_arms_in_the_order_of_the_experiment():
    """The order a source sends does not matter; an arm it did not send is unknown, not zero."""
    series = series_of([snapshot(1, ("v1", 11, 1), ("v0", 10, 2))], experiment(3).variants)
    assert series.n[0, :2].tolist() == [10, 11]
    assert np.isnan(series.n[0, 2])
    assert series.base_total is None


def test_some_rows():
    """Picking rows picks them in every array."""
    series = rates(looks=10)
    some = rows_of(series, slice(2, 4))
    assert (some.n == series.n[2:4]).all()
    assert len(some) == 2
