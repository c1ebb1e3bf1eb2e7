"""The interval chart: one row per arm and metric on a shared axis of change against the baseline.

The bar is the always-valid interval, the thin line inside it the single-look one, the dot what was observed.
Faint while undecided, strong once decided; an end that leaves the picture fades out. Drawn by ``lib.ui``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from lib import wording
from lib.charts.theme import LIGHT, SIGNED_PERCENT, Theme, axis, blank, fade, note, plain
from lib.stats.results import Interval

SMALLEST_SPAN = 0.02
WIDEST_TO_NARROWEST = 5.0  # a very wide row may not squeeze the narrow ones
FADE_STEPS = (0.75, 0.5, 0.25)
FADE_WIDTH = 0.05  # of half the axis, per step
BAR, SINGLE = 13, 3
ROW_HEIGHT = 46
LOWEST = -1.08  # nothing falls by more than all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One arm on one metric. ``place`` is the arm's place; ``why`` is said when there is no interval."""

    label: str
    place: int
    interval: Interval | None = None
    single_look: Interval | None = None
    lift: float | None = None
    is_decided: bool = False
    hover: str = ""
    why: str = ""


def figure(rows: Sequence[Row], *, colours: Theme = LIGHT) -> go.Figure:
    """All rows, the first on top; rows without an interval say why."""
    fig = blank("Change against the baseline", colours, showlegend=False)
    if not rows:
        return note(fig, "Nothing to compare yet.", colours)
    edge = span(rows)
    n = len(rows)
    for place, row in enumerate(rows):
        _draw(fig, row, n - 1 - place, edge, colours)
    fig.add_vline(x=0, line={"width": 1.5, "color": colours.zero}, layer="below")
    fig.update_xaxes(
        axis(
            "change, percent of the baseline",
            colours,
            range=[max(-edge, LOWEST), edge],
            **SIGNED_PERCENT,
            nticks=7,
        )
    )
    fig.update_yaxes(
        axis(
            "",
            colours,
            range=[-0.6, n - 0.4],
            tickvals=list(range(n)),
            ticktext=[plain(row.label) for row in reversed(rows)],
            showgrid=False,
            tickfont={"size": 12, "color": colours.text},
            fixedrange=True,
        )
    )
    return fig


def height(rows: Sequence[Row]) -> int:
    """Pixels the figure needs."""
    return 92 + ROW_HEIGHT * max(1, len(rows))


def span(rows: Sequence[Row]) -> float:
    """Half the width of the axis: all of the rows, unless one is far wider than the narrowest."""
    reach = [
        max(abs(x) for x in (r.interval.low, r.interval.high, r.lift or 0) if math.isfinite(x))
        for r in rows
        if r.interval is not None
    ]
    if not reach:
        return 0.1
    return round(max(SMALLEST_SPAN, min(max(reach), WIDEST_TO_NARROWEST * min(reach)) * 1.12), 4)


def _draw(fig: go.Figure, row: Row, y: int, edge: float, colours: Theme) -> None:
    if row.interval is None:
        text = wording.escape_html(f"–  {row.why}" if row.why else "–")
        where = {"x": 0, "y": y, "showarrow": False, "xshift": 0, "bgcolor": colours.ground}
        fig.add_annotation(text=text, font={"size": 12, "color": colours.muted}, **where)
        return
    colour = colours.arm(row.place)
    strength = 0.85 if row.is_decided else 0.34
    low, high = max(row.interval.low, -edge), min(row.interval.high, edge)
    _bar(fig, low, high, y, (colour, strength), edge=edge, interval=row.interval)
    if row.single_look is not None:
        ends = [max(row.single_look.low, -edge), min(row.single_look.high, edge)]
        inner = fade(colours.ground, 0.9) if row.is_decided else fade(colour, 0.95)
        fig.add_scatter(
            x=_round(ends), y=[y, y], mode="lines", line={"width": SINGLE, "color": inner},
            hoverinfo="skip",
        )  # fmt: skip
    fig.add_scatter(
        x=_round([min(max(row.lift or 0.0, -edge), edge)]),
        y=[y],
        mode="markers",
        marker={"size": 11, "color": colour, "line": {"width": 2, "color": colours.ground}},
        hovertext=[row.hover],
        hoverinfo="text",
    )


def _bar(
    fig: go.Figure,
    low: float,
    high: float,
    y: int,
    paint: tuple[str, float],
    *,
    edge: float,
    interval: Interval,
) -> None:
    """The always-valid bar; a cut end fades in steps."""
    step = FADE_WIDTH * edge
    pieces: list[tuple[float, float, float]] = []
    if interval.low < -edge:
        low = _faded(pieces, -edge, step, high)
    if interval.high > edge:
        high = _faded(pieces, edge, -step, low)
    pieces.append((low, high, 1.0))
    colour, strength = paint
    for start, end, share in pieces:
        fig.add_scatter(
            x=_round([start, end]),
            y=[y, y],
            mode="lines",
            line={"width": BAR, "color": fade(colour, strength * share)},
            hoverinfo="skip",
        )


def _faded(
    pieces: list[tuple[float, float, float]], end: float, step: float, other: float
) -> float:
    """Add the fading pieces from the picture's edge inwards; return where the full bar begins."""
    for number, share in enumerate(reversed(FADE_STEPS)):
        start, stop = end + number * step, end + (number + 1) * step
        if (stop - other) * step > 0:
            return start
        pieces.append((min(start, stop), max(start, stop), share))
    return end + len(FADE_STEPS) * step


def _round(values: list[float]) -> list[float]:
    return [round(v, 5) for v in values]
