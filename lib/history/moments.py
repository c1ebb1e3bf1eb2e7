"""Aware datetimes to whole microseconds since 1970 UTC and back, without rounding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000


@overload
def to_micros(moment: datetime) -> int: ...
@overload
def to_micros(moment: None) -> None: ...
def to_micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970; raises TypeError for a time without a zone."""
    return None if moment is None else (moment - EPOCH) // MICROSECOND


@overload
def from_micros(micros: int) -> datetime: ...
@overload
def from_micros(micros: None) -> None: ...
def from_micros(micros: int | None) -> datetime | None:
    """The moment, in UTC."""
    return None if micros is None else EPOCH + timedelta(microseconds=micros)
