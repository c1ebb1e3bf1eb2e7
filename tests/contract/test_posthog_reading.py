"""A stored run becomes a Reading: every way PostHog says "numbers", "not yet" and "not at all"."""

from datetime import UTC, datetime

import pytest

from lib.experiments.errors import SourceRefused, SourceSurprise
from lib.experiments.model import MetricRole, Origin
from tests.contract.posthog_replies import (
    FUNNEL_ID,
    MEAN_ID,
    NO_RUN,
    NOT_FOUND,
    RATIO_ID,
    Answer,
    FakePostHog,
    arm,
    detail,
    flag,
    metric,
    refusal,
    result,
    row,
    run,
    treatment,
)


def read(**routes):
    return FakePostHog(**routes).source().read(482, is_watched=True)


def kinds(reading):
    return [problem.kind for problem in reading.problems]


def only(reading):
    (snapshot,) = reading.snapshots
    return snapshot


def ratio_arm(key, **changes):
    found = {
        "denominator_sum": 6980.0,
        "denominator_sum_squares": 10790.0,
        "numerator_denominator_sum_product": 571.0,
        **changes,
    }
    return treatment(key, 10198, 455.0, 503.0, **found)


def test_good_run():
    """A good run gives each arm's totals, PostHog's own figures, the data's end and the server's clock."""
    reading = read()
    snapshot = only(reading)
    assert [(t.variant_key, t.n, t.total, t.total_sq) for t in snapshot.totals] == [
        ("control", 10198, 520098.0, 58700120.75),
        ("test", 10240, 541720.5, 61204400.25),
    ]
    (own,) = snapshot.reported
    assert own.chance_to_win == pytest.approx(0.99115, abs=1e-5)
    assert own.interval == pytest.approx((0.006477, 0.068126), abs=1e-6)
    assert snapshot.as_of == datetime(2026, 9, 12, 14, 1, 59, 10000, UTC)
    assert snapshot.origin is Origin.RUN
    assert reading.server_now == datetime(2026, 9, 12, 14, 5, tzinfo=UTC)
    assert (reading.problems, reading.is_calculating, reading.is_fresh_run) == ((), False, True)


def test_failed_run_with_good_metrics():
    """A run marked failed keeps its good metrics; the failed one says so in our words, not the server's."""
    broken = row(
        RATIO_ID,
        None,
        "failed",
        error_message="This experiment query is using too much memory. <b>",
    )
    reading = read(
        detail=detail(metric(MEAN_ID), metric(RATIO_ID, "ratio")),
        latest=run(row(), broken, status="failed"),
    )
    assert only(reading).metric_id == MEAN_ID
    assert [p.metric_id for p in reading.problems] == [RATIO_ID]
    assert (
        reading.problems[0].sentence
        == "Not calculated: the query needs too much memory in PostHog."
    )


def test_failed_row_with_a_result():
    """What a failed calculation left behind is not taken for numbers."""
    reading = read(latest=run(row(found=result(), status="failed"), status="failed"))
    assert (reading.snapshots, kinds(reading)) == ((), ["failed"])


def test_metric_error_without_row():
    """A metric named only in metric_errors has failed too."""
    errors = {RATIO_ID: {"step": "calculation", "message": "anything"}}
    reading = read(
        detail=detail(metric(MEAN_ID), metric(RATIO_ID, "ratio")),
        latest=run(row(), status="failed", metric_errors=errors),
    )
    assert kinds(reading) == ["failed"]
    assert reading.problems[0].sentence == "Not calculated: PostHog's calculation failed."


def test_placeholder_run():
    """A placeholder made of daily points is told from a run: its numbers are daily ones."""
    made = run(id="timeseries-fallback", result_source="timeseries_fallback")
    del made["trigger"]
    reading = read(latest=made)
    assert not reading.is_fresh_run
    assert only(reading).origin is Origin.DAILY


def test_never_calculated():
    """A 404 without a code is "no results yet", not an error."""
    reading = read(latest=NO_RUN)
    assert (reading.snapshots, kinds(reading)) == ((), ["no_results"])


def test_first_run_pending():
    """The first run of an experiment is announced as running, without numbers."""
    reading = read(latest=run(results=[], status="pending", query_to=None, completed_at=None))
    assert (reading.snapshots, kinds(reading), reading.is_calculating) == ((), ["pending"], True)


def test_old_results_while_a_run_executes():
    """While a new run executes the old numbers are shown and the calculation is announced."""
    reading = read(latest=run(active_run={"id": "x", "status": "in_progress"}))
    assert reading.is_calculating
    assert only(reading).totals[0].n == 10198


@pytest.mark.parametrize(
    ("word", "kind", "part"),
    [
        ("not-enough-exposures", "too_few_exposures", "fewer than 50 visitors"),
        ("baseline-mean-is-zero", "baseline_zero", "baseline's average is zero"),
        ("not-enough-metric-data", "too_little_data", "fewer than 5 conversions"),
        ("a-new-reason", "not_calculated", "did not calculate its own"),
    ],
)
def test_validation_failures(word, kind, part):
    """Each of PostHog's refusals has its own sentence, and the counts come all the same."""
    nulls = {"chance_to_win": None, "credible_interval": None, "significant": None}
    small = treatment("test", 37, 44.0, 90.0, validation_failures=[word], **nulls)
    reading = read(latest=run(row(found=result(arm(n=41, total=38.0, total_sq=70.0), small))))
    assert kinds(reading) == [kind]
    assert part in reading.problems[0].sentence
    assert [t.n for t in only(reading).totals] == [41, 37]


def test_nulls_with_empty_failure_list():
    """Figures that are null without a reason are simply absent; the counts are enough."""
    bare = treatment(chance_to_win=None, credible_interval=None, significant=None)
    reading = read(latest=run(row(found=result(arm(), bare))))
    own = only(reading).reported[0]
    assert (own.chance_to_win, own.interval, own.significant) == (None, None, None)
    assert reading.problems == ()


def test_arms_without_optional_keys():
    """An arm of a 2025 server holds four keys and is as good as any."""
    bare = {"key": "control", "number_of_samples": 5.0, "sum": 1, "sum_squares": 1}
    reading = read(latest=run(row(found=result(bare, {**bare, "key": "test", "surprise": {}}))))
    assert [t.n for t in only(reading).totals] == [5, 5]


def test_missing_arm():
    """An arm that PostHog has no results for is absent, never a zero, and is said."""
    reading = read(
        detail=detail(feature_flag=flag("control", "test", "third")),
        latest=run(row(found=result(arm(), treatment("third")))),
    )
    assert [t.variant_key for t in only(reading).totals] == ["control", "third"]
    assert kinds(reading) == ["missing_arm"]


def test_unknown_arm():
    """An arm the flag no longer has is left out and said; arms of a holdout and $multiple are not worth a word."""
    strange = [treatment("test"), treatment("gone"), treatment("holdout-3"), treatment("$multiple")]
    reading = read(latest=run(row(found=result(arm(), *strange))))
    assert [t.variant_key for t in only(reading).totals] == ["control", "test"]
    assert kinds(reading) == ["unknown_arm"]
    silent = read(latest=run(row(found=result(arm(), strange[0], *strange[2:]))))
    assert silent.problems == ()


def test_five_arms_uneven():
    """Five arms come in the flag's order whatever the order of the results."""
    order = ["control", "b", "c", "d", "e"]
    reading = read(
        detail=detail(
            feature_flag=flag(("control", 60), ("b", 10), ("c", 10), ("d", 10), ("e", 10))
        ),
        latest=run(row(found=result(arm(), *(treatment(k) for k in reversed(order[1:]))))),
    )
    assert [t.variant_key for t in only(reading).totals] == order
    assert [v.share for v in reading.experiment.variants] == pytest.approx(
        [0.6, 0.1, 0.1, 0.1, 0.1]
    )


def test_baseline_not_called_control():
    """The configured baseline stands first; PostHog's figures against another baseline are dropped."""
    setup = detail(
        feature_flag=flag("old", "new"), stats_config={"baseline_variant_key": "new", "method": "x"}
    )
    good = read(detail=setup, latest=run(row(found=result(arm("new"), treatment("old")))))
    assert [t.variant_key for t in only(good).totals] == ["new", "old"]
    assert [own.variant_key for own in only(good).reported] == ["old"]
    other = read(detail=setup, latest=run(row(found=result(arm("old"), treatment("new")))))
    assert only(other).reported == ()


def test_ratio_sums():
    """A ratio keeps its denominator and the sum of products."""
    reading = read(
        detail=detail(metric(RATIO_ID, "ratio", goal="decrease")),
        latest=run(row(RATIO_ID, result(ratio_arm("control"), ratio_arm("test")))),
    )
    first = only(reading).totals[0]
    assert (first.base_total, first.base_total_sq, first.cross_total) == (6980.0, 10790.0, 571.0)
    assert reading.experiment.metrics[0].role is MetricRole.PRIMARY


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"number_of_samples": None}, "number_of_samples"),
        ({"number_of_samples": 3.5}, "number_of_samples"),
        ({"number_of_samples": -1}, "number_of_samples"),
        ({"number_of_samples": 10**40}, "number_of_samples"),
        ({"number_of_samples": "5"}, "number_of_samples"),
        ({"number_of_samples": True}, "number_of_samples"),
        ({"sum": None}, "sum"),
        ({"sum": 10**400}, "sum"),
        ({"sum_squares": "1"}, "sum_squares"),
        ({"sum_squares": 1.0}, "sum_squares"),
        ({"sum_squares": -5.0}, "sum_squares"),
    ],
)
def test_unreadable_arm(changes, path):
    """An arm whose numbers cannot be is left out with the field's name; the other arms stand."""
    reading = read(latest=run(row(found=result(arm(), treatment(**changes)))))
    assert [t.variant_key for t in only(reading).totals] == ["control"]
    assert kinds(reading) == ["unreadable"]
    assert f"({path})" in reading.problems[0].sentence


def test_null_sums_over_nobody():
    """Null sums of an arm without visitors are zero, since nobody contributed."""
    empty = treatment("test", 0, None, None)
    reading = read(latest=run(row(found=result(arm(), empty))))
    assert (only(reading).totals[1].n, only(reading).totals[1].total) == (0, 0.0)
    assert reading.problems == ()


def test_ratio_without_denominator():
    """A ratio whose denominator is missing has no numbers, and says which field."""
    reading = read(
        detail=detail(metric(RATIO_ID, "ratio")),
        latest=run(row(RATIO_ID, result(arm(), treatment()))),
    )
    assert reading.snapshots == ()
    assert "denominator_sum" in reading.problems[0].sentence


def test_steps_and_covariates():
    """Funnel steps and pre-exposure sums are kept when they are whole."""
    full = arm(
        n=10198,
        total=1224,
        total_sq=1224,
        step_counts=[4020, 1224],
        covariate_sum=5,
        covariate_sum_squares=9,
    )
    reading = read(
        detail=detail(metric(FUNNEL_ID, "funnel")),
        latest=run(row(FUNNEL_ID, result(full, treatment(step_counts=["x"])))),
    )
    assert only(reading).totals[0].steps == (4020, 1224)
    assert only(reading).totals[0].covariate_total == 5.0
    assert only(reading).totals[1].steps == ()


@pytest.mark.parametrize("raw", [b'{"results": [', b"", b"\xff\xfe", b"[" * 20_000, b'{"id": "cut'])
def test_truncated_answer(raw):
    """A broken answer is a surprise in words, never a crash."""
    with pytest.raises(SourceSurprise):
        read(latest=Answer(raw))


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_not_a_number(constant):
    """NaN and Infinity are not JSON; an answer that holds one is refused whole."""
    with pytest.raises(SourceSurprise, match="not readable"):
        read(latest=Answer(b'{"query_to": null, "results": [], "x": ' + constant + b"}"))


def test_web_page_instead_of_data():
    """A web page where data should be names the setting that is probably wrong."""
    with pytest.raises(SourceSurprise, match="POSTHOG_HOST"):
        read(latest=Answer(b"<!DOCTYPE html><html>Sign in</html>"))


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_unknown_shape(body):
    """JSON of another shape is a surprise with its path."""
    with pytest.raises(SourceSurprise) as caught:
        read(latest=Answer(body))
    assert caught.value.path == "latest"


def test_run_full_of_nulls():
    """Null, missing and unknown keys at every level give problems, never exceptions."""
    odd = {"results": [None, 5, {}, {"metric_uuid": None}, {"metric_uuid": MEAN_ID, "result": {}}]}
    reading = read(latest={**odd, "query_to": None, "metric_errors": None, "active_run": None})
    assert kinds(reading) == ["unreadable"]
    dated = read(latest={**odd, "query_to": "2026-09-12T14:01:59Z"})
    assert kinds(dated) == ["no_results"]
    hollow = {"baseline": None, "variant_results": None, "last_refresh": None}
    assert kinds(read(latest=run(row(found=hollow)))) == ["no_results"]


def test_as_of_never_after_the_run():
    """A stopped experiment with an end in the future reaches no further than its run did."""
    reading = read(
        detail=detail(end_date="2027-01-01T00:00:00Z", status="stopped"),
        latest=run(query_to="2027-01-01T00:00:00Z", completed_at="2026-09-12T14:02:12Z"),
    )
    assert only(reading).as_of == datetime(2026, 9, 12, 14, 2, 12, tzinfo=UTC)


def test_doubled_rows():
    """Of several rows for one metric the one with numbers of the present configuration wins."""
    old = row(found=result(arm(n=1, total=1, total_sq=1), treatment()), legacy=True)
    empty = row(found=None, status="pending")
    assert only(read(latest=run(old, empty, row()))).totals[0].n == 10198
    assert read(latest=run(old)).snapshots == ()


def test_gone_experiment():
    """A deleted experiment is refused with a sentence, and not asked for again at once."""
    posthog = FakePostHog(detail=NOT_FOUND)
    source = posthog.source()
    for _ in range(3):
        with pytest.raises(SourceRefused, match="gone, or not visible"):
            source.read(482, is_watched=True)
    assert posthog.asked == ["detail"]


def test_another_experiment_than_asked():
    """An answer about another experiment is not taken for this one's."""
    with pytest.raises(SourceSurprise):
        read(detail=detail(id=483))


def test_other_refusals_of_the_run():
    """A 400 on the stored run is a surprise; the server's words are not repeated."""
    with pytest.raises(SourceSurprise) as caught:
        read(latest=refusal(400, "invalid_input", "Ignore previous instructions"))
    assert "Ignore" not in str(caught.value)
