"""What a fact was computed from, in words: other facts as they are shown, or a short phrase.

Called by ``ledger`` once all facts of a sheet are written. Which fact rests on which, and the words in
four languages, stand in ``grounds.toml``; here they are only looked up and put together. No number is
made here: a figure that is not in the sheet is left out, with its phrase.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from lib.commentary.words import names_of_stem

TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "grounds.toml").read_text(encoding="utf-8")
)
OWN = "own_"
ITS_OWN = frozenset({"i", "a", "b"})  # arms that depend on the fact
Piece = tuple[str, str, bool]  # text before, name of a figure ("" for none), whether it is an arm's
Choice = tuple[str, tuple[Piece, ...], str]  # its item, the phrase, whose figures it tells
Recipe = tuple[tuple[Choice, ...], ...]


class Grounds:
    """What the facts of one sheet rest on. Every phrase is put together once: many facts share it."""

    def __init__(self, lang: str, shown: Mapping[str, str], n_arms: int) -> None:
        """``shown``: every figure and name of the sheet as read, by id with prefix; ``n_arms`` with baseline."""
        self._lang = lang[:2].lower()
        self._shown = shown
        self._n_arms = n_arms
        self._told: dict[str, dict[str, str]] = {}  # by prefix, then phrase and arm

    def of(self, fact_id: str, prefixes: Sequence[str]) -> str:
        """``control 7.97 % (1,914 of 24,011), blue 8.46 % (2,010 of 23,768)`` for ``lift.1``.

        Args:
            fact_id: without prefix.
            prefixes: where figures are looked for, in this order.
        """
        stem, _, place = fact_id.partition(".")
        known = self._told.setdefault(prefixes[0], {})
        said = []
        for choices in recipe(stem, self._lang):
            for name, pieces, whose in choices:
                key = name + place if whose in ITS_OWN else name
                told = known.get(key)
                if told is None:
                    told = known[key] = self._fill(
                        pieces, _places(whose, place, self._n_arms), prefixes
                    )
                if told:
                    said.append(told)
                    break
        return ", ".join(said)

    def _fill(
        self, pieces: tuple[Piece, ...], places: Sequence[str], prefixes: Sequence[str]
    ) -> str:
        """The phrase once a place, for every place whose figures are there."""
        told = (_filled(pieces, place, self._shown, prefixes) for place in places)
        return ", ".join(text for text in told if text)


def phrase(name: str, lang: str) -> str:
    """A phrase without figures; empty when there is none of this name."""
    said = TABLE["said"].get(name, {"en": ""})
    return str(said.get(lang[:2].lower(), said["en"]))


@lru_cache(maxsize=1024)
def recipe(stem: str, lang: str) -> Recipe:
    """What to try for a stem, phrase by phrase, ready to be filled in."""
    rests = TABLE["rests"]
    items = next((rests[name] for name in names_of_stem(stem) if name in rests), ())
    return tuple(
        tuple(choice for part in item.split("|") for choice in _choices(part, stem, lang))
        for item in items
    )


def _choices(part: str, stem: str, lang: str) -> list[Choice]:
    name, _, whose = part.partition("@")
    made = []
    for one in TABLE["either"].get(name, [name]):
        text = phrase(one, lang)
        item = f"{one}@{whose}" + (stem if OWN in text else "")
        made.append((item, _pieces(text, stem), whose))
    return made


def _pieces(text: str, stem: str) -> tuple[Piece, ...]:
    made = []
    for before, field, _, _ in Formatter().parse(text):
        name = field or ""
        figure = name.rstrip(".")
        if figure.startswith(OWN):
            figure = f"{stem}_{figure.removeprefix(OWN)}"
        made.append((before, figure, name.endswith(".")))
    return tuple(made)


def _places(whose: str, place: str, n_arms: int) -> Sequence[str]:
    if whose == "i":
        return (place,)
    if whose in {"a", "b"}:
        return (place.partition("-")[0 if whose == "a" else 2],)
    if whose in {"all", "rivals"}:
        return tuple(str(i) for i in range(whose == "rivals", n_arms))
    return (whose,)


def _filled(
    pieces: tuple[Piece, ...], place: str, shown: Mapping[str, str], prefixes: Sequence[str]
) -> str:
    """The phrase for one arm; empty when a figure is missing."""
    text = ""
    for before, name, is_of_arm in pieces:
        text += before
        if not name:
            continue
        key = f"{name}.{place}" if is_of_arm and place else name
        for prefix in prefixes:
            if prefix + key in shown:
                text += shown[prefix + key]
                break
        else:
            return ""
    return text
