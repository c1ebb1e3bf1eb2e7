"""Where each figure stands in an answer, so that the page can open it right there.

Used by the assistant once an answer is whole, and by the commentary. Computed sentences know their slots; in a
model's prose the number check tells which fact a figure is. It changes no text and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lib.copilot.answer import as_record
from lib.copilot.check.mention import visible
from lib.copilot.desk import markdown_of
from lib.copilot.draft import Draft, Slot, bare
from lib.experiments.facts import SLOT, Fact, Sentence

OPEN, CLOSE = (
    "\ue000",
    "\ue001",
)  # no text that is shown has them: they show nothing and are taken out
BLOCK = "\n\n"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of a text are the figure ``fact``."""

    start: int
    end: int
    fact: Fact

    def moved(self, by: int) -> Span:
        """The same in a longer text."""
        return Span(self.start + by, self.end + by, self.fact)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and where its figures stand, in order."""

    text: str
    spans: tuple[Span, ...] = ()

    def then(self, other: Marked, gap: str = "") -> Marked:
        """Both, one after the other."""
        start = len(self.text) + len(gap)
        return Marked(
            self.text + gap + other.text, (*self.spans, *(s.moved(start) for s in other.spans))
        )

    @property
    def facts(self) -> dict[str, Fact]:
        """The figures that stand in the text, by id."""
        return {span.fact.id: span.fact for span in self.spans}

    def stripped(self) -> Marked:
        """Without space at both ends."""
        lead = len(self.text) - len(self.text.lstrip())
        return Marked(self.text.strip(), tuple(s.moved(-lead) for s in self.spans))


def records(
    marked: Marked, facts: Iterable[Fact] = (), lang: str = "en"
) -> tuple[dict[str, Any], ...]:
    """Facts as they are kept with a message, each with the places where the text says it."""
    places: dict[str, list[list[int]]] = {}
    for span in marked.spans:
        places.setdefault(span.fact.id, []).append([span.start, span.end])
    every = marked.facts | {fact.id: fact for fact in facts}
    return tuple(
        as_record(fact, places.get(fact.id, ())) | {"lang": lang} for fact in every.values()
    )


def marked_sentences(sentences: Sequence[Sentence]) -> Marked:
    """Sentences as Markdown, exactly as ``markdown_of`` has them."""
    order: list[Fact] = []
    fenced = []
    for sentence in sentences:
        known = {fact.id: fact for fact in sentence.facts}
        order += [known[slot] for slot in SLOT.findall(sentence.template) if slot in known]
        facts = tuple(replace(f, shown=f"{OPEN}{f.shown}{CLOSE}") for f in sentence.facts)
        fenced.append(replace(sentence, facts=facts))
    text, spans = "", []
    for piece in re.split(f"({OPEN}[^{CLOSE}]*{CLOSE})", markdown_of(fenced)):
        said = piece.strip(OPEN + CLOSE)
        if piece.startswith(OPEN):
            spans.append((len(text), len(text) + len(said)))
        text += said
    return Marked(text, tuple(Span(a, b, f) for (a, b), f in zip(spans, order, strict=True)))


def marked_slots(template: str, facts: Sequence[Fact], labels: Mapping[str, str]) -> Marked:
    """A checked text of ``[[slots]]`` as plain text; an unknown slot raises KeyError."""
    known = {fact.id: fact for fact in facts}
    text, spans = "", []
    for place, piece in enumerate(SLOT.split(visible(template))):
        fact = known.get(piece) if place % 2 else None
        said = fact.shown if fact else labels[piece] if place % 2 else piece
        if fact is not None:
            spans.append(Span(len(text), len(text) + len(said), fact))
        text += said
    return Marked(text, tuple(spans))


def marked_draft(draft: Draft, computed: Sequence[Sentence]) -> Marked:
    """What a model wrote and the check let pass; ``computed`` are the rules' words that may stand in it."""
    block = marked_sentences(computed)
    whole, said = Marked(""), list[str]()
    for slot in draft.slots:
        if slot.reason:
            continue
        whole = whole.then(_of_slot(draft, slot, block, said))
        said.append(slot.text)
    return whole.stripped()


def _of_slot(draft: Draft, slot: Slot, block: Marked, before: Sequence[str]) -> Marked:
    if block.text and block.text in slot.text:
        at = slot.text.index(block.text)
        return Marked(slot.text, tuple(s.moved(at) for s in block.spans))
    text = visible(slot.text)
    said = draft.said.get(bare(slot.text))
    return Marked(text, found_shown(text, said) if said else _found(draft, text, before))


def found_shown(text: str, facts: Sequence[Fact]) -> tuple[Span, ...]:
    """Facts at the places where their words stand, the longest first; each place once."""
    taken: list[Span] = []
    for fact in sorted(facts, key=lambda f: -len(f.shown)):
        words = "[ \u00a0]".join(re.escape(word) for word in re.split("[ \u00a0]", fact.shown))
        for match in re.finditer(rf"(?<![\w.,+\u2212-]){words}(?![\w%])", text):
            if all(match.end() <= s.start or match.start() >= s.end for s in taken):
                taken.append(Span(match.start(), match.end(), fact))
                break
    return tuple(sorted(taken, key=lambda s: s.start))


def _found(draft: Draft, text: str, before: Sequence[str]) -> tuple[Span, ...]:
    """The figures of a sentence as the check reads them."""
    known = {fact.id: fact for fact in reversed(draft.facts)}
    read = draft.read(text, before)
    found = [Span(f.start, f.end, known[f.fact_id]) for f in read if f.ok and f.fact_id in known]
    found.sort(key=lambda s: s.start)
    return tuple(s for n, s in enumerate(found) if n == 0 or found[n - 1].end <= s.start)
