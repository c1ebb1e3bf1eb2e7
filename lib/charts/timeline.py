"""What the figures over time share: one time axis, one legend of arms, lines with bands. Used by its neighbours.

Frames are those of ``lib.live.trend``: columns at (aware datetime), arm_key, lift, low, high, single_low,
single_high, evidence, evidence_now, single_evidence (0..1), rate, n (cumulative visitors of the arm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.charts.theme import LIGHT, Mark, Theme, add_marks, axis, blank, fade, plain

MOST_POINTS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of a figure over time: its key in the frame, the name shown, its place among the variants."""

    key: str
    name: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What all figures of one page have in common, so that they line up: arms, time range, marks, colours."""

    arms: tuple[Arm, ...]
    span: tuple[datetime, datetime] | None = None
    marks: tuple[Mark, ...] = ()
    colours: Theme = LIGHT

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """Every arm but the baseline."""
        return tuple(arm for arm in self.arms if arm.place > 0)


def start(canvas: Canvas, title: str, unit: str, **y: Any) -> go.Figure:
    """A figure with the shared time axis and its own y axis."""
    fig = blank(
        title, canvas.colours, hovermode="x unified", margin={"l": 8, "r": 8, "t": 64, "b": 8}
    )
    fig.update_layout(legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02})
    span = None if canvas.span is None else list(canvas.span)
    fig.update_xaxes(
        axis("time, on the experiment's clock", canvas.colours, type="date", range=span)
    )
    fig.update_yaxes(axis(unit, canvas.colours, **y))
    return add_marks(fig, canvas.marks, canvas.colours)


def rows_of(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """One arm's rows in order of time, at most ``MOST_POINTS``, always with the newest."""
    rows = frame[frame["arm_key"] == key].sort_values("at")
    if len(rows) <= MOST_POINTS:
        return rows
    keep = np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int))
    return rows.iloc[keep]


def times(rows: pd.DataFrame) -> list[datetime]:
    """The time column as plain datetimes."""
    return [moment.to_pydatetime() for moment in rows["at"]]


def values(column: Sequence[float] | pd.Series, scale: float = 1.0) -> list[float | None]:
    """Rounded numbers; what is not finite is a gap, never a zero."""
    numbers = np.asarray(column, dtype=float) * scale
    return [round(float(v), 5) if np.isfinite(v) else None for v in numbers]


def line(
    fig: go.Figure, rows: pd.DataFrame, column: str, name: str, style: dict[str, Any], **more: Any
) -> None:
    """One line; ``more`` goes to the trace."""
    scale = more.pop("scale", 1.0)
    fig.add_scatter(
        x=times(rows), y=values(rows[column], scale), name=plain(name), mode="lines", line=style,
        connectgaps=False, **more,
    )  # fmt: skip


def band(
    fig: go.Figure, rows: pd.DataFrame, ends: tuple[str, str], colour: str, limit: float
) -> None:
    """The area between two columns; infinite ends are cut at ``limit``."""
    inside = rows.loc[rows[list(ends)].notna().all(axis=1)]
    low, high = (inside[end].clip(-limit, limit) for end in ends)
    shared: dict[str, Any] = {
        "x": times(inside), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip",
        "showlegend": False,
    }  # fmt: skip
    fig.add_scatter(y=values(low), **shared)
    fig.add_scatter(y=values(high), fill="tonexty", fillcolor=fade(colour, 0.16), **shared)


def zero_line(fig: go.Figure, colours: Theme, at: float = 0.0) -> None:
    """A level to compare with."""
    fig.add_hline(y=at, line={"width": 1.2, "color": colours.zero, "dash": "solid"}, layer="below")
