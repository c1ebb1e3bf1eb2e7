"""One experiment of PostHog's legacy engine, archived, and what its old queries answer.

Made for clients that must say "shown, never decided on"; its figures are given, not measured.
"""

from __future__ import annotations

from typing import Any

from lib.demo import errors
from lib.demo.clock import DAY_S, iso
from lib.demo.trial import Arm, Sums, Trial, stable_uuid

Json = dict[str, Any]
LEGACY = 105
AGE_DAYS = 400
LENGTH_DAYS = 20


class NoCurve:
    """The stored runs know nothing of legacy metrics."""

    def sums(self, column: str, day: float) -> tuple[Sums, ...] | None:
        """See ``Curve``: never anything."""
        _ = column, day
        return None


def _node(event: str, **more: str) -> Json:
    return {"kind": "EventsNode", "event": event, "name": event} | more


def legacy_trial(anchor: float) -> Trial:
    """Return the archived experiment with one trends and one funnel metric of the old kind."""
    started = anchor - AGE_DAYS * DAY_S
    ended = started + LENGTH_DAYS * DAY_S
    dates = {"date_from": iso(started), "date_to": iso(ended), "explicitDate": True}
    trends: Json = {
        "kind": "ExperimentTrendsQuery",
        "uuid": stable_uuid(LEGACY, "trends"),
        "name": "Purchases",
        "count_query": {
            "kind": "TrendsQuery",
            "series": [_node("purchase", math="total")],
            "interval": "day",
            "dateRange": dates,
            "filterTestAccounts": True,
            "trendsFilter": {"display": "ActionsLineGraph"},
        },
    }
    funnel: Json = {
        "kind": "ExperimentFunnelsQuery",
        "uuid": stable_uuid(LEGACY, "funnel"),
        "name": "Signup funnel",
        "funnels_query": {
            "kind": "FunnelsQuery",
            "series": [_node("signup_started"), _node("signup_completed")],
            "dateRange": dates,
            "filterTestAccounts": True,
            "funnelsFilter": {"funnelVizType": "steps", "layout": "horizontal"},
        },
    }
    return Trial(
        id=LEGACY,
        name="Legacy signup",
        flag_key="legacy-signup",
        description="Simulated, no real people. It uses PostHog's legacy engine.",
        arms=tuple(Arm(key=key, name=key.capitalize(), percent=50) for key in ("control", "test")),
        baseline="control",
        measures=(),
        curve=NoCurve(),
        created_at=started - DAY_S,
        started_at=started,
        ended_at=ended,
        tags=("simulated",),
        conclusion="inconclusive",
        archived=True,
        legacy=(trends, funnel),
    )


def legacy_answer(trial: Trial, query: Json) -> Json:
    """Return the old engine's answer.

    Raises:
        errors.Refusal: 400 for every other kind of query.
    """
    mine = [dict(m) for m in trial.legacy if m["kind"] == query.get("kind")]
    if not mine or trial.ended_at is None:
        raise errors.invalid(f"Unsupported query kind: {query.get('kind')}")
    own = _trends(mine[0]) if "count_query" in mine[0] else _funnel(mine[0])
    return own | {
        "stats_version": 2,
        "warnings": None,
        "cache_key": f"cache_1_legacy_{trial.id}",
        "cache_target_age": iso(trial.ended_at + DAY_S),
        "is_cached": True,
        "last_refresh": iso(trial.ended_at),
        "next_allowed_client_refresh": iso(trial.ended_at + 60),
        "timezone": "UTC",
    }


def _trends(metric: Json) -> Json:
    return {
        "kind": metric["kind"],
        "insight": [],
        "count_query": metric["count_query"],
        "exposure_query": None,
        "variants": [
            {"key": "control", "count": 1220.0, "exposure": 1.0, "absolute_exposure": 10050.0},
            {"key": "test", "count": 1311.0, "exposure": 1.003, "absolute_exposure": 10080.0},
        ],
        "probability": {"control": 0.0312, "test": 0.9688},
        "significant": False,
        "significance_code": "high_p_value",
        "p_value": 0.0624,
        "credible_intervals": {"control": [0.1147, 0.1284], "test": [0.1232, 0.1373]},
    }


def _funnel(metric: Json) -> Json:
    return {
        "kind": metric["kind"],
        "insight": [],
        "funnels_query": metric["funnels_query"],
        "variants": [
            {"key": "control", "success_count": 612.0, "failure_count": 4401.0},
            {"key": "test", "success_count": 671.0, "failure_count": 4362.0},
        ],
        "probability": {"control": 0.0508, "test": 0.9492},
        "significant": True,
        "significance_code": "significant",
        "expected_loss": 0.0004,
        "credible_intervals": {"control": [0.1133, 0.1313], "test": [0.1244, 0.1429]},
    }
