"""One significance gauge per treatment, its progress to the line, and the why-not-yet list.

The gauge says how much evidence there is, never which way it points. Pure: a view in, nodes out, drawn by
``lib.ui.live_panel``.
"""

from __future__ import annotations

from lib import wording
from lib.charts import gauge
from lib.charts.theme import theme
from lib.commentary.sentences import requirement_line
from lib.experiments.model import Variant
from lib.live.view import LiveView
from lib.stats.results import Analysis, Comparison, Estimate, Outlook, Requirement
from lib.ui.figures import Figures
from lib.ui.live_plot import plot_node
from lib.ui.markup import Node, div, icon, num, span, tag
from lib.ui.sentences import sentence_nodes
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name, is_muted, needs

GAUGE_HEIGHT = 196


def evidence_panel(
    view: LiveView,
    viewer: Viewer,
    figures: Figures,
    *,
    compact: bool = False,
    is_blue_orange: bool = False,
) -> Node | None:
    """Gauges beside the list; with several treatments the gauges come in rows above it. ``compact``: no list."""
    analysis = view.primary
    if analysis is None or not analysis.comparisons:
        return None
    many = len(view.experiment.treatments)
    cards = [
        gauge_card(view, analysis, treatment, figures, is_blue_orange=is_blue_orange)
        for treatment in view.experiment.treatments
    ]
    if compact:
        return _gauge_rows(cards, many)
    why = why_not_yet(view, viewer)
    if many > 1:
        return div("evidence", _gauge_rows(cards, many), why, data_key="evidence")
    return div("evidence beside", *cards, why, data_key="evidence")


def _gauge_rows(cards: list[Node | None], many: int) -> Node:
    per_row = 2 if many in {2, 4} else min(3, many)
    return div("gauges", *cards, style=f"--n:{per_row}", data_key="gauges")


def gauge_card(
    view: LiveView,
    analysis: Analysis,
    treatment: Variant,
    figures: Figures,
    *,
    is_blue_orange: bool = False,
) -> Node | None:
    """The gauge of one treatment and what stands under it."""
    comparison = next((c for c in analysis.comparisons if c.treatment_key == treatment.key), None)
    if comparison is None:
        return None
    value = comparison.evidence if isinstance(comparison, Estimate) else None
    name = arm_name(view.experiment, treatment.key)
    colours = theme(is_blue_orange=is_blue_orange)
    base = arm_name(view.experiment, comparison.control_key)
    muted = is_muted(analysis)
    place = view.experiment.variants.index(treatment)
    dial = plot_node(
        lambda: gauge.figure(value, name=name, against=base, is_muted=muted, colours=colours),
        version=("gauge", value, name, base, muted, is_blue_orange),
        key=f"dial-{place}",
        alt=gauge.alt(value, name),
        height=GAUGE_HEIGHT,
        name="significance gauge",
        zoomable=False,
    )
    under = _under(view, comparison, place, figures)
    return div("card gauge", dial, under, data_key=f"gauge-{place}")


def _under(view: LiveView, comparison: Comparison, place: int, figures: Figures) -> Node:
    if not isinstance(comparison, Estimate):
        return div("under muted", needs(comparison))
    outlook = _outlook(view, comparison.treatment_key)
    lines = _lines(view, comparison, outlook, place, figures)
    return div("under", _progress(comparison, place, figures), *lines)


def _progress(estimate: Estimate, place: int, figures: Figures) -> Node:
    share = min(1.0, estimate.progress)
    said = wording.percent(min(estimate.progress, 9.99), 0)
    return div(
        "under",
        div("", "Progress to the line: ", figures.number(f"progress.{place}", said)),
        div("track", span("fill", style=f"--size:{share:.3f}"), aria_hidden="true"),
    )


def _lines(
    view: LiveView,
    estimate: Estimate,
    outlook: Outlook | None,
    place: int,
    figures: Figures,
) -> list[Node]:
    lines: list[Node] = []
    before = view.evidence_yesterday
    if before is not None and len(view.experiment.variants) == 2:
        was = wording.evidence(before, dialect="number")
        now = wording.evidence(estimate.evidence, dialect="number")
        now_node = figures.number(f"evidence.{place}", now)
        lines.append(div("muted", "A day ago ", num(was), ", now ", now_node))
    is_open = view.primary is not None and not view.primary.verdict.is_ready
    if is_open and outlook is not None and outlook.days_low is not None:
        more = wording.days_range(outlook.days_low, outlook.days_high)
        lines.append(
            div("muted", "About ", figures.number(f"wait_low.{place}", more), " more to the line")
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
