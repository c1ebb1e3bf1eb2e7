"""The hub: what pages ask. ``look`` reads the newest published view: it never blocks, never touches the network.

One thread, shared by all viewers, runs the poller behind it.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from lib.experiments.model import Clock, Experiment
from lib.history.store import Store
from lib.live.past import view_as_of
from lib.live.poller import Announcer, Poller
from lib.live.schedule import Schedule
from lib.live.trend import Trend, Trends
from lib.live.view import LiveView, Trouble
from lib.sources.base import Pace, Source

log = logging.getLogger(__name__)
WAKE_S = 0.25
MOST_PAST = 64  # views of earlier moments kept for the next viewer


class Service(Protocol):
    """Something that runs as long as the hub does."""

    def start(self) -> None: ...  # noqa: D102  # see the class
    def stop(self) -> None: ...  # noqa: D102  # see the class


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the hub is doing, for the connection page. Times are ours."""

    is_leader: bool
    holder: str
    n_experiments: int
    n_watched: int
    pace: Pace
    trouble: Trouble | None = None
    store_trouble: str = ""
    last_round_at: datetime | None = None
    loop_error: str = ""
    has_list: bool = True


class Hub:
    """Polls a source for all viewers and publishes views.

    Args:
        source: where facts come from.
        store: where they are kept.
        clock: ours, UTC.
        poll_s: seconds between looks at what somebody watches.
        announce: told each new view of the leader.
        speed_hint: the server's speed when it is known beforehand (a replay we started).
        monotonic: for tests.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        *,
        clock: Clock,
        poll_s: float = 10.0,
        announce: Sequence[Announcer] = (),
        speed_hint: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.clock = clock
        self.poll_s = poll_s
        self._source = source
        self._beside: list[Service] = []
        self._trends = Trends(store)
        self._past: dict[tuple[Experiment, datetime], LiveView] = {}
        self._monotonic = monotonic
        self._schedule = Schedule()
        self._holder = uuid.uuid4().hex
        self._poller = Poller(
            source,
            store,
            self._schedule,
            holder=self._holder,
            clock=clock,
            monotonic=monotonic,
            poll_s=poll_s,
            speed_hint=speed_hint,
        )
        self._poller.announce += announce
        self._shared = self._poller.published
        self._wake = self._poller.wake
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # --- for pages: never block -------------------------------------------------------------------

    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment of the source, newest first; those already read have their metrics."""
        known = self._shared.trackers
        return tuple(
            known[e.id].experiment if e.id in known and not known[e.id].is_new else e
            for e in self._shared.experiments
        )

    def look(self, experiment_id: int, as_of: datetime | None = None) -> LiveView | None:
        """The newest view, or the one of an earlier moment recomputed without hindsight.

        None while nothing is known of the experiment yet.
        """
        if as_of is not None:
            return self._look_back(experiment_id, as_of)
        if self._schedule.looked_at(experiment_id, self._monotonic()):
            self._wake.set()
        tracker = self._shared.trackers.get(experiment_id)
        if tracker is None:
            return None  # why_unknown tells the reason once there is one
        pace = self._pace()
        return replace(
            tracker.view,
            trouble=tracker.view.trouble or self._shared.trouble,
            cadence_s=max(pace.cadence_s, self.poll_s),
            cadence_because=pace.because,
        )

    def _look_back(self, experiment_id: int, as_of: datetime) -> LiveView | None:
        """Recomputed once for all who look back; looking back watches nothing."""
        tracker = self._shared.trackers.get(experiment_id)
        if tracker is None or tracker.is_new:
            self.look(experiment_id)  # not read yet
        if tracker is None:
            return None
        newest = tracker.view.as_of
        if newest is None or newest < as_of:  # more of that moment may still come
            return view_as_of(self.store, tracker.view, as_of)
        key = (tracker.experiment, as_of)
        found = self._past.get(key) or view_as_of(self.store, tracker.view, as_of)
        self._past = dict([*self._past.items(), (key, found)][-MOST_PAST:])
        return found

    def why_unknown(self, experiment_id: int) -> Trouble | None:
        """Why ``look`` has nothing to show for this id; None while it was not asked for yet."""
        return self._shared.unknown.get(experiment_id)

    def views(self) -> tuple[LiveView, ...]:
        """The newest view of every experiment read so far, for the board; marks nothing as watched."""
        return tuple(t.view for t in self._shared.trackers.values() if not t.is_new)

    def trend(
        self,
        experiment_id: int,
        metric_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Trend | None:
        """How one metric moved; None while the experiment is not known. Reads the store, never the network."""
        tracker = self._shared.trackers.get(experiment_id)
        if tracker is None:
            return None
        experiment = tracker.experiment
        metric = experiment.metric(metric_id)
        plan = tracker.plan or self.store.plan(experiment_id)
        return self._trends.trend(experiment, metric, plan, since=since, until=until)

    def refresh(self, experiment_id: int) -> None:
        """Look again at once, past the cache."""
        self._poller.refresh(experiment_id)

    def progress(self, experiment_id: int) -> tuple[int, int]:
        """Of how many metrics something was read so far, and of how many."""
        return self._source.progress(experiment_id)

    def _pace(self) -> Pace:
        """Of the process that polls."""
        told = None if self._shared.is_leader else self._shared.pace
        return told or self._source.pace()

    def health(self) -> Health:
        """How the hub is doing."""
        shared = self._shared
        return Health(
            is_leader=shared.is_leader,
            holder=self._holder,
            n_experiments=len(shared.experiments),
            n_watched=len(self._schedule.watched(self._monotonic())),
            pace=self._pace(),
            trouble=shared.trouble,
            store_trouble=self.store.read_only_because,
            last_round_at=shared.last_round_at,
            loop_error=shared.loop_error,
            has_list=shared.has_list,
        )

    @property
    def holder(self) -> str:
        """This process's name in leases and deliveries."""
        return self._holder

    def is_leader(self) -> bool:
        """Whether this process is the one that polls, announces and sends."""
        return self._shared.is_leader

    def on_view(self, announce: Announcer) -> None:
        """Also tell ``announce`` of each new view."""
        self._poller.announce.append(announce)

    def run_beside(self, service: Service) -> None:
        """Start and stop ``service`` with the hub."""
        self._beside.append(service)

    # --- the loop ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the loop's thread; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
            self._thread.start()
            for service in self._beside:
                service.start()

    def stop(self) -> None:
        """End the loop, give the lease back and close what was opened."""
        for service in self._beside:
            service.stop()
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._poller.close()
        self._source.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.round()
                self._shared.loop_error = ""
            except (
                Exception
            ) as error:  # the loop must outlive any surprise; it is shown on the connection page
                log.exception("a round of the hub failed")
                self._shared.loop_error = type(error).__name__
            self._wake.wait(WAKE_S)
            self._wake.clear()

    def round(self, *, wait: bool = False) -> None:
        """Look at whatever is due. ``wait``: come back when all looks are done (tests, headless)."""
        self._poller.round(wait=wait)

    def poll(self, experiment_id: int) -> None:
        """Ask for one experiment now, in this thread (tests, benches)."""
        self._poller.poll(experiment_id)
