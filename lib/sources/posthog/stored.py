"""The stored run of an experiment, and the question whether the server keeps stored runs at all; used by the client.

Servers of 2025 answer the route with the 404 of an unknown address (``code: not_found``); newer ones say "no results
yet" with a 404 that has no code. That is found out once and remembered, and tried again once an hour.
"""

from __future__ import annotations

from lib.experiments.model import Experiment, MetricKind
from lib.sources.posthog.by_query import n_excluded
from lib.sources.posthog.kept import Kept
from lib.sources.posthog.means import Means
from lib.sources.posthog.replies import Reply, Route, error_of
from lib.sources.posthog.results import Decoded, problem
from lib.sources.posthog.runs import decode_run

PROBE_AGAIN_S = 3600.0


class StoredRuns:
    """Reads ``metrics_recalculation/latest/``.

    Args:
        means: the connection.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._has: bool | None = None
        self._probe_at = float("-inf")

    @property
    def are_absent(self) -> bool:
        """Whether this server is known to keep no stored runs."""
        return self._has is False

    def read(self, kept: Kept, experiment: Experiment, *, is_watched: bool) -> None:
        """Take over the newest run, if the server keeps any.

        Raises:
            SourceError: as the wire does; SourceRefused when the experiment is gone.
        """
        now = self._means.monotonic()
        if self._has is False and now < self._probe_at:
            return
        reply = self._means.ask_stored(
            kept,
            Route.LATEST,
            f"experiments/{experiment.id}/metrics_recalculation/latest/",
            is_watched=is_watched,
            accept=frozenset({404}),
        )
        if reply.status == 404:
            self._missing(kept, experiment, reply)
            return
        self._has = True
        if reply.digest != kept.digest:
            self._take(kept, experiment, reply)

    def _take(self, kept: Kept, experiment: Experiment, reply: Reply) -> None:
        run = decode_run(
            reply.body, experiment, taken_at=self._means.clock(), n_excluded=n_excluded(kept)
        )
        kept.moved(run.query_to, self._means.monotonic())
        for decoded in run.metrics:
            kept.take(decoded, server_now=self._means.server.now())
        if any(p.kind == "recalculating" for p in kept.problems()):
            kept.detail_at = float(
                "-inf"
            )  # numbers vanish after an edit: look at the configuration
        kept.is_calculating, kept.is_placeholder = run.is_calculating, run.is_placeholder
        kept.digest = reply.digest

    def _missing(self, kept: Kept, experiment: Experiment, reply: Reply) -> None:
        """No results yet, a server without stored runs, or an experiment that is gone."""
        is_no_result = isinstance(reply.body, dict) and not reply.code
        if is_no_result:
            self._has = True
            self._nothing_yet(kept, experiment)
        elif self._has:
            kept.detail_at = float("-inf")  # the next look finds out whether the experiment is gone
            raise error_of(Route.LATEST, reply, None)
        else:
            self._has = False
            self._probe_at = self._means.monotonic() + PROBE_AGAIN_S

    def _nothing_yet(self, kept: Kept, experiment: Experiment) -> None:
        kept.is_calculating = False
        kept.digest = ""
        for metric in experiment.metrics:
            if metric.kind is not MetricKind.LEGACY:
                found = problem(metric, "no_results", "PostHog has not calculated this metric yet.")
                kept.take(Decoded(metric_id=metric.id, problems=(found,)))
