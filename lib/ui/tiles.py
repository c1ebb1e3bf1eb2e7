"""The live figures: participants, improvement, likely lift, days, what is still needed. Pure."""

from __future__ import annotations

from lib import wording
from lib.live.view import LiveView
from lib.stats.results import Analysis, Blocked, Estimate, Forecast, Outlook
from lib.ui.figures import Figures, change_id, place_of
from lib.ui.markup import Node, div, icon, span
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name, change_words, is_good, is_muted, needs, running_for

Tile = tuple[str, Node, str]


def tiles(view: LiveView, viewer: Viewer, figures: Figures) -> Node | None:
    """All figures as tiles; a figure that is not known is a dash with its reason below."""
    analysis = view.primary
    if analysis is None:
        return None
    shown = [_visitors(view, analysis, figures)]
    estimate = spoken_of(analysis)
    shown += _improvement(view, analysis, estimate, figures)
    shown.append(_days(view, viewer, figures))
    if view.experiment.is_running and not (analysis.verdict.is_ready or is_muted(analysis)):
        shown += _outlook(view, estimate, figures)
    columns = 4 if len(shown) in {4, 7, 8} else min(3, len(shown))
    return div("tiles", *(_tile(*tile) for tile in shown), style=f"--n:{columns}")


def spoken_of(analysis: Analysis) -> Estimate | None:
    """The treatment the figures speak of: the verdict's, else the one with the most evidence."""
    key = analysis.verdict.treatment_key
    named = next((e for e in analysis.estimates if e.treatment_key == key), None)
    return named or max(analysis.estimates, key=lambda e: (e.evidence, e.progress), default=None)


def _tile(label: str, value: Node, below: str) -> Node:
    return div(
        "card tile",
        div("label", label),
        div("value", value),
        div("muted small", below) if below else None,
    )


def _visitors(view: LiveView, analysis: Analysis, figures: Figures) -> Tile:
    n = sum(arm.n for arm in analysis.arms)
    below = "visitors of the last hour: known after an hour"
    if view.last_hour is not None:
        below = f"{wording.count(view.last_hour)} of them in the last hour"
    total = figures.number("n_total", wording.count(n), "visitors over all arms")
    return "Total participants", total, below


def _improvement(
    view: LiveView, analysis: Analysis, estimate: Estimate | None, figures: Figures
) -> list[Tile]:
    if estimate is None:
        blocked = next((c for c in analysis.comparisons if isinstance(c, Blocked)), None)
        why = needs(blocked) if blocked else "nothing to compare yet"
        return [("Improvement", wording.UNKNOWN, why)]
    if is_muted(analysis):
        return [("Improvement", wording.UNKNOWN, "not to be read while the data are in doubt")]
    arm = arm_name(view.experiment, estimate.treatment_key)
    change, interval = change_words(analysis.metric, estimate)
    below = f"{arm}, {interval}, observed"
    at = place_of(view.experiment, estimate)
    said = figures.number(change_id(estimate, at), change)
    tone = span(_tone(analysis, estimate), *_arrow(analysis, estimate), said)
    shown: list[Tile] = [("Improvement", tone, below)]
    if estimate.likely_lift is not None:
        shown.append(_likely(estimate, at, figures))
    return shown


def _likely(estimate: Estimate, at: int, figures: Figures) -> Tile:
    ends = estimate.likely_interval
    digits = wording.likely_digits(ends.low, ends.high) if ends else 0
    said = figures.number(
        f"likely.{at}",
        wording.signed_percent(estimate.likely_lift, digits),
        "the change to expect once luck is taken out",
    )
    return "Likely lift", said, "once luck is taken out"


def _arrow(analysis: Analysis, estimate: Estimate) -> list[Node]:
    change = estimate.difference
    if change == 0:
        return []
    good = "better" if is_good(analysis.metric, change) else "worse"
    symbol = "arrow_upward" if change > 0 else "arrow_downward"
    return [icon(symbol), span("sr", f"{good} so far ")]


def _tone(analysis: Analysis, estimate: Estimate) -> str:
    """Green and red are earned: only once this arm is called and health is fine."""
    if estimate.evidence < 0.95:
        return ""
    return "good" if is_good(analysis.metric, estimate.difference) else "bad"


def _days(view: LiveView, viewer: Viewer, figures: Figures) -> Tile:
    age = running_for(view.experiment, view.server_time(viewer.now))
    if age is None:
        return "Days running", wording.UNKNOWN, "not started yet"
    plan = view.primary.plan if view.primary else None
    below = "" if plan is None else f"of {wording.days(plan.days)} planned"
    running = figures.number("running", wording.duration(age), "cut off, not rounded up")
    return "Days running", running, below


def _outlook(view: LiveView, estimate: Estimate | None, figures: Figures) -> list[Tile]:
    forecast = view.forecast
    if forecast is None or estimate is None:
        return []
    outlook = next(
        (o for o in forecast.outlooks if o.treatment_key == estimate.treatment_key), None
    )
    if outlook is None:
        return [("Still needed", wording.UNKNOWN, forecast.because or "no forecast yet")]
    return [
        _needed(outlook, place_of(view.experiment, estimate), figures),
        _never(forecast, figures),
    ]


def _needed(outlook: Outlook, at: int, figures: Figures) -> Tile:
    if outlook.days_low is None:
        return "Still needed", wording.UNKNOWN, "may not decide within the plan"
    days = wording.days_range(outlook.days_low, outlook.days_high)
    low, high = (wording.about_count(n) for n in (outlook.n_low, outlook.n_high))
    people = low if outlook.n_high is None else f"{low}–{high}"
    more = figures.number(f"wait_low.{at}", days, "even chance to 80 in 100")
    return "Still needed", more, f"about {people} more visitors"


def _never(forecast: Forecast, figures: Figures) -> Tile:
    if forecast.chance is None:
        return "Chance it never decides", wording.UNKNOWN, forecast.because or "no forecast yet"
    said = figures.number(
        "chance_open", wording.odds(1 - forecast.chance), "chance of no call by the planned end"
    )
    return "Chance it never decides", said, "by the planned end"
