"""What the bell hears: the newest alerts of experiments that are not muted, read once a second for all viewers.

And the copilot's side of it: an announcement becomes a message of a conversation, once, whoever has it open.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime

from lib import wording
from lib.commentary.notices import check_first
from lib.experiments.errors import StoreError
from lib.experiments.model import Alert
from lib.history.store import Store
from lib.live.announce import MUTED, muted

log = logging.getLogger(__name__)
NEWEST = 60
NO_EXPERIMENT = 0  # notes under this id belong to no timeline
UNASKED = "Announced by the watch; nobody asked."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    store: Store
    second: datetime
    state: Hashable
    alerts: tuple[Alert, ...]


_last: list[_Heard] = []


def heard(store: Store, now: datetime) -> tuple[Alert, ...]:
    """The newest alerts, newest first, without muted experiments; those heard last while the store cannot be read."""
    second = now.replace(microsecond=0)
    last = _last[-1] if _last and _last[-1].store is store else None
    if last is not None and last.second == second:
        return last.alerts
    _last[:] = [_listen(store, second, last)]
    return _last[-1].alerts


def _listen(store: Store, second: datetime, last: _Heard | None) -> _Heard:
    """What stands now; alerts and mutes are read anew only when one was added or changed."""
    state: Hashable = None
    try:
        state = store.heard(MUTED)
        if last is not None and last.state == state:
            return replace(last, second=second)
        quiet = muted(store)
        found = tuple(a for a in store.alerts(limit=NEWEST) if a.experiment_id not in quiet)
    except StoreError as error:  # every page listens; those that show history say what is wrong
        log.warning("the bell heard nothing: %s", error)
        state, found = None, last.alerts if last is not None else ()
    return _Heard(store=store, second=second, state=state, alerts=found)


def tell_conversation(store: Store, conversation: str, alert: Alert, now: datetime) -> bool:
    """Add an announcement to a conversation; False when it is there already, from any tab or process."""
    if not store.keep_note(NO_EXPERIMENT, f"told:{conversation}", alert.key, "", now):
        return False
    store.add_message(
        conversation,
        role="assistant",
        text=wording.escape_markdown(f"{alert.text} {check_first(alert.kind)}"),
        at=now,
        author="computed",
        facts=alert.facts,
        panel={
            "kind": "live",
            "experiment_id": alert.experiment_id,
            "as_of": alert.as_of.isoformat() if alert.as_of else None,
        },
        note=UNASKED,
    )
    return True
