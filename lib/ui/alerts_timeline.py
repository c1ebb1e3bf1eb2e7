"""The timeline of alerts as nodes: what was said with the numbers of that moment, why then, and where it went. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from lib import wording
from lib.commentary.notices import check_first
from lib.commentary.sentences import requirement_line
from lib.experiments.chat import Delivery, DeliveryState
from lib.experiments.model import Alert, AlertKind, Experiment
from lib.stats.results import Requirement
from lib.ui.bell import KINDS
from lib.ui.markup import Node, chip, div, icon, span, tag
from lib.ui.viewer import Viewer

FATES: dict[DeliveryState, tuple[str, str]] = {
    DeliveryState.QUEUED: ("waiting", "schedule"),
    DeliveryState.SENDING: ("being sent", "send"),
    DeliveryState.SENT: ("sent", "done"),
    DeliveryState.FAILED: ("failed, tried again", "replay"),
    DeliveryState.DEAD: ("given up", "error"),
    DeliveryState.UNKNOWN: ("unknown whether it arrived", "help"),
}
PROVEN = {AlertKind.PROVEN_BETTER, AlertKind.PROVEN_WORSE}
TROUBLED = {DeliveryState.FAILED, DeliveryState.DEAD, DeliveryState.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Everything a timeline needs beside the alerts; ``home`` is the first page's address."""

    experiments: Mapping[int, Experiment]
    deliveries: Mapping[str, Sequence[Delivery]]
    muted: frozenset[int]
    who: Viewer
    home: str = "/"


def timeline(alerts: Sequence[Alert], telling: Telling) -> Iterator[Node]:
    """Newest first, a heading a day of the reader's."""
    zone = telling.who.zone
    for day, told in groupby(alerts, key=lambda a: a.raised_at.astimezone(zone).date()):
        first, *rest = told
        words = f"{wording.day_name(first.raised_at, zone)}, {wording.date(first.raised_at, zone)}"
        yield tag("h2", "day", words, data_key=day.isoformat())
        for alert in (first, *rest):
            yield _alert(alert, telling)


def _alert(alert: Alert, telling: Telling) -> Node:
    name, tone, symbol = KINDS[alert.kind]
    return tag(
        "section", f"card alert {tone}",
        div("heads", chip(name, tone, symbol), _experiment(alert, telling), _when(alert, telling.who)),
        tag("p", "told", wording.unbreakable(alert.text)),
        tag("p", "muted small", check_first(alert.kind)),
        _why(alert, telling),
        _figures(alert, telling.who),
        _fates(alert, telling),
        data_key=alert.key, aria_label=name,
    )  # fmt: skip


def _experiment(alert: Alert, telling: Telling) -> Node:
    found = telling.experiments.get(alert.experiment_id)
    name = wording.bare_name(found.name if found else f"Experiment {alert.experiment_id}")
    to = f"{telling.home}?experiment={alert.experiment_id}"
    mute = " (muted)" if alert.experiment_id in telling.muted else ""
    return span("", tag("a", "", tag("bdi", "", name), href=to), mute or None)


def _when(alert: Alert, who: Viewer) -> Node:
    said = wording.moment(alert.raised_at, who.zone, now=who.now)
    data = (
        f", data as of {wording.moment(alert.as_of, who.zone, now=who.now)}" if alert.as_of else ""
    )
    title = wording.full_moment(alert.raised_at, who.zone)
    return span("when muted small", f"{said}{data}", _copy(alert, who), title=title)


def _copy(alert: Alert, who: Viewer) -> Node:
    stamp = wording.full_moment(alert.as_of or alert.raised_at, who.zone)
    return tag(
        "button", "copy",
        span("before", icon("content_copy"), span("sr", "Copy")),
        span("after", icon("check"), span("sr", "Copied")),
        type="button", data_copy=f"{alert.text} (data as of {stamp})", style="margin-left:.5rem",
    )  # fmt: skip


def _why(alert: Alert, telling: Telling) -> Node | None:
    """The why-not-yet list as it stood."""
    experiment = telling.experiments.get(alert.experiment_id)
    lines = [_requirement(line, experiment) for line in alert.why_now] if experiment else []
    if not lines:
        return None
    asked = "Why now" if alert.kind in PROVEN else "The conditions of that moment"
    n_met = sum(line.get("is_met") == "True" for line in alert.why_now)
    return tag(
        "details", "",
        tag("summary", "", f"{asked}: {n_met} of {len(lines)} conditions were met"),
        tag("ul", "why", *lines),
    )  # fmt: skip


def _requirement(line: Mapping[str, str], experiment: Experiment) -> Node:
    need = requirement_of(line)
    mark = "check_circle" if need.is_met else "radio_button_unchecked"
    said = requirement_line(need, experiment).text
    return tag(
        "li", "",
        span("met" if need.is_met else "open", icon(mark)),
        span("", span("sr", "met: " if need.is_met else "open: "), wording.unbreakable(said)),
    )  # fmt: skip


def requirement_of(line: Mapping[str, str]) -> Requirement:
    """A recorded line as the requirement it was."""
    now, needed = line.get("now"), line.get("needed")
    return Requirement(
        kind=line.get("kind", "other"),
        is_met=line.get("is_met") == "True",
        now=float(now) if now else None,
        needed=float(needed) if needed else None,
        arm_key=line.get("arm_key"),
    )


def _figures(alert: Alert, who: Viewer) -> Node | None:
    """Every number of the text with its meaning, exactly as recorded."""
    if not alert.facts:
        return None
    heads = ("Figure", "What it is", "From")
    rows = [
        tag(
            "tr", "",
            tag("td", "", span("num", wording.unbreakable(fact.get("shown", "")))),
            tag("td", "", fact.get("definition", "")),
            tag("td", "muted", fact.get("inputs") or wording.UNKNOWN),
        )
        for fact in alert.facts
    ]  # fmt: skip
    moment = wording.full_moment(alert.as_of, who.zone)
    return tag(
        "details", "",
        tag("summary", "", "The figures of that moment"),
        div("scroll", tag(
            "table", "",
            tag("thead", "", tag("tr", "", *(tag("th", "", h, scope="col") for h in heads))),
            tag("tbody", "", *rows),
        ), tabindex="0", role="region", aria_label="The figures of that moment"),
        tag("p", "muted small", f"Data as of {moment}."),
    )  # fmt: skip


def _fates(alert: Alert, telling: Telling) -> Node | None:
    found = telling.deliveries.get(alert.key, ())
    if not found:
        return None
    return div("fates", *(fate(delivery, telling.who) for delivery in found))


def fate(delivery: Delivery, who: Viewer) -> Node:
    """One channel and what became of the message there."""
    words, symbol = FATES[delivery.state]
    tone = "amber" if delivery.state in TROUBLED else "outline"
    if delivery.state is DeliveryState.FAILED and delivery.next_at is not None:
        words += f" {wording.moment(delivery.next_at, who.zone, now=who.now)}"
    more = span("muted", f" {delivery.error}") if delivery.error else None
    return span("", chip(f"{delivery.channel}: {words}", tone, symbol), more)
