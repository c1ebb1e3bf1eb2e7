"""The tables of words by language: sentences, short phrases and definitions. English stands in for a gap."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from lib.commentary.words_de import WORDS as GERMAN
from lib.commentary.words_en import WORDS as ENGLISH
from lib.commentary.words_es import WORDS as SPANISH
from lib.commentary.words_fr import WORDS as FRENCH

DEFINITIONS: dict[str, dict[str, str]] = tomllib.loads(
    (Path(__file__).parent / "definitions.toml").read_text("utf-8")
)
ENDS = re.compile(r"_(low|high|from)$")
MOMENT = re.compile(r"_(on|at)$")
STEP = re.compile(r"^step\d+$")
TABLES: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
}


def words(lang: str) -> Mapping[str, str]:
    """The sentences of a language; anything unknown is read as English."""
    return TABLES.get(lang[:2].lower(), ENGLISH)


@lru_cache(maxsize=1024)
def definition(stem: str, lang: str) -> str:
    """What a fact is, in one sentence; the stem is its id without place and prefix."""
    texts = next((DEFINITIONS[name] for name in names_of_stem(stem) if name in DEFINITIONS), None)
    if texts is None:
        return ""
    return texts.get(lang[:2].lower(), texts["en"])


def names_of_stem(stem: str) -> tuple[str, ...]:
    """A stem, then whose words it shares: both ends of a range, date and clock of a moment."""
    base = ENDS.sub("", stem)
    moment = MOMENT.sub("", stem)
    return (
        stem,
        f"{base}_ends",
        moment,
        f"{ENDS.sub('', moment)}_ends",
        STEP.sub("step", stem),
        *(("expected",) if moment.endswith("_expected") else ()),
    )
