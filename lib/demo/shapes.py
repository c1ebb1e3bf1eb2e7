"""PostHog's experiment objects in both styles: the short list item, the full object, the metrics.

Called by api. Pure: a trial and a moment in, JSON-ready dicts out.
"""

from __future__ import annotations

from typing import Any

from lib.demo.clock import iso
from lib.demo.trial import Arm, Measure, Trial, stable_uuid

Json = dict[str, Any]
TEAM = 1
CREATOR: Json = {
    "id": 77,
    "uuid": stable_uuid("user", 77),
    "distinct_id": "u_77_demo",
    "first_name": "Demo",
    "last_name": "Person",
    "email": "demo@example.com",
    "is_email_verified": True,
    "hedgehog_config": None,
    "role_at_organization": "product",
}
NOT_IN_LIST = [
    "holdout_id",
    "secondary_metrics",
    "saved_metrics",
    "saved_metrics_ids",
    "filters",
    "exposure_criteria",
    "metrics",
    "metrics_secondary",
    "stats_config",
    "scheduling_config",
    "primary_metrics_ordered_uuids",
    "secondary_metrics_ordered_uuids",
    "only_count_matured_users",
]
NOT_IN_2025 = [
    "status",
    "is_legacy",
    "running_time_calculation",
    "excluded_variants",
    "scheduling_config",
    "only_count_matured_users",
    "tags",
    "user_access_level",
]


def detail(trial: Trial, now: float, style: str) -> Json:
    """Return the full object, as the detail route answers it."""
    body = _common(trial, now, style) | _full(trial, now, style)
    if style == "2025":
        for name in NOT_IN_2025:
            body.pop(name, None)
    return body


def list_item(trial: Trial, now: float, style: str) -> Json:
    """Return the list's object: short in 2026, full in 2025."""
    return detail(trial, now, style) if style == "2025" else _common(trial, now, style)


def _common(trial: Trial, now: float, style: str) -> Json:
    started, ended = trial.started_at, trial.has_ended(now)
    changed = trial.ended_at if ended and trial.ended_at else started or trial.created_at
    return {
        "id": trial.id,
        "name": trial.name,
        "description": trial.description,
        "start_date": None if started is None else iso(started),
        "end_date": iso(trial.ended_at) if ended and trial.ended_at else None,
        "feature_flag_key": trial.flag_key,
        "feature_flag": flag(trial, style),
        "holdout": _holdout(trial),
        "exposure_cohort": None,
        "parameters": _parameters(trial, style),
        "running_time_calculation": _running_time(trial),
        "excluded_variants": [],
        "archived": trial.archived,
        "deleted": False,
        "created_by": CREATOR,
        "created_at": iso(trial.created_at),
        "updated_at": iso(changed),
        "type": "product",
        "conclusion": trial.conclusion if ended else None,
        "conclusion_comment": None,
        "status": trial.status(now),
        "is_legacy": bool(trial.legacy),
        "tags": list(trial.tags),
        "user_access_level": "manager",
    }


def _full(trial: Trial, now: float, style: str) -> Json:
    inline = {
        place: [metric(m, style) for m in trial.measures if m.place == place]
        for place in ("primary", "secondary")
    }
    body: Json = {
        "holdout_id": trial.holdout["id"] if trial.holdout else None,
        "secondary_metrics": [],
        "saved_metrics": [_saved(trial, m, style) for m in trial.measures if m.place == "saved"],
        "saved_metrics_ids": None,
        "filters": {},
        "exposure_criteria": {"filterTestAccounts": True, "multiple_variant_handling": "exclude"},
        "metrics": [*trial.legacy, *inline["primary"]],
        "metrics_secondary": inline["secondary"],
        "stats_config": _stats_config(trial),
        "scheduling_config": None,
        "primary_metrics_ordered_uuids": [m["uuid"] for m in (*trial.legacy, *inline["primary"])],
        "secondary_metrics_ordered_uuids": [m.uuid for m in trial.measures if m.place != "primary"]
        or None,
        "only_count_matured_users": False,
    }
    if style == "2026" and trial.status(now) == "running":
        body["health"] = {"checked": True}  # a key that clients do not know yet
    return body


def flag(trial: Trial, style: str) -> Json:
    """Return the feature flag behind a trial."""
    body: Json = {
        "id": 9000 + trial.id,
        "team_id": TEAM,
        "name": f"Feature flag for experiment {trial.flag_key}",
        "key": trial.flag_key,
        "filters": {
            "groups": [{"properties": [], "rollout_percentage": 100}],
            "payloads": {},
            "multivariate": {"variants": [_variant(arm) for arm in trial.arms]},
        },
        "deleted": False,
        "active": not trial.paused,
        "ensure_experience_continuity": False,
        "version": 3,
        "evaluation_runtime": "all",
    }
    return body if style == "2025" else body | {"bucketing_identifier": "distinct_id"}


def _variant(arm: Arm) -> Json:
    return {"key": arm.key, "name": arm.name, "rollout_percentage": arm.percent}


def _parameters(trial: Trial, style: str) -> Json:
    variants = [_variant(arm) for arm in trial.arms]
    if style == "2026":
        variants = [v | {"split_percent": v["rollout_percentage"]} for v in variants]
        return {"feature_flag_variants": variants, "rollout_percentage": 100}
    figures = _running_time(trial) or {}
    figures.pop("exposure_estimate_config", None)
    return {"feature_flag_variants": variants} | figures


def _running_time(trial: Trial) -> Json | None:
    if trial.planned is None:
        return None
    return {
        "minimum_detectable_effect": trial.planned.mde_percent,
        "recommended_sample_size": trial.planned.n_total,
        "recommended_running_time": trial.planned.days,
        "exposure_estimate_config": None,
    }


def _holdout(trial: Trial) -> Json | None:
    if trial.holdout is None:
        return None
    percent = trial.holdout["percent"]
    return {
        "id": trial.holdout["id"],
        "name": trial.holdout["name"],
        "description": None,
        "filters": [{"properties": [], "rollout_percentage": percent}],
        "created_by": CREATOR,
        "created_at": iso(trial.created_at),
        "updated_at": iso(trial.created_at),
    }


def _stats_config(trial: Trial) -> Json | None:
    if trial.method is None:
        return None
    own: Json = {"bayesian": {"ci_level": 0.95}}
    if trial.method == "frequentist":
        own = {"frequentist": {"alpha": 0.05, "sequential_testing_enabled": False}}
    body: Json = {"method": trial.method} | own
    if trial.baseline != "control":
        body["baseline_variant_key"] = trial.baseline
    return body


def _saved(trial: Trial, measure: Measure, style: str) -> Json:
    return {
        "id": 30 + trial.id,
        "experiment": trial.id,
        "saved_metric": 12,
        "metadata": {"type": "secondary"},
        "created_at": iso(trial.created_at),
        "query": metric(measure, style),
        "name": f"{measure.name or measure.event} (shared)",
    }


def _event(measure: Measure, **more: object) -> Json:
    return {"kind": "EventsNode", "event": measure.event, "name": measure.event} | more


def _own_fields(measure: Measure) -> Json:
    """Return the fields that only this kind of metric has."""
    if measure.kind == "funnel":
        return {"series": [_event(measure)], "funnel_order_type": "ordered"}
    if measure.kind == "mean":
        return {"source": _event(measure, math="sum", math_property="value")}
    if measure.kind == "ratio":
        orders = {"kind": "EventsNode", "event": "purchase", "name": "purchase", "math": "total"}
        return {"numerator": _event(measure, math="total"), "denominator": orders}
    return {
        "start_event": _event(measure),
        "completion_event": _event(measure),
        "retention_window_start": 7,
        "retention_window_end": 14,
        "retention_window_unit": "day",
        "start_handling": "first_seen",
    }


def metric(measure: Measure, style: str) -> Json:
    """Return a metric's definition; a nameless one has no name key at all."""
    body: Json = {"kind": "ExperimentMetric", "uuid": measure.uuid}
    if style == "2026":
        body["fingerprint"] = measure.fingerprint
    body["metric_type"] = measure.kind
    if measure.name is not None:
        body["name"] = measure.name
    body |= {"goal": measure.goal} | _own_fields(measure)
    if measure.kind == "funnel":
        body |= {"conversion_window": 14, "conversion_window_unit": "day"}
    return body
