"""The tiles of the board: one experiment each, in order of need to act. Pure: views in, nodes out.

Drawn by ``lib.ui.board``. The verdict was decided elsewhere; a tile only shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from lib import wording
from lib.experiments.facts import SLOT, Sentence
from lib.experiments.model import Experiment
from lib.live.view import LiveView
from lib.stats.results import State
from lib.ui.header import is_unchecked
from lib.ui.markup import Node, chip, div, icon, span, tag
from lib.ui.verdict import data_labels
from lib.ui.viewer import Viewer
from lib.ui.words import STATUSES, running_for, state_of

ATTENTION = {State.UNDER_SUSPICION, State.NOTHING_ARRIVES, State.WITHDRAWN}
PROVEN = {State.READY_WINNER, State.READY_LOSER}
UNDECIDED = {State.UNLIKELY, State.PLANNED_END}
FILTERS = {
    "running": "Running",
    "attention": "Needs a look",
    "proven": "Proven",
    "ended": "Ended",
    "all": "All",
}
WIDTH, HEIGHT = 240, 56  # of the sparkline, in its own units
LINE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many there are of what, for the head of the board."""

    n_running: int
    n_attention: int
    n_proven: int


def need(view: LiveView) -> tuple[float, ...]:
    """Sorts by need to act: guardrail, suspicion, proven, week not full, unlikely, then days left."""
    days = (
        inf if view.forecast is None or view.forecast.days_left is None else view.forecast.days_left
    )
    if view.primary is None:
        return (7.0, days)
    verdict = view.primary.verdict
    if verdict.state is State.GUARDRAIL_FAILS or verdict.failing_guardrails:
        return (0.0, days)
    for rank, states in enumerate((ATTENTION, PROVEN, {State.WAIT_FOR_WEEK}, UNDECIDED), start=1):
        if verdict.state in states:
            return (float(rank), days)
    return (6.0 if verdict.state is State.ENDED else 5.0, days)


def in_order(views: Iterable[LiveView]) -> list[LiveView]:
    """The most urgent first; equal ones by number, so that tiles do not jump about."""
    return sorted(views, key=lambda view: (*need(view), view.experiment.id))


def is_shown(view: LiveView, chosen: str, words: str) -> bool:
    """Whether a tile passes the filter and the search."""
    if words and words.casefold() not in wording.bare_name(view.experiment.name).casefold():
        return False
    is_running = view.experiment.is_running
    if chosen == "attention":
        return is_running and need(view)[0] <= 1
    if chosen == "proven":
        return is_proven(view)
    if chosen == "ended":
        return view.experiment.ended_at is not None
    return is_running if chosen == "running" else True


def is_proven(view: LiveView) -> bool:
    """Whether a call stands and may be announced."""
    return view.primary is not None and view.primary.verdict.is_ready


def summary(views: Sequence[LiveView]) -> Summary:
    """Counts of the running ones."""
    running = [v for v in views if v.experiment.is_running]
    return Summary(
        n_running=len(running),
        n_attention=sum(need(v)[0] <= 1 for v in running),
        n_proven=sum(is_proven(v) for v in running),
    )


def tile(view: LiveView, viewer: Viewer, base: str) -> Node:
    """One experiment. ``base`` is the address of the dashboard, which the tile leads to."""
    words, tone, symbol = state_of(view)
    is_stale = is_unchecked(view, viewer) or view.trouble is not None
    name = wording.bare_name(view.experiment.name, 90)
    return tag(
        "section",
        f"card board-tile {tone}" + (" stale" if is_stale else ""),
        tag("a", "cover", href=f"{base}?experiment={view.experiment.id}", aria_label=f"Open {name}"),
        div("head", tag("h2", "name", tag("bdi", "", name)), chip(words, tone, symbol)),
        tag("p", "say", *_sentence(view)),
        sparkline(view),
        _figures(view, viewer),
        _clocks(view, viewer, is_stale=is_stale),
        data_key=str(view.experiment.id),
        aria_label=name,
    )  # fmt: skip


def unread_tile(experiment: Experiment, base: str) -> Node:
    """An experiment that was listed and not read yet."""
    name = wording.bare_name(experiment.name, 90)
    return tag(
        "section",
        "card board-tile grey stale unread",
        tag("a", "cover", href=f"{base}?experiment={experiment.id}", aria_label=f"Open {name}"),
        div("head", tag("h2", "name", tag("bdi", "", name)), chip("Being read", "grey", "hourglass_empty")),
        data_key=str(experiment.id),
        aria_label=name,
    )  # fmt: skip


def _sentence(view: LiveView) -> list[Node]:
    if view.sentences:
        return plain_nodes(view.sentences[0])
    if view.trouble is not None:
        return ["Cannot reach PostHog, and there is no earlier reading to show."]
    return ["No numbers for the primary metric yet."]


def plain_nodes(sentence: Sentence) -> list[Node]:
    """The sentence as words; a tile is one link, so its numbers do not open."""
    shown = {fact.id: wording.unbreakable(fact.shown) for fact in sentence.facts}
    names = dict(sentence.names)
    nodes: list[Node] = []
    for place, piece in enumerate(SLOT.split(sentence.template)):
        if place % 2 == 0:
            nodes += [piece] if piece else []
        elif piece in shown:
            nodes.append(span("num", shown[piece]))
        else:
            nodes.append(tag("bdi", "", wording.bare_name(names[piece])))
    return nodes


def sparkline(view: LiveView) -> Node:
    """The highest evidence over the run, with the line it has to reach."""
    course = view.evidence_course
    top = HEIGHT * (1 - LINE)
    best = "no evidence yet" if not course else f"now {wording.evidence(course[-1][1])}"
    return tag(
        "svg", "spark",
        tag("line", "target", x1="0", x2=str(WIDTH), y1=f"{top:.1f}", y2=f"{top:.1f}"),
        *([tag("path", "area", d=_area(course)), tag("path", "stroke", d=_path(course))] if len(course) > 1 else []),
        viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img",
        aria_label=f"Evidence over the run: {best}; the line is at 95.",
    )  # fmt: skip


def _points(course: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    first, last = course[0][0], course[-1][0]
    wide = (last - first) or 1.0
    return [(WIDTH * (at - first) / wide, HEIGHT * (1 - min(best, 1.0))) for at, best in course]


def _path(course: Sequence[tuple[float, float]]) -> str:
    """Steps: evidence stays until it rises."""
    points = _points(course)
    said = [f"M{points[0][0]:.0f} {points[0][1]:.1f}"]
    before = points[0][1]
    for x, y in points[1:]:
        if y != before or x == WIDTH:
            said.append(f"H{x:.0f}V{y:.1f}")
            before = y
    return "".join(said)


def _area(course: Sequence[tuple[float, float]]) -> str:
    return f"{_path(course)}V{HEIGHT}H0Z"


def _figures(view: LiveView, viewer: Viewer) -> Node:
    visitors = sum(arm.n for arm in view.primary.arms) if view.primary else None
    age = running_for(view.experiment, view.server_time(viewer.now))
    best = view.evidence_course[-1][1] if view.evidence_course else None
    plan = view.primary.plan if view.primary else None
    planned = "" if plan is None else f"of {wording.days(plan.days)}"
    return div(
        "figures",
        _figure(wording.UNKNOWN if visitors is None else wording.count(visitors), "participants"),
        _figure(wording.duration(age, parts=1), planned or "running" if view.experiment.is_running
                else STATUSES[view.experiment.status].lower()),
        _figure(wording.UNKNOWN if best is None else wording.evidence(best, dialect="number"), "evidence"),
    )  # fmt: skip


def _figure(value: str, label: str) -> Node:
    return div("figure", span("num value", value), span("muted small", label))


def _clocks(view: LiveView, viewer: Viewer, *, is_stale: bool) -> Node:
    """Both clocks; a stale tile says its age first."""
    there = view.server_time(viewer.now)
    data = wording.moment(view.as_of, viewer.zone, now=there)
    parts: list[Node] = [span("", icon("database"), " ", data)]
    if view.checked_at is None:
        parts.append(span("", icon("visibility"), " not checked yet"))
    else:
        passed = max(0.0, (viewer.now - view.checked_at).total_seconds())
        ticking = span("", wording.duration(passed), data_age=f"{passed:.0f}")
        said = " last good check " if is_stale else " checked "
        parts.append(span("", icon("history" if is_stale else "visibility"), said, ticking, " ago"))
    parts += [span("label", label) for label in data_labels(view)]
    return div("facts small", *parts)
