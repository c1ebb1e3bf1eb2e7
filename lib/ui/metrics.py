"""Every metric beside the primary: the interval chart and the sortable table, problems as sentences."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import streamlit as st

from lib import wording
from lib.charts import intervals
from lib.charts.theme import theme
from lib.experiments.model import MetricRole
from lib.live.view import LiveView
from lib.stats.results import Analysis, Comparison, Estimate
from lib.ui.live_plot import plot_node
from lib.ui.markup import Node, div, tag
from lib.ui.shared import once_a_look
from lib.ui.viewer import Viewer
from lib.ui.words import STATES, arm_name, change_words, is_muted, needs, notice, value_words

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("metric", "role", "arm", "baseline", "value")]
    + [(name, pa.float64()) for name in ("change", "low", "high", "evidence")]
    + [("reading", pa.string())]
)
ROLES = {
    MetricRole.PRIMARY: "primary",
    MetricRole.SECONDARY: "secondary",
    MetricRole.GUARDRAIL: "guardrail",
}

INTERVAL_NOTE = (
    "Bar: the interval that holds at every look, at once. Thin line: valid for one look "
    "at the planned end only. Faint: not decided; strong: decided. Dot: observed."
)


def interval_chart(view: LiveView, viewer: Viewer, *, is_blue_orange: bool = False) -> Node | None:
    """One row per metric and arm on a shared axis."""
    rows = rows_of(view, viewer)
    if not rows:
        return None
    chart = plot_node(
        lambda: intervals.figure(rows, colours=theme(is_blue_orange=is_blue_orange)),
        version=("intervals", tuple(rows), is_blue_orange),
        key="interval-chart",
        alt=interval_words(rows),
        height=intervals.height(rows),
        name="intervals",
    )
    return div("card intervals", chart, div("muted small", INTERVAL_NOTE), data_key="intervals")


def rows_of(view: LiveView, viewer: Viewer) -> tuple[intervals.Row, ...]:
    """The rows of the chart, primary metric first, arms in configured order."""
    many = len(view.analyses) > 1
    return tuple(
        _row(view, analysis, place, comparison, viewer, is_named=many)
        for analysis in view.analyses
        for place, comparison in enumerate(analysis.comparisons, start=1)
    )


def _row(
    view: LiveView,
    analysis: Analysis,
    place: int,
    comparison: Comparison,
    viewer: Viewer,
    *,
    is_named: bool,
) -> intervals.Row:
    name = arm_name(view.experiment, comparison.treatment_key)
    label = f"{wording.bare_name(analysis.metric.name, 24)} · {name}" if is_named else name
    if not isinstance(comparison, Estimate):
        return intervals.Row(label=label, place=place, why=needs(comparison))
    if comparison.interval is None:
        return intervals.Row(label=label, place=place, why="the baseline's average is near zero")
    return intervals.Row(
        label=label,
        place=place,
        interval=comparison.interval,
        single_look=comparison.single_look,
        lift=comparison.lift,
        is_decided=comparison.evidence >= 0.95 and not is_muted(analysis),
        hover=hover_words(view, analysis, comparison, viewer),
    )


def hover_words(view: LiveView, analysis: Analysis, estimate: Estimate, viewer: Viewer) -> str:
    """Always in the same order: verdict, values, change, interval, evidence, visitors, moment."""
    metric = analysis.metric
    change, interval = change_words(metric, estimate)
    arms = {a.variant_key: a for a in analysis.arms}
    lines = [f"<b>{STATES[analysis.verdict.state][0]}</b>"]
    for key, value in (
        (estimate.treatment_key, estimate.treatment_value),
        (estimate.control_key, estimate.control_value),
    ):
        arm = arms[key]
        name = wording.html_name(arm_name(view.experiment, key), 40)
        counts = f"{wording.number(arm.total)} / {wording.count(arm.n)}"
        lines.append(f"{name}: {value_words(metric, value)} ({counts})")
    lines += [
        f"change: {change}, {interval}, valid at every look",
        f"evidence: {wording.evidence(estimate.evidence)}",
        f"data as of {wording.full_moment(analysis.snapshot.as_of, viewer.zone)}",
    ]
    return "<br>".join(lines)


def interval_words(rows: tuple[intervals.Row, ...]) -> str:
    """The chart in words."""
    said = []
    for row in rows:
        if row.interval is None:
            said.append(f"{row.label}: no interval, {row.why}")
            continue
        decided = "decided" if row.is_decided else "not decided"
        said.append(
            f"{row.label}: {wording.between(row.interval.low, row.interval.high)}, {decided}"
        )
    return "Change against the baseline. " + "; ".join(said) + "."


def metrics_head(view: LiveView) -> Node | None:
    """The table's heading and what could not be calculated; None when there is nothing but the primary."""
    problems = _problems(view)
    if not problems and not _others(view):
        return None
    return div("others", tag("h2", "", "Other metrics"), *problems, data_key="others")


def metrics_table(view: LiveView, viewer: Viewer, key: str) -> None:
    """All metrics but the primary; sort by any column. A metric without numbers says why."""
    others = _others(view)
    if others:
        st.dataframe(
            once_a_look(view, viewer, "table", lambda: table_of(view, others)),
            hide_index=True,
            key=f"{key}-table",
            height="content",
            column_config=_columns(),
            alt="Other metrics: baseline, value, change, interval and evidence per arm.",
        )


def _others(view: LiveView) -> list[Analysis]:
    return [a for a in view.analyses if a is not view.primary]


def _problems(view: LiveView) -> list[Node]:
    names = {m.id: wording.bare_name(m.name) for m in view.experiment.metrics}
    return [
        notice(f"{names.get(p.metric_id, 'A metric')}: {p.sentence}", "", "remove")
        for p in view.problems
    ]


def table_of(view: LiveView, analyses: list[Analysis]) -> pa.Table:
    """Columns: metric, role, arm, baseline, value, change, low, high (fractions), evidence (0..100), reading."""
    rows = [_cells(view, a, comparison) for a in analyses for comparison in a.comparisons]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _cells(view: LiveView, analysis: Analysis, comparison: Comparison) -> dict[str, Any]:
    metric = analysis.metric
    values = {a.variant_key: a.value for a in analysis.arms}
    cells: dict[str, Any] = {
        "metric": wording.bare_name(metric.name),
        "role": ROLES[metric.role],
        "arm": arm_name(view.experiment, comparison.treatment_key),
        "baseline": value_words(metric, values.get(comparison.control_key)),
        "value": value_words(metric, values.get(comparison.treatment_key)),
        "change": None,
        "low": None,
        "high": None,
        "evidence": None,
        "reading": "",
    }
    if not isinstance(comparison, Estimate):
        return cells | {"reading": needs(comparison)}
    cells["evidence"] = round(100 * wording.evidence_value(comparison.evidence), 2)
    cells["reading"] = change_words(metric, comparison)[1]
    if comparison.interval is not None:
        cells["change"] = comparison.lift
        cells["low"], cells["high"] = (
            end if math.isfinite(end) else None
            for end in (comparison.interval.low, comparison.interval.high)
        )
    return cells


def _columns() -> dict[str, Any]:
    column = st.column_config
    share = "percent"
    return {
        "metric": column.TextColumn("Metric", pinned=True),
        "role": column.TextColumn("Role"),
        "arm": column.TextColumn("Arm"),
        "baseline": column.TextColumn(
            "Baseline", help="value of the baseline arm, in the metric's unit"
        ),
        "value": column.TextColumn("Value", help="value of this arm, in the metric's unit"),
        "change": column.NumberColumn("Change", format=share, help="observed, of the baseline"),
        "low": column.NumberColumn("From", format=share, help="low end, valid at every look"),
        "high": column.NumberColumn("To", format=share, help="high end, valid at every look"),
        "evidence": column.ProgressColumn(
            "Evidence (0 to 100)", min_value=0, max_value=100, format="plain"
        ),
        "reading": column.TextColumn("Reading"),
    }
