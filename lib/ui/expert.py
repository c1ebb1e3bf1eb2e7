"""The expert panel: how each number is computed, beside the figures that hold for one look only.

Everything here can be copied as plain text. Also the panel that shows how often a rule would fool a reader
at this experiment's own traffic. Drawn on demand by ``lib.ui.live_panel``.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import wording
from lib.experiments.model import Reported
from lib.live.view import LiveView
from lib.stats.fooled import how_often_fooled
from lib.stats.results import Analysis, Comparison, Estimate
from lib.ui.live_block import live_block
from lib.ui.markup import Node, div, num, tag
from lib.ui.verdict import copy_button
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name, change_words, is_share, value_words

ONE_LOOK = "valid for one look at the planned end"
EVERY_LOOK = "valid at every look"
N_LOOKS, N_TESTS, SEED = 200, 400, 7
MOST_PER_ARM = 20_000
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
        return div("", tag("h2", "", name), div("muted", comparison.unblocked_by))
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
        ("Chance to be higher", wording.percent(e.chance_to_win, 1), ONE_LOOK,
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


def _posthog(analysis: Analysis, key: str) -> list[Line]:
    said = next((r for r in analysis.snapshot.reported if r.variant_key == key), None)
    if said is None:
        return []
    how = f"as PostHog reported it ({said.method})"
    lines: list[Line] = [("PostHog: significant", _flag(said), ONE_LOOK, how)]
    if said.chance_to_win is not None:
        shown = wording.percent(said.chance_to_win, 1)
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
    """No-difference tests at this experiment's rate and traffic: how often would each rule call one?"""
    analysis = view.primary
    rate, n = _traffic(analysis)
    if rate is None or n < 100:
        st.caption("This needs a rate and at least 100 visitors per arm.")
        return
    st.caption(
        f"{N_TESTS} made-up tests without any difference, at a rate of "
        f"{wording.percent(rate)} with {wording.count(n)} visitors per arm, looked at {N_LOOKS} times each."
    )
    if st.button("Run the tests", key=f"{key}-fool", icon=":material/play_arrow:"):
        st.session_state[f"{key}-fooled"] = True
    if st.session_state.get(f"{key}-fooled"):
        live_block(_fooled_table(*_fooled(round(rate, 4), n)), key=f"{key}-fooled-table")


def _traffic(analysis: Analysis | None) -> tuple[float | None, int]:
    """The baseline's rate and its visitors, rounded so that a tick does not start it anew."""
    if analysis is None or not is_share(analysis.metric) or not analysis.arms:
        return None, 0
    base = analysis.arms[0]
    step = 10 ** max(2, len(str(base.n)) - 2)
    return base.value, min(MOST_PER_ARM, base.n // step * step)


@st.cache_data(show_spinner="Running made-up tests ...", max_entries=64)
def _fooled(rate: float, n_per_arm: int) -> tuple[float, float, float, float]:
    found = how_often_fooled(rate, n_per_arm, N_LOOKS, seed=SEED, n_tests=N_TESTS)
    return found.plain, found.posthog, found.ours, found.seconds


def _fooled_table(plain: float, posthog: float, ours: float, seconds: float) -> Node:
    rows = (
        ("p below 0.05 at any look", plain),
        ("PostHog's flag at any look", posthog),
        ("The line of this page", ours),
    )
    body = [
        tag("tr", "", tag("td", "", label), tag("td", "", num(wording.percent(share, 1))),
            tag("td", "", wording.odds(share)))
        for label, share in rows
    ]  # fmt: skip
    took = wording.decimal(seconds, 1)
    return div(
        "scroll",
        tag("table", "", tag("tbody", "", *body)),
        div(
            "muted small", f"Computed just now in {took} s, the same every time: the seed is fixed."
        ),
    )
