"""Replayed experiments against their file, and odd files."""

import numpy as np
import pandas as pd
import pytest

from lib.demo.clock import DAY_S
from lib.demo.replay import COLUMNS, SHIPPED, read_trials
from lib.demo.trial import planned_percents

ANCHOR = 1_800_000_000.0


@pytest.fixture(scope="module")
def frame():
    return pd.read_parquet(SHIPPED)


@pytest.fixture(scope="module")
def trials():
    found = read_trials(SHIPPED, anchor=ANCHOR, start_day=9)
    return {trial.name.removeprefix("ASOS "): trial for trial in found}


def a_file(tmp_path, rows):
    """Write a parquet file from (id, variant, metric, day, n_c, n_t, mean_c, mean_t, var_c, var_t)."""
    path = tmp_path / "rows.parquet"
    pd.DataFrame(rows, columns=COLUMNS).to_parquet(path)
    return path


def by_key(sums):
    return {one.key: one for one in sums}


def test_every_row_of_the_file_is_served_as_it_is(frame, trials):
    """At a row's moment the totals are count, count x mean, and the square sum of its variance."""
    rows = frame[frame["experiment_id"].isin(["54a85a", "64dc88", "162a38", "4db6c7", "2c8a04"])]
    checked = 0
    treatments = {
        name: sorted(set(part)) for name, part in rows.groupby("experiment_id").variant_id
    }
    for row in rows.itertuples():
        trial = trials[row.experiment_id]
        order = treatments[row.experiment_id]
        arms = [arm.key for arm in trial.arms if arm.key != trial.baseline]
        found = trial.curve.sums(str(row.metric_id), round(row.time_since_start, 9))
        one = by_key(found)[arms[order.index(row.variant_id)]]
        assert one.n == row.count_t
        if row.metric_id == 1:
            assert one.total == one.total_sq == round(row.count_t * row.mean_t)
        elif row.count_t > 0:
            squares = row.variance_t * (row.count_t - 1) + row.count_t * row.mean_t**2
            assert one.total == pytest.approx(row.count_t * row.mean_t, rel=1e-12)
            assert one.total_sq == pytest.approx(squares, rel=1e-9)
        checked += 1
    assert checked > 2500


def test_between_two_rows_the_line_is_straight(frame, trials):
    """A quarter of the way between two rows lies a quarter of the difference."""
    rows = frame[(frame.experiment_id == "036afc") & (frame.metric_id == 1)].sort_values(
        "time_since_start"
    )
    early, late = rows.iloc[4], rows.iloc[5]
    day = early.time_since_start + 0.25 * (late.time_since_start - early.time_since_start)
    control = trials["036afc"].curve.sums("1", day)[0]
    assert control.n == round(0.75 * early.count_c + 0.25 * late.count_c)
    converted = 0.75 * early.count_c * early.mean_c + 0.25 * late.count_c * late.mean_c
    assert control.total == round(converted)


def test_a_longer_experiment_stands_at_the_start_day(frame, trials):
    """Day 9 at the anchor for each experiment that is longer and has rows by then."""
    last = frame.groupby("experiment_id")["time_since_start"].max()
    first = frame.groupby("experiment_id")["time_since_start"].min()
    for name, trial in trials.items():
        if last[name] > 9 and first[name] <= 9:
            assert trial.started_at == ANCHOR - 9 * DAY_S
            assert trial.status(ANCHOR) == "running"


def test_a_shorter_one_is_stopped_at_its_last_row(frame, trials):
    """Its end date is the last row's moment, and its totals stay those of that row."""
    trial = trials["84f653"]
    assert trial.status(ANCHOR) == "stopped"
    assert trial.ended_at == trial.started_at + 2 * DAY_S
    final = frame[(frame.experiment_id == "84f653") & (frame.metric_id == 1)].iloc[-1]
    assert trial.curve.sums("1", trial.days(ANCHOR))[0].n == final.count_c


def test_one_whose_rows_begin_later_stands_at_its_first_row(frame, trials):
    """Nothing is invented before the first row: that experiment begins where its data begin."""
    trial = trials["cf1b96"]
    assert trial.days(ANCHOR) == 88.5
    first = frame[(frame.experiment_id == "cf1b96") & (frame.metric_id == 1)].iloc[0]
    assert trial.curve.sums("1", 88.5)[0].n == first.count_c
    assert trial.curve.sums("1", 88.4) is None


def test_a_metric_without_variance_cannot_be_computed(trials):
    """Missing variances make the metric fail; the conversion metric needs none."""
    trial = trials["3b4300"]
    day = trial.days(ANCHOR)
    assert [trial.curve.sums(str(m), day) is None for m in (1, 2, 3, 4)] == [
        False,
        True,
        True,
        True,
    ]


def test_whole_only_leaves_such_metrics_out():
    """A server without stored runs offers only metrics that it can always answer."""
    found = read_trials(SHIPPED, anchor=ANCHOR, start_day=9, whole_only=True)
    assert {len(t.measures) for t in found} == {1, 4}
    for trial in found:
        for measure in trial.measures:
            assert trial.curve.sums(measure.column, trial.days(ANCHOR)) is not None


def test_every_treatment_of_an_experiment_is_an_arm(frame, trials):
    """All treatments of an experiment stand in one, with one control and a split that sums to 100."""
    treatments = frame.groupby("experiment_id")["variant_id"].nunique()
    assert len(trials) == 60
    for name, trial in trials.items():
        assert len(trial.arms) == treatments[name] + 1
        assert sum(arm.percent for arm in trial.arms) == 100
        assert trial.baseline in {arm.key for arm in trial.arms}


def test_source_and_licence_stand_in_each_experiment(trials):
    """Whoever shows these data can name where they come from."""
    for name, trial in trials.items():
        assert "CC BY 4.0" in trial.description
        assert trial.tags == ("replayed: ASOS, CC BY 4.0",)
        assert trial.flag_key == f"asos-{name}"


def test_some_teams_do_things_differently(trials):
    """Baselines not called control, shared metrics, both statistics and gaps all occur."""
    found = list(trials.values())
    assert any(t.baseline != "control" and t.arms[0].key != t.baseline for t in found)
    assert any(m.place == "saved" for t in found for m in t.measures)
    assert {t.method for t in found} == {None, "frequentist", "bayesian"}
    assert any(t.gap_day is not None for t in found)


def test_another_file_is_not_called_asos(tmp_path):
    """A file of somebody else's is served under its own ids and claims no foreign source."""
    path = a_file(tmp_path, [("abc", 1, 1, d, 100 * d, 90 * d, 0.1, 0.2, 0, 0) for d in (1, 2)])
    (trial,) = read_trials(path, anchor=ANCHOR, start_day=1)
    assert "abc" in trial.name
    assert "abc" in trial.flag_key
    assert "ASOS" not in trial.description + trial.name


def test_a_single_row_and_zero_counts(tmp_path):
    """One row is an experiment that is over; nobody in it is no crash and no NaN."""
    path = a_file(tmp_path, [("a", 1, 1, 3.0, 0, 0, np.nan, np.nan, np.nan, np.nan)])
    (trial,) = read_trials(path, anchor=ANCHOR, start_day=9)
    assert trial.status(ANCHOR) == "stopped"
    assert [(s.n, s.total) for s in trial.curve.sums("1", 3.0)] == [(0, 0), (0, 0)]
    assert [arm.percent for arm in trial.arms] == [50, 50]


def test_rows_out_of_order_duplicates_and_holes(tmp_path):
    """Rows are sorted, the last of two equal ones counts, rows without a day or a count fall out."""
    rows = [
        ("7", 2, 1, 2.0, 200, 210, 0.1, 0.1, 0, 0),
        ("7", 2, 1, 1.0, 999, 999, 0.1, 0.1, 0, 0),
        ("7", 2, 1, 1.0, 100, 110, 0.1, 0.1, 0, 0),
        ("7", 2, 1, np.nan, 5, 5, 0.1, 0.1, 0, 0),
        ("7", 2, 1, 1.5, np.nan, 5, 0.1, 0.1, 0, 0),
    ]
    (trial,) = read_trials(a_file(tmp_path, rows), anchor=ANCHOR, start_day=1)
    assert [s.n for s in trial.curve.sums("1", 1.0)] == [100, 110]
    assert [s.n for s in trial.curve.sums("1", 1.5)] == [150, 160]


def test_a_treatment_that_joins_later_and_one_without_a_metric(tmp_path):
    """Before its first row an arm has nobody; an arm that lacks a metric is absent from its answer."""
    rows = [("x", 1, 1, d, 100 * d, 100 * d, 0.1, 0.1, 0, 0) for d in (1.0, 2.0, 3.0)]
    rows += [("x", 2, 1, d, 100 * d, 50 * d, 0.1, 0.1, 0, 0) for d in (2.0, 3.0)]
    rows += [("x", 1, 2, d, 100 * d, 50 * d, 1.5, 1.4, 2, 2) for d in (1.0, 2.0, 3.0)]
    (trial,) = read_trials(a_file(tmp_path, rows), anchor=ANCHOR, start_day=0)
    assert [s.n for s in trial.curve.sums("1", 1.5)] == [150, 150, 0]
    assert [s.key for s in trial.curve.sums("2", 2.0)] == ["control", "treatment-1"]


def test_a_file_without_the_conversion_metric(tmp_path):
    """Its first metric is the primary one, whatever its number."""
    rows = [("x", 1, m, d, 9.0 * d, 9.0 * d, 2.0, 2.5, 1.0, 1.0) for m in (3, 9) for d in (1, 2)]
    (trial,) = read_trials(a_file(tmp_path, rows), anchor=ANCHOR, start_day=1)
    assert [(m.column, m.kind, m.place) for m in trial.measures] == [
        ("3", "mean", "primary"),
        ("9", "mean", "secondary"),
    ]
    assert trial.curve.sums("9", 1)[1].total == 22.5


def test_squares_fit_the_rounded_people(tmp_path):
    """Rounding people never leaves a square sum that no data could have."""
    rows = [("x", 1, 2, d, d, d, 5.0, 5.0, 0.0, 0.0) for d in (1.0, 2.0)]
    (trial,) = read_trials(a_file(tmp_path, rows), anchor=ANCHOR, start_day=1)
    for one in trial.curve.sums("2", 1.4):
        assert one.total_sq >= one.total**2 / one.n


def test_a_missing_column_is_named(tmp_path):
    """A file of another kind is refused in words."""
    path = tmp_path / "other.parquet"
    pd.DataFrame({"experiment_id": ["a"]}).to_parquet(path)
    with pytest.raises(ValueError, match="variant_id"):
        read_trials(path, anchor=ANCHOR, start_day=9)


@pytest.mark.parametrize(
    ("counts", "percents"),
    [
        ([5000, 5020], [50, 50]),
        ([34.0, 33.0, 33.0], [34, 33, 33]),
        ([9000, 1000], [90, 10]),
        ([804, 196], [80, 20]),
        ([0, 0, 0], [33.3334, 33.3333, 33.3333]),
        ([1, 2, 3], [17, 33, 50]),
    ],
)
def test_the_planned_split(counts, percents):
    """Counts near an equal split were planned equal, others at the nearest whole percents."""
    assert planned_percents(counts) == percents
