"""Holds the hub for all sessions of this process; the only place where pages get it.

The hub itself is wired in ``lib.live.wiring``, which knows no Streamlit.
"""

from __future__ import annotations

import threading

import streamlit as st

from lib.copilot.answerer import warm_up
from lib.live import wiring
from lib.live.feed import Hub
from lib.settings import Settings


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings of this process, read once."""
    return wiring.settings()


_given: list[Hub] = []


def hub() -> Hub:
    """The hub of this process."""
    return _given[-1] if _given else _own()


def use(given: Hub | None) -> None:
    """Show another hub than this process's own, as tests do; None goes back."""
    _given[:] = [] if given is None else [given]


@st.cache_resource(show_spinner=False)
def _own() -> Hub:
    """The one hub, started by whoever comes first."""
    made = wiring.make_hub(settings())
    made.start()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    return made
