"""The board: every experiment as a tile, the most urgent first; by link it fills a screen on the wall.

``board_panel`` is the page's fragment with its clock. It looks at what the hub has read and marks nothing as
watched, so a board left open costs the source nothing more.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from lib import wording
from lib.live.feed import Hub
from lib.live.view import LiveView
from lib.ui.bell import has_news
from lib.ui.board_tiles import FILTERS, in_order, is_shown, summary, tile, unread_tile
from lib.ui.boundary import contained
from lib.ui.live_block import live_block
from lib.ui.live_panel import FIRST_TICK_MS, waiting
from lib.ui.markup import Node, div, icon, span, tag
from lib.ui.verdict import data_labels
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub
from lib.ui.words import notice, store_notice

STYLE = (Path(__file__).parent / "board.css").read_text(encoding="utf-8")
TV, SEARCH, SHOW = "tv", "find", "show"
SEARCH_BOX, SHOW_BOX = "board-find", "board-show"
A_SCREEN = 12
TURN_S = 20
SHAPES = ((1, 1, 1), (2, 2, 1), (4, 2, 2), (6, 3, 2), (9, 3, 3), (A_SCREEN, 4, 3))


def is_tv() -> bool:
    """Whether the link asks for the screen on the wall."""
    return st.query_params.get(TV) == "1"


@st.fragment
@contained
def board_panel() -> None:
    """All tiles with their clock."""
    source = hub()
    if has_news(source):
        st.rerun()
    st.html(f"<style>{STYLE}{TV_STYLE if is_tv() else ''}</style>")
    tick = _clock(source)
    if not source.experiments():
        waiting(source, None)
    elif is_tv():
        _television(source, viewer(source.clock), tick)
    else:
        _page(source, viewer(source.clock))


def _clock(source: Hub) -> int:
    hurried = not source.views()
    interval = FIRST_TICK_MS if hurried else round(1000 * source.poll_s)
    with st.container(key="clock-box"):
        return int(st_autorefresh(interval=interval, debounce=False, key="clock"))


def _page(source: Hub, who: Viewer) -> None:
    views = source.views()
    unkept = source.store.read_only_because
    live_block(_head(views), store_notice(unkept) if unkept else None, key="board-title")
    _controls()
    words, chosen = st.query_params.get(SEARCH, ""), chosen_filter()
    nodes = tiles_of(source, who, chosen, words)
    if not nodes:
        live_block(notice("No experiment fits.", "", "search_off"), key="board-none")
        return
    live_block(div("board", *nodes), key="board-tiles")


def _head(views: tuple[LiveView, ...]) -> Node:
    return div("", tag("h1", "title", "Board"), div("muted", _counts(views)))


def _counts(views: tuple[LiveView, ...]) -> str:
    n = summary(views)
    return f"{n.n_running} running · {n.n_attention} to look at · {n.n_proven} proven"


def _controls() -> None:
    """Search, filter, and the way to the wall; all of it in the address."""
    st.session_state.setdefault(SEARCH_BOX, st.query_params.get(SEARCH, ""))
    st.session_state[SHOW_BOX] = chosen_filter()
    with st.container(horizontal=True, vertical_alignment="center", key="board-controls"):  # fmt: skip
        st.text_input("Find", key=SEARCH_BOX, placeholder="Find an experiment", width=240,
                      label_visibility="collapsed", on_change=_searched)  # fmt: skip
        st.segmented_control("Show", list(FILTERS), key=SHOW_BOX, format_func=FILTERS.__getitem__,
                             label_visibility="collapsed", on_change=_filtered)  # fmt: skip
        st.page_link("pages/board.py", label="TV", icon=":material/tv:", query_params={TV: "1"},
                     help="Fills a screen on the wall: no controls, night theme, pages turn by themselves")  # fmt: skip


def chosen_filter() -> str:
    """A key of ``FILTERS``."""
    wanted = st.query_params.get(SHOW, "running")
    return wanted if wanted in FILTERS else "running"


def _searched() -> None:
    _put(SEARCH, str(st.session_state[SEARCH_BOX]).strip()[:80])


def _filtered() -> None:
    picked = st.session_state.get(SHOW_BOX) or chosen_filter()
    _put(SHOW, "" if picked == "running" else picked)


def _put(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def tiles_of(
    source: Hub, who: Viewer, chosen: str, words: str, *, with_unread: bool = True
) -> list[Node]:
    """The tiles that pass, in order; those listed and not read yet come last, if at all."""
    base = base_path()
    views = source.views()
    shown = [tile(v, who, base) for v in in_order(views) if is_shown(v, chosen, words)]
    read = {v.experiment.id for v in views}
    if with_unread and chosen in {"running", "all"}:
        shown += [
            unread_tile(e, base)
            for e in source.experiments()
            if e.id not in read and e.is_running and words.casefold() in e.name.casefold()
        ]
    return shown


def base_path() -> str:
    """The address of the dashboard beside this page, also behind a proxy that gives it a folder."""
    path = urlsplit(st.context.url or "/").path
    return path.rsplit("/", 1)[0] + "/"


def _television(source: Hub, who: Viewer, tick: int) -> None:
    """As many tiles as fit; further ones take turns."""
    words = st.query_params.get(SEARCH, "")
    nodes = tiles_of(source, who, chosen_filter(), words, with_unread=not source.views())
    pages = max(1, ceil(len(nodes) / A_SCREEN))
    page = int(who.now.timestamp() // TURN_S) % pages
    shown = nodes[page * A_SCREEN : (page + 1) * A_SCREEN]
    _, columns, rows = next(s for s in SHAPES if len(shown) <= s[0] or s[0] == A_SCREEN)
    live_block(
        div(
            "tv",
            _tv_head(source, who, tick, (page, pages)),
            div("tv-grid", *shown, style=f"--cols:{columns};--rows:{rows}"),
        ),
        key="board-tv",
    )


def _tv_head(source: Hub, who: Viewer, tick: int, turn: tuple[int, int]) -> Node:
    page, pages = turn
    dots = [span("dot on" if n == page else "dot") for n in range(pages)] if pages > 1 else []
    period = f"--period:{source.poll_s:.0f}s"
    ring = tag(
        "svg", "ring", tag("circle", "back", cx="8", cy="8", r="6"),
        tag("circle", "turn", cx="8", cy="8", r="6", data_restart=str(tick)),
        viewBox="0 0 16 16", aria_hidden="true", style=period,
    )  # fmt: skip
    trouble = source.health().trouble
    labels = sorted({label for view in source.views() for label in data_labels(view)})
    said = [span("amber", icon("cloud_off"), f" {trouble.sentence}")] if trouble else []
    return div(
        "tv-head",
        tag("h1", "", "Live experiments"),
        span("muted", _counts(source.views())),
        *said,
        span("muted small", ", ".join(labels)),
        span("pages", *dots, aria_label=f"screen {page + 1} of {pages}"),
        ring,
        tag("time", "clock", wording.clock(who.now, who.zone)),
    )


TV_STYLE = (
    ".stAppHeader,.st-key-topbar,.st-key-footer,[data-testid=stToolbar]{display:none!important}"
    "html,body{overflow:hidden}"
)
