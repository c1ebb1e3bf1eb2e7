"""What the figures over time share: one time axis, one legend of arms, lines with bands. Used by its neighbours.

Frames are those of ``lib.live.trend``: columns at (aware datetime), arm_key, lift, low, high, single_low,
single_high, evidence, evidence_now, single_evidence (0..1), rate, n (cumulative visitors of the arm), share,
balance_p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from lib import wording
from lib.charts.plot import Plot, wall
from lib.charts.theme import LIGHT, Mark, Theme, axis, blank, fade, plain

MOST_POINTS = 720  # about one every two pixels of a wide window
GAP = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of a figure over time: its key in the frame, the name shown, its place among the variants."""

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
    layout = blank_layout(title, canvas.colours)
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


_newest: list[tuple[pd.DataFrame, dict[str, pd.DataFrame]]] = [(pd.DataFrame(), {})]
STOPS = (
    {"dtickrange": [None, 3_600_000], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [3_600_000, 86_400_000], "value": "%H:%M\n%a %-d %b"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b\n%Y"},
)


def blank_layout(title: str, colours: Theme) -> dict[str, Any]:
    """The bare layout as plain data; made once a title, since ``blank`` builds a whole figure."""
    made = _layouts.get((title, colours))
    if made is None:
        fig = blank(
            title, colours, hovermode="x unified", margin={"l": 66, "r": 16, "t": 58, "b": 52}
        )
        fig.update_layout(legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02})
        made = fig.to_plotly_json()["layout"]
        made.pop("template", None)
        _layouts[title, colours] = made
    return dict(made)


_layouts: dict[tuple[str, Theme], dict[str, Any]] = {}


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


def rows_of(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """One arm's rows in order of time, at most ``MOST_POINTS``, always with the newest.

    The five figures of a page ask for the same rows of the same frame; the last frame's are kept.
    """
    kept_of, kept = _newest[0]
    if kept_of is not frame:
        kept = {}
        _newest[0] = (frame, kept)
    if key not in kept:
        kept[key] = _rows_of(frame, key)
    return kept[key]


def _rows_of(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    rows: pd.DataFrame = frame[frame["arm_key"] == key]
    if not rows["at"].is_monotonic_increasing:
        rows = rows.sort_values("at")
    if len(rows) <= MOST_POINTS:
        return rows
    keep = np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int))
    return rows.iloc[keep]


def later_part(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """The rows of the last ``share`` (0..1) of the time shown; axes fit these, since a run begins wildly."""
    if frame.empty:
        return frame
    first, last = frame["at"].min(), frame["at"].max()
    later: pd.DataFrame = frame[frame["at"] >= last - share * (last - first)]
    return later


def values(column: Sequence[float] | pd.Series, scale: float = 1.0) -> list[float | None]:
    """Rounded numbers; what is not finite is a gap, never a zero."""
    numbers = np.asarray(column, dtype=float) * scale
    known = np.isfinite(numbers)
    rounded = np.round(np.where(known, numbers, 0.0), 5).tolist()
    if known.all():
        return rounded  # type: ignore[no-any-return]  # floats, says numpy
    return [value if there else None for value, there in zip(rounded, known.tolist(), strict=True)]


def line(
    plot: Plot, rows: pd.DataFrame, column: str, name: str, style: dict[str, Any], **more: Any
) -> None:
    """One line; ``more`` goes to the trace."""
    scale = more.pop("scale", 1.0)
    plot.add(
        type="scatter", x=plot.column(rows["at"]), y=values(rows[column], scale), name=plain(name),
        mode="lines", line=style, connectgaps=False, **more,
    )  # fmt: skip


def band(plot: Plot, rows: pd.DataFrame, ends: tuple[str, str], colour: str, limit: float) -> None:
    """The area between two columns; infinite ends are cut at ``limit``."""
    low, high = (rows[end].clip(-limit, limit) for end in ends)
    known = (low.notna() & high.notna()).to_numpy()
    inside = rows[known]
    shared: dict[str, Any] = {
        "type": "scatter", "x": plot.column(inside["at"]), "mode": "lines", "line": {"width": 0},
        "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    plot.add(y=values(low[known]), **shared)
    plot.add(y=values(high[known]), fill="tonexty", fillcolor=fade(colour, 0.16), **shared)


def level(plot: Plot, colours: Theme, at: float = 0.0, dash: str = "solid") -> None:
    """A level to compare with."""
    plot.shape(type="line", xref="paper", x0=0, x1=1, y0=at, y1=at, layer="below",
               line={"width": 1.2, "color": colours.zero, "dash": dash})  # fmt: skip


def broken(frame: pd.DataFrame, gaps: Sequence[tuple[datetime, datetime]]) -> pd.DataFrame:
    """The frame with an empty moment inside each gap, so that lines break there."""
    if not gaps or frame.empty:
        return frame
    empty = [
        {"at": pd.Timestamp(first + GAP), "arm_key": key}
        for first, _ in gaps
        for key in frame["arm_key"].unique()
    ]
    return pd.concat([frame, pd.DataFrame(empty)], ignore_index=True)
