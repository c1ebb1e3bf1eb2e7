"""The store: everything the dashboard remembers, behind one name.

The hub's thread writes, script threads read. Each method says one thing and leaves the work to the file that
owns the rows. What cannot be written is not raised: ``read_only_because`` tells, and live figures go on. What
cannot be read raises StoreError.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any

from lib.experiments.chat import ChatMessage, Conversation, Delivery, DeliveryState, Note, Usage
from lib.experiments.model import Alert, Call, Clock, Experiment, Exposures, Metric, Plan, Snapshot
from lib.history import changed, thin
from lib.history.address import describe
from lib.history.alerts import Alerts
from lib.history.chats import Chats, Notes
from lib.history.database import Database
from lib.history.exposures import ExposureReadings
from lib.history.lease import Leases
from lib.history.plans_calls import PlansAndCalls
from lib.history.retire import retire
from lib.history.series import SeriesReader
from lib.history.snapshots import MINIMUM, Snapshots
from lib.stats.results import Series


class Store:
    """History in SQL.

    Args:
        url: ``sqlite:///file`` or ``postgresql://...``; empty: the user's own file; ``sqlite://``: a file that
            goes when the store is closed.
        clock: our clock, UTC.

    Raises:
        StoreTooNew: a newer version of this program wrote it.
        StoreError: not an address of a database.
    """

    def __init__(self, url: str, *, clock: Clock) -> None:
        self._clock = clock
        self._database = Database(url)
        self._snapshots = Snapshots(self._database)
        self._series = SeriesReader(self._snapshots)
        self._plans = PlansAndCalls(self._database)
        self._exposures = ExposureReadings(self._database)
        self._alerts = Alerts(self._database)
        self._chats = Chats(self._database)
        self._notes = Notes(self._database)
        self._leases = Leases(self._database, clock)

    @property
    def read_only_because(self) -> str:
        """Why nothing is being kept, one sentence; empty when all is well."""
        return self._database.read_only_because

    @property
    def place(self) -> str:
        """Where it is kept, for a person, without user and password."""
        return describe(self._database.url)

    def close(self) -> None:
        """Give every connection back."""
        self._database.close()

    # Snapshots

    def keep(self, snapshots: Iterable[Snapshot]) -> int:
        """Keep what is new; the number of rows added. Rules in ``lib.history.snapshots``."""
        return self._snapshots.keep(snapshots)

    def snapshots(
        self,
        experiment_id: int,
        metric_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[Snapshot, ...]:
        """The readings that count, both ends included; ``known_at``: those known then, on our clock."""
        return self._snapshots.snapshots(
            experiment_id,
            metric_id,
            since=since,
            until=until,
            known_at=known_at,
            limit=limit,
            newest_first=newest_first,
        )

    def newest(
        self,
        experiment_id: int,
        metric_id: str,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Snapshot | None:
        """The last reading at or before ``at``, the data's clock."""
        return self._snapshots.newest(experiment_id, metric_id, at=at, known_at=known_at)

    def first_known(self, experiment_id: int, metric_id: str, at: datetime) -> datetime | None:
        """When the last reading at or before ``at`` was first taken: the ``known_at`` of that moment."""
        return self._snapshots.first_known(experiment_id, metric_id, at)

    def series(
        self,
        experiment: Experiment,
        metric: Metric,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Series:
        """Every row that counts, as arrays."""
        return self._series.series(experiment, metric, since=since, until=until, known_at=known_at)

    def thinned_series(
        self,
        experiment: Experiment,
        metric: Metric,
        *,
        points: int = 1500,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Series:
        """About ``points`` rows for a chart, at a cost that does not grow with the rows kept."""
        return self._series.thinned(
            experiment, metric, points=points, since=since, until=until, known_at=known_at
        )

    def protect(
        self, experiment_id: int, metric_id: str | None, as_of: datetime, why: int = MINIMUM
    ) -> int:
        """Never thin the rows of this moment; the number of rows found."""
        return self._snapshots.protect(experiment_id, metric_id, as_of, why)

    def protect_all(self, experiment_id: int, metric_id: str, moments: Sequence[datetime]) -> int:
        """Never thin these rows of one metric; the number of moments marked."""
        return self._snapshots.protect_all(experiment_id, metric_id, moments)

    def thin(self, now: datetime | None = None, at_most: int = 100_000) -> int:
        """Delete what retention allows; the number of rows deleted."""
        now = now or self._clock()
        return thin.thin(self._database, now, at_most) + self._exposures.thin(now)

    # Experiments, plans, calls

    def remember_experiment(self, experiment: Experiment) -> None:
        """Keep the experiment as configured now."""
        self._plans.remember(experiment, self._clock())

    def retire(self, experiment_id: int) -> int:
        """The experiment starts anew: move what was kept of its earlier run aside. Rules in ``lib.history.retire``."""
        retired = retire(self._database, experiment_id)
        self.forget_tracks(experiment_id)
        return retired

    def forget_tracks(self, experiment_id: int) -> None:
        """Look the rows of an experiment up afresh: another process may have retired its earlier run."""
        self._snapshots.forget(experiment_id)

    def known_experiments(self) -> tuple[Experiment, ...]:
        """Every experiment ever seen, as last seen, by id."""
        return self._plans.known()

    def remember_exposures(self, experiment_id: int, exposures: Exposures, at: datetime) -> bool:
        """Keep who was exposed, as seen at ``at`` of our clock; False when it is what was seen before."""
        return self._exposures.remember(experiment_id, exposures, at)

    def exposures(
        self, experiment_id: int, *, known_at: datetime | None = None
    ) -> Exposures | None:
        """Who was exposed, as last seen, or as known at a moment of our clock."""
        return self._exposures.exposures(experiment_id, known_at)

    def plan(self, experiment_id: int) -> Plan | None:
        """The frozen plan."""
        return self._plans.plan(experiment_id)

    def freeze_plan(self, plan: Plan) -> Plan:
        """Keep the plan unless one is kept; the one that counts."""
        return self._plans.freeze(plan)

    def calls(self, experiment_id: int) -> tuple[Call, ...]:
        """Every call, withdrawn ones included, oldest first."""
        return self._plans.calls(experiment_id)

    def record_call(self, call: Call) -> bool:
        """Keep a call and protect its row; False when this arm's call stands or is this very one."""
        return self._plans.record(call)

    def withdraw_call(
        self, experiment_id: int, metric_id: str, treatment_key: str, at: datetime, because: str
    ) -> bool:
        """Mark the standing call as withdrawn; False when none stands."""
        return self._plans.withdraw(experiment_id, metric_id, treatment_key, at, because)

    def happened(self, experiment_id: int) -> Hashable:
        """Differs when a call, alert or note was added, withdrawn, or moved aside by a new run; one small read."""
        return changed.happened(self._database, experiment_id)

    # Alerts and deliveries

    def alerts(self, experiment_id: int | None = None, limit: int = 200) -> tuple[Alert, ...]:
        """What was announced, newest first."""
        return self._alerts.alerts(experiment_id, limit)

    def heard(self, prefix: str) -> Hashable:
        """Differs when an alert was added or a setting whose name begins so was changed; one small read."""
        return changed.heard(self._database, prefix)

    def alerts_after(self, key: str | None, limit: int = 200) -> tuple[Alert, ...]:
        """What was announced after the alert with this key, oldest first: the unread ones."""
        return self._alerts.after(key, limit)

    def raise_alert(self, alert: Alert, deliveries: Iterable[tuple[str, str]] = ()) -> bool:
        """Keep an alert and queue its (channel, body) messages at once; False: announced already."""
        return self._alerts.raise_alert(alert, deliveries, self._clock())

    def deliveries(self, alert_key: str | None = None, limit: int = 200) -> tuple[Delivery, ...]:
        """Deliveries in every state, newest first."""
        return self._alerts.deliveries(alert_key, limit)

    def enqueue_delivery(
        self, alert_key: str, channel: str, body: str, next_at: datetime | None = None
    ) -> bool:
        """Queue one message, to be sent from ``next_at`` on; False when this channel has it already."""
        return self._alerts.enqueue(alert_key, channel, body, self._clock(), next_at)

    def due_deliveries(self, now: datetime) -> tuple[Delivery, ...]:
        """What may be claimed now, oldest first."""
        return self._alerts.due(now)

    def claim_delivery(self, delivery_id: int, holder: str, now: datetime) -> bool:
        """Take one for sending: True for exactly one caller. It then stands as ``sending``, one try more."""
        return self._alerts.claim(delivery_id, holder, now)

    def mark_delivery(
        self,
        delivery_id: int,
        state: DeliveryState,
        tries: int | None = None,
        next_at: datetime | None = None,
        error: str = "",
    ) -> bool:
        """Say how it went; a failed one is tried again at ``next_at``. False: could not be kept."""
        return self._alerts.mark(delivery_id, state, tries, next_at, error)

    def give_up_lost_deliveries(
        self, now: datetime, after: timedelta = timedelta(minutes=2), holder: str = ""
    ) -> tuple[Delivery, ...]:
        """Claims without an outcome after ``after``, or left by a dead ``holder``, become unknown; those."""
        return self._alerts.give_up_lost(now, after, holder)

    # Leases

    def lease(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or renew a name for ``ttl_s`` seconds; True for exactly one holder at a time."""
        return self._leases.take(name, holder, ttl_s)

    def release(self, name: str, holder: str) -> bool:
        """Give it back early."""
        return self._leases.release(name, holder)

    def lease_holder(self, name: str) -> str | None:
        """Who holds it now."""
        return self._leases.holder(name)

    # Conversations and the model's budget

    def conversations(self, limit: int = 200) -> tuple[Conversation, ...]:
        """The last used first."""
        return self._chats.conversations(limit)

    def new_conversation(self, title: str, at: datetime) -> str:
        """Begin a conversation; its id."""
        return self._chats.new(title, at)

    def rename_conversation(self, conversation_id: str, title: str) -> bool:
        """Give it another title."""
        return self._chats.rename(conversation_id, title)

    def delete_conversation(self, conversation_id: str) -> bool:
        """Delete it with its messages."""
        return self._chats.forget(conversation_id)

    def messages(self, conversation_id: str) -> tuple[ChatMessage, ...]:
        """Every message, oldest first."""
        return self._chats.messages(conversation_id)

    def add_message(
        self,
        conversation_id: str,
        *,
        role: str,
        text: str,
        at: datetime,
        author: str = "",
        facts: Iterable[Mapping[str, Any]] = (),
        panel: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> ChatMessage:
        """Keep a message; its id is empty when nothing can be kept now."""
        message = ChatMessage(
            id="",
            conversation_id=conversation_id,
            at=at,
            role=role,
            text=text,
            author=author,
            facts=tuple(facts),
            panel=panel,
            note=note,
        )
        return self._chats.add(message)

    def amend_message(self, message_id: str, **changes: Any) -> bool:
        """Change text, author, facts, panel or note, e.g. when a streamed answer is complete."""
        return self._chats.amend(message_id, changes)

    def set_thumb(self, message_id: str, up: bool | None) -> bool:
        """Judge an answer; None takes it back."""
        return self._chats.set_thumb(message_id, up)

    def add_usage(
        self, day: date, calls: int, tokens: int, conversation_id: str | None = None
    ) -> None:
        """Count what the model used on this day, and in this conversation."""
        self._chats.add_usage(f"day:{day.isoformat()}", calls, tokens)
        if conversation_id is not None:
            self._chats.add_usage(f"conversation:{conversation_id}", calls, tokens)

    def usage(self, day: date) -> Usage:
        """What the model used on this day."""
        return self._chats.usage(f"day:{day.isoformat()}")

    def conversation_usage(self, conversation_id: str) -> Usage:
        """What the model used in this conversation."""
        return self._chats.usage(f"conversation:{conversation_id}")

    def together(self) -> AbstractContextManager[None]:
        """Meanwhile the reads of this thread share one connection."""
        return self._database.together()

    # Notes and settings

    def keep_note(self, experiment_id: int, kind: str, key: str, text: str, at: datetime) -> bool:
        """Keep a note once per kind and key; False when it is there."""
        note = Note(experiment_id=experiment_id, kind=kind, key=key, text=text, at=at)
        return self._notes.keep(note)

    def newest_note(self, experiment_id: int, kind: str) -> Note | None:
        """The last note of a kind."""
        return next(iter(self._notes.notes(experiment_id, (kind,), 1)), None)

    def notes(self, experiment_id: int, *kinds: str, limit: int = 400) -> tuple[Note, ...]:
        """Notes of these kinds, else of every kind, newest first."""
        return self._notes.notes(experiment_id, kinds, limit)

    def count_notes(self, experiment_id: int, kind: str, since: datetime) -> int:
        """How many notes of a kind were kept at or after ``since``."""
        return self._notes.count_since(experiment_id, kind, since)

    def setting(self, name: str) -> str | None:
        """One setting made in the app."""
        return self._notes.setting(name)

    def settings(self, prefix: str) -> dict[str, str]:
        """Every setting whose name begins so, e.g. all mutes."""
        return self._notes.settings(prefix)

    def put_setting(self, name: str, value: str | None) -> bool:
        """Keep a setting; None removes it."""
        return self._notes.put_setting(name, value)
