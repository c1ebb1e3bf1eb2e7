"""The timeline of one experiment: everything worth a mark, in order, each told in a line. Pure but for the store.

Moments are on the data's clock. Used by the history page's charts (as marks) and its table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from lib import wording
from lib.charts.theme import LIGHT, Mark, Theme
from lib.experiments.chat import Note
from lib.experiments.model import Alert, AlertKind, Call, Experiment
from lib.history.store import Store
from lib.live.trend import Trend
from lib.live.view import LiveView
from lib.ui.markup import Node, chip, div, tag
from lib.ui.shared import once
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name

PERSON, CHANGE = "person", "change"
NEAR = 0.018  # of the range shown: marks closer than this share one label
MOST_MARKS = 40
SHOWN = 80  # lines of the table
KINDS: dict[str, tuple[str, str, str]] = {  # what it is called, its tone, its symbol
    "start": ("Start", "outline", "play_arrow"),
    "planned": ("Planned end", "outline", "event"),
    "end": ("End", "outline", "flag"),
    "change": ("Change of set-up", "amber", "build"),
    "gap": ("No data", "grey", "sensors_off"),
    "call": ("Crossed the line", "plain", "done_all"),
    "withdrawn": ("Withdrawn", "amber", "undo"),
    "alert": ("Alert", "plain", "notifications"),
    "note": ("Note", "grey", "sticky_note_2"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the timeline. ``text`` is plain text, cleaned where it came from outside."""

    at: datetime
    kind: str
    text: str

    @property
    def is_break(self) -> bool:
        """Whether what comes after is not the same test."""
        return self.kind == CHANGE


def moments_of(
    view: LiveView, store: Store, trend: Trend | None, zone: tzinfo
) -> tuple[Moment, ...]:
    """Everything known of the experiment up to the moment shown, oldest first."""
    experiment = view.experiment
    happened = store.happened(
        experiment.id
    )  # first: what is added while we read is then read again
    told = once((store, experiment, happened, str(zone)), lambda: _told(experiment, store, zone))
    found = [*_plan(view), *_gaps(trend), *told]
    until = view.frozen_at
    seen = [m for m in found if until is None or m.at <= until or m.kind == "planned"]
    return tuple(sorted(seen, key=lambda m: m.at))


def _told(experiment: Experiment, store: Store, zone: tzinfo) -> tuple[Moment, ...]:
    """What was kept as it happened."""
    return (
        *(m for call in store.calls(experiment.id) for m in _call(experiment, call)),
        *(_alert(alert, zone) for alert in store.alerts(experiment.id) if _adds(alert)),
        *(_note(note) for note in store.notes(experiment.id, CHANGE, PERSON)),
    )


def _plan(view: LiveView) -> Iterator[Moment]:
    experiment, started = view.experiment, view.experiment.started_at
    if started is None:
        return
    yield Moment(at=started, kind="start", text="The experiment started.")
    plan = view.primary.plan if view.primary else None
    if plan is not None:
        text = f"End of the planned {wording.days(plan.days)}."
        yield Moment(at=started + timedelta(days=plan.days), kind="planned", text=text)
    if experiment.ended_at is not None:
        yield Moment(at=experiment.ended_at, kind="end", text="The experiment was ended.")


def _gaps(trend: Trend | None) -> Iterator[Moment]:
    for first, last in trend.gaps if trend else ():
        text = f"No reading for {wording.duration(last - first)}."
        yield Moment(at=first, kind="gap", text=text)


def _call(experiment: Experiment, call: Call) -> Iterator[Moment]:
    arm = arm_name(experiment, call.treatment_key)
    on = next(
        (wording.bare_name(m.name) for m in experiment.metrics if m.id == call.metric_id),
        "a metric",
    )
    size = "" if call.lift is None else f" at {wording.signed_percent(call.lift, _digits(call))}"
    interval = (
        "" if call.low is None or call.high is None else f", {wording.between(call.low, call.high)}"
    )
    text = f"{arm} crossed the line on {on}{size}{interval}.{_shared(call)}"
    yield Moment(at=call.as_of, kind="call", text=text)
    if call.withdrawn_at is not None:
        text = f"{arm} on {on}: {wording.bare_name(call.withdrawn_because or 'withdrawn', 200)}"
        yield Moment(at=call.withdrawn_at, kind="withdrawn", text=text)


def _shared(call: Call) -> str:
    """A later step of Holm's calls an arm whose own interval still holds zero."""
    if call.low is None or call.high is None or not call.low < 0 < call.high:
        return ""
    return " The arms share this interval, so it is wider than the test that decided."


def _digits(call: Call) -> int:
    return 1 if call.low is None or call.high is None else wording.lift_digits(call.low, call.high)


def _note(note: Note) -> Moment:
    if note.kind == CHANGE:
        return Moment(at=note.at, kind=CHANGE, text=wording.bare_name(note.text, 200))
    return Moment(at=note.at, kind="note", text=wording.bare_name(note.text, 500))


def _adds(alert: Alert) -> bool:
    """A withdrawal and its alert are one line."""
    return alert.kind is not AlertKind.WITHDRAWN


def _alert(alert: Alert, zone: tzinfo) -> Moment:
    said = f"{wording.bare_name(alert.text, 400)} Sent {wording.moment(alert.raised_at, zone)}."
    return Moment(at=alert.as_of or alert.raised_at, kind="alert", text=said)


def marks_of(
    moments: Sequence[Moment], span: tuple[datetime, datetime], colours: Theme = LIGHT
) -> tuple[Mark, ...]:
    """The moments within the range as marks, labelled by their place in the timeline; near ones share a label."""
    width = (span[1] - span[0]) * NEAR
    shown = [
        (n, m) for n, m in enumerate(moments, 1) if span[0] <= m.at <= span[1] and m.kind != "gap"
    ]
    marks: list[Mark] = []
    group: list[tuple[int, Moment]] = []
    for place, (number, moment) in enumerate(shown[-MOST_MARKS:]):
        following = shown[-MOST_MARKS:][place + 1 :][:1]
        group.append((number, moment))
        is_last = not following or following[0][1].at - group[0][1].at > width
        marks.append(_mark(moment, _label(group) if is_last else "", group, colours))
        if is_last:
            group = []
    return tuple(marks)


def _label(group: Sequence[tuple[int, Moment]]) -> str:
    first, last = group[0][0], group[-1][0]
    return str(first) if first == last else f"{first}–{last}"


def _mark(moment: Moment, label: str, group: Sequence[tuple[int, Moment]], colours: Theme) -> Mark:
    said = "\n".join(f"{n}  {KINDS[m.kind][0]}: {m.text}" for n, m in group) if label else ""
    strong = {"call": colours.text, "withdrawn": colours.caution, "change": colours.caution}
    return Mark(at=moment.at, label=label, is_break=moment.is_break, hover=said,
                colour=strong.get(moment.kind, ""))  # fmt: skip


def timeline(moments: Sequence[Moment], viewer: Viewer) -> Node:
    """The moments as a table, newest first, numbered as in the charts."""
    return div("card timeline", tag("h2", "", "Timeline"), _table(moments, viewer))


def _table(moments: Sequence[Moment], viewer: Viewer) -> Node:
    numbered = list(enumerate(moments, 1))[-SHOWN:]
    rows = [_row(number, moment, viewer) for number, moment in reversed(numbered)]
    if not rows:
        return tag("p", "muted", "Nothing happened yet.")
    heads = ("No.", "When", "What", "")
    return div(
        "scroll tall",
        tag("table", "moments",
            tag("thead", "", tag("tr", "", *(tag("th", "", h, scope="col") for h in heads))),
            tag("tbody", "", *rows)),
        tabindex="0", role="region", aria_label="Timeline",
    )  # fmt: skip


def _row(number: int, moment: Moment, viewer: Viewer) -> Node:
    words, tone, symbol = KINDS[moment.kind]
    return tag(
        "tr", "",
        tag("td", "muted num", str(number)),
        tag("td", "", tag("time", "", wording.moment(moment.at, viewer.zone), datetime=moment.at.isoformat(),
                          title=wording.full_moment(moment.at, viewer.zone))),
        tag("td", "", chip(words, tone, symbol)),
        tag("td", "", tag("bdi", "", moment.text)),
        data_key=f"{moment.kind}-{moment.at.isoformat()}",
    )  # fmt: skip
