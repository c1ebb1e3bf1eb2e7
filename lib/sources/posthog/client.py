"""PostHog as a Source: which question to ask at which look, and what to remember; the hub calls it, nobody else.

One look at a watched experiment costs one read of the stored run, and once a minute one of its configuration.
It reads only; the one thing it may start is a recalculation, and only when the settings allow it. No look waits for
PostHog to calculate: what is not ready is fetched at a later look.
"""

from __future__ import annotations

import logging
import random as random_module
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

import httpx

from lib.experiments.errors import SourceDown, SourceError, SourceRefused, SourceSurprise
from lib.experiments.model import Clock, Experiment, Reading, Status
from lib.settings import PostHogSettings
from lib.sources.base import Pace, Past
from lib.sources.posthog.budget import Budget, OverLimit
from lib.sources.posthog.by_query import read_by_query
from lib.sources.posthog.cadence import UNWATCHED_S, Cadence, detail_s, plan_cadence
from lib.sources.posthog.experiment import decode_experiment, experiment_id
from lib.sources.posthog.exposures import decode_exposures, exposure_query
from lib.sources.posthog.fields import Row, rows, table
from lib.sources.posthog.kept import Kept
from lib.sources.posthog.ladder import Ladder
from lib.sources.posthog.means import Means
from lib.sources.posthog.metrics import decode_metrics
from lib.sources.posthog.past import read_past
from lib.sources.posthog.queries import Queries
from lib.sources.posthog.replies import HOST, OneQuestionDown, Route
from lib.sources.posthog.server_clock import ServerClock
from lib.sources.posthog.stored import StoredRuns
from lib.sources.posthog.wire import Wire

LOG = logging.getLogger(__name__)
LIST_S = 60.0
PAGE = 100
MOST_PAGES = 50
EXPOSURES_S = 300.0
EXPOSURES_UNWATCHED_S = 3600.0
EXPOSURES_MOVED_S = 60.0
LONG_LOOK_S = 3.0  # after that a look asks no further question
COUNT_S = 5.0
WATCHED_FOR_S = 60.0  # how long a look counts as somebody watching


class PostHogSource:
    """Reads experiments from PostHog over HTTP; thread-safe, one question at a time.

    Args:
        settings: where PostHog is and how hard it may be asked.
        clock: our clock, UTC.
        transport: stands in for the network in tests.
        sleep: waits some tenths of a second for a first answer, never longer.
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
        budget = Budget(settings, monotonic=monotonic, random=random)
        wire = Wire(settings, budget, clock=clock, monotonic=monotonic, transport=transport)
        self._means = Means(
            settings=settings,
            wire=wire,
            budget=budget,
            queries=Queries(wire, budget, monotonic=monotonic, at_once=settings.queries_at_once),
            clock=clock,
            monotonic=monotonic,
            sleep=sleep,
            random=random,
            server=ServerClock(monotonic),
        )
        self._tick_s = tick_s
        self._runs = StoredRuns(self._means)
        self._ladder = Ladder(self._means)
        self._lock = threading.RLock()
        self._kept: dict[int, Kept] = {}
        self._looks: dict[int, tuple[float, bool]] = {}  # when, and whether watched
        self._counted_at = float("-inf")
        self._forgotten: set[int] = set()
        self._listed: tuple[Experiment, ...] = ()
        self._listed_at = float("-inf")
        self._list_held: tuple[float, SourceError] | None = None

    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment that is not archived, newest first; asked for once a minute."""
        with self._lock:
            now = self._means.monotonic()
            if now - self._listed_at < LIST_S:
                return self._listed
            if self._list_held and now < self._list_held[0]:
                raise self._list_held[1].with_traceback(None)
            try:
                self._listed = tuple(self._list())
            except (OneQuestionDown, SourceRefused) as error:
                self._list_held = (now + 12.0, error)
                raise
            self._listed_at, self._list_held = now, None
            return self._listed

    def read(self, experiment_id: int, *, is_watched: bool) -> Reading:
        """One look at one experiment."""
        with self._lock:
            now = self._means.monotonic()
            self._note_look(experiment_id, now, is_watched=is_watched)
            kept = self._kept.setdefault(experiment_id, Kept())
            self._forget(experiment_id, kept)
            refusal = kept.refusal(now)
            if refusal is not None:
                raise refusal.with_traceback(None)
            try:
                return self._look(experiment_id, kept, is_watched=is_watched)
            except OverLimit as over:  # not sooner than usual, or all that wait would come at once
                usual_s = self._planned_s(is_watched=is_watched)
                raise OverLimit(str(over), max(over.retry_after_s or 0.0, usual_s)) from None

    def past(self, experiment_id: int) -> Past:
        """Daily points of every metric; asked for again when the newest data reach another day."""
        with self._lock:
            kept = self._kept.setdefault(experiment_id, Kept())
            refusal = kept.refusal(self._means.monotonic())
            if refusal is not None:
                raise refusal.with_traceback(None)
            experiment = self._configured(experiment_id, kept, is_watched=True)
            if self._runs.are_absent or _is_draft(experiment):
                return Past()
            is_watched = self._looks.get(experiment_id, (0.0, False))[1]
            return read_past(self._means, kept, experiment, is_watched=is_watched)

    def progress(self, experiment_id: int) -> tuple[int, int]:
        """Metrics with something read, and all; never waits for a look in progress."""
        kept = self._kept.get(experiment_id)
        return (0, 0) if kept is None else kept.progress()

    def pace(self, experiment_id: int | None = None) -> Pace:
        """At what cadence it is working now; never waits for a look in progress."""
        is_watched = experiment_id is None or self._looks.get(experiment_id, (0.0, True))[1]
        planned_s = self._planned_s(is_watched=is_watched)
        cadence_s, because = self._slowed(planned_s, is_watched=is_watched)
        refusal = self._means.query_refusal()
        return Pace(
            cadence_s=cadence_s,
            because=because or (str(refusal) if refusal else ""),
            used=self._means.budget.used() | self._ladder.used(),
            n_requests=self._means.budget.n_requests,
        )

    def plan_cadence(self, n_watched: int, n_unwatched: int) -> Cadence:
        """Seconds between looks that keep PostHog's limits for so many experiments."""
        return plan_cadence(
            self._means.settings, n_watched=n_watched, n_unwatched=n_unwatched, tick_s=self._tick_s
        )

    def forget(self, experiment_id: int) -> None:
        """Make the next look ask everything again; returns at once."""
        self._forgotten.add(experiment_id)

    def close(self) -> None:
        """Release the connections."""
        self._means.wire.close()

    def _look(self, identity: int, kept: Kept, *, is_watched: bool) -> Reading:
        started = self._means.monotonic()
        experiment = self._configured(identity, kept, is_watched=is_watched)
        if not _is_draft(experiment):
            self._numbers(kept, experiment, is_watched=is_watched)
            self._extras(kept, experiment, started=started, is_watched=is_watched)
        return self._reading(kept, experiment)

    def _list(self) -> list[Experiment]:
        query = urlencode({"limit": PAGE, "offset": 0, "order": "-created_at"})
        url: str | None = self._means.wire.url(f"experiments/?{query}")
        found: dict[int, Experiment] = {}
        for _ in range(MOST_PAGES):
            if url is None:
                break
            reply = self._means.wire.send(Route.LIST, url, is_watched=True)
            self._means.note_date()
            body = table(reply.body, "experiments")
            for row in rows(body.get("results")):
                if row.get("archived") is not True and row.get("deleted") is not True:
                    self._list_one(row, found)
            url = self._next(body.get("next"))
        return list(found.values())

    def _list_one(self, row: Row, found: dict[int, Experiment]) -> None:
        """Add an item to the list; when it was edited since its detail was read, the detail is due."""
        try:
            experiment = decode_experiment(row, site=self._site())
        except SourceSurprise as surprise:
            LOG.warning("An experiment is left out of the list: %s", surprise)
            return
        found.setdefault(experiment.id, experiment)
        kept = self._kept.get(experiment.id)
        if kept and kept.detail and kept.detail.get("updated_at") != row.get("updated_at"):
            kept.detail_at = float("-inf")

    def _next(self, address: object) -> str | None:
        if not isinstance(address, str) or not address:
            return None
        if not self._means.wire.is_ours(address):
            text = f"PostHog's list goes on at another address; the key is not sent there. Check {HOST}."
            raise SourceRefused(text, HOST)
        return address

    def _site(self) -> str:
        settings = self._means.settings
        return f"{settings.host}/project/{settings.project_id}"

    def _configured(self, identity: int, kept: Kept, *, is_watched: bool) -> Experiment:
        """The experiment as configured, read again when due; a known one outlives passing trouble."""
        fresh_s = detail_s(self._planned_s(is_watched=is_watched))
        is_all_we_ask = self._runs.are_absent or _is_draft(kept.experiment)
        if is_all_we_ask:  # with no run to read, this tells at each look whether PostHog is there
            fresh_s = min(fresh_s, self._tick_s / 2)
        is_same_server = kept.n_outages == self._means.budget.n_outages  # else perhaps another one
        is_fresh = self._means.monotonic() - kept.detail_at < fresh_s
        if kept.experiment and is_same_server and is_fresh:
            return kept.experiment
        try:
            return self._detail(identity, kept, is_watched=is_watched)
        except SourceDown as down:
            if kept.held is not down or kept.experiment is None or is_all_we_ask:
                raise
            kept.held = None  # the numbers may still come; the configuration at a later look
            kept.detail_at = self._means.monotonic() - fresh_s + 12.0
            return kept.experiment

    def _detail(self, identity: int, kept: Kept, *, is_watched: bool) -> Experiment:
        reply = self._means.ask_stored(
            kept, Route.DETAIL, f"experiments/{identity}/", is_watched=is_watched
        )
        body = table(reply.body, "experiment")
        if experiment_id(body) != identity:
            raise SourceSurprise("PostHog sent another experiment than asked for.", "experiment.id")
        experiment = decode_experiment(body, site=self._site())
        if body != kept.detail:
            kept.digest = ""
        kept.configure(body, experiment, decode_metrics(body))
        kept.n_outages = self._means.budget.n_outages
        kept.detail_at = self._means.monotonic()
        return experiment

    def _numbers(self, kept: Kept, experiment: Experiment, *, is_watched: bool) -> None:
        """Stored runs where the server keeps them, queries for whatever has none."""
        self._runs.read(kept, experiment, is_watched=is_watched)
        if self._runs.are_absent:
            try:
                read_by_query(self._means, kept, kept.defined, is_watched=is_watched)
            except OverLimit as over:
                if not kept.snapshots():
                    raise
                LOG.info("No newer numbers for experiment %d: %s", experiment.id, over)
            kept.is_calculating = self._means.queries.in_flight(experiment.id) > 0
            return
        others = [d for d in kept.defined if d.is_old_engine or d.is_unknown]
        if others:
            self._optional(lambda: read_by_query(self._means, kept, others, is_watched=is_watched))

    def _extras(
        self, kept: Kept, experiment: Experiment, *, started: float, is_watched: bool
    ) -> None:
        """What a look can do without: exposures and fresher numbers."""
        if self._exposures_due(kept, experiment, is_watched=is_watched):
            self._optional(lambda: self._exposures(kept, experiment, is_watched=is_watched))
        if is_watched and self._means.monotonic() - started < LONG_LOOK_S:
            self._ladder.climb(kept, has_runs=not self._runs.are_absent)

    def _optional(self, step: Callable[[], None]) -> None:
        """Run a step whose trouble leaves the stored numbers standing; `pace` says why queries are off."""
        try:
            step()
        except SourceError as error:
            LOG.info("Left out for now: %s", error)

    def _exposures_due(self, kept: Kept, experiment: Experiment, *, is_watched: bool) -> bool:
        age_s = self._means.monotonic() - kept.exposures_at
        is_slow = not is_watched or experiment.status is Status.STOPPED
        if age_s >= (EXPOSURES_UNWATCHED_S if is_slow else EXPOSURES_S):
            return True
        has_moved = kept.moved_at > kept.exposures_at and kept.still_s >= EXPOSURES_S
        return has_moved and age_s >= EXPOSURES_MOVED_S

    def _exposures(self, kept: Kept, experiment: Experiment, *, is_watched: bool) -> None:
        known = kept.exposures
        is_behind = known is not None and kept.query_to is not None and kept.query_to > known.as_of
        may_force = is_watched and self._means.settings.live_queries_per_hour > 0
        outcome = self._means.ask_query(
            ("exposures", experiment.id),
            exposure_query(kept.detail),
            refresh="force_async" if is_behind and may_force else "async",
            is_watched=is_watched,
        )
        if outcome.is_waiting:
            return
        kept.exposures_at = self._means.monotonic()
        if outcome.result is not None:
            server_now = self._means.server.now() or self._means.clock()
            kept.exposures = decode_exposures(outcome.result, experiment, server_now=server_now)

    def _reading(self, kept: Kept, experiment: Experiment) -> Reading:
        now = self._means.clock()
        return Reading(
            experiment=experiment,
            snapshots=kept.snapshots(),
            taken_at=now,
            server_now=self._means.server.now() or now,
            problems=kept.problems(),
            exposures=kept.exposures,
            is_calculating=kept.is_calculating,
            is_fresh_run=not kept.is_placeholder,
        )

    def _forget(self, identity: int, kept: Kept) -> None:
        if identity in self._forgotten:
            self._forgotten.discard(identity)
            kept.forget()
            self._means.queries.forget(identity)

    def _note_look(self, identity: int, now: float, *, is_watched: bool) -> None:
        known = self._looks.get(identity)
        self._looks[identity] = (now, is_watched)
        if known is None or known[1] != is_watched or now - self._counted_at >= COUNT_S:
            self._counted_at = now
            self._count_looks(now)

    def _count_looks(self, now: float) -> None:
        """How many experiments are watched, and how many running ones are not."""
        recent_s = max(WATCHED_FOR_S, 3 * self._planned_s(is_watched=True))
        watched = {i for i, (at, is_w) in self._looks.items() if is_w and now - at < recent_s}
        known = {e.id for e in self._listed if e.is_running}
        known |= {i for i, (at, _) in self._looks.items() if now - at < 2 * EXPOSURES_UNWATCHED_S}
        self._means.n_watched = max(1, len(watched))
        self._means.n_unwatched = len(known - watched)

    def _planned_s(self, *, is_watched: bool) -> float:
        planned = self.plan_cadence(self._means.n_watched, self._means.n_unwatched)
        return planned.of(is_watched=is_watched)

    def _slowed(self, planned_s: float, *, is_watched: bool) -> tuple[float, str]:
        """The cadence after what the server asked for, and why it is not the usual one."""
        slow_s = self._means.budget.slowed_s(self._tick_s, is_query=False)
        if slow_s and slow_s >= planned_s:
            return slow_s, "PostHog asked us to slow down."
        if planned_s > max(self._tick_s, 0.0 if is_watched else UNWATCHED_S):
            return planned_s, "that keeps PostHog's limits."
        return planned_s, ""


def _is_draft(experiment: Experiment | None) -> bool:
    return experiment is not None and experiment.status is Status.DRAFT
