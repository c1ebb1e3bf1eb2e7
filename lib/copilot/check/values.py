"""Whether a number as printed is a fact's value: unit, rounding, hedges, lengths of time, moments.

Used by ``judge`` and ``slots``. Where the number stands is not its business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from lib.copilot.check.lex import lex_words
from lib.copilot.check.mention import Kind, Mention
from lib.copilot.check.scene import Scene
from lib.copilot.check.senses import CHANCES, SIGNED, UNITS
from lib.experiments.facts import Fact, FactRole, Unit
from lib.wording import CALL_LINE

COARSE = frozenset({Kind.DATE, Kind.CLOCK, Kind.DAYS, Kind.ODDS, Kind.OF_100})
LOOSE = 0.05  # "about"
WIDE = 0.10  # "over", "under"


def agrees(mention: Mention, fact: Fact, scene: Scene, lang: str) -> bool:
    """Whether unit and value fit: within half of the last printed digit, or exactly as the fact is shown."""
    if not has_unit(mention, fact, scene):
        return False
    bare = mention.kind is Kind.P and not fact.shown.startswith("<")
    shown = lex_words(f"p = {fact.shown}" if bare else fact.shown, lang)
    as_shown = any(_is_same(mention, other) for other in shown)
    if mention.kind in {Kind.DATE, Kind.CLOCK}:
        return _same_moment(mention, fact, shown)
    only_as_shown = mention.kind is Kind.OF_100 and fact.topic != "evidence"
    if as_shown or only_as_shown or mention.kind is Kind.ODDS:
        return as_shown
    if mention.kind is Kind.DAYS:
        return _same_length(mention, fact, shown)
    if _is_blunt(mention, shown):
        return False
    return _same_value(mention, fact, scene, max((_zeros(m) for m in shown), default=0))


def has_unit(mention: Mention, fact: Fact, scene: Scene) -> bool:
    """Whether a number of this kind can be a fact of this unit at all."""
    if mention.kind is Kind.POINTS and fact.id.rpartition(":")[2].startswith("evidence_gap"):
        return True  # points of the gauge
    if mention.kind is Kind.ODDS and fact.topic not in CHANCES:
        return False
    if mention.kind is Kind.PERCENT and fact.topic == "evidence":
        clause = scene.in_clause(mention)  # evidence is told "of 100"; in percent only by its name
        return any(scene.says("cue", tag, clause) for tag in ("evidence", "gauge"))
    return fact.unit in UNITS[mention.kind] or _is_bare_evidence(mention, fact, scene)


def digits_of(mention: Mention) -> int:
    """How many digits of a number tell something; dates, lengths and odds have few values and count as none."""
    if mention.kind in COARSE:
        return 0
    figure = re.sub(r"[^\d.,]", "", mention.text).lstrip("0.,")
    whole = (
        figure.rstrip("0")
        if mention.tol >= 0.5 and not re.search(r"[.,]\d\d?$", figure)
        else figure
    )
    return sum(c.isdigit() for c in whole)


def _is_blunt(mention: Mention, shown: Sequence[Mention]) -> bool:
    """``+2 %`` for +1.7 %: a single digit where we print more is said with "about"."""
    if mention.approx or mention.bound or digits_of(mention) > 1:
        return False
    return any(m.kind is mention.kind and digits_of(m) > 1 for m in shown)


def _is_same(mention: Mention, other: Mention) -> bool:
    """Said as we show it: value, hedge, sign if any, and no more decimals than we print."""
    precise = mention.tol >= 0.99 * other.tol
    return mention.same == other.same and mention.sign in {0, other.sign} and precise


def _same_value(mention: Mention, fact: Fact, scene: Scene, rounded: int) -> bool:
    value = abs(fact.value) if is_signed(fact) else fact.value
    size = 0.01 if _is_bare_evidence(mention, fact, scene) else 1.0
    if mention.kind is Kind.POINTS and fact.unit is Unit.NUMBER and fact.topic == "evidence":
        size = 100.0
    said, tol = mention.value * size, mention.tol * size
    if fact.topic == "evidence" and (said >= CALL_LINE) != (value >= CALL_LINE):
        return False  # nobody rounds over the line
    return _near(mention, said, value, tol, fact, rounded)


def _near(  # noqa: PLR0917 - the parts of one comparison
    mention: Mention, said: float, value: float, tol: float, fact: Fact, rounded: int
) -> bool:
    if mention.bound:
        gap = (value - said) * mention.bound
        if fact.unit is Unit.P and mention.bound < 0:
            return value < said <= 1 - CALL_LINE + 1e-9
        return 0 <= gap <= WIDE * abs(said) + 1e-12
    if mention.approx:
        return abs(value - said) <= _rounding(mention, said, tol, rounded) * (1 + 1e-9)
    gap = abs(value - said)  # a tie goes to what we print
    return gap < tol * (1 - 1e-9) if tol else gap <= 1e-12


def _rounding(mention: Mention, said: float, tol: float, rounded: int) -> float:
    """How far "about" may be off: half of the last digit that is no round zero, at most 5 %.

    What we print rounded already, with ``rounded`` zeros at its end, is not rounded once more.
    """
    zeros = min(_zeros(mention), rounded) if rounded else _zeros(mention)
    return max(tol, min(tol * 10.0**zeros, LOOSE * abs(said)))


def _zeros(mention: Mention) -> int:
    """Zeros at the end of a whole number."""
    figure = re.sub(r"[^\d.,]", "", mention.text)
    if mention.tol < 0.5 or re.search(r"[.,]\d\d?$", figure):
        return 0
    whole = re.sub(r"\D", "", figure)
    return len(whole) - len(whole.rstrip("0"))


def _is_bare_evidence(mention: Mention, fact: Fact, scene: Scene) -> bool:
    """``the evidence went from 71 to 78``: evidence may be said without its hundred."""
    if mention.kind is not Kind.PLAIN or fact.topic != "evidence" or fact.unit is not Unit.RATE:
        return False
    if mention.value > 100:
        return False
    said = any(scene.says("cue", tag, scene.near(mention)) for tag in ("evidence", "gauge"))
    return said or any(m.kind is Kind.OF_100 for m in scene.mentions)


def _same_length(mention: Mention, fact: Fact, shown: Sequence[Mention]) -> bool:
    """Lengths of time are cut off or rounded up by the wording; nobody else rounds them."""
    days = fact.value / 86_400 if fact.unit is Unit.SECONDS else fact.value
    if mention.approx:
        return abs(days - mention.value) <= max(mention.tol, LOOSE * mention.value)
    if mention.bound:
        return 0 <= (days - mention.value) * mention.bound <= WIDE * mention.value + 1e-9
    if mention.top:
        return mention.value - 1e-9 <= days < mention.top - 1e-9
    if any(m.kind is Kind.DAYS and m.top for m in shown):
        return mention.value == int(days) > 0
    whole = mention.tol >= 0.5 - 1e-9 or mention.tol == 0
    return abs(days - mention.value) <= (1e-6 if whole else mention.tol)


def _same_moment(mention: Mention, fact: Fact, shown: Sequence[Mention]) -> bool:
    """Dates and clock times as shown in the reader's zone; a year must be right when it is said."""
    if mention.kind is Kind.CLOCK:
        return any(m.kind is Kind.CLOCK and m.value == mention.value for m in shown)
    at = datetime.fromtimestamp(fact.value, UTC)
    dates = {m.day[:2] for m in shown if m.kind is Kind.DATE}
    if not dates:
        dates = {(at.month, at.day)}
    return mention.day[:2] in dates and mention.day[2] in {0, at.year}


def is_signed(fact: Fact) -> bool:
    """Whether the fact is a change, whose sign is half of what it says."""
    if fact.role is FactRole.DIFF:
        return False
    return fact.unit in {Unit.LIFT, Unit.POINTS} or fact.topic in SIGNED
