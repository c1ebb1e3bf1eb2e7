"""Tells the world: judges each new view, words what is ripe, stores it once and queues its deliveries.

Called by the hub of the process that holds the lease, after each poll. It never sends anything itself: a stored
alert with its queued deliveries is picked up by ``lib.live.outbox``, so that a crash in between loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lib.alerts.rules import Event, Memory, judge
from lib.commentary.notices import notice
from lib.experiments.facts import Fact
from lib.experiments.model import Alert, AlertKind, Clock
from lib.history.store import Store
from lib.live.view import LiveView
from lib.stats.results import Requirement


class Announcer:
    """Remembers how long each candidate has stood and raises what is ripe.

    Args:
        store: where alerts are kept, each key once.
        clock: ours, UTC.
        channels: names of the channels that get every alert which is not muted.
    """

    def __init__(self, store: Store, *, clock: Clock, channels: Sequence[str] = ()) -> None:
        self._store = store
        self._clock = clock
        self._channels = tuple(channels)
        self._memories: dict[int, Memory] = {}

    def __call__(self, view: LiveView) -> None:
        """Judge one new view."""
        experiment = view.experiment
        if view.server_now is None:
            return
        raised = {alert.key for alert in self._store.alerts(experiment.id)}
        memory, events = judge(
            self._memories.get(experiment.id, Memory()),
            experiment,
            view.analyses,
            server_now=view.server_now,
            raised=raised,
        )
        self._memories[experiment.id] = memory
        for event in events:
            self._raise(event, view)

    def _raise(self, event: Event, view: LiveView) -> None:
        """Store the alert with its deliveries in one transaction; a call it withdraws is marked too."""
        words = notice(event, view.experiment, view.analyses, view.forecast)
        alert = Alert(
            key=event.key,
            experiment_id=event.experiment_id,
            kind=event.kind,
            text=words.text,
            raised_at=self._clock(),
            as_of=event.as_of,
            facts=tuple(_recorded(fact) for fact in words.facts),
            why_now=tuple(_line(r) for r in view.primary.why_not_yet) if view.primary else (),
        )
        deliveries = () if self.is_muted(event.experiment_id) else self._channels
        self._store.raise_alert(alert, deliveries=[(name, words.text) for name in deliveries])
        if event.kind is AlertKind.WITHDRAWN and event.call is not None:
            call = replace(event.call, withdrawn_at=self._clock())
            self._store.withdraw_call(
                call.experiment_id, call.metric_id, call.treatment_key, self._clock(), words.text
            )

    def is_muted(self, experiment_id: int) -> bool:
        """Whether somebody muted this experiment: alerts stay in the timeline, nothing is sent."""
        return self._store.setting(f"muted:{experiment_id}") == "1"


def _recorded(fact: Fact) -> Mapping[str, str]:
    """A fact as plain strings, exactly as shown at that moment."""
    return {
        "id": fact.id,
        "shown": fact.shown,
        "value": repr(fact.value),
        "definition": fact.definition,
        "inputs": fact.inputs,
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
