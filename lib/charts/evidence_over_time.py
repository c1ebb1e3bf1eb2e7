"""Evidence over time: the always-valid one never falls; those of one look may come and go."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.timeline import Canvas, level, line, rows_of, say, start

TITLE = "Evidence over time"
LINE, MIDDLE = 95, 80
SHOWN = "%{y:.3~f}"


def figure(frame: pd.DataFrame, canvas: Canvas, *, with_single_look: bool = False) -> go.Figure:
    """The plot as a figure."""
    return plot(frame, canvas, with_single_look=with_single_look).figure()


def plot(frame: pd.DataFrame, canvas: Canvas, *, with_single_look: bool = False) -> Plot:
    """One strong line a treatment, 0 to 100; thin: of this moment, dotted: valid for one look only."""
    ticks = [0, 25, 50, MIDDLE, LINE]
    made = start(canvas, TITLE, "evidence, 0 to 100", range=[0, 101.5], tickvals=ticks)
    if frame.empty or not frame["evidence"].notna().any():
        return say(made, "No evidence to show yet.", canvas.colours)
    level(made, canvas.colours, MIDDLE, "dot")
    level(made, canvas.colours, LINE)
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)
        colour = canvas.colours.arm(arm.place)
        thin = {"width": 1, "color": colour}
        if with_single_look:
            line(made, rows, "single_evidence", f"{arm.name}, one look only",
                 thin | {"dash": "dot"}, scale=100, hovertemplate=SHOWN)  # fmt: skip
        else:
            line(made, rows, "evidence_now", f"{arm.name}, of the moment", thin, scale=100,
                 hovertemplate=SHOWN, opacity=0.7)  # fmt: skip
        style = {"width": 2.6, "color": colour, "shape": "hv"}
        line(made, rows, "evidence", arm.name, style, scale=100, hovertemplate=SHOWN)
    return made


def alt(frame: pd.DataFrame, canvas: Canvas) -> str:
    """The figure in words: the newest evidence of each treatment."""
    said = []
    for arm in canvas.treatments:
        rows = rows_of(frame, arm.key)["evidence"].dropna()
        if len(rows):
            said.append(f"{arm.name} at {min(100 * rows.iloc[-1], 100):.3g} of 100")
    return f"{TITLE}: " + ("; ".join(said) if said else "nothing yet") + "."
