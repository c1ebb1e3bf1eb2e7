"""Change against the baseline over time, with the interval that holds at every look at once."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import SIGNED_PERCENT
from lib.charts.timeline import (
    Canvas,
    alt_daily,
    arm_line,
    band,
    explain_daily,
    level,
    line,
    say,
    start,
)
from lib.stats.movement import Movement

TITLE = "Change over time"
FINE = "+.2~%"
_ENDS = (f"%{{customdata[{end}]:{FINE}}}" for end in (0, 1))
HOVER = f"%{{y:{FINE}}}, from " + " to ".join(_ENDS)
SETTLED = 0.75  # the axis fits the later part of the run; the wild beginning may leave the picture


def figure(moved: Movement, canvas: Canvas, *, with_single_look: bool = False) -> go.Figure:
    """The plot as a figure."""
    return plot(moved, canvas, with_single_look=with_single_look).figure()


def plot(moved: Movement, canvas: Canvas, *, with_single_look: bool = False) -> Plot:
    """Lines with bands, one a treatment; ``with_single_look`` adds the thin one-look limits."""
    limit = reach(moved)
    made = start(
        canvas, TITLE, "change, percent of the baseline", **SIGNED_PERCENT,
        range=None if limit is None else [-limit, limit],
    )  # fmt: skip
    if limit is None:
        return say(made, "No comparison yet.", canvas.colours)
    level(made, canvas.colours)
    for arm in canvas.treatments:
        place = moved.place(arm.key)
        colour = canvas.colours.arm(arm.place)
        low, high = moved.low[:, place], moved.high[:, place]
        band(made, moved, (low, high), colour, 10 * limit)
        if with_single_look:
            thin = {"width": 1, "color": colour, "dash": "dot"}
            ends = (moved.single_low[:, place], moved.single_high[:, place])
            for end, is_named in zip(ends, (True, False), strict=True):
                line(made, moved, end, f"{arm.name}, one look only", thin, hoverinfo="skip",
                     showlegend=is_named, legendgroup=f"single {arm.key}")  # fmt: skip
        arm_line(made, moved, moved.lift[:, place], arm, {"width": 2.4, "color": colour},
                 ground=canvas.colours.ground, hovertemplate=HOVER,
                 customdata=np.column_stack([low, high]))  # fmt: skip
    explain_daily(made, moved, canvas.colours)
    return made


def reach(moved: Movement) -> float | None:
    """Half the height of the axis; None without any finite number."""
    later = moved.later_part(SETTLED)
    ends = np.concatenate([later.low, later.high, later.lift])
    finite = np.abs(ends[np.isfinite(ends)])
    if not finite.size:
        return None
    return round(max(0.02, 1.15 * float(np.quantile(finite, 0.95))), 4)


def alt(moved: Movement, canvas: Canvas) -> str:
    """The figure in words: where each treatment moved."""
    said = []
    for arm in canvas.treatments:
        lift = moved.lift[:, moved.place(arm.key)]
        lift = lift[np.isfinite(lift)]
        if lift.size:
            way = "up" if lift[-1] > lift[0] else "down"
            said.append(f"{arm.name} moved {way} over {len(lift)} moments")
    return f"{TITLE}: " + ("; ".join(said) if said else "nothing yet") + "." + alt_daily(moved)
