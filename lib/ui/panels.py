"""Panel names to draw functions, so that the copilot can embed a dashboard without knowing Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from lib.ui.live_panel import draw_view
from lib.ui.wiring import hub


def draw_live(experiment_id: int, as_of: datetime | None, key: str) -> None:
    """The experiment's own card: as it is now, or as it stood at ``as_of``."""
    view = hub().look(experiment_id, as_of)
    if view is None:
        st.caption("This experiment is being read.")
        return
    draw_view(view, key, compact=True, is_live=as_of is None)


PANELS: dict[str, Callable[[int, datetime | None, str], None]] = {"live": draw_live}


def draw_panel(kind: str, experiment_id: int, as_of: datetime | None, key: str) -> None:
    """Draw the panel of that name; an unknown name (from an older conversation) is said, not an error."""
    draw = PANELS.get(kind)
    if draw is None:
        st.caption("This panel is no longer available.")
        return
    draw(experiment_id, as_of, key)
