"""The watch: what it counts, what it refuses, what it never forgets."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from lib.experiments.model import MetricKind
from lib.stats.results import Series
from lib.stats.series import rows_of, series_of
from lib.stats.watch import Watch, rows_to_keep
from tests.unit.stats.builders import MEAN, RATE, START, experiment, plan, rates, snapshot


def watched(series, *, arms=2, the_plan=None, metric=RATE):
    watch = Watch(experiment(arms), metric, the_plan if the_plan is not None else plan(arms))
    return watch, watch.extend(series)


def test_a_clear_effect_is_called_once():
    """A strong effect is called at one moment, with the numbers of that moment, and stays called."""
    watch, trace = watched(rates(lift=0.5))
    (call,) = watch.calls
    row = int(np.searchsorted(trace.as_of, call.as_of.timestamp()))
    assert call.direction == 1
    assert call.treatment_key == "v1"
    assert call.lift == trace.lift[row, 0]
    assert call.low == trace.low[row, 0] > 0
    assert trace.evidence[row, 0] >= 0.95 > trace.evidence[row - 1, 0]
    assert trace.called_at[0] == trace.as_of[row]


def test_the_call_outlives_the_effect():
    """An effect that vanishes after its call leaves the call standing, while the present evidence falls."""
    strong, weak = rates(lift=0.5), rates(seed=2, lift=-0.5)
    after = Series(
        as_of=weak.as_of + 14 * 86400,
        n=weak.n + strong.n[-1],
        total=weak.total + strong.total[-1],
        total_sq=weak.total_sq + strong.total_sq[-1],
    )
    watch, first = watched(strong)
    calls = watch.calls
    second = watch.extend(after)
    assert watch.calls == calls
    assert second.evidence[-1, 0] >= first.evidence[-1, 0]
    assert second.p_now[-1, 0] > 0.05


def test_without_a_plan_nothing_is_called():
    """No plan: the single-look figures are there, evidence and line are not, nothing can be called."""
    watch = Watch(experiment(), RATE, None)
    trace = watch.extend(rates(lift=0.9))
    assert watch.calls == ()
    assert np.isnan(trace.evidence).all()
    assert np.isnan(trace.z_crit).all()
    assert np.isfinite(trace.single_low[-1, 0])


def test_a_legacy_metric_is_never_called():
    """What PostHog's old engine counted is shown, not decided on."""
    metric = replace(MEAN, kind=MetricKind.LEGACY)
    watch, trace = watched(rates(lift=0.9), metric=metric)
    assert watch.calls == ()
    assert not trace.counts.any()


def test_too_few_visitors_do_not_count():
    """Below 100 visitors in an arm, or 20 converters over both, a look neither counts nor calls."""
    rows = [
        snapshot(11, ("v0", 99, 5), ("v1", 105, 60)),  # 99 visitors
        snapshot(12, ("v0", 105, 5), ("v1", 105, 14)),  # 5 + 14 converters
        snapshot(13, ("v0", 105, 5), ("v1", 105, 15)),  # 5 + 15
    ]
    trace = watched(series_of(rows, experiment().variants), the_plan=plan(n=200))[1]
    assert trace.counts[:, 0].tolist() == [False, False, True]


def test_a_lopsided_split_silences_the_watch():
    """While the split alarm stands no look counts, however large the difference."""
    series = rates(lift=0.9)
    series = replace(series, n=np.column_stack([series.n[:, 0], series.n[:, 1] * 1.5]))
    watch, trace = watched(series)
    assert trace.balance_p[-1] < 0.01
    assert not trace.counts[-1, 0]
    assert watch.calls == ()


def test_shrinking_counts_skip_one_look_and_go_on():
    """A row with fewer visitors than the row before does not count; the next one does."""
    series = rates(looks=200)
    n, x = series.n.copy(), series.total.copy()
    n[100:] -= 150
    x[100:] -= 15
    trace = watched(replace(series, n=n, total=x, total_sq=x))[1]
    assert trace.is_broken.tolist() == [row == 100 for row in range(200)]
    assert not trace.counts[100, 0]
    assert trace.counts[101:, 0].all()


def test_visitors_moved_out_are_no_error():
    """Visitors who saw several arms are taken out; as many as PostHog reports may go."""
    series = rates(looks=200)
    n, x = series.n.copy(), series.total.copy()
    n[100:, 0] -= 150
    excluded = np.where(np.arange(200) >= 100, 150.0, 0.0)
    trace = watched(replace(series, n=n, total=x, total_sq=x, n_excluded=excluded))[1]
    assert not trace.is_broken.any()


def test_more_converters_than_visitors_do_not_count():
    """Totals that contradict themselves never enter the evidence."""
    series = rates(looks=50)
    trace = watched(replace(series, total=series.n + 1, total_sq=series.n + 1))[1]
    assert not trace.counts.any()


def test_old_rows_are_ignored():
    """Rows at or before the newest one fed change nothing."""
    series = rates(looks=100)
    watch, trace = watched(series)
    again = watch.extend(series)
    assert len(again.as_of) == 0
    assert watch.trace is not None
    assert watch.trace.z[0, 0] == trace.z[-1, 0]


def test_a_copy_lives_its_own_life():
    """What a copy is fed does not reach the original."""
    series = rates(lift=0.5)
    watch = Watch(experiment(), RATE, plan())
    watch.extend(rows_of(series, slice(0, 20)))
    twin = watch.copy()
    twin.extend(rows_of(series, slice(20, None)))
    assert twin.calls
    assert not watch.calls
    assert watch.extend(rows_of(series, slice(20, None))).evidence[-1] == twin.trace.evidence[0]


def test_after_the_plan_only_the_reserve_calls():
    """Once the plan is spent the line is that of the reserve, and it needs stronger evidence."""
    series = rates(looks=600, days=21, n=15_000)
    trace = watched(series)[1]
    assert trace.z_crit[trace.s < 0.995, 0].min() < 2.6
    assert (trace.z_crit[trace.s > 1.01, 0] > 3.9).all()
    # sqrt((u + rho)/u (2 log(1/0.0025) + log((u + rho)/rho))), u = 1.5, rho = 0.07664: 3.98
    assert abs(trace.z_crit[-1, 0] - 3.98) < 0.02


def test_a_ready_arm_makes_it_easier_for_the_next():
    """Holm: the second treatment needs less once the first is called."""
    series = rates(arms=3, lift=0.6)
    watch, trace = watched(series, arms=3)
    assert [c.treatment_key for c in watch.calls] == ["v2"]
    row = int(np.argmax(trace.evidence[:, 1] >= 0.95))
    other = trace.p_always[row, 0]
    assert trace.evidence[row, 0] == pytest.approx(1 - max(other, 2 * trace.p_always[row, 1]))


def test_a_missing_arm_waits_alone():
    """An arm the source did not send has no numbers; the others go on."""
    rows = [snapshot(k, ("v0", 1000 * k, 100 * k), ("v2", 1000 * k, 100 * k)) for k in range(1, 30)]
    trace = watched(series_of(rows, experiment(3).variants), arms=3)[1]
    assert np.isnan(trace.z[:, 0]).all()
    assert np.isnan(trace.lift[:, 0]).all()
    assert trace.counts[-1].tolist() == [False, True]


def test_an_empty_series_is_answered_in_shape():
    """Nothing in, nothing out, no exception."""
    watch, trace = watched(series_of([], experiment().variants))
    assert trace.z.shape == (0, 1)
    assert watch.trace is None


def test_an_experiment_without_treatments():
    """A lone baseline is watched without an exception."""
    trace = watched(rates(arms=1), arms=1)[1]
    assert trace.z.shape == (400, 0)


def test_without_a_start_the_first_row_starts_the_calendar():
    """An unknown start is the first row's time."""
    series = rates(looks=100)
    watch = Watch(replace(experiment(), started_at=None), RATE, plan())
    trace = watch.extend(series)
    assert trace.s[0] == 0
    assert trace.s[-1] < 1


def test_the_reserve_catches_what_the_calendar_holds_back():
    """A flood on the first day: the spending clock waits for the calendar, the reserve does not."""
    rows = [snapshot(k, ("v0", 40_000, 4000), ("v1", 40_000, 4600 + k)) for k in range(1, 12)]
    watch, trace = watched(series_of(rows, experiment().variants))
    assert trace.s[-1] < 0.05
    # s = 1/336 at the first hour: the plan part asks for 4.6 there, the reserve (u = 4) for 4.0
    assert 4.0 < trace.z_crit[0, 0] < 4.1
    assert watch.calls[0].as_of == START + timedelta(hours=1)


def test_rows_to_keep_name_every_minimum():
    """Thinning is told each row on which a minimum rests."""
    trace = watched(rates(lift=0.5))[1]
    minima = trace.as_of[trace.is_minimum[:, 0]]
    assert set(minima) <= set(rows_to_keep(trace))
    assert trace.p_always[-1, 0] == np.nanmin(trace.p_now[:, 0])
