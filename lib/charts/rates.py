"""The value of each arm over time, the baseline included: rates as percent, means as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.charts.theme import PERCENT_TICKS, note
from lib.charts.timeline import Canvas, line, rows_of, start

TITLE = "Value of each arm"


def figure(frame: pd.DataFrame, canvas: Canvas, *, unit: str, is_share: bool) -> go.Figure:
    """One line an arm; ``unit`` names the metric, ``is_share`` shows fractions as percent."""
    ticks = {"tickformat": PERCENT_TICKS} if is_share else {}
    fig = start(canvas, TITLE, unit, **ticks)
    if frame.empty or not frame["rate"].notna().any():
        return note(fig, "No values to show yet.", canvas.colours)
    for arm in canvas.arms:
        style = {"width": 2.2, "color": canvas.colours.arm(arm.place)}
        line(fig, rows_of(frame, arm.key), "rate", arm.name, style, hovertemplate="%{y}")
    return fig


def alt(frame: pd.DataFrame, canvas: Canvas) -> str:
    """The figure in words: which arm stands highest at the end."""
    newest = {
        arm.name: rows["rate"].iloc[-1]
        for arm in canvas.arms
        if len(rows := rows_of(frame, arm.key)) and np.isfinite(rows["rate"].iloc[-1])
    }
    if not newest:
        return f"{TITLE}: nothing yet."
    order = ", ".join(sorted(newest, key=lambda name: -newest[name]))
    return f"{TITLE}, highest first at the newest moment: {order}."
