"""Who looks, from where: our clock and the reader's time zone, as one argument for every panel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from lib.experiments.model import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """``now`` on our clock; ``zone`` of the reader's browser."""

    now: datetime
    zone: tzinfo = UTC


def viewer(clock: Clock) -> Viewer:
    """The reader of this session, now."""
    return Viewer(now=clock(), zone=zone_of(st.context.timezone))


def zone_of(name: str | None) -> tzinfo:
    """The zone a browser names; UTC when it names none that we know."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
