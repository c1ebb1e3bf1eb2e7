"""Visitors of each arm over time: how many came in each stretch, or all of them so far."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lib.charts.theme import COUNT_TICKS, note, plain
from lib.charts.timeline import Canvas, line, rows_of, start, times, values

TITLE = "Visitors"


def figure(frame: pd.DataFrame, canvas: Canvas) -> go.Figure:
    """All visitors so far, one line an arm."""
    fig = start(canvas, TITLE, "visitors so far", tickformat=COUNT_TICKS, rangemode="tozero")
    if frame.empty or not frame["n"].notna().any():
        return note(fig, "No visitors to show yet.", canvas.colours)
    for arm in canvas.arms:
        style = {"width": 2.2, "color": canvas.colours.arm(arm.place)}
        line(fig, rows_of(frame, arm.key), "n", arm.name, style, hovertemplate="%{y:,.0f}")
    return fig


def per_day(frame: pd.DataFrame, canvas: Canvas) -> go.Figure:
    """Visitors of each full day, stacked bars; the running day is left out: it would look like a fall."""
    fig = start(
        canvas, "Visitors a day", "visitors a day", tickformat=COUNT_TICKS, rangemode="tozero"
    )
    fig.update_layout(barmode="stack", bargap=0.25)
    drawn = False
    for arm in canvas.arms:
        added = daily(rows_of(frame, arm.key))
        if added.empty:
            continue
        drawn = True
        fig.add_bar(
            x=times(added), y=values(added["n"]), name=plain(arm.name), hovertemplate="%{y:,.0f}",
            marker={"color": canvas.colours.arm(arm.place)}, xperiod=86_400_000,
        )  # fmt: skip
    return fig if drawn else note(fig, "Not one full day yet.", canvas.colours)


def daily(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns at (start of the day, UTC), n (visitors added on it); full days only."""
    if rows.empty:
        return pd.DataFrame({"at": [], "n": []})
    last = rows.set_index("at")["n"].astype(float).resample("1D").last().ffill()
    added = last.diff().iloc[1:-1]
    return pd.DataFrame({"at": added.index, "n": added.to_numpy()})


def alt(frame: pd.DataFrame, canvas: Canvas) -> str:
    """The figure in words: visitors of each arm at the newest moment."""
    said = [
        f"{arm.name} {rows['n'].iloc[-1]:,.0f}"
        for arm in canvas.arms
        if len(rows := rows_of(frame, arm.key))
    ]
    return f"{TITLE}: " + (", ".join(said) if said else "nobody yet") + "."
