"""The words the number check listens to, one table a language, compiled once. Used by the check alone.

The tables are ``words/<language>.toml``. A language without a table is read with the English words and the
decimal sign most of the world uses.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.wording import LANGS
from lib.wording.tongues import tongue

POINT_DECIMAL = {"en", "ja", "zh", "ko", "he", "th", "hi"}
SIGNS = r"[%~≈<>≤≥/]"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Compiled words of one language.

    Args:
        tables: patterns by section and name.
        hints: the words of a cue that only hint at it, ``~`` in the file.
    """

    lang: str
    comma_decimal: bool
    tables: Mapping[str, Mapping[str, re.Pattern[str]]]
    hints: Mapping[str, re.Pattern[str]]
    units: Mapping[str, str]  # raw alternatives by unit
    scales: Mapping[str, float]
    numbers: Mapping[str, int]
    fractions: Mapping[str, float]
    factors: Mapping[str, float]
    odds: re.Pattern[str]
    of_hundred: str
    months: Mapping[str, int]
    month: str
    abbreviations: frozenset[str]

    def says(self, section: str, name: str, text: str) -> bool:
        """Whether the text has one of these words."""
        return self.tables[section][name].search(text) is not None


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """One pattern for whole words; a sign needs no word boundary; hints are left out."""
    firm = [w for w in words if not _is_hint(w)]
    parts = [w if re.fullmatch(SIGNS, w) else rf"(?<!\w){w}(?!\w)" for w in firm]
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def _is_hint(word: str) -> bool:
    """Whether a word of the file is marked as a hint; ``~`` alone is the sign for "about"."""
    return word.startswith("~") and word != "~"


@lru_cache(maxsize=16)
def vocabulary(lang: str) -> Vocabulary:
    """The words of a language."""
    known = lang[:2].lower() if lang[:2].lower() in LANGS else "en"
    raw = tomllib.loads((Path(__file__).parent / "words" / f"{known}.toml").read_text("utf-8"))
    comma = raw["comma_decimal"] if lang[:2].lower() == known else lang[:2] not in POINT_DECIMAL
    sections = ("cue", "direction", "hedge", "glue", "period")
    number = raw["number"]
    return Vocabulary(
        lang=known,
        comma_decimal=comma,
        tables={s: {name: any_of(words) for name, words in raw[s].items()} for s in sections},
        hints={
            name: any_of(w[1:] for w in words if _is_hint(w))
            for name, words in raw["cue"].items()
            if any(map(_is_hint, words))
        },
        units={name: "|".join(words) for name, words in raw["unit"].items()},
        scales={word: float(size) for word, size in raw["scale"].items()},
        numbers=_numbers(number),
        fractions=number["fractions"],
        factors=number["factors"],
        odds=_odds(number),
        of_hundred="|".join(number["of_hundred"]),
        months=_months(raw["text"]["months"]),
        month=_month(known, raw["text"]["months"]),
        abbreviations=frozenset(raw["text"]["abbreviations"]),
    )


def _numbers(number: Mapping[str, Any]) -> dict[str, int]:
    words = {word: value for value, word in enumerate(number["words"].split())}
    return words | {word: int(value) for word, value in number["tens"].items()}


def _odds(number: Mapping[str, Any]) -> re.Pattern[str]:
    n = "|".join(sorted(_numbers(number), key=len, reverse=True)) + r"|\d+"
    patterns = [p.replace("{n}", n) for p in number["odds"]]
    return re.compile(rf"(?<![\w.,])(?:{'|'.join(patterns)})(?![\w%]|[.,]\d)", re.IGNORECASE)


def _month(lang: str, short: list[str]) -> str:
    """Names of months in full, else cut short with or without a full stop."""
    full = [name.lower() for name in tongue(lang).months]
    return "|".join([*full, *(rf"{name}(?:\.(?=\s?\d))?" for name in short)])


def _months(names: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names, start=1)}
