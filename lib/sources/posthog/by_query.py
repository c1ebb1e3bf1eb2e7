"""Metrics that have no stored run: those of the old engine, and all of them on servers of 2025; used by the client.

Each metric is asked for through /query/ in rounds some minutes apart. PostHog answers from its cache for a day
unless forced; forcing is left to the live ladder and to the primary metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lib.experiments.model import Origin, Status
from lib.sources.posthog.cadence import query_gap_s
from lib.sources.posthog.exposures import counts_multiple
from lib.sources.posthog.fields import Row, moment
from lib.sources.posthog.kept import LONG_AGO, Kept, Numbers
from lib.sources.posthog.means import Means
from lib.sources.posthog.metrics import Defined
from lib.sources.posthog.old_engine import decode_old_engine
from lib.sources.posthog.queries import SLOW, Outcome
from lib.sources.posthog.results import Decoded, Look, decode_result, problem

STOPPED_GAP_S = 3600.0
NAPS_S = (0.3, 0.7, 1.0)  # on the first watched look only, so that a page opens with numbers
UNKNOWN_KIND = "This dashboard does not know metrics of this kind."


def read_by_query(
    means: Means, kept: Kept, metrics: Sequence[Defined], *, is_watched: bool
) -> None:
    """Ask for every metric that is due and take over what has arrived.

    Raises:
        SourceDown: PostHog or the budget does not let us ask now.
        SourceRefused: a person must act.
    """
    for defined in metrics:
        if defined.is_unknown:
            kept.take(_without(defined, "unsupported", UNKNOWN_KIND))
    gap_s = _gap_s(means, kept, len(metrics), is_watched=is_watched)
    due = [d for d in metrics if not d.is_unknown and _is_due(means, kept, d, gap_s)]
    is_first = is_watched and not kept.has_waited
    waiting = _round(means, kept, due, is_watched=is_watched)
    for nap_s in NAPS_S if is_first else ():
        kept.has_waited = True
        if waiting:
            means.sleep(nap_s)
            waiting = _round(means, kept, waiting, is_watched=is_watched)


def metric_query(kept: Kept, defined: Defined) -> Row:
    """PostHog's question for one metric: the old engine's own object, or an ExperimentQuery around it."""
    identity = kept.detail.get("id")
    if defined.is_old_engine:
        return {**defined.definition, "experiment_id": identity}
    return {"kind": "ExperimentQuery", "experiment_id": identity, "metric": defined.definition}


def metric_key(kept: Kept, defined: Defined) -> tuple[object, ...]:
    """The question's name; it changes with the configuration, so an edit asks anew."""
    return (kept.detail.get("id"), defined.metric.id, kept.config_of(defined.metric.id))


def take_answer(means: Means, kept: Kept, defined: Defined, result: Row) -> bool:
    """Take over the answer to a metric's question; whether the numbers changed."""
    if kept.experiment is None:
        return False
    look = Look(
        as_of=_as_of(means, kept, result),
        taken_at=means.clock(),
        origin=Origin.QUERY,
        n_excluded=n_excluded(kept),
    )
    decode = decode_old_engine if defined.is_old_engine else decode_result
    decoded = decode(result, kept.experiment, defined.metric, look)
    return kept.take(decoded, server_now=means.server.now())


def n_excluded(kept: Kept) -> int:
    """People seen in several arms whom PostHog leaves out of this experiment's results."""
    if kept.exposures is None or not counts_multiple(kept.detail):
        return 0
    return kept.exposures.n_multiple


def _as_of(means: Means, kept: Kept, result: Row) -> datetime:
    """When the query ran, but never after the experiment's end."""
    found = moment(result.get("last_refresh")) or means.server.now() or means.clock()
    ended_at = kept.experiment.ended_at if kept.experiment else None
    return min(found, ended_at) if ended_at else found


def _gap_s(means: Means, kept: Kept, n_metrics: int, *, is_watched: bool) -> float:
    if kept.experiment and kept.experiment.status is Status.STOPPED:
        return STOPPED_GAP_S
    n_experiments = max(1, means.n_watched if is_watched else means.n_unwatched)
    return query_gap_s(means.settings, n_experiments, n_metrics + 1, is_watched=is_watched)


def _is_due(means: Means, kept: Kept, defined: Defined, gap_s: float) -> bool:
    numbers = kept.numbers.get(defined.metric.id)
    answered_at = numbers.answered_at if numbers else LONG_AGO
    return means.monotonic() - answered_at >= gap_s


def _round(means: Means, kept: Kept, due: Sequence[Defined], *, is_watched: bool) -> list[Defined]:
    """Ask for each of these once; those still without an answer."""
    waiting = []
    for defined in due:
        outcome = means.ask_query(
            metric_key(kept, defined),
            metric_query(kept, defined),
            refresh="async",
            is_watched=is_watched,
        )
        if _settle(means, kept, defined, outcome):
            waiting.append(defined)
    return waiting


def _settle(means: Means, kept: Kept, defined: Defined, outcome: Outcome) -> bool:
    """Take over what became of a question; whether it is still waiting."""
    numbers = kept.numbers.setdefault(defined.metric.id, Numbers())
    if outcome.result is not None:
        take_answer(means, kept, defined, outcome.result)
        numbers.answered_at = means.monotonic()
    elif outcome.failure:
        kept.take(_without(defined, "failed", outcome.failure))
    elif outcome.is_slow:
        kept.take(_without(defined, "slow", SLOW))
    elif numbers.snapshot is None:
        kept.take(_without(defined, "pending", "PostHog is calculating the first numbers."))
    return outcome.is_waiting


def _without(defined: Defined, kind: str, sentence: str) -> Decoded:
    found = problem(defined.metric, kind, sentence)
    return Decoded(metric_id=defined.metric.id, problems=(found,))
