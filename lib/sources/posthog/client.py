"""PostHog as a Source: which question to ask at which look, and what to remember; the hub calls it, nobody else.

One look at a watched experiment costs one read of the stored run, and once a minute one of its configuration.
It reads only; the one thing it may start is a recalculation, and only when the settings allow it.
"""

from __future__ import annotations

import random as random_module
import threading
import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

import httpx

from lib.experiments.errors import SourceDown, SourceRefused, SourceSurprise
from lib.experiments.model import Clock, Experiment, Reading
from lib.settings import PostHogSettings
from lib.sources.base import Pace, Past
from lib.sources.posthog.budget import Budget
from lib.sources.posthog.experiment import decode_experiment, experiment_id
from lib.sources.posthog.fields import rows, table
from lib.sources.posthog.kept import Kept
from lib.sources.posthog.metrics import decode_metrics
from lib.sources.posthog.replies import HOST, Reply, Route, error_of
from lib.sources.posthog.runs import decode_run
from lib.sources.posthog.wire import Wire

DETAIL_S = 60.0
LIST_S = 60.0
PAGE = 100
MOST_PAGES = 50


class PostHogSource:
    """Reads experiments from PostHog over HTTP.

    Args:
        settings: where PostHog is and how hard it may be asked.
        clock: our clock, UTC.
        transport: stands in for the network in tests.
        sleep: waits some tenths of a second for a query, never longer.
        random: uniform on [0, 1), for jitter.
        monotonic: seconds, never going back.
        tick_s: seconds between two looks at a watched experiment when nothing is in the way.
    """

    def __init__(
        self,
        settings: PostHogSettings,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
        monotonic: Callable[[], float] = time.monotonic,
        tick_s: float = 10.0,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._monotonic = monotonic
        self._tick_s = tick_s
        self._budget = Budget(settings, monotonic=monotonic, random=random)
        self._wire = Wire(
            settings, self._budget, clock=clock, monotonic=monotonic, transport=transport
        )
        self._lock = threading.RLock()
        self._kept: dict[int, Kept] = {}
        self._listed: tuple[float, tuple[Experiment, ...]] | None = None

    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment that is not archived, newest first."""
        with self._lock:
            if self._listed is None or self._monotonic() - self._listed[0] >= LIST_S:
                self._listed = (self._monotonic(), tuple(self._list()))
            return self._listed[1]

    def read(self, experiment_id: int, *, is_watched: bool) -> Reading:
        """One look at one experiment."""
        with self._lock:
            kept = self._kept.setdefault(experiment_id, Kept())
            self._configure(experiment_id, kept, is_watched=is_watched)
            self._stored(experiment_id, kept, is_watched=is_watched)
            return self._reading(kept)

    def past(self, experiment_id: int) -> Past:
        """Daily points of every metric."""
        return Past()

    def pace(self, experiment_id: int | None = None) -> Pace:
        """At what cadence it is working now."""
        return Pace(
            cadence_s=self._tick_s, used=self._budget.used(), n_requests=self._budget.n_requests
        )

    def forget(self, experiment_id: int) -> None:
        """Make the next look ask everything again."""
        kept = self._kept.get(experiment_id)
        if kept:
            kept.detail_at = float("-inf")

    def close(self) -> None:
        """Release the connections."""
        self._wire.close()

    def _list(self) -> list[Experiment]:
        query = urlencode({"limit": PAGE, "offset": 0, "order": "-created_at"})
        url: str | None = self._wire.url(f"experiments/?{query}")
        found: dict[int, Experiment] = {}
        for _ in range(MOST_PAGES):
            if url is None:
                break
            body = table(self._wire.send(Route.LIST, url, is_watched=True).body, "experiments")
            for row in rows(body.get("results")):
                if row.get("archived") is not True and row.get("deleted") is not True:
                    experiment = decode_experiment(row, site=self._site())
                    found.setdefault(experiment.id, experiment)
            url = self._next(body.get("next"))
        return list(found.values())

    def _next(self, address: object) -> str | None:
        if not isinstance(address, str) or not address:
            return None
        if not self._wire.is_ours(address):
            text = f"PostHog's list goes on at another address; the key is not sent there. Check {HOST}."
            raise SourceRefused(text, HOST)
        return address

    def _site(self) -> str:
        return f"{self._settings.host}/project/{self._settings.project_id}"

    def _configure(self, identity: int, kept: Kept, *, is_watched: bool) -> None:
        if kept.experiment and self._monotonic() - kept.detail_at < DETAIL_S:
            return
        url = self._wire.url(f"experiments/{identity}/")
        body = table(self._wire.send(Route.DETAIL, url, is_watched=is_watched).body, "experiment")
        if experiment_id(body) != identity:
            raise SourceSurprise("PostHog sent another experiment than asked for.", "experiment.id")
        if body != kept.detail:
            kept.digest = ""
        kept.configure(body, decode_experiment(body, site=self._site()), decode_metrics(body))
        kept.detail_at = self._monotonic()

    def _stored(self, identity: int, kept: Kept, *, is_watched: bool) -> None:
        url = self._wire.url(f"experiments/{identity}/metrics_recalculation/latest/")
        reply = self._wire.send(Route.LATEST, url, is_watched=is_watched, accept=frozenset({404}))
        if reply.status == 404:
            if reply.code:
                raise error_of(Route.LATEST, reply, None)
            return
        self._take_run(kept, reply)

    def _take_run(self, kept: Kept, reply: Reply) -> None:
        if reply.digest == kept.digest or kept.experiment is None:
            return
        run = decode_run(reply.body, kept.experiment, taken_at=self._clock(), n_excluded=0)
        kept.moved(run.query_to, self._monotonic())
        for decoded in run.metrics:
            kept.take(decoded)
        kept.is_calculating, kept.is_placeholder = run.is_calculating, run.is_placeholder
        kept.digest = reply.digest

    def _reading(self, kept: Kept) -> Reading:
        if kept.experiment is None:
            raise SourceDown("Nothing is known of this experiment yet.")
        now = self._clock()
        return Reading(
            experiment=kept.experiment,
            snapshots=kept.snapshots(),
            taken_at=now,
            server_now=self._server_now(now),
            problems=kept.problems(),
            exposures=kept.exposures,
            is_calculating=kept.is_calculating,
            is_fresh_run=not kept.is_placeholder,
        )

    def _server_now(self, now: datetime) -> datetime:
        return self._wire.date or now
