"""Laws of the watch, on random histories: whatever arrives, however it arrives."""

import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.experiments.model import MetricKind
from lib.stats.compare import FIELDS
from lib.stats.results import Series, Trace
from lib.stats.series import rows_of
from lib.stats.watch import Watch, rows_to_keep
from tests.unit.stats.builders import MEAN, RATE, experiment, plan, rates

FEW = settings(max_examples=12, deadline=None)
SEEDS = st.integers(0, 10_000)
LIFTS = st.sampled_from([0.0, 0.1, 0.3, -0.3])
NAMES = [n for n in Trace.__slots__ if n != "called_at"]


def watch_all(series, *, arms=2, metric=RATE, n=10_000):
    watch = Watch(experiment(arms), metric, plan(arms, n))
    return watch, watch.extend(series)


def same(a, b):
    for name in NAMES:
        left, right = getattr(a, name), getattr(b, name)
        np.testing.assert_array_equal(left, right, err_msg=name)


def joined(traces):
    values = {name: np.concatenate([getattr(t, name) for t in traces]) for name in NAMES}
    return Trace(**values, called_at=traces[-1].called_at)


@FEW
@given(SEEDS, LIFTS, st.sampled_from([2, 3, 4]), st.lists(st.integers(1, 119), max_size=6))
def test_in_pieces_or_at_once(seed, lift, arms, cuts):
    """A watch fed in pieces says at every row what one fed at once says."""
    series = rates(seed, arms=arms, looks=120, lift=lift)
    whole, at_once = watch_all(series, arms=arms)
    watch = Watch(experiment(arms), RATE, plan(arms))
    edges = [0, *sorted(cuts), 120]
    pieces = [watch.extend(rows_of(series, slice(*pair))) for pair in pairwise(edges)]
    same(joined(pieces), at_once)
    assert watch.calls == whole.calls


@FEW
@given(SEEDS, LIFTS, st.sampled_from([2, 3]))
def test_thinned_rows_rebuild_the_same(seed, lift, arms):
    """First rows of the hours and rows with a new minimum are enough to say the same about themselves."""
    series = rates(seed, arms=arms, looks=1500, lift=lift)
    whole, trace = watch_all(series, arms=arms)
    hours = np.floor(series.as_of / 3600)
    first = np.concatenate([[True], np.diff(hours) > 0])
    kept = np.flatnonzero(first | np.isin(series.as_of, rows_to_keep(trace)))
    assert len(kept) < 700
    rebuilt, thin = watch_all(rows_of(series, kept), arms=arms)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(thin, name), getattr(trace, name)[kept], err_msg=name)
    assert rebuilt.calls == whole.calls


@FEW
@given(SEEDS, LIFTS, st.sampled_from([2, 3, 4]))
def test_evidence_never_falls_and_calls_at_95(seed, lift, arms):
    """Evidence only rises, and an arm is called at the first row where it has reached 0.95."""
    watch, trace = watch_all(rates(seed, arms=arms, lift=lift), arms=arms)
    known = np.nan_to_num(trace.evidence)
    assert (np.diff(known, axis=0) >= 0).all()
    called = {c.treatment_key: c for c in watch.calls}
    for arm in range(arms - 1):
        reached = known[:, arm] >= 0.95
        assert (f"v{arm + 1}" in called) == reached.any()
        if reached.any():
            assert called[f"v{arm + 1}"].as_of.timestamp() == pytest.approx(
                trace.as_of[reached.argmax()]
            )


@FEW
@given(SEEDS, LIFTS, st.sampled_from([2, 3]), st.sampled_from([0.02, 0.1, 0.6]))
def test_test_and_interval_agree(seed, lift, arms, rate):
    """At every look the interval excludes zero exactly when |z| is beyond the line (Holm's first step)."""
    trace = watch_all(rates(seed, arms=arms, lift=lift, rate=rate), arms=arms)[1]
    beyond = np.abs(trace.z) > trace.z_crit
    outside = (trace.low > 0) | (trace.high < 0)
    assert (beyond == outside)[trace.counts].all()
    with np.errstate(invalid="ignore"):
        calls = trace.p_now <= 0.05 / (arms - 1)
    assert (calls == (np.abs(trace.z) >= trace.z_crit))[trace.counts].all()


@FEW
@given(SEEDS, st.sampled_from([0.0, 0.4]))
def test_means_agree_too(seed, lift):
    """The same for a mean: Fieller's interval and Welch's test."""
    rng = np.random.default_rng(seed)
    series = rates(seed, looks=150, n=3000)
    n = series.n.astype(int)
    values = [rng.lognormal(0, 1, size=n[-1, arm]) * (1 + lift * arm) for arm in range(2)]
    sums = [
        np.column_stack([np.cumsum(v**k)[n[:, a] - 1] for a, v in enumerate(values)])
        for k in (1, 2)
    ]
    trace = watch_all(replace(series, total=sums[0], total_sq=sums[1]), metric=MEAN, n=3000)[1]
    known = trace.counts & np.isfinite(trace.low)
    beyond = np.abs(trace.z) > trace.z_crit
    assert (beyond == ((trace.low > 0) | (trace.high < 0)))[known].all()


@FEW
@given(SEEDS, LIFTS)
def test_swapping_the_arms_turns_the_sign(seed, lift):
    """Control and treatment exchanged: z turns round, evidence and line stay."""
    series = rates(seed, lift=lift)
    turned = Series(
        as_of=series.as_of,
        n=series.n[:, ::-1],
        total=series.total[:, ::-1],
        total_sq=series.total_sq[:, ::-1],
    )
    one, other = watch_all(series)[1], watch_all(turned)[1]
    np.testing.assert_allclose(one.z, -other.z, atol=1e-12)
    np.testing.assert_allclose(one.z_crit, other.z_crit, rtol=1e-6)
    np.testing.assert_allclose(one.evidence, other.evidence, atol=1e-6)


odd = st.one_of(
    st.integers(-5, 400).map(float),
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e15, 1e300, 0.5]),
)


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(list(MetricKind)), st.integers(1, 3), st.integers(0, 8))
def test_odd_data_never_raise(data, kind, arms, rows):
    """Whatever the totals: no exception, no warning, p-values and evidence within 0..1 or unknown."""
    draw = lambda: np.array(  # noqa: E731 - one line, used below
        [[data.draw(odd) for _ in range(arms)] for _ in range(rows)], dtype=float
    ).reshape(rows, arms)
    sums = {name: draw() for name in FIELDS}
    steps = [data.draw(st.sampled_from([1.0, 600.0, 4000.0, 90_000.0])) for _ in range(rows)]
    series = Series(as_of=1.7676e9 + np.cumsum(steps, dtype=float), n_excluded=None, **sums)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trace = watch_all(series, arms=arms, metric=replace(RATE, kind=kind), n=100)[1]
    for name in ("p_now", "p_always", "evidence"):
        values = getattr(trace, name)
        assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()
    known = np.isfinite(trace.low) & np.isfinite(trace.high)
    assert (trace.low <= trace.high)[known].all()
    assert np.isfinite(trace.z[trace.counts]).all()
