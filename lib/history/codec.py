"""The nouns as JSON values and back, for rows whose inside nobody queries and for the files people take away.

Every float survives bit for bit: finite ones by their shortest repr, the others by name, so the text is also
valid for strict readers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from lib.experiments.model import (
    Alert,
    AlertKind,
    Call,
    Experiment,
    Goal,
    Metric,
    MetricKind,
    MetricRole,
    Origin,
    Plan,
    PlannedInPostHog,
    Reported,
    Snapshot,
    Status,
    Totals,
    Variant,
)

Json = Mapping[str, Any]
NAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def plain(value: Any) -> Any:
    """A dataclass, or what it is made of, as JSON values: times by ISO in UTC, tuples as lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return value


def experiment(raw: Json) -> Experiment:
    """An experiment again."""
    return Experiment(
        **{
            **raw,
            "status": Status(raw["status"]),
            "variants": tuple(_variant(v) for v in raw["variants"]),
            "metrics": tuple(metric(m) for m in raw["metrics"]),
            "started_at": moment(raw["started_at"]),
            "ended_at": moment(raw["ended_at"]),
            "traffic_share": number(raw["traffic_share"]),
            "planned": _planned(raw["planned"]),
            "tags": tuple(raw["tags"]),
            "excluded_variants": tuple(raw["excluded_variants"]),
        }
    )


def metric(raw: Json) -> Metric:
    """A metric again."""
    return Metric(
        **{
            **raw,
            "kind": MetricKind(raw["kind"]),
            "goal": Goal(raw["goal"]),
            "role": MetricRole(raw["role"]),
        }
    )


def plan(raw: Json) -> Plan:
    """A plan again."""
    return Plan(
        **{
            **raw,
            "mde": number(raw["mde"]),
            "n_per_arm": tuple(number(n) for n in raw["n_per_arm"]),
            "days": number(raw["days"]),
            "frozen_at": moment(raw["frozen_at"]),
            "alpha": number(raw["alpha"]),
        }
    )


def call(raw: Json) -> Call:
    """A call again."""
    numbers = {name: number(raw[name]) for name in ("lift", "low", "high", "evidence")}
    times = {name: moment(raw[name]) for name in ("as_of", "withdrawn_at")}
    return Call(**{**raw, **numbers, **times})


def alert(raw: Json) -> Alert:
    """An alert again."""
    return Alert(
        **{
            **raw,
            "kind": AlertKind(raw["kind"]),
            "raised_at": moment(raw["raised_at"]),
            "as_of": moment(raw["as_of"]),
            "facts": tuple(raw["facts"]),
            "why_now": tuple(raw["why_now"]),
        }
    )


def snapshot(raw: Json) -> Snapshot:
    """A snapshot again, equal to the last bit."""
    return Snapshot(
        **{
            **raw,
            "as_of": moment(raw["as_of"]),
            "taken_at": moment(raw["taken_at"]),
            "totals": tuple(_totals(t) for t in raw["totals"]),
            "reported": tuple(_reported(r) for r in raw["reported"]),
            "origin": Origin(raw["origin"]),
        }
    )


def moment(text: str | None) -> datetime | None:
    """A time with its zone."""
    return None if text is None else datetime.fromisoformat(text)


def number(value: float | str | None) -> float | None:
    """A number; the three that JSON has no word for come by name."""
    return NAMED[value] if isinstance(value, str) else value


def _variant(raw: Json) -> Variant:
    return Variant(**{**raw, "share": number(raw["share"])})


def _planned(raw: Json) -> PlannedInPostHog:
    return PlannedInPostHog(**{**raw, "mde": number(raw["mde"]), "days": number(raw["days"])})


def _totals(raw: Json) -> Totals:
    kept = ("variant_key", "n", "steps")
    sums = {name: number(value) for name, value in raw.items() if name not in kept}
    return Totals(
        variant_key=raw["variant_key"],
        n=raw["n"],
        steps=tuple(raw["steps"]),
        **sums,  # type: ignore[arg-type]  # the names and their kinds are those plain() wrote
    )


def _reported(raw: Json) -> Reported:
    interval = raw["interval"]
    return Reported(
        **{
            **raw,
            "chance_to_win": number(raw["chance_to_win"]),
            "p_value": number(raw["p_value"]),
            "interval": None if interval is None else tuple(number(end) for end in interval),
            "failures": tuple(raw["failures"]),
        }
    )
