"""Claims of direction: who is better, higher, ahead; what rose or fell from one number to the next.

Used by ``judge`` beside the numbers. A claim is held against the sign of the observed change; what is only possible,
likely, asked or denied is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lib.copilot.check.mention import Finding, Mention
from lib.copilot.check.scene import Named, Scene
from lib.copilot.check.subjects import is_label, is_object
from lib.experiments.facts import Fact, FactRole

CONTRADICTED = "the computed numbers say the opposite"
SKIPPED_WITH = (
    "chance",
    "likely",
    "wrong",
    "worsearm",
    "evidence",
    "loss",
    "keep",
    "visitors",
    "others",
)
BEHIND = 60


def wrong_asserts(
    scene: Scene, facts: Sequence[Fact], arms: Mapping[str, str]
) -> Iterator[Finding]:
    """Words of direction that the facts contradict."""
    if "?" in scene.text:
        return
    for match, way, is_goal in _words(scene):
        told = _moved(scene, match, way) if not is_goal else 0
        if not told and not _is_open(scene, match):
            told = _compared(scene, match, way, facts, arms, is_goal=is_goal)
        if told < 0:
            yield Finding(
                start=match.start(),
                end=match.end(),
                text=scene.text[match.start() : match.end()],
                reason=CONTRADICTED,
            )


def _words(scene: Scene) -> Iterator[tuple[re.Match[str], int, bool]]:
    """Each word of direction, its way, and whether it is about the goal instead of the value."""
    table = scene.words.tables["direction"]
    for name, way, is_goal in (
        ("better", 1, True),
        ("worse", -1, True),
        ("up", 1, False),
        ("down", -1, False),
    ):
        for match in table[name].finditer(scene.plain):
            yield match, way, is_goal


def _moved(scene: Scene, match: re.Match[str], way: int) -> int:
    """``fell from 8.0 % in control to 7.2 % in blue``: 1 when the numbers agree, -1 when not, 0 when it is no move."""
    behind = [m for m in scene.mentions if m.start >= match.end()][:2]
    if len(behind) < 2 or behind[0].kind is not behind[1].kind:
        return 0
    first, second = behind
    glue = scene.words.tables["glue"]
    lead = scene.plain[match.end() : first.start].strip(" +*_`~≈")
    between = scene.plain[first.end : second.start].rstrip(" +-–*_`~≈")
    to = any(m.end() == len(between) for m in glue["moved_to"].finditer(between))
    if not glue["moved_from"].fullmatch(lead) or not to:
        return 0
    return 1 if (_size(second) - _size(first)) * way > 0 else -1


def _size(mention: Mention) -> float:
    return mention.value * (mention.sign or 1)


def _is_open(scene: Scene, match: re.Match[str]) -> bool:
    """Whether the clause of a word only says what may be, or compares something else."""
    start, end = scene.clause_at(match.start())
    clause = scene.plain[start:end]
    if scene.says("glue", "modal", clause) or scene.says("glue", "condition", clause):
        return True
    if any(scene.says("cue", name, clause) for name in SKIPPED_WITH):
        return True
    before = scene.plain[max(start, match.start() - 16) : match.start()]
    return scene.says("direction", "negation", before)


def _compared(
    scene: Scene,
    match: re.Match[str],
    way: int,
    facts: Sequence[Fact],
    arms: Mapping[str, str],
    *,
    is_goal: bool,
) -> int:
    """``blue is better than control``: 1 when the facts agree, -1 when not, 0 when nothing is compared."""
    subject = _subject(scene, match)
    if subject is None:
        return 0
    target = _object(scene, match, subject)
    if not is_goal and (target is None or target == subject.target):
        return 0
    change = _change(scene, subject.target, target, facts, arms, is_goal=is_goal)
    return 0 if change == 0 else 1 if change * way > 0 else -1


def _subject(scene: Scene, match: re.Match[str]) -> Named | None:
    """The arm a word is said of: the last one named before it that is not merely compared with."""
    start, _ = scene.clause_at(match.start())
    named = [n for n in scene.targets("") if n.end <= match.start()]
    here = [n for n in named if n.start >= start]
    good = [n for n in here or named if not is_object(scene, n) and not is_label(scene, n)]
    return good[-1] if good else None


def _object(scene: Scene, match: re.Match[str], subject: Named) -> str | None:
    later = [
        n
        for n in scene.targets("")
        if 0 <= n.start - match.end() < BEHIND and n.target != subject.target
    ]
    return later[0].target if later and is_object(scene, later[0]) else None


def _change(
    scene: Scene,
    subject: str,
    target: str | None,
    facts: Sequence[Fact],
    arms: Mapping[str, str],
    *,
    is_goal: bool,
) -> float:
    """The observed change of one arm against another, by its goal or by its value; 0 when unknown."""
    metric = next((n.target[7:] for n in scene.targets("metric:")), "")
    own = [f for f in facts if not metric or f.metric_id == metric]
    lifts = {
        f.subject: f.value * ((f.better or 1) if is_goal else 1)
        for f in reversed(own)
        if f.topic in {"lift", "difference"} and f.role is FactRole.VALUE and _is_now(f)
    }
    if arms.get(subject) != "baseline":
        return _against(lifts, subject, target, arms)
    if target is not None:
        return -lifts.get(target, 0.0)
    every = [v for v in lifts.values() if v]
    return -every[0] if every and all(v * every[0] > 0 for v in every) else 0.0


def _against(
    lifts: Mapping[str | None, float], subject: str, target: str | None, arms: Mapping[str, str]
) -> float:
    if target is None or arms.get(target) == "baseline":
        return lifts.get(subject, 0.0)
    if target in lifts and subject in lifts:
        return lifts[subject] - lifts[target]
    return 0.0


def _is_now(fact: Fact) -> bool:
    return "then:" not in fact.id and not fact.id.rpartition(":")[2].startswith(("was_", "call_"))
