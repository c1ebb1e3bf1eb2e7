"""A movement keeps its columns together whatever part of it is taken."""

import numpy as np
import pytest

from lib.stats.movement import BY_ARM, COLUMNS, Movement, broken, nothing

HOUR = 3600.0


def a_movement(at, **changes):
    """Row i holds i in every column."""
    rows = np.arange(float(len(at)))
    columns = {name: np.column_stack([rows, rows]) for name in BY_ARM}
    columns |= {"at": np.array(at, dtype=float), "balance_p": rows, "is_daily": rows < 0}
    return Movement(keys=("a", "b"), **columns | changes)


def test_every_column_is_cut_alike():
    """From a moment on, that moment included, all columns have the same rows."""
    part = a_movement([0, 10, 20, 30]).since(10)
    assert part.at.tolist() == [10, 20, 30]
    for name in COLUMNS:
        assert len(getattr(part, name)) == 3
    assert part.rate[:, 1].tolist() == [1, 2, 3]


def test_the_later_part_goes_by_time_not_by_rows():
    """The last half of the time from 0 to 100 begins at 50, however many rows came before."""
    assert a_movement([0, 1, 2, 3, 60, 100]).later_part(0.5).at.tolist() == [60, 100]
    assert len(nothing(("a",)).later_part(0.5)) == 0


@pytest.mark.parametrize("n", [721, 1_000, 5_000, 40_000])
def test_few_points_spread_over_the_time(n):
    """At most as many as asked for, at least half as many, the newest always there, evenly over the time."""
    at = 1.77e9 + 10 * np.arange(n)
    kept = a_movement(at).at_most(720).at
    assert 360 <= len(kept) <= 720
    assert kept[-1] == at[-1]
    assert np.diff(kept)[:-1].max() <= 2 * np.diff(kept)[1:-1].min()


def test_points_drawn_stay_as_rows_arrive():
    """A row more changes nothing but the end: nearly every point drawn before is drawn again."""
    at = 1.77e9 + 10 * np.arange(4_000)
    one, more = (set(a_movement(at[:n]).at_most(720).at.tolist()) for n in (3_990, 3_991))
    assert len(one - more) <= 1


def test_a_short_movement_is_whole():
    """What has room is not thinned."""
    whole = a_movement([0, 1, 2])
    assert whole.at_most(3) is whole


def test_lines_break_inside_a_gap():
    """An empty moment a second into the gap; one that began before the first row breaks nothing."""
    moved = broken(a_movement([0, HOUR, 90 * HOUR]), ((-90 * HOUR, -HOUR), (HOUR, 90 * HOUR)))
    assert moved.at.tolist() == [0, HOUR, HOUR + 1, 90 * HOUR]
    assert np.isnan(moved.lift[2]).all()
    assert np.isnan(moved.balance_p[2])
    assert not moved.is_daily[2]
    assert moved.rate[3, 0] == 2
