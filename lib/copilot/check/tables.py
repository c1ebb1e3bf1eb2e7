"""Rows of a Markdown table as sentences: each cell is read with the head of its column and the label of its row.

Used by ``judge``; ``context_of`` also by whoever keeps what was said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ROW = re.compile(r"\s*\|.*\|")
RULE = re.compile(r"[\s|:–-]*")
CELL = re.compile(r"[^|\n]+")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as a sentence.

    Args:
        text: label, head and cell.
        at: what to add to a place in ``text`` to get the place in the row.
        start: where the cell begins in the row.
        is_head: whether the row is the head of its table.
    """

    text: str
    at: int
    start: int
    is_head: bool = False


def is_row(text: str) -> bool:
    """Whether a line is a row of a table."""
    return ROW.match(text) is not None


def spread(row: str, before: str) -> Iterator[Cell]:
    """The cells of a row, each with its head and label before it; ``before`` holds the head, if any."""
    heads = _cells(next((line for line in before.splitlines() if is_row(line)), ""))
    cells = [(m[0], m.start()) for m in CELL.finditer(row)]
    if cells and not cells[0][0].strip() and len(cells) > 1 and row.lstrip()[0] != "|":
        cells = cells[1:]
    label = cells[0][0].strip(" *_`") if cells else ""
    for place, (cell, start) in enumerate(cells):
        head = heads[place].strip(" *_`") if place < len(heads) else ""
        said = [head] if place == 0 else [f"{label}:" if label else "", head]
        prefix = " ".join(part for part in said if part)
        prefix = prefix + " " if prefix else ""
        yield Cell(prefix + cell, start - len(prefix), start, not heads)


def _cells(row: str) -> list[str]:
    return [m[0] for m in CELL.finditer(row.strip())]


def context_of(said: Sequence[str], sentence: str) -> str:
    """What to read a sentence with: the head of its table, or the last two sentences or items.

    Args:
        said: the sentences before, in order.
        sentence: the one to read.
    """
    kept = [text for text in said if text.strip() and not RULE.fullmatch(text.strip())]
    if not is_row(sentence):
        return " ".join(kept[-2:])
    head = ""
    for text in reversed(kept):
        if not is_row(text):
            break
        head = text
    return head
