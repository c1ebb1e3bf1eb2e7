"""Files people take away: CSV that no spreadsheet can mistake for a formula, with its provenance on top.

Called by the pages' download buttons. The words in the header (method, health, source) come from the caller;
this file only makes them safe.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from lib.experiments.model import Experiment
from lib.history.frames import frame
from lib.stats.results import Series

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
UNSEEN = (
    "C",
    "Z",
)  # Unicode categories of what a spreadsheet may skip: controls, invisible marks, blanks
Cell = str | float | int | datetime | None


def series_csv(experiment: Experiment, series: Series, header: Mapping[str, str]) -> str:
    """The kept totals of one metric, one line a moment and arm.

    Args:
        experiment: gives the arms.
        series: what was kept, or part of it.
        header: what a reader must know, by name: experiment, metric, method, as of, health, source.
    """
    table = frame(experiment, series)
    rows = ((at.to_pydatetime(), *rest) for at, *rest in table.itertuples(index=False, name=None))
    return csv(header, tuple(table.columns), rows)


def csv(header: Mapping[str, str], columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Any table as CSV: header lines that begin with ``#``, column names, rows.

    Text is quoted and defused, numbers keep every digit, unknown is empty, times are ISO in UTC.
    """
    lines = [f"# {_plain_words(name)},{_cell(value)}" for name, value in header.items()]
    lines.append(",".join(_cell(name) for name in columns))
    lines += [",".join(_cell(value) for value in row) for row in rows]
    return "\r\n".join(lines) + "\r\n"


def defuse(text: str) -> str:
    """Text that a spreadsheet reads as text: what looks like a formula gets an apostrophe in front."""
    seen = next((c for c in text if unicodedata.category(c)[0] not in UNSEEN), "")
    is_formula = unicodedata.normalize("NFKC", seen).startswith(DANGEROUS)  # full-width signs too
    return f"'{text}" if is_formula or text.startswith(DANGEROUS) else text


def _cell(value: Cell) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        return '"' + defuse(value.replace("\0", "")).replace('"', '""') + '"'
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value)


def _plain_words(text: str) -> str:
    """A header name cannot end its line or its cell."""
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())
