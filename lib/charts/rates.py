"""The value of each arm over time, the baseline included: rates as percent, means as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import PERCENT_TICKS
from lib.charts.timeline import Canvas, later_part, line, rows_of, say, start

TITLE = "Value of each arm"
CALM = 0.9  # the axis fits the last nine tenths of the run


def figure(frame: pd.DataFrame, canvas: Canvas, *, unit: str, is_share: bool) -> go.Figure:
    """The plot as a figure."""
    return plot(frame, canvas, unit=unit, is_share=is_share).figure()


def plot(frame: pd.DataFrame, canvas: Canvas, *, unit: str, is_share: bool) -> Plot:
    """One line an arm; ``unit`` names the metric, ``is_share`` shows fractions as percent."""
    ticks = {"tickformat": PERCENT_TICKS} if is_share else {}
    made = start(canvas, TITLE, unit, range=_range(frame), **ticks)
    if frame.empty or not frame["rate"].notna().any():
        return say(made, "No values to show yet.", canvas.colours)
    for arm in canvas.arms:
        style = {"width": 2.2, "color": canvas.colours.arm(arm.place)}
        line(made, rows_of(frame, arm.key), "rate", arm.name, style, hovertemplate="%{y}")
    return made


def _range(frame: pd.DataFrame) -> list[float] | None:
    """The values of the later run with some room; the first hours jump too widely to show the rest."""
    if frame.empty:
        return None
    later = later_part(frame, CALM)["rate"].to_numpy(dtype=float)
    known = later[np.isfinite(later)]
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return [round(low - room, 6), round(high + room, 6)]


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
