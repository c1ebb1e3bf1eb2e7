"""Texts in which the model writes ``[[fact-id]]`` instead of digits: no number can be invented or misrounded.

A slot can still stand in the wrong place, so arm, topic and direction are checked as in prose, and surely,
since the fact is known. Used for commentary and notices.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lib.copilot.check.judge import Court
from lib.copilot.check.mention import Finding, visible
from lib.experiments.facts import SLOT, Fact
from lib.wording import bare_name


def check_slots(
    text: str,
    facts: Sequence[Fact],
    *,
    names: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    lang: str = "en",
) -> tuple[Finding, ...]:
    """What is wrong with a text of slots: an unknown slot, a digit outside one, a slot in the wrong place.

    Offsets are those of the text with its slots, without invisible characters.
    """
    text = visible(text)
    known = {fact.id: fact for fact in facts}
    labels = labels or {}
    found = [
        Finding(start=m.start(), end=m.end(), text=m[0], reason="no such fact")
        for m in SLOT.finditer(text)
        if m[1] not in known and m[1] not in labels
    ]
    found += _figures(text)
    if not found:
        found += _misplaced(text, known, names or {}, labels, lang)
    return tuple(found)


def _figures(text: str) -> list[Finding]:
    """Digits of any script outside slots."""
    outside = SLOT.sub(lambda m: " " * len(m[0]), text)
    return [
        Finding(start=i, end=i + 1, text=c, reason="a figure outside a slot")
        for i, c in enumerate(outside)
        if unicodedata.category(c) in {"Nd", "No", "Nl"}
    ]


def _misplaced(
    text: str,
    known: Mapping[str, Fact],
    names: Mapping[str, str],
    labels: Mapping[str, str],
    lang: str,
) -> list[Finding]:
    court = Court(tuple(known.values()), names=names, lang=lang)
    filled, places = _fill(text, known, labels)
    scene = court.read(filled)
    found: list[Finding] = []
    for start, end, slot, at in places:
        mention = next((m for m in scene.mentions if start <= m.start < end), None)
        if mention is None:
            continue
        fact = _as_prose(known[slot], known)
        reason = court.objection(scene, mention, fact)
        if reason:
            found.append(
                Finding(start=at[0], end=at[1], text=f"[[{slot}]]", reason=reason, fact_id=slot)
            )
    return found


def _as_prose(fact: Fact, known: Mapping[str, Fact]) -> Fact:
    """The size of a change without its sign is checked as the change itself."""
    if fact.topic != "lead":
        return fact
    signed = known.get(re.sub(r"lead(?=\.\d+$)", "lift", fact.id))
    return replace(signed or fact, topic="lift")


def _fill(
    text: str, known: Mapping[str, Fact], labels: Mapping[str, str]
) -> tuple[str, list[tuple[int, int, str, tuple[int, int]]]]:
    """The filled text, and where each fact stands in it and in the original."""
    parts: list[str] = []
    places: list[tuple[int, int, str, tuple[int, int]]] = []
    length = last = 0
    for match in SLOT.finditer(text):
        plain = text[last : match.start()]
        shown = known[match[1]].shown if match[1] in known else bare_name(labels[match[1]])
        parts += [plain, shown]
        start = length + len(plain)
        length = start + len(shown)
        if match[1] in known:
            places.append((start, length, match[1], match.span()))
        last = match.end()
    parts.append(text[last:])
    return "".join(parts), places
