"""What a number in a text is, and the text made readable for one grammar. Used by the check and ``safe_text``."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

GONE = "\x00"  # stands where something was read, masked or named
NAMED = "\x01"


class Kind(StrEnum):
    """What a number in a text counts in."""

    PERCENT = "percent"
    POINTS = "points"
    DAYS = "days"
    PLAIN = "number"
    P = "p"
    DATE = "date"
    CLOCK = "time"
    FACTOR = "factor"
    OF_100 = "of 100"
    ODDS = "odds"
    MONEY = "money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One number as it stands.

    Args:
        value: fraction for percent, points, odds and "of 100"; days; minutes of the day; the number itself.
        tol: half of the last printed digit, in the unit of ``value``.
        top: for lengths of time that were cut off: the value is below this.
        sign: -1 or 1 when printed, else 0.
        bound: 1 after "over", -1 after "under".
        day: (month, day, year or 0) of a date.
    """

    start: int
    end: int
    text: str
    value: float
    kind: Kind
    tol: float = 0.0
    top: float = 0.0
    sign: int = 0
    approx: bool = False
    bound: int = 0
    day: tuple[int, int, int] = (0, 0, 0)

    @property
    def same(self) -> tuple[object, ...]:
        """What makes two mentions say the same."""
        return (self.kind, round(self.value, 12), self.bound, self.day)


CASUAL = {
    "％": "%",
    "．": ".",
    "，": ",",
    "−": "-",
    "﹣": "-",
    "－": "-",
    "‒": "-",
    "‑": "-",
    "\u00a0": " ",
    "\u2009": " ",
}


def visible(text: str) -> str:
    """The text without characters that show nothing: a number may not be hidden or broken up by them."""
    return "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Co", "Cs", "Cn"})


def normalise(text: str) -> str:
    """Same length, plain digits and signs, so that one grammar reads every script."""
    return "".join(_plain(c) for c in text)


def _plain(c: str) -> str:
    if not c.isascii() and unicodedata.category(c) == "Nd":
        return str(unicodedata.digit(c))
    return CASUAL.get(c, c)


def hide(text: str, start: int, end: int, mark: str = GONE) -> str:
    """The text with a stretch blotted out, same length."""
    return text[:start] + mark * (end - start) + text[end:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One number of a text. ``fact_id`` is the fact it was found to be, empty when ``reason`` says why not."""

    start: int
    end: int
    text: str
    reason: str = ""
    fact_id: str = ""

    @property
    def ok(self) -> bool:
        """Whether the number may be shown."""
        return not self.reason

    def moved(self, by: int) -> Finding:
        """The same, told of a text that begins ``by`` characters earlier."""
        return replace(self, start=self.start + by, end=self.end + by)
