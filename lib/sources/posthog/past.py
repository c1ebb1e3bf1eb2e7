"""Daily points of every metric for the time before the first look; called by the client, asked for rarely.

They are asked for again only when the newest data have reached another day, the configuration was edited, or some
could not be read and five minutes have passed.
"""

from __future__ import annotations

from urllib.parse import urlencode

from lib.experiments.errors import SourceSurprise
from lib.experiments.model import Experiment, MetricKind, MetricProblem, Snapshot
from lib.sources.base import Past
from lib.sources.posthog.kept import Kept
from lib.sources.posthog.means import Means
from lib.sources.posthog.metrics import Defined
from lib.sources.posthog.replies import OneQuestionDown, Route
from lib.sources.posthog.results import problem
from lib.sources.posthog.series import decode_series

AGAIN_S = 300.0
SENTENCE = (
    "The daily points of this metric cannot be read now; its history begins with the first look."
)


def read_past(means: Means, kept: Kept, experiment: Experiment, *, is_watched: bool) -> Past:
    """Every metric's daily points, from memory while nothing has moved.

    Raises:
        SourceDown: PostHog cannot be asked now; nothing is remembered.
        SourceRefused: a person must act.
    """
    metrics = [d for d in kept.defined if d.metric.fingerprint and _has_series(d)]
    key = _key(kept, metrics)
    now = means.monotonic()
    if kept.past is not None and key == kept.past_key and now < kept.past_again_at:
        return kept.past
    if key != kept.past_key:
        kept.past_key, kept.past_points = key, {}
    problems: list[MetricProblem] = []
    for defined in metrics:
        if defined.metric.id in kept.past_points:
            continue  # read before something went wrong with the rest
        try:
            points = _points(means, experiment, defined, is_watched=is_watched)
            kept.past_points[defined.metric.id] = points
        except (OneQuestionDown, SourceSurprise):
            problems.append(problem(defined.metric, "history", SENTENCE))
    found = (point for points in kept.past_points.values() for point in points)
    snapshots = tuple(sorted(found, key=lambda snapshot: snapshot.as_of))
    kept.past = Past(snapshots=snapshots, problems=tuple(problems))
    kept.past_again_at = now + AGAIN_S if problems else float("inf")
    return kept.past


def _has_series(defined: Defined) -> bool:
    return defined.metric.kind is not MetricKind.LEGACY and "uuid" in defined.definition


def _key(kept: Kept, metrics: list[Defined]) -> str:
    day = kept.query_to.date().isoformat() if kept.query_to else ""
    return " ".join([day, *(kept.config_of(defined.metric.id) for defined in metrics)])


def _points(
    means: Means, experiment: Experiment, defined: Defined, *, is_watched: bool
) -> tuple[Snapshot, ...]:
    asked = urlencode(
        {"metric_uuid": defined.metric.id, "fingerprint": defined.metric.fingerprint or ""}
    )
    url = means.wire.url(f"experiments/{experiment.id}/timeseries_results/?{asked}")
    reply = means.wire.send(Route.SERIES, url, is_watched=is_watched, accept=frozenset({404}))
    means.note_date()
    if reply.status == 404:  # servers of 2025 have no daily points
        return ()
    return decode_series(
        reply.body,
        experiment,
        defined.metric,
        taken_at=means.clock(),
        server_now=means.server.now() or means.clock(),
    )
