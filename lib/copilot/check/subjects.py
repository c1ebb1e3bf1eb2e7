"""Which arm a number is about, and which way a sentence says it goes. Used by ``judge``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from lib.copilot.check.mention import GONE, NAMED, Kind, Mention
from lib.copilot.check.scene import Named, Scene
from lib.experiments.facts import Fact

BRACKET = 5  # characters between "23 % / 77 %" and "(control / blue)"
SPACE = r"[\s*_`\"'“”„«»]*"


def subject_of(
    scene: Scene,
    mention: Mention,
    arms: Mapping[str, str],
    before: str | None,
    *,
    of_change: bool = False,
) -> str | None:
    """The key of the arm a number is about; None when no arm is named.

    In order: a list of names facing a list of numbers; a name right behind ("8 % for blue") or right before it
    ("control at 8 %"); after "versus" the arm not named yet; the nearest name before it in its clause that is not
    merely compared with; one named in another clause; ``before``.

    Args:
        scene: the sentence.
        mention: the number.
        arms: keys with their part.
        before: the arm an ``it`` stands for.
        of_change: asked for a change: it is about the one arm the sentence is about, not the last one named.
    """
    start, end = scene.clause(mention)
    named = scene.targets("")
    here = [n for n in named if start <= n.start < mention.start]
    later = [n for n in named if n.start >= mention.end and not is_object(scene, n)]
    labels = [n for n in later if is_label(scene, n)]
    later = [n for n in later if n not in labels]
    later = [n for n in later if n.start < end] or [n for n in later if _is_last(scene, mention, n)]
    return (
        _bracketed(scene, mention)
        or _listed(scene, mention)
        or _behind(scene, mention)
        or _linked(scene, mention)
        or _opposed(scene, mention, arms)
        or _last_subject(scene, here)
        or (None if here else _the_other(scene, start, arms))
        or (later[0].target if later and later[0].start < end else None)
        or _elsewhere(scene, [n for n in named if n.start < start], of_change=of_change)
        or (later[0].target if later else None)
        or (_other(here[-1].target, arms) if here else None)
        or before
        or (labels[0].target if labels and labels[0].start < end else None)
    )


def _linked(scene: Scene, mention: Mention) -> str | None:
    """``vor control mit 8 %``: the name the number is linked to, though something else is compared with it."""
    link = scene.words.tables["glue"]["link"].pattern
    before = scene.plain[max(0, mention.start - 60) : mention.start]
    found = re.search(
        rf"({NAMED}+){SPACE}(?::|\(|{link}|){SPACE}[+≈~-]?{SPACE}$", before, re.IGNORECASE
    )
    if found is None:
        return None
    place = mention.start - len(before) + found.start(1)
    name = next((n for n in scene.targets("") if n.start <= place < n.end), None)
    if name is None or (is_object(scene, name) and _is_first(scene, mention, name)):
        return None
    return name.target


def _is_first(scene: Scene, mention: Mention, name: Named) -> bool:
    """``beats control with 8.7 %``: the first number after an object is still the subject's."""
    return not any(m.kind is mention.kind and m.end <= name.start for m in scene.mentions)


def _opposed(scene: Scene, mention: Mention, arms: Mapping[str, str]) -> str | None:
    """``8.7 % against 8.0 %``: the second number is the other arm's."""
    earlier = [m for m in scene.mentions if m.end <= mention.start and m.kind is mention.kind]
    if not earlier:
        return None
    between = scene.plain[earlier[-1].end : mention.start].strip(" ,*_`≈~")
    opposed = scene.words.tables["glue"]["opposed"].finditer(between)
    if NAMED in between or all(m.end() != len(between) for m in opposed):
        return None
    first = subject_of(scene, earlier[-1], arms, None)
    return _other(first, arms) if first else None


def is_label(scene: Scene, name: Named) -> bool:
    """``8.0 % in control``: the name tells whose number it is and is no subject."""
    after = scene.words.tables["glue"]["after"].pattern
    return (
        re.search(rf"{GONE}\s(?:\w+\s)?(?:{after}){SPACE}$", scene.plain[: name.start]) is not None
    )


def _elsewhere(scene: Scene, names: list[Named], *, of_change: bool) -> str | None:
    """The arm of another clause: the last one; for a change only where no other arm is a subject."""
    subjects = [n.target for n in names if not is_object(scene, n)]
    if of_change:
        told = {n.target for n in names if not is_object(scene, n) and not is_label(scene, n)}
        return told.pop() if len(told) == 1 else None
    return subjects[-1] if subjects else None


def _is_last(scene: Scene, mention: Mention, name: Named) -> bool:
    """``With −5 %, blue is weaker``: no other number stands between."""
    return not any(mention.end <= other.start < name.start for other in scene.mentions)


def _bracketed(scene: Scene, mention: Mention) -> str | None:
    """``blue (8.68 %) vs. control (8.02 %)``: the name right before the bracket."""
    opening = scene.plain.rfind("(", 0, mention.start)
    if opening < 0 or ")" in scene.plain[opening : mention.start]:
        return None
    place = len(scene.plain[:opening].rstrip(" *_`"))
    return next((n.target for n in scene.targets("") if n.end == place), None)


def _last_subject(scene: Scene, names: list[Named]) -> str | None:
    """The last of the names that is not merely compared with."""
    subjects = [n.target for n in names if not is_object(scene, n)]
    return subjects[-1] if subjects else None


def _the_other(scene: Scene, start: int, arms: Mapping[str, str]) -> str | None:
    """``blue converts at 8.68 % versus 8.02 %``: of two arms the one not named before "versus"."""
    earlier = [n for n in scene.targets("") if n.start < start]
    if not earlier or not scene.words.tables["glue"]["versus"].match(scene.plain, start):
        return None
    return _other(earlier[-1].target, arms)


def _other(key: str, arms: Mapping[str, str]) -> str | None:
    """The arm that is compared with ``key``, when there is only one."""
    others = [arm for arm in arms if arm != key]
    return others[0] if len(others) == 1 else None


def _behind(scene: Scene, mention: Mention) -> str | None:
    """``8.68 % for blue``, ``15,148 (blue)``, ``1,204 conversions in control``."""
    after = scene.words.tables["glue"]["after"].pattern
    tail = scene.plain[mention.end : mention.end + 60]
    match = re.match(
        rf"[^{GONE}{NAMED},.;:!?\n|]{{0,28}}?(?:{after}){SPACE}(?:the |der |die |le |la |el |l')?{SPACE}({NAMED}+)",
        tail,
        re.IGNORECASE,
    )
    bracket = re.match(rf"[\w\s]{{0,14}}\({SPACE}({NAMED}+){SPACE}\)", tail)
    found = match or bracket
    if found is None:
        return None
    between = tail[: found.start(1)]
    if scene.words.tables["glue"]["object"].search(between):
        return None  # "lower than in control"
    if mention.kind in {Kind.PERCENT, Kind.POINTS} and re.match(r"[\s*_`]*on\b", between):
        return None  # "up 8 % on control"
    place = mention.end + found.start(1)
    return next((n.target for n in scene.targets("") if n.start <= place < n.end), None)


def is_object(scene: Scene, name: Named) -> bool:
    """A name that something is only compared with: ``8 % better than control``."""
    before = scene.plain[max(0, name.start - 28) : name.start]
    before = re.sub(
        r"(?:\s(?:the|der|die|dem|das|le|la|el|l'))?[\s*_`\"'“]*$", "", before, flags=re.IGNORECASE
    )
    pattern = scene.words.tables["glue"]["object"]
    return any(m.end() == len(before) for m in pattern.finditer(before))


def _listed(scene: Scene, mention: Mention) -> str | None:
    """``control and blue convert at 8.02 % and 8.68 %``: as many names as numbers, each in a row."""
    numbers = _row([(m.start, m.end) for m in scene.mentions if m.kind is mention.kind], scene)
    names = _row([(n.start, n.end) for n in scene.targets("")], scene)
    for row in numbers:
        if (mention.start, mention.end) not in row:
            continue
        fitting = [
            group for group in names if len(group) == len(row) > 1 and group[-1][1] <= row[0][0]
        ]
        behind = [
            group
            for group in names
            if len(group) == len(row) > 1 and 0 <= group[0][0] - row[-1][1] <= BRACKET
        ]
        fitting = fitting or behind
        if fitting:
            place = fitting[-1][row.index((mention.start, mention.end))]
            return next(n.target for n in scene.targets("") if (n.start, n.end) == place)
    return None


def _row(spans: list[tuple[int, int]], scene: Scene) -> list[list[tuple[int, int]]]:
    """Stretches joined by "and", "vs" or a comma alone."""
    if not spans:
        return []
    join = scene.words.tables["glue"]["join"].pattern
    rows = [[spans[0]]]
    for one, two in pairwise(spans):
        between = scene.plain[one[1] : two[0]]
        joined = re.fullmatch(rf"\s*(?:[,/–-]|,?\s*(?:{join}))\s*[+-]?", between, re.IGNORECASE)
        if joined:
            rows[-1].append(two)
        else:
            rows.append([two])
    return rows


def direction_of(scene: Scene, mention: Mention, better: int) -> int:
    """Which way the words say a change goes, as the sign of its value; 0 when they say nothing.

    Up and down are about the value; ahead and behind are about the goal, so ``better`` turns them round.
    """
    start, end = scene.clause(mention)
    found = _directions(scene, mention, better, start, end)
    if not found and not mention.sign:
        found = _directions(scene, mention, better, 0, start)
    return min(found, key=lambda item: item[0])[1] if found else 0


def _directions(
    scene: Scene, mention: Mention, better: int, start: int, end: int
) -> list[tuple[int, int]]:
    """Words of direction in a stretch of the sentence: distance from the number, and the sign they say."""
    signs = {"up": 1, "down": -1, "better": better or 1, "worse": -(better or 1)}
    found: list[tuple[int, int]] = []
    for name, sign in signs.items():
        for match in scene.words.tables["direction"][name].finditer(scene.plain, start, end):
            if _is_hedge(scene, match, mention):
                continue
            gap = max(mention.start - match.end(), match.start() - mention.end, 0)
            found.append((gap, 0 if _negated(scene, match.start(), start) else sign))
    return found


def claims_after(scene: Scene, mention: Mention, fact: Fact, arms: Mapping[str, str]) -> list[int]:
    """What the next clause claims without a number of its own: ``−5 %, so blue does worse than control``."""
    _, start = scene.clause(mention)
    later = [m for m in scene.mentions if m.start >= start]
    end = scene.clause(later[0])[0] if later else len(scene.plain)
    found = _directions(scene, mention, fact.better, start, end)
    told = min(found, key=lambda item: item[0])[1] if found else 0
    named = [n for n in scene.targets("") if start <= n.start < end and not is_object(scene, n)]
    turned = -1 if named and arms.get(named[0].target) == "baseline" else 1
    return [told * turned] if told and named else []


def _is_hedge(scene: Scene, match: re.Match[str], mention: Mention) -> bool:
    """``more than 8 %`` hedges the number, it does not say that something rose."""
    between = scene.plain[match.end() : mention.start]
    hedge = scene.words.tables["hedge"]
    phrase = scene.plain[match.start() : mention.start].rstrip(" +-–$€*_`")
    phrase = re.sub(r"(?i)\s(?:the|der|die|dem|den|le|la|les|el)$", "", phrase)
    return len(between) < 16 and any(hedge[h].fullmatch(phrase) for h in ("over", "under"))


def _negated(scene: Scene, place: int, start: int) -> bool:
    before = scene.plain[max(start, place - 14) : place]
    return scene.words.says("direction", "negation", before)
