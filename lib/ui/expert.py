"""The expert panel: how each number is computed, beside the figures that hold for one look only.

Everything here can be copied as plain text. Also the panel that shows how often a rule would fool a reader
at this experiment's own traffic. Drawn on demand by ``lib.ui.live_panel``.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import wording
from lib.experiments.model import MetricKind, Reported
from lib.live.view import LiveView
from lib.stats.fooled import Fooled, how_often_fooled
from lib.stats.results import Analysis, Comparison, Estimate
from lib.ui import state
from lib.ui.live_block import live_block
from lib.ui.markup import Node, div, num, tag
from lib.ui.verdict import copy_button
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name, change_words, is_share, needs, value_words

ONE_LOOK = "valid for one look at the planned end"
EVERY_LOOK = "valid at every look"
N_LOOKS, N_TESTS, SEED = 1_000, 400, 7
LEAST_PER_ARM, MOST_PER_ARM = 100, 1_000_000
SURE = 0.001
Line = tuple[str, str, str, str]


def expert_panel(view: LiveView, viewer: Viewer, key: str) -> None:
    """One table per treatment: figure, value, when it is valid, formula."""
    analysis = view.primary
    if analysis is None:
        return
    blocks = [_arm_block(view, analysis, comparison, viewer) for comparison in analysis.comparisons]
    live_block(*blocks, key=f"{key}-expert")


def _arm_block(view: LiveView, analysis: Analysis, comparison: Comparison, viewer: Viewer) -> Node:
    name = arm_name(view.experiment, comparison.treatment_key)
    if not isinstance(comparison, Estimate):
        return div("", tag("h2", "", name), div("muted", needs(comparison)))
    lines = lines_of(analysis, comparison)
    inputs = inputs_of(view, analysis, comparison, viewer)
    table = _table(lines)
    copied = f"{name}\n{inputs}\n" + "\n".join(" | ".join(line) for line in lines)
    return tag(
        "section", "",
        div("top", tag("h2", "", name), copy_button(copied)),
        div("muted small", inputs),
        div("scroll", table),
        style="display:flex;flex-direction:column;gap:.5rem",
    )  # fmt: skip


def _table(lines: Sequence[Line]) -> Node:
    heads = ("Figure", "Value", "Holds", "How it is computed")
    return tag(
        "table", "",
        tag("thead", "", tag("tr", "", *(tag("th", "", h, scope="col") for h in heads))),
        tag(
            "tbody", "",
            *(
                tag("tr", "", tag("td", "", label), tag("td", "", num(value)),
                    tag("td", "muted", holds), tag("td", "muted", how))
                for label, value, holds, how in lines
            ),
        ),
    )  # fmt: skip


def inputs_of(view: LiveView, analysis: Analysis, estimate: Estimate, viewer: Viewer) -> str:
    """The totals everything is computed from, and their moment."""
    parts = []
    for key in (estimate.control_key, estimate.treatment_key):
        totals = analysis.snapshot.of(key)
        if totals is None:
            continue
        sums = f"n = {wording.count(totals.n)}, sum = {wording.number(totals.total)}"
        if not is_share(analysis.metric):
            sums += f", sum of squares = {wording.number(totals.total_sq)}"
        parts.append(f"{arm_name(view.experiment, key)}: {sums}")
    at = wording.full_moment(analysis.snapshot.as_of, viewer.zone)
    return "; ".join(parts) + f"; data as of {at}"


def lines_of(analysis: Analysis, e: Estimate) -> list[Line]:
    """Ours first, then what holds for one look only, then PostHog's own."""
    metric = analysis.metric
    change, interval = change_words(metric, e)
    lines: list[Line] = [
        ("Value, this arm", value_words(metric, e.treatment_value), "", "total over visitors"),
        ("Value, baseline", value_words(metric, e.control_value), "", "total over visitors"),
        ("Change", change, "", "value over baseline, minus one"),
        ("Interval", interval, EVERY_LOOK, "score interval at the always-valid critical value"),
        ("Evidence", wording.evidence(e.evidence), EVERY_LOOK,
         "100 times one minus the always-valid p, Holm over the arms; it never falls"),
        ("Always-valid p", wording.p(e.p_always), EVERY_LOOK, "running minimum of the p of each moment"),
        ("p of this moment", wording.p(e.p_now), EVERY_LOOK, "from |Z| and the boundary; may rise again"),
        ("Z and its line", f"{wording.decimal(e.z, 2, sign=True)} of {wording.decimal(e.z_crit, 2)}",
         EVERY_LOOK, "difference over its pooled standard error; boundary at the spending time"),
        ("Fixed-horizon p", wording.p(e.p_value), ONE_LOOK, "two-sided test, no correction for looking"),
        ("Chance to be higher", chance_words(e.chance_to_win), ONE_LOOK,
         "flat prior: chance that this arm's value is above the baseline's"),
    ]  # fmt: skip
    if e.likely_lift is not None:
        shown = wording.signed_percent(e.likely_lift)
        lines.append(
            ("Likely lift", shown, "", "posterior mean under a prior centred on no change")
        )
    if e.single_look is not None:
        ends = wording.between(e.single_look.low, e.single_look.high)
        lines.append(
            ("Single-look interval", ends, ONE_LOOK, "the same at the usual critical value")
        )
    if e.variance_reduction:
        shown = wording.percent(e.variance_reduction, 0)
        lines.append(("Variance removed", shown, "", "CUPED, from before the experiment"))
    return lines + _posthog(analysis, e.treatment_key)


def chance_words(chance: float) -> str:
    """A chance as percent; never rounded to certainty."""
    if 0 < chance < SURE or 1 - SURE < chance < 1:
        edge = wording.percent(SURE if chance < 0.5 else 1 - SURE, 1)
        return f"below {edge}" if chance < 0.5 else f"above {edge}"
    return wording.percent(chance, 1)


def _posthog(analysis: Analysis, key: str) -> list[Line]:
    said = next((r for r in analysis.snapshot.reported if r.variant_key == key), None)
    if said is None:
        return []
    how = f"as PostHog reported it ({said.method})"
    lines: list[Line] = [("PostHog: significant", _flag(said), ONE_LOOK, how)]
    if said.chance_to_win is not None:
        shown = chance_words(said.chance_to_win)
        lines.append(("PostHog: chance to win", shown, ONE_LOOK, how))
    if said.p_value is not None:
        lines.append(("PostHog: p", wording.p(said.p_value), ONE_LOOK, how))
    if said.interval is not None:
        lines.append(("PostHog: interval", wording.between(*said.interval), ONE_LOOK, how))
    return lines


def _flag(said: Reported) -> str:
    if said.significant is None:
        return wording.UNKNOWN
    return "yes" if said.significant else "no"


def fooled_panel(view: LiveView, key: str) -> None:
    """No-difference tests at this experiment's rate and plan: how often would each rule call one?"""
    analysis = view.primary
    if analysis is None or not analysis.arms:
        return
    rate, n = traffic(analysis)
    about = "normal values" if rate is None else f"a rate of {wording.percent(rate)}"
    st.caption(
        f"{N_TESTS} made-up tests without any difference, with {about} and {wording.count(n)} visitors "
        f"per arm over the whole plan, looked at {wording.count(N_LOOKS)} times each."
    )
    if st.button("Run the tests", key=f"{key}-fool", icon=":material/play_arrow:"):
        state.ask_fooled(key)
    if state.is_fooled_asked(key):
        live_block(_fooled_table(_fooled(rate, n)), key=f"{key}-fooled-table")


def traffic(analysis: Analysis) -> tuple[float | None, int]:
    """The baseline's rate (None for means) and planned visitors per arm, rounded: a tick starts nothing anew."""
    base = analysis.arms[0]
    planned = analysis.plan.n_per_arm[0] if analysis.plan else base.n
    step = 10 ** max(2, len(str(round(planned))) - 2)
    n = min(MOST_PER_ARM, max(LEAST_PER_ARM, round(planned / step) * step))
    rate = base.value if analysis.metric.kind is MetricKind.FUNNEL else None
    return (None if rate is None else float(f"{rate:.2g}")), n


@st.cache_data(show_spinner="Running made-up tests ...", max_entries=64)
def _fooled(rate: float | None, n_per_arm: int) -> Fooled:
    return how_often_fooled(rate, n_per_arm, N_LOOKS, seed=SEED, n_tests=N_TESTS)


def _fooled_table(found: Fooled) -> Node:
    rows = (
        ("p below 0.05 at any look", found.plain),
        ("PostHog's flag at any look", found.posthog),
        ("The line of this page", found.ours),
    )
    body = [
        tag("tr", "", tag("th", "", label, scope="row"), tag("td", "", num(wording.percent(share, 1))),
            tag("td", "", f"{wording.count(round(share * found.n_tests))} of {found.n_tests} tests"))
        for label, share in rows
    ]  # fmt: skip
    took = wording.decimal(found.seconds, 1)
    return div(
        "",
        div("", "Called although there was no difference:"),
        div("scroll", tag("table", "", tag("tbody", "", *body))),
        div(
            "muted small",
            f"Simulated in {took} s; the seed is fixed, so the answer stays the same.",
        ),
    )
