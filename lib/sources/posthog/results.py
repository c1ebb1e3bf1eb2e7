"""One result of PostHog (stored run, query or daily point) becomes a Snapshot; called by runs, series and queries.

The counts are what this program lives on, so they are delivered even where PostHog refuses its own statistics; the
refusal comes beside them as a MetricProblem with a sentence of its own. An arm whose counts cannot be read is left
out and said so; a wrong number is never replaced by a zero. Old-engine answers are decoded in `old_engine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.experiments.errors import SourceSurprise
from lib.experiments.model import (
    Experiment,
    Metric,
    MetricKind,
    MetricProblem,
    Origin,
    Reported,
    Snapshot,
    Totals,
)
from lib.sources.posthog.fields import (
    Row,
    count,
    keys,
    maybe_flag,
    maybe_number,
    number,
    part,
    rows,
    words,
)

FAILURES = {
    "not-enough-exposures": (
        "too_few_exposures",
        "PostHog calculates nothing yet: an arm has fewer than 50 visitors.",
    ),
    "baseline-mean-is-zero": ("baseline_zero", "Not calculated: the baseline's average is zero."),
    "not-enough-metric-data": (
        "too_little_data",
        "PostHog calculates nothing yet: fewer than 5 conversions in an arm.",
    ),
}
UNKNOWN_FAILURE = (
    "not_calculated",
    "PostHog did not calculate its own statistics for this metric.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a result cannot say about itself."""

    as_of: datetime
    taken_at: datetime
    origin: Origin = Origin.RUN
    n_excluded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A metric's numbers, if any, and what is wrong with them, if anything."""

    metric_id: str
    snapshot: Snapshot | None = None
    problems: tuple[MetricProblem, ...] = ()


def problem(metric: Metric, kind: str, sentence: str) -> MetricProblem:
    """A problem of one metric."""
    return MetricProblem(metric_id=metric.id, kind=kind, sentence=sentence)


def decode_result(result: Row, experiment: Experiment, metric: Metric, look: Look) -> Decoded:
    """Decode one result of the new engine. Never raises: what cannot be read becomes a problem."""
    arms = dict(_arms(result))
    totals, problems = _totals(arms, experiment, metric)
    problems += _failures(arms.values(), metric)
    if not totals:
        problems = problems or [problem(metric, "no_results", "No results for this metric yet.")]
        return Decoded(metric_id=metric.id, problems=tuple(problems))
    return Decoded(
        metric_id=metric.id,
        snapshot=snapshot_of(experiment, metric, look, totals, _reported(result, arms, experiment)),
        problems=tuple(problems),
    )


def snapshot_of(
    experiment: Experiment,
    metric: Metric,
    look: Look,
    totals: Iterable[Totals],
    reported: tuple[Reported, ...] = (),
) -> Snapshot:
    """A snapshot of these totals."""
    return Snapshot(
        experiment_id=experiment.id,
        metric_id=metric.id,
        as_of=look.as_of,
        taken_at=look.taken_at,
        totals=tuple(totals),
        reported=reported,
        origin=look.origin,
        n_excluded=look.n_excluded,
    )


def arm_problems(
    present: Iterable[str], experiment: Experiment, metric: Metric
) -> list[MetricProblem]:
    """Say which arms a result lacks, and whether it holds arms the experiment does not have."""
    expected = [variant.key for variant in experiment.variants]
    here = set(present)
    found = []
    n_missing = sum(key not in here for key in expected)
    if n_missing and n_missing < len(expected):
        arms = "one arm" if n_missing == 1 else f"{n_missing} arms"
        found.append(problem(metric, "missing_arm", f"PostHog has no results for {arms} yet."))
    strangers = here - set(expected) - set(experiment.excluded_variants) - {"$multiple"}
    if any(not key.startswith("holdout-") for key in strangers):
        sentence = "The results hold an arm that the experiment no longer has; it is left out."
        found.append(problem(metric, "unknown_arm", sentence))
    return found


def _arms(result: Row) -> Iterator[tuple[str, Row]]:
    """Every arm of a result by key; the first one wins when a key comes twice."""
    seen = set()
    for arm in (part(result, "baseline"), *rows(result.get("variant_results"))):
        key = arm.get("key")
        if isinstance(key, str) and key and key not in seen:
            seen.add(key)
            yield key, arm


def _totals(
    arms: dict[str, Row], experiment: Experiment, metric: Metric
) -> tuple[list[Totals], list[MetricProblem]]:
    problems = arm_problems(arms, experiment, metric) if arms else []
    totals = []
    for variant in experiment.variants:
        if variant.key in arms:
            try:
                totals.append(_arm_totals(variant.key, arms[variant.key], metric))
            except SourceSurprise as surprise:
                sentence = f"An arm's numbers cannot be read ({surprise.path}); it is left out."
                problems.append(problem(metric, "unreadable", sentence))
    return totals, problems


def _arm_totals(key: str, arm: Row, metric: Metric) -> Totals:
    n = count(arm.get("number_of_samples"), "number_of_samples")
    has_base = metric.kind in {MetricKind.RATIO, MetricKind.RETENTION}
    try:
        return Totals(
            variant_key=key,
            n=n,
            total=_sum(arm, "sum", n),
            total_sq=_sum(arm, "sum_squares", n),
            base_total=_sum(arm, "denominator_sum", n) if has_base else None,
            base_total_sq=_sum(arm, "denominator_sum_squares", n) if has_base else None,
            cross_total=_sum(arm, "numerator_denominator_sum_product", n) if has_base else None,
            steps=_steps(arm.get("step_counts")),
            covariate_total=maybe_number(arm.get("covariate_sum")),
            covariate_total_sq=maybe_number(arm.get("covariate_sum_squares")),
            covariate_cross=maybe_number(arm.get("covariate_sum_product")),
        )
    except ValueError:
        raise SourceSurprise("Sums that contradict each other.", "sum_squares") from None


def _sum(arm: Row, name: str, n: int) -> float:
    """A sum; null over nobody is zero, null over somebody is unreadable."""
    if arm.get(name) is None and n == 0:
        return 0.0
    return number(arm.get(name), name)


def _steps(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    try:
        return tuple(count(step, "step_counts") for step in value)
    except SourceSurprise:
        return ()


def _failures(arms: Iterable[Row], metric: Metric) -> list[MetricProblem]:
    found = {
        FAILURES.get(name, UNKNOWN_FAILURE)
        for arm in arms
        for name in keys(arm.get("validation_failures"))
    }
    return [problem(metric, kind, sentence) for kind, sentence in sorted(found)]


def _reported(result: Row, arms: dict[str, Row], experiment: Experiment) -> tuple[Reported, ...]:
    """PostHog's own figures, when they compare with the baseline this experiment has now."""
    baseline = experiment.baseline
    if baseline is None or part(result, "baseline").get("key") != baseline.key:
        return ()
    return tuple(
        Reported(
            variant_key=variant.key,
            method=words(arms[variant.key].get("method"), 40) or experiment.method,
            significant=maybe_flag(arms[variant.key].get("significant")),
            chance_to_win=maybe_number(arms[variant.key].get("chance_to_win")),
            p_value=maybe_number(arms[variant.key].get("p_value")),
            interval=_interval(arms[variant.key]),
            failures=tuple(
                words(f, 60) for f in keys(arms[variant.key].get("validation_failures"))
            ),
        )
        for variant in experiment.treatments
        if variant.key in arms
    )


def _interval(arm: Row) -> tuple[float, float] | None:
    given = arm.get("credible_interval") or arm.get("confidence_interval")
    if not isinstance(given, list) or len(given) != 2:
        return None
    low, high = maybe_number(given[0]), maybe_number(given[1])
    return None if low is None or high is None else (low, high)
