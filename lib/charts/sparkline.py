"""A line without axes for a tile or a board: the shape of the last while, nothing to read off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lib.charts.theme import LIGHT, Theme, blank, fade
from lib.charts.timeline import values as plain_values


def figure(values: Sequence[float], *, place: int = 1, colours: Theme = LIGHT) -> go.Figure:
    """The values in order, unknown ones as gaps; the newest gets a dot. Empty input: an empty line."""
    fig = blank("", colours, margin={"l": 4, "r": 6, "t": 4, "b": 4}, showlegend=False)
    fig.update_xaxes(visible=False, fixedrange=True)
    fig.update_yaxes(visible=False, fixedrange=True)
    shown = plain_values(list(values))
    colour = colours.arm(place)
    fig.add_scatter(y=shown, mode="lines", line={"width": 2, "color": colour}, hoverinfo="skip",
                    fill="tozeroy" if shown and min(v or 0 for v in shown) >= 0 else None,
                    fillcolor=fade(colour, 0.1))  # fmt: skip
    if shown and shown[-1] is not None:
        fig.add_scatter(x=[len(shown) - 1], y=[shown[-1]], mode="markers", hoverinfo="skip",
                        marker={"size": 6, "color": colour})  # fmt: skip
    return fig


def alt(values: Sequence[float], name: str) -> str:
    """The line in words."""
    known = [v for v in values if np.isfinite(v)]
    if len(known) < 2:
        return f"{name}: no history yet."
    way = "rose" if known[-1] > known[0] else "fell" if known[-1] < known[0] else "stood still"
    return f"{name} {way} over the last {len(known)} readings."
