"""One experiment, live: the clock, the tick, and everything a view shows, in reading order.

``live_panel`` is the page's fragment: a tick reruns it alone. ``draw_view`` draws any view without a clock,
also inside a chat message or a tile. Nothing here asks a source: ``hub.look`` only reads.
"""

from __future__ import annotations

from datetime import timedelta

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from lib.live.feed import Hub
from lib.live.view import LiveView
from lib.ui import state
from lib.ui.arms import arm_cards
from lib.ui.bell import has_news
from lib.ui.boundary import contained
from lib.ui.evidence import evidence_panel
from lib.ui.expert import expert_panel, fooled_panel
from lib.ui.figures import figures_of
from lib.ui.header import header, notices, trouble_notice
from lib.ui.live_block import live_block, live_packed, pack
from lib.ui.markup import Node
from lib.ui.metrics import interval_chart, metrics_head, metrics_table
from lib.ui.picker import unknown_sentence
from lib.ui.sentences import fact_table
from lib.ui.shared import once_a_look
from lib.ui.since import since_line
from lib.ui.take_away import take_away
from lib.ui.tiles import tiles
from lib.ui.verdict import commentary, verdict_card
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub
from lib.ui.words import arm_name, notice

FIRST_TICK_MS = 1_000  # until there is something to see
STEP_S = 10  # ages and days running are made anew so often while no new look comes


@st.fragment
@contained
def live_panel(experiment_id: int | None, *, is_listed: bool = True, drawn: int = 0) -> None:
    """The experiment with its clock.

    Args:
        experiment_id: what to show; None while there is nothing to choose from.
        is_listed: whether the page around it knew the list of experiments; it is drawn anew once there is one.
        drawn: the stage the page around it was drawn for, by ``controls``; it is drawn anew at the next one.
    """
    source = hub()
    view = None if experiment_id is None else source.look(experiment_id)
    if (not is_listed and source.experiments()) or stage(view) > drawn or has_news(source):
        st.rerun()
    tick = _clock(view, round(1000 * source.poll_s))
    if view is None or is_unread(view):
        waiting(source, experiment_id)
        return
    draw_view(view, "live", tick=tick)


def _clock(view: LiveView | None, tick_ms: int) -> int:
    """The page's clock, inside the fragment. Not drawn while paused; quick until there is something."""
    if not state.is_live():
        return 0
    interval = min(FIRST_TICK_MS, tick_ms) if is_hurried(view) else tick_ms
    with st.container(key="clock-box"):
        return int(st_autorefresh(interval=interval, debounce=False, key="clock"))


def is_hurried(view: LiveView | None) -> bool:
    """Whether something new is about to come, which the usual tick would show late."""
    return view is None or is_unread(view) or state.is_newer_expected(stamp(view))


def hurry_if_old(view: LiveView) -> None:
    """A page that opens on what nobody watched starts a look at once: its clock hurries until that is there."""
    age = None if view.checked_at is None else hub().clock() - view.checked_at
    if age is not None and age > timedelta(seconds=2 * view.cadence_s) and view.trouble is None:
        state.expect_newer(stamp(view))


def stage(view: LiveView | None) -> int:
    """0: nothing was read yet; 1: something is known; 2: there are numbers to take away."""
    if view is None or is_unread(view):
        return 0
    return 1 if view.primary is None else 2


def is_unread(view: LiveView) -> bool:
    """Whether nothing was read yet and nothing is known to be wrong."""
    return view.checked_at is None and view.trouble is None and not view.analyses


def stamp(view: LiveView) -> str:
    """Names the look a screen shows."""
    return f"{view.version}@{view.checked_at}"


def waiting(source: Hub, experiment_id: int | None) -> None:
    """Before the first reading: the shape of what comes, or why it does not come."""
    listed = source.experiments()
    health = source.health()
    if experiment_id is not None and listed and experiment_id not in {e.id for e in listed}:
        st.info(unknown_sentence(experiment_id, listed), icon=":material/search_off:")
        return
    if health.trouble is not None and not listed:
        live_block(trouble_notice(health.trouble, viewer(source.clock)), key="live-unreachable")
        return
    if health.loop_error:
        words = (
            "The last look ended with an unexpected error. Trying again; the log has the details."
        )
        live_block(notice(words, "amber", "error"), key="live-error")
    if not listed and health.has_list:
        st.info("There are no experiments in this project yet.", icon=":material/science:")
        return
    skeleton(_reading(source, experiment_id) if listed else "Reading the list of experiments ...")


def _reading(source: Hub, experiment_id: int | None) -> str:
    done, n = (0, 0) if experiment_id is None else source.progress(experiment_id)
    return f"Reading {done} of {n} metrics ..." if n else "Reading the experiment ..."


def skeleton(words: str) -> None:
    """The page's shape in grey."""
    st.caption(words)
    st.skeleton(90)
    st.skeleton(120)
    for column in st.columns(3):
        column.skeleton(150)


def controls(experiment_id: int | None) -> int:
    """Pause, look again, expand, take away: outside the fragment, so that no tick draws them anew.

    Returns:
        the stage they were drawn for, for ``live_panel``.
    """
    view = None if experiment_id is None else hub().look(experiment_id)
    if view is None or is_unread(view):
        return 0
    hurry_if_old(view)
    with st.container(key="controls", horizontal=True, vertical_alignment="center"):
        st.toggle(
            "Live", value=True, key=state.LIVE,
            help="Off: this screen stands still. The watch and its alerts go on.",
        )  # fmt: skip
        st.button(
            "Refresh now", icon=":material/refresh:", type="tertiary", key="refresh",
            on_click=_refresh, args=(view.experiment.id,),
        )  # fmt: skip
        st.page_link(
            "pages/history.py", label="Expand", icon=":material/open_in_full:",
            query_params={"experiment": str(view.experiment.id)},
        )  # fmt: skip
        if view.primary is not None:
            take_away(view, view.primary.metric, "live")
    return stage(view)


def _refresh(experiment_id: int) -> None:
    view = hub().look(experiment_id)
    hub().refresh(experiment_id)
    if view is not None:
        state.expect_newer(stamp(view))


def draw_view(
    view: LiveView,
    key: str,
    *,
    compact: bool = False,
    tick: int = 0,
    is_live: bool | None = None,
) -> None:
    """Draw one view, in as few mounts as can be: each costs every viewer at every tick.

    Args:
        view: what to show; never changed here.
        key: unique on the page; all parts of the view begin with it.
        compact: only what fits a chat message: header, verdict, gauges, cards.
        tick: the clock's count, so that the countdown starts anew.
        is_live: whether a clock runs; None asks the session.
    """
    who = viewer(hub().clock)
    moving = state.is_live() if is_live is None else is_live
    missed = None if compact else since_line(view, who, key)
    head = header(view, who, is_live=moving, tick=tick)
    said = notices(view, who, "" if compact else hub().store.read_only_because)
    live_block(head, *said, missed, key=f"{key}-header")
    live_packed(_packed(view, who, "compact" if compact else "body"), f"{key}-body")
    if compact:
        return
    metrics_table(view, who, key)
    if view.sentences:
        live_packed(_packed(view, who, "commentary"), f"{key}-commentary")
    details(view, who, key)


def _packed(view: LiveView, who: Viewer, part: str) -> bytes:
    """A part of the view, made once for all viewers; what tells the time is at most one step old."""
    pair, step = state.is_blue_orange(), int(who.now.timestamp() // STEP_S)
    make = PARTS[part]
    return once_a_look(
        view, who, f"{part} {pair} {step}", lambda: pack(*make(view, who, is_blue_orange=pair))
    )


def _body(view: LiveView, who: Viewer, *, is_blue_orange: bool) -> tuple[Node | None, ...]:
    figures = figures_of(view, who)
    return (
        verdict_card(view, who, figures),
        arm_cards(view, figures),
        evidence_panel(view, who, figures, is_blue_orange=is_blue_orange),
        tiles(view, who, figures),
        interval_chart(view, who, is_blue_orange=is_blue_orange),
        metrics_head(view),
    )


def _compact(view: LiveView, who: Viewer, *, is_blue_orange: bool) -> tuple[Node | None, ...]:
    figures = figures_of(view, who)
    return (
        verdict_card(view, who, figures),
        evidence_panel(view, who, figures, compact=True, is_blue_orange=is_blue_orange),
        arm_cards(view, figures),
    )


def _said(view: LiveView, who: Viewer, *, is_blue_orange: bool) -> tuple[Node | None, ...]:
    del is_blue_orange  # words alone
    return (commentary(view, who),)


PARTS = {"body": _body, "compact": _compact, "commentary": _said}


def details(view: LiveView, who: Viewer, key: str) -> None:
    """What is computed only when somebody opens it."""
    if view.primary is None:
        return
    behind = st.expander("The figures behind this", key=f"{key}-facts", on_change="rerun",
                         icon=":material/data_object:")  # fmt: skip
    if behind.open:
        with behind:
            live_block(_facts(view, who), key=f"{key}-fact-table")
    expert = st.expander("How this is computed", key=f"{key}-how", on_change="rerun",
                         icon=":material/function:")  # fmt: skip
    if expert.open:
        with expert:
            expert_panel(view, who, key)
    fooled = st.expander("How often would this rule fool me here?", key=f"{key}-fool-box",
                         on_change="rerun", icon=":material/casino:")  # fmt: skip
    if fooled.open:
        with fooled:
            fooled_panel(view, key)


def _facts(view: LiveView, who: Viewer) -> Node:
    names = {v.key: arm_name(view.experiment, v.key) for v in view.experiment.variants}
    return fact_table(tuple(figures_of(view, who).facts.values()), who, names)
