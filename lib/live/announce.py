"""Tells the world: judges each new view, words what is ripe, stores it once and queues its deliveries.

Called by the hub of the process that holds the lease, after each poll. It never sends anything itself: a stored
alert with its queued deliveries is picked up by ``lib.live.outbox``, so that a crash in between loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from lib import wording
from lib.alerts.message import message_of
from lib.alerts.rules import Event, Memory, held_at_first_sight, judge
from lib.commentary.notices import Happening, check_first, notice
from lib.experiments.facts import Fact, Sentence
from lib.experiments.model import Alert, AlertKind, Clock
from lib.history.store import Store
from lib.live.view import LiveView
from lib.stats.results import Requirement

MUTED = "muted:"
FIRST_SIGHT = "alerts_first:"


class Announcer:
    """Remembers how long each candidate has stood and raises what is ripe.

    Args:
        store: where alerts are kept, each key once.
        clock: ours, UTC.
        channels: names of the channels that get every alert which is not muted.
        public_url: where people open the dashboard, for links; empty: no link.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        channels: Sequence[str] = (),
        public_url: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._channels = tuple(channels)
        self._public_url = public_url
        self._memories: dict[int, Memory] = {}
        self._first: dict[str, frozenset[str]] = {}

    def __call__(self, view: LiveView) -> None:
        """Judge one new view."""
        experiment = view.experiment
        if view.server_now is None:
            return
        raised = {alert.key for alert in self._store.alerts(experiment.id)}
        raised |= self._known_from_the_start(view, view.server_now)
        memory, events = judge(
            self._memories.get(experiment.id, Memory()),
            experiment,
            view.analyses,
            server_now=view.server_now,
            raised=raised,
        )
        self._memories[experiment.id] = memory
        for event in events:
            self._take_back(event)
            if event.is_public:
                self._raise(event, view)

    def _known_from_the_start(self, view: LiveView, server_now: datetime) -> frozenset[str]:
        """What held already when this test was first seen, by any process that ever kept it."""
        started = view.experiment.started_at
        name = f"{FIRST_SIGHT}{view.experiment.id}:{started.date() if started else None}"
        if name not in self._first:
            kept = self._store.setting(name)
            if kept is None:
                if view.primary is None:
                    return frozenset()
                keys = held_at_first_sight(view.experiment, view.analyses, server_now)
                kept = json.dumps(sorted(keys))
                self._store.put_setting(name, kept)
            self._first[name] = frozenset(json.loads(kept))
        return self._first[name]

    def _take_back(self, event: Event) -> None:
        """Mark the call, on the server's clock as all its times; first, so that a crash does not forget it."""
        call = event.call
        if event.kind is not AlertKind.WITHDRAWN or call is None or call.withdrawn_at is None:
            return
        self._store.withdraw_call(
            call.experiment_id,
            call.metric_id,
            call.treatment_key,
            call.withdrawn_at,
            call.withdrawn_because,
        )

    def _raise(self, event: Event, view: LiveView) -> None:
        """Store the alert with its deliveries in one transaction."""
        words = self._words(event, view)
        alert = Alert(
            key=event.key,
            experiment_id=event.experiment_id,
            kind=event.kind,
            text=words.text,
            raised_at=self._clock(),
            as_of=event.as_of,
            facts=tuple(_recorded(fact) for fact in words.facts),
            why_now=_why(event, view),
        )
        body = message_of(
            alert,
            experiment=wording.bare_name(view.experiment.name),
            check_first=check_first(event.kind),
            public_url=self._public_url,
        ).as_json()
        channels = self._channels if self._is_sent(event) else ()
        self._store.raise_alert(alert, deliveries=[(name, body) for name in channels])

    def _words(self, event: Event, view: LiveView) -> Sentence:
        happening = Happening(
            kind=event.kind,
            metric_id=event.metric_id,
            treatment_key=event.treatment_key,
            call=event.call,
            because=event.because,
            again=event.is_again,
        )
        server_now = view.server_now or event.as_of
        return notice(
            happening, view.experiment, view.analyses, view.forecast, server_now=server_now
        )

    def _is_sent(self, event: Event) -> bool:
        """A muted experiment sends nothing but the withdrawal of what was sent."""
        if not is_muted(self._store, event.experiment_id):
            return True
        return bool(event.takes_back and self._store.deliveries(event.takes_back))


def is_muted(store: Store, experiment_id: int) -> bool:
    """Whether somebody muted this experiment: alerts stay in the timeline, nothing is sent."""
    return store.setting(f"{MUTED}{experiment_id}") == "1"


def mute(store: Store, experiment_id: int, *, on: bool) -> None:
    """Mute an experiment, or let it speak again."""
    store.put_setting(f"{MUTED}{experiment_id}", "1" if on else None)


def muted(store: Store) -> frozenset[int]:
    """Ids of the muted experiments."""
    found = store.settings(MUTED)
    return frozenset(int(name.removeprefix(MUTED)) for name, on in found.items() if on == "1")


def _why(event: Event, view: LiveView) -> tuple[Mapping[str, str], ...]:
    """The why-not-yet list of the metric the event is about, as it stands."""
    about = next((a for a in view.analyses if a.metric.id == event.metric_id), view.primary)
    return () if about is None else tuple(_line(r) for r in about.why_not_yet)


def _recorded(fact: Fact) -> Mapping[str, str]:
    """A fact as plain strings, exactly as shown at that moment."""
    return {
        "id": fact.id,
        "shown": fact.shown,
        "value": repr(fact.value),
        "unit": fact.unit,
        "definition": fact.definition,
        "inputs": fact.inputs,
        "subject": fact.subject or "",
        "as_of": fact.as_of.isoformat() if fact.as_of else "",
    }


def _line(requirement: Requirement) -> Mapping[str, str]:
    """One line of the why-not-yet list as it stood."""
    values = {"now": requirement.now, "needed": requirement.needed, "arm_key": requirement.arm_key}
    return {
        "kind": requirement.kind,
        "is_met": str(requirement.is_met),
        **{name: str(value) for name, value in values.items() if value is not None},
    }
