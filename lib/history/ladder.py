"""Bucket widths, each dividing the next, and which bucket a row opens.

A row's level is the coarsest width in which no earlier row shares its bucket. Widths nest, so the first row of
a bucket of width k is exactly a row with level at least k: charts pick a level, thinning deletes below one.
"""

from __future__ import annotations

from lib.history.moments import SECOND

MINUTE, HOUR, DAY = 60, 3600, 86400
WIDTHS_S = (
    0,  # level 0: shares every bucket with an earlier row
    1,
    2,
    10,
    20,
    MINUTE,
    2 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    8 * DAY,
    16 * DAY,
)
TOP = len(WIDTHS_S) - 1


def level_of(as_of: int, before: int | None) -> int:
    """The level of a row whose predecessor is at ``before`` (microseconds; None: there is none)."""
    if before is None:
        return TOP
    for level in range(TOP, 0, -1):
        width = WIDTHS_S[level] * SECOND
        if as_of // width != before // width:
            return level
    return 0


def level_for(span_s: float, points: int) -> int:
    """The finest level with at most ``points`` buckets in ``span_s`` seconds."""
    for level in range(1, TOP):
        if span_s <= WIDTHS_S[level] * points:
            return level
    return TOP


def level_of_width(width_s: int) -> int:
    """The level of one width of the ladder."""
    return WIDTHS_S.index(width_s)
