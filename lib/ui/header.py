"""The header strip: name, status with exact age, both clocks, and what is wrong, if something is.

Pure: a view and a viewer in, nodes out. Drawn by ``lib.ui.live_panel``.
"""

from __future__ import annotations

from datetime import timedelta

from lib import wording
from lib.experiments.model import Status
from lib.live.view import LiveView, Trouble
from lib.ui.markup import Node, div, icon, num, span, tag
from lib.ui.viewer import Viewer
from lib.ui.words import STATUSES, notice, running_for, store_notice

STALE = timedelta(minutes=5)
USUAL_STEP = timedelta(days=1)  # PostHog recalculates most experiments once a day
METHODS = {"bayesian": "Bayesian", "frequentist": "frequentist"}


def header(view: LiveView, viewer: Viewer, *, is_live: bool, tick: int) -> Node:
    """The strip of one experiment."""
    experiment = view.experiment
    link = (
        tag("a", "small", "Open in PostHog ", icon("open_in_new"), href=experiment.url,
            target="_blank", rel="noopener noreferrer")
        if experiment.url.startswith("http")
        else None
    )  # fmt: skip
    return div(
        "head",
        div(
            "strip",
            tag("h1", "", tag("bdi", "", wording.bare_name(experiment.name, 120))),
            status_badge(view, viewer),
            link,
        ),
        div("facts", *_facts(view)),
        clocks(view, viewer, is_live=is_live, tick=tick),
    )


def status_badge(view: LiveView, viewer: Viewer) -> Node:
    """Running, with the exact age; the dot breathes only while it runs."""
    status = view.experiment.status
    age = running_for(view.experiment, view.server_time(viewer.now))
    words = STATUSES[status] if age is None else f"{STATUSES[status]} · "
    is_moving = status is Status.RUNNING and view.frozen_at is None
    return span(
        "chip running" if is_moving else "chip grey",
        span("dot", aria_hidden="true") if is_moving else None,
        span("", words),
        None if age is None else num(wording.duration(age), "time since the start, cut off"),
    )


def _facts(view: LiveView) -> list[Node]:
    experiment = view.experiment
    method = METHODS.get(experiment.method, "its own method")
    facts = [
        span("", f"{wording.percent(experiment.traffic_share)} of traffic"),
        span("", f"{len(experiment.variants)} arms"),
        span("", f"always-valid test (in PostHog: {method})"),
    ]
    if experiment.holdout:
        facts.append(span("", f"holdout: {wording.bare_name(experiment.holdout)}"))
    if experiment.excluded_variants:
        names = ", ".join(wording.bare_name(key) for key in experiment.excluded_variants)
        facts.append(span("", f"left out: {names}"))
    return facts


def clocks(view: LiveView, viewer: Viewer, *, is_live: bool, tick: int) -> Node:
    """Two clocks: where the numbers end, and when we last looked. Never one instead of the other."""
    late = "amber" if is_late(view, viewer) else ""
    return div(
        f"facts clocks {late}".strip(),
        span("", icon("database"), " Data as of ", *_data_clock(view, viewer)),
        span("", icon("visibility"), " ", *_check_clock(view, viewer)),
        *_pace(view, is_live=is_live, tick=tick),
    )


def is_late(view: LiveView, viewer: Viewer) -> bool:
    """Whether no good look happened for five minutes, or the data are older than PostHog's usual step.

    A moment looked back at is never late.
    """
    if view.checked_at is None or view.frozen_at is not None:
        return False
    age = view.data_age(viewer.now)
    return viewer.now - view.checked_at >= STALE or (
        view.experiment.is_running and age is not None and age > USUAL_STEP
    )


def _data_clock(view: LiveView, viewer: Viewer) -> list[Node]:
    if view.as_of is None:
        return [wording.UNKNOWN]
    there = view.server_time(viewer.now)
    said = wording.moment(view.as_of, viewer.zone, now=there)
    age = view.data_age(viewer.now)
    nodes: list[Node] = [
        tag("time", "num", said, datetime=view.as_of.isoformat(),
            title=wording.full_moment(view.as_of, viewer.zone))
    ]  # fmt: skip
    if age is not None and age >= STALE:
        nodes.append(f", {wording.age(age)}")
    return nodes


def _check_clock(view: LiveView, viewer: Viewer) -> list[Node]:
    if view.frozen_at is not None:
        return [f"as it stood then, {wording.full_moment(view.frozen_at, viewer.zone)}"]
    if view.checked_at is None:
        return ["not checked yet"]
    passed = max(0.0, (viewer.now - view.checked_at).total_seconds())
    said = wording.clock(view.checked_at, viewer.zone, seconds=True)
    ticking = span("", wording.duration(passed), data_age=f"{passed:.1f}", title=said)
    return ["checked ", ticking, " ago"]


def _pace(view: LiveView, *, is_live: bool, tick: int) -> list[Node]:
    if view.frozen_at is not None:
        return []
    if not is_live:
        return [
            span("", icon("pause"), " Paused: the screen stands still, the watch and alerts go on")
        ]
    ring = tag(
        "svg", "ring", tag("circle", "back", cx="8", cy="8", r="6"),
        tag("circle", "turn", cx="8", cy="8", r="6", data_restart=str(tick)),
        viewBox="0 0 16 16", aria_hidden="true",
    )  # fmt: skip
    words = f" every {wording.duration(view.cadence_s)}"
    nodes = [span("", ring, words)]
    if view.speed > 1.5:
        nodes.append(span("", icon("fast_forward"), f" replayed at {view.speed:.0f}x"))
    return nodes


def notices(view: LiveView, viewer: Viewer, unkept: str = "") -> list[Node]:
    """What a reader has to know about source and store before reading on; often nothing.

    ``unkept``: why nothing is being kept now, as the store says it.
    """
    said = [store_notice(unkept)] if unkept else []
    if view.trouble is not None and not (unkept and view.trouble.kind == "store"):
        said.append(_trouble(view, view.trouble, viewer))
    elif is_unchecked(view, viewer):
        said.append(notice(f"{_last_good(view, viewer)}.", "amber", "history"))
    if view.cadence_because and view.trouble is None:  # trouble tells when it is tried again
        pace = wording.duration(view.cadence_s)
        said.append(notice(f"Checking every {pace} for now: {view.cadence_because}", "", "speed"))
    if view.is_calculating:
        words = "New numbers on the way; the ones shown are from the previous run."
        said.append(notice(words, "", "autorenew"))
    return said + _excluded(view)


def is_unchecked(view: LiveView, viewer: Viewer) -> bool:
    """Whether nobody managed to look for five minutes."""
    return (
        view.frozen_at is None
        and view.checked_at is not None
        and viewer.now - view.checked_at >= STALE
    )


def _last_good(view: LiveView, viewer: Viewer) -> str:
    if view.checked_at is None:
        return "No good check yet"
    at = wording.moment(view.checked_at, viewer.zone, now=viewer.now)
    return f"Last good check {at}, {wording.age(viewer.now - view.checked_at)}"


def _trouble(view: LiveView, trouble: Trouble, viewer: Viewer) -> Node:
    good = ""
    if view.checked_at is not None and trouble.kind != "store":
        good = f"{_last_good(view, viewer)}; the numbers shown are from then."
    return trouble_notice(trouble, viewer, good)


def trouble_notice(
    trouble: Trouble, viewer: Viewer, good: str = "There is no earlier reading to show."
) -> Node:
    """What is wrong, how good the last numbers are, when it is tried again, and which setting to change."""
    tone, symbol = ("bad", "key_off") if trouble.kind == "refused" else ("amber", "cloud_off")
    words = f"{trouble.sentence} {good}".rstrip()
    if trouble.next_try_at is not None and trouble.next_try_at > viewer.now:
        words += f" Trying again in {wording.duration(trouble.next_try_at - viewer.now, parts=1)}."
    setting = (
        span("", " Setting to change: ", tag("code", "", trouble.setting), ".")
        if trouble.setting
        else None
    )
    return notice(words, tone, symbol, setting)


def _excluded(view: LiveView) -> list[Node]:
    n = view.primary.snapshot.n_excluded if view.primary else 0
    if not n:
        return []
    return [
        notice(f"{wording.count(n)} people seen in two arms were excluded.", "", "group_remove")
    ]
