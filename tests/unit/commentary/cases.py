"""Analyses made by hand, one a verdict state, for the tests of the words. Their numbers need not agree."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lib.experiments.model import (
    Call,
    Experiment,
    Goal,
    Metric,
    MetricKind,
    MetricRole,
    Plan,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.stats.results import (
    Analysis,
    ArmReading,
    Balance,
    Blocked,
    BlockedBecause,
    Clocks,
    Estimate,
    Forecast,
    Interval,
    Outlook,
    Requirement,
    State,
    Verdict,
)

START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
AS_OF = datetime(2026, 5, 13, 14, 2, tzinfo=UTC)
NOW = AS_OF + timedelta(minutes=3)
METRIC = Metric(id="m1", name="Purchase", kind=MetricKind.FUNNEL)
REVENUE = Metric(
    id="m2", name="Revenue per visitor", kind=MetricKind.MEAN, role=MetricRole.SECONDARY
)
REFUNDS = Metric(
    id="m3",
    name="Refunds",
    kind=MetricKind.FUNNEL,
    goal=Goal.DOWN,
    role=MetricRole.GUARDRAIL,
)


def an_experiment(arms=("control", "blue"), **changes):
    """A running experiment with equal shares."""
    share = 1 / len(arms)
    given = {
        "id": 12,
        "name": "Checkout button",
        "status": Status.RUNNING,
        "variants": tuple(Variant(key=a, name=a, share=share) for a in arms),
        "metrics": (METRIC, REVENUE, REFUNDS),
        "started_at": START,
        "description": "A blue button is seen more easily.",
    }
    return Experiment(**(given | changes))


def an_estimate(key="blue", lift=0.0829, ends=(-0.021, 0.194), evidence=0.78, **changes):
    """One treatment against control, rates of about 8 %."""
    low, high = ends
    base = 0.08016
    given = {
        "treatment_key": key,
        "control_key": "control",
        "control_value": base,
        "treatment_value": base * (1 + lift),
        "difference": base * lift,
        "difference_interval": Interval(low=base * low, high=base * min(high, 9)),
        "lift": lift,
        "interval": Interval(low=low, high=high),
        "single_look": Interval(low=lift - 0.055, high=lift + 0.061),
        "z": 2.13,
        "z_crit": 2.71,
        "progress": 0.786,
        "evidence": evidence,
        "evidence_now": evidence - 0.04,
        "p_always": 1 - evidence,
        "p_now": 1 - evidence + 0.04,
        "p_value": 0.0331,
        "chance_to_win": 0.983,
        "loss_ship": 0.0004,
        "loss_keep": 0.0512,
        "likely_lift": 0.0571,
        "likely_interval": Interval(low=0.003, high=0.112),
        "chance_wrong": 0.127,
    }
    return Estimate(**(given | changes))


def an_analysis(state=State.AHEAD, estimates=None, arms=("control", "blue"), **changes):
    """A moment of an experiment; the verdict speaks of the first treatment unless told otherwise."""
    counts = [(15020, 1204), (15148, 1315), (14970, 1241), (15101, 1222)]
    n_all = sum(n for n, _ in counts[: len(arms)])
    chosen = (an_estimate(),) if estimates is None else estimates
    readings = tuple(
        ArmReading(
            variant_key=key,
            n=n,
            total=x,
            value=x / n,
            share=n / n_all,
            planned_share=1 / len(arms),
        )
        for key, (n, x) in zip(arms, counts, strict=False)
    )
    totals = tuple(
        Totals(variant_key=a.variant_key, n=a.n, total=a.total, total_sq=a.total) for a in readings
    )
    verdict = {"treatment_key": arms[1], "favours_treatment": True} | changes.pop("verdict", {})
    given = {
        "metric": METRIC,
        "snapshot": Snapshot(
            experiment_id=12,
            metric_id=changes.get("metric", METRIC).id,
            as_of=AS_OF,
            taken_at=NOW,
            totals=totals,
        ),
        "plan": Plan(
            experiment_id=12, mde=0.05, n_per_arm=(20_000.0,) * len(arms), days=14, frozen_at=START
        ),
        "arms": readings,
        "comparisons": chosen,
        "balance": Balance(p_always=0.4, p_value=0.41, is_off=False),
        "verdict": Verdict(state=state, **verdict),
        "clocks": Clocks(u=(0.75,), e=0.65, s=0.65, days=9.19),
        "why_not_yet": (
            Requirement(kind="visitors", is_met=True, now=15020, needed=100, arm_key="control"),
            Requirement(kind="conversions", is_met=True, now=2519, needed=20),
            Requirement(kind="week", is_met=True, now=9, needed=7),
            Requirement(kind="split", is_met=True, now=0.4, needed=0.01),
            Requirement(kind="data", is_met=True),
            Requirement(
                kind="evidence",
                is_met=False,
                now=0.78,
                needed=0.95,
                arm_key=arms[1],
                days_low=3.4,
                days_high=8.2,
                chance_never=0.21,
            ),
            Requirement(kind="guardrails", is_met=True, now=1, needed=1),
        ),
    }
    return Analysis(**(given | changes))


def a_forecast(**changes):
    """What is to be expected by the planned end."""
    outlook = Outlook(
        treatment_key="blue",
        chance=0.79,
        chance_winner=0.78,
        chance_loser=0.011,
        chance_positive=0.93,
        chance_worth=0.55,
        days_low=3.4,
        days_high=8.2,
        n_low=4_800,
        n_high=11_830,
        likely_low=0.012,
        likely_high=0.118,
    )
    given = {
        "outlooks": (outlook,),
        "chance": 0.79,
        "days_left": 4.8,
        "planned_end": START + timedelta(days=14),
        "n_per_day": 1437.0,
        "miss_by_design": 0.31,
    }
    return Forecast(**(given | changes))


def a_call(**changes):
    """A crossing on day 5."""
    given = {
        "experiment_id": 12,
        "metric_id": "m1",
        "treatment_key": "blue",
        "as_of": START + timedelta(days=4, hours=3),
        "direction": 1,
        "lift": 0.0624,
        "low": 0.0191,
        "high": 0.1052,
        "evidence": 0.9512,
    }
    return Call(**(given | changes))


def moments():
    """Every state of the ladder, and its relatives: name to (experiment, analysis, forecast)."""
    two, call, outlook = an_experiment(), a_call(), a_forecast()
    three = an_experiment(("control", "video", "photo"))
    pair = (
        an_estimate("video", 0.068, (-0.02, 0.16), 0.71),
        an_estimate("photo", 0.063, (-0.03, 0.161), 0.66),
    )
    proven = (an_estimate(evidence=0.973, ends=(0.0161, 0.1499)),)
    worse = (an_estimate(lift=-0.0421, ends=(-0.0782, -0.009), evidence=0.981, likely_lift=-0.031),)
    behind = (an_estimate(lift=-0.0201, ends=(-0.061, 0.023), evidence=0.31, likely_lift=-0.004),)
    empty = Blocked(
        treatment_key="blue",
        control_key="control",
        reason=BlockedBecause.EMPTY_ARM,
        unblocked_by="the first visitor",
    )
    few = (
        Requirement(kind="visitors", is_met=False, now=31, needed=100, arm_key="blue"),
        Requirement(kind="conversions", is_met=False, now=4, needed=20),
    )
    revenue = {
        "difference": 0.31,
        "difference_interval": Interval(low=-0.11, high=0.74),
        "control_value": 12.31,
        "treatment_value": 12.62,
    }
    withdrawn = replace(
        call,
        withdrawn_at=AS_OF - timedelta(hours=5),
        withdrawn_because="counts_shrank",
    )
    sus = {"treatment_key": None, "favours_treatment": None}
    made = {
        "no analysis": (two, None, None),
        "draft": (an_experiment(status=Status.DRAFT, started_at=None), None, None),
        "stopped, no numbers": (
            an_experiment(status=Status.STOPPED, ended_at=AS_OF),
            None,
            None,
        ),
        "waiting": (
            an_experiment(started_at=NOW - timedelta(minutes=40)),
            an_analysis(State.WAITING, (empty,), verdict=sus),
            None,
        ),
        "nothing arrives": (two, an_analysis(State.NOTHING_ARRIVES, (empty,), verdict=sus), None),
        "split off": (
            two,
            an_analysis(
                State.UNDER_SUSPICION,
                balance=Balance(p_always=0.00071, p_value=1e-5, is_off=True, worst_key="blue"),
                verdict=sus | {"suspicion": "split", "suspicion_key": "blue"},
            ),
            outlook,
        ),
        "too early": (two, an_analysis(State.TOO_EARLY, why_not_yet=few, verdict=sus), None),
        "too few conversions": (
            two,
            an_analysis(State.TOO_EARLY, why_not_yet=few[1:], verdict=sus),
            None,
        ),
        "too early, no plan": (
            two,
            an_analysis(State.TOO_EARLY, why_not_yet=(), plan=None, verdict=sus),
            None,
        ),
        "withdrawn": (
            two,
            an_analysis(State.WITHDRAWN, calls=(withdrawn,), verdict={"call": withdrawn}),
            outlook,
        ),
        "wait for week": (
            two,
            an_analysis(
                State.WAIT_FOR_WEEK,
                proven,
                calls=(call,),
                verdict={"call": call, "ready_on": NOW + timedelta(days=2)},
            ),
            outlook,
        ),
        "guardrail fails": (
            two,
            an_analysis(
                State.GUARDRAIL_FAILS,
                proven,
                calls=(call,),
                verdict={"call": call, "failing_guardrails": ("m3",)},
            ),
            outlook,
        ),
        "winner": (
            two,
            an_analysis(State.READY_WINNER, proven, calls=(call,), verdict={"call": call}),
            outlook,
        ),
        "loser": (
            two,
            an_analysis(State.READY_LOSER, worse, verdict={"favours_treatment": False}),
            outlook,
        ),
        "ended": (
            an_experiment(status=Status.STOPPED, ended_at=NOW - timedelta(days=1)),
            an_analysis(State.ENDED, verdict=sus),
            None,
        ),
        "unlikely": (
            two,
            an_analysis(State.UNLIKELY, behind, verdict=sus),
            a_forecast(chance=0.012, outlooks=()),
        ),
        "planned end": (
            an_experiment(started_at=START - timedelta(days=20)),
            an_analysis(State.PLANNED_END, behind, verdict=sus),
            None,
        ),
        "ahead": (two, an_analysis(), outlook),
        "ahead, less is better": (
            two,
            an_analysis(
                State.AHEAD, behind, metric=replace(METRIC, goal=Goal.DOWN, name="Refund rate")
            ),
            outlook,
        ),
        "control ahead": (
            two,
            an_analysis(State.AHEAD, behind, verdict={"favours_treatment": False}),
            None,
        ),
        "too close": (two, an_analysis(State.TOO_CLOSE, behind, verdict=sus), outlook),
        "three arms close": (
            three,
            an_analysis(State.TOO_CLOSE, pair, arms=("control", "video", "photo"), verdict=sus),
            None,
        ),
        "three arms, one ahead": (
            three,
            an_analysis(
                State.AHEAD,
                pair,
                arms=("control", "video", "photo"),
                verdict={"treatment_key": "photo"},
            ),
            None,
        ),
        "mean": (
            two,
            an_analysis(State.AHEAD, (an_estimate(**revenue),), metric=REVENUE),
            outlook,
        ),
        "no lift": (
            two,
            an_analysis(
                State.AHEAD,
                (an_estimate(**(revenue | {"lift": 0.0}), likely_interval=None),),
                metric=REVENUE,
            ),
            outlook,
        ),
        "open interval": (
            two,
            an_analysis(State.TOO_CLOSE, (an_estimate(ends=(-1.0, float("inf"))),), verdict=sus),
            None,
        ),
        "blocked": (two, an_analysis(State.TOO_EARLY, (empty,), why_not_yet=(), verdict=sus), None),
    }
    for kind in ("counts_shrank", "exceeds_exposures", "no_control", "data_stopped", "else"):
        analysis = an_analysis(State.UNDER_SUSPICION, verdict=sus | {"suspicion": kind})
        made[f"suspicion {kind}"] = (two, analysis, None)
    no_lift = an_estimate(**revenue)
    lifeless = replace(no_lift, lift=None, interval=None, single_look=None, likely_lift=None)
    made["no lift"] = (two, an_analysis(State.AHEAD, (lifeless,), metric=REVENUE), outlook)
    return made
