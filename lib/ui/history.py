"""The history page: one experiment at full width, how it moved, and how it stood at any earlier moment.

``history_panel`` is the page's fragment: a tick reruns it alone, charts move in place and a zoom stays. Nothing
here asks a source: the hub and the store only read.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from lib import wording
from lib.experiments.model import Metric
from lib.live.feed import Hub
from lib.live.trend import Trend
from lib.live.view import LiveView
from lib.ui import history_state as asked
from lib.ui import state
from lib.ui.frame import boundary
from lib.ui.header import header, notices
from lib.ui.history_charts import charts_packed, since_of
from lib.ui.history_moments import KINDS, PERSON, Moment, moments_of
from lib.ui.live_block import live_block, live_packed
from lib.ui.live_panel import FIRST_TICK_MS, is_unread, waiting
from lib.ui.markup import Node, chip, div, tag
from lib.ui.replay import PLAY_MS, advance, replay_bar, replay_button, stops_of, view_at
from lib.ui.take_away import take_away
from lib.ui.verdict import verdict_card
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub
from lib.ui.words import notice

STYLE = (Path(__file__).parent / "history.css").read_text(encoding="utf-8")
SHOWN_MOMENTS = 80
LEGEND = (
    "Band: the interval that holds at every look, at once. Dotted inside it: valid for one look at the planned end "
    "only; watched all the time it comes and goes. Numbered lines: the timeline below."
)
LEGEND_DAILY = "Open circles on a dashed line, hatched days: daily figures from PostHog; in between nothing was read."
LONGEST_NOTE = 300


@st.fragment
def history_panel(experiment_id: int | None, *, is_listed: bool = True) -> None:
    """The page below the menu. ``is_listed``: whether the page around it knew the list of experiments."""
    source = hub()
    st.html(f"<style>{STYLE}</style>")
    if not is_listed and source.experiments():
        st.rerun()
    now = None if experiment_id is None else source.look(experiment_id)
    tick = _clock(now, round(1000 * source.poll_s))
    with boundary():
        if now is None or is_unread(now):
            waiting(source, experiment_id)
            return
        _draw(source, now, tick)


def _clock(view: LiveView | None, tick_ms: int) -> int:
    """The page's clock: quick at first and while a replay plays, none while the page stands still."""
    interval = tick_ms
    if view is None or is_unread(view):
        interval = min(FIRST_TICK_MS, tick_ms)
    elif asked.plays():
        interval = PLAY_MS
    elif asked.replayed_at() is not None or not state.is_live() or state.is_taking_away("history"):
        return 0
    with st.container(key="clock-box"):
        return int(st_autorefresh(interval=interval, debounce=False, key="clock"))


def _draw(source: Hub, now: LiveView, tick: int) -> None:
    """Everything, in reading order."""
    who = viewer(source.clock)
    metric = asked.chosen_metric(now.experiment)
    whole = None if metric is None else source.trend(now.experiment.id, metric.id)
    moment, stops = _moment(now, whole, tick)
    view = now if moment is None else view_at(source, now, moment)
    if view is None:
        return
    _top(view, who, tick)
    if moment is not None:
        replay_bar(view, stops, moment, who)
    live_block(*notices(now, who), verdict_card(view, who), key="history-verdict")
    trend = None if metric is None else _trend(source, view, metric, whole)
    moments = moments_of(view, source.store, trend, who.zone)
    _controls(view, metric, stops, is_live=moment is None)
    _charts(view, metric, trend, moments, who)
    _timeline(source, view, moments, who)


def _moment(
    now: LiveView, whole: Trend | None, tick: int
) -> tuple[datetime | None, tuple[datetime, ...]]:
    """The moment replayed, moved on when the replay plays, and where a replay can stop."""
    moment = asked.replayed_at()
    is_new = asked.is_new_tick(tick)
    if moment is not None and now.as_of is not None:
        moment = min(moment, now.as_of)
    stops = stops_of(whole, moment)
    if moment is not None and asked.plays() and is_new:
        moment = advance(stops, moment)
    return moment, stops


def _trend(source: Hub, view: LiveView, metric: Metric, whole: Trend | None) -> Trend | None:
    """The rows of the range; in a replay those known then."""
    chosen, until = asked.chosen_range(), view.frozen_at
    if chosen == asked.ALL and until is None:
        return whole
    since = since_of(chosen, until or view.as_of)
    return source.trend(view.experiment.id, metric.id, since=since, until=until)


def _top(view: LiveView, who: Viewer, tick: int) -> None:
    with st.container(horizontal=True, key="history-head"):
        live_block(header(view, who, is_live=state.is_live(), tick=tick), key="history-header")
        with st.container(
            key="history-top", horizontal=True, vertical_alignment="center", width="content"
        ):
            if view.frozen_at is None:
                st.toggle("Live", value=True, key=state.LIVE,
                          help="Off: this screen stands still. The watch and its alerts go on.")  # fmt: skip
            st.page_link("dashboard.py", label="Back to the dashboard", icon=":material/close_fullscreen:",
                         query_params={"experiment": str(view.experiment.id)})  # fmt: skip


def _controls(
    view: LiveView, metric: Metric | None, stops: tuple[datetime, ...], *, is_live: bool
) -> None:
    """Metric, range, replay, take away."""
    if metric is None:
        return
    names = {m.id: wording.bare_name(m.name, 60) for m in view.experiment.metrics}
    st.session_state[asked.METRIC_BOX] = metric.id
    st.session_state[asked.RANGE_BOX] = asked.chosen_range()
    with st.container(horizontal=True, vertical_alignment="center", key="history-controls"):
        st.selectbox("Metric", list(names), key=asked.METRIC_BOX, format_func=lambda i: names.get(i, i),
                     on_change=asked.take_metric, label_visibility="collapsed", width=280)  # fmt: skip
        st.segmented_control(
            "Range", list(asked.RANGES), key=asked.RANGE_BOX, on_change=asked.take_range,
            format_func=lambda name: asked.RANGES[name][0], label_visibility="collapsed",
        )  # fmt: skip
        if is_live:
            replay_button(stops)
        take_away(view, metric, "history")
    if asked.chosen_range() != asked.ALL:
        words = "Exploratory: a part of the run, chosen by hand. The verdict rests on all of it."
        live_block(notice(words, "", "science"), key="history-exploratory")


def _charts(
    view: LiveView,
    metric: Metric | None,
    trend: Trend | None,
    moments: tuple[Moment, ...],
    who: Viewer,
) -> None:
    if metric is None or trend is None or not len(trend.moved):
        words = "There are no numbers over time yet. They appear with the first reading that has visitors."
        live_block(notice(words, "", "hourglass_empty"), key="history-empty")
        return
    chosen = asked.chosen_range()
    packed = charts_packed(view, metric, trend, moments, viewer=who, chosen=chosen)
    with st.container(key="history-charts"):
        live_packed(packed, key="history-figures")
        live_block(_legend(trend), key="history-legend")


def _legend(trend: Trend) -> Node:
    """What the charts do not say themselves."""
    has_daily = bool(trend.moved.is_daily.any())
    return div("muted small", f"{LEGEND} {LEGEND_DAILY}" if has_daily else LEGEND)


def _timeline(source: Hub, view: LiveView, moments: tuple[Moment, ...], who: Viewer) -> None:
    with st.container(border=True, key="history-moments"):
        live_block(tag("h2", "", "Timeline"), _table(moments, who), key="history-timeline")
        if view.frozen_at is None:
            _note_form(source, view)


def _table(moments: tuple[Moment, ...], who: Viewer) -> Node:
    """The moments, newest first, numbered as in the charts."""
    numbered = list(enumerate(moments, 1))[-SHOWN_MOMENTS:]
    rows = [_row(number, moment, who) for number, moment in reversed(numbered)]
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


def _row(number: int, moment: Moment, who: Viewer) -> Node:
    words, tone, symbol = KINDS[moment.kind]
    return tag(
        "tr", "",
        tag("td", "muted num", str(number)),
        tag("td", "", tag("time", "", wording.moment(moment.at, who.zone), datetime=moment.at.isoformat(),
                          title=wording.full_moment(moment.at, who.zone))),
        tag("td", "", chip(words, tone, symbol)),
        tag("td", "", tag("bdi", "", moment.text)),
        data_key=f"{moment.kind}-{moment.at.isoformat()}",
    )  # fmt: skip


def _note_form(source: Hub, view: LiveView) -> None:
    """One line a person adds to the timeline, at the moment the data stand at now."""
    if source.store.read_only_because:
        return
    with (
        st.form("add-note", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom", key="note-row"),
    ):
        st.text_input("Add a note", key="note-text", max_chars=LONGEST_NOTE,
                             placeholder="What happened? It is marked at the moment of the newest data.")  # fmt: skip
        st.form_submit_button("Add", icon=":material/add:", on_click=_keep_note,
                              args=(view.experiment.id, view.as_of or view.server_now))  # fmt: skip


def _keep_note(experiment_id: int, at: datetime | None) -> None:
    text = str(st.session_state.get("note-text", "")).strip()[:LONGEST_NOTE]
    if text:
        source = hub()
        source.store.keep_note(experiment_id, PERSON, uuid.uuid4().hex, text, at or source.clock())
