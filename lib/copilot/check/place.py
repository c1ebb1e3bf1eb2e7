"""Where a number stands: whose it is, which end of a range, which row of a what-if, whether of now or of then.

Used by ``judge``. All of it is read from the words; values of facts serve only to tell rows of a table by their days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lib.copilot.check.mention import GONE, Kind, Mention
from lib.copilot.check.scene import Scene
from lib.copilot.check.senses import COMPARED, row_of, stem_of
from lib.copilot.check.subjects import subject_of
from lib.experiments.facts import Fact

PLACE_OF_BASELINE = re.compile(r"(?:^|[:.\w])\w+\.0$")
NEAR_PHRASE = 30
DAY = 1.0


@dataclass(slots=True)
class Place:
    """What the words around a number settle, besides its sense.

    Args:
        who: the arm's key, None when no arm is named.
        about: the same for a change, which may be told of a whole sentence.
        side: -1 low end, 1 high end, 0 neither.
        in_range: whether the other end stands beside it.
        step: -1 what it was before, 1 what it is now, in "from A to B".
        row: of a what-if table, None when no stop is named.
        is_past: whether the clause speaks of an earlier time.
        metrics: named before it, as targets.
        experiments: named with it, as targets.
    """

    who: str | None
    about: str | None = None
    side: int = 0
    in_range: bool = False
    step: int = 0
    row: int | None = None
    is_past: bool = False
    metrics: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()

    def arm_for(self, fact: Fact) -> str | None:
        """The arm named, as far as a fact like this is concerned."""
        return self.about if fact.topic in COMPARED else self.who


@dataclass(frozen=True, slots=True)
class Rows:
    """The stops of a what-if table: days by row, the row of the planned end, the one arm it is about."""

    days: Mapping[int, float]
    shown: Mapping[int, str]
    last: int | None = None
    arm: str | None = None


class Bench(Protocol):
    """What is known of the turn."""

    arms: Mapping[str, str]
    rows: Rows


def arms_of(facts: Sequence[Fact]) -> dict[str, str]:
    """Every arm the facts speak of, with its part; place 0 in an id is the baseline."""
    keys = dict.fromkeys(f.subject for f in facts if f.subject)
    base = {f.subject for f in facts if f.subject and PLACE_OF_BASELINE.search(f.id)}
    return {key: "baseline" if key in base else "treatment" for key in keys}


def rows_of(facts: Sequence[Fact]) -> Rows:
    """The rows of the what-if table among the facts."""
    days: dict[int, float] = {}
    shown: dict[int, str] = {}
    for fact in facts:
        row = row_of(fact)
        if row is not None and stem_of(fact) == "days":
            days[row], shown[row] = fact.value, fact.shown
    left = next((f.value for f in facts if stem_of(f) == "days_left"), None)
    near = [r for r, d in days.items() if left is not None and d > 0 and abs(d - left) < DAY]
    arms = {f.subject for f in facts if row_of(f) is not None and f.subject}
    arm = arms.pop() if len(arms) == 1 else None
    return Rows(days, shown, max(near, default=None), arm)  # the planned end comes last in a table


def place_of(scene: Scene, mention: Mention, earlier: Scene | None, bench: Bench) -> Place:
    """Everything the words settle about where a number stands."""
    found = scene.partner(mention)
    side = found[1] if found else _phrase(scene, mention)
    before = _last_arm(earlier, scene, bench.arms)
    about = _arm_of_last_change(scene, mention, bench.arms)
    return Place(
        who=subject_of(scene, mention, bench.arms, before),
        about=about or subject_of(scene, mention, bench.arms, before, of_change=True),
        side=side,
        in_range=found is not None,
        step=scene.step(mention),
        row=_row(scene, mention, earlier, bench.rows),
        is_past=_is_past(scene, mention),
        metrics=_metrics(scene, mention, earlier),
        experiments=_experiments(scene, earlier),
    )


def _arm_of_last_change(scene: Scene, mention: Mention, arms: Mapping[str, str]) -> str | None:
    """``blue stands at −6 %, but it could be −16 % to +5 %``: a change goes on about the arm of the last one."""
    start, end = scene.clause(mention)
    if any(start <= n.start < end for n in scene.targets("")):
        return None
    signed = [m for m in scene.mentions if m.end <= start and m.sign and m.kind is mention.kind]
    return subject_of(scene, signed[-1], arms, None, of_change=True) if signed else None


def _last_arm(earlier: Scene | None, scene: Scene, arms: Mapping[str, str]) -> str | None:
    """The arm an ``it`` at the beginning of a sentence stands for."""
    if earlier is None:
        return None
    named = earlier.targets("")
    treatments = [n.target for n in named if arms.get(n.target) != "baseline"]
    if not scene.says("glue", "pronoun", scene.plain[:30]):
        goes_on = not scene.targets("") and len(set(treatments)) == 1
        return treatments[0] if goes_on else None
    said = treatments or [n.target for n in named]
    return said[0] if said else None


def _phrase(scene: Scene, mention: Mention) -> int:
    """``as low as``, ``at best``: which end is meant without the other."""
    before = scene.plain[max(0, mention.start - NEAR_PHRASE) : mention.start].rstrip(" +-–*_`~≈")
    for name, side in (("low", -1), ("high", 1)):
        pattern = scene.words.tables["cue"][name]
        if any(len(before) - m.end() <= 8 for m in pattern.finditer(before)):
            return side
    behind = scene.plain[mention.end : mention.end + 45].split(GONE)[0].split(",")[0]
    for name, side in (("low_after", -1), ("high_after", 1)):
        if scene.says("cue", name, behind):
            return side
    return 0


def _row(scene: Scene, mention: Mention, earlier: Scene | None, rows: Rows) -> int | None:
    """The stop a number is told of: days or "now" in its clause, else the last one named before."""
    if not rows.days:
        return None
    if mention.kind is Kind.DAYS:
        return _row_of_days(mention, rows)
    named = _stops(scene, rows)
    start, end = scene.clause(mention)
    here = [(abs(at - mention.start), row) for at, row in named if start <= at < end]
    if here:
        return min(here)[1]
    before = [row for at, row in named if at < start]
    if before:
        return before[-1]
    after = [(at, row) for at, row in named if at >= end]
    if after and not _has_own(scene, mention, after[0][0]):
        return after[0][1]
    said = _stops(earlier, rows) if earlier is not None else []
    return said[-1][1] if said else None


def _has_own(scene: Scene, mention: Mention, at: int) -> bool:
    """Whether the stop at a place belongs to another number of the kind, before it or in its clause."""
    end = scene.clause_at(at)[1]
    return any(m.kind is mention.kind and mention.end <= m.start < end for m in scene.mentions)


def _stops(scene: Scene, rows: Rows) -> list[tuple[int, int]]:
    """Place and row of every stop named in a sentence, in order."""
    found = [
        (m.start, row)
        for m in scene.mentions
        if m.kind is Kind.DAYS and scene.partner(m) is None
        for row in [_row_of_days(m, rows)]
        if row is not None
    ]
    now = next((row for row, days in rows.days.items() if days == 0), None)
    table = scene.words.tables["cue"]
    opening = scene.plain[:24]
    if now is not None and (scene.says("cue", "halt") or scene.says("cue", "now", opening)):
        found += [(m.start(), now) for m in table["now"].finditer(scene.plain)]
    if rows.last is not None:
        found += [(m.start(), rows.last) for m in table["end"].finditer(scene.plain)]
    return sorted(found)


def _row_of_days(mention: Mention, rows: Rows) -> int | None:
    """A row by its days, as shown or exactly."""
    for row, days in rows.days.items():
        if days and (abs(days - mention.value) < 1e-6 or rows.shown[row] == mention.text):
            return row
    return None


def _is_past(scene: Scene, mention: Mention) -> bool:
    return scene.says("cue", "past", scene.in_clause(mention))


def _metrics(scene: Scene, mention: Mention, earlier: Scene | None) -> tuple[str, ...]:
    """A metric named before the number or in its clause is the one it is about."""
    end = scene.clause(mention)[1]
    named = [n.target for n in scene.targets("metric:") if n.start < end][-1:]
    if not named and earlier is not None:
        last = max(earlier.plain.rstrip(" .!?\n*").rfind(mark) for mark in (". ", "! ", "? ", "\n"))
        named = [n.target for n in earlier.targets("metric:") if n.start > last][-1:]
    return tuple(named)


def _experiments(scene: Scene, earlier: Scene | None) -> tuple[str, ...]:
    named = [n.target for n in scene.targets("experiment:")]
    if not named and earlier is not None:
        named = [n.target for n in earlier.targets("experiment:")][-1:]
    return tuple(named)
