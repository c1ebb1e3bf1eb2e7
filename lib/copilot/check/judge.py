"""Whether each number of a sentence is a computed fact in its right place, and if not, why.

Called by the copilot for every sentence before it is shown. A number passes when one fact agrees with it in
unit, value, experiment, metric, arm, topic and direction at once; the reason names the first thing that does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lib.copilot.check.lex import lex_words
from lib.copilot.check.mention import Kind, Mention, visible
from lib.copilot.check.scene import Scene, read_scene
from lib.copilot.check.subjects import direction_of, subject_of
from lib.copilot.check.topics import (
    CHANGE_OF,
    CHANGE_TOPICS,
    COMPARED,
    OF_ARMS,
    SIGNED,
    STRONG,
    TOPICS,
    UNITS,
)
from lib.experiments.facts import Fact, FactRole, Unit
from lib.wording import CALL_LINE

LOOSE = 0.05  # "about"
WIDE = 0.10  # "over", "under"
UNKNOWN = "not among the computed facts"
PLACE_OF_BASELINE = re.compile(r"(?:^|[:.\w])\w+\.0$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One number of a text. ``fact_id`` is the fact it was found to be, empty when ``reason`` says why not."""

    start: int
    end: int
    text: str
    reason: str = ""
    fact_id: str = ""

    @property
    def ok(self) -> bool:
        """Whether the number may be shown."""
        return not self.reason


def check_sentence(
    text: str,
    facts: Sequence[Fact],
    *,
    names: Mapping[str, str] | Iterable[str] = (),
    question: str = "",
    lang: str = "en",
    before: str = "",
) -> tuple[Finding, ...]:
    """The numbers of a sentence that may not be shown, each with its reason; empty when all is well.

    Args:
        text: one sentence, list item or table row.
        facts: everything computed in this turn.
        names: what things are called: label to arm key, ``metric:ID`` or ``experiment:ID``; labels alone
            are left out of the reading.
        question: what the reader asked: its numbers may be repeated.
        lang: en, de, fr, es; others are read with English words.
        before: what was said just before, for ``it`` and for lists under a heading.
    """
    found = read_numbers(text, facts, names=names, question=question, lang=lang, before=before)
    return tuple(finding for finding in found if not finding.ok)


def read_numbers(
    text: str,
    facts: Sequence[Fact],
    *,
    names: Mapping[str, str] | Iterable[str] = (),
    question: str = "",
    lang: str = "en",
    before: str = "",
) -> tuple[Finding, ...]:
    """Every number of a sentence with the fact it is, or the reason why it is none. Offsets: in ``visible(text)``."""
    court = Court(facts, names=names, question=question, lang=lang)
    scene = court.read(visible(text))
    earlier = court.read(visible(before)[-400:]) if before else None
    return tuple(court.judge(scene, mention, earlier) for mention in scene.mentions)


class Court:
    """The facts of one turn, ready to be held against sentences."""

    def __init__(
        self,
        facts: Sequence[Fact],
        *,
        names: Mapping[str, str] | Iterable[str] = (),
        question: str = "",
        lang: str = "en",
    ) -> None:
        self.facts = [fact for fact in facts if fact.topic != "lead"]
        self.lang = lang
        self.arms = arms_of(facts)
        labels = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, "")
        self.names = {key: key for key in self.arms} | labels
        self.primary = next((f.metric_id for f in facts if f.metric_id), "")
        self.experiments = {f.experiment_id for f in facts if f.experiment_id is not None}
        asked = self.read(visible(question)).mentions if question else ()
        self.asked = {mention.same[:2] + mention.same[3:] for mention in asked}

    def read(self, text: str) -> Scene:
        """A sentence with its names hidden and its numbers found."""
        return read_scene(text, self.names, self.arms, self.lang)

    def judge(self, scene: Scene, mention: Mention, earlier: Scene | None = None) -> Finding:
        """One number against all facts; the reason is that of the fact which came furthest."""
        best = (0, UNKNOWN)
        for fact in self.facts:
            if not agrees(mention, fact, scene, self.lang):
                continue
            step, reason = self._why_not(scene, mention, fact, earlier)
            if not reason:
                return self._finding(mention, fact_id=fact.id)
            best = max(best, (step, reason), key=lambda b: b[0])
        if self._was_asked(scene, mention):
            return self._finding(mention)
        return self._finding(mention, reason=best[1])

    def _finding(self, mention: Mention, *, reason: str = "", fact_id: str = "") -> Finding:
        return Finding(
            start=mention.start,
            end=mention.end,
            text=mention.text,
            reason=reason,
            fact_id=fact_id,
        )

    def _was_asked(self, scene: Scene, mention: Mention) -> bool:
        """A number of the question may be repeated; a percentage only as a condition, not as a result."""
        if mention.same[:2] + mention.same[3:] not in self.asked:
            return False
        if mention.kind in {Kind.PERCENT, Kind.POINTS, Kind.OF_100}:
            return scene.says("glue", "condition")
        return True

    def _why_not(
        self, scene: Scene, mention: Mention, fact: Fact, earlier: Scene | None
    ) -> tuple[int, str]:
        """How far a fact of the right value comes, and what stops it; no reason: it stands there rightly."""
        before = last_arm(earlier, scene) if earlier else None
        who = subject_of(scene, mention, self.arms, before)
        reasons = (
            self._other_experiment(scene, fact, earlier),
            self._other_metric(scene, fact, earlier),
            wrong_arm(scene, mention, fact, who, self.arms),
            wrong_topic(scene, mention, fact, earlier),
            wrong_role(scene, mention, fact),
            wrong_direction(scene, mention, fact, who, self.arms),
        )
        return next(((step, why) for step, why in enumerate(reasons, start=1) if why), (9, ""))

    def _other_experiment(self, scene: Scene, fact: Fact, earlier: Scene | None) -> str:
        if fact.experiment_id is None or len(self.experiments) < 2:
            return ""
        named = scene.targets("experiment:") or (
            earlier.targets("experiment:")[-1:] if earlier else []
        )
        if not named or any(n.target == f"experiment:{fact.experiment_id}" for n in named):
            return ""
        return "that value belongs to another experiment"

    def _other_metric(self, scene: Scene, fact: Fact, earlier: Scene | None) -> str:
        if not fact.metric_id:
            return ""
        named = scene.targets("metric:") or (earlier.targets("metric:")[-1:] if earlier else [])
        if any(n.target == f"metric:{fact.metric_id}" for n in named):
            return ""
        if named and fact.topic not in {"traffic", "split", "plan", "balance"}:
            return "that value belongs to another metric"
        return (
            ""
            if fact.metric_id == self.primary or named
            else "that value belongs to another metric"
        )


def arms_of(facts: Sequence[Fact]) -> dict[str, str]:
    """Every arm the facts speak of, with its part; place 0 in an id is the baseline."""
    keys = dict.fromkeys(f.subject for f in facts if f.subject)
    base = {f.subject for f in facts if f.subject and PLACE_OF_BASELINE.search(f.id)}
    return {key: "baseline" if key in base else "treatment" for key in keys}


def last_arm(earlier: Scene, scene: Scene) -> str | None:
    """The arm an ``it`` at the beginning of a sentence stands for."""
    opening = scene.plain[:30]
    if not scene.says("glue", "pronoun", opening):
        return None
    named = earlier.targets("")
    return named[0].target if named else None


def agrees(mention: Mention, fact: Fact, scene: Scene, lang: str) -> bool:
    """Whether unit and value fit: within half of the last printed digit, or exactly as the fact is shown."""
    if fact.unit not in UNITS[mention.kind] and not _is_bare_evidence(mention, fact, scene):
        return False
    shown = lex_words(fact.shown, lang)
    if mention.kind in {Kind.DATE, Kind.CLOCK}:
        return _same_moment(mention, fact, shown)
    if any(mention.same == other.same and mention.sign in {0, other.sign} for other in shown):
        return True
    if mention.kind is Kind.DAYS:
        return _same_length(mention, fact, shown)
    value = abs(fact.value) if is_signed(fact) else fact.value
    said = mention.value / 100 if _is_bare_evidence(mention, fact, scene) else mention.value
    tol = mention.tol / 100 if _is_bare_evidence(mention, fact, scene) else mention.tol
    if fact.topic == "evidence" and (said >= CALL_LINE) != (value >= CALL_LINE):
        return False  # nobody rounds over the line
    return _near(mention, said, value, tol, fact)


def _near(mention: Mention, said: float, value: float, tol: float, fact: Fact) -> bool:
    if mention.bound:
        gap = (value - said) * mention.bound
        if fact.unit is Unit.P and mention.bound < 0:
            return value < said <= 1 - CALL_LINE + 1e-9
        return 0 <= gap <= WIDE * abs(said) + 1e-12
    if mention.approx:
        return abs(value - said) <= max(tol, LOOSE * abs(said)) * (1 + 1e-9)
    return abs(value - said) <= tol * (1 + 1e-6) + 1e-12


def _is_bare_evidence(mention: Mention, fact: Fact, scene: Scene) -> bool:
    """``the evidence went from 71 to 78``: evidence may be said without its hundred."""
    if mention.kind is not Kind.PLAIN or fact.topic != "evidence" or fact.unit is not Unit.RATE:
        return False
    return mention.value <= 100 and scene.says("topic", "evidence", scene.near(mention))


def _same_length(mention: Mention, fact: Fact, shown: Sequence[Mention]) -> bool:
    """Lengths of time are cut off or rounded up by the wording; nobody else rounds them."""
    days = fact.value / 86_400 if fact.unit is Unit.SECONDS else fact.value
    if mention.approx:
        return abs(days - mention.value) <= max(mention.tol, LOOSE * mention.value)
    if mention.bound:
        return 0 <= (days - mention.value) * mention.bound <= WIDE * mention.value + 1e-9
    if mention.top:
        return mention.value - 1e-9 <= days < mention.top
    if any(m.kind is Kind.DAYS and m.top for m in shown):
        return mention.value == int(days) > 0
    whole = mention.tol >= 0.5 - 1e-9 or mention.tol == 0
    return abs(days - mention.value) <= (1e-6 if whole else mention.tol)


def _same_moment(mention: Mention, fact: Fact, shown: Sequence[Mention]) -> bool:
    """Dates and clock times as shown in the reader's zone; a year must be right when it is said."""
    if mention.kind is Kind.CLOCK:
        return any(m.kind is Kind.CLOCK and m.value == mention.value for m in shown)
    at = datetime.fromtimestamp(fact.value, UTC)
    dates = {m.day[:2] for m in shown if m.kind is Kind.DATE}
    if not dates:
        dates = {(at.month, at.day)}
    return mention.day[:2] in dates and mention.day[2] in {0, at.year}


def is_signed(fact: Fact) -> bool:
    """Whether the fact is a change, whose sign is half of what it says."""
    if fact.role is FactRole.DIFF:
        return False
    return fact.unit in {Unit.LIFT, Unit.POINTS} or fact.topic in SIGNED


def wrong_arm(
    scene: Scene, mention: Mention, fact: Fact, who: str | None, arms: Mapping[str, str]
) -> str:
    """The arm named is not the fact's, or an arm is given the total."""
    if who is None or who == fact.subject:
        return ""
    if fact.subject is None:
        if fact.role is FactRole.DIFF or fact.topic not in OF_ARMS:
            return ""
        if fact.role is FactRole.THRESHOLD or scene.says("topic", "total", scene.near(mention)):
            return ""
        return "that value is of all arms together"
    if arms.get(who) == "baseline" and fact.topic in COMPARED:
        return ""
    return f"that value belongs to {fact.subject}, not to {who}"


def wrong_topic(scene: Scene, mention: Mention, fact: Fact, earlier: Scene | None) -> str:
    """The words around the number speak of something else, or of nothing the fact needs to be said with."""
    period = wrong_period(scene, mention, fact)
    if period:
        return period
    topic = TOPICS.get(fact.topic)
    if topic is None:
        return ""
    said = scene.tags_of(mention)
    strong = said & STRONG
    allowed = topic.tags | (CHANGE_OF if fact.topic in CHANGE_TOPICS else frozenset())
    if strong and not strong & allowed:
        return f"that value is {fact.topic}, the sentence speaks of {', '.join(sorted(strong))}"
    if topic.needs and mention.kind is not Kind.OF_100:
        text = scene.near(mention) + (" " + earlier.plain if earlier and _is_item(scene) else "")
        if not any(scene.says("topic", need, text) for need in topic.needs):
            return f"that value is {fact.topic}, which the sentence does not say"
    return ""


def _is_item(scene: Scene) -> bool:
    """A list item or table row takes its topic from what stands above it."""
    return bool(re.match(r"\s*(?:[-*•|>]|\d+[.)])", scene.text))


def wrong_period(scene: Scene, mention: Mention, fact: Fact) -> str:
    """Per day is not per month."""
    behind = scene.plain[mention.end : mention.end + 40]
    behind = re.split(r"[,;:.()\n]", behind)[0]
    said = [p for p in scene.words.tables["period"] if scene.words.says("period", p, behind)]
    if said and mention.kind is Kind.PLAIN and fact.unit is Unit.COUNT:
        wanted = "day" if fact.topic == "per day" else "hour" if "hour" in fact.topic else ""
        if wanted not in said:
            return f"that value is not per {said[0]}"
    return ""


def wrong_role(scene: Scene, mention: Mention, fact: Fact) -> str:
    """Thresholds, bounds and differences may stand only where the sentence speaks of one."""
    if fact.role is FactRole.VALUE or mention.kind in {Kind.DATE, Kind.CLOCK}:
        return ""
    name = {"threshold": "threshold", "bound": "bound", "diff": "diff"}[fact.role]
    near = scene.near(mention)
    if scene.says("role", name, near):
        return ""
    if fact.role is FactRole.BOUND and re.search(r"[\[(…]|\d\s*[–-]|\x00\s*[–-]", near):
        return ""
    return f"that value is a {name}, which the sentence does not say"


def wrong_direction(
    scene: Scene, mention: Mention, fact: Fact, who: str | None, arms: Mapping[str, str]
) -> str:
    """A change is told with its sign, or with up or down, ahead or behind; control turns it round."""
    if not is_signed(fact) or mention.kind not in {Kind.PERCENT, Kind.POINTS, Kind.PLAIN}:
        return _wrong_sign(mention, fact)
    turned = -1 if arms.get(who or "") == "baseline" and fact.subject != who else 1
    if mention.sign:
        if turned < 0 and not _is_object_number(scene, mention):
            return "told of the baseline, the sign turns round"
        told = mention.sign
    else:
        told = direction_of(scene, mention, fact.better) * turned or 1
    if abs(fact.value) <= mention.tol or (fact.value > 0) == (told > 0):
        return ""
    return "the sign or direction is the other way round"


def _wrong_sign(mention: Mention, fact: Fact) -> str:
    """A printed minus before what is never negative."""
    if mention.sign < 0 <= fact.value and mention.kind not in {Kind.DATE, Kind.CLOCK, Kind.DAYS}:
        return "that value is not negative"
    if mention.sign > 0 and mention.kind is Kind.PERCENT and fact.unit is Unit.RATE:
        return "that value is no change"
    return ""


def _is_object_number(scene: Scene, mention: Mention) -> bool:
    """``+8 % against control``: the baseline is what the number is compared with."""
    tail = scene.plain[mention.end : mention.end + 40]
    return scene.words.tables["glue"]["object"].search(tail) is not None
