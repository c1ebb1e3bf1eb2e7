"""Asks the source and publishes views: the one place where readings come in. Run by the hub's thread.

Of several processes on one database one holds the lease and polls; the others follow what it keeps, so that
viewers on any of them see the same numbers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from lib.experiments.errors import SourceDown, SourceError, SourceSurprise, StoreError
from lib.experiments.model import Clock, Experiment, Reading
from lib.history.store import Store
from lib.live.elsewhere import THE_LIST, Elsewhere
from lib.live.keeping import (
    checked,
    keep_along,
    kept_since,
    note_changes,
    trouble_of,
    wait_of,
    without_store,
)
from lib.live.schedule import Schedule
from lib.live.speed import SpeedMeter
from lib.live.tracker import Tracker
from lib.live.view import LiveView, Trouble
from lib.sources.base import Pace, Source

log = logging.getLogger(__name__)
LIST_EVERY_S = 60.0
LEASE_S = 20.0
THIN_EVERY_S = 3600.0
THIN_FIRST_S = 60.0  # a process that is restarted often thins all the same
THINNING = -1  # no experiment's id
AT_ONCE = 3
Announcer = Callable[[LiveView], None]


@dataclass(slots=True)
class Published:
    """What the loop publishes and pages read; each attribute is replaced whole."""

    experiments: tuple[Experiment, ...] = ()
    trouble: Trouble | None = None
    unknown: dict[int, Trouble] = field(default_factory=dict)
    last_round_at: datetime | None = None
    loop_error: str = ""
    is_leader: bool = False
    has_list: bool = False
    pace: Pace | None = None
    trackers: dict[int, Tracker] = field(default_factory=dict)


class Poller:
    """Looks at whatever is due and publishes what it finds.

    Args:
        source: where facts come from.
        store: where they are kept.
        schedule: who is due.
        holder: this process, for the lease.
        clock: ours, UTC.
        monotonic: seconds, for the schedule.
        poll_s: seconds between looks at what somebody watches.
        speed_hint: the server's speed when it is known beforehand.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        schedule: Schedule,
        *,
        holder: str,
        clock: Clock,
        monotonic: Callable[[], float],
        poll_s: float,
        speed_hint: float,
    ) -> None:
        self.published = Published()
        self.announce: list[Announcer] = []
        self.wake = threading.Event()
        self._source, self._store, self._schedule = source, store, schedule
        self._holder, self._clock, self._monotonic = holder, clock, monotonic
        self._poll_s = poll_s
        self._meter = SpeedMeter(speed_hint)
        self._kept = {e.id: e for e in store.known_experiments()}
        self._busy: dict[int, Future[None]] = {}
        self._list_due = self._lease_due = self._heard_due = 0.0
        self._elsewhere = Elsewhere(store, clock=clock, fresh_s=3.5 * poll_s)
        self._watched_elsewhere: frozenset[int] = frozenset()
        self._thin_due = monotonic() + THIN_FIRST_S
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hub-read")

    def close(self) -> None:
        """Wait for nothing more and give the lease back."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self.published.is_leader:
            self._store.release("poller", self._holder)

    def round(self, *, wait: bool = False) -> None:
        """Look at whatever is due. ``wait``: come back when all looks are done (tests, headless)."""
        now = self._monotonic()
        self._take_lease(now)
        with without_store("other processes are not heard"):
            self._hear(now)
        self._list(now)
        self._thin(now)
        work = self.poll if self.published.is_leader else self._follow
        known = {e.id for e in self.published.experiments} | set(self._schedule.watched(now))
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
        self.published.last_round_at = self._clock()

    def _safely(self, work: Callable[[int], None], experiment_id: int) -> None:
        try:
            work(experiment_id)
        except StoreError as error:
            self._note(Trouble(kind="store", sentence=str(error), since=self._clock()))
        except Exception as error:  # one experiment's surprise must not stop the others
            log.exception("experiment %s could not be evaluated", experiment_id)
            self.published.loop_error = type(error).__name__
        finally:
            self.wake.set()

    def poll(self, experiment_id: int) -> None:
        """Ask the source for one experiment, keep and publish what it says; the only place that asks."""
        watched = self._is_watched(experiment_id, self._monotonic())
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
        if self._starts_anew(tracker, reading):
            self._schedule.next_after(experiment_id, self._monotonic())
            return
        view = tracker.take(reading)
        keep_along(self._store, reading, view)
        with without_store("nothing is announced"):
            for announce in self.announce:
                announce(view)

    def _starts_anew(self, tracker: Tracker, reading: Reading) -> bool:
        """Whether this is another run under the same id; what was kept of the earlier one is put aside.

        The next look then begins with the new run's own past.
        """
        experiment = reading.experiment
        before = self._kept.get(experiment.id) if tracker.is_new else tracker.experiment
        self._kept[experiment.id] = experiment
        if before is None or before.started_at in {None, experiment.started_at}:
            if before is not None and not tracker.is_new:
                note_changes(self._store, before, experiment, reading.server_now)
            return False
        log.info("experiment %s starts anew", experiment.id)
        self._store.retire(experiment.id)
        self._new_tracker(experiment)
        return True

    def _follow(self, experiment_id: int) -> None:
        """Publish what the process with the lease has kept."""
        if self._schedule.is_watched(experiment_id, self._monotonic()):
            self._elsewhere.watch(experiment_id)
        told = checked(self._store, experiment_id)
        known = self._elsewhere.experiment(experiment_id)
        if told is None or known is None:
            return
        tracker = self._tracker(experiment_id) or self._new_tracker(known)
        if known.started_at != tracker.experiment.started_at:
            self._store.forget_tracks(experiment_id)
            tracker = self._new_tracker(known)
        tracker.follow(known, told, kept_since(self._store, tracker, known, told))
        tracker.is_new = False
        trouble = self._elsewhere.trouble(experiment_id, since=told.taken_at)
        if trouble is not None:
            tracker.trouble(trouble)

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
        wait = wait_of(error, self._poll_s)
        trouble = trouble_of(error, self._clock(), wait)
        if tracker is not None:
            tracker.trouble(trouble)
            self._elsewhere.tell_trouble(experiment_id, trouble)
        else:  # an id nobody listed, perhaps mistyped in a link: no trouble for the others
            self.published.unknown = {**self.published.unknown, experiment_id: trouble}
        self._schedule.next_after(experiment_id, self._monotonic() + wait)

    def _gap(self, experiment_id: int, now: float) -> float:
        is_watched = self._is_watched(experiment_id, now)
        pace = self._source.pace(None if is_watched else experiment_id)
        usual = max(self._poll_s, pace.cadence_s) if pace.because else self._poll_s
        return usual if is_watched else max(usual, self._idle_gap_s())

    def _is_watched(self, experiment_id: int, now: float) -> bool:
        """Whether somebody looks, in this process or another: told to the source, which knows it only from then on."""
        is_here = self._schedule.is_watched(experiment_id, now)
        return is_here or experiment_id in self._watched_elsewhere

    def _idle_gap_s(self) -> float:
        """Seconds between looks at what nobody watches: a minute, more when there are many."""
        return max(6 * self._poll_s, len(self.published.experiments) * self._poll_s * 0.12)

    def _hear(self, now: float) -> None:
        """Every few seconds: what other processes look at, or how the one that polls fares."""
        if now < self._heard_due:
            return
        self._heard_due = now + self._poll_s / 2
        if not self.published.is_leader:
            self.published.pace = self._elsewhere.pace()
            return
        self.published.pace = None
        self._elsewhere.tell_pace(self._source.pace())
        watched = self._elsewhere.watched()
        for experiment_id in watched - self._watched_elsewhere:
            self._schedule.next_after(experiment_id, now)
        self._watched_elsewhere = watched
        for experiment_id in self._elsewhere.take_refreshes():
            self.refresh(experiment_id)

    def refresh(self, experiment_id: int) -> None:
        """Look again at once, past the cache; who follows asks the one that polls."""
        if not self.published.is_leader:
            self._elsewhere.ask_refresh(experiment_id)
        self._source.forget(experiment_id)
        self._schedule.next_after(experiment_id, self._monotonic())
        self.wake.set()

    def _take_lease(self, now: float) -> None:
        if now < self._lease_due:
            return
        self._lease_due = now + LEASE_S / 3
        self.published.is_leader = self._store.lease("poller", self._holder, LEASE_S)

    def _thin(self, now: float) -> None:
        """Once an hour the leader lets old rows become fewer, beside its looks."""
        if not self.published.is_leader or now < self._thin_due:
            return
        self._thin_due = now + THIN_EVERY_S
        self._busy[THINNING] = self._pool.submit(
            self._safely, lambda _: log.info("thinned %s rows", self._store.thin()), THINNING
        )

    def _list(self, now: float) -> None:
        """Refresh the list of experiments; followers take it from the store."""
        if now < self._list_due:
            return
        self._list_due = now + LIST_EVERY_S
        if not self.published.is_leader:
            self._list_due = now + self._poll_s
            heard = self._elsewhere.listed()
            if heard is not None:
                self.published.experiments, self.published.trouble = heard
                self.published.has_list = True
            return
        try:
            self.published.experiments = self._source.experiments()
            self.published.has_list = True
            self.published.trouble = None
            self._elsewhere.tell_list(self.published.experiments, self._kept)
        except SourceError as error:
            wait = wait_of(error, self._poll_s)
            trouble = trouble_of(error, self._clock(), wait)
            self._note(trouble)
            self._elsewhere.tell_trouble(THE_LIST, trouble)
            self._list_due = now + wait

    def _note(self, trouble: Trouble) -> None:
        before = self.published.trouble
        if before is not None and before.kind == trouble.kind:
            trouble = replace(trouble, since=before.since)
        self.published.trouble = trouble

    def _tracker(self, experiment_id: int) -> Tracker | None:
        known = self.published.trackers.get(experiment_id)
        if known is None:
            listed = next((e for e in self.published.experiments if e.id == experiment_id), None)
            known = None if listed is None else self._new_tracker(listed)
        return known

    def _new_tracker(self, experiment: Experiment) -> Tracker:
        tracker = Tracker(experiment, self._store, meter=self._meter)
        self.published.trackers = {**self.published.trackers, experiment.id: tracker}
        return tracker
