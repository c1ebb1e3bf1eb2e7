"""Evidence over time: the always-valid one never falls; those of one look may come and go."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.timeline import (
    Canvas,
    alt_daily,
    arm_line,
    explain_daily,
    level,
    line,
    newest_known,
    say,
    start,
)
from lib.stats.movement import Movement

TITLE = "Evidence over time"
LINE, MIDDLE = 95, 80
SHOWN = "%{y:.3~f}"


def figure(moved: Movement, canvas: Canvas, *, with_single_look: bool = False) -> go.Figure:
    """The plot as a figure."""
    return plot(moved, canvas, with_single_look=with_single_look).figure()


def plot(moved: Movement, canvas: Canvas, *, with_single_look: bool = False) -> Plot:
    """One strong line a treatment, 0 to 100; thin: of this moment, dotted: valid for one look only."""
    ticks = [0, 25, 50, MIDDLE, LINE]
    made = start(canvas, TITLE, "evidence, 0 to 100", range=[0, 101.5], tickvals=ticks)
    if np.isnan(moved.evidence).all():
        return say(made, "No evidence to show yet.", canvas.colours)
    level(made, canvas.colours, MIDDLE, "dot")
    level(made, canvas.colours, LINE)
    for arm in canvas.treatments:
        place = moved.place(arm.key)
        colour = canvas.colours.arm(arm.place)
        thin = {"width": 1, "color": colour}
        if with_single_look:
            line(made, moved, 100 * moved.single_evidence[:, place], f"{arm.name}, one look only",
                 thin | {"dash": "dot"}, hovertemplate=SHOWN)  # fmt: skip
        else:
            line(made, moved, 100 * moved.evidence_now[:, place], f"{arm.name}, of the moment", thin,
                 hovertemplate=SHOWN, opacity=0.7)  # fmt: skip
        style = {"width": 2.6, "color": colour, "shape": "hv"}
        arm_line(
            made,
            moved,
            100 * moved.evidence[:, place],
            arm,
            style,
            ground=canvas.colours.ground,
            hovertemplate=SHOWN,
        )
    explain_daily(made, moved, canvas.colours)
    return made


def alt(moved: Movement, canvas: Canvas) -> str:
    """The figure in words: the newest evidence of each treatment."""
    newest = {
        a.name: newest_known(moved.evidence[:, moved.place(a.key)]) for a in canvas.treatments
    }
    said = [
        f"{name} at {min(100 * x, 100):.3g} of 100" for name, x in newest.items() if x is not None
    ]
    return f"{TITLE}: " + ("; ".join(said) if said else "nothing yet") + "." + alt_daily(moved)
