"""Finding every number in a text, in four languages and any script's digits: values, units, signs, hedges.

Used by ``judge`` and ``slots``. It knows no facts and decides nothing: it only reads what stands there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from lib.copilot.check.mention import GONE, NAMED, Kind, Mention, hide, normalise
from lib.copilot.check.vocabulary import Vocabulary, vocabulary

LIST_NUMBER = re.compile(r"(?m)^\s*(?:[-*•>]\s*)*(?:\*\*)?\d{1,2}[.)](?=\s)")
IDENTIFIER = re.compile(
    r"[#§]\d+|(?<![\w-])[A-Za-z]{2,}[A-Za-z_-]*[-_]\d+\b(?![.,]\d)|(?<![\w.,])[A-Za-z]{1,3}\d{1,4}\b(?![.,]\d|\s?[%])"
)
IDIOM = re.compile(
    r"\b24/7\b|\bA/B(?:/[A-Z])*\b|\b100\s?%\s+(?:sure|certain|sicher|sûr|seguro)\b", re.IGNORECASE
)
P_BEFORE = re.compile(r"(?<!\w)p(?:-?\w*)?\s*(?:[=<>≈]|is|of|von|ist|de|es|est)\s*$", re.IGNORECASE)
JOINS = r"(?:–|-|—|to|bis|à|a|or|and|und|et|y|oder|ou|o|through)"
OVER_A_TIME = {"over", "über"}
UNIT_ORDER = ("points", "percent", "weeks", "months", "days", "hours", "minutes", "seconds")
IN_DAYS = {
    "weeks": 7.0,
    "months": 30.0,
    "days": 1.0,
    "hours": 1 / 24,
    "minutes": 1 / 1440,
    "seconds": 1 / 86_400,
}


@lru_cache(maxsize=4096)
def lex_words(shown: str, lang: str) -> tuple[Mention, ...]:
    """The numbers of a short text of our own, e.g. a fact's ``shown``."""
    return lex(normalise(shown), shown, lang)[0]


def lex(plain: str, text: str, lang: str) -> tuple[tuple[Mention, ...], str]:
    """Every number, in order, and the text with the numbers blotted out.

    Args:
        plain: ``normalise(text)``, in which names are already hidden.
        text: as written, for ``Mention.text``.
        lang: decides decimal sign and words.
    """
    reader = _Reader(plain, text, vocabulary(lang))
    reader.mask(IDIOM)
    reader.dates()
    reader.mask(LIST_NUMBER)
    reader.mask(IDENTIFIER)
    reader.durations()
    reader.clocks()
    reader.odds()
    reader.spelled()
    reader.figures()
    return tuple(sorted(reader.found, key=lambda m: m.start)), reader.plain


class _Reader:
    """Takes one kind of number after another; what was read is blotted out for the next."""

    def __init__(self, plain: str, text: str, words: Vocabulary) -> None:
        self.plain = plain
        self.text = text
        self.vocabulary = words
        self.found: list[Mention] = []
        grouped = r"\d{1,3}(?:[.,'’\u202f ]\d{3})+(?:[.,]\d+)?(?!\d)"
        self.number = rf"(?:{grouped}|\d+(?:[.,]\d+)?|(?<!\d)[.,]\d+)"

    def mask(self, pattern: re.Pattern[str]) -> None:
        """Blot out what is no number."""
        for match in list(pattern.finditer(self.plain)):
            self.plain = hide(self.plain, *match.span())

    def take(
        self, pattern: str | re.Pattern[str], make: Callable[[re.Match[str]], Mention | None]
    ) -> None:
        """Read every match; ``make`` returns None when it is no number after all."""
        compiled = re.compile(pattern, re.IGNORECASE) if isinstance(pattern, str) else pattern
        for match in list(compiled.finditer(self.plain)):
            mention = make(match)
            if mention is not None:
                self.found.append(mention)
                self.plain = hide(self.plain, mention.start, mention.end)

    def at(self, match: re.Match[str], value: float, kind: Kind, **more: Any) -> Mention:
        """A mention at a match."""
        start, end = match.span()
        return Mention(
            start=start, end=end, text=self.text[start:end].strip(), value=value, kind=kind, **more
        )

    def dates(self) -> None:
        """Dates in words and in figures."""
        month, year = self.vocabulary.month, r"(?:,?\s+(?:de\s+)?(\d{4})(?!\d))?"
        self.take(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)", lambda m: self._date(m, m[2], m[3], m[1]))
        ordinal = {"en": "st|nd|rd|th", "de": r"\.", "fr": "er", "es": "º"}[self.vocabulary.lang]
        order = (2, 1) if self.vocabulary.lang != "en" else (1, 2)
        self.take(
            r"(?<![\d.,/])(\d{1,2})[./](\d{1,2})[./](\d{4})(?!\d)",
            lambda m: self._date(m, m[order[0]], m[order[1]], m[3]),
        )
        self.take(
            rf"(?<![\d.,])(\d{{1,2}})(?:{ordinal})?\s+(?:of\s+|de\s+)?({month})(?<!\.)(?!\w){year}",
            lambda m: self._date(m, self._month(m[2]), m[1], m[3]),
        )
        self.take(
            rf"(?<!\w)({month})\s+(\d{{1,2}})(?:st|nd|rd|th)?(?![\d%]|[.,]\d|\s?%){year}",
            lambda m: self._date(m, self._month(m[1]), m[2], m[3]),
        )

    def _month(self, word: str) -> int:
        return next(
            n for name, n in self.vocabulary.months.items() if word.lower().startswith(name)
        )

    def _date(
        self, match: re.Match[str], month: str | int, day: str, year: str | None
    ) -> Mention | None:
        when = (int(month), int(day), int(year or 0))
        if not (1 <= when[0] <= 12 and 1 <= when[1] <= 31):
            return None
        return self.at(match, 0.0, Kind.DATE, day=when)

    def clocks(self) -> None:
        """Clock times."""
        self.take(
            r"(?<![\d:])(\d{1,2}):(\d\d)(?::\d\d)?\s?(am|pm|a\.m\.|p\.m\.)?(?![\d:])", self._clock
        )
        self.take(r"(?<![\w.,:])\d[\d.,]{2,}\s(?=UTC\b|GMT\b)", self._no_clock)
        self.take(r"(?<![\d:.,])(\d{1,2})\s?(?:h|uhr)\s?(\d\d)(?!\d)()", self._clock)
        self.take(r"(?<![\d:.,])(\d{1,2})()\s?(am|pm|a\.m\.|p\.m\.|uhr)(?!\w)", self._clock)

    def _clock(self, match: re.Match[str]) -> Mention | None:
        hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
        if hour > 23 or minute > 59:
            return None
        if half.startswith("p") and hour < 12:
            hour += 12
        elif half.startswith("a") and hour == 12:
            hour = 0
        return self.at(match, 60.0 * hour + minute, Kind.CLOCK)

    def _no_clock(self, match: re.Match[str]) -> Mention:
        """``15,148 UTC`` is written like a time and is none."""
        return self.at(match, -1.0, Kind.CLOCK)

    def durations(self) -> None:
        """Lengths of time in two units, ``9 d 4 h``: cut off, so the real one is less than one unit longer."""
        names = UNIT_ORDER[2:]
        unit = "|".join(f"(?P<{{tag}}{n}>{self.vocabulary.units[n]})" for n in names)
        first, second = (unit.replace("{tag}", tag) for tag in ("a_", "b_"))
        pattern = rf"(?<![\w.,])(?P<a>\d+)\s?(?:{first})(?!\w),?\s(?:and |und |et |y )?(?P<b>\d+)\s?(?:{second})(?!\w)"
        self.take(pattern, self._duration)

    def _duration(self, match: re.Match[str]) -> Mention | None:
        groups = match.groupdict()
        one = next(n for n in IN_DAYS if groups.get(f"a_{n}"))
        two = next(n for n in IN_DAYS if groups.get(f"b_{n}"))
        if IN_DAYS[two] >= IN_DAYS[one]:
            return None
        value = int(groups["a"]) * IN_DAYS[one] + int(groups["b"]) * IN_DAYS[two]
        return self.at(match, value, Kind.DAYS, top=value + IN_DAYS[two])

    def odds(self) -> None:
        """``1 in 8``, ``78 of 100``."""
        hundred = (
            rf"(?<![\w.,])(?P<v>{self.number})\s?(?:{self.vocabulary.of_hundred})(?![\d%]|[.,]\d)"
        )
        other = rf"\s?{JOINS}\s?{self.number}\s?(?:{self.vocabulary.of_hundred})"
        shared = rf"(?<![\w.,])(?P<v>{self.number})(?={other})"  # "from 71 to 78 of 100"
        self.take(shared, self._of_hundred)
        self.take(hundred, self._of_hundred)
        self.take(self.vocabulary.odds, self._odds)

    def _of_hundred(self, match: re.Match[str]) -> Mention | None:
        value, digits = self._parse(match["v"])
        if value > 100:
            return None
        half = 0.5 * 10.0**-digits / 100
        return self._hedged(self.at(match, value / 100, Kind.OF_100, tol=half))

    def _odds(self, match: re.Match[str]) -> Mention | None:
        k, n = self._whole(match["k"] or "1"), self._whole(match["n"])
        if not 0 < k < n:
            return None
        return self._hedged(self.at(match, k / n, Kind.ODDS, tol=k / n - k / (n + 0.5)))

    def _whole(self, word: str) -> int:
        return int(word) if word.isdigit() else self.vocabulary.numbers[word.lower()]

    def spelled(self) -> None:
        """Number words before a unit or a noun that is counted; fractions; twice."""
        self.take(rf"(?<!\w)(?P<w>{_longest(self.vocabulary.fractions)})(?!\w)", self._fraction)
        self.take(rf"(?<!\w)(?P<w>{_longest(self.vocabulary.factors)})(?!\w)", self._factor)
        names = "|".join(sorted(self.vocabulary.numbers, key=len, reverse=True))
        units = "|".join(f"(?P<{n}>{self.vocabulary.units[n]})" for n in UNIT_ORDER)
        topics = self.vocabulary.tables["cue"]
        nouns = "|".join(
            topics[n].pattern for n in ("visitors", "conversions", "arms", "metrics", "experiments")
        )
        pattern = rf"(?<![\w-])(?P<w>{names})(?=[\s-]+(?:\w+\s+)?(?:(?:{units})(?!\w)|{nouns}))"
        self.take(pattern, self._word)

    def _fraction(self, match: re.Match[str]) -> Mention:
        return self.at(
            match, self.vocabulary.fractions[match["w"].lower()], Kind.PERCENT, tol=0.005
        )

    def _factor(self, match: re.Match[str]) -> Mention:
        table = self.vocabulary.factors
        value = next(
            v for word, v in table.items() if re.fullmatch(word, match["w"], re.IGNORECASE)
        )
        return self.at(match, value, Kind.FACTOR, tol=0.05)

    def _word(self, match: re.Match[str]) -> Mention | None:
        unit = next((n for n in UNIT_ORDER if match[n]), "")
        value = float(self.vocabulary.numbers[match["w"].lower()])
        if value == 1 and unit != "percent":
            return None  # an article more often than a count
        return self._hedged(self._with_unit(match, value, unit, 0.5))

    def figures(self) -> None:
        """Everything left that is written in digits."""
        units = "|".join(f"(?P<{n}>{self.vocabulary.units[n]})" for n in UNIT_ORDER)
        between = self.vocabulary.tables["glue"]["between"].pattern
        scales = "|".join(
            re.escape(s) for s in sorted(self.vocabulary.scales, key=len, reverse=True)
        )
        pattern = (
            rf"(?P<cur>[$€£]\s?)?(?P<num>{self.number})(?:e-?(?P<exp>\d+))?"
            rf"(?:\s?(?P<scale>{scales})(?!\w))?"
            rf"(?:[\s*`_-]{{0,3}}(?:(?:{between})\s)?"
            rf"(?:(?P<pp>%[ -]?(?:points?|punkte?n?))|(?:{units}))(?!\w))?"
            r"(?P<cur2>\s?[$€£])?(?P<x>\s?(?:[x×]|times|mal|-?fache?\w*|fois|veces)(?!\w))?"
        )
        self.take(pattern, self._figure)
        for place, c in enumerate(self.plain):
            if not c.isascii() and unicodedata.category(c) in {"No", "Nl"}:
                self.found.append(
                    Mention(
                        start=place,
                        end=place + 1,
                        text=c,
                        value=unicodedata.numeric(c),
                        kind=Kind.PLAIN,
                    )
                )

    def _figure(self, match: re.Match[str]) -> Mention | None:
        value, digits = self._parse(match["num"])
        exact = 0.5 * 10.0**-digits
        if match["exp"]:
            value, exact = value * 10.0 ** -int(match["exp"]), exact * 10.0 ** -int(match["exp"])
            return self._hedged(self.at(match, value, Kind.P, tol=exact))
        scale = self.vocabulary.scales.get((match["scale"] or "").lower(), 1.0)
        unit = "points" if match["pp"] else next((n for n in UNIT_ORDER if match[n]), "")
        if match["cur"] or match["cur2"]:
            return self._hedged(self.at(match, value, Kind.MONEY, tol=exact))
        if match["x"]:
            return self._hedged(self.at(match, value, Kind.FACTOR, tol=exact))
        if not unit and P_BEFORE.search(self.plain[: match.start()]):
            return self._hedged(self.at(match, value, Kind.P, tol=exact))
        if not unit:
            unit = self._partner(match.end()) or self._label(match.start())
        return self._hedged(self._with_unit(match, value * scale, unit, exact * scale))

    def _with_unit(self, match: re.Match[str], value: float, unit: str, exact: float) -> Mention:
        if unit in {"percent", "points"}:
            kind = Kind.PERCENT if unit == "percent" else Kind.POINTS
            return self.at(match, value / 100, kind, tol=exact / 100)
        if unit:
            size = IN_DAYS[unit]
            loose = exact * size if unit not in {"weeks", "months"} else 0.0
            return self.at(match, value * size, Kind.DAYS, tol=loose)
        if self._is_split(match):
            return self.at(match, value / 100, Kind.PERCENT, tol=exact / 100)
        return self.at(match, value, Kind.PLAIN, tol=exact)

    def _is_split(self, match: re.Match[str]) -> bool:
        """Part of ``50/50`` or ``33/33/34``."""
        around = self.text[max(0, match.start() - 8) : match.end() + 8]
        return bool(re.search(r"(?<!\d)\d{1,2}(?:\s?/\s?\d{1,2})+(?!\d)", around)) and (
            "/" in around[: 8 + 1] or "/" in around[-9:]
        )

    def _partner(self, end: int) -> str:
        """The unit a number shares with the next one: ``4 to 9 days``, ``−2–19 %``."""
        units = "|".join(f"(?P<{n}>{self.vocabulary.units[n]})" for n in UNIT_ORDER)
        between = self.vocabulary.tables["glue"]["between"].pattern
        pattern = (
            rf"[*_`\s]*{JOINS}[*_`\s]*[+-]?{self.number}[\s*`_]{{0,3}}(?:(?:{between})\s)?"
            rf"(?:{units})(?!\w)"
        )
        match = re.compile(pattern, re.IGNORECASE).match(self.plain, end)
        return next((n for n in UNIT_ORDER if match and match[n]), "")

    def _label(self, start: int) -> str:
        """The unit of a label, ``Days left: 3``."""
        units = "|".join(f"(?P<{n}>{self.vocabulary.units[n]})" for n in UNIT_ORDER[1:])
        pattern = rf"(?<![\w\x00'’])(?=\w{{3}})(?:{units})(?!\w)[^:;.|\n\x00]{{0,30}}:[\s*_`]*$"
        match = re.compile(pattern, re.IGNORECASE).search(self.plain[max(0, start - 60) : start])
        return next((n for n in UNIT_ORDER[1:] if match and match[n]), "")

    def _parse(self, figure: str) -> tuple[float, int]:
        """Value and number of decimals."""
        bare = re.sub(r"['’\u202f ]", "", figure)
        mark, group = (",", ".") if self.vocabulary.comma_decimal else (".", ",")
        if re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{mark}\d+)?", bare):
            bare = bare.replace(group, "")
        whole, _, part = (
            bare.replace(",", ".").rpartition(".") if re.search(r"[.,]", bare) else (bare, "", "")
        )
        whole = whole.replace(".", "")
        return float(f"{whole or 0}.{part or 0}"), len(part)

    def _hedged(self, mention: Mention) -> Mention:
        """With printed sign, and about, over or under before it."""
        before = self.plain[: mention.start].rstrip("*_`")
        sign = 0
        if signed := re.search(
            r"(?:^|[\s(\[|:*_`\"'/≈~<>≤≥=" + GONE + NAMED + r"])([+–-])[\s$€£]?$", before
        ):
            sign = 1 if signed[1] == "+" else -1
        bare = re.sub(r"[+–\s*_`$€£-]+$", "", before)
        hedge = self.vocabulary.tables["hedge"]
        over, under = _ends(hedge["over"], bare), _ends(hedge["under"], bare)
        if mention.kind is Kind.DAYS and (over or "").lower() in OVER_A_TIME:
            over = None  # "over 14 days" is how long, not longer than that
        return replace(
            mention,
            sign=sign,
            approx=_ends(hedge["approx"], bare) is not None,
            bound=0 if _behind_number(bare, over or under) else 1 if over else -1 if under else 0,
        )


def _behind_number(text: str, hedge: str | None) -> bool:
    """``−7 % up to 13 %`` is a range, not a hedge."""
    return hedge is not None and text[: len(text) - len(hedge)].rstrip().endswith(GONE)


def _longest(table: Mapping[str, float]) -> str:
    """Alternatives of a table's keys, the longest first."""
    return "|".join(sorted(table, key=len, reverse=True))


def _ends(pattern: re.Pattern[str], text: str) -> str | None:
    """The words of the pattern the text ends with, if it does."""
    tail = text[-30:]
    return next((m[0] for m in pattern.finditer(tail) if m.end() == len(tail)), None)
