"""The part of the fact sheet about time: clocks, plan and forecast. Called by ``sheet`` only."""

from __future__ import annotations

import math
from datetime import timedelta

from lib import wording
from lib.commentary.grounds import phrase
from lib.commentary.ledger import Ledger
from lib.experiments.facts import FactRole, Unit
from lib.experiments.model import Plan
from lib.stats.plan import DEFAULT_DAYS, DEFAULT_MDE
from lib.stats.results import Analysis, Forecast, Outlook, Requirement

DAY = timedelta(days=1)
WEEK_DAYS = 7.0


def add_times(sheet: Ledger, analysis: Analysis | None) -> None:
    """Start, end, age and the data's own clock."""
    experiment, now = sheet.experiment, sheet.server_now
    sheet.moment("started", "", experiment.started_at, "started")
    sheet.moment("ended", "", experiment.ended_at, "ended")
    if experiment.started_at is not None:
        until = min(now, experiment.ended_at) if experiment.ended_at else now
        running = max(until - experiment.started_at, timedelta(0))
        sheet.span("running", running, "running")
        if running >= DAY:
            sheet.days("days_running", running / DAY, "running")
        sheet.count("day_number", int(running / DAY) + 1, "running")
    sheet.rate("traffic_share", experiment.traffic_share, "traffic share")
    if analysis is not None:
        sheet.moment("data", "", analysis.snapshot.as_of, "as of")
        sheet.span("data_age", max(now - analysis.snapshot.as_of, timedelta(0)), "as of")


def add_plan(sheet: Ledger, analysis: Analysis) -> None:
    """What the experiment was to find, how large it was to get, and how far it is; what is needed, plan or not."""
    for need in analysis.why_not_yet:
        _add_requirement(sheet, need, analysis)
    plan = analysis.plan
    if plan is None:
        return
    sheet.rate("mde", plan.mde, "mde", digits=_mde_digits(plan.mde), role=FactRole.THRESHOLD)
    planned = sum(plan.n_per_arm)
    _mention_origins(sheet, plan)
    sheet.count("plan_n", planned, "plan", role=FactRole.THRESHOLD)
    for place, n in enumerate(plan.n_per_arm[: len(analysis.arms)]):
        key = analysis.arms[place].variant_key
        sheet.count(f"plan_n.{place}", n, "plan", key, role=FactRole.THRESHOLD)
    sheet.days("plan_days", plan.days, "plan", role=FactRole.THRESHOLD)
    n = sum(arm.n for arm in analysis.arms)
    if planned > 0:
        sheet.rate("plan_reached", n / planned, "plan reached", digits=0)
    if n < planned:
        sheet.count("plan_missing", planned - n, "plan", role=FactRole.DIFF)
    if analysis.clocks is not None:
        ran = wording.duration(timedelta(days=analysis.clocks.days), lang=sheet.lang)
        sheet.mention("data_days", ran)
        sheet.rate("time_reached", analysis.clocks.e, "plan reached", digits=0)


def _mention_origins(sheet: Ledger, plan: Plan) -> None:
    """Where each figure of the plan comes from, as far as PostHog's own plan of today tells."""
    asked = sheet.experiment.planned
    mde = _origin(plan, asked.mde, plan.mde, DEFAULT_MDE)
    n = _origin(plan, asked.n_total, sum(plan.n_per_arm), None)
    days = _origin(plan, asked.days, plan.days, DEFAULT_DAYS)
    if days == "from_before" and asked.days is not None and 0 < plan.days - asked.days < WEEK_DAYS:
        days = "from_weeks"
    for stem, origin in (("mde", mde), ("plan_n", n), ("plan_days", days)):
        sheet.mention(f"{stem}_from", phrase(origin, sheet.lang))
    sheet.mention(
        "frozen", wording.date(plan.frozen_at, sheet.zone, lang=sheet.lang, now=sheet.server_now)
    )


def _origin(plan: Plan, asked: float | None, planned: float, default: float | None) -> str:
    """The phrase that tells where a planned figure comes from; ``default``: ours, None when it is computed."""
    if plan.origin == "user":
        return "from_user"
    if asked is not None:
        return "from_posthog" if math.isclose(asked, planned, rel_tol=1e-6) else "from_before"
    if default is None:
        return "from_traffic"
    return (
        "from_default" if planned == default else "from_traffic" if planned >= 1 else "from_before"
    )


def _mde_digits(mde: float) -> int:
    return wording.significant_tail(mde)


def _add_requirement(sheet: Ledger, need: Requirement, analysis: Analysis) -> None:
    """The needed figure of one line of the why-not-yet list; what is reached stands in the sheet already."""
    places = {arm.variant_key: place for place, arm in enumerate(analysis.arms)}
    at = "" if need.arm_key is None else f".{places.get(need.arm_key, 0)}"
    if need.kind in {"visitors", "conversions"}:
        if need.needed is not None:
            stem = f"{need.kind}_needed{at}"
            sheet.count(stem, need.needed, need.kind, need.arm_key, role=FactRole.THRESHOLD)
        if need.now is not None:
            _add_reached(sheet, need, need.now, at)
    if need.kind == "week":
        if need.needed is not None:
            sheet.days("week_needed", need.needed, "week", role=FactRole.THRESHOLD)
        if need.now is not None:
            sheet.days("week_now", need.now, "week")
    if need.expected_on is not None:
        sheet.moment(f"{need.kind}_expected", at, need.expected_on, "ready")
    if need.kind == "evidence":
        add_wait(sheet, need.days_low, need.days_high, at, need.arm_key)
        sheet.chance(f"never{at}", need.chance_never, "never", need.arm_key)


def _add_reached(sheet: Ledger, need: Requirement, now: float, at: str) -> None:
    """Conversions are counted over the baseline and one arm together, so they belong to neither."""
    if need.kind == "visitors":
        sheet.count(f"visitors_now{at}", now, "traffic", need.arm_key)
    else:
        sheet.count(f"conversions_now{at}", now, "conversions")


def add_wait(
    sheet: Ledger, low: float | None, high: float | None, at: str = "", key: str | None = None
) -> None:
    """Days still to go, from even chance to 80 % chance, rounded up: they are a promise."""
    if low is not None and math.isfinite(low):
        first = max(1, math.ceil(low - 1e-9))
        shown = wording.count(first, lang=sheet.lang)
        sheet.write(f"wait_from{at}", first, Unit.DAYS, topic="wait", subject=key, shown=shown)
    for stem, days in (("wait_low", low), ("wait_high", high)):
        if days is not None and math.isfinite(days):
            sheet.days(f"{stem}{at}", max(1, math.ceil(days - 1e-9)), "wait", key)
            on = sheet.server_now + timedelta(days=days)
            sheet.moment(stem, at, on, "wait", key)


def add_forecast(sheet: Ledger, analysis: Analysis, forecast: Forecast) -> None:
    """Chances, traffic and the planned end."""
    sheet.chance("chance", forecast.chance, "chance")
    if forecast.chance is not None:
        sheet.chance("chance_open", 1 - forecast.chance, "never")
    if forecast.days_left is not None:
        sheet.days("days_left", math.ceil(max(0.0, forecast.days_left) - 1e-9), "left")
    sheet.moment("planned_end", "", forecast.planned_end, "planned end")
    if forecast.n_per_day is not None:
        sheet.count("n_per_day", forecast.n_per_day, "per day", about=True)
    sheet.chance("miss_by_design", forecast.miss_by_design, "power")
    places = {arm.variant_key: place for place, arm in enumerate(analysis.arms)}
    for outlook in forecast.outlooks:
        if outlook.treatment_key in places:
            _add_outlook(sheet, places[outlook.treatment_key], outlook)


def _add_outlook(sheet: Ledger, at: int, outlook: Outlook) -> None:
    key = outlook.treatment_key
    for stem, value, topic in (
        ("chance_call", outlook.chance, "chance"),
        ("chance_better", outlook.chance_winner, "chance better"),
        ("chance_worse", outlook.chance_loser, "chance worse"),
        ("chance_positive", outlook.chance_positive, "chance positive"),
        ("chance_worth", outlook.chance_worth, "chance worth"),
    ):
        sheet.chance(f"{stem}.{at}", value, topic, key)
    add_wait(sheet, outlook.days_low, outlook.days_high, f".{at}", key)
    for stem, n in (("more_low", outlook.n_low), ("more_high", outlook.n_high)):
        if n is not None and math.isfinite(n):
            sheet.count(f"{stem}.{at}", n, "more visitors", key, about=True)
    for stem, lift in (("end_low", outlook.likely_low), ("end_high", outlook.likely_high)):
        if lift is not None:
            sheet.lift(f"{stem}.{at}", lift, "end", key, digits=0, role=FactRole.BOUND)
