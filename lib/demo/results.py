"""PostHog's result bodies: one metric's answer, a stored run, daily points, exposures.

Called by runs and query. Pure: a trial, a moment and a style in, JSON-ready dicts out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lib.demo import posthog_stats
from lib.demo.clock import DAY_S, day_of, iso
from lib.demo.trial import Measure, Sums, Trial, fingerprint, stable_uuid

Json = dict[str, Any]
LEGACY_NULLS = [
    "insight",
    "metric",
    "variants",
    "probability",
    "significant",
    "significance_code",
    "stats_version",
    "p_value",
    "credible_intervals",
]
NEWER_NULLS = ["clickhouse_sql", "hogql", "is_precomputed", "warnings", "breakdown_results"]
COVARIATES = ["covariate_sum", "covariate_sum_squares", "covariate_sum_product"]
NOT_YET = (
    "Unable to calculate experiment results from the collected data. "
    "This usually resolves once more exposures are recorded."
)
NO_FIGURES = (
    "This experiment query is using too much memory. "
    "Try viewing a shorter time period or contact support for help."
)
KEEPS_DATA_S = DAY_S  # PostHog keeps an experiment's answer for 24 hours
SRM_FROM = 100
METHODS: dict[str | None, Callable[[posthog_stats.Relative | None], Json]] = {
    "bayesian": posthog_stats.bayesian,
    "frequentist": posthog_stats.frequentist,
}


def sums_at(
    trial: Trial, measure: Measure, moment: float, changes: frozenset[str] = frozenset()
) -> tuple[Sums, ...] | None:
    """Return a metric's totals at a moment; ``changes`` are faults of the data, asked for by tests."""
    found = trial.curve.sums(measure.column, trial.days(moment))
    if found is None or not changes:
        return found
    factors = [1.0] * len(found)
    if "shrink" in changes:
        factors = [0.9] * len(found)
    if "srm" in changes:
        factors[-1] *= 0.8
    return tuple(_scaled(one, factor) for one, factor in zip(found, factors, strict=True))


def _scaled(one: Sums, factor: float) -> Sums:
    if factor == 1:
        return one
    whole = isinstance(one.total, int)
    total = math.floor(one.total * factor) if whole else one.total * factor
    return replace(
        one,
        n=math.floor(one.n * factor),
        total=total,
        total_sq=total if whole else one.total_sq * factor,
        base=None if one.base is None else one.base * factor,
        base_sq=None if one.base_sq is None else one.base_sq * factor,
        cross=None if one.cross is None else one.cross * factor,
    )


def answer(
    trial: Trial, measure: Measure, sums: tuple[Sums, ...], *, as_of: float, style: str
) -> Json:
    """Return an ExperimentQueryResponse for totals that were read at ``as_of``."""
    baseline = next((s for s in sums if s.key == trial.baseline), sums[0])
    body: Json = {"kind": "ExperimentQuery"} | dict.fromkeys(LEGACY_NULLS)
    if style == "2026":
        body |= dict.fromkeys(NEWER_NULLS)
    base_fails = posthog_stats.failures(baseline, measure.kind, is_baseline=True)
    body["baseline"] = _arm(baseline, measure, style, base_fails)
    body["variant_results"] = [
        _variant(trial, measure, baseline, one, style, blocked=bool(base_fails))
        for one in sums
        if one.key != baseline.key
    ]
    return body | cache_fields(trial.id, measure.uuid, as_of)


def cache_fields(experiment_id: int, what: str, as_of: float, *, is_cached: bool = False) -> Json:
    """Return the fields that every cached answer carries; ``last_refresh`` is the as-of."""
    return {
        "cache_key": f"cache_1_{fingerprint(experiment_id, what)[:10]}",
        "cache_target_age": iso(as_of + KEEPS_DATA_S),
        "calculation_trigger": None,
        "is_cached": is_cached,
        "last_refresh": iso(as_of),
        "next_allowed_client_refresh": iso(as_of + 60),
        "query_metadata": None,
        "query_status": None,
        "timezone": "UTC",
    }


def _arm(one: Sums, measure: Measure, style: str, fails: list[str]) -> Json:
    body: Json = {
        "key": one.key,
        "number_of_samples": one.n,
        "sum": one.total,
        "sum_squares": one.total_sq,
        "denominator_sum": one.base,
        "denominator_sum_squares": one.base_sq,
        "numerator_denominator_sum_product": one.cross,
    }
    if style == "2026":
        body |= dict.fromkeys(COVARIATES)
        body["step_counts"] = [one.total] if measure.kind == "funnel" else None
        body["step_sessions"] = None
    return body | {"validation_failures": fails}


def _variant(
    trial: Trial, measure: Measure, baseline: Sums, one: Sums, style: str, *, blocked: bool
) -> Json:
    fails = posthog_stats.failures(one, measure.kind, is_baseline=False)
    found = None if blocked or fails else posthog_stats.relative(baseline, one, measure.kind)
    method = trial.method if trial.method in METHODS else "bayesian"
    reported = METHODS[method](found)
    return _arm(one, measure, style, fails) | {"method": method} | reported


def counted(trial: Trial) -> list[Measure]:
    """Return the metrics in the order of stored runs: by uuid, not by display order."""
    return sorted(trial.measures, key=lambda m: m.uuid)


def run_body(
    trial: Trial,
    moment: float,
    *,
    trigger: str = "auto_refresh",
    run_id: str | None = None,
    changes: frozenset[str] = frozenset(),
) -> Json:
    """Return a finished run whose data end at ``moment``."""
    results = [_row(trial, one, moment, changes) for one in counted(trial)]
    bad = {r["metric_uuid"]: r["error_message"] for r in results if r["status"] == "failed"}
    body: Json = {
        "id": run_id or stable_uuid("run", trial.id, iso(moment)),
        "experiment_id": trial.id,
        "status": "failed" if bad else "completed",
        "total_metrics": len(results),
        "completed_metrics": len(results) - len(bad),
        "failed_metrics": len(bad),
        "metric_errors": {
            uuid: {"step": "calculation", "message": text} for uuid, text in bad.items()
        },
        "metric_retries": {},
        "trigger": trigger,
        "created_at": iso(moment),
        "started_at": iso(moment),
        "completed_at": iso(moment),
        "query_to": iso(moment),
        "result_source": "recalculation",
        "results": [] if "edited" in changes else results,
    }
    return _as_placeholder(body) if "placeholder" in changes else body


def _row(trial: Trial, measure: Measure, moment: float, changes: frozenset[str]) -> Json:
    sums = sums_at(trial, measure, moment, changes)
    broken = "failed_run" in changes and measure.place != "primary"
    if sums is None or broken:
        return {
            "metric_uuid": measure.uuid,
            "status": "failed",
            "result": None,
            "error_message": NO_FIGURES,
        }
    return {
        "metric_uuid": measure.uuid,
        "status": "completed",
        "result": answer(trial, measure, sums, as_of=moment, style="2026"),
        "error_message": None,
    }


def _as_placeholder(body: Json) -> Json:
    del body["trigger"]
    return body | {"id": "timeseries-fallback", "result_source": "timeseries_fallback"}


def days_between(start: float, end: float) -> list[tuple[str, float]]:
    """Return every calendar day from start to end with the moment at which its point ends."""
    found: list[tuple[str, float]] = []
    midnight = math.floor(start / DAY_S) * DAY_S
    while midnight < end or not found:
        found.append((day_of(midnight), min(midnight + DAY_S, end)))
        midnight += DAY_S
    return found


def timeseries_body(trial: Trial, measure: Measure, now: float, changes: frozenset[str]) -> Json:
    """Return one cumulative answer for each day since the start, the last one up to ``now``."""
    points: dict[str, Json | None] = {}
    errors: dict[str, str] = {}
    end = now if trial.ended_at is None else min(now, trial.ended_at)
    for i, (day, moment) in enumerate(days_between(trial.started_at or now, end)):
        sums = sums_at(trial, measure, moment, changes)
        if sums is None or i == trial.gap_day:
            points[day] = None
            errors[day] = NOT_YET
        else:
            points[day] = answer(trial, measure, sums, as_of=moment, style="2026")
    started = trial.started_at is not None
    return {
        "experiment_id": trial.id,
        "metric_uuid": measure.uuid,
        "status": ("partial" if errors else "completed") if started else "pending",
        "timeseries": points if started else None,
        "errors": (errors or None) if started else None,
        "computed_at": iso(end) if started else None,
        "created_at": iso(trial.created_at),
        "updated_at": iso(end),
        "recalculation_status": None,
        "recalculation_created_at": None,
    }


def exposures_body(
    trial: Trial, now: float, *, style: str, changes: frozenset[str] = frozenset()
) -> Json:
    """Return an ExperimentExposureQueryResponse; counts are cumulative by day."""
    end = now if trial.ended_at is None else min(now, trial.ended_at)
    start = trial.started_at
    days = [] if start is None else days_between(start, end)
    series = _exposure_series(trial, days, changes)
    totals = {one["variant"]: one["exposure_counts"][-1] for one in series}
    body: Json = {
        "kind": "ExperimentExposureQuery",
        "timeseries": series,
        "total_exposures": totals,
        "date_range": {
            "date_from": iso(start if start is not None else now).replace("Z", "+00:00"),
            "date_to": iso(end).replace("Z", "+00:00") if trial.has_ended(now) else None,
            "explicitDate": True,
        },
    }
    if style == "2026":
        body["sample_ratio_mismatch"] = _mismatch(trial, totals)
        body["bias_risk"] = _bias(totals)
        body["warnings"] = None
    return body | cache_fields(trial.id, "exposure", end)


def _exposure_series(
    trial: Trial, days: list[tuple[str, float]], changes: frozenset[str]
) -> list[Json]:
    counts: dict[str, list[int]] = {}
    for i, (_, moment) in enumerate(days):
        found = sums_at(trial, trial.measures[0], moment, changes) if trial.measures else None
        for one in found or ():
            counts.setdefault(one.key, [0] * i).append(one.n)
        for known in counts.values():
            known.extend([known[-1]] * (i + 1 - len(known)))
    people = [sum(at) for at in zip(*counts.values(), strict=True)]
    if trial.multiple_share and people:
        counts["$multiple"] = [round(n * trial.multiple_share) for n in people]
    if trial.holdout and people:
        share = trial.holdout["percent"] / (100 - trial.holdout["percent"])
        counts[f"holdout-{trial.holdout['id']}"] = [round(n * share) for n in people]
    return [
        {"variant": key, "days": [day for day, _ in days], "exposure_counts": list(values)}
        for key, values in counts.items()
    ]


def _mismatch(trial: Trial, totals: dict[str, int]) -> Json | None:
    shares = {arm.key: arm.percent / 100 for arm in trial.arms}
    seen = {key: totals.get(key, 0) for key in shares}
    n = sum(seen.values())
    if n < SRM_FROM:
        return None
    expected = {key: n * share for key, share in shares.items()}
    p_value = posthog_stats.mismatch_p(list(seen.values()), list(expected.values()))
    return {"expected": expected, "p_value": p_value}


def _bias(totals: dict[str, int]) -> Json | None:
    both = totals.get("$multiple", 0)
    if not both:
        return None
    return {"multiple_variant_percentage": 100 * both / sum(totals.values())}
