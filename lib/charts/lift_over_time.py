"""Change against the baseline over time, with the interval that holds at every look at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import SIGNED_PERCENT_TICKS
from lib.charts.timeline import Canvas, band, later_part, level, line, rows_of, say, start, values

TITLE = "Change over time"
FINE = "+.2~%"
_ENDS = (f"%{{customdata[{end}]:{FINE}}}" for end in (0, 1))
HOVER = f"%{{y:{FINE}}}, from " + " to ".join(_ENDS)
SETTLED = 0.75  # the axis fits the later part of the run; the wild beginning may leave the picture


def figure(frame: pd.DataFrame, canvas: Canvas, *, with_single_look: bool = False) -> go.Figure:
    """The plot as a figure."""
    return plot(frame, canvas, with_single_look=with_single_look).figure()


def plot(frame: pd.DataFrame, canvas: Canvas, *, with_single_look: bool = False) -> Plot:
    """Lines with bands, one a treatment; ``with_single_look`` adds the thin one-look limits."""
    limit = reach(frame)
    made = start(
        canvas, TITLE, "change, percent of the baseline", tickformat=SIGNED_PERCENT_TICKS,
        range=None if limit is None else [-limit, limit],
    )  # fmt: skip
    if limit is None:
        return say(made, "No comparison yet.", canvas.colours)
    level(made, canvas.colours)
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)
        colour = canvas.colours.arm(arm.place)
        band(made, rows, ("low", "high"), colour, 10 * limit)
        if with_single_look:
            thin = {"width": 1, "color": colour, "dash": "dot"}
            for end in ("single_low", "single_high"):
                line(made, rows, end, f"{arm.name}, one look only", thin, hoverinfo="skip",
                     showlegend=end == "single_low", legendgroup=f"single {arm.key}")  # fmt: skip
        ends = list(zip(values(rows["low"]), values(rows["high"]), strict=True))
        line(made, rows, "lift", arm.name, {"width": 2.4, "color": colour}, customdata=ends,
             hovertemplate=HOVER)  # fmt: skip
    return made


def reach(frame: pd.DataFrame) -> float | None:
    """Half the height of the axis; None without any finite number."""
    if frame.empty:
        return None
    ends = later_part(frame, SETTLED)[["low", "high", "lift"]].to_numpy(dtype=float)
    finite = np.abs(ends[np.isfinite(ends)])
    if not finite.size:
        return None
    return round(max(0.02, 1.15 * float(np.quantile(finite, 0.95))), 4)


def alt(frame: pd.DataFrame, canvas: Canvas) -> str:
    """The figure in words: where each treatment stands at the end."""
    said = []
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)
        rows = rows[np.isfinite(rows["lift"])]
        if len(rows):
            moved = "up" if rows["lift"].iloc[-1] > rows["lift"].iloc[0] else "down"
            said.append(f"{arm.name} moved {moved} over {len(rows)} moments")
    return f"{TITLE}: " + ("; ".join(said) if said else "nothing yet") + "."
