"""What the figures over time share: one time axis, one legend of arms, lines with bands. Used by its neighbours.

They draw a ``Movement``. What comes from PostHog's daily series, and not from readings of the day, is drawn as
open circles on a dashed line and said in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np

from lib import wording
from lib.charts.plot import Plot, wall
from lib.charts.theme import LIGHT, Mark, Theme, axis, bare, fade, plain
from lib.stats.movement import DAILY, Movement
from lib.stats.results import Floats

STOPS = (
    {"dtickrange": [None, 3_600_000], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [3_600_000, 86_400_000], "value": "%H:%M\n%a %-d %b"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b\n%Y"},
)
NEAR = 60  # pixels from the pointer to the moment told: daily figures are that far apart
MARGIN = {"l": 66, "r": 16, "t": 64, "b": 52}
LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom",
          "tracegroupgap": 0}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of a figure over time: its key, the name shown, its place among the variants."""

    key: str
    name: str
    place: int
    share: float | None = None  # planned share of the visitors, 0..1


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What all figures of one page have in common, so that they line up.

    Args:
        arms: baseline first.
        span: the time range shown; None: all there is.
        marks: moments worth a line.
        gaps: stretches without data, greyed; lines break there.
        colours: by role.
        zone: of the reader; the axis shows its wall clock.
        stamp: said beside the time axis, so that a saved picture carries it: where the data are from.
    """

    arms: tuple[Arm, ...]
    span: tuple[datetime, datetime] | None = None
    marks: tuple[Mark, ...] = ()
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    colours: Theme = LIGHT
    zone: tzinfo = UTC
    stamp: str = ""

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """Every arm but the baseline."""
        return tuple(arm for arm in self.arms if arm.place > 0)


def start(canvas: Canvas, title: str, unit: str, **y: Any) -> Plot:
    """An empty plot with the shared time axis, its marks and gaps, and its own y axis."""
    layout = bare(title, canvas.colours)
    layout |= {
        "hovermode": "x unified",
        "hoverdistance": NEAR,
        "margin": dict(MARGIN),
        "legend": dict(LEGEND),
    }
    span = None if canvas.span is None else [wall(end, canvas.zone) for end in canvas.span]
    layout["xaxis"] = axis(
        " · ".join(part for part in (f"time, {zone_name(canvas)}", canvas.stamp) if part),
        canvas.colours, type="date", range=span,
        hoverformat="%a %-d %b %Y, %H:%M", nticks=9, tickformatstops=STOPS,
    )  # fmt: skip
    layout["xaxis"] |= {"spikecolor": canvas.colours.muted, "spikethickness": 1, "spikedash": "dot"}
    layout["xaxis"]["automargin"] = False  # equal margins, so that the time axes line up
    layout["yaxis"] = axis(unit, canvas.colours, **y) | {"automargin": False}
    plot = Plot(layout=layout, zone=canvas.zone)
    for first, last in canvas.gaps:
        plot.shape(type="rect", x0=wall(first, canvas.zone), x1=wall(last, canvas.zone), y0=0, y1=1,
                   yref="paper", layer="below", line={"width": 0},
                   fillcolor=fade(canvas.colours.muted, 0.12))  # fmt: skip
    for mark in canvas.marks:
        _add_mark(plot, mark, canvas)
    return plot


def zone_name(canvas: Canvas) -> str:
    """The zone of the axis, as a reader writes it."""
    at = canvas.span[1] if canvas.span else datetime.now(UTC)
    return at.astimezone(canvas.zone).tzname() or "UTC"


def _add_mark(plot: Plot, mark: Mark, canvas: Canvas) -> None:
    """An upright line with its label on top; a break is dotted."""
    colour = mark.colour or canvas.colours.zero
    at = wall(mark.at, canvas.zone)
    plot.shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", layer="below",
               line={"width": 1.2, "color": colour, "dash": "dot" if mark.is_break else "solid"})  # fmt: skip
    if mark.label:
        said = wording.escape_html(mark.hover or mark.label).replace("\n", "<br>")
        plot.annotate(x=at, y=1, yref="paper", yanchor="top", xanchor="left", showarrow=False,
                      text=plain(mark.label), hovertext=said, bgcolor=canvas.colours.ground,
                      xshift=2, borderpad=1, font={"size": 10.5, "color": canvas.colours.muted})  # fmt: skip


def say(plot: Plot, text: str, colours: Theme) -> Plot:
    """Say in the middle of an empty plot why there is nothing to see."""
    plot.layout["xaxis"]["visible"] = plot.layout["yaxis"]["visible"] = False
    plot.annotate(text=wording.escape_html(text), showarrow=False, x=0.5, y=0.5, xref="paper",
                  yref="paper", font={"size": 13, "color": colours.muted})  # fmt: skip
    return plot


def values(column: Sequence[float] | Floats) -> list[float | None]:
    """Rounded numbers; what is not finite is a gap, never a zero."""
    numbers = np.asarray(column, dtype=float)
    known = np.isfinite(numbers)
    rounded = np.round(np.where(known, numbers, 0.0), 5).tolist()
    if known.all():
        return rounded  # type: ignore[no-any-return]  # floats, says numpy
    return [value if there else None for value, there in zip(rounded, known.tolist(), strict=True)]


def line(
    plot: Plot, moved: Movement, column: Floats, name: str, style: dict[str, Any], **more: Any
) -> None:
    """One line; ``more`` goes to the trace."""
    plot.add(
        type="scatter", x=plot.column(moved.at), y=values(column), name=plain(name), mode="lines",
        line=style, connectgaps=False, **more,
    )  # fmt: skip


def arm_line(
    plot: Plot,
    moved: Movement,
    column: Floats,
    arm: Arm,
    style: dict[str, Any],
    *,
    hovertemplate: str,
    ground: str,
    customdata: Floats | None = None,
) -> None:
    """The line of an arm that says which of its moments are daily figures."""
    told: dict[str, Any] = {"hovertemplate": hovertemplate}
    if not moved.is_daily.any():
        told |= {} if customdata is None else {"customdata": pairs(customdata)}
        line(plot, moved, column, arm.name, style, **told)
        return
    # One dashed line tells all moments, so that no reading is told with a daily figure beside it; the readings
    # are drawn over it. The three parts come and go together.
    silent: dict[str, Any] = {"hoverinfo": "skip", "legendgroup": arm.key}
    said = np.where(moved.is_daily, f", {DAILY}", "").tolist()
    if customdata is None:
        told = {"hovertemplate": hovertemplate + "%{customdata}", "customdata": said}
    else:
        rows = [(*ends, words) for ends, words in zip(pairs(customdata), said, strict=True)]
        words = f"%{{customdata[{customdata.shape[1]}]}}"
        told = {"hovertemplate": hovertemplate + words, "customdata": rows}
    line(plot, moved, column, arm.name, style | {"dash": "dash"}, showlegend=False,
         legendgroup=arm.key, **told)  # fmt: skip
    line(plot, moved, np.where(moved.is_daily, np.nan, column), arm.name, style, **silent)
    days = np.flatnonzero(moved.is_daily)
    plot.add(
        type="scatter", x=plot.column(moved.at[days]), y=values(column[days]), name=plain(arm.name),
        mode="markers", marker=_ring(style["color"], ground), showlegend=False, **silent,
    )  # fmt: skip


def _ring(colour: str, ground: str) -> dict[str, Any]:
    return {"size": 7, "color": ground, "line": {"width": 1.6, "color": colour}}


def arm_lines(
    plot: Plot, moved: Movement, columns: Floats, canvas: Canvas, *, hovertemplate: str
) -> None:
    """One line an arm of values of shape (T, K), and what the circles on them are."""
    for arm in canvas.arms:
        style = {"width": 2.2, "color": canvas.colours.arm(arm.place)}
        column = columns[:, moved.place(arm.key)]
        arm_line(
            plot, moved, column, arm, style, ground=canvas.colours.ground, hovertemplate=hovertemplate
        )  # fmt: skip
    explain_daily(plot, moved, canvas.colours)


def explain_daily(plot: Plot, moved: Movement, colours: Theme) -> None:
    """The entry in the legend that says what the circles are; none without a daily figure."""
    if moved.is_daily.any():
        plot.add(
            type="scatter", x=[None], y=[None], name=DAILY, mode="lines+markers", hoverinfo="skip",
            line={"width": 1.6, "dash": "dash", "color": colours.muted},
            marker=_ring(colours.muted, colours.ground),
        )  # fmt: skip


def alt_daily(moved: Movement) -> str:
    """In words how many moments are daily figures; empty without one."""
    n, known = int(moved.is_daily.sum()), int(np.isfinite(moved.n).any(axis=1).sum())
    if not n:
        return ""
    return f" {n} of {known} moments: {DAILY}, open circles on a dashed line."


def pairs(ends: Floats) -> list[tuple[float | None, ...]]:
    """Rows of numbers for a trace's ``customdata``."""
    return list(zip(*(values(end) for end in ends.T), strict=True))


def newest_known(column: Floats) -> float | None:
    """The last finite number."""
    known = column[np.isfinite(column)]
    return float(known[-1]) if known.size else None


def band(
    plot: Plot, moved: Movement, ends: tuple[Floats, Floats], colour: str, limit: float
) -> None:
    """The area between two columns; infinite ends are cut at ``limit``."""
    low, high = (np.clip(end, -limit, limit) for end in ends)
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    shared: dict[str, Any] = {
        "type": "scatter", "x": plot.column(moved.at[known]), "mode": "lines", "line": {"width": 0},
        "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    plot.add(y=values(low[known]), **shared)
    plot.add(y=values(high[known]), fill="tonexty", fillcolor=fade(colour, 0.16), **shared)


def level(plot: Plot, colours: Theme, at: float = 0.0, dash: str = "solid") -> None:
    """A level to compare with."""
    plot.shape(type="line", xref="paper", x0=0, x1=1, y0=at, y1=at, layer="below",
               line={"width": 1.2, "color": colours.zero, "dash": dash})  # fmt: skip
