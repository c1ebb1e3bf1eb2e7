"""What stands around the moving part of the history page: metric, range, replay, files, the way back, a note.

Outside the page's fragment, so that no tick draws it anew.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

import streamlit as st

from lib import wording
from lib.experiments.model import Metric
from lib.live.view import LiveView
from lib.ui import history_state as asked
from lib.ui import state
from lib.ui.history_moments import PERSON
from lib.ui.live_block import live_block
from lib.ui.live_panel import hurry_if_old, is_unread
from lib.ui.replay import replay_button, view_at
from lib.ui.take_away import take_away
from lib.ui.wiring import hub
from lib.ui.words import notice

STYLE = (Path(__file__).parent / "history.css").read_text(encoding="utf-8")
EXPLORATORY = "Exploratory: a part of the run, chosen by hand. The verdict rests on all of it."
LONGEST_NOTE = 300
Drawn = tuple[bool, tuple[str, ...], bool] | None


def drawn_for(view: LiveView | None) -> Drawn:
    """What the controls depend on: is a moment replayed, which metrics are there, are there numbers."""
    if view is None or is_unread(view):
        return None
    metrics = tuple(metric.id for metric in view.experiment.metrics)
    return asked.replayed_at() is not None, metrics, view.as_of is not None


def controls(experiment_id: int | None) -> Drawn:
    """Everything above the charts that a reader can set; what it was drawn for, for ``history_panel``."""
    st.html(f"<style>{STYLE}</style>")
    view = None if experiment_id is None else hub().look(experiment_id)
    drawn = drawn_for(view)
    if view is None or drawn is None:
        return drawn
    hurry_if_old(view)
    _top(view)
    metric = asked.chosen_metric(view.experiment)
    if metric is not None:
        _chosen(view, metric)
    return drawn


def _top(view: LiveView) -> None:
    """The switch, and the way back."""
    with st.container(key="history-top", horizontal=True, vertical_alignment="center"):
        if asked.replayed_at() is None:
            st.toggle("Live", value=True, key=state.LIVE,
                      help="Off: this screen stands still. The watch and its alerts go on.")  # fmt: skip
        st.page_link("dashboard.py", label="Back to the dashboard", icon=":material/close_fullscreen:",
                     query_params={"experiment": str(view.experiment.id)})  # fmt: skip


def _chosen(view: LiveView, metric: Metric) -> None:
    """Metric, range, replay, files."""
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
        moment = asked.moment_shown(view.as_of)
        if moment is None:
            replay_button(view.as_of)
        shown = view if moment is None else view_at(hub(), view, moment)
        if shown is not None:
            take_away(shown, metric, "history")
    if asked.chosen_range() != asked.ALL:
        live_block(notice(EXPLORATORY, "", "science"), key="history-exploratory")


def note_form(experiment_id: int | None) -> None:
    """One line a person adds to the timeline, at the moment the data stand at when it is added."""
    view = None if experiment_id is None else hub().look(experiment_id)
    is_past = asked.replayed_at() is not None
    if drawn_for(view) is None or is_past or hub().store.read_only_because:
        return
    with (
        st.form("add-note", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom", key="note-row"),
    ):
        st.text_input("Add a note", key="note-text", max_chars=LONGEST_NOTE,
                             placeholder="What happened? It is marked at the moment of the newest data.")  # fmt: skip
        st.form_submit_button(
            "Add", icon=":material/add:", on_click=_keep_note, args=(experiment_id,)
        )


def _keep_note(experiment_id: int) -> None:
    text = str(st.session_state.get("note-text", "")).strip()[:LONGEST_NOTE]
    source = hub()
    view = source.look(experiment_id)
    if text:
        source.store.keep_note(experiment_id, PERSON, uuid.uuid4().hex, text, _newest(view))


def _newest(view: LiveView | None) -> datetime:
    """The moment of the data shown."""
    at = None if view is None else view.as_of or view.server_now
    return at or hub().clock()
