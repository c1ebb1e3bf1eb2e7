"""The split over time: each arm's share of all visitors beside its planned share, and the check of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import PERCENT_TICKS, axis
from lib.charts.timeline import Canvas, later_part, line, rows_of, say, start

TITLE = "Split and its check"
SMALLEST = 0.01  # an axis narrower than this would make noise look like a fault
CALM = 0.8


def figure(frame: pd.DataFrame, canvas: Canvas) -> go.Figure:
    """The plot as a figure."""
    return plot(frame, canvas).figure()


def plot(frame: pd.DataFrame, canvas: Canvas) -> Plot:
    """Shares with the planned ones as levels; grey, right axis: the p that holds at every look."""
    made = start(
        canvas, TITLE, "share of visitors", tickformat=PERCENT_TICKS, range=_range(frame, canvas)
    )
    if frame.empty or not frame["share"].notna().any():
        return say(made, "No visitors to show yet.", canvas.colours)
    muted = canvas.colours.muted
    made.layout["yaxis2"] = axis(
        "", canvas.colours, range=[0, 1.04], side="right", overlaying="y", showgrid=False,
        tickvals=[0, 0.5, 1], ticktext=["p 0", "p 0.5", "p 1"], ticklabelposition="inside top", automargin=False,
    )  # fmt: skip
    for share in sorted({arm.share for arm in canvas.arms if arm.share is not None}):
        made.shape(type="line", xref="paper", x0=0, x1=1, y0=share, y1=share, layer="below",
                   line={"width": 1.2, "color": canvas.colours.zero, "dash": "dash"})  # fmt: skip
    for arm in canvas.arms:
        style = {"width": 2.2, "color": canvas.colours.arm(arm.place)}
        line(made, rows_of(frame, arm.key), "share", arm.name, style, hovertemplate="%{y:.2%}")
    first = rows_of(frame, canvas.arms[0].key)
    line(made, first, "balance_p", "p of the split, right axis", {"width": 1.4, "color": muted, "shape": "hv"},
         hovertemplate="%{y:.3~g}", yaxis="y2")  # fmt: skip
    return made


def _range(frame: pd.DataFrame, canvas: Canvas) -> list[float] | None:
    """The later shares and the planned ones; the first visitors say nothing about the split."""
    if frame.empty:
        return None
    later = later_part(frame, CALM)["share"].to_numpy(dtype=float)
    planned = [arm.share for arm in canvas.arms if arm.share is not None]
    known: list[float] = [*later[np.isfinite(later)].tolist(), *planned]
    if not known:
        return None
    room = max(SMALLEST, 0.15 * (max(known) - min(known)))
    return [round(max(0.0, min(known) - room), 4), round(min(1.0, max(known) + room), 4)]


def alt(frame: pd.DataFrame, canvas: Canvas) -> str:
    """The figure in words: the newest p of the split."""
    known = rows_of(frame, canvas.arms[0].key)["balance_p"].dropna() if len(frame) else None
    if known is None or known.empty:
        return f"{TITLE}: nobody yet."
    newest = known.iloc[-1]
    return f"{TITLE}: p of the split, valid at every look, {newest:.3g}; {len(canvas.arms)} arms."
