"""Whether each number of a sentence is a computed fact in its right place, and if not, why.

Called by the copilot for every sentence before it is shown. A number passes when one fact agrees with it in
unit, value, experiment, metric, arm, topic and direction at once; the reason names the first thing that does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lib.copilot.check.mention import Kind, Mention, visible
from lib.copilot.check.rules import wrong_arm, wrong_direction, wrong_role, wrong_topic
from lib.copilot.check.scene import Scene, read_scene
from lib.copilot.check.subjects import subject_of
from lib.copilot.check.topics import (
    COMPARED,
    ENDS,
    SIGNED,
)
from lib.copilot.check.values import agrees
from lib.experiments.facts import Fact

UNKNOWN = "not among the computed facts"
END_OF_RANGE = re.compile(r"_(?:low|high|from)(?=\.|$)")
WAS = re.compile(r"(?:^|[:.])was_")
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
        if self.arms.get(before or "") == "baseline" and fact.topic in COMPARED:
            before = None  # "it" is then the outcome, not the baseline
        who = subject_of(scene, mention, self.arms, before)
        reasons = (
            self._other_experiment(scene, fact, earlier),
            self._other_metric(scene, mention, fact, earlier),
            wrong_arm(scene, mention, fact, who, self.arms)
            or self._not_for_baseline(scene, fact, who),
            wrong_topic(scene, mention, fact, earlier),
            wrong_role(scene, mention, fact),
            self._half_a_range(scene, mention, fact),
            wrong_direction(scene, mention, fact, who, self.arms),
        )
        return next(((step, why) for step, why in enumerate(reasons, start=1) if why), (9, ""))

    def _half_a_range(self, scene: Scene, mention: Mention, fact: Fact) -> str:
        """In a range both numbers must be the two ends of the same thing, in the right order."""
        found = scene.partner(mention)
        if found is None:
            return ""
        partner, side = found
        if fact.topic not in ENDS or not END_OF_RANGE.search(fact.id):
            return self._no_change(scene, partner, side, fact)
        ends = ("_high",) if side > 0 else ("_low", "_from")
        wanted = {END_OF_RANGE.sub(end, fact.id) for end in ends}
        if fact.id in wanted:
            return "that value is no such end of a range"
        others = (f for f in self.facts if f.id in wanted)
        if any(agrees(partner, f, scene, self.lang) for f in others):
            return ""
        return "the other end of the range belongs to something else"

    def _no_change(self, scene: Scene, partner: Mention, side: int, fact: Fact) -> str:
        """``from 71 to 78``: the same thing before and now, or the rates of two arms."""
        others = (
            f
            for f in self.facts
            if f.topic == fact.topic
            and f.id != fact.id
            and (f.subject == fact.subject or fact.topic == "rate")
            and agrees(partner, f, scene, self.lang)
        )
        other = next(others, None)
        if other is None:
            return "that value is no end of a range"
        earlier = other if side < 0 else fact
        later = fact if side < 0 else other
        if WAS.search(later.id) and not WAS.search(earlier.id):
            return "that value was the earlier one"
        return ""

    def _not_for_baseline(self, scene: Scene, fact: Fact, who: str | None) -> str:
        """Evidence, chances and the like speak for the baseline only where it is the one ahead."""
        if self.arms.get(who or "") != "baseline" or fact.topic not in COMPARED - SIGNED:
            return ""
        changes = (f for f in self.facts if f.topic in {"lift", "difference"})
        lift = next((f for f in changes if f.subject == fact.subject), None)
        leads = lift is not None and lift.value * (lift.better or 1) < 0
        if fact.subject is None or (leads and _tells_who_leads(scene)):
            return ""
        return f"that value belongs to {fact.subject}, not to {who}"

    def _other_experiment(self, scene: Scene, fact: Fact, earlier: Scene | None) -> str:
        if fact.experiment_id is None or len(self.experiments) < 2:
            return ""
        named = scene.targets("experiment:") or (
            earlier.targets("experiment:")[-1:] if earlier else []
        )
        if not named or any(n.target == f"experiment:{fact.experiment_id}" for n in named):
            return ""
        return "that value belongs to another experiment"

    def _other_metric(
        self, scene: Scene, mention: Mention, fact: Fact, earlier: Scene | None
    ) -> str:
        """A metric named before the number or in its clause is the one it is about."""
        if not fact.metric_id:
            return ""
        end = scene.clause(mention)[1]
        named = [n for n in scene.targets("metric:") if n.start < end][-1:]
        named = named or (earlier.targets("metric:")[-1:] if earlier else [])
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


def _tells_who_leads(scene: Scene) -> bool:
    return scene.says("direction", "better") or scene.says("direction", "worse")
