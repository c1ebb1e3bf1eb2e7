"""Questions about another metric than the primary, by rules. Used by ``lib.copilot.answerer`` alone.

What such a metric shows is told with its own numbers. What can be told for the primary only (what if, history) is told
for the primary, and a sentence says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lib.copilot.desk import Asking, Findings, Panel
from lib.copilot.lexicon import Intent, fold, lexicon
from lib.copilot.metric_names import GUARDRAIL, METRIC, Named, metrics_in
from lib.copilot.question import Asked, Context, understand
from lib.copilot.teller import plain
from lib.copilot.tools_metric import led_by_note, metric_results, other_metrics, which_metric
from lib.experiments.model import Experiment, Metric

PRESENT = {
    Intent.RESULTS, Intent.COMPARE, Intent.NOTHING, Intent.UNAVAILABLE, Intent.EXPLAIN, Intent.WHY_NOT,
    Intent.FORECAST, Intent.ABOUT, Intent.HEALTH, Intent.PROJECTION,
}  # fmt: skip
PRIMARY_ONLY = {
    Intent.HISTORY, Intent.CHANGES, Intent.WAIT, Intent.END_NOW, Intent.TRAFFIC, Intent.EFFECT, Intent.LOSS,
}  # fmt: skip
ORDERS = {Intent.WRITE}  # "Add to cart?" is none
LISTED = {Intent.RESULTS, Intent.COMPARE, Intent.NOTHING, Intent.UNAVAILABLE, Intent.LIST}
Answered = tuple[Findings, str]
AboutOne = Callable[[Asking, Asked, Experiment], Answered]


def find(ask: Asking, asked: Asked, before: Context, about_one: AboutOne) -> Answered | None:
    """The answer when a question names another metric, or asks for all of them; None when it does neither.

    Args:
        ask: where to read.
        asked: the question as understood.
        before: what was talked about.
        about_one: answers a question about the primary.
    """
    if asked.intent not in PRESENT | PRIMARY_ONLY | LISTED | ORDERS or len(asked.mention.fits) > 1:
        return None
    one = _experiment(ask, asked, before)
    named = Named() if one is None else metrics_in(asked.text, one)
    if one is None or not named.fits:
        return None if one is None else _all_of_them(ask, asked, one)
    if named.fits == (one.primary,):
        is_clear = named.is_full and asked.intent is Intent.NOTHING and not asked.mention.unknown
        return (metric_results(ask, one.id, named.fits[0]), "none") if is_clear else None
    rest = _without_name(ask, asked, named, before)
    if not _is_clear(asked, named) or rest.intent not in PRESENT | PRIMARY_ONLY:
        return None
    return _answer(ask, rest, one, named.fits, about_one)


def _experiment(ask: Asking, asked: Asked, before: Context) -> Experiment | None:
    """The experiment it is one of: the one named, else the one talked about, else the only one."""
    if asked.mention.fits:
        return ask.experiment(asked.mention.fits[0].id)
    if before.experiment_id is not None:
        return ask.experiment(before.experiment_id)
    groups = (ask.running(), tuple(ask.desk.experiments()))
    only = next((group[0] for group in groups if len(group) == 1), None)
    return None if only is None else ask.experiment(only.id)


def _is_clear(asked: Asked, named: Named) -> bool:
    """Whether it is the metric that is meant: not a part of its name that is an unknown experiment's."""
    if named.is_whole or asked.intent in ORDERS:
        return named.is_whole
    if asked.mention.unknown and lexicon(asked.lang).test.search(fold(asked.text)):
        return False
    return named.is_full or asked.intent in PRESENT


def _without_name(ask: Asking, asked: Asked, named: Named, before: Context) -> Asked:
    """The question without the metric's name, which may look like something else: "revenue", "plan"."""
    rest = understand(named.rest, ask.desk.experiments(), before, fallback=asked.lang)
    if rest.intent in PRESENT | PRIMARY_ONLY:
        return replace(rest, lang=asked.lang, mention=asked.mention, wants_panel=asked.wants_panel)
    return asked


def _answer(
    ask: Asking, asked: Asked, one: Experiment, fits: tuple[Metric, ...], about_one: AboutOne
) -> Answered:
    if len(fits) > 1:
        return which_metric(ask, one, fits), "none"
    if asked.intent in PRIMARY_ONLY:
        found, decline = about_one(ask, asked, one)
        return led_by_note(ask, found, one, fits[0]), decline
    found = metric_results(ask, one.id, fits[0])
    if asked.intent is Intent.UNAVAILABLE and asked.missing not in {"", "revenue"}:
        said = (plain(ask.lang, f"no_{asked.missing}"), plain(ask.lang, "what_i_have"))
        return replace(found, sentences=(*said, *found.sentences)), "partial"
    panel = Panel(kind="live", experiment_id=one.id)
    return (found.with_panel(panel) if asked.wants_panel else found), "none"


def _all_of_them(ask: Asking, asked: Asked, one: Experiment) -> Answered | None:
    """Every other metric in a line, when metrics are asked for without a name."""
    said = fold(asked.text)
    if asked.intent not in LISTED or len(one.metrics) < 2:
        return None
    if GUARDRAIL.search(said):
        return other_metrics(ask, one.id, only_guardrails=True), "none"
    return (other_metrics(ask, one.id), "none") if METRIC.search(said) else None
