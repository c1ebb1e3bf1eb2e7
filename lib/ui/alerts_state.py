"""What one session remembers of alerts: since when it looks, and what it has seen. Used by the bell only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

import streamlit as st

from lib.experiments.model import Alert

OPENED = "alerts_opened_at"
SEEN = "alerts_seen"
TOLD = "alerts_told"
DRAWN = "alerts_drawn"
UNREAD_FOR = timedelta(hours=24)  # a new session counts no older ones as unread


def opened_at(now: datetime) -> datetime:
    """Since when this session has a page open, our clock."""
    raw = st.session_state.setdefault(OPENED, now.isoformat())
    return datetime.fromisoformat(str(raw))


def unread(alerts: Sequence[Alert], now: datetime) -> tuple[Alert, ...]:
    """Alerts this session has not seen; ``alerts`` newest first."""
    seen, since = st.session_state.get(SEEN), opened_at(now) - UNREAD_FOR
    newer = takewhile(lambda alert: alert.key != seen, alerts)
    return tuple(alert for alert in newer if alert.raised_at >= since)


def mark_seen(key: str) -> None:
    """Everything up to this alert was seen."""
    st.session_state[SEEN] = key


def take_new(alerts: Sequence[Alert], now: datetime) -> tuple[Alert, ...]:
    """Alerts raised while this session was open, oldest first, each returned once."""
    told, since = st.session_state.get(TOLD), opened_at(now)
    newer = takewhile(lambda alert: alert.key != told, alerts)
    found = tuple(alert for alert in newer if alert.raised_at >= since)
    if alerts:
        st.session_state[TOLD] = alerts[0].key
    return found[::-1]


def note_drawn(key: str) -> None:
    """The bell was drawn when this alert was the newest; empty when there was none."""
    st.session_state[DRAWN] = key


def newest_drawn() -> str | None:
    """The newest alert when the bell was drawn; None before it was."""
    return st.session_state.get(DRAWN)
