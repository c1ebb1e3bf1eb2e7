"""Short words of the screen: chips, badges, ages. Longer sentences come ready in ``LiveView.sentences``.

Pure: takes results, gives markup nodes or text. Never decides a verdict, only names it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lib import wording
from lib.experiments.model import Experiment, Goal, Metric, MetricKind, Status
from lib.live.view import LiveView
from lib.stats.results import Analysis, Blocked, Comparison, Estimate, State, Verdict
from lib.stats.verdict import standing_calls
from lib.ui.markup import Node, chip, div, icon, span

STATES: dict[State, tuple[str, str, str]] = {
    State.NOT_STARTED: ("Not started", "grey", "schedule"),
    State.WAITING: ("Waiting for visitors", "grey", "hourglass_empty"),
    State.NOTHING_ARRIVES: ("Nothing arrives", "amber", "sensors_off"),
    State.UNDER_SUSPICION: ("Under suspicion", "striped", "warning"),
    State.TOO_EARLY: ("Too early to read", "grey", "hourglass_empty"),
    State.WITHDRAWN: ("Withdrawn", "amber", "undo"),
    State.WAIT_FOR_WEEK: ("Crossed, week not full", "plain", "calendar_month"),
    State.GUARDRAIL_FAILS: ("Proven, but a guardrail fails", "amber", "shield"),
    State.READY_WINNER: ("Proven better", "good", "check_circle"),
    State.READY_LOSER: ("Proven worse", "bad", "cancel"),
    State.ENDED: ("Ended", "outline", "flag"),
    State.UNLIKELY: ("Unlikely to decide", "outline", "trending_flat"),
    State.PLANNED_END: ("Planned end, no call", "outline", "event_busy"),
    State.AHEAD: ("Ahead, not proven", "plain", "trending_up"),
    State.TOO_CLOSE: ("Too close to call", "outline", "balance"),
}
STATUSES = {
    Status.DRAFT: "Draft",
    Status.RUNNING: "Running",
    Status.PAUSED: "Paused",
    Status.EXPOSURE_FROZEN: "Enrolment frozen",
    Status.STOPPED: "Ended",
}
MUTED = {State.UNDER_SUSPICION, State.WITHDRAWN}


def state_of(view: LiveView) -> tuple[str, str, str]:
    """Chip text, tone and symbol of the whole view."""
    if view.primary is not None:
        return STATES[view.primary.verdict.state]
    if view.experiment.started_at is None:
        return STATES[State.NOT_STARTED]
    if view.trouble is not None and view.checked_at is None:
        return ("No connection", "grey", "link_off")
    return ("No reading", "grey", "remove")


def is_muted(analysis: Analysis) -> bool:
    """Whether health comes before lift: no colours, no badges."""
    return analysis.verdict.state in MUTED


def arm_chip(analysis: Analysis, key: str) -> Node | None:
    """Ahead or proven, which are two different things; None when neither may be said."""
    verdict = analysis.verdict
    if is_muted(analysis):
        return None
    call = next((c for c in standing_calls(analysis.calls) if c.treatment_key == key), None)
    if call is not None:
        if verdict.state is State.WAIT_FOR_WEEK:
            return chip("Crossed the line", "plain", "calendar_month")
        is_better = (call.direction > 0) == (analysis.metric.goal is Goal.UP)
        return (
            chip("Proven better", "good", "check_circle")
            if is_better
            else chip("Proven worse", "bad", "cancel")
        )
    if verdict.state is State.AHEAD and leader(analysis, verdict) == key:
        return chip("Ahead, not proven", "plain", "trending_up")
    return None


def leader(analysis: Analysis, verdict: Verdict) -> str | None:
    """The arm in front while nothing is proven; the baseline when every treatment is behind it."""
    if verdict.treatment_key is None:
        return None
    return verdict.treatment_key if verdict.favours_treatment else analysis.arms[0].variant_key


def is_good(metric: Metric, change: float) -> bool:
    """Whether a change goes the way the metric's goal wants."""
    return (change > 0) == (metric.goal is Goal.UP)


def value_words(metric: Metric, value: float | None) -> str:
    """One arm's value in the metric's own unit."""
    if is_share(metric):
        return wording.percent(value)
    return wording.number(value)


def is_share(metric: Metric) -> bool:
    """Whether the metric's value is a share of people, shown as percent."""
    return metric.kind in {MetricKind.FUNNEL, MetricKind.RETENTION}


def change_words(metric: Metric, comparison: Comparison) -> tuple[str, str]:
    """The observed change and its interval, in percent of the baseline, else as a difference."""
    if not isinstance(comparison, Estimate):
        return wording.UNKNOWN, needs(comparison)
    if comparison.lift is not None and comparison.interval is not None:
        low, high = comparison.interval.low, comparison.interval.high
        digits = wording.lift_digits(low, high)
        return wording.signed_percent(comparison.lift, digits), wording.between(low, high)
    low, high = comparison.difference_interval.low, comparison.difference_interval.high
    if is_share(metric):
        return wording.points(comparison.difference), wording.points_between(low, high)
    return wording.number(comparison.difference, sign=True), wording.number_between(low, high)


def needs(blocked: Blocked) -> str:
    """What has to happen before there is a number."""
    return f"needs {blocked.unblocked_by}"


def arm_name(experiment: Experiment, key: str) -> str:
    """An arm's name as plain text; names from outside are text nodes and never mark-up."""
    found = next((v for v in experiment.variants if v.key == key), None)
    return wording.bare_name((found.name if found else "") or key)


def running_for(experiment: Experiment, server_now: datetime | None) -> timedelta | None:
    """How long it ran, on the server's clock; None before the start."""
    until = experiment.ended_at or server_now
    if experiment.started_at is None or until is None:
        return None
    return max(until - experiment.started_at, timedelta(0))


def notice(text: str, tone: str = "", symbol: str = "info", more: Node | None = None) -> Node:
    """A calm line about the state of things."""
    return div(f"notice {tone}".strip(), icon(symbol), span("", text, *([more] if more else [])))


def store_notice(why: str) -> Node:
    """The history cannot be written or read; the page goes on."""
    return notice(why, "amber", "hard_drive")
