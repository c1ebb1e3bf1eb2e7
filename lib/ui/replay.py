"""The replay: the page as it stood at an earlier moment, step by step, without hindsight.

A moment is shown by ``hub.look(..., as_of)``, which recomputes it from what was known then. Called by
``lib.ui.history``; keeps nothing but the moment, which stands in the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
import streamlit as st

from lib import wording
from lib.live.feed import Hub
from lib.live.trend import Trend
from lib.live.view import LiveView
from lib.ui import history_state as asked
from lib.ui.live_block import live_block
from lib.ui.markup import Node, div, icon, span, tag
from lib.ui.shared import Shelf
from lib.ui.viewer import Viewer

STOPS = 160
PLAY_MS = 900
SLIDER = "replay-slider"
_looks: Shelf = Shelf(keep=64)


def view_at(hub: Hub, view: LiveView, moment: datetime) -> LiveView | None:
    """The view of a moment; made once for all viewers, since the past does not change."""
    key = (view.experiment, moment)
    return _looks.get(key, lambda: hub.look(view.experiment.id, moment))


def stops_of(trend: Trend | None, moment: datetime | None) -> tuple[datetime, ...]:
    """Stored moments a replay stops at, oldest first: spread over the run, the calls and ``moment`` included."""
    if trend is None or not len(trend.moved):
        return ()
    at = trend.moved.at
    keep = np.unique(np.linspace(0, len(at) - 1, min(STOPS, len(at))).round().astype(int))
    found = {_moment(stop) for stop in at[keep].tolist()} | set(trend.called_at.values())
    if moment is not None:
        found.add(moment)
    return tuple(sorted(found))


def _moment(at: float) -> datetime:
    """A stored moment, to the microsecond."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(1e6 * at))


def advance(stops: Sequence[datetime], moment: datetime) -> datetime:
    """One step on; at the end the replay stands."""
    later = [stop for stop in stops if stop > moment]
    if len(later) <= 1:
        asked.stop_playing()
    following = later[0] if later else moment
    asked.go_to(following)
    return following


def replay_button(newest: datetime | None) -> None:
    """The way in, at the newest moment; from then on the slider is there."""
    st.button(
        "Replay", icon=":material/history:", key="replay-start", disabled=newest is None,
        help="See this page as it stood at any earlier moment, without hindsight",
        on_click=asked.go_to, args=(newest,),
    )  # fmt: skip


def replay_bar(view: LiveView, stops: Sequence[datetime], moment: datetime, viewer: Viewer) -> None:
    """Banner, slider and buttons; shown while a moment is replayed."""
    with st.container(key="replay-bar", border=True):
        with st.container(horizontal=True, vertical_alignment="center", key="replay-banner",
                          horizontal_alignment="distribute"):  # fmt: skip
            live_block(_banner(view, moment, viewer), key="replay-words")
            st.button("Back to live", icon=":material/sensors:", type="primary", key="replay-end",
                      on_click=asked.go_to, args=(None,))  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center", key="replay-row"):
            _buttons(stops, moment)
            _slider(stops, moment, viewer.zone)


def _banner(view: LiveView, moment: datetime, viewer: Viewer) -> Node:
    said = wording.full_moment(moment, viewer.zone)
    started = view.experiment.started_at
    age = None if started is None else moment - started
    day = "" if age is None else f", {wording.duration(age)} after the start"
    return div(
        "as-of",
        tag("strong", "", icon("history"), f" As of {said}"),
        span("muted", f"{day}. Recomputed from what was known then; nothing later is used."),
        role="status",
    )


def _buttons(stops: Sequence[datetime], moment: datetime) -> None:
    earlier = [stop for stop in stops if stop < moment]
    later = [stop for stop in stops if stop > moment]
    with st.container(horizontal=True, key="replay-buttons", width="content", gap="small"):
        st.button("Earlier", icon=":material/skip_previous:", key="replay-back", help="One step back",
                  disabled=not earlier, on_click=_step, args=(earlier[-1] if earlier else moment,))  # fmt: skip
        if asked.plays():
            st.button("Pause", icon=":material/pause:", key="replay-pause",
                      on_click=asked.stop_playing)  # fmt: skip
        else:
            st.button("Play", icon=":material/play_arrow:", key="replay-play",
                      on_click=_play, args=(stops, moment))  # fmt: skip
        st.button("Later", icon=":material/skip_next:", key="replay-next", help="One step on",
                  disabled=not later, on_click=_step, args=(later[0] if later else moment,))  # fmt: skip


def _step(to: datetime) -> None:
    asked.stop_playing()
    asked.go_to(to)


def _play(stops: Sequence[datetime], moment: datetime) -> None:
    """From here on; at the end, from the beginning."""
    asked.start_playing()
    if moment >= stops[-1]:
        asked.go_to(stops[0])


def _slider(stops: Sequence[datetime], moment: datetime, zone: tzinfo) -> None:
    st.session_state[SLIDER] = moment
    st.select_slider(
        "Moment shown", options=stops, key=SLIDER, on_change=_slid, label_visibility="collapsed",
        format_func=lambda at: wording.moment(at, zone, now=stops[-1]) if at.date() != stops[-1].date()
        else f"{wording.date(at, zone, now=stops[-1])}, {wording.clock(at, zone)}",
    )  # fmt: skip


def _slid() -> None:
    asked.stop_playing()
    asked.go_to(st.session_state[SLIDER])
