"""Visitors of each arm over time: how many came on each day, or all of them so far."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import plain
from lib.charts.timeline import Canvas, line, rows_of, say, start, values

TITLE = "Visitors"
DAILY = "Visitors a day"
DAY_MS = 86_400_000
TICKS = "~s"  # 3M; the hover says every digit


def figure(frame: pd.DataFrame, canvas: Canvas) -> go.Figure:
    """The plot of all visitors so far as a figure."""
    return so_far(frame, canvas).figure()


def per_day(frame: pd.DataFrame, canvas: Canvas) -> go.Figure:
    """The plot by day as a figure."""
    return by_day(frame, canvas).figure()


def so_far(frame: pd.DataFrame, canvas: Canvas) -> Plot:
    """All visitors so far, one line an arm."""
    made = start(canvas, TITLE, "visitors so far", tickformat=TICKS, rangemode="tozero")
    if frame.empty or not frame["n"].notna().any():
        return say(made, "No visitors to show yet.", canvas.colours)
    for arm in canvas.arms:
        style = {"width": 2.2, "color": canvas.colours.arm(arm.place)}
        line(made, rows_of(frame, arm.key), "n", arm.name, style, hovertemplate="%{y:,.0f}")
    return made


def by_day(frame: pd.DataFrame, canvas: Canvas) -> Plot:
    """Visitors of each full day (UTC), stacked; the running day is left out: it would look like a fall."""
    made = start(canvas, DAILY, "visitors a day", tickformat=TICKS, rangemode="tozero")
    made.layout |= {"barmode": "stack", "bargap": 0.25}
    for arm in canvas.arms:
        added = daily(frame[frame["arm_key"] == arm.key])
        if added.empty:
            continue
        made.add(
            type="bar", x=made.column(added["at"]), y=values(added["n"]), name=plain(arm.name),
            hovertemplate="%{y:,.0f}", xperiod=DAY_MS, xperiodalignment="middle",
            marker={"color": canvas.colours.arm(arm.place)},
        )  # fmt: skip
    return made if made.traces else say(made, "Not one full day yet.", canvas.colours)


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
