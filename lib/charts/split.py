"""The split over time: each arm's share of all visitors beside its planned share, and the check of it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import PERCENT_TICKS, axis
from lib.charts.timeline import (
    Canvas,
    alt_daily,
    arm_line,
    explain_daily,
    line,
    newest_known,
    say,
    start,
)
from lib.stats.movement import Movement

TITLE = "Split and its check"
SMALLEST = 0.01  # an axis narrower than this would make noise look like a fault
CALM = 0.8


def figure(moved: Movement, canvas: Canvas) -> go.Figure:
    """The plot as a figure."""
    return plot(moved, canvas).figure()


def plot(moved: Movement, canvas: Canvas) -> Plot:
    """Shares with the planned ones as levels; grey, right axis: the p that holds at every look."""
    made = start(
        canvas, TITLE, "share of visitors", tickformat=PERCENT_TICKS, range=_range(moved, canvas)
    )
    if np.isnan(moved.share).all():
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
        arm_line(made, moved, moved.share[:, moved.place(arm.key)], arm, style,
                 ground=canvas.colours.ground, hovertemplate="%{y:.2%}")  # fmt: skip
    line(made, moved, moved.balance_p, "p of the split, right axis", {"width": 1.4, "color": muted, "shape": "hv"},
         hovertemplate="%{y:.3~g}", yaxis="y2")  # fmt: skip
    explain_daily(made, moved, canvas.colours)
    return made


def _range(moved: Movement, canvas: Canvas) -> list[float] | None:
    """The later shares and the planned ones; the first visitors say nothing about the split."""
    if not len(moved):
        return None
    later = moved.later_part(CALM).share
    planned = [arm.share for arm in canvas.arms if arm.share is not None]
    known: list[float] = [*later[np.isfinite(later)].tolist(), *planned]
    if not known:
        return None
    room = max(SMALLEST, 0.15 * (max(known) - min(known)))
    return [round(max(0.0, min(known) - room), 4), round(min(1.0, max(known) + room), 4)]


def alt(moved: Movement, canvas: Canvas) -> str:
    """The figure in words: the newest p of the split."""
    newest = newest_known(moved.balance_p)
    if newest is None:
        return f"{TITLE}: nobody yet."
    said = f"p of the split, valid at every look, {newest:.3g}; {len(canvas.arms)} arms."
    return f"{TITLE}: {said}{alt_daily(moved)}"
