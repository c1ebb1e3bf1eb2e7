"""What the hub keeps beside the rows, so that followers and later lives show the same; called by the poller."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from lib.experiments.errors import SourceDown, SourceError, SourceRefused, StoreError
from lib.experiments.model import Experiment, Reading, Snapshot
from lib.history import codec
from lib.history.store import Store
from lib.live.changes import changes
from lib.live.tracker import Tracker
from lib.live.view import Checked, LiveView, Trouble

log = logging.getLogger(__name__)
CHECKED = "looked:"  # and the experiment's id


def keep_along(store: Store, reading: Reading, view: LiveView) -> None:
    """Set-up, exposures and both clocks."""
    experiment_id = reading.experiment.id
    store.remember_experiment(reading.experiment)
    if reading.exposures is not None:
        store.remember_exposures(experiment_id, reading.exposures, reading.taken_at)
    store.put_setting(f"{CHECKED}{experiment_id}", codec.dumps(told_of(reading, view)))


def told_of(reading: Reading, view: LiveView) -> Checked:
    """What other processes must know to show this view from the rows kept."""
    return Checked(
        server_now=reading.server_now,
        taken_at=reading.taken_at,
        speed=view.speed,
        problems=reading.problems,
        as_of=view.as_of,
        is_calculating=reading.is_calculating,
        sentences=view.sentences,
        ends={a.metric.id: a.snapshot.as_of for a in view.analyses},
    )


def note_changes(store: Store, before: Experiment, after: Experiment, at: datetime) -> None:
    """Changes of the set-up become notes of the timeline, at the server's ``at``."""
    for kind, text in changes(before, after):
        store.keep_note(before.id, "change", f"{kind}:{at.isoformat()}", text, at)


def checked(store: Store, experiment_id: int) -> Checked | None:
    """What is kept of the last good look; None before the first."""
    said = store.setting(f"{CHECKED}{experiment_id}")
    return None if said is None else codec.loads(Checked, said)


def kept_since(store: Store, tracker: Tracker, known: Experiment, told: Checked) -> list[Snapshot]:
    """The rows of a look since those evaluated last; each metric's end where the look's do."""
    rows: list[Snapshot] = []
    for metric in known.metrics:
        until = told.ends.get(metric.id)
        seen = tracker.newest(metric.id)
        if seen is not None and (until is None or seen <= until):
            rows += store.snapshots(known.id, metric.id, since=seen, until=until)
        elif (newest := store.newest(known.id, metric.id, at=until)) is not None:
            rows.append(newest)
    return rows


@contextmanager
def without_store(what: str) -> Iterator[None]:
    """Goes on while the store cannot be read; ``what`` is missing then, for the log."""
    try:
        yield
    except StoreError as error:
        log.info("%s: %s", what, error)


def trouble_of(error: SourceError, now: datetime, wait_s: float) -> Trouble:
    """What a failed look means for the page; ``wait_s``: until it is tried again."""
    again = now + timedelta(seconds=wait_s)
    if isinstance(error, SourceRefused):
        return Trouble(
            kind="refused",
            sentence=str(error),
            since=now,
            setting=error.setting,
            next_try_at=again,
        )
    kind = "down" if isinstance(error, SourceDown) else "surprise"
    return Trouble(kind=kind, sentence=str(error), since=now, next_try_at=again)


def wait_of(error: SourceError, usual_s: float) -> float:
    """Seconds until it is tried again: what the source asked for, else the usual step."""
    return getattr(error, "retry_after_s", None) or usual_s
