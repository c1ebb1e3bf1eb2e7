"""A fact is a computed number with its meaning; a sentence is words with facts in their slots.

Every number that reaches a screen, a chat or an alert through prose is one of these, so that it can be
opened: value, definition, inputs, as-of. ``shown`` comes from ``lib.wording`` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Unit(StrEnum):
    """What a value counts in."""

    RATE = "rate"  # a fraction shown as percent
    LIFT = "lift"  # a relative change, a fraction shown as percent with a sign
    POINTS = "points"  # a difference of rates, a fraction shown as points
    COUNT = "count"
    DAYS = "days"
    NUMBER = "number"  # a plain mean value
    P = "p"
    DATE = "date"
    TIME = "time"
    SECONDS = "seconds"


class FactRole(StrEnum):
    """How a number stands in its sentence."""

    VALUE = "value"
    THRESHOLD = "threshold"
    BOUND = "bound"
    DIFF = "diff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One computed number.

    Args:
        id: unique within its sheet; arms by their place (0 is the baseline), e.g. ``lift.1``.
        value: fraction, count, days; a POSIX timestamp for dates and times.
        topic: lift, rate, evidence, power, risk, traffic, interval, duration, split, plan, ...
        subject: the variant it speaks of; None when it speaks of the experiment.
        shown: the words a reader sees.
        definition: what it is, one sentence.
        inputs: the numbers it was computed from, readable.
        as_of: where the data ended; None for constants.
        metric_id: the metric it was computed for; empty when it speaks of the experiment as a whole.
        experiment_id: the experiment it speaks of; None for constants.
        better: +1 when more of its metric is better, -1 when less is, 0 when it has no metric.
    """

    id: str
    value: float
    unit: Unit
    topic: str
    shown: str
    subject: str | None = None
    role: FactRole = FactRole.VALUE
    definition: str = ""
    inputs: str = ""
    as_of: datetime | None = None
    metric_id: str = ""
    experiment_id: int | None = None
    better: int = 0


SLOT = re.compile(r"\[\[([\w.:-]+)\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Words with ``[[fact-id]]`` slots, and the facts that fill them; unknown slots raise ValueError.

    Names from outside (arms, experiments) are slots too, ``[[arm.1]]``, so that a hostile name can never
    look like a slot or a number of ours: ``names`` pairs the slot with the raw text.
    """

    template: str
    facts: tuple[Fact, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    kind: str = ""

    def __post_init__(self) -> None:
        """Every slot needs its fact or name."""
        known = {fact.id for fact in self.facts} | {slot for slot, _ in self.names}
        missing = [slot for slot in SLOT.findall(self.template) if slot not in known]
        if missing:
            raise ValueError(f"no fact for slot {missing[0]}")

    @property
    def text(self) -> str:
        """The sentence as read."""
        shown = {**dict(self.names), **{fact.id: fact.shown for fact in self.facts}}
        return SLOT.sub(lambda m: shown[m.group(1)], self.template)


def text_of(sentences: Iterable[Sentence]) -> str:
    """All sentences as one paragraph."""
    return " ".join(sentence.text for sentence in sentences)
