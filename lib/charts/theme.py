"""Colours, fonts and the bare layout every figure starts from. Used by the figures and by ``lib.ui.live_plot``.

Figures are made in the light colours; in a dark page the browser exchanges each colour by ``swap``, so one
figure serves both themes and a theme switch needs no new one. For that every light colour has one role.
This module never draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import plotly.graph_objects as go

from lib import wording

FONT = "Inter, sans-serif"
PERCENT_TICKS = ".3~%"  # axis format, not words: it follows the reader's zoom
SIGNED_PERCENT = {"tickformat": "+.3~%", "labelalias": {"+0%": "0%"}}  # of an axis of changes
COUNT_TICKS = ",~d"
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours by role. ``good`` and ``bad`` are used only where the evidence is in."""

    ground: str
    text: str
    muted: str
    line: str
    zero: str
    good: str
    bad: str
    caution: str
    track: str
    band_low: str
    band_mid: str
    band_high: str
    arms: tuple[str, ...]

    def arm(self, place: int) -> str:
        """The colour of an arm by its place; the baseline is 0."""
        return self.arms[place % len(self.arms)]


LIGHT = Theme(
    ground="#FBFBFD",
    text="#1B1D29",
    muted="#6B7280",
    line="#E3E5EC",
    zero="#9AA1B1",
    good="#0B7D55",
    bad="#C22F4A",
    caution="#D97706",
    track="#F1F2F6",
    band_low="#DFE3EC",
    band_mid="#F8DC97",
    band_high="#A6DDC3",
    arms=(
        *("#64748B", "#4F46E5", "#0D9488", "#C2690A", "#DB2777"),
        *("#2563EB", "#4D7C0F", "#9333EA", "#0891B2", "#B45309"),
    ),
)
DARK = Theme(
    ground="#0E1117",
    text="#E8EAF0",
    muted="#9AA3B2",
    line="#2A3040",
    zero="#59637A",
    good="#3DD598",
    bad="#FF7A8A",
    caution="#FBBF24",
    track="#181C26",
    band_low="#2B3244",
    band_mid="#6B5417",
    band_high="#1B6146",
    arms=(
        *("#94A3B8", "#818CF8", "#2DD4BF", "#F5A524", "#F472B6"),
        *("#60A5FA", "#A3E635", "#C084FC", "#22D3EE", "#FDBA74"),
    ),
)
BLUE_ORANGE = {"good": ("#1D5FC4", "#78B0FF"), "bad": ("#B5500C", "#FF9F5A")}
BLUE_BAND = ("#A9C8F5", "#1F4A86")


def theme(*, is_dark: bool = False, is_blue_orange: bool = False) -> Theme:
    """The colours of a theme; ``is_blue_orange`` puts blue and orange for green and red."""
    base = DARK if is_dark else LIGHT
    if not is_blue_orange:
        return base
    place = int(is_dark)
    names = [f for f in Theme.__dataclass_fields__ if f not in {"good", "bad", "band_high"}]
    return Theme(
        **{name: getattr(base, name) for name in names},
        good=BLUE_ORANGE["good"][place],
        bad=BLUE_ORANGE["bad"][place],
        band_high=BLUE_BAND[place],
    )


def swap() -> dict[str, str]:
    """Light colour (lower case) to the dark one of the same role, for the browser."""
    pairs: dict[str, str] = {}
    for is_blue_orange in (False, True):
        light, dark = (
            _flat(theme(is_dark=is_dark, is_blue_orange=is_blue_orange))
            for is_dark in (False, True)
        )
        pairs.update(zip(light, dark, strict=True))
    return pairs


def _flat(colours: Theme) -> list[str]:
    *single, arms = astuple(colours)
    return [c.lower() for c in (*single, *arms)]


def fade(colour: str, alpha: float) -> str:
    """A ``#rrggbb`` colour at an opacity of 0..1."""
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha:.2f})"


def plain(name: str) -> str:
    """A name from outside as Plotly shows it: no mark-up, cut when very long."""
    return wording.html_name(name, LONGEST_NAME)


def rounded(x: float | None, digits: int = 6) -> float | None:
    """Values are rounded, so that equal data is equal JSON; None stays None."""
    return None if x is None else round(float(x), digits)


def blank(title: str, colours: Theme = LIGHT, **layout: Any) -> go.Figure:
    """A figure with title, fonts and margins, and nothing drawn."""
    return go.Figure(layout={"template": go.layout.Template(), **bare(title, colours), **layout})


def bare(title: str, colours: Theme = LIGHT) -> dict[str, Any]:
    """The layout of such a figure as plain data."""
    return {
        "font": {"family": FONT, "size": 12, "color": colours.text},
        "title": {
            "text": title,
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 2, "t": 6},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "font": {"size": 13.5, "color": colours.text, "weight": 600},
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
        "hoverlabel": {"align": "left", "font": {"family": FONT, "size": 12}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "colorway": list(colours.arms),
    }


def axis(title: str, colours: Theme = LIGHT, **more: Any) -> dict[str, Any]:
    """One axis in our style; ``title`` carries the unit."""
    plain_axis: dict[str, Any] = {
        "title": {"text": title, "font": {"size": 11, "color": colours.muted}, "standoff": 8},
        "gridcolor": colours.line,
        "linecolor": colours.line,
        "zeroline": False,
        "tickfont": {"size": 11, "color": colours.muted},
        "automargin": True,
    }
    return plain_axis | more


def note(fig: go.Figure, text: str, colours: Theme = LIGHT) -> go.Figure:
    """Say in the middle of an empty figure why there is nothing to see."""
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    return fig.add_annotation(
        text=wording.escape_html(text),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        font={"size": 13, "color": colours.muted},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment on the time axis worth a line: a call, an alert, a change of split. ``is_break``: dotted.

    ``hover`` is said when the label is pointed at; ``colour`` empty: the quiet one.
    """

    at: datetime
    label: str
    is_break: bool = False
    hover: str = ""
    colour: str = ""


def arm_colours(keys: tuple[str, ...], colours: Theme = LIGHT) -> Mapping[str, str]:
    """Arm key to colour; ``keys`` in the order of the variants, baseline first."""
    return {key: colours.arm(place) for place, key in enumerate(keys)}
