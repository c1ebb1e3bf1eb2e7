"""Visitors of each arm over time: how many came on each day, or all of them so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from lib.charts.plot import Plot
from lib.charts.theme import plain
from lib.charts.timeline import (
    Canvas,
    alt_daily,
    arm_lines,
    newest_known,
    say,
    start,
    values,
)
from lib.stats.movement import DAILY, Movement
from lib.stats.results import Bools, Floats

TITLE = "Visitors"
PER_DAY = "Visitors a day"
DAY_S = 86_400
TICKS = "~s"  # 3M; the hover says every digit


def figure(moved: Movement, canvas: Canvas) -> go.Figure:
    """The plot of all visitors so far as a figure."""
    return so_far(moved, canvas).figure()


def per_day(moved: Movement, canvas: Canvas) -> go.Figure:
    """The plot by day as a figure."""
    return by_day(moved, canvas).figure()


def so_far(moved: Movement, canvas: Canvas) -> Plot:
    """All visitors so far, one line an arm."""
    made = start(canvas, TITLE, "visitors so far", tickformat=TICKS, rangemode="tozero")
    if np.isnan(moved.n).all():
        return say(made, "No visitors to show yet.", canvas.colours)
    arm_lines(made, moved, moved.n, canvas, hovertemplate="%{y:,.0f}")
    return made


def by_day(moved: Movement, canvas: Canvas) -> Plot:
    """Visitors of each full day (UTC), stacked; the running day is left out: it would look like a fall.

    Days that end with a daily figure of PostHog are hatched.
    """
    made = start(canvas, PER_DAY, "visitors a day", tickformat=TICKS, rangemode="tozero")
    made.layout |= {"barmode": "stack", "bargap": 0.25}
    days, added, is_daily = daily(moved)
    if not len(days):
        return say(made, "Not one full day yet.", canvas.colours)
    for arm in canvas.arms:
        made.add(
            type="bar", x=made.column(days), y=values(added[:, moved.place(arm.key)]), name=plain(arm.name),
            xperiod=1000 * DAY_S, xperiodalignment="middle",
            **_dress(canvas.colours.arm(arm.place), is_daily, canvas.colours.ground),
        )  # fmt: skip
    return made


def _dress(colour: str, is_daily: Bools, ground: str) -> dict[str, Any]:
    """Colour and hover of the bars of an arm."""
    if not is_daily.any():
        return {"marker": {"color": colour}, "hovertemplate": "%{y:,.0f}"}
    hatch = ["/" if daily else "" for daily in is_daily.tolist()]
    said = [f", {DAILY}" if daily else "" for daily in is_daily.tolist()]
    pattern = {
        "shape": hatch,
        "size": 9,
        "solidity": 0.18,
        "fillmode": "overlay",
        "fgcolor": ground,
    }
    return {
        "marker": {"color": colour, "pattern": pattern},
        "customdata": said,
        "hovertemplate": "%{y:,.0f}%{customdata}",
    }


def daily(moved: Movement) -> tuple[Floats, Floats, Bools]:
    """Full days: their beginnings (POSIX seconds, UTC), visitors added on each by arm, whether the day ends daily.

    A day is full when rows reach from its beginning to its end. A row at midnight tells how the day before ended.
    """
    if not len(moved):
        return moved.at, moved.n, moved.is_daily
    first = np.ceil(moved.at[0] / DAY_S)
    midnights = DAY_S * np.arange(first, np.floor(moved.at[-1] / DAY_S) + 1)
    last_rows = np.searchsorted(moved.at, midnights, side="right") - 1
    n = _known(moved.n)[last_rows] if len(midnights) else moved.n[:0]
    return midnights[:-1], np.diff(n, axis=0), moved.is_daily[last_rows[1:]]


def _known(n: Floats) -> Floats:
    """Each unknown count as the last known one before it."""
    rows = np.where(np.isfinite(n), np.arange(len(n))[:, None], 0)
    return np.asarray(np.take_along_axis(n, np.maximum.accumulate(rows, axis=0), axis=0))


def alt(moved: Movement, canvas: Canvas) -> str:
    """The figure in words: visitors of each arm at the newest moment."""
    newest = {a.name: newest_known(moved.n[:, moved.place(a.key)]) for a in canvas.arms}
    said = [f"{name} {n:,.0f}" for name, n in newest.items() if n is not None]
    return f"{TITLE}: " + (", ".join(said) if said else "nobody yet") + "." + alt_daily(moved)
