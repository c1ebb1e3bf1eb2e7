"""What the hub keeps beside the rows, so that followers and later lives show the same; called by ``feed`` alone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from lib.experiments.errors import SourceDown, SourceError, SourceRefused
from lib.experiments.model import Experiment, Reading
from lib.history.store import Store
from lib.live.changes import changes
from lib.live.view import LiveView, Trouble


def keep_along(store: Store, reading: Reading, view: LiveView) -> None:
    """Set-up, exposures and both clocks."""
    experiment_id = reading.experiment.id
    store.remember_experiment(reading.experiment)
    if reading.exposures is not None:
        store.remember_exposures(experiment_id, reading.exposures)
    store.put_setting(f"checked:{experiment_id}", stamp_of(reading, view.speed))


def note_changes(store: Store, before: Experiment, after: Experiment, at: datetime) -> None:
    """Changes of the set-up become notes of the timeline, at the server's ``at``."""
    for kind, text in changes(before, after):
        store.keep_note(before.id, "change", f"{kind}:{at.isoformat()}", text, at)


def stamp_of(reading: Reading, speed: float) -> str:
    """Both clocks and the replay's speed as text."""
    return json.dumps([reading.server_now.isoformat(), reading.taken_at.isoformat(), speed])


def read_stamp(stamp: str) -> tuple[datetime, datetime, float]:
    """The server's clock, our last look, the speed."""
    server_now, taken_at, speed = json.loads(stamp)
    return datetime.fromisoformat(server_now), datetime.fromisoformat(taken_at), float(speed)


def trouble_of(error: SourceError, now: datetime) -> Trouble:
    """What a failed look means for the page."""
    if isinstance(error, SourceRefused):
        return Trouble(kind="refused", sentence=str(error), since=now, setting=error.setting)
    if isinstance(error, SourceDown):
        wait = timedelta(seconds=error.retry_after_s or 10.0)
        return Trouble(kind="down", sentence=str(error), since=now, next_try_at=now + wait)
    return Trouble(kind="surprise", sentence=str(error), since=now)
