"""Change against the baseline over time, with the interval that holds at every look at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.charts.theme import SIGNED_PERCENT_TICKS, note
from lib.charts.timeline import Canvas, band, line, rows_of, start, zero_line

TITLE = "Change over time"
SETTLED = 0.75  # the axis fits the later part of the run; the wild beginning may leave the picture


def figure(frame: pd.DataFrame, canvas: Canvas, *, with_single_look: bool = False) -> go.Figure:
    """Lines with bands, one a treatment; ``with_single_look`` adds the thin one-look limits."""
    limit = reach(frame)
    fig = start(
        canvas, TITLE, "change, percent of the baseline", tickformat=SIGNED_PERCENT_TICKS,
        range=None if limit is None else [-limit, limit],
    )  # fmt: skip
    if limit is None:
        return note(fig, "No comparison yet.", canvas.colours)
    zero_line(fig, canvas.colours)
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)
        colour = canvas.colours.arm(arm.place)
        band(fig, rows, ("low", "high"), colour, 10 * limit)
        if with_single_look:
            thin = {"width": 1, "color": colour, "dash": "dot"}
            for end in ("single_low", "single_high"):
                line(
                    fig,
                    rows,
                    end,
                    f"{arm.name}, one look",
                    thin,
                    hoverinfo="skip",
                    showlegend=False,
                )
        line(fig, rows, "lift", arm.name, {"width": 2.4, "color": colour}, hovertemplate="%{y}")
    return fig


def reach(frame: pd.DataFrame) -> float | None:
    """Half the height of the axis; None without any finite number."""
    if frame.empty:
        return None
    later = frame[frame["at"] >= frame["at"].quantile(1 - SETTLED)]
    ends = later[["low", "high", "lift"]].to_numpy(dtype=float)
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
