"""Evidence over time: the always-valid one never falls; those of one look may come and go."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lib.charts.theme import note
from lib.charts.timeline import Canvas, line, rows_of, start, zero_line

TITLE = "Evidence over time"
LINE, MIDDLE = 95, 80


def figure(frame: pd.DataFrame, canvas: Canvas, *, with_single_look: bool = False) -> go.Figure:
    """One strong line a treatment, 0 to 100; thin: of this moment, dotted: valid for one look only."""
    fig = start(canvas, TITLE, "evidence, 0 to 100", range=[0, 101], tickvals=[0, 50, MIDDLE, LINE])
    if frame.empty or not frame["evidence"].notna().any():
        return note(fig, "No evidence to show yet.", canvas.colours)
    for level in (MIDDLE, LINE):
        zero_line(fig, canvas.colours, level)
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)
        colour = canvas.colours.arm(arm.place)
        style = {"width": 2.6, "color": colour, "shape": "hv"}
        line(fig, rows, "evidence", arm.name, style, scale=100, hovertemplate="%{y:.3~f}")
        thin = {"width": 1, "color": colour}
        line(fig, rows, "evidence_now", f"{arm.name}, of the moment", thin, scale=100,
             hovertemplate="%{y:.3~f}", opacity=0.7)  # fmt: skip
        if with_single_look:
            line(fig, rows, "single_evidence", f"{arm.name}, one look only",
                 thin | {"dash": "dot"}, scale=100, hovertemplate="%{y:.3~f}")  # fmt: skip
    return fig


def alt(frame: pd.DataFrame, canvas: Canvas) -> str:
    """The figure in words: the newest evidence of each treatment."""
    said = []
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)["evidence"].dropna()
        if len(rows):
            said.append(f"{arm.name} at {min(100 * rows.iloc[-1], 100):.3g} of 100")
    return f"{TITLE}: " + ("; ".join(said) if said else "nothing yet") + "."
