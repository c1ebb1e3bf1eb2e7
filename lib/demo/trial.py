"""The stand-in's nouns: a trial (an experiment with its curve), its arms, its metrics, its totals.

Made by replay, simulate and states; read by shapes and results. Plain data without any HTTP.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lib.demo.clock import DAY_S

NAMESPACE = uuid.UUID("5b2f7a10-8e0b-4c2e-9b55-5f0a1d2c3b4e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One variant of the flag; ``percent`` is its planned share."""

    key: str
    name: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What PostHog tells of one arm; the four denominator figures only for ratio and retention."""

    key: str
    n: int
    total: float
    total_sq: float
    base: float | None = None
    base_sq: float | None = None
    cross: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One metric as it stands in the experiment: ``column`` names it inside its curve."""

    uuid: str
    fingerprint: str
    column: str
    kind: str  # funnel, mean, ratio, retention
    name: str | None
    event: str
    goal: str = "increase"
    place: str = "primary"  # primary, secondary, saved


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The team's running time figures: percent, visitors over all arms, days."""

    mde_percent: float
    n_total: int
    days: float


class Curve(Protocol):
    """Cumulative totals as a function of the days since the start."""

    def sums(self, column: str, day: float) -> tuple[Sums, ...] | None:
        """Return one entry an arm, the baseline first; None when the figures are missing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One served experiment. Moments are unix seconds on the server's clock."""

    id: int
    name: str
    flag_key: str
    description: str
    arms: tuple[Arm, ...]
    baseline: str
    measures: tuple[Measure, ...]
    curve: Curve
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    tags: tuple[str, ...] = ()
    planned: Planned | None = None
    method: str | None = "bayesian"
    conclusion: str | None = None
    archived: bool = False
    paused: bool = False
    holdout: Mapping[str, Any] | None = None
    multiple_share: float = 0.0
    gap_day: int | None = None
    legacy: tuple[Mapping[str, Any], ...] = field(default=())

    def has_ended(self, now: float) -> bool:
        """Tell whether the experiment is over at this moment."""
        return self.ended_at is not None and now >= self.ended_at

    def status(self, now: float) -> str:
        """Return PostHog's word for where the experiment stands."""
        if self.started_at is None:
            return "draft"
        if self.has_ended(now):
            return "stopped"
        return "paused" if self.paused else "running"

    def days(self, moment: float) -> float:
        """Return the days between the start and a moment, at most the experiment's length."""
        if self.started_at is None:
            return 0.0
        if self.ended_at is not None:
            moment = min(moment, self.ended_at)
        return (moment - self.started_at) / DAY_S


def stable_uuid(*parts: object) -> str:
    """Return the same uuid for the same parts, always."""
    return str(uuid.uuid5(NAMESPACE, "/".join(str(part) for part in parts)))


def fingerprint(*parts: object) -> str:
    """Return 64 hexadecimal digits that stand for the parts."""
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()


def measure(
    experiment_id: int,
    column: str,
    *,
    kind: str,
    name: str | None,
    event: str,
    goal: str = "increase",
    place: str = "primary",
) -> Measure:
    """Return a metric whose uuid and fingerprint follow from the experiment and the column."""
    return Measure(
        uuid=stable_uuid(experiment_id, column),
        fingerprint=fingerprint(experiment_id, column, kind, goal),
        column=column,
        kind=kind,
        name=name,
        event=event,
        goal=goal,
        place=place,
    )


def planned_percents(weights: list[float]) -> list[float]:
    """Return the planned split behind observed counts: percents that sum to 100.

    Counts within 0.6 points of an equal split become an equal split, to four digits: PostHog's form would
    round three arms to 34/33/33 and then also assign so, but these visitors were assigned in equal parts, and
    among millions a rounded plan would look like a broken one. Other splits are whole percents.
    """
    total = sum(weights)
    k = len(weights)
    part = 100 // k if 100 % k == 0 else round(100 / k, 4)
    equal = [round(100 - part * (k - 1), 4) if i == 0 else part for i in range(k)]
    if total <= 0 or all(abs(100 * w / total - 100 / k) < 0.6 for w in weights):
        return equal
    exact = [100 * w / total for w in weights]
    floors: list[float] = [int(x) for x in exact]
    order = sorted(range(k), key=lambda i: floors[i] - exact[i])
    for i in order[: 100 - int(sum(floors))]:
        floors[i] += 1
    return floors
