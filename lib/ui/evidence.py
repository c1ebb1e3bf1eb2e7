"""One significance gauge per treatment, its progress to the line, and the why-not-yet list.

The gauge says how much evidence there is, never which way it points. Drawn by ``lib.ui.live_panel``.
"""

from __future__ import annotations

import streamlit as st

from lib import wording
from lib.charts import gauge
from lib.charts.theme import theme
from lib.commentary.sentences import requirement_line
from lib.experiments.model import Variant
from lib.live.view import LiveView
from lib.stats.results import Analysis, Comparison, Estimate, Outlook, Requirement
from lib.ui import state
from lib.ui.live_block import live_block
from lib.ui.live_plot import live_plot
from lib.ui.markup import Node, div, icon, num, span, tag
from lib.ui.sentences import sentence_nodes
from lib.ui.shared import once_a_look
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name, is_muted, needs

GAUGE_HEIGHT = 196


def evidence_panel(view: LiveView, viewer: Viewer, key: str, *, compact: bool = False) -> None:
    """Gauges beside the list; with several treatments the gauges come in rows above it."""
    analysis = view.primary
    if analysis is None or not analysis.comparisons:
        return
    many = len(view.experiment.treatments)
    why = once_a_look(view, viewer, "why", lambda: why_not_yet(view, viewer))
    with st.container(key=f"{key}-evidence"):
        if compact or many > 1:
            _gauge_rows(view, analysis, key)
        if many > 1 and not compact:
            live_block(why, key=f"{key}-why")
        if many == 1 and not compact:
            left, right = st.columns([1, 1.25])
            with left:
                gauge_card(view, analysis, view.experiment.treatments[0], key)
            with right:
                live_block(why, key=f"{key}-why")


def _gauge_rows(view: LiveView, analysis: Analysis, key: str) -> None:
    treatments = view.experiment.treatments
    per_row = 2 if len(treatments) in {2, 4} else min(3, len(treatments))
    for first in range(0, len(treatments), per_row):
        row = treatments[first : first + per_row]
        for column, treatment in zip(st.columns(per_row), row, strict=False):
            with column:
                gauge_card(view, analysis, treatment, key)


def gauge_card(view: LiveView, analysis: Analysis, treatment: Variant, key: str) -> None:
    """The gauge of one treatment and what stands under it."""
    comparison = next((c for c in analysis.comparisons if c.treatment_key == treatment.key), None)
    if comparison is None:
        return
    value = comparison.evidence if isinstance(comparison, Estimate) else None
    name = arm_name(view.experiment, treatment.key)
    colours = theme(is_blue_orange=state.is_blue_orange())
    base = arm_name(view.experiment, comparison.control_key)
    muted = is_muted(analysis)
    place = view.experiment.variants.index(treatment)
    with st.container(border=True, key=f"{key}-gauge-{place}", height="stretch"):
        live_plot(
            lambda: gauge.figure(value, name=name, against=base, is_muted=muted, colours=colours),
            version=("gauge", value, name, base, muted, state.is_blue_orange()),
            key=f"{key}-dial-{place}",
            alt=gauge.alt(value, name),
            height=GAUGE_HEIGHT,
            name="significance gauge",
            zoomable=False,
        )
        live_block(_under(view, comparison), key=f"{key}-under-{place}")


def _under(view: LiveView, comparison: Comparison) -> Node:
    if not isinstance(comparison, Estimate):
        return div("line muted", needs(comparison))
    outlook = _outlook(view, comparison.treatment_key)
    return div("line", _progress(comparison), *_lines(view, comparison, outlook))


def _progress(estimate: Estimate) -> Node:
    share = min(1.0, estimate.progress)
    said = wording.percent(min(estimate.progress, 9.99), 0)
    return div(
        "line",
        div("", "Progress to the line: ", num(said, "|Z| over its critical value, at this moment")),
        div("track", span("fill", style=f"--size:{share:.3f}"), aria_hidden="true"),
    )


def _lines(view: LiveView, estimate: Estimate, outlook: Outlook | None) -> list[Node]:
    lines: list[Node] = []
    before = view.evidence_yesterday
    if before is not None and len(view.experiment.variants) == 2:
        was = wording.evidence(before, dialect="number")
        lines.append(div("muted", "A day ago ", num(was), ", now ",
                         num(wording.evidence(estimate.evidence, dialect="number"))))  # fmt: skip
    is_open = view.primary is not None and not view.primary.verdict.is_ready
    if is_open and outlook is not None and outlook.days_low is not None:
        more = wording.days_range(outlook.days_low, outlook.days_high)
        lines.append(
            div("muted", "About ", num(more, "even chance to 80 in 100"), " more to the line")
        )
    return lines


def _outlook(view: LiveView, key: str) -> Outlook | None:
    outlooks = view.forecast.outlooks if view.forecast else ()
    return next((o for o in outlooks if o.treatment_key == key), None)


def why_not_yet(view: LiveView, viewer: Viewer) -> Node | None:
    """Tick or ring, requirement, now and needed, expected when."""
    analysis = view.primary
    if analysis is None or not analysis.why_not_yet:
        return None
    title = "Why it is called" if analysis.verdict.is_ready else "Why not yet"
    return tag(
        "section",
        "card",
        tag("h2", "", title),
        tag("ul", "why", *(_requirement(view, r, viewer) for r in analysis.why_not_yet)),
        aria_label=title,
        style="display:flex;flex-direction:column;gap:.7rem",
    )


def _requirement(view: LiveView, requirement: Requirement, viewer: Viewer) -> Node:
    met = requirement.is_met
    mark = span("met" if met else "open", icon("check_circle" if met else "radio_button_unchecked"))
    sentence = requirement_line(
        requirement,
        view.experiment,
        server_now=view.server_time(viewer.now),
        zone=viewer.zone,
    )
    hidden = span("sr", "met: " if met else "open: ")
    return tag("li", "", mark, span("", hidden, *sentence_nodes(sentence, viewer)))
