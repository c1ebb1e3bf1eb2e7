"""Numbers, durations, shares and dates as people write them, in the words of one language.

Called by ``lib.copilot.question``; pure text in, numbers out. Times are those of the server's clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lib.copilot.lexicon import Lexicon, fold

NUMBER = r"\d+(?:[.,]\d+)?"
PERCENT = re.compile(
    rf"({NUMBER})\s?(?:%|percent\b|per cent\b|prozent\b|pour ?cent\b|por ?ciento\b)"
)
CLOCK = re.compile(r"\b(\d{1,2})(?::(\d\d)|\s?(?:h|uhr)\s?(\d\d)?)?\s?(am|pm)?\b")
ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
NUMERIC_DATE = re.compile(r"\b(\d{1,2})[./](\d{1,2})\.?(?:[./]?(\d{4}))?(?=\s|$|\?)")


@dataclass(frozen=True, slots=True)
class When:
    """A moment asked for. ``at`` is its end (a day: midnight after it); ``day`` is set for a whole day."""

    at: datetime
    day: date | None = None


def number_of(word: str, lex: Lexicon) -> float | None:
    """The value of a digit group or number word."""
    if re.fullmatch(NUMBER, word):
        return float(word.replace(",", "."))
    return lex.numbers.get(word)


def days_in(text: str, lex: Lexicon) -> float | None:
    """The length of time a question names, in days; "half a week" and "ten more days" are understood."""
    words = re.findall(rf"{NUMBER}|[^\W\d_]+(?:'[^\W\d_]+)?", fold(text))
    for place, word in enumerate(words):
        unit = next((days for pattern, days in lex.units if pattern.search(word)), None)
        if unit is None:
            continue
        before = words[max(0, place - 3) : place]
        for nearest in reversed(before):
            amount = number_of(nearest, lex)
            if amount is not None:
                half = 0.5 if lex.numbers.get(before[0]) == 0.5 and nearest != before[0] else 1.0
                return amount * half * unit
    return None


def percents_in(text: str) -> tuple[float, ...]:
    """Every percentage in a question, as fractions."""
    return tuple(float(m.group(1).replace(",", ".")) / 100 for m in PERCENT.finditer(fold(text)))


def factor_in(text: str, lex: Lexicon) -> float | None:
    """A multiple of the traffic in words ("twice" is 2); -1 stands for everybody."""
    said = fold(text)
    return next((value for pattern, value in lex.shares if pattern.search(said)), None)


def past_in(text: str, lex: Lexicon, now: datetime, started: datetime | None) -> When | None:
    """The past moment a question names."""
    said = fold(text)
    found = _calendar(said, lex, now) or _run_day(said, lex, started)
    if found is not None:
        return _at_clock(said, found)
    ago = lex.ago.search(said)
    if ago is not None:
        return _ago(ago.group(0), lex, now)
    for days, pattern in enumerate(lex.weekdays):
        if pattern.search(said):
            back = (now.weekday() - days) % 7 or 7
            return _at_clock(said, _whole_day((now - timedelta(days=back)).date()))
    for pattern, days_back in lex.past:
        if pattern.search(said):
            if days_back == 0:
                return _whole_day(now.date())
            return _at_clock(said, _whole_day((now - timedelta(days=days_back)).date()))
    return None


def _ago(said: str, lex: Lexicon, now: datetime) -> When | None:
    length = days_in(said, lex)
    if length is None:
        return None
    then = now - timedelta(days=length)
    return When(then) if length < 1 else _whole_day(then.date())


def _whole_day(day: date) -> When:
    return When(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1), day)


def _at_clock(said: str, when: When) -> When:
    """Narrow a day down to a clock time, when one is said with a colon, "h", "uhr", "am" or "pm"."""
    if when.day is None:
        return when
    for match in CLOCK.finditer(said):
        hour, minute, minute2, half = match.groups()
        if ":" not in match.group(0) and not re.search(r"[a-z]", match.group(0)):
            continue
        hours = int(hour) % 12 + 12 if half == "pm" else int(hour)
        if hours < 24:
            day = when.day
            minutes = int(minute or minute2 or 0)
            return When(datetime(day.year, day.month, day.day, hours, minutes, tzinfo=UTC))
    return when


def _calendar(said: str, lex: Lexicon, now: datetime) -> When | None:
    day = _iso(said) or _spelled(said, lex, now) or _numeric(said, now)
    return None if day is None else _whole_day(day)


def _iso(said: str) -> date | None:
    match = ISO.search(said)
    return None if match is None else _date(int(match[1]), int(match[2]), int(match[3]))


def _spelled(said: str, lex: Lexicon, now: datetime) -> date | None:
    words = re.findall(r"\d+|[^\W\d_]+", re.sub(r"(?<=\d)(?:st|nd|rd|th|er|\.|º)\b", "", said))
    for place, word in enumerate(words):
        month = next((i for i, p in enumerate(lex.months, 1) if p.search(word)), None)
        if month is None:
            continue
        for near in (place - 1, place + 1, place - 2):
            if 0 <= near < len(words) and words[near].isdigit() and 1 <= int(words[near]) <= 31:
                return _in_year(month, int(words[near]), now)
    return None


def _numeric(said: str, now: datetime) -> date | None:
    match = NUMERIC_DATE.search(said)
    if match is None:
        return None
    if match[3]:
        return _date(int(match[3]), int(match[2]), int(match[1]))
    return _in_year(int(match[2]), int(match[1]), now)


def _in_year(month: int, day: int, now: datetime) -> date | None:
    """The date nearest to now: this year, else the last or the next."""
    options = [
        d for year in (now.year - 1, now.year, now.year + 1) if (d := _date(year, month, day))
    ]
    return min(options, key=lambda d: abs((d - now.date()).days), default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _run_day(said: str, lex: Lexicon, started: datetime | None) -> When | None:
    """The end of a numbered day of the experiment, as in "day 3"."""
    match = re.search(rf"\b(?:{lex.run_day.pattern}) (\d+|[a-z]+)\b", said)
    if match is None or started is None:
        return None
    amount = number_of(match.group(1), lex)
    if amount is None or amount < 1:
        return None
    return When(started + timedelta(days=amount))


def days_until(text: str, lex: Lexicon, now: datetime) -> float | None:
    """Days from now until a coming weekday or date a question names."""
    said = fold(text)
    day = _iso(said) or _spelled(said, lex, now) or _numeric(said, now)
    if day is not None:
        ahead = (day - now.date()).days
        return float(ahead) if ahead > 0 else None
    for number, pattern in enumerate(lex.weekdays):
        if pattern.search(said):
            return float((number - now.weekday()) % 7 or 7)
    return None
