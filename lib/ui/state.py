"""What one visitor's session remembers: each key has one typed function here, and nobody else touches it.

Ids, text and switches only; facts live in the hub.
"""

from __future__ import annotations

import time

import streamlit as st

EXPERIMENT = "experiment_id"
LIVE = "is_live"
BLUE_ORANGE = "is_blue_orange"
EXPECTED = "newer_expected"
FOOLED = "fooled_asked"
LEFT = "links_left"
STALE_S = 1.0
LONGEST_WAIT_S = 15.0  # for a look that is about to come; after it the usual ticks will do


def experiment_id() -> int | None:
    """The experiment of this session: the link's, else the one chosen last; None before any choice."""
    linked = linked_id()
    if linked is not None:
        st.session_state[EXPERIMENT] = linked
    chosen: int | None = st.session_state.get(EXPERIMENT)
    return chosen


def link(name: str) -> str:
    """What the address says, but not what this session has just left: runs asked for before still bring it."""
    said = st.query_params.get(name, "")
    left, at = st.session_state.get(LEFT, {}).get(name, ("", 0.0))
    return "" if said == left and time.monotonic() - at < STALE_S else said


def leave_link(name: str) -> None:
    """What the address says of ``name`` does not hold any more."""
    left = {name: (st.query_params.get(name, ""), time.monotonic())}
    st.session_state[LEFT] = st.session_state.get(LEFT, {}) | left


def linked_id() -> int | None:
    """The id in the address; None when there is none or it is no number."""
    raw = link("experiment")
    return int(raw) if raw.isdecimal() and len(raw) < 12 else None


def choose(chosen: int) -> None:
    """Show this experiment from now on, in the address too."""
    leave_link("experiment")
    st.session_state[EXPERIMENT] = chosen
    st.query_params["experiment"] = str(chosen)


def is_live() -> bool:
    """Whether the screen moves; the watch goes on either way."""
    return bool(st.session_state.get(LIVE, True))


def is_blue_orange() -> bool:
    """Whether blue and orange stand for better and worse instead of green and red."""
    return bool(st.session_state.get(BLUE_ORANGE, st.query_params.get("colours") == "blue-orange"))


def use_blue_orange(*, on: bool) -> None:
    """Choose the colour pair, in the address too."""
    st.session_state[BLUE_ORANGE] = on
    if on:
        st.query_params["colours"] = "blue-orange"
    else:
        st.query_params.pop("colours", None)


def expect_newer(version: str) -> None:
    """Remember which view was on the screen when a new one was about to come."""
    st.session_state[EXPECTED] = version, time.monotonic() + LONGEST_WAIT_S


def is_newer_expected(version: str) -> bool:
    """Whether a new view is about to come and the screen still shows the one of then."""
    asked, until = st.session_state.get(EXPECTED, ("", 0.0))
    if asked == version and time.monotonic() < until:
        return True
    st.session_state.pop(EXPECTED, None)
    return False


def ask_fooled(panel: str) -> None:
    """Remember that this panel's made-up tests were asked for."""
    st.session_state[f"{FOOLED}-{panel}"] = True


def is_fooled_asked(panel: str) -> bool:
    """Whether this panel's made-up tests were asked for."""
    return bool(st.session_state.get(f"{FOOLED}-{panel}"))


def take_menu(key: str) -> str:
    """The key of the menu of files on one page."""
    return f"{key}-take"
