"""What a question may ask for, and the word lists that recognise it, one file per language in ``words/``.

Used by ``lib.copilot.question``. Patterns are matched against folded text: lower case, no accents, straight
apostrophes. Nothing here looks at facts.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

WORDS = Path(__file__).parent / "words"
LANGUAGES = ("en", "de", "fr", "es")


class Intent(StrEnum):
    """Everything the built-in answerer understands; the order is the order in which patterns are tried."""

    OFF_TOPIC = "off_topic"
    NOTIFY = "notify"
    MEMO = "memo"
    EXPLAIN = "explain"
    WRITE = "write"
    WHY_NOT = "why_not"
    UNAVAILABLE = "unavailable"
    ABOUT = "about"
    HEALTH = "health"
    THRESHOLD = "threshold"
    EFFECT = "effect"
    TRAFFIC = "traffic"
    LOSS = "loss"
    LIST = "list"
    PROJECTION = "projection"
    CHANGES = "changes"
    HISTORY = "history"
    WAIT = "wait"
    END_NOW = "end_now"
    FORECAST = "forecast"
    COMPARE = "compare"
    RESULTS = "results"
    HELP = "help"
    THANKS = "thanks"
    GREETING = "greeting"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """One language.

    Args:
        intents: pattern of each intent.
        conditional: marks a question about doing something, not an order to do it; order: is one all the same.
        terms: pattern of each term that can be explained.
        missing: pattern of each kind of fact that does not exist here (revenue, segments, reasons, ...).
        stop: words that never name an experiment.
        common: the most frequent words, by which the language is recognised.
        numbers: number words, and words like "couple".
        units: days in each unit, by pattern.
        shares: traffic factors, by pattern ("twice" is 2; -1 stands for everybody).
        weekdays: Monday first, months: January first; patterns of both.
        past: days back, by pattern ("yesterday" is 1).
        ago: pattern of "three days ago"; run_day: word before a day's number ("day 3").
        test: words for an experiment; baseline: words for the baseline; other: "the other one".
        weak: words that ask for results only among words of this domain ("how is", "better").
        live: asks for the panel; finished, draft, running: statuses in a list question.
        about: words before a name ("for", "of"); arm: words beside an arm's key ("variant").
    """

    code: str
    intents: Mapping[Intent, re.Pattern[str]]
    terms: Mapping[str, re.Pattern[str]]
    missing: Mapping[str, re.Pattern[str]]
    shares: tuple[tuple[re.Pattern[str], float], ...]
    past: tuple[tuple[re.Pattern[str], float], ...]
    units: tuple[tuple[re.Pattern[str], float], ...]
    numbers: Mapping[str, float]
    stop: frozenset[str]
    common: frozenset[str]
    weekdays: tuple[re.Pattern[str], ...]
    months: tuple[re.Pattern[str], ...]
    conditional: re.Pattern[str]
    ago: re.Pattern[str]
    test: re.Pattern[str]
    baseline: re.Pattern[str]
    other: re.Pattern[str]
    live: re.Pattern[str]
    finished: re.Pattern[str]
    draft: re.Pattern[str]
    running: re.Pattern[str]
    about: re.Pattern[str]
    arm: re.Pattern[str]
    order: re.Pattern[str]
    weak: re.Pattern[str]
    run_day: re.Pattern[str]

    def knows(self, word: str) -> bool:
        """Whether a word alone belongs to this domain, so that it names no experiment."""
        tables = (self.intents, self.terms, self.missing)
        if any(pattern.search(word) for table in tables for pattern in table.values()):
            return True
        lists = (*self.weekdays, *self.months, *(p for p, _ in (*self.units, *self.past)))
        return any(pattern.search(word) for pattern in lists)


def fold(text: str) -> str:
    """Lower case without accents, straight apostrophes, one space between words; for matching only."""
    plain = text.replace("’", "'").replace("ß", "ss").replace("\u00a0", " ").lower()
    bare = unicodedata.normalize("NFKD", plain)
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


def words_of(text: str) -> list[str]:
    """The words and numbers of folded text; hyphens and underscores part words."""
    return re.findall(r"[^\W_]+", fold(text))


@cache
def lexicon(code: str) -> Lexicon:
    """The word list of one language, read once."""
    raw = tomllib.loads((WORDS / f"{code}.toml").read_text(encoding="utf-8"))
    alternatives = {
        name: _any(raw[name])
        for name in (
            *("conditional", "ago", "test", "baseline", "other"),
            *("live", "finished", "draft", "running", "about", "arm", "run_day", "order", "weak"),
        )
    }
    return Lexicon(
        code=code,
        intents={Intent(name): _any(raw["intents"][name]) for name in raw["intents"]},
        terms={name: _any(patterns) for name, patterns in raw["terms"].items()},
        missing={name: _any(patterns) for name, patterns in raw["missing"].items()},
        shares=_valued(raw["shares"]),
        past=_valued(raw["past"]),
        units=_valued({rf"^(?:{unit})$": days for unit, days in raw["units"].items()}),
        numbers={fold(word): float(value) for word, value in raw["numbers"].items()},
        stop=frozenset(words_of(raw["stop"])),
        common=frozenset(words_of(raw["common"])),
        weekdays=tuple(re.compile(rf"\b(?:{day})\b") for day in raw["weekdays"]),
        months=tuple(re.compile(rf"^(?:{month})$") for month in raw["months"]),
        **alternatives,
    )


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _valued(table: Mapping[str, Any]) -> tuple[tuple[re.Pattern[str], float], ...]:
    return tuple((re.compile(pattern), float(value)) for pattern, value in table.items())
