"""The fact sheet: every number that may be said about one metric, as a Fact with its meaning.

Called by ``sentences``, by the copilot's tools and by the memo. It computes nothing but differences and
shares: all other values come from ``lib.stats``. Ids name an arm by its place, 0 is the baseline: ``lift.1``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import combinations

from lib import wording
from lib.commentary.grounds import phrase
from lib.commentary.ledger import Ledger
from lib.commentary.timing import add_forecast, add_plan, add_times
from lib.experiments.facts import Fact, FactRole
from lib.experiments.model import Experiment, Metric, MetricKind, Totals, Variant
from lib.stats.results import Analysis, ArmReading, Estimate, Forecast, Interval

RATE_KINDS = {MetricKind.FUNNEL, MetricKind.RETENTION}
PER_BASE = {MetricKind.RATIO, MetricKind.RETENTION}
LINE = wording.CALL_LINE
BILLION = 1e9


def facts_of(
    experiment: Experiment,
    analysis: Analysis | None,
    forecast: Forecast | None = None,
    *,
    server_now: datetime,
    lang: str = "en",
    others: Sequence[Analysis] = (),
    zone: tzinfo = UTC,
    prefix: str = "",
) -> tuple[Fact, ...]:
    """Every computed number of an experiment, ready to be said.

    Args:
        experiment: as configured.
        analysis: of the primary metric, None before there is one.
        forecast: of the primary metric.
        server_now: the server's clock, for ages and days left.
        lang: en, de, fr or es, for ``shown`` and ``definition``.
        others: analyses of further metrics; their ids begin with their place, ``2:lift.1``.
        zone: the reader's, for dates and clock times.
        prefix: put before every id, for sheets of several experiments.
    """
    sheet = Ledger(experiment, lang=lang, zone=zone, prefix=prefix, server_now=server_now)
    add_times(sheet, analysis)
    if analysis is not None:
        sheet.turn_to(analysis, "")
        _add_metric(sheet, analysis)
        add_plan(sheet, analysis)
        if forecast is not None:
            add_forecast(sheet, analysis, forecast)
    for place, other in enumerate((o for o in others if o is not analysis), start=2):
        sheet.turn_to(other, f"{place}:")
        _add_metric(sheet, other)
    return sheet.facts


def is_rate(metric: Metric) -> bool:
    """Whether the metric's value is a share of visitors, so that differences are points."""
    return metric.kind in RATE_KINDS


def name_of(variant: Variant) -> str:
    """What a reader calls an arm: its name, else its key; cleaned, since it comes from outside."""
    return wording.bare_name(variant.name or variant.key)


def names_of(experiment: Experiment) -> dict[str, str]:
    """What text may call things: arms to keys, metrics to ``metric:ID``, names to ``experiment:ID``."""
    names = {experiment.name: f"experiment:{experiment.id}"}
    if experiment.flag_key:
        names[experiment.flag_key] = f"experiment:{experiment.id}"
    names |= {metric.name: f"metric:{metric.id}" for metric in experiment.metrics}
    for variant in experiment.variants:
        names |= {label: variant.key for label in (variant.name, variant.key) if label}
    return {wording.bare_name(label): target for label, target in names.items() if label.strip()}


def _add_metric(sheet: Ledger, analysis: Analysis) -> None:
    _add_totals(sheet, analysis)
    for place, arm in enumerate(analysis.arms):
        _add_arm(sheet, place, arm, analysis)
    for first, second in combinations(range(len(analysis.arms)), 2):
        _add_gaps(sheet, first, second, analysis)
    for place, comparison in enumerate(analysis.comparisons, start=1):
        if isinstance(comparison, Estimate):
            _add_estimate(sheet, place, comparison, analysis)
    _add_balance(sheet, analysis)
    _add_calls(sheet, analysis)


def _add_totals(sheet: Ledger, analysis: Analysis) -> None:
    if analysis.clocks is not None:
        sheet.mention("spent", wording.percent(analysis.clocks.s, 0, lang=sheet.lang))
    n = sum(arm.n for arm in analysis.arms)
    sheet.count("n_total", n, "traffic")
    sheet.count("arms", len(analysis.arms), "arms")
    sheet.count("metrics", len(sheet.experiment.metrics), "metrics")
    if is_rate(analysis.metric) and analysis.metric.kind is MetricKind.FUNNEL:
        converted = sum(arm.total for arm in analysis.arms)
        sheet.count("conversions_total", converted, "conversions")
        if n:
            sheet.rate("rate_overall", converted / n, "rate")
    if analysis.snapshot.n_excluded:
        sheet.count("excluded", analysis.snapshot.n_excluded, "excluded")
    sheet.rate("line", LINE, "evidence", shown=sheet.evidence_words(LINE), role=FactRole.THRESHOLD)
    sheet.rate("alpha", round(1 - LINE, 6), "alpha", digits=0, role=FactRole.THRESHOLD)
    sheet.rate("level", LINE, "interval", digits=0, role=FactRole.THRESHOLD)


def _add_arm(sheet: Ledger, place: int, arm: ArmReading, analysis: Analysis) -> None:
    at, key = str(place), arm.variant_key
    sheet.count(f"n.{at}", arm.n, "traffic", key)
    if analysis.metric.kind is MetricKind.FUNNEL:
        sheet.count(f"conversions.{at}", arm.total, "conversions", key)
        sheet.count(f"others.{at}", arm.n - arm.total, "others", key)
    elif analysis.metric.kind is not MetricKind.RETENTION:
        sheet.number(f"total.{at}", arm.total, "total", key, shown=_total(arm.total, sheet.lang))
    if arm.value is not None:
        if is_rate(analysis.metric):
            sheet.rate(f"rate.{at}", arm.value, "rate", key)
        else:
            sheet.number(f"rate.{at}", arm.value, "rate", key)
    for step, reached in enumerate(arm.steps, start=1):
        sheet.rate(f"step{step}.{at}", reached, "step", key)
    _mention_sums(sheet, at, analysis.snapshot.of(key), analysis.metric)
    if arm.share is not None:
        is_off = analysis.balance is not None and analysis.balance.is_off
        digits = wording.digits_apart(arm.share, arm.planned_share) if is_off else 1
        sheet.rate(f"share.{at}", arm.share, "split", key, digits=digits)
    digits = min(1, wording.significant_tail(arm.planned_share))
    sheet.rate(
        f"planned_share.{at}",
        arm.planned_share,
        "split",
        key,
        digits=digits,
        role=FactRole.THRESHOLD,
    )


def _mention_sums(sheet: Ledger, at: str, sums: Totals | None, metric: Metric) -> None:
    """What values rest on and no reader is told as a figure of its own."""
    if sums is None:
        return
    for step, reached in enumerate(sums.steps, start=1):
        sheet.mention(f"step{step}_n.{at}", wording.count(reached, lang=sheet.lang))
    if metric.kind in PER_BASE and sums.base_total is not None:
        sheet.mention(f"sum.{at}", _total(sums.total, sheet.lang))
        sheet.mention(f"base.{at}", _total(sums.base_total, sheet.lang))


def _total(value: float, lang: str) -> str:
    return (
        wording.count(value, lang=lang) if abs(value) >= 1000 else wording.number(value, lang=lang)
    )


def _add_gaps(sheet: Ledger, first: int, second: int, analysis: Analysis) -> None:
    a, b = analysis.arms[first], analysis.arms[second]
    at = f"{first}-{second}"
    more = (b if b.n > a.n else a).variant_key
    won = (b if b.total > a.total else a).variant_key
    sheet.count(f"n_gap.{at}", abs(b.n - a.n), "traffic", more, role=FactRole.DIFF)
    if analysis.metric.kind is MetricKind.FUNNEL:
        sheet.count(
            f"conversions_gap.{at}", abs(b.total - a.total), "conversions", won, role=FactRole.DIFF
        )
    if first and a.value is not None and b.value is not None and is_rate(analysis.metric):
        higher = (b if b.value > a.value else a).variant_key
        gap = abs(b.value - a.value)
        sheet.points(f"rate_gap.{at}", gap, "difference", higher, role=FactRole.DIFF)


def _add_estimate(sheet: Ledger, place: int, one: Estimate, analysis: Analysis) -> None:
    at, key = str(place), one.treatment_key
    _add_difference(sheet, at, one, rate=is_rate(analysis.metric))
    if one.lift is not None:
        _add_lift(sheet, at, one)
    if one.likely_lift is not None:
        digits = _likely_digits(one.likely_interval)
        sheet.lift(f"likely.{at}", one.likely_lift, "likely", key, digits=digits)
        _add_ends(sheet, "likely", at, one.likely_interval, topic="likely", key=key)
    _add_ends(sheet, "single", at, one.single_look, topic="single look", key=key)
    _add_evidence(sheet, at, one)
    sheet.p(f"p_value.{at}", one.p_value, "p one look", key)
    sheet.rate(f"win.{at}", one.chance_to_win, "win one look", key, digits=1)
    sheet.rate(
        f"wrong.{at}", one.chance_wrong, "risk", key, shown=sheet.odds_words(one.chance_wrong)
    )
    for kind, loss in (("loss_ship", one.loss_ship), ("loss_keep", one.loss_keep)):
        if math.isfinite(loss):
            shown = wording.percent(loss, 2, lang=sheet.lang)
            sheet.rate(f"{kind}.{at}", loss, "loss", key, shown=shown)
    if one.variance_reduction > 0:
        sheet.rate(f"cuped.{at}", one.variance_reduction, "cuped", key, digits=0)


def _likely_digits(ends: Interval | None) -> int:
    return 0 if ends is None else wording.likely_digits(ends.low, ends.high)


def _add_difference(sheet: Ledger, at: str, one: Estimate, *, rate: bool) -> None:
    key, ends = one.treatment_key, one.difference_interval
    if rate:
        digits = max(1, min(4, wording.significant(100 * (ends.high - ends.low), 2)))
        sheet.points(f"diff.{at}", one.difference, "difference", key)
        sheet.points(f"diff_low.{at}", ends.low, "difference", key, digits, role=FactRole.BOUND)
        sheet.points(f"diff_high.{at}", ends.high, "difference", key, digits, role=FactRole.BOUND)
        return
    digits = wording.significant(ends.high - ends.low, 2)
    for stem, value in (("diff", one.difference), ("diff_low", ends.low), ("diff_high", ends.high)):
        role = FactRole.VALUE if stem == "diff" else FactRole.BOUND
        shown = wording.number(value, digits, lang=sheet.lang, sign=True)
        sheet.number(f"{stem}.{at}", value, "difference", key, shown=shown, role=role)


def _add_lift(sheet: Ledger, at: str, one: Estimate) -> None:
    assert one.lift is not None  # noqa: S101  # the caller looked; this is for the type checker
    ends = one.interval
    digits = wording.lift_digits(ends.low, ends.high) if ends else 1
    key = one.treatment_key
    sheet.lift(f"lift.{at}", one.lift, "lift", key, digits=digits)
    lead = wording.signed_percent(one.lift, digits, lang=sheet.lang).lstrip("+\u2212")
    sheet.lift(f"lead.{at}", abs(one.lift), "lead", key, shown=lead, role=FactRole.DIFF)
    _add_ends(sheet, "lift", at, ends, topic="interval", key=key)


def _add_ends(
    sheet: Ledger, stem: str, at: str, ends: Interval | None, *, topic: str, key: str
) -> None:
    """Both ends of an interval of a lift, unless they are open."""
    if ends is None:
        return
    low, high = ends.low, ends.high
    digits = wording.end_digits(low, high)
    if low > -1:
        sheet.lift(f"{stem}_low.{at}", low, topic, key, digits=digits, role=FactRole.BOUND)
    if math.isfinite(high):
        sheet.lift(f"{stem}_high.{at}", high, topic, key, digits=digits, role=FactRole.BOUND)


def _add_evidence(sheet: Ledger, at: str, one: Estimate) -> None:
    key = one.treatment_key
    shown = wording.evidence_value(one.evidence)
    sheet.evidence(f"evidence.{at}", one.evidence, key)
    sheet.evidence(f"evidence_now.{at}", one.evidence_now, key)
    sheet.mention(f"p_now.{at}", wording.p(one.p_now, lang=sheet.lang))
    if shown < LINE:
        gap = wording.decimal(
            100 * (LINE - shown), wording.significant_tail(LINE - shown), lang=sheet.lang
        )
        sheet.number(
            f"evidence_gap.{at}",
            100 * (LINE - shown),
            "evidence",
            key,
            shown=gap,
            role=FactRole.DIFF,
        )
    sheet.rate(f"progress.{at}", one.progress, "progress", key, digits=0)
    sheet.p(f"p_always.{at}", one.p_always, "p always", key)
    sheet.number(f"z.{at}", one.z, "z", key, shown=wording.number(one.z, 2, lang=sheet.lang))
    sheet.number(
        f"z_crit.{at}",
        one.z_crit,
        "z",
        key,
        shown=wording.number(one.z_crit, 2, lang=sheet.lang),
        role=FactRole.THRESHOLD,
    )


def _add_balance(sheet: Ledger, analysis: Analysis) -> None:
    if analysis.balance is None:
        return
    balance = analysis.balance
    sheet.p("balance_p", balance.p_always, "balance p")
    once = min(BILLION, 1 / max(balance.p_always, 1e-12))
    size = 10.0 ** math.floor(math.log10(once))
    once = math.floor(once / size + 1e-9) * size
    if once > 1:
        sheet.count("balance_once", once, "balance", role=FactRole.THRESHOLD)


def _add_calls(sheet: Ledger, analysis: Analysis) -> None:
    places = {arm.variant_key: place for place, arm in enumerate(analysis.arms)}
    for call in analysis.calls:
        at = places.get(call.treatment_key)
        if at is None:
            continue
        key = call.treatment_key
        sheet.moment("call", f".{at}", call.as_of, "call", key)
        sheet.evidence(f"call_evidence.{at}", call.evidence, key, topic="evidence")
        if call.withdrawn_at is not None:
            sheet.moment("withdrawn", f".{at}", call.withdrawn_at, "withdrawn", key)
            because = phrase(f"because_{call.withdrawn_because}", sheet.lang)
            if because:
                sheet.mention(f"because.{at}", because)
        ends = None
        if call.low is not None and call.high is not None:
            ends = Interval(low=call.low, high=call.high)
        if call.lift is not None:
            digits = wording.lift_digits(ends.low, ends.high) if ends else 1
            sheet.lift(f"call_lift.{at}", call.lift, "lift", key, digits=digits, as_of=call.as_of)
        _add_ends(sheet, "call", str(at), ends, topic="interval", key=key)


def age_of(moment: datetime | None, now: datetime) -> timedelta | None:
    """Time since ``moment``, never negative."""
    return None if moment is None else max(now - moment, timedelta(0))
