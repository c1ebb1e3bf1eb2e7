"""The history page: one experiment at full width, how it moved, and how it stood at any earlier moment.

``history_panel`` is the page's fragment: a tick reruns it alone, charts move in place and a zoom stays. What no
tick changes stands outside it, in ``lib.ui.history_controls``. Nothing here asks a source: the hub and the store
only read.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from lib.experiments.errors import StoreError
from lib.experiments.model import Metric
from lib.live.feed import Hub
from lib.live.trend import Trend
from lib.live.view import LiveView
from lib.ui import history_state as asked
from lib.ui import state
from lib.ui.bell import has_news
from lib.ui.boundary import contained
from lib.ui.header import header, notices
from lib.ui.history_charts import charts_packed, since_of
from lib.ui.history_controls import Drawn, drawn_for
from lib.ui.history_moments import moments_of, timeline
from lib.ui.live_block import live_block, live_packed, pack
from lib.ui.live_panel import FIRST_TICK_MS, is_hurried, is_unread, waiting
from lib.ui.replay import PLAY_MS, advance, replay_bar, stops_of, view_at
from lib.ui.shared import Shelf, once_a_look
from lib.ui.verdict import verdict_card
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub
from lib.ui.words import notice, store_notice

_last: Shelf = Shelf(keep=48)


@st.fragment
@contained
def history_panel(
    experiment_id: int | None, *, is_listed: bool = True, drawn: Drawn = None
) -> None:
    """What moves on the page.

    Args:
        experiment_id: what to show; None while there is nothing to choose from.
        is_listed: whether the page around it knew the list of experiments; it is drawn anew once there is one.
        drawn: what the controls around it were drawn for; they are drawn anew when that is no longer so.
    """
    source = hub()
    now = None if experiment_id is None else source.look(experiment_id)
    with source.store.together():
        if (not is_listed and source.experiments()) or drawn_for(now) != drawn or has_news(source):
            st.rerun()
        tick = _clock(now, round(1000 * source.poll_s))
        if now is None or is_unread(now):
            waiting(source, experiment_id)
            return
        _draw(source, now, tick)


def _clock(view: LiveView | None, tick_ms: int) -> int:
    """The page's clock: quick at first and while a replay plays, none while the page stands still."""
    interval = min(FIRST_TICK_MS, tick_ms) if is_hurried(view) else tick_ms
    if view is not None and not is_unread(view):
        if asked.plays():
            interval = PLAY_MS
        elif asked.replayed_at() is not None or not state.is_live():
            return 0
    with st.container(key="clock-box"):
        return int(st_autorefresh(interval=interval, debounce=False, key="clock"))


def _draw(source: Hub, now: LiveView, tick: int) -> None:
    """Everything, in reading order, in as few mounts as can be: each costs every viewer at every tick."""
    who = viewer(source.clock)
    metric = asked.chosen_metric(now.experiment)
    moment, stops = _moment(source, now, metric, tick)
    view = now if moment is None else view_at(source, now, moment)
    if view is None:
        return
    head = header(view, who, is_live=state.is_live(), tick=tick)
    live_block(head, *notices(now, who, source.store.read_only_because), key="history-header")
    if moment is not None:
        replay_bar(view, stops, moment, who)
    live_packed(_verdict(view, who), "history-verdict")
    _past(source, view, metric, who)


def _moment(
    source: Hub, now: LiveView, metric: Metric | None, tick: int
) -> tuple[datetime | None, tuple[datetime, ...]]:
    """The moment replayed, moved on when the replay plays, and where a replay can stop; None and nothing when live."""
    is_new, moment = asked.is_new_tick(tick), asked.moment_shown(now.as_of)
    if moment is None:
        return None, ()
    whole = None if metric is None else source.trend(now.experiment.id, metric.id)
    stops = stops_of(whole, moment)
    if asked.plays() and is_new:
        moment = advance(stops, moment)
    return moment, stops


def _trend(source: Hub, view: LiveView, metric: Metric) -> Trend | None:
    """The rows of the range; in a replay those known then."""
    until = view.frozen_at
    since = since_of(asked.chosen_range(), until or view.as_of)
    return source.trend(view.experiment.id, metric.id, since=since, until=until)


def _verdict(view: LiveView, who: Viewer) -> bytes:
    """The verdict; made once for all viewers."""
    return once_a_look(view, who, "history verdict", lambda: pack(verdict_card(view, who)))


def _past(source: Hub, view: LiveView, metric: Metric | None, who: Viewer) -> None:
    """The charts and the timeline below them; while the store cannot be read, those shown last."""
    shown = (view.experiment.id, metric, asked.chosen_range(), view.frozen_at, str(who.zone))
    try:
        packed = _packed(source, view, metric, who)
        _last.put(shown, packed)
    except StoreError as error:
        words = store_notice(f"{error} The charts are those shown last.")
        live_block(words, key="history-lost")
        packed = _last.get(shown, pack)
    live_packed(packed, key="history-figures")


def _packed(source: Hub, view: LiveView, metric: Metric | None, who: Viewer) -> bytes:
    trend = None if metric is None else _trend(source, view, metric)
    moments = moments_of(view, source.store, trend, who.zone)
    if metric is None or trend is None or not len(trend.moved):
        words = "There are no numbers over time yet. They appear with the first reading that has visitors."
        return pack(notice(words, "", "hourglass_empty"), timeline(moments, who))
    chosen = asked.chosen_range()
    return charts_packed(view, metric, trend, moments, viewer=who, chosen=chosen)
