"""The significance gauge: how much evidence there is for a difference, not which way it points.

The needle is the always-valid evidence, 0 to 100, with marks at 80 and 95. Drawn once a treatment by
``lib.ui.evidence``; never for the whole test at once.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from lib import wording
from lib.charts.theme import LIGHT, Theme, blank, plain

TITLE = "Significance gauge"
MIDDLE, LINE = 0.80, 0.95
NEEDLE = 0.35  # half width of the needle in gauge units


def figure(
    evidence: float | None,
    *,
    name: str,
    against: str = "",
    is_muted: bool = False,
    colours: Theme = LIGHT,
) -> go.Figure:
    """The gauge of one treatment.

    Args:
        evidence: 0..1, None when there is no number: then there is no needle and a dash.
        name: the arm.
        against: the baseline.
        is_muted: health is in doubt: the bands lose their colour.
        colours: by role.
    """
    who = f"{plain(name)} against {plain(against)}" if against else plain(name)
    small = f"<span style='font-size:12px;font-weight:400;color:{colours.muted}'>{who}</span>"
    fig = blank(f"{TITLE}<br>{small}", colours, margin={"l": 34, "r": 40, "t": 54, "b": 6})
    fig.update_layout(title_pad_t=18)
    bands = [colours.band_low] * 3 if is_muted else _bands(colours)
    shown = None if evidence is None else 100 * wording.evidence_value(evidence)
    fig.add_trace(
        go.Indicator(
            mode="gauge" if shown is None else "gauge+number",
            value=0 if shown is None else shown,
            number={
                "font": {"size": 34, "color": colours.text},
                "valueformat": ".3~f",
                "suffix": f"<span style='font-size:14px;color:{colours.muted}'> of 100</span>",
            },
            gauge=_dial(shown, bands, colours),
        )
    )
    if shown is None:
        fig.add_annotation(
            text="–", x=0.5, y=0.1, showarrow=False, font={"size": 34, "color": colours.muted}
        )
    return fig


def alt(evidence: float | None, name: str) -> str:
    """The gauge in words."""
    if evidence is None:
        return f"Significance gauge of {name}: no reading yet."
    shown = wording.evidence(evidence)
    return f"Significance gauge of {name}: evidence {shown}, marks at 80 and 95."


def _bands(colours: Theme) -> list[str]:
    return [colours.band_low, colours.band_mid, colours.band_high]


def _dial(shown: float | None, bands: list[str], colours: Theme) -> dict[str, Any]:
    edges = [0, 100 * MIDDLE, 100 * LINE, 100]
    steps = [
        {"range": [low, high], "color": band, "thickness": 0.62}
        for low, high, band in zip(edges, edges[1:], bands, strict=False)
    ]
    if shown is not None:
        steps.append({"range": _needle(shown), "color": colours.text, "thickness": 1.0})
    return {
        "axis": {
            "range": [0, 100],
            "tickvals": edges,
            "tickfont": {"size": 11, "color": colours.muted},
            "tickcolor": colours.zero,
            "ticklen": 4,
        },
        "bar": {"thickness": 0},
        "bgcolor": "rgba(0,0,0,0)",
        "borderwidth": 0,
        "steps": steps,
    }


def _needle(shown: float) -> list[float]:
    middle = min(max(shown, NEEDLE), 100 - NEEDLE)
    return [middle - NEEDLE, middle + NEEDLE]
