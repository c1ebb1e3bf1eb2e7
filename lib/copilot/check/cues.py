"""How strongly the words of a sentence say each sense of each number: bound, in its clause, elsewhere, said before.

Used by ``judge``. Values of facts play no part here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from lib.copilot.check.mention import GONE, NAMED, Kind, Mention
from lib.copilot.check.scene import Scene
from lib.copilot.check.senses import KINDS, SENSES, UNTOLD, Sense

LED = 2.5  # said in the clause before, which has no such number of its own
NOUN, BOUND, CLAUSE, SENTENCE, BEFORE = 5.0, 3.0, 1.5, 1.0, 0.6
HINT = 0.6  # what a word that only hints counts, of a firm one
INHERITED = 2.0
HELPING = 0.5
SIGN = 2.5
OWN = 1.4  # from here on a number has words of its own and inherits nothing
COUNTED = ("visitors", "conversions", "arms", "metrics", "experiments")
EVERY = frozenset(Kind)
OF_DATES = frozenset({"begun", "planend"})
ODDS = frozenset({Kind.ODDS})
OF_CHANCES = frozenset(
    {"chance", "better", "worse", "wrong", "worsearm", "open", "win", "miss", "positive"}
)
OF_NAME = re.compile(rf"{NAMED}(?:['’]s|[\s*_`]*[:(=])$")
ARTICLE = re.compile(r"\s*(?:the|on|el|le|dem|den|am|au)?[\s*_`]*", re.IGNORECASE)
ADJECTIVE = re.compile(
    r"(?i)(?:more|further|additional|extra|daily|other|new|planned|weitere|mehr|zusätzliche|geplante|autres|otros|nuevos"
    r"|tägliche)[nrs]?$"
)


@dataclass(slots=True)
class Cues:
    """The tags of one number with their weights; ``bound`` are those that are its own."""

    weights: dict[str, float] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    inherited: str = ""

    def forget(self, tags: frozenset[str]) -> None:
        """These words cannot be said of the number."""
        self.bound -= tags
        for tag in tags:
            self.weights.pop(tag, None)

    def raise_to(self, tag: str, weight: float) -> None:
        """A word counts at least so much."""
        self.weights[tag] = max(weight, self.weights.get(tag, 0.0))

    def score(self, name: str) -> float:
        """How much speaks for a sense; below 0 when it is ruled out."""
        sense = SENSES.get(name, UNTOLD)
        if self.is_barred(sense):
            return -1.0
        said = max((self.weights.get(cue, 0.0) for cue in sense.cues), default=0.0)
        extra = sum(1.0 for _ in sense.needs)
        bonus = sense.bonus if any(cue in self.bound for cue in sense.cues) else 0.0
        handed = INHERITED if name == self.inherited else 0.0
        helped = 0.5 * any(self.weights.get(tag, 0.0) >= HELPING for tag in sense.helps)
        return max(said, sense.base, handed) + (extra + bonus + helped if said or handed else 0.0)

    def is_barred(self, sense: Sense) -> bool:
        """A needed word is missing or a word that rules it out is bound to the number."""
        if sense.asks and not any(self.weights.get(tag, 0.0) >= BEFORE for tag in sense.asks):
            return True
        if self.inherited and SENSES.get(self.inherited) is sense:
            return False
        lacks = any(self.bound.isdisjoint(need.split("/")) for need in sense.needs)
        return lacks or any(bar in self.bound for bar in sense.bars)


def cues_of(scene: Scene, earlier: Scene | None) -> dict[Mention, Cues]:
    """The cues of every number of a sentence."""
    made = {m: Cues() for m in scene.mentions}
    bound: dict[Mention, set[str]] = {m: set() for m in scene.mentions}
    has_odds = any(m.kind is Kind.ODDS for m in scene.mentions)
    for tag, start, end, share in tags_in(scene):
        groups = (ODDS,) if has_odds and tag in OF_CHANCES else KINDS.get(tag, (EVERY,))
        owners = [scene.nearest(start, end, kinds) for kinds in groups]
        for mention in scene.mentions:
            is_own = any(mention is owner for owner in owners)
            is_led = is_own and scene.leads_to(start, mention)
            beside = tag in OF_DATES and _is_beside(scene, end, mention)
            firm = 1.0 if is_own and beside else share
            own = BOUND if scene.clause(mention)[0] <= start else LED
            weight = (own if is_led else _weight(scene, mention, start)) * firm
            if is_led and firm == 1.0:
                bound[mention].add(tag)
            weights = made[mention].weights
            weights[tag] = max(weight, weights.get(tag, 0.0))
    before = {tag: share for tag, _s, _e, share in tags_in(earlier)} if earlier else {}
    for mention, cues in made.items():
        for tag, share in before.items():
            cues.weights.setdefault(tag, BEFORE * share)
        cues.bound = frozenset(bound[mention])
        _count_noun(scene, mention, cues)
        _read_form(scene, mention, cues)
    _count_out_of(scene, made)
    _fall_short(scene, made)
    _oppose(scene, made)
    for mention in scene.mentions:
        _share_range(scene, mention, made)
    return made


def _count_out_of(scene: Scene, made: dict[Mention, Cues]) -> None:
    """``3,594 of 47,908``: what converted, of those who came, where no noun says otherwise."""
    for one, two in pairwise(scene.mentions):
        between = scene.plain[one.end : two.start].strip(" *_`")
        if one.kind is not Kind.PLAIN or two.kind is not Kind.PLAIN:
            continue
        if between == "/":  # "2,509/27,715 converted"
            made[two].bound = frozenset()
            made[one].bound = frozenset()
        if not scene.words.tables["glue"]["out_of"].fullmatch(between):
            continue
        if not made[two].bound & frozenset(COUNTED):
            made[two].weights |= {"visitors": NOUN, "conversions": 0.0}
            made[two].bound |= {"visitors"}
        if not made[one].bound & frozenset(COUNTED):
            part, whole = made[one], made[two]
            noun = "visitors" if whole.bound & {"plan", "line"} else "conversions"
            part.weights |= {"conversions": 0.0, "visitors": 0.0, noun: NOUN}
            part.bound |= {noun}
            if noun == "visitors" and "more" in whole.bound:  # "... are still missing"
                part.bound |= {"more", "plan"}
                part.weights["more"] = NOUN


def _fall_short(scene: Scene, made: dict[Mention, Cues]) -> None:
    """``10 points short of 95``: the gap, and the line."""
    for one, two in pairwise(scene.mentions):
        between = scene.plain[one.end : two.start].strip(" *_`")
        if scene.words.tables["glue"]["short_of"].fullmatch(between):
            made[two].forget(frozenset({"gap"}))
            made[two].weights["line"] = BOUND + 0.5
            made[one].forget(frozenset({"line"}))
            made[one].raise_to("gap", BOUND + 0.5)
            made[one].bound |= {"gap"}


def _oppose(scene: Scene, made: dict[Mention, Cues]) -> None:
    """``8.7 % versus 8.0 %``: two states, not two changes."""
    for one, two in pairwise(scene.mentions):
        between = scene.plain[one.end : two.start].strip(" ,*_`≈~")
        is_move = any(
            m.end() == len(between)
            for m in scene.words.tables["glue"]["moved_to"].finditer(between)
        )
        if is_move and made[one].weights.get("rate", 0.0) >= BOUND and one.kind is two.kind:
            made[two].weights["rate"] = max(BOUND, made[two].weights.get("rate", 0.0))
        unsigned = not one.sign and not two.sign and one.kind is two.kind is Kind.PERCENT
        if unsigned and scene.words.tables["glue"]["opposed"].fullmatch(between):
            for mention in (one, two):
                made[mention].weights["rate"] = max(BOUND, made[mention].weights.get("rate", 0.0))


def _share_range(scene: Scene, mention: Mention, made: dict[Mention, Cues]) -> None:
    """What is said of one end of a range is said of the other."""
    found = scene.partner(mention)
    if found is None:
        return
    own, other = made[mention], made[found[0]]
    own.bound = own.bound | other.bound
    for tag, weight in other.weights.items():
        own.weights[tag] = max(weight, own.weights.get(tag, 0.0))


def _read_form(scene: Scene, mention: Mention, cues: Cues) -> None:
    """What the way a number is written says: a sign tells a change, "of 100" evidence, "at 8 %" a state."""
    if mention.kind in {Kind.PERCENT, Kind.POINTS} and mention.sign:
        cues.raise_to("change", SIGN)
        cues.forget(OF_CHANCES)
        return
    if mention.kind is Kind.PERCENT and _is_at(scene, mention):
        cues.raise_to("rate", BOUND)
    if mention.kind is Kind.DAYS:
        _read_length(scene, mention, cues)
    if mention.kind in {Kind.OF_100, Kind.PLAIN}:
        _read_gauge(scene, mention, cues)
    if mention.kind in {Kind.ODDS, Kind.PERCENT}:
        _read_chance(scene, mention, cues)


def _read_length(scene: Scene, mention: Mention, cues: Cues) -> None:
    """``7 more days``: not those of the plan, nor those that have passed."""
    spelled = "" if re.search(r"\d", mention.text) else scene.plain[mention.end : mention.end + 8]
    if not scene.says("cue", "more", mention.text + spelled):
        return
    is_planned = "plan" in cues.bound  # "7 more days are planned"
    cues.forget(frozenset({"plan", "elapsed"}))
    cues.raise_to("remaining", BOUND + 1.4 if is_planned else CLAUSE)
    cues.weights["scenario"] = BOUND + 0.7


def _read_gauge(scene: Scene, mention: Mention, cues: Cues) -> None:
    """Evidence, or the line it has to reach."""
    if mention.kind is Kind.OF_100:
        cues.raise_to("evidence", 1.2)
    elif any(m.kind is Kind.OF_100 for m in scene.mentions) or scene.says("cue", "gauge"):
        cues.raise_to("evidence", SENTENCE)
    if cues.weights.get("line", 0.0) < OWN + 0.2:
        cues.weights["line"] = min(0.4, cues.weights.get("line", 0.0))
    step = scene.step(mention) if cues.weights.get("evidence") else 0
    if step:  # from what it is to the line
        cues.weights["line" if step > 0 else "evidence"] = BOUND + 0.5
        cues.weights["evidence" if step > 0 else "line"] = 0.0


def _read_chance(scene: Scene, mention: Mention, cues: Cues) -> None:
    """Whether a chance is told of something happening or not."""
    if mention.kind is Kind.ODDS:
        cues.raise_to("chance", BEFORE)
    if cues.weights.get("chance", 0.0) < BEFORE:
        return
    said = "open" in cues.bound or _is_denied(scene, mention)
    denied = said and "miss" not in cues.bound
    cues.weights["open"] = BOUND + 0.5 if denied else 0.0
    cues.bound = cues.bound | {"open"} if denied else cues.bound - {"open"}


def _is_at(scene: Scene, mention: Mention) -> bool:
    """``control trails at 8.0 %``: a state, not a change."""
    before = scene.plain[max(0, mention.start - 24) : mention.start].rstrip(" *_`~≈")
    pattern = scene.words.tables["glue"]["at"]
    return OF_NAME.search(before) is not None or any(
        m.end() == len(before) for m in pattern.finditer(before)
    )


def _is_denied(scene: Scene, mention: Mention) -> bool:
    """Whether the chance is told of something not happening."""
    said = scene.in_clause(mention)
    if not said.startswith("(") and scene.plain[scene.clause(mention)[0] - 1 :][:1] != "(":
        before, _, after = scene.between_numbers(mention).partition(GONE)
        said += f" {before.rpartition(';')[2]} {after.partition(';')[0]}"
    return scene.says("direction", "negation", said) or scene.says("cue", "open", said)


def _is_beside(scene: Scene, end: int, mention: Mention) -> bool:
    """``by 18 May``, ``desde el 6 de marzo``."""
    return end < mention.start and ARTICLE.fullmatch(scene.plain[end : mention.start]) is not None


def _weight(scene: Scene, mention: Mention, place: int) -> float:
    start, end = scene.clause(mention)
    return CLAUSE if start <= place < end else SENTENCE


def tags_in(scene: Scene) -> list[tuple[str, int, int, float]]:
    """Every word that says something: tag, place, and 1 when it is firm, less when it only hints."""
    if scene.said is None:
        found = [
            (tag, m.start(), m.end(), 1.0)
            for tag, pattern in scene.words.tables["cue"].items()
            for m in pattern.finditer(scene.plain)
        ]
        found += [
            (tag, m.start(), m.end(), HINT)
            for tag, pattern in scene.words.hints.items()
            for m in pattern.finditer(scene.plain)
        ]
        found += [
            (tag, n.start, n.end, 1.0)
            for n in scene.targets("metric:")
            for tag in ("conversions", "rate")
        ]
        scene.said = found
    return scene.said


def _count_noun(scene: Scene, mention: Mention, cues: Cues) -> None:
    """The noun right behind a count outweighs all other nouns."""
    if mention.kind is not Kind.PLAIN:
        return
    tail = re.split(r"[,;:.()|\n\x00]", scene.plain[mention.end : mention.end + 40])[0]
    noun = _noun(tail)
    counted = next((t for t in COUNTED if _says(scene, t, noun)), "")
    verb = noun.partition(" ")[2]
    lead = scene.plain[max(0, mention.start - 14) : mention.start].rstrip(" *_`")
    is_whole = any(
        m.end() == len(lead) for m in scene.words.tables["glue"]["out_of"].finditer(lead)
    )
    if (
        counted == "visitors"
        and not is_whole
        and any(
            pattern is not None and pattern.match(verb)
            for pattern in (
                scene.words.tables["cue"]["conversions"],
                scene.words.hints.get("conversions"),
            )
        )
    ):
        counted = "conversions"  # "3,337 people bought"
    if counted:
        for tag in COUNTED:
            cues.weights[tag] = NOUN if tag == counted else 0.0
        cues.bound = (cues.bound - frozenset(COUNTED)) | {counted}


def _says(scene: Scene, tag: str, noun: str) -> bool:
    return scene.words.tables["cue"][tag].match(noun) is not None


def _noun(tail: str) -> str:
    """The first counted word of ``more visitors landed in``; at most one word may stand before it."""
    words = tail.strip(" *_`").split()
    while words and ADJECTIVE.match(words[0]):
        words.pop(0)
    return " ".join(words)


@lru_cache(maxsize=128)
def is_repeated(name: str) -> bool:
    """Whether several numbers of a sentence may have this sense."""
    return SENSES.get(name, UNTOLD).repeats
