"""Prose in pieces to whole sentences: a sentence is released when it is complete, and not before.

The copilot feeds it the model's deltas. Joining what comes out gives back exactly what went in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lib.copilot.check.vocabulary import vocabulary

LONGEST = 600
END = re.compile(r"(?:[.!?…]+[)\"'”’»*_]*(?=\s)\s+|[。！？]+\s*|\n+)")


class SentenceStream:
    """Feed deltas, get complete sentences, each with the space behind it."""

    def __init__(self, lang: str = "en") -> None:
        self._held = ""
        self._abbreviations = vocabulary(lang).abbreviations
        self._months = re.compile(rf"(?:{vocabulary(lang).month})", re.IGNORECASE)

    def feed(self, delta: str) -> tuple[str, ...]:
        """Take a piece of text; the sentences it completes."""
        self._held += delta
        done: list[str] = []
        while (cut := self._cut()) is not None:
            done.append(self._held[:cut])
            self._held = self._held[cut:]
        return tuple(done)

    def finish(self) -> tuple[str, ...]:
        """The text has ended; what is left."""
        rest, self._held = self._held, ""
        return (rest,) if rest else ()

    def _cut(self) -> int | None:
        """Where the first sentence ends; None while it is still open."""
        for match in END.finditer(self._held):
            if (
                match.end() == len(self._held)
                and "\n" not in match[0]
                and match[0][0] not in "。！？"
            ):
                return None  # the next word decides whether this was the end
            if self._is_open(match):
                return None
            if "\n" in match[0] or match[0][0] in "。！？" or self._is_end(match):
                return match.end()
        if len(self._held) > LONGEST:
            return self._held.rfind(" ", 0, LONGEST) + 1 or LONGEST
        return None

    def _is_open(self, match: re.Match[str]) -> bool:
        """``3. Ma`` may become a date: the next word has to be whole."""
        behind = self._held[match.end() :]
        number = re.search(r"(?<![\d.,])\d{1,2}$", self._held[: match.start()])
        return match[0][0] == "." and number is not None and not re.search(r"[\s.!?]", behind)

    def _is_end(self, match: re.Match[str]) -> bool:
        """Not an abbreviation, a list number, a date like ``3. Mai`` or a single letter."""
        if match[0][0] != ".":
            return True
        before, behind = self._held[: match.start()], self._held[match.end() :]
        word = re.search(r"[^\s(]+$", before)
        last = word[0].lower() if word else ""
        if re.fullmatch(r"\d{1,2}", last) and (
            self._opens_line(before) or self._months.match(behind)
        ):
            return False
        if self._months.fullmatch(last) and re.match(r"\d", behind):
            return False
        two = " ".join(before.lower().split()[-2:])
        if last in self._abbreviations or two in self._abbreviations:
            return False
        return not re.fullmatch(r"[a-zäöü]", last)

    @staticmethod
    def _opens_line(before: str) -> bool:
        return re.search(r"(?:^|\n)[ \t]*(?:[-*>][ \t]*)?\d{1,2}$", before) is not None


def sentences_of(text: str, lang: str = "en") -> Iterator[str]:
    """All sentences of a finished text."""
    stream = SentenceStream(lang)
    yield from stream.feed(text)
    yield from stream.finish()
