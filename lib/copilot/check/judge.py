"""Whether each number of a sentence is a computed fact in its right place, and if not, why.

Called by the copilot for every sentence before it is shown. What a number means is settled first, from the words
alone: sense, arm, metric, experiment, row of a table, end of a range. Only then its value is held against the one
fact that means this. Where the words leave it open, a number of few digits is refused, since it could match by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lib.copilot.check.asserts import wrong_asserts
from lib.copilot.check.cues import OWN, Cues, cues_of, is_repeated
from lib.copilot.check.mention import Finding, Kind, Mention, visible
from lib.copilot.check.place import Place, arms_of, place_of, rows_of
from lib.copilot.check.rules import fits_structure, wrong_arm, wrong_direction
from lib.copilot.check.scene import Scene, read_scene
from lib.copilot.check.senses import (
    COMPARED,
    NOT_FOR_PROSE,
    SENSES,
    end_of,
    row_of,
    sense_of,
    stem_of,
)
from lib.copilot.check.tables import is_row, spread
from lib.copilot.check.values import COARSE, agrees, digits_of, has_unit
from lib.experiments.facts import Fact

UNKNOWN = "not among the computed facts"
UNSAID = "nothing in the sentence says what it is"
PRECISE = 3  # digits from which on a number tells by itself which fact it is
MARGIN = 1.0  # how far behind the best sense that one may then be
SAID = 0.9  # what the words have to say at least of a number that tells little by itself
LEAST = 0.25
# "+8 % (−2 % to +19 %)": the range in brackets is the one of the number before it.
ENDS_OF = {
    "lift": "interval",
    "difference": "difference",
    "likely": "likely",
    "interval": "interval",
}


@dataclass(slots=True)
class _Case:
    """One number before the court."""

    scene: Scene
    mention: Mention
    cues: Cues
    place: Place


@dataclass(slots=True)
class _Option:
    """A fact that may stand where the number stands."""

    fact: Fact
    score: float
    reason: str


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
        before: what was said just before, for ``it`` and for lists under a heading; for a row of a table
            its head.
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
    """Every number of a sentence with the fact it is, or the reason why it is none. Offsets: in ``visible(text)``.

    A claim without a number that the facts contradict is found too.
    """
    court = Court(facts, names=names, question=question, lang=lang)
    return court.findings(text, before)


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
        self.every = tuple(facts)
        self.facts: Sequence[Fact] = [
            f for f in facts if f.topic != "lead" and stem_of(f) not in NOT_FOR_PROSE
        ]
        self.lang = lang
        self.arms: Mapping[str, str] = arms_of(facts)
        self.rows = rows_of(facts)
        self.is_pair = sum(part == "treatment" for part in self.arms.values()) == 1
        labels = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, "")
        self.names = {key: key for key in self.arms} | labels
        self.primary = next((f.metric_id for f in facts if f.metric_id), "")
        self.experiments = {f.experiment_id for f in facts if f.experiment_id is not None}
        asked = self.read(visible(question)).mentions if question else ()
        self.asked = {mention.same[:2] + mention.same[3:] for mention in asked}

    def read(self, text: str) -> Scene:
        """A sentence with its names hidden and its numbers found."""
        return read_scene(text, self.names, self.arms, self.lang)

    def findings(self, text: str, before: str = "") -> tuple[Finding, ...]:
        """Every number of a sentence, judged."""
        shown, earlier = visible(text), visible(before)[-400:]
        if is_row(shown):
            found = [
                f.moved(cell.at)
                for cell in spread(shown, visible(before))
                for f in self._judge_scene(self.read(cell.text), None, is_head=cell.is_head)
                if f.start + cell.at >= cell.start
            ]
            return tuple(found)
        return self._judge_all(shown, earlier)

    def _judge_all(self, text: str, before: str) -> tuple[Finding, ...]:
        scene = self.read(text)
        earlier = self.read(before) if before else None
        found = self._judge_scene(scene, earlier)
        return (*found, *wrong_asserts(scene, self.facts, self.arms))

    def _judge_scene(
        self, scene: Scene, earlier: Scene | None, *, is_head: bool = False
    ) -> list[Finding]:
        """One number after the other; one without words of its own means what the last of its kind meant."""
        handed = self._meanings(earlier) if earlier else {}
        cues = cues_of(scene, earlier)
        for one in cues.values() if is_head else ():
            one.weights |= {"halt": 1.0, "scenario": 3.0}  # "in 3 days" over a column
        found: list[Finding] = []
        told: dict[tuple[str, Kind], Mention] = {}
        for mention in scene.mentions:
            case = _Case(scene, mention, cues[mention], place_of(scene, mention, earlier, self))
            options = self._options(case, handed.get(mention.kind, ""))
            options = [o for o in options if not _is_told(o.fact, mention, told)]
            found.append(self._verdict(case, options))
            if found[-1].fact_id:
                fact = next(o.fact for o in options if o.fact.id == found[-1].fact_id)
                told[sense_of(fact), mention.kind] = mention
            best = max(options, key=lambda o: o.score, default=None)
            if best is not None:
                handed[mention.kind] = self._handed_on(best.fact)
        return found

    def _meanings(self, scene: Scene) -> dict[Kind, str]:
        """What the numbers of an earlier sentence meant, the last of each kind."""
        handed: dict[Kind, str] = {}
        cues = cues_of(scene, None)
        for mention in scene.mentions:
            place = place_of(scene, mention, None, self)
            case = _Case(scene, mention, cues[mention], place)
            options = self._options(case, handed.get(mention.kind, ""))
            fitting = [f for f in self.facts if has_unit(mention, f, scene)]
            said = [_Option(f, cues[mention].score(sense_of(f)), "") for f in fitting]
            best = max(options or said, key=lambda o: o.score, default=None)
            if best is not None and best.score >= LEAST:
                handed[mention.kind] = self._handed_on(best.fact)
        return handed

    def _handed_on(self, fact: Fact) -> str:
        """What the next number of the kind means when nothing else is said."""
        name = sense_of(fact)
        if name == "risk" and self.rows.days:
            return "risk of the worse"
        return name

    def _options(self, case: _Case, handed: str) -> list[_Option]:
        """The facts that may stand there, with how much speaks for each; values are not looked at."""
        fitting = [f for f in self.facts if has_unit(case.mention, f, case.scene)]
        scores = {name: case.cues.score(name) for name in {sense_of(f) for f in fitting}}
        own = max(scores.values(), default=0.0)
        tied = self._tied(case, handed)
        if tied:
            case.cues.inherited = tied
            scores[tied] = OWN + own
        elif own < OWN and is_repeated(handed):
            case.cues.inherited = handed
            scores[handed] = case.cues.score(handed)
        options = []
        for fact in fitting:
            score = scores.get(sense_of(fact), -1.0)
            if score < LEAST:
                continue
            reason = fits_structure(case.scene, case.mention, fact, case.place, self)
            if not reason:
                options.append(_Option(fact, score + self._closeness(case, fact), ""))
        return options

    @staticmethod
    def _tied(case: _Case, last: str) -> str:
        """What a number means by its tie to the last of its kind: a range in brackets, "instead of", "planned"."""
        scene, mention = case.scene, case.mention
        if case.place.in_range and scene.is_aside(mention) and last in ENDS_OF:
            return ENDS_OF[last]
        if scene.is_instead(mention):
            return last
        if last.startswith("loss") and {"keep", "ship"} & case.cues.bound:
            return "loss by keeping" if "keep" in case.cues.bound else "loss by shipping"
        return "planned share" if last.endswith("share") and "plan" in case.cues.bound else ""

    def _closeness(self, case: _Case, fact: Fact) -> float:
        """An arm's own fact before the experiment's; with one treatment, a change without an arm is its."""
        arm = case.place.arm_for(fact)
        row = row_of(fact)
        if fact.subject is None and case.place.row is None and not case.scene.targets(""):
            return 0.25
        if case.place.side and not case.place.in_range and end_of(fact) == case.place.side:
            return 0.7  # "at the earliest", "as low as"
        if arm == fact.subject or (row is not None and row == case.place.row):
            return 0.2
        return 0.2 if arm is None and self.is_pair and fact.topic in COMPARED else 0.0

    def _verdict(self, case: _Case, options: list[_Option]) -> Finding:
        mention = case.mention
        best = max((o.score for o in options), default=0.0)
        top = [o for o in options if o.score >= best - 1e-9]
        near = [o for o in options if o.score >= best - MARGIN]
        if (
            mention.kind in COARSE - {Kind.CLOCK}
            and best < SAID
            and any(sense_of(o.fact) in SENSES for o in top)
        ):
            top = near = []  # its form alone does not tell what it is
        good = [o.fact for o in near if self._holds(case, o.fact)]
        first = [o.fact for o in top if o.fact in good]
        meant = {self._meaning(o.fact) for o in top}
        is_sure = {self._meaning(f) for f in first} == meant
        if first and (is_sure or digits_of(mention) >= PRECISE):
            return _finding(mention, fact_id=first[0].id)
        if good and digits_of(mention) >= PRECISE:
            return _finding(mention, fact_id=good[0].id)
        if self._was_asked(case):
            return _finding(mention)
        return _finding(mention, reason=self._why_not(case, [o.fact for o in top]))

    def _holds(self, case: _Case, fact: Fact) -> bool:
        return agrees(case.mention, fact, case.scene, self.lang) and not wrong_direction(
            case.scene, case.mention, fact, case.place.arm_for(fact), self.arms
        )

    def _why_not(self, case: _Case, meant: Sequence[Fact]) -> str:
        """The reason for a repair: what the words mean, and what stands in the way of the facts of this value."""
        for fact in meant:
            if agrees(case.mention, fact, case.scene, self.lang) and (
                why := wrong_direction(
                    case.scene, case.mention, fact, case.place.arm_for(fact), self.arms
                )
            ):
                return why
        same = [
            f
            for f in self.facts
            if has_unit(case.mention, f, case.scene)
            and agrees(case.mention, f, case.scene, self.lang)
        ]
        if not same:
            return UNKNOWN
        reasons = [
            fits_structure(case.scene, case.mention, f, case.place, self)
            or wrong_direction(case.scene, case.mention, f, case.place.arm_for(f), self.arms)
            for f in same
        ]
        if (why := next((r for r in reasons if r), "")) and all(reasons):
            return why
        said = sorted({sense_of(f) for f in meant})
        if not said or case.cues.score(sense_of(same[0])) >= case.cues.score(said[0]):
            return UNSAID
        return f"that value is {sense_of(same[0])}, the sentence speaks of {', '.join(said)}"

    def _meaning(self, fact: Fact) -> tuple[object, ...]:
        """Facts of one meaning differ only by when they were taken, e.g. at a call or now."""
        name, row = sense_of(fact), row_of(fact)
        if name == "stop" or row == self.rows.last:  # a condition; what holds at the planned end
            row = None
        if name == "likely then" and row is None:
            name = "end"  # what will be seen at the planned end
        subject = None if self.is_pair and fact.topic in COMPARED else fact.subject
        return (name, subject, end_of(fact), row, fact.metric_id)

    def objection(self, scene: Scene, mention: Mention, fact: Fact) -> str:
        """Why a fact that is known to stand at a place may not stand there; for slots."""
        case = _Case(
            scene, mention, cues_of(scene, None)[mention], place_of(scene, mention, None, self)
        )
        arm = case.place.arm_for(fact)
        reason = wrong_arm(scene, mention, fact, arm, self.arms) or wrong_direction(
            scene, mention, fact, arm, self.arms
        )
        options = self._options(case, "")
        best = max((o.score for o in options), default=0.0)
        if reason or case.cues.score(sense_of(fact)) >= best - MARGIN or best < OWN:
            return reason
        said = sorted({sense_of(o.fact) for o in options if o.score >= best - 1e-9})
        return f"that value is {sense_of(fact)}, the sentence speaks of {', '.join(said)}"

    def _was_asked(self, case: _Case) -> bool:
        """A number of the question may be repeated; a percentage only as a condition, not as a result."""
        mention = case.mention
        if mention.same[:2] + mention.same[3:] not in self.asked:
            return False
        if mention.kind in {Kind.PERCENT, Kind.POINTS, Kind.OF_100, Kind.ODDS}:
            return case.scene.says("glue", "condition")
        return True


def _is_told(fact: Fact, mention: Mention, told: Mapping[tuple[str, Kind], Mention]) -> bool:
    """What has one value only, e.g. the line, is not told again with another one in the same sentence."""
    name = sense_of(fact)
    before = told.get((name, mention.kind))
    return before is not None and not is_repeated(name) and before.same != mention.same


def _finding(mention: Mention, *, reason: str = "", fact_id: str = "") -> Finding:
    return Finding(
        start=mention.start, end=mention.end, text=mention.text, reason=reason, fact_id=fact_id
    )
