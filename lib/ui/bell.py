"""The bell of every page: how much is unread, toasts, browser notifications, and the copilot's unasked message.

Drawn by the frame. A small fragment: it reads the store and never asks a source; a toast lives in the browser, so
that no rerun takes it away. Where a page ticks anyway, its fragment asks ``has_news``; elsewhere, and while that
page stands still, the bell has a clock of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from lib import wording
from lib.experiments.model import Alert, AlertKind
from lib.live.feed import Hub
from lib.ui import alerts_state, answer_state, state
from lib.ui.alerts_heard import heard, tell_conversation
from lib.ui.assets import bootstrap
from lib.ui.boundary import contained
from lib.ui.history_state import replayed_at
from lib.ui.live_block import live_block
from lib.ui.markup import Node, div, icon, span, tag
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub

STYLE = Path(__file__).with_name("bell.css").read_text(encoding="utf-8")
EVERY_S = 8.0  # each run costs every open page; an alert is to be seen within 15 s of being stored
TOAST_FOR = timedelta(seconds=30)  # so long each page may still show it; it shows it once
LISTED = 6
MOST_AT_ONCE = 3  # more are left to the bell, but for those of the experiment on the screen
LOUD = {
    AlertKind.PROVEN_BETTER,
    AlertKind.PROVEN_WORSE,
    AlertKind.GUARDRAIL,
    AlertKind.SPLIT_OFF,
    AlertKind.WITHDRAWN,
}
PAGES_WITH_CHAT = {"Live", "Copilot"}
TICKING = {"Live", "Board", "History"}  # their fragments listen for the bell
KINDS: dict[AlertKind, tuple[str, str, str]] = {
    AlertKind.PROVEN_BETTER: ("Proven better", "good", "check_circle"),
    AlertKind.PROVEN_WORSE: ("Proven worse", "bad", "cancel"),
    AlertKind.GUARDRAIL: ("Guardrail harmed", "amber", "shield"),
    AlertKind.SPLIT_OFF: ("Split off", "striped", "warning"),
    AlertKind.DATA_STOPPED: ("Data stopped", "amber", "sensors_off"),
    AlertKind.PLANNED_END: ("Planned end", "outline", "event_busy"),
    AlertKind.UNLIKELY: ("Unlikely to decide", "outline", "trending_flat"),
    AlertKind.WITHDRAWN: ("Withdrawn", "amber", "undo"),
}

_toasts = st.components.v2.component(
    "alert_toasts",
    html="<div class='alert-toasts-anchor'></div>",
    js=bootstrap("bell.js", "toasts"),
    isolate_styles=False,
)
_ask = st.components.v2.component(
    "alert_ask",
    html="<div class='live-block'><button class='alert-ask' type='button'></button></div>",
    js=bootstrap("bell.js", "ask"),
    isolate_styles=False,
)


def bell(title: str) -> None:
    """The bell on the page of that title."""
    st.html(f"<style>{STYLE}</style>")
    is_heard = title in TICKING and state.is_live() and replayed_at() is None
    (_quiet_bell if is_heard else _own_bell)(title in PAGES_WITH_CHAT)


def has_news(source: Hub) -> bool:
    """Whether something was announced since this session's bell was drawn: the page is then drawn anew."""
    alerts = heard(source.store, source.clock())
    return alerts_state.newest_drawn() not in {None, alerts[0].key if alerts else ""}


@st.fragment
@contained
def _quiet_bell(has_chat: bool) -> None:
    _bell(has_chat)


@st.fragment(run_every=EVERY_S)
@contained
def _own_bell(has_chat: bool) -> None:
    _bell(has_chat)


def _bell(has_chat: bool) -> None:
    source = hub()
    now = source.clock()
    alerts = heard(source.store, now)
    alerts_state.note_drawn(alerts[0].key if alerts else "")
    if _tell(source, alerts, now, has_chat=has_chat):
        st.rerun()  # in full, so that the conversation shows it; drafts and answers on their way stay
    _toasts(data={"toasts": _shown(alerts, now)}, key="alert-toasts")
    new = alerts_state.unread(alerts, now)
    box = st.popover(
        str(len(new)) if new else " ",
        icon=":material/notifications_active:" if new else ":material/notifications:",
        type="tertiary",
        key="bell",
        help=f"{len(new)} unread alerts" if new else "Alerts",
        on_change="rerun",
    )
    if box.open:
        with box:
            _list(alerts, new, viewer(source.clock))


def _tell(source: Hub, alerts: Sequence[Alert], now: datetime, *, has_chat: bool) -> bool:
    """Put what is new of the experiment on the screen into this session's conversation; whether to draw anew.

    Other experiments have the bell and the toasts: sixty of them would bury the conversation.
    """
    told = False
    for alert in worth_interrupting(alerts_state.take_new(alerts, now), state.experiment_id()):
        if alert.experiment_id != state.experiment_id():
            continue
        conversation = answer_state.conversation_id()
        if not conversation and has_chat:
            title = KINDS[alert.kind][0]
            conversation = source.store.new_conversation(f"{title}: {_name(source, alert)}", now)
            answer_state.open_conversation(conversation)
        if conversation:
            tell_conversation(source.store, conversation, alert, now)
            told = has_chat
    return told


def worth_interrupting(new: Sequence[Alert], shown_id: int | None) -> tuple[Alert, ...]:
    """What may speak up: crossings, harm and withdrawals, and everything of the experiment on the screen."""
    mine = tuple(alert for alert in new if alert.experiment_id == shown_id)
    loud = tuple(alert for alert in new if alert in mine or alert.kind in LOUD)
    return loud if len(loud) <= MOST_AT_ONCE else mine


def _name(source: Hub, alert: Alert) -> str:
    found = next((e.name for e in source.experiments() if e.id == alert.experiment_id), "")
    return wording.bare_name(found, 40)


def _shown(alerts: Sequence[Alert], now: datetime) -> list[dict[str, Any]]:
    """What the browser shows as a toast, oldest first; it remembers what it has shown."""
    since = max(alerts_state.opened_at(now), now - TOAST_FOR)
    recent = [alert for alert in alerts if alert.raised_at >= since]
    return [
        {
            "key": alert.key,
            "title": KINDS[alert.kind][0],
            "tone": KINDS[alert.kind][1],
            "symbol": KINDS[alert.kind][2],
            "text": alert.text,
            "experiment": alert.experiment_id,
        }
        for alert in reversed(worth_interrupting(recent, state.experiment_id()))
    ]


def _list(alerts: Sequence[Alert], new: Sequence[Alert], who: Viewer) -> None:
    """The newest alerts, and what can be done about them."""
    keys = {alert.key for alert in new}
    shown = [_line(alert, who, is_new=alert.key in keys) for alert in alerts[:LISTED]]
    if shown:
        live_block(tag("ul", "bell-list", *shown), key="bell-list")
    else:
        st.caption("Nothing was announced yet.")
    with st.container(horizontal=True, vertical_alignment="center", key="bell-foot"):
        if new:
            st.button("Mark all as read", type="tertiary", key="bell-read", icon=":material/done_all:",
                      on_click=alerts_state.mark_seen, args=(alerts[0].key,))  # fmt: skip
        st.page_link("pages/alerts.py", label="All alerts", icon=":material/list:")
    _ask(data={}, key="alert-ask")


def _line(alert: Alert, who: Viewer, *, is_new: bool) -> Node:
    name, tone, symbol = KINDS[alert.kind]
    return tag(
        "li", "unread" if is_new else "read",
        div("top", span(f"chip {tone}", icon(symbol), span("", name)),
            span("muted small", wording.age(who.now - alert.raised_at))),
        tag("p", "small", wording.unbreakable(alert.text)),
        data_key=alert.key,
    )  # fmt: skip
