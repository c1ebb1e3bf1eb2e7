"""What the hub asks of a source. PostHog is one; its stand-in speaks the same HTTP and needs no own source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from lib.experiments.model import Experiment, MetricProblem, Reading, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the source works now, for the page: seconds between looks, why, and what was used.

    ``used`` maps a limit's name to (used, allowed), e.g. ``{"requests a minute": (12, 480)}``.
    """

    cadence_s: float = 10.0
    because: str = ""
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    n_requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Daily points before the first look, oldest first, and the metrics whose series could not be read."""

    snapshots: tuple[Snapshot, ...] = ()
    problems: tuple[MetricProblem, ...] = ()


class Source(Protocol):
    """Reads experiments; never writes. Every method raises errors of ``lib.experiments.errors`` only."""

    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment that is not archived, newest first; without metrics where the list has none."""
        ...

    def read(self, experiment_id: int, *, is_watched: bool) -> Reading:
        """One look at one experiment; cached parts are not asked again. Called at each tick.

        ``is_watched``: somebody looks at it now, so live queries may be spent on it.
        """
        ...

    def past(self, experiment_id: int) -> Past:
        """Daily points of every metric; asks again only when the newest data moved."""
        ...

    def pace(self, experiment_id: int | None = None) -> Pace:
        """At what cadence it is working now."""
        ...

    def progress(self, experiment_id: int) -> tuple[int, int]:
        """Of how many metrics something was read, and of how many: (0, 0) before that is known. Never waits."""
        ...

    def forget(self, experiment_id: int) -> None:
        """Drop cached parts of one experiment, so that the next read is fresh ("refresh now")."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
