"""What the history page remembers, all of it in its address, so that a link opens the same page cold.

``metric``: the metric's id; ``range``: how much of the run; ``at``: the moment replayed. Whether the replay
plays is remembered for the session only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from lib.experiments.model import Experiment, Metric

METRIC, RANGE, AT = "metric", "range", "at"
METRIC_BOX, RANGE_BOX = "history-metric", "history-range"
PLAYING, TICKED = "replay_plays", "replay_ticked"
ALL = "all"
RANGES: dict[str, tuple[str, timedelta | None]] = {
    ALL: ("Whole run", None),
    "7d": ("7 days", timedelta(days=7)),
    "3d": ("3 days", timedelta(days=3)),
    "24h": ("24 hours", timedelta(hours=24)),
}


def chosen_metric(experiment: Experiment) -> Metric | None:
    """The metric of the link, else the primary, else the first; None when the experiment has none."""
    wanted = st.query_params.get(METRIC, "")
    named = next((m for m in experiment.metrics if m.id == wanted), None)
    return named or experiment.primary or next(iter(experiment.metrics), None)


def chosen_range() -> str:
    """A key of ``RANGES``."""
    wanted = st.query_params.get(RANGE, ALL)
    return wanted if wanted in RANGES else ALL


def replayed_at() -> datetime | None:
    """The moment replayed, on the data's clock; None: the page is live."""
    try:
        at = datetime.fromisoformat(st.query_params.get(AT, ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def moment_shown(newest: datetime | None) -> datetime | None:
    """The moment replayed, never later than the newest data; None: the page is live."""
    at = replayed_at()
    return at if at is None or newest is None else min(at, newest)


def take_metric() -> None:
    """The reader picked a metric."""
    st.query_params[METRIC] = str(st.session_state[METRIC_BOX])


def take_range() -> None:
    """The reader picked a range; picking the chosen one again keeps it."""
    picked = st.session_state.get(RANGE_BOX) or chosen_range()
    if picked == ALL:
        st.query_params.pop(RANGE, None)
    else:
        st.query_params[RANGE] = picked


def go_to(at: datetime | None) -> None:
    """Show this moment; None goes back to live."""
    if at is None:
        st.query_params.pop(AT, None)
        stop_playing()
    else:
        st.query_params[AT] = at.astimezone(UTC).isoformat()


def plays() -> bool:
    """Whether the replay moves by itself."""
    return bool(st.session_state.get(PLAYING)) and replayed_at() is not None


def start_playing() -> None:
    """Let the replay move."""
    st.session_state[PLAYING] = True


def stop_playing() -> None:
    """Let it stand."""
    st.session_state[PLAYING] = False


def is_new_tick(tick: int) -> bool:
    """Whether the clock ticked since the last run, and not something else caused this one."""
    before = st.session_state.get(TICKED)
    st.session_state[TICKED] = tick
    return before is not None and tick != before
