"""An answer in the making: sentences that passed the check in order, holes where one did not.

Used by the assistant only. What is in ``text`` at any moment has passed; a hole is filled by the repair or by a
computed sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lib.copilot.check import SentenceStream, context_of, read_numbers, sentences_of
from lib.copilot.check.mention import Finding
from lib.copilot.claims import wrong_claim
from lib.copilot.desk import plain_of
from lib.copilot.lexicon import words_of
from lib.copilot.question import language_of
from lib.experiments.facts import Fact, Sentence

FEW_WORDS = 6


@dataclass(slots=True)
class Slot:
    """One sentence; ``reason`` says why it may not be shown."""

    text: str
    reason: str = ""


@dataclass(slots=True)
class Draft:
    """What the model has written.

    Args:
        lang: of the answer.
        question: its numbers may be repeated.
        facts: everything computed so far; grows with each tool.
        names: what things are called.
        is_ready: whether the verdict says that something is proven.
        said: sentences the rules have computed in this turn; word for word they are true.
    """

    lang: str
    question: str
    facts: list[Fact]
    names: Mapping[str, str]
    is_ready: bool = False
    said: dict[str, tuple[Fact, ...]] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)
    used: dict[str, Fact] = field(default_factory=dict)
    n_repaired: int = 0
    n_replaced: int = 0
    is_completed: bool = False
    _stream: SentenceStream | None = None

    def feed(self, delta: str) -> None:
        """Take some of the text; whole sentences are checked."""
        if self._stream is None:
            self._stream = SentenceStream(self.lang)
        for sentence in self._stream.feed(delta):
            self._take(sentence)

    def finish(self) -> None:
        """The model has ended this piece of text."""
        if self._stream is not None:
            for sentence in self._stream.finish():
                self._take(sentence)
        self._stream = None

    def separate(self) -> None:
        """What follows is a new piece of text (after a tool)."""
        self.finish()
        if self.slots and not self.slots[-1].text.endswith(("\n", " ")):
            self.slots[-1].text += " "

    def _take(self, sentence: str) -> None:
        self.slots.append(Slot(sentence, self.judge(sentence)))

    def learn(self, sentences: Sequence[Sentence]) -> None:
        """Take over what a tool or the rules have computed: its facts may be said, its sentences repeated."""
        every = tuple(fact for sentence in sentences for fact in sentence.facts)
        for one in sentences_of(plain_of(sentences), self.lang):
            self.said[bare(one)] = tuple(fact for fact in every if fact.shown in one)
        for sentence in sentences:
            for one in sentences_of(plain_of([sentence]), self.lang):
                self.said[bare(one)] = sentence.facts

    def judge(self, sentence: str) -> str:
        """Why a sentence may not be shown; empty when it may."""
        computed = self.said.get(bare(sentence))
        if computed is not None:
            self.used |= {fact.id: fact for fact in computed}
            return ""
        claim = wrong_claim(sentence, is_ready=self.is_ready)
        if claim:
            return claim
        found = self.read(sentence, [s.text for s in self.slots if not s.reason])
        bad = [f for f in found if not f.ok]
        if bad:
            return "; ".join(f"{f.text}: {f.reason}" for f in bad)
        by_id = {fact.id: fact for fact in reversed(self.facts)}
        self.used |= {f.fact_id: by_id[f.fact_id] for f in found if f.fact_id in by_id}
        return ""

    def read(self, sentence: str, before: Sequence[str]) -> tuple[Finding, ...]:
        """The numbers of a sentence, held against the facts; ``before``: the sentences shown before it."""
        return read_numbers(
            sentence,
            self.facts,
            names=self.names,
            question=self.question,
            lang=self.lang,
            before=context_of(before, sentence),
        )

    @property
    def text(self) -> str:
        """What may be shown."""
        return "".join(slot.text for slot in self.slots if not slot.reason)

    @property
    def bad(self) -> list[Slot]:
        """The holes."""
        return [slot for slot in self.slots if slot.reason]

    def judge_again(self) -> None:
        """Look at the holes once more: a fact may have come after the sentence."""
        for slot in self.bad:
            slot.reason = self.judge(slot.text)

    def mend(self, lines: Sequence[str]) -> None:
        """Fill holes with rewritten sentences, in order, where they pass."""
        for slot, line in zip(self.bad, lines, strict=False):
            said = line.strip().lstrip("-*• ").strip()
            if said and not self.judge(said):
                slot.text, slot.reason = said + " ", ""
                self.n_repaired += 1

    def complete(self, computed: str) -> None:
        """Put the computed words below prose that says no figure at all."""
        self.finish()
        self.slots.append(Slot("\n\n" + computed))
        self.is_completed = True

    def replace_rest(self, computed: str) -> None:
        """Put the computed words into the first hole; the others close."""
        holes = self.bad
        if not holes:
            return
        self.n_replaced = len(holes)
        holes[0].text, holes[0].reason = computed.strip() + " ", ""
        for slot in holes[1:]:
            slot.text, slot.reason = "", ""


def bare(sentence: str) -> str:
    """A sentence for comparison: one space between words, no marks around it."""
    return " ".join(sentence.replace("\u00a0", " ").replace("\\", "").split()).strip("*_- ")


def is_foreign(text: str, lang: str) -> bool:
    """Whether an answer is clearly in another language than the question."""
    return len(words_of(text)) >= FEW_WORDS and language_of(text, lang) != lang
