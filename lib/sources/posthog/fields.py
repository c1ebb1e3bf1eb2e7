"""Typed reads of JSON that others wrote; the decoders use nothing else to look into a reply.

Missing, null and unknown are ordinary; a value of the wrong kind where a number is needed raises SourceSurprise
with its path. Text from outside loses control characters and is cut; it is never trusted further than that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from lib.experiments.errors import SourceSurprise

HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+"
)
SURROGATES = re.compile(r"[\ud800-\udfff]")
MOST_PEOPLE = 10**13  # more visitors than that is not a count of people
MOST_TOTAL = 1e150  # keeps the square of a sum finite

Row = Mapping[str, Any]


def loads(raw: bytes) -> Any:
    """JSON without NaN and Infinity.

    Raises:
        SourceSurprise: anything that is not such JSON.
    """
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise SourceSurprise("PostHog's answer is not readable: broken or cut off.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def table(value: Any, path: str) -> Row:
    """A JSON object.

    Raises:
        SourceSurprise: when it is anything else.
    """
    if isinstance(value, dict):
        return value
    raise SourceSurprise("PostHog's answer has an unknown shape.", path)


def part(row: Row, key: str) -> Row:
    """The object under a key; empty when missing, null or of another kind."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> Iterator[Row]:
    """The objects of a list; everything else is passed over."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item


def words(value: Any, limit: int = 400) -> str:
    """Text from outside, one line, without characters that hide or reorder, at most `limit` long."""
    if not isinstance(value, str):
        return ""
    cleaned = HIDDEN.sub(" ", SURROGATES.sub("", value[: limit * 4])).strip()
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def keys(value: Any) -> tuple[str, ...]:
    """The texts of a list, each once, in order."""
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(item for item in value if isinstance(item, str) and item))


def number(value: Any, path: str) -> float:
    """A finite number.

    Raises:
        SourceSurprise: null, text, true, infinite or absurdly large.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SourceSurprise("A number is missing in PostHog's answer.", path)
    if not -MOST_TOTAL < value < MOST_TOTAL:
        raise SourceSurprise("A number in PostHog's answer is out of range.", path)
    return float(value)


def count(value: Any, path: str) -> int:
    """A number of people: whole, though it may be written as a float.

    Raises:
        SourceSurprise: not whole, negative or absurd.
    """
    whole = number(value, path)
    if not 0 <= whole <= MOST_PEOPLE or whole != math.floor(whole):
        raise SourceSurprise("A count in PostHog's answer is not a count.", path)
    return int(whole)


def maybe_number(value: Any) -> float | None:
    """A finite number or None, for what the product can do without."""
    try:
        return number(value, "")
    except SourceSurprise:
        return None


def maybe_flag(value: Any) -> bool | None:
    """True, false, or None for anything else."""
    return value if isinstance(value, bool) else None


def moment(value: Any) -> datetime | None:
    """An ISO time as aware UTC; without a zone it counts as UTC, unreadable is None."""
    if not isinstance(value, str) or len(value) > 60:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
