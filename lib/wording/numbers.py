"""Fractions, counts and chances to words. The only place in the program where a percent sign is made.

Rates and lifts come in as fractions and leave as percent. What is unknown (None, NaN) is a dash, never a
zero. A value that is not zero never loses its sign by rounding where the sign carries the message.
"""

from __future__ import annotations

import math

from lib.wording.tongues import tongue

UNKNOWN = "–"
MINUS = "\u2212"
CALL_LINE = 0.95  # evidence must never be rounded up to or over it
LONG_ODDS = (12, 15, 20, 25, 30, 40, 50)
RARE = 0.02


def _known(x: float | None) -> bool:
    return x is not None and not math.isnan(x)


def decimal(x: float | None, digits: int = 0, *, lang: str = "en", sign: bool = False) -> str:
    """A plain number with ``digits`` decimals, in the language's signs; ``sign`` prints a plus."""
    if x is None or math.isnan(x):
        return UNKNOWN
    words = tongue(lang)
    if math.isinf(x):
        body = "∞"
    else:
        whole, _, part = f"{abs(x):.{digits}f}".partition(".")
        if int(whole) >= words.group_from:
            whole = f"{int(whole):,}".replace(",", words.group)
        body = whole + (words.decimal + part if part else "")
    is_zero = not any(c in "123456789∞" for c in body)
    mark = "" if is_zero else MINUS if x < 0 else "+" if sign else ""
    return mark + body


def significant(x: float, figures: int, most: int = 6) -> int:
    """How many decimals show ``figures`` significant figures of ``x``, at most ``most``."""
    if x == 0 or not math.isfinite(x):
        return 0
    return max(0, min(most, figures - 1 - math.floor(math.log10(abs(x)) + 1e-12)))


def percent(x: float | None, digits: int | None = None, *, lang: str = "en") -> str:
    """A rate or share as ``8.68 %``; three significant figures unless ``digits`` says otherwise."""
    if x is None or math.isnan(x):
        return UNKNOWN
    if digits is None:
        digits = 0 if x in (0, 1) else significant(100 * x, 3, most=4)
    return f"{decimal(100 * x, digits, lang=lang)} %"


def signed_percent(x: float | None, digits: int = 1, *, lang: str = "en") -> str:
    """A change as ``+6.2 %`` or ``−3.1 %``. Decimals grow, up to 3, before a change reads as zero."""
    if x is None or math.isnan(x):
        return UNKNOWN
    if x != 0 and math.isfinite(x):
        digits = max(digits, min(3, significant(100 * x, 1)) if abs(x) < 0.01 else 0)
    return f"{decimal(100 * x, digits, lang=lang, sign=True)} %"


def lift_digits(low: float | None, high: float | None) -> int:
    """Decimals an observed lift deserves beside its interval: 0 when that is more than 30 points wide."""
    width = _width(low, high)
    return 0 if width > 0.30 else 1 if width > 0.005 else 2


def end_digits(low: float | None, high: float | None) -> int:
    """Decimals the ends of an interval deserve: 0 when it is more than 10 points wide."""
    width = _width(low, high)
    return 0 if width > 0.10 else 1 if width > 0.005 else 2


def likely_digits(low: float | None, high: float | None) -> int:
    """Decimals an estimate of the true lift deserves: 0 when its interval is 8 points wide or more."""
    width = _width(low, high)
    return 0 if width >= 0.08 else 1 if width > 0.005 else 2


def _width(low: float | None, high: float | None) -> float:
    if low is None or high is None or math.isnan(high - low):
        return math.inf
    return high - low


def points(
    x: float | None, digits: int | None = None, *, lang: str = "en", is_bound: bool = False
) -> str:
    """A difference of two rates as ``+0.67 points``; never a percent sign.

    ``is_bound``: it is read after "between", "above" or "below", which takes another case in German.
    """
    if x is None or math.isnan(x):
        return UNKNOWN
    if digits is None:
        digits = max(1, min(4, significant(100 * x, 2)))
    shown = decimal(100 * x, digits, lang=lang, sign=True)
    one, many = tongue(lang).point
    many = (is_bound and tongue(lang).points_after) or many
    return f"{shown} {one if shown.lstrip('+' + MINUS) == '1' else many}"


def count(x: float | None, *, lang: str = "en") -> str:
    """People or events as ``1,240``."""
    return decimal(x, 0, lang=lang)


def about_count(x: float | None, *, lang: str = "en") -> str:
    """An estimated count with two significant figures: ``12,000``."""
    if x is None or not math.isfinite(x) or abs(x) < 100:
        return decimal(x, 0, lang=lang)
    return decimal(round(x, 1 - math.floor(math.log10(abs(x)))), 0, lang=lang)


def number(
    x: float | None, digits: int | None = None, *, lang: str = "en", sign: bool = False
) -> str:
    """A mean or ratio with four significant figures: ``12.35``, ``0.04312``."""
    if x is None or math.isnan(x):
        return UNKNOWN
    if digits is None:
        digits = significant(x, 4)
    return decimal(x, digits, lang=lang, sign=sign)


def factor(x: float | None, *, lang: str = "en") -> str:
    """A ratio of two numbers as ``1.4``; two significant figures."""
    return number(x, None if x is None else significant(x, 2), lang=lang)


def evidence_value(x: float) -> float:
    """Evidence as it is shown, 0..1: rounded, but never up to the line or to certainty."""
    for digits in (2, 3, 4):
        shown = round(x, digits)
        if (shown >= CALL_LINE) == (x >= CALL_LINE) and not (shown >= 1 > x):
            return shown
    return CALL_LINE - 0.0001 if x < CALL_LINE else 0.9999


def evidence(x: float | None, *, lang: str = "en", dialect: str = "of_100") -> str:
    """Evidence as ``78 of 100``; dialect ``number`` gives the bare ``78`` for a gauge."""
    if x is None or math.isnan(x):
        return UNKNOWN
    shown = decimal(100 * evidence_value(x), significant_tail(evidence_value(x)), lang=lang)
    return shown if dialect == "number" else tongue(lang).of_100.format(value=shown)


def significant_tail(x: float) -> int:
    """Decimals needed to print ``100 * x`` exactly, 0 to 2."""
    return next((d for d in (0, 1) if abs(round(100 * x, d) - 100 * x) < 1e-9), 2)


def digits_apart(x: float, y: float, least: int = 1, most: int = 4) -> int:
    """Fewest decimals, from ``least``, at which two rates read differently as percentages; ``most`` when none does.

    >>> digits_apart(0.5004, 0.5)
    2
    """
    steps = range(least, most)
    return next((d for d in steps if round(100 * x, d) != round(100 * y, d)), most)


def odds_value(chance: float) -> tuple[int, int]:
    """The chance as ``k in n`` with small whole numbers."""
    if chance >= 0.35:
        k = max(4, min(9, round(10 * chance)))
        return (1, 2) if k == 5 else (k, 10)
    inverse = 1 / max(chance, RARE)
    if inverse < 11:
        return 1, round(inverse)
    return 1, min(LONG_ODDS, key=lambda n: abs(math.log(n / inverse)))


def odds(chance: float | None, *, lang: str = "en") -> str:
    """A chance as ``1 in 8``, below 2 % as ``less than 1 in 50``, above 95 % as ``more than 19 in 20``."""
    if chance is None or math.isnan(chance):
        return UNKNOWN
    words = tongue(lang)
    if chance < RARE:
        return words.odds_below.format(odds=_odds(1, 50, lang))
    if chance > 0.95:
        return words.odds_above.format(odds=_odds(19, 20, lang))
    return _odds(*odds_value(chance), lang)


def _odds(k: int, n: int, lang: str) -> str:
    return tongue(lang).odds.format(k=k, n=n)


def p(x: float | None, *, lang: str = "en") -> str:
    """A p-value: ``0.032``, ``0.00043``, ``4e-7``, ``< 1e-12``."""
    if x is None or math.isnan(x):
        return UNKNOWN
    if x < 1e-12:
        return "< 1e-12"
    if x < 1e-5:
        mantissa, exponent = f"{x:.0e}".split("e")
        return f"{mantissa}e-{abs(int(exponent))}"
    return decimal(x, max(2, significant(x, 2)), lang=lang)


def between(low: float | None, high: float | None, *, lang: str = "en") -> str:
    """An interval of a lift: ``between +1.9 % and +10.5 %``, ``above −3 %`` when an end is open."""
    return _range(low, high, lang, tongue(lang).between)


def span(low: float | None, high: float | None, *, lang: str = "en") -> str:
    """The same in short: ``−1 % to +7 %``."""
    return _range(low, high, lang, tongue(lang).to)


def lift_ends(low: float, high: float, *, lang: str = "en") -> tuple[str, str]:
    """Both ends of a lift's interval with the decimals its width deserves."""
    digits = end_digits(low, high)
    return signed_percent(low, digits, lang=lang), signed_percent(high, digits, lang=lang)


def _range(low: float | None, high: float | None, lang: str, pattern: str) -> str:
    if low is None or high is None or not (_known(low) and _known(high)):
        return UNKNOWN
    words = tongue(lang)
    open_low, open_high = low <= -1, math.isinf(high)  # nothing falls by more than all of it
    if open_low and open_high:
        return words.anything
    if open_low:
        return words.below.format(end=signed_percent(high, 0 if abs(high) >= 0.1 else 1, lang=lang))
    if open_high:
        return words.above.format(end=signed_percent(low, 0 if abs(low) >= 0.1 else 1, lang=lang))
    ends = lift_ends(low, high, lang=lang)
    return pattern.format(low=ends[0], high=ends[1])


def points_between(low: float, high: float, *, lang: str = "en") -> str:
    """An interval of a difference of rates: ``between +0.1 and +1.2 points``."""
    digits = max(1, min(4, significant(100 * (high - low), 2)))
    words = tongue(lang)
    many = words.points_after or words.point[1]
    return f"{_plain_between(100 * low, 100 * high, digits, lang)} {many}"


def number_between(low: float, high: float, *, lang: str = "en") -> str:
    """An interval of a difference of means: ``between +0.11 and +1.24``."""
    return _plain_between(low, high, significant(high - low, 3), lang)


def _plain_between(low: float, high: float, digits: int, lang: str) -> str:
    ends = (decimal(x, digits, lang=lang, sign=True) for x in (low, high))
    return tongue(lang).between.format(**dict(zip(("low", "high"), ends, strict=True)))
