"""Laws of the store: what goes in comes out, in whatever order, on both databases."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.experiments.model import (
    Alert,
    Call,
    Experiment,
    Exposures,
    Metric,
    MetricKind,
    Origin,
    Plan,
    Reported,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.history import codec
from lib.history.encode import layout_of, pack, unpack
from lib.history.ladder import TOP, WIDTHS_S, level_for, level_of
from lib.history.record import Record, read_record, write_record
from lib.history.store import Store
from lib.stats.series import series_of
from tests.postgres import running

START = datetime(2026, 1, 1, tzinfo=UTC)
METRIC = Metric(id="m", name="m", kind=MetricKind.RATIO)
KEYS = ("control", "b", "c")
EXPERIMENT = Experiment(
    id=1,
    name="x",
    status=Status.RUNNING,
    variants=tuple(Variant(key=k, name=k, share=1 / 3) for k in KEYS),
    metrics=(METRIC,),
)
words = st.text(max_size=12)
numbers = st.floats(allow_nan=False)
finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
counts = st.integers(0, 2**53)
moments = st.datetimes(
    datetime(1980, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.just(UTC),  # hypothesis adds the zone
)
maybe = st.none() | finite


@st.composite
def totals(draw, key):
    """Sums that can be: squares are at least what the sum asks for."""
    n = draw(st.integers(0, 2**40))
    total = draw(st.floats(-1e9, 1e9))
    extra = draw(st.floats(0, 1e12))
    return Totals(
        variant_key=key,
        n=n,
        total=total,
        total_sq=(total**2 / n if n else 0.0) * (1 + 1e-9) + extra,
        base_total=draw(maybe),
        base_total_sq=draw(maybe),
        cross_total=draw(maybe),
        steps=tuple(draw(st.lists(counts, max_size=4))),
        covariate_total=draw(maybe),
        covariate_total_sq=draw(maybe),
        covariate_cross=draw(maybe),
    )


reported = st.builds(
    Reported,
    variant_key=words,
    method=words,
    significant=st.none() | st.booleans(),
    chance_to_win=st.none() | numbers,
    p_value=st.none() | numbers,
    interval=st.none() | st.tuples(numbers, numbers),
    failures=st.lists(words, max_size=2).map(tuple),
)


@st.composite
def readings(draw):
    """One reading within an hour, of two or three arms; PostHog's own figures now and then."""
    seconds = draw(st.integers(0, 360)) * 10
    keys = KEYS[: draw(st.integers(2, 3))]
    return Snapshot(
        experiment_id=1,
        metric_id="m",
        as_of=START + timedelta(seconds=seconds, microseconds=draw(st.integers(0, 1))),
        taken_at=START + timedelta(hours=2, microseconds=draw(st.integers(0, 10**9))),
        totals=tuple(draw(totals(key)) for key in keys),
        reported=tuple(draw(st.lists(reported, max_size=1))),
        origin=draw(st.sampled_from(Origin)),
        n_excluded=draw(st.integers(0, 5)),
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request):
    """A store that a property may empty between its examples."""
    url = "sqlite://" if request.param == "sqlite" else running().new_database()
    store = Store(url, clock=lambda: START)
    yield store
    store.close()


def clear(store):
    with store._database.engine.connect().execution_options(writes=True) as connection:
        for table in ("snapshots", "protections"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.commit()


def standing(kept):
    """What must count, by the plainest reading of the rules: of each moment the one taken last."""
    by_moment = {}
    for one in sorted(kept, key=lambda s: (s.as_of, s.taken_at)):
        before = by_moment.get(one.as_of)
        if before is None or (before.totals, before.n_excluded) != (one.totals, one.n_excluded):
            by_moment[one.as_of] = one
    return tuple(by_moment[at] for at in sorted(by_moment))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kept=st.lists(readings(), max_size=8))
def test_snapshots_and_series_round_trip(empty, kept):
    """Whatever was read comes back equal, as snapshots and, bit for bit, as the arrays statistics make of it."""
    clear(empty)
    empty.keep(kept)
    expected = standing(kept)
    assert empty.snapshots(1, "m") == expected
    ours, theirs = empty.series(EXPERIMENT, METRIC), series_of(expected, EXPERIMENT.variants)
    for name in ("as_of", "n", "total", "total_sq", "base_total", "covariate_cross", "n_excluded"):
        left, right = getattr(ours, name), getattr(theirs, name)
        assert (left is None) == (right is None)
        if left is not None:
            assert left.tobytes() == right.tobytes()
    assert empty.keep(kept) == 0 or len(kept) > len(expected)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kept=st.lists(readings(), max_size=8, unique_by=lambda s: s.as_of), data=st.data())
def test_order_of_arrival_changes_nothing(empty, kept, data):
    """One by one in any order or in one batch: the same rows, the same chart, the same rows after thinning."""
    clear(empty)
    for one in data.draw(st.permutations(kept)):
        empty.keep([one])
    other = Store("sqlite://", clock=lambda: START)
    other.keep(kept)
    for points in (5, 60):
        left, right = (s.thinned_series(EXPERIMENT, METRIC, points=points) for s in (empty, other))
        assert left.as_of.tobytes() == right.as_of.tobytes()
    later = START + timedelta(days=30)
    assert empty.thin(later) == other.thin(later)
    assert empty.snapshots(1, "m") == other.snapshots(1, "m")
    other.close()


@given(
    arms=st.lists(words, max_size=4, unique=True).flatmap(lambda ks: st.tuples(*map(totals, ks)))
)
def test_totals_survive_packing(arms):
    """Every sum, step and key of every arm."""
    assert unpack(layout_of(arms), pack(arms)) == arms


@given(seconds=st.lists(st.integers(-(10**9), 10**10), min_size=1, unique=True).map(sorted))
def test_a_level_marks_the_first_row_of_its_bucket(seconds):
    """A row has at least level k exactly if no earlier row shares its bucket of width k."""
    for i, second in enumerate(seconds):
        before = seconds[i - 1] * 10**6 if i else None
        level = level_of(second * 10**6, before)
        for k in range(1, TOP + 1):
            shared = any(s // WIDTHS_S[k] == second // WIDTHS_S[k] for s in seconds[:i])
            assert (level >= k) == (not shared)


@given(span=st.floats(0, 1e9), points=st.integers(2, 3000))
def test_a_chart_never_gets_more_buckets_than_points(span, points):
    """The chosen width is the finest that fits, up to decades."""
    level = level_for(span, points)
    assert level == TOP or span / WIDTHS_S[level] <= points
    assert level == 1 or span / WIDTHS_S[level - 1] > points


nouns = st.sampled_from([Experiment, Plan, Call, Alert, Exposures, Reported]).flatmap(
    lambda kind: st.tuples(st.just(kind), st.from_type(kind))
)
st.register_type_strategy(datetime, moments)
st.register_type_strategy(float, numbers)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(noun=nouns)
def test_nouns_survive_json(noun):
    """Every field of every noun, also one added later, comes back from strict JSON as it was."""
    kind, value = noun
    text = codec.dumps(value)
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert codec.loads(kind, text) == value


@settings(deadline=None, max_examples=30)
@given(kept=st.lists(readings(), max_size=4), experiment=st.from_type(Experiment))
def test_a_record_gives_back_bit_identical_inputs(kept, experiment):
    """What an analysis is recomputed from is what it was computed from, and the text is safe inside a page."""
    record = Record(
        experiment=experiment,
        metric=METRIC,
        plan=None,
        snapshots=tuple(kept),
        calls=(),
        as_of=START,
        source="</script>",
    )
    text = write_record(record)
    assert "<" not in text
    again = read_record(text)
    assert again == record
    ours, theirs = (series_of(r.snapshots, EXPERIMENT.variants) for r in (again, record))
    assert np.array_equal(ours.total, theirs.total, equal_nan=True)
    assert ours.total.tobytes() == theirs.total.tobytes()
