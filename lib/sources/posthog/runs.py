"""A stored run (``metrics_recalculation/latest/``) becomes numbers per metric; called by the client.

A run marked failed may hold good metrics; a placeholder from daily points is no run at all; rows can be absent,
pending, doubled or of an earlier configuration. Every metric of the experiment gets an answer: numbers, or why not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.experiments.model import Experiment, Metric, MetricKind, MetricProblem, Origin
from lib.sources.posthog.fields import Row, moment, part, rows, table, words
from lib.sources.posthog.results import Decoded, Look, decode_result, problem

EXECUTING = frozenset({"pending", "in_progress"})
PLACEHOLDER = "timeseries-fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one stored run says.

    Args:
        query_to: where its data end, server's clock; None while nothing has finished.
        is_calculating: this or another run executes now.
        is_placeholder: made of daily points, no run.
    """

    query_to: datetime | None
    is_calculating: bool
    is_placeholder: bool
    metrics: tuple[Decoded, ...]


def decode_run(body: Any, experiment: Experiment, *, taken_at: datetime, n_excluded: int) -> Run:
    """Decode a run object.

    Raises:
        SourceSurprise: not an object at all.
    """
    row = table(body, "latest")
    is_placeholder = (
        row.get("id") == PLACEHOLDER or row.get("result_source") == "timeseries_fallback"
    )
    as_of = _as_of(row)
    found = _rows_by_metric(row)
    look = None
    if as_of is not None:
        origin = Origin.DAILY if is_placeholder else Origin.RUN
        look = Look(as_of=as_of, taken_at=taken_at, origin=origin, n_excluded=n_excluded)
    is_calculating = bool(part(row, "active_run")) or row.get("status") in EXECUTING
    return Run(
        query_to=as_of,
        is_calculating=is_calculating,
        is_placeholder=is_placeholder,
        metrics=tuple(
            _metric(found.get(metric.id), row, experiment, metric, look)
            for metric in experiment.metrics
            if metric.kind is not MetricKind.LEGACY
        ),
    )


def _as_of(row: Row) -> datetime | None:
    """Where the data end: the cut-off, but never later than the run itself finished."""
    query_to, completed = moment(row.get("query_to")), moment(row.get("completed_at"))
    if query_to is None or completed is None:
        return query_to or completed
    return min(query_to, completed)


def _rows_by_metric(row: Row) -> dict[str, Row]:
    """One row a metric; of several, one with numbers and of the present configuration wins."""
    best: dict[str, Row] = {}
    for found in rows(row.get("results")):
        identity = words(found.get("metric_uuid"), 200)
        if identity not in best or _worth(found) > _worth(best[identity]):
            best[identity] = found
    return best


def _worth(row: Row) -> tuple[bool, bool]:
    return not _is_outdated(row), isinstance(row.get("result"), dict)


def _is_outdated(row: Row) -> bool:
    """Newer servers mark rows of an earlier configuration; the mark's name is not certain."""
    return any(row.get(name) is True for name in ("legacy", "is_legacy", "is_outdated"))


def _metric(
    row: Row | None, run: Row, experiment: Experiment, metric: Metric, look: Look | None
) -> Decoded:
    result = row.get("result") if row is not None else None
    failed = row is not None and row.get("status") == "failed"
    if isinstance(result, dict) and row is not None and not failed and not _is_outdated(row):
        if look is not None:
            return decode_result(result, experiment, metric, look)
        return _without(metric, "unreadable", "PostHog does not say how far these numbers reach.")
    errors = part(part(run, "metric_errors"), metric.id)
    if failed or errors:
        given = words((row or {}).get("error_message")) or words(errors.get("message"))
        return _without(metric, "failed", failure_sentence(given))
    return Decoded(metric_id=metric.id, problems=(_pending(run, metric),))


def _pending(run: Row, metric: Metric) -> MetricProblem:
    if run.get("status") in EXECUTING or part(run, "active_run"):
        return problem(
            metric, "pending", "PostHog is calculating the first numbers for this metric."
        )
    return problem(metric, "no_results", "PostHog has not calculated this metric yet.")


def _without(metric: Metric, kind: str, sentence: str) -> Decoded:
    return Decoded(metric_id=metric.id, problems=(problem(metric, kind, sentence),))


def failure_sentence(server_text: str) -> str:
    """Our words for a failed calculation; the server's are read for marks, not shown."""
    known = {
        "memory": "Not calculated: the query needs too much memory in PostHog.",
        "resource limits": "Not calculated: the query exceeds PostHog's limits.",
        "execution time": "Not calculated: the query takes too long in PostHog.",
        "more exposures": "Not calculated yet: PostHog has seen too few visitors.",
    }
    return next(
        (ours for mark, ours in known.items() if mark in server_text.lower()),
        "Not calculated: PostHog's calculation failed.",
    )
