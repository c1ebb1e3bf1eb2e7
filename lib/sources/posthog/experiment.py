"""PostHog's experiment object, short or full, old or new, becomes an Experiment; called by the client alone.

Decisions that PostHog leaves to the reader:
- Baseline: ``stats_config.baseline_variant_key``, else the arm keyed ``control``, else the first; it comes first.
- Shares are those of the arms that count: excluded arms are left out and the rest is scaled to one.
- Status: the server's word when known, else from the dates and the flag.
Never asks the network, never raises for missing or unknown keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.experiments.errors import SourceSurprise
from lib.experiments.model import Experiment, PlannedInPostHog, Status, Variant
from lib.sources.posthog.fields import Row, keys, maybe_number, moment, part, rows, table, words
from lib.sources.posthog.metrics import decode_metrics

STATUSES = {status.value: status for status in Status} | {"complete": Status.STOPPED}


def decode_experiment(body: Any, *, site: str = "") -> Experiment:
    """Decode one item of the list or one detail.

    Args:
        body: PostHog's object.
        site: the address of the project's pages, e.g. ``https://us.posthog.com/project/1``.

    Raises:
        SourceSurprise: not an object, or without an id.
    """
    row = table(body, "experiment")
    identity = experiment_id(row)
    return Experiment(
        id=identity,
        name=words(row.get("name")) or f"Experiment {identity}",
        status=_status(row),
        variants=_variants(row),
        metrics=tuple(found.metric for found in decode_metrics(row)),
        started_at=moment(row.get("start_date")),
        ended_at=moment(row.get("end_date")),
        flag_key=_flag_key(row),
        description=words(row.get("description"), 3000),
        url=f"{site}/experiments/{identity}" if site else "",
        traffic_share=_traffic_share(row),
        method=_method(row),
        planned=_planned(row),
        tags=tuple(words(tag, 100) for tag in keys(row.get("tags"))),
        holdout=_holdout(row),
        excluded_variants=keys(row.get("excluded_variants")),
        is_legacy=row.get("is_legacy") is True,
    )


def experiment_id(row: Row) -> int:
    """The id of an experiment object.

    Raises:
        SourceSurprise: it has none.
    """
    found = row.get("id")
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise SourceSurprise("PostHog sent an experiment without an id.", "experiment.id")
    return found


def flag_of(row: Row) -> Row:
    """The feature flag object; empty when the server sent none."""
    return part(row, "feature_flag")


def _status(row: Row) -> Status:
    given = row.get("status")
    if isinstance(given, str) and given in STATUSES:
        return STATUSES[given]
    if moment(row.get("start_date")) is None:
        return Status.DRAFT
    if moment(row.get("end_date")) is not None:
        return Status.STOPPED
    return Status.PAUSED if flag_of(row).get("active") is False else Status.RUNNING


def _flag_key(row: Row) -> str:
    return words(row.get("feature_flag_key")) or words(flag_of(row).get("key"))


def _variants(row: Row) -> tuple[Variant, ...]:
    excluded = set(keys(row.get("excluded_variants")))
    found = {key: arm for key, arm in _arms(row).items() if key not in excluded}
    baseline = _baseline(row, found)
    weights = {key: _weight(arm) for key, arm in found.items()}
    whole = sum(weights.values())
    order = sorted(found, key=lambda key: key != baseline)  # stable: the others stay as configured
    return tuple(
        Variant(
            key=key,
            name=words(found[key].get("name")) or key,
            share=weights[key] / whole if whole > 0 else 1 / len(found),
        )
        for key in order
    )


def _arms(row: Row) -> Mapping[str, Row]:
    """Arms by key in configured order, from the flag, else from the parameters of older servers."""
    configured = part(part(flag_of(row), "filters"), "multivariate").get("variants")
    listed = list(rows(configured)) or list(
        rows(part(row, "parameters").get("feature_flag_variants"))
    )
    arms: dict[str, Row] = {}
    for arm in listed:
        key = arm.get("key")
        if isinstance(key, str) and key:
            arms.setdefault(key, arm)
    return arms


def _weight(arm: Row) -> float:
    for name in ("rollout_percentage", "split_percent"):
        weight = maybe_number(arm.get(name))
        if weight is not None:
            return max(weight, 0.0)
    return 0.0


def _baseline(row: Row, arms: Mapping[str, Row]) -> str | None:
    chosen = part(row, "stats_config").get("baseline_variant_key")
    if isinstance(chosen, str) and chosen in arms:
        return chosen
    return "control" if "control" in arms else next(iter(arms), None)


def _traffic_share(row: Row) -> float:
    groups = rows(part(flag_of(row), "filters").get("groups"))
    percent = maybe_number(next(groups, {}).get("rollout_percentage"))
    if percent is None:
        percent = maybe_number(part(row, "parameters").get("rollout_percentage"))
    return 1.0 if percent is None else min(max(percent / 100, 0.0), 1.0)


def _method(row: Row) -> str:
    given = part(row, "stats_config").get("method")
    return "frequentist" if given == "frequentist" else "bayesian"


def _planned(row: Row) -> PlannedInPostHog:
    given = part(row, "running_time_calculation") or part(row, "parameters")
    effect = _positive(given.get("minimum_detectable_effect"))
    size = _positive(given.get("recommended_sample_size"))
    return PlannedInPostHog(
        mde=None if effect is None else effect / 100,
        n_total=None if size is None else round(size),
        days=_positive(given.get("recommended_running_time")),
    )


def _positive(value: Any) -> float | None:
    found = maybe_number(value)
    return found if found is not None and found > 0 else None


def _holdout(row: Row) -> str | None:
    holdout = part(row, "holdout")
    named = words(holdout.get("name"))
    identity = holdout.get("id", row.get("holdout_id"))
    return named or (f"holdout {identity}" if isinstance(identity, int) else None)
