"""The tables of words by language: sentences, short phrases and definitions. English stands in for a gap."""

from __future__ import annotations

from collections.abc import Mapping

from lib.commentary.defined import DEFINITIONS
from lib.commentary.words_de import WORDS as GERMAN
from lib.commentary.words_en import WORDS as ENGLISH
from lib.commentary.words_es import WORDS as SPANISH
from lib.commentary.words_fr import WORDS as FRENCH

TABLES: Mapping[str, Mapping[str, str]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
}


def words(lang: str) -> Mapping[str, str]:
    """The sentences of a language; anything unknown is read as English."""
    return TABLES.get(lang[:2].lower(), ENGLISH)


def definition(stem: str, lang: str) -> str:
    """What a fact is, in one sentence; the stem is its id without place and prefix."""
    texts = DEFINITIONS.get(stem)
    if texts is None:
        return ""
    place = ("en", "de", "fr", "es").index(lang[:2]) if lang[:2] in TABLES else 0
    return texts[place] if place < len(texts) else texts[0]
