"""The hub: one poller for all viewers of all experiments.

``poll`` is the only place that asks a source. ``look`` reads the newest published view: it never blocks and
never touches the network. Of several processes on one database one holds the lease and polls; the others
follow what it keeps, so that viewers on any of them see the same numbers.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from lib.experiments.errors import SourceDown, SourceError, SourceSurprise, StoreError
from lib.experiments.model import Clock, Experiment
from lib.history.store import Store
from lib.live.keeping import keep_along, note_changes, read_stamp, trouble_of
from lib.live.past import view_as_of
from lib.live.schedule import Schedule
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from lib.live.trend import Trend, Trends
from lib.live.view import LiveView, Trouble
from lib.sources.base import Pace, Source

log = logging.getLogger(__name__)
LIST_EVERY_S = 60.0
LEASE_S = 20.0
WAKE_S = 0.25
AT_ONCE = 3
Announcer = Callable[[LiveView], None]


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


@dataclass(slots=True)
class _Shared:
    """What the loop publishes and pages read; each attribute is replaced whole."""

    experiments: tuple[Experiment, ...] = ()
    trouble: Trouble | None = None
    last_round_at: datetime | None = None
    loop_error: str = ""
    is_leader: bool = False
    has_list: bool = False
    trackers: dict[int, Tracker] = field(default_factory=dict)


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
        self._announce = list(announce)
        self._beside: list[Service] = []
        self._meter = SpeedMeter(speed_hint)
        self._trends = Trends(store)
        self._monotonic = monotonic
        self._schedule = Schedule()
        self._shared = _Shared()
        self._holder = uuid.uuid4().hex
        self._busy: dict[int, Future[None]] = {}
        self._unknown: dict[int, Trouble] = {}
        self._list_due = 0.0
        self._lease_due = 0.0
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hub-read")
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
            view = self.look(experiment_id)
            return None if view is None else view_as_of(self.store, view, as_of)
        if self._schedule.looked_at(experiment_id, self._monotonic()):
            self._wake.set()
        tracker = self._shared.trackers.get(experiment_id)
        if tracker is None:
            return None  # why_unknown tells the reason once there is one
        pace = self._source.pace()
        return replace(
            tracker.view,
            trouble=tracker.view.trouble or self._shared.trouble,
            cadence_s=max(pace.cadence_s, self.poll_s),
            cadence_because=pace.because,
        )

    def why_unknown(self, experiment_id: int) -> Trouble | None:
        """Why ``look`` has nothing to show for this id; None while it was not asked for yet."""
        return self._unknown.get(experiment_id)

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
        plan = self.store.plan(experiment_id)
        return self._trends.trend(experiment, metric, plan, since=since, until=until)

    def refresh(self, experiment_id: int) -> None:
        """Look again at once, past the cache."""
        self._source.forget(experiment_id)
        self._schedule.next_after(experiment_id, self._monotonic())
        self._wake.set()

    def health(self) -> Health:
        """How the hub is doing."""
        shared = self._shared
        return Health(
            is_leader=shared.is_leader,
            holder=self._holder,
            n_experiments=len(shared.experiments),
            n_watched=len(self._schedule.watched(self._monotonic())),
            pace=self._source.pace(),
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
        self._announce.append(announce)

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
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._shared.is_leader:
            self.store.release("poller", self._holder)
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
        now = self._monotonic()
        self._take_lease(now)
        self._list(now)
        work = self.poll if self._shared.is_leader else self._follow
        known = {e.id for e in self._shared.experiments} | set(self._schedule.watched(now))
        for experiment_id in self._schedule.due(known, now):
            self._busy = {i: f for i, f in self._busy.items() if not f.done()}
            if wait and len(self._busy) == AT_ONCE:
                next(iter(self._busy.values())).result()
            elif len(self._busy) == AT_ONCE:
                break  # the queue stays here, so that whoever is looked at next goes first
            if experiment_id not in self._busy:
                self._schedule.next_after(experiment_id, now + self._gap(experiment_id, now))
                self._busy[experiment_id] = self._pool.submit(self._safely, work, experiment_id)
        for future in list(self._busy.values()) if wait else ():
            future.result()
        self._shared.last_round_at = self.clock()

    def _safely(self, work: Callable[[int], None], experiment_id: int) -> None:
        try:
            work(experiment_id)
        except StoreError as error:
            self._note(Trouble(kind="store", sentence=str(error), since=self.clock()))
        except Exception as error:  # one experiment's surprise must not stop the others
            log.exception("experiment %s could not be evaluated", experiment_id)
            self._shared.loop_error = type(error).__name__
        finally:
            self._wake.set()

    def poll(self, experiment_id: int) -> None:
        """Ask the source for one experiment, keep and publish what it says; the only place that asks."""
        watched = self._schedule.is_watched(experiment_id, self._monotonic())
        tracker = self._tracker(experiment_id)
        try:
            if tracker is not None and tracker.needs_past:
                self._read_past(tracker, is_watched=watched)
            reading = self._source.read(experiment_id, is_watched=watched)
        except SourceError as error:
            self._fail(tracker, error, experiment_id)
            return
        if tracker is None:
            tracker = self._new_tracker(reading.experiment)
        if not tracker.is_new:
            note_changes(self.store, tracker.experiment, reading)
        view = tracker.take(reading)
        keep_along(self.store, reading, view)
        for announce in self._announce:
            announce(view)

    def _follow(self, experiment_id: int) -> None:
        """Publish what the process with the lease has kept."""
        self.store.put_setting(f"watched:{experiment_id}", self.clock().isoformat())
        stamp = self.store.setting(f"checked:{experiment_id}")
        tracker = self._tracker(experiment_id) or self._known_tracker(experiment_id)
        if stamp is None or tracker is None:
            return
        tracker.follow(*read_stamp(stamp))
        tracker.is_new = False

    def _read_past(self, tracker: Tracker, *, is_watched: bool) -> None:
        """Daily points from before the first look; plan and evidence rest on them.

        Somebody who looks gets the newest numbers even when the past cannot be had yet; it is tried again.
        """
        try:
            tracker.keep_past(self._source.past(tracker.experiment.id).snapshots)
        except SourceDown as error:
            if not is_watched:
                raise
            log.info("the past of experiment %s comes later: %s", tracker.experiment.id, error)
        except SourceSurprise as error:
            log.info("no past of experiment %s: %s", tracker.experiment.id, error)
            tracker.needs_past = False

    def _fail(self, tracker: Tracker | None, error: SourceError, experiment_id: int) -> None:
        trouble = trouble_of(error, self.clock())
        if tracker is not None:
            tracker.trouble(trouble)
        else:  # an id nobody listed, perhaps mistyped in a link: no trouble for the others
            self._unknown = {**self._unknown, experiment_id: trouble}
        wait = getattr(error, "retry_after_s", None) or self.poll_s
        self._schedule.next_after(experiment_id, self._monotonic() + wait)

    def _gap(self, experiment_id: int, now: float) -> float:
        pace = self._source.pace(experiment_id)
        usual = max(self.poll_s, pace.cadence_s) if pace.because else self.poll_s
        if self._schedule.is_watched(experiment_id, now) or self._is_watched_elsewhere(
            experiment_id
        ):
            return usual
        return max(usual, self._idle_gap_s())

    def _idle_gap_s(self) -> float:
        """Seconds between looks at what nobody watches: a minute, more when there are many."""
        return max(6 * self.poll_s, len(self._shared.experiments) * self.poll_s * 0.12)

    def _is_watched_elsewhere(self, experiment_id: int) -> bool:
        stamp = self.store.setting(f"watched:{experiment_id}")
        return stamp is not None and self.clock() - datetime.fromisoformat(stamp) < timedelta(
            seconds=3.5 * self.poll_s
        )

    def _take_lease(self, now: float) -> None:
        if now < self._lease_due:
            return
        self._lease_due = now + LEASE_S / 3
        self._shared.is_leader = self.store.lease("poller", self._holder, LEASE_S)

    def _list(self, now: float) -> None:
        """Refresh the list of experiments; followers take it from the store."""
        if now < self._list_due:
            return
        self._list_due = now + LIST_EVERY_S
        if not self._shared.is_leader:
            self._list_due = now + self.poll_s
            self._shared.experiments = self.store.known_experiments()
            return
        try:
            self._shared.experiments = self._source.experiments()
            self._shared.has_list = True
            self._shared.trouble = None
        except SourceError as error:
            self._note(trouble_of(error, self.clock()))
            self._list_due = now + (getattr(error, "retry_after_s", None) or self.poll_s)

    def _note(self, trouble: Trouble) -> None:
        before = self._shared.trouble
        if before is not None and before.kind == trouble.kind:
            trouble = replace(trouble, since=before.since)
        self._shared.trouble = trouble

    def _tracker(self, experiment_id: int) -> Tracker | None:
        known = self._shared.trackers.get(experiment_id)
        if known is None:
            listed = next((e for e in self._shared.experiments if e.id == experiment_id), None)
            known = None if listed is None else self._new_tracker(listed)
        return known

    def _known_tracker(self, experiment_id: int) -> Tracker | None:
        kept = next((e for e in self.store.known_experiments() if e.id == experiment_id), None)
        return None if kept is None else self._new_tracker(kept)

    def _new_tracker(self, experiment: Experiment) -> Tracker:
        tracker = Tracker(experiment, self.store, meter=self._meter)
        self._shared.trackers = {**self._shared.trackers, experiment.id: tracker}
        return tracker
