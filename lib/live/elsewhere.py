"""What processes on one database tell each other, by settings of the store; used by the poller and the hub.

The one that polls tells the list, its pace and its troubles; the others tell what their viewers look at and ask
it to look again. Nothing here decides who polls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from lib.experiments.model import Clock, Experiment
from lib.history import codec
from lib.history.store import Store
from lib.live.view import Trouble
from lib.sources.base import Pace

WATCHED, REFRESH, TROUBLE, LISTED, PACE = "watched:", "refresh:", "trouble:", "listed", "pace"
THE_LIST = 0  # no experiment's id: trouble with the list itself
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The list as the source gave it at ``at``, newest first."""

    at: datetime
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A look that failed at ``at``, our clock."""

    at: datetime
    trouble: Trouble


class Elsewhere:
    """The other processes.

    Args:
        store: which all of them share.
        clock: ours, UTC.
        fresh_s: how long somebody who looked counts as watching.
    """

    def __init__(self, store: Store, *, clock: Clock, fresh_s: float) -> None:
        self._store, self._clock = store, clock
        self._fresh = timedelta(seconds=fresh_s)
        self._told: dict[str, str] = {}
        self._known: dict[int, Experiment] = {}

    # --- told by who follows ----------------------------------------------------------------------

    def watch(self, experiment_id: int) -> None:
        """Somebody looks at it here."""
        self._store.put_setting(f"{WATCHED}{experiment_id}", self._clock().isoformat())

    def ask_refresh(self, experiment_id: int) -> None:
        """Somebody here wants it looked at again at once."""
        self._store.put_setting(f"{REFRESH}{experiment_id}", self._clock().isoformat())

    def watched(self) -> frozenset[int]:
        """What is looked at in other processes."""
        now = self._clock()
        found = self._store.settings(WATCHED).items()
        return frozenset(
            _id(name) for name, at in found if now - datetime.fromisoformat(at) < self._fresh
        )

    def take_refreshes(self) -> tuple[int, ...]:
        """What was asked for since; each once."""
        asked = self._store.settings(REFRESH)
        for name in asked:
            self._store.put_setting(name, None)
        return tuple(_id(name) for name in asked)

    # --- told by who polls ------------------------------------------------------------------------

    def tell_list(self, experiments: Iterable[Experiment], known: Iterable[int]) -> None:
        """The list, and what others have never seen of it."""
        experiments, known = tuple(experiments), set(known)
        for experiment in experiments:
            if experiment.id not in known:
                self._store.remember_experiment(experiment)
        self._put(LISTED, Listed(at=self._clock(), ids=tuple(e.id for e in experiments)))

    def tell_trouble(self, experiment_id: int, trouble: Trouble) -> None:
        """A look failed; what succeeds later outdates it."""
        self._put(f"{TROUBLE}{experiment_id}", Failed(at=self._clock(), trouble=trouble))

    def tell_pace(self, pace: Pace) -> None:
        """How fast the one that polls works now; written when it changed."""
        said = json.dumps([pace.cadence_s, pace.because])
        if self._told.get(PACE) != said:
            self._told[PACE] = said
            self._store.put_setting(PACE, said)

    # --- heard by who follows ---------------------------------------------------------------------

    def listed(self) -> tuple[tuple[Experiment, ...], Trouble | None] | None:
        """The list in its order, and what is wrong with it; None while nobody told one."""
        told = self._get(Listed, LISTED)
        if told is None:
            return None
        self._known = {e.id: e for e in self._store.known_experiments()}
        there = tuple(self._known[i] for i in told.ids if i in self._known)
        return there, self.trouble(THE_LIST, since=told.at)

    def experiment(self, experiment_id: int) -> Experiment | None:
        """As the list heard last has it."""
        return self._known.get(experiment_id)

    def trouble(self, experiment_id: int, since: datetime) -> Trouble | None:
        """What is wrong, unless a look succeeded at ``since`` or later."""
        failed = self._get(Failed, f"{TROUBLE}{experiment_id}")
        return failed.trouble if failed is not None and failed.at > since else None

    def pace(self) -> Pace | None:
        """How fast the one that polls works; None while nobody told."""
        said = self._store.setting(PACE)
        if said is None:
            return None
        cadence_s, because = json.loads(said)
        return Pace(cadence_s=float(cadence_s), because=str(because))

    def _put(self, name: str, value: Listed | Failed) -> None:
        self._store.put_setting(name, codec.dumps(value))

    def _get(self, kind: type[T], name: str) -> T | None:
        said = self._store.setting(name)
        return None if said is None else codec.loads(kind, said)


def _id(name: str) -> int:
    return int(name.rpartition(":")[2])
