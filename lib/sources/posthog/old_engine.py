"""Answers of PostHog's old engine become counts that are shown and never decided on; called by `metric_queries`.

The old engine gives no sums of squares. A funnel's are known (each converter counts once); for counts of events the
smallest possible value stands in, which is why MetricKind.LEGACY must never reach a test. Its intervals are absolute
rates per arm, not differences, so they are not passed on.
"""

from __future__ import annotations

from lib.experiments.errors import SourceSurprise
from lib.experiments.model import Experiment, Metric, Reported, Totals
from lib.sources.posthog.fields import Row, count, maybe_flag, maybe_number, number, part, rows
from lib.sources.posthog.results import Decoded, Look, arm_problems, problem, snapshot_of

SENTENCE = "Counted by PostHog's old engine: the counts are shown, a verdict cannot be given."


def decode_old_engine(result: Row, experiment: Experiment, metric: Metric, look: Look) -> Decoded:
    """Decode a trends or funnels answer. Never raises: what cannot be read becomes a problem."""
    problems = [problem(metric, "legacy", SENTENCE)]
    arms = {str(arm.get("key")): arm for arm in reversed(list(rows(result.get("variants"))))}
    problems += arm_problems(arms, experiment, metric) if arms else []
    totals = []
    for variant in experiment.variants:
        if variant.key in arms:
            try:
                totals.append(_totals(variant.key, arms[variant.key]))
            except SourceSurprise as surprise:
                sentence = f"An arm's numbers cannot be read ({surprise.path}); it is left out."
                problems.append(problem(metric, "unreadable", sentence))
    snapshot = None
    if totals:
        snapshot = snapshot_of(experiment, metric, look, totals, _reported(result, experiment))
    return Decoded(metric_id=metric.id, snapshot=snapshot, problems=tuple(problems))


def _totals(key: str, arm: Row) -> Totals:
    if "success_count" in arm:
        successes = count(arm.get("success_count"), "success_count")
        n = successes + count(arm.get("failure_count"), "failure_count")
        return Totals(variant_key=key, n=n, total=successes, total_sq=successes)
    n = count(arm.get("absolute_exposure"), "absolute_exposure")
    total = number(arm.get("count"), "count")
    return Totals(variant_key=key, n=n, total=total, total_sq=total**2 / n if n else 0.0)


def _reported(result: Row, experiment: Experiment) -> tuple[Reported, ...]:
    chances = part(result, "probability")
    return tuple(
        Reported(
            variant_key=variant.key,
            method="legacy",
            significant=maybe_flag(result.get("significant")),
            chance_to_win=maybe_number(chances.get(variant.key)),
            p_value=maybe_number(result.get("p_value")),
        )
        for variant in experiment.treatments
    )
