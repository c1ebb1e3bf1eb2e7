"""The variant cards, in configured order, the baseline first and labelled. Pure: a view in, nodes out."""

from __future__ import annotations

from lib import wording
from lib.charts.theme import DARK, LIGHT
from lib.live.view import LiveView
from lib.stats.results import Analysis, ArmReading, Comparison, Estimate
from lib.ui.figures import Figures, change_id
from lib.ui.markup import Node, chip, div, span, tag
from lib.ui.words import arm_chip, arm_name, change_words, is_muted, is_share, value_words

SMALLEST_SPAN = 0.02


def arm_cards(view: LiveView, figures: Figures) -> Node | None:
    """One card an arm; three or more wrap. None while the primary metric has no numbers."""
    analysis = view.primary
    if analysis is None:
        return None
    edge = _edge(analysis)
    return div(
        "cards five" if len(analysis.arms) == 5 else "cards",
        *(
            _card(view, analysis, arm, place, edge=edge, figures=figures)
            for place, arm in enumerate(analysis.arms)
        ),
    )  # fmt: skip


def arm_colour(place: int) -> str:
    """The arm's colour in both themes, for the style sheet."""
    return f"light-dark({LIGHT.arm(place)}, {DARK.arm(place)})"


def _card(
    view: LiveView,
    analysis: Analysis,
    arm: ArmReading,
    place: int,
    *,
    edge: float,
    figures: Figures,
) -> Node:
    label = chip("Baseline", "outline") if place == 0 else None
    comparison = None if place == 0 else _comparison(analysis, arm.variant_key)
    return tag(
        "section",
        "card arm",
        div(
            "head",
            tag("bdi", "name", arm_name(view.experiment, arm.variant_key)),
            label,
            arm_chip(analysis, arm.variant_key),
        ),
        div(
            "big",
            figures.number(
                f"rate.{place}", value_words(analysis.metric, arm.value), analysis.metric.name
            ),
        ),
        div("muted small", *_counts(analysis, arm, place, figures)),
        *([] if comparison is None else _change(analysis, comparison, edge, place, figures)),
        style=f"--arm: {arm_colour(place)}",
    )


def _comparison(analysis: Analysis, key: str) -> Comparison | None:
    return next((c for c in analysis.comparisons if c.treatment_key == key), None)


def _counts(analysis: Analysis, arm: ArmReading, place: int, figures: Figures) -> list[Node]:
    """Conversions / visitors, or the total they make, and the share of all visitors."""
    n = figures.number(f"n.{place}", wording.count(arm.n), "visitors of this arm")
    totals = analysis.snapshot.of(arm.variant_key)
    if is_share(analysis.metric):
        of = totals.base_total if totals is not None and totals.base_total is not None else arm.n
        words: list[Node] = [
            figures.number(f"conversions.{place}", wording.count(arm.total), "visitors who converted"),
            " / ",
            figures.number(f"n.{place}" if of == arm.n else "", wording.count(of), "visitors counted"),
        ]  # fmt: skip
    else:
        total = figures.number(f"total.{place}", wording.number(arm.total))
        words = ["total ", total, " from ", n, " visitors"]
    if arm.share is not None:
        planned = wording.percent(arm.planned_share)
        words += [
            " · ",
            figures.number(f"share.{place}", wording.percent(arm.share), f"planned {planned}"),
            " of visitors",
        ]
    return words


def _change(
    analysis: Analysis, comparison: Comparison, edge: float, place: int, figures: Figures
) -> list[Node | None]:
    change, interval = change_words(analysis.metric, comparison)
    if not isinstance(comparison, Estimate):
        return [div("", span("muted", f"{change}  {interval}"))]
    decided = comparison.evidence >= 0.95 and not is_muted(analysis)
    return [
        div(
            "doubted" if is_muted(analysis) else "",
            tag(
                "strong",
                "",
                figures.number(
                    change_id(comparison, place), change, "observed change against the baseline"
                ),
            ),
            " ",
            span(
                "muted small",
                figures.number(
                    change_id(comparison, place, "_low"),
                    interval,
                    "always-valid 95 in 100 interval",
                ),
            ),
        ),
        _whisker(comparison, edge, is_decided=decided),
    ]


def _whisker(estimate: Estimate, edge: float, *, is_decided: bool) -> Node | None:
    """The interval as a small bar around zero, on one scale for all cards; said in words above it."""
    if estimate.interval is None or estimate.lift is None:
        return None
    low, high, at = (
        0.5 + 0.5 * max(-1.0, min(1.0, x / edge))
        for x in (estimate.interval.low, estimate.interval.high, estimate.lift)
    )
    return div(
        f"whisker {'decided' if is_decided else ''}".strip(),
        span("bar", style=f"--from:{low:.3f};--size:{high - low:.3f}"),
        span("zero"),
        span("at", style=f"--from:{at:.3f}"),
        aria_hidden="true",
    )


def _edge(analysis: Analysis) -> float:
    reach = [SMALLEST_SPAN]
    for estimate in analysis.estimates:
        if estimate.interval is not None:
            ends = (abs(estimate.interval.low), abs(estimate.interval.high))
            reach.append(min(max(ends), 3 * min(ends) + abs(estimate.lift or 0) + SMALLEST_SPAN))
    return 1.1 * max(reach)
