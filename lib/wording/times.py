"""Durations, ages and moments to words, in a given time zone. Durations are cut off, never rounded up."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo

from lib.wording.numbers import UNKNOWN, decimal
from lib.wording.tongues import tongue

DAY_S = 86_400
STEPS_S = (DAY_S, 3_600, 60, 1)


def duration(span: timedelta | float | None, *, lang: str = "en", parts: int = 2) -> str:
    """A length of time, seconds or timedelta, as ``17 d 19 h``: the two largest units, the rest cut off."""
    if span is None:
        return UNKNOWN
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if math.isnan(seconds):
        return UNKNOWN
    left = max(0, int(seconds))
    first = next((i for i, step in enumerate(STEPS_S) if left >= step), 3)
    said: list[str] = []
    for step, unit in list(zip(STEPS_S, tongue(lang).units, strict=True))[first : first + parts]:
        amount, left = divmod(left, step)
        if amount or not said:
            said.append(f"{decimal(amount, lang=lang)} {unit}")
    return " ".join(said)


def age(span: timedelta | float | None, *, lang: str = "en") -> str:
    """How long ago: ``6 s ago``, ``42 min ago``; one unit below a day, two above."""
    if span is None:
        return UNKNOWN
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    body = duration(seconds, lang=lang, parts=2 if seconds >= DAY_S else 1)
    return tongue(lang).ago.format(age=body)


def days(amount: float | None, *, lang: str = "en") -> str:
    """Whole days, cut off: ``4 days``, ``1 day``."""
    if amount is None or not math.isfinite(amount):
        return UNKNOWN
    whole = int(amount + 1e-9)
    one, many = tongue(lang).day
    if lang.startswith("de") and whole != 1:
        many = "Tage"
    return f"{decimal(whole, lang=lang)} {one if whole == 1 else many}"


def days_range(low: float | None, high: float | None, *, lang: str = "en") -> str:
    """Days still to go as ``4–9 days``; ``at least 4 days`` without an upper end. Rounded up: a promise."""
    if low is None or not math.isfinite(low):
        return UNKNOWN
    first = max(1, math.ceil(low - 1e-9))
    if high is None or not math.isfinite(high):
        return tongue(lang).at_least.format(value=days(first, lang=lang))
    last = max(first, math.ceil(high - 1e-9))
    if last == first:
        return days(first, lang=lang)
    return f"{decimal(first, lang=lang)}–{days(last, lang=lang)}"


def _local(at: datetime, zone: tzinfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(zone)


def date(
    at: datetime | None, zone: tzinfo = UTC, *, lang: str = "en", now: datetime | None = None
) -> str:
    """``3 May``; with the year when ``now`` is in another one, or always when ``now`` is not given."""
    if at is None:
        return UNKNOWN
    words, local = tongue(lang), _local(at, zone)
    number = words.ordinal_first if local.day == 1 else str(local.day)
    said = words.date.format(d=number, month=words.months[local.month - 1])
    if now is not None and _local(now, zone).year == local.year:
        return said
    return words.year.format(date=said, y=local.year)


def clock(at: datetime | None, zone: tzinfo = UTC, *, seconds: bool = False) -> str:
    """Clock time as ``14:02`` or ``14:02:09``; the same in all four languages."""
    if at is None:
        return UNKNOWN
    return _local(at, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(
    at: datetime | None, zone: tzinfo = UTC, *, lang: str = "en", now: datetime | None = None
) -> str:
    """Date and clock time, ``3 May, 14:02``; only the clock time when ``now`` is the same day."""
    if at is None:
        return UNKNOWN
    if now is not None and _local(now, zone).date() == _local(at, zone).date():
        return clock(at, zone)
    return f"{date(at, zone, lang=lang, now=now)}, {clock(at, zone)}"


def full_moment(at: datetime | None, zone: tzinfo = UTC, *, lang: str = "en") -> str:
    """For details: ``3 May 2026, 14:02 CEST (12:02 UTC)``."""
    if at is None:
        return UNKNOWN
    name = _local(at, zone).tzname() or ""
    said = f"{date(at, zone, lang=lang)}, {clock(at, zone)} {name}".rstrip()
    return said if name == "UTC" else f"{said} ({clock(at, UTC)} UTC)"


def day_name(at: datetime | None, zone: tzinfo = UTC, *, lang: str = "en") -> str:
    """The day of the week: ``Thursday``."""
    return UNKNOWN if at is None else tongue(lang).weekdays[_local(at, zone).weekday()]
