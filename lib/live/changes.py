"""What changed in an experiment's set-up between two readings, as notes for its timeline; called by the hub."""

from __future__ import annotations

from collections.abc import Iterator

from lib.experiments.model import Experiment, Status
from lib.wording import percent

STATUS = {
    Status.PAUSED: "The flag was paused.",
    Status.RUNNING: "The experiment runs.",
    Status.EXPOSURE_FROZEN: "Enrolment was frozen.",
    Status.STOPPED: "The experiment was ended.",
    Status.DRAFT: "The experiment went back to draft.",
}


def changes(before: Experiment, after: Experiment) -> Iterator[tuple[str, str]]:
    """Pairs of (kind, sentence): split, metrics, start, status."""
    if _split(before) != _split(after):
        yield "split", f"The planned split changed from {_words(before)} to {_words(after)}."
    if before.metrics and [m.id for m in before.metrics] != [m.id for m in after.metrics]:
        yield "metrics", "Metrics were added, removed or reordered."
    elif before.metrics != after.metrics and before.metrics:
        yield "metrics", "A metric was edited: earlier and later numbers are not the same test."
    if before.started_at != after.started_at:
        yield "start", "The start date was changed."
    if before.status is not after.status:
        yield "status", STATUS[after.status]


def _split(experiment: Experiment) -> tuple[tuple[str, float], ...]:
    return tuple((v.key, v.share) for v in experiment.variants)


def _words(experiment: Experiment) -> str:
    return " / ".join(percent(v.share, 0) for v in experiment.variants)
