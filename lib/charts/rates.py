"""The value of each arm over time, the baseline included: rates as percent, means as they are."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import PERCENT_TICKS, plain
from lib.charts.timeline import Canvas, alt_daily, arm_lines, say, start
from lib.stats.movement import Movement

TITLE = "Value of each arm"
CALM = 0.9  # the axis fits the last nine tenths of the run


def figure(
    moved: Movement, canvas: Canvas, *, unit: str, is_share: bool, metric: str = ""
) -> go.Figure:
    """The plot as a figure."""
    return plot(moved, canvas, unit=unit, is_share=is_share, metric=metric).figure()


def plot(moved: Movement, canvas: Canvas, *, unit: str, is_share: bool, metric: str = "") -> Plot:
    """One line an arm; ``unit`` of the values, ``is_share`` shows fractions as percent, ``metric`` is its name."""
    title = f"{TITLE}: {plain(metric)}" if metric else TITLE
    ticks = {"tickformat": PERCENT_TICKS} if is_share else {}
    made = start(canvas, title, unit, range=_range(moved), **ticks)
    if np.isnan(moved.rate).all():
        return say(made, "No values to show yet.", canvas.colours)
    arm_lines(made, moved, moved.rate, canvas, hovertemplate="%{y}")
    return made


def _range(moved: Movement) -> list[float] | None:
    """The values of the later run with some room; the first hours jump too widely to show the rest."""
    later = moved.later_part(CALM).rate
    known = later[np.isfinite(later)]
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    room = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return [round(low - room, 6), round(high + room, 6)]


def alt(moved: Movement, canvas: Canvas) -> str:
    """The figure in words: which arm stands highest at the end."""
    newest = {
        arm.name: moved.rate[-1, moved.place(arm.key)] if len(moved) else np.nan
        for arm in canvas.arms
    }
    known = {name: rate for name, rate in newest.items() if np.isfinite(rate)}
    if not known:
        return f"{TITLE}: nothing yet."
    order = ", ".join(sorted(known, key=lambda name: -known[name]))
    return f"{TITLE}, highest first at the newest moment: {order}.{alt_daily(moved)}"
