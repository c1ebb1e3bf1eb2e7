"""The frame of every page: set-up, menu, style, footer.

Every page's script begins with ``with frame("Title"):``. It draws no experiment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.charts.theme import theme
from lib.ui import state
from lib.ui.assets import bootstrap
from lib.ui.bell import bell
from lib.ui.boundary import boundary
from lib.ui.wiring import hub

HERE = Path(__file__).parent
STYLE = (HERE / "frame.css").read_text(encoding="utf-8")
ICON = HERE.parents[1] / "static" / "icon.png"
BAR_WIDTH = 360
READ_ONLY = (
    "Read-only: this dashboard advises; it never starts, stops or edits an experiment. "
    "The evidence it shows stays valid however often anyone looks."
)
MENU = (
    ("dashboard.py", "Live", ":material/sensors:"),
    ("pages/board.py", "Board", ":material/grid_view:"),
    ("pages/history.py", "History", ":material/show_chart:"),
    ("pages/copilot.py", "Copilot", ":material/forum:"),
    ("pages/alerts.py", "Alerts", ":material/campaign:"),
    ("pages/connection.py", "Connection", ":material/lan:"),
)

_arrived = st.components.v2.component(
    "page_turn",
    html="<div class='page-turn'></div>",
    js=bootstrap("turn.js"),
    isolate_styles=False,
)


@contextmanager
def frame(title: str, *, layout: Literal["wide", "centered"] = "wide") -> Iterator[DeltaGenerator]:
    """Set the page up, draw the menu, run the page's body inside the error boundary, draw the footer.

    Yields the right end of the menu bar, for the page's own control.
    """
    st.set_page_config(
        page_title=f"{title} · Live experiments", page_icon=str(ICON), layout=layout,
        initial_sidebar_state="collapsed",
    )  # fmt: skip
    _style()
    _arrived(data={"drawn": time.time()}, key="page-turn")  # another each time, so that it is heard
    bar = _menu(title)
    labels: list[str] = []
    with boundary():
        yield bar
        labels = data_labels()
    _footer(labels)


def _style() -> None:
    st.html(f"<style>{STYLE}{_pair()}</style>")


def _pair() -> str:
    """The two earned colours, when the reader wants blue and orange."""
    if not state.is_blue_orange():
        return ""
    light, dark = (theme(is_dark=d, is_blue_orange=True) for d in (False, True))
    return (
        f".stApp,[data-testid=stPopoverBody],[data-testid=stDialog]{{--good:light-dark({light.good},{dark.good});"
        f"--bad:light-dark({light.bad},{dark.bad});}}"
    )


def _menu(title: str) -> DeltaGenerator:
    chosen = state.experiment_id()
    carry = {} if chosen is None else {"experiment": str(chosen)}
    if state.is_blue_orange():
        carry["colours"] = "blue-orange"
    with st.container(
        key="topbar",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        with st.container(
            key="menu", horizontal=True, vertical_alignment="center", gap="small", width="content"
        ):
            for page, label, symbol in MENU:
                st.page_link(page, label=label, icon=symbol, query_params=carry)
            _display()
            bell(title)
        return st.container(key="bar", width=BAR_WIDTH)


def _display() -> None:
    with st.popover("Display", icon=":material/palette:", type="tertiary", key="display"):
        st.toggle(
            "Blue and orange instead of green and red",
            value=state.is_blue_orange(),
            key="pair",
            on_change=_set_pair,
        )
        st.caption(
            "Light or dark: the menu at the top right, Settings. Words and arrows always go along."
        )


def _set_pair() -> None:
    state.use_blue_orange(on=bool(st.session_state["pair"]))


def _footer(labels: list[str]) -> None:
    with st.container(key="footer"):
        st.caption(" · ".join([*labels, READ_ONLY]))


def data_labels() -> list[str]:
    """Where the data come from, when that is not a live product: simulated, or replayed and from whom."""
    tags = {tag for e in hub().experiments() for tag in e.tags}
    said = []
    if any(tag.startswith("replayed") for tag in tags):
        said.append("Replayed data: ASOS, CC BY 4.0 (Liu et al. 2021)")
    if any(tag.startswith("simulated") for tag in tags):
        said.append("Simulated data, where an experiment says so" if said else "Simulated data")
    speed = max((view.speed for view in hub().views()), default=1.0)
    if said and speed > 1.5:
        said.append(f"replayed at {speed:.0f}x")
    return said
