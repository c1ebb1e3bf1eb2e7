"""What stands around a number: its clause, the arm, metric and experiment it is about, the words bound to it.

Built once a sentence by ``judge``. It reads only; whether a fact may stand there is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lib.copilot.check.lex import lex
from lib.copilot.check.mention import GONE, NAMED, Kind, Mention, hide, normalise
from lib.copilot.check.vocabulary import Vocabulary, vocabulary

HARD_BREAK = re.compile(r"[;!?()\[\]\n|]|:\s|,\s|\s[–—]\s|\.\s|。")
REACH = 45  # characters a word may stand away from the number it is bound to
OPEN_RANGE = 40  # of ``11,000 more visitors, maybe as many as 37,000``
FAR = 90  # the same when it is the only number of its clause
NEAR_BEFORE, NEAR_AFTER = 80, 60


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the text and what it stands for: an arm's key, ``metric:ID`` or ``experiment:ID``."""

    start: int
    end: int
    target: str


@dataclass(slots=True)
class Scene:
    """One sentence, read."""

    text: str
    plain: str  # names and numbers blotted out
    mentions: tuple[Mention, ...]
    named: tuple[Named, ...]
    words: Vocabulary
    said: list[tuple[str, int, int, float]] | None = None  # filled by ``cues``
    cuts: list[int] | None = None

    def clause(self, mention: Mention) -> tuple[int, int]:
        """Start and end of the part of the sentence a number stands in."""
        cuts = [0, *self.breaks(), len(self.plain)]
        start = max(c for c in cuts if c <= mention.start)
        end = min(c for c in cuts if c >= mention.end)
        return start, end

    def clause_at(self, place: int) -> tuple[int, int]:
        """Start and end of the part of the sentence a place lies in."""
        cuts = [0, *self.breaks(), len(self.plain)]
        return max(c for c in cuts if c <= place), min(c for c in cuts if c > place)

    def breaks(self) -> list[int]:
        """Where clauses begin."""
        if self.cuts is None:
            self.cuts = self._find_breaks()
        return self.cuts

    def _find_breaks(self) -> list[int]:
        hard = [m.end() for m in HARD_BREAK.finditer(self.plain)]
        soft = [
            m.start()
            for m in self.words.tables["glue"]["split"].finditer(self.plain)
            if not self._joins(m.start(), m.end())
        ]
        return sorted(hard + soft)

    def _joins(self, start: int, end: int) -> bool:
        """Whether a word stands between two numbers or two names, as in ``4 and 9 days``."""
        left = self.plain[:start].rstrip(" +-–*_`~")
        right = self.plain[end:].lstrip(" +-–*_`~")
        return left[-1:] == right[:1] and left[-1:] in {GONE, NAMED}

    def near(self, mention: Mention) -> str:
        """The words around a number within the sentence."""
        return self.plain[max(0, mention.start - NEAR_BEFORE) : mention.end + NEAR_AFTER]

    def is_instead(self, mention: Mention) -> bool:
        """``90 of 100 instead of 95``."""
        before = self.plain[: mention.start].rstrip(" +-–*_`~≈")
        return _ends(self.words.tables["glue"]["instead"], before[-24:])

    def is_aside(self, mention: Mention) -> bool:
        """Whether a number stands in brackets right behind another one."""
        opening = max(
            self.plain.rfind("(", 0, mention.start), self.plain.rfind("[", 0, mention.start)
        )
        if opening < 0 or {")", "]"} & set(self.plain[opening : mention.start]):
            return False
        return self.plain[:opening].rstrip(" *_`").endswith(GONE)

    def follows_unit(self, mention: Mention, unit: str) -> bool:
        """Whether a unit stands right before the number, as in ``day 5``."""
        before = self.plain[max(0, mention.start - 12) : mention.start].rstrip()
        return re.search(rf"(?i)(?<!\w)(?:{self.words.units[unit]})$", before) is not None

    def is_alone(self, mention: Mention) -> bool:
        """Whether it is the only number of its clause."""
        start, end = self.clause(mention)
        return sum(start <= m.start < end for m in self.mentions) == 1

    def between_numbers(self, mention: Mention) -> str:
        """The words from the number before to the number behind."""
        start = max((m.end for m in self.mentions if m.end <= mention.start), default=0)
        end = min((m.start for m in self.mentions if m.start >= mention.end), default=None)
        return self.plain[start:end]

    def in_clause(self, mention: Mention) -> str:
        """The words of the number's clause."""
        start, end = self.clause(mention)
        return self.plain[start:end]

    def says(self, section: str, name: str, text: str | None = None) -> bool:
        """Whether the sentence, or a part of it, has one of these words."""
        return self.words.says(section, name, self.plain if text is None else text)

    def nearest(self, start: int, end: int, kinds: frozenset[Kind]) -> Mention | None:
        """The number a word belongs to: in its own clause, the nearest one; the one behind it on a tie.

        Args:
            start: of the word.
            end: of the word.
            kinds: of number the word can be said of.
        """
        fitting = [m for m in self.mentions if m.kind in kinds]
        here = [m for m in fitting if self._same_clause(m, end - 1)]
        here = here or [m for m in fitting if m.start >= end][:1]
        here = here or [m for m in fitting if m.end <= start][-1:]
        gaps = [(max(m.start - end, start - m.end, 0), m.end <= start, m) for m in here]
        close = [gap for gap in gaps if gap[0] <= (FAR if len(here) == 1 else REACH)]
        return min(close, key=lambda gap: gap[:2])[2] if close else None

    def leads_to(self, place: int, mention: Mention) -> bool:
        """Whether a word's clause is the number's own, or leads to it: a label, or the opening of the sentence."""
        start, stop = self.clause(mention)
        if start <= place < stop:
            return True
        first, end = self.clause_at(place)
        if place >= stop:  # said behind it: "a risk of 1 in 5, ..."
            return stop == first and self.plain[:first].rstrip()[-1:] == ","
        return end == start and (
            first == 0 or self.plain[:start].rstrip()[-1:] not in {";", ".", "!", "?"}
        )

    def _same_clause(self, mention: Mention, place: int) -> bool:
        start, end = self.clause(mention)
        return start <= place < end

    def partner(self, mention: Mention) -> tuple[Mention, int] | None:
        """The other end of a range, ``4 to 9 days``, and whether this is the high (1) or the low one (-1)."""
        place = self.mentions.index(mention)
        for other, side in ((place + 1, -1), (place - 1, 1)):
            if 0 <= other < len(self.mentions):
                pair = sorted((place, other))
                if self._joined(self.mentions[pair[0]], self.mentions[pair[1]]) == "range":
                    return self.mentions[other], side
        return None

    def step(self, mention: Mention) -> int:
        """-1 for A, 1 for B in ``went from A to B``; 0 otherwise."""
        place = self.mentions.index(mention)
        for other, side in ((place + 1, -1), (place - 1, 1)):
            if 0 <= other < len(self.mentions):
                pair = sorted((place, other))
                if self._joined(self.mentions[pair[0]], self.mentions[pair[1]]) == "step":
                    return side
        return 0

    def _joined(self, low: Mention, high: Mention) -> str:
        """``range``: joined by a dash or "to", or by "and" after "between"; ``step``: "from A to B"."""
        if low.kind is not high.kind:
            return ""
        glue = self.words.tables["glue"]
        between = self.plain[low.end : high.start].strip(" +*_`~≈-")
        before = re.sub(r"[\s+*_`~≈-]+$", "", self.plain[max(0, low.start - 24) : low.start])
        before = re.sub(r"(?i)\s(?:about|etwa|environ|unos)$", "", before)
        dashed = re.fullmatch(r"[\s*_`]*[–—-][\s*_`]*[+-]?", self.plain[low.end : high.start])
        if glue["range"].fullmatch(between) or dashed:
            moved = _ends(glue["from"], before) and not self._is_interval(low, high)
            return "step" if moved else "range"
        if glue["and"].fullmatch(between) is not None and _ends(glue["among"], before):
            return "range"
        if len(between) < OPEN_RANGE and _ends(glue["reaching"], between):
            return "range"
        return ""

    def _is_interval(self, low: Mention, high: Mention) -> bool:
        """``from −2 % to +19 %``, or said to be a range: two ends, not a move."""
        if low.sign and high.sign:
            return True
        return low.kind is not Kind.OF_100 and self.says("cue", "interval")

    def targets(self, prefix: str) -> list[Named]:
        """Names of one sort; an empty prefix means arms."""
        if prefix:
            return [n for n in self.named if n.target.startswith(prefix)]
        return [n for n in self.named if n.target and ":" not in n.target]


def _ends(pattern: re.Pattern[str], text: str) -> bool:
    return any(match.end() == len(text) for match in pattern.finditer(text))


def read_scene(text: str, names: Mapping[str, str], arms: Mapping[str, str], lang: str) -> Scene:
    """Read one sentence.

    Args:
        text: the sentence, without invisible characters.
        names: what is called how: label to arm key, ``metric:ID``, ``experiment:ID`` or nothing.
        arms: arm keys with their part: ``baseline`` or ``treatment``.
        lang: the language of the sentence.
    """
    words = vocabulary(lang)
    plain, named = _hide_names(normalise(text), names, words)
    plain, generic = _generic_arms(plain, arms, words)
    mentions, plain = lex(plain, text, lang)
    found = tuple(sorted([*named, *generic], key=lambda n: n.start))
    return Scene(text=text, plain=plain, mentions=mentions, named=found, words=words)


def _hide_names(plain: str, names: Mapping[str, str], words: Vocabulary) -> tuple[str, list[Named]]:
    """Blot out every name, the longest first; a common word is a name only where it can be one."""
    found: list[Named] = []
    for label, target in sorted(names.items(), key=lambda item: -len(item[0])):
        pattern = re.compile(
            rf"(?<![\w{NAMED}-]){re.escape(normalise(label))}(?![\w{NAMED}])", re.IGNORECASE
        )
        for match in list(pattern.finditer(plain)):
            if _is_other_sense(plain, match, target, words):
                continue
            found.append(Named(match.start(), match.end(), target))
            plain = hide(plain, *match.span(), NAMED)
    return plain, found


def _is_other_sense(plain: str, match: re.Match[str], target: str, words: Vocabulary) -> bool:
    """``the test`` is the experiment, not the arm called test."""
    if ":" in target or match[0].lower() not in {"test", "new", "neu", "variant", "a"}:
        return False
    if match[0].lower() == "a":
        return not re.search(
            r"(?:variant|arm|version|group|variante|gruppe)\s$",
            plain[: match.start()],
            re.IGNORECASE,
        )
    before = re.search(r"([\w/'’]+)[\s*_`\"]*$", plain[: match.start()])
    behind = re.match(
        r"\s*(variant|arm|group|version|variante|gruppe)", plain[match.end() :], re.IGNORECASE
    )
    if behind:
        return False
    said = before[1] if before else ""
    return bool(words.tables["glue"]["experiment"].fullmatch(said)) or said == NAMED


def _generic_arms(
    plain: str, arms: Mapping[str, str], words: Vocabulary
) -> tuple[str, list[Named]]:
    """``control`` for whatever the baseline is called, ``the variant`` when there is only one treatment."""
    found: list[Named] = []
    treatments = [key for key, part in arms.items() if part == "treatment"]
    sorts = [("baseline", [key for key, part in arms.items() if part == "baseline"])]
    if len(treatments) == 1:
        sorts.append(("treatment", treatments))
    for part, keys in sorts:
        if len(keys) != 1:
            continue
        for match in list(words.tables["glue"][part].finditer(plain)):
            found.append(Named(match.start(), match.end(), keys[0]))
            plain = hide(plain, *match.span(), NAMED)
    return plain, found
