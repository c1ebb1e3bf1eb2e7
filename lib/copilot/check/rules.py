"""Why a fact may not stand where a number stands: experiment, metric, arm, row, end of a range, period, direction.

Each rule answers with a reason, or with an empty string when it has no objection. Used by ``judge`` and ``slots``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from lib.copilot.check.mention import Kind, Mention
from lib.copilot.check.place import Place, Rows
from lib.copilot.check.scene import Scene
from lib.copilot.check.senses import (
    COMPARED,
    OF_ARMS,
    ROWED,
    SIGNED,
    end_of,
    row_of,
    sense_of,
    stem_of,
)
from lib.copilot.check.subjects import claims_after, direction_of, is_object
from lib.copilot.check.values import is_signed
from lib.experiments.facts import Fact, FactRole, Unit

NO_METRIC = frozenset({"traffic", "split", "plan", "balance", "plan reached", "per day"})
THEN = "then:"


class Known(Protocol):
    """What is known of the turn."""

    facts: Sequence[Fact]
    arms: Mapping[str, str]
    rows: Rows
    primary: str
    experiments: set[int]


def fits_structure(scene: Scene, mention: Mention, fact: Fact, place: Place, known: Known) -> str:
    """Everything but the sense and the value: the first thing that keeps a fact from standing there."""
    return (
        _other_experiment(fact, place, known)
        or _other_metric(fact, place, known)
        or _wrong_arm_of_row(scene, mention, fact, place, known)
        or _not_for_baseline(scene, fact, place.arm_for(fact), known)
        or _wrong_row(scene, fact, place, known)
        or _wrong_time(fact, place, known)
        or _wrong_end(fact, place)
        or _wrong_form(scene, mention, fact)
    )


def _other_experiment(fact: Fact, place: Place, known: Known) -> str:
    if fact.experiment_id is None or len(known.experiments) < 2:
        return ""
    if not place.experiments or f"experiment:{fact.experiment_id}" in place.experiments:
        return ""
    return "that value belongs to another experiment"


def _other_metric(fact: Fact, place: Place, known: Known) -> str:
    if not fact.metric_id or f"metric:{fact.metric_id}" in place.metrics:
        return ""
    if place.metrics and fact.topic not in NO_METRIC:
        return "that value belongs to another metric"
    if fact.metric_id == known.primary or place.metrics:
        return ""
    return "that value belongs to another metric"


def _wrong_arm_of_row(
    scene: Scene, mention: Mention, fact: Fact, place: Place, known: Known
) -> str:
    """A what-if table is about one arm, which need not be named in each row."""
    arm = place.arm_for(fact)
    if arm is None and row_of(fact) is not None and known.rows.arm == fact.subject:
        return ""
    return wrong_arm(scene, mention, fact, arm, known.arms)


def wrong_arm(
    scene: Scene, mention: Mention, fact: Fact, who: str | None, arms: Mapping[str, str]
) -> str:
    """The arm named is not the fact's, an arm is given the total, or an arm's own value names no arm."""
    if who == fact.subject or fact.role is FactRole.DIFF:
        return ""
    if who is None:
        alone = sum(part == "treatment" for part in arms.values()) <= 1
        return "" if fact.topic in COMPARED and alone else f"that value belongs to {fact.subject}"
    if fact.subject is None:
        return _total_of_arm(scene, mention, fact)
    if arms.get(who) == "baseline" and fact.topic in COMPARED:
        return ""
    return f"that value belongs to {fact.subject}, not to {who}"


def _total_of_arm(scene: Scene, mention: Mention, fact: Fact) -> str:
    if fact.topic not in OF_ARMS or fact.role is FactRole.THRESHOLD:
        return ""
    if scene.says("cue", "total", scene.near(mention)):
        return ""
    return "that value is of all arms together"


def _not_for_baseline(scene: Scene, fact: Fact, who: str | None, known: Known) -> str:
    """Evidence, chances and the like speak for the baseline only where it is the one ahead."""
    if sense_of(fact) == "loss by keeping" and known.arms.get(who or "") == "treatment":
        return f"what is kept is not {who}"
    if known.arms.get(who or "") != "baseline" or fact.topic not in COMPARED - SIGNED:
        return ""
    if sense_of(fact) == "loss by keeping" or fact.subject is None:
        return ""
    if fact.topic in {"chance better", "chance worse", "loss"}:
        return f"that value belongs to {fact.subject}, not to {who}"
    changes = (f for f in known.facts if f.topic in {"lift", "difference"})
    lift = next((f for f in changes if f.subject == fact.subject), None)
    leads = lift is not None and lift.value * (lift.better or 1) < 0
    if leads and (scene.says("direction", "better") or scene.says("direction", "worse")):
        return ""
    return f"that value belongs to {fact.subject}, not to {who}"


def _wrong_row(scene: Scene, fact: Fact, place: Place, known: Known) -> str:
    """What holds when one stops in a week does not hold when one stops now."""
    row = row_of(fact)
    if row is not None and sense_of(fact) != "stop":
        if fact.topic == "likely" and not known.rows.days.get(row):
            return "what is seen when one stops now is what is seen now"
        if fact.topic == "risk" and not place.row and not scene.says("cue", "worsearm"):
            return "the sentence does not say that the worse arm is taken"
        is_now = place.row is None and fact.topic == "risk" and not known.rows.days.get(row)
        return "" if row == place.row or is_now else "that value is of another stop"
    if row is None and place.row and fact.topic in {"interval", "single look"} and place.in_range:
        return "that value is not of this stop"
    at_end = place.row == known.rows.last and fact.topic != "risk"
    if row is None and place.row is not None and not at_end and fact.topic in ROWED:
        is_now = known.rows.days.get(place.row or 0) == 0
        if not (is_now and fact.topic == "risk"):
            return "that value is not of this stop"
    return ""


def _wrong_time(fact: Fact, place: Place, known: Known) -> str:
    """What was is told as past, or as the first of "from A to B"."""
    is_then = THEN in fact.id or stem_of(fact).startswith("was_")
    if is_then:
        return "" if place.is_past or place.step < 0 else "that value was the earlier one"
    if place.step < 0 or place.is_past:
        older = (f for f in known.facts if THEN in f.id or stem_of(f).startswith("was_"))
        if any(sense_of(f) == sense_of(fact) and f.subject == fact.subject for f in older):
            return "that value is the one of now"
    return ""


def _wrong_end(fact: Fact, place: Place) -> str:
    """Two numbers of a range are its two ends, low before high; an end alone is told as one."""
    end = end_of(fact)
    if place.in_range:
        return "" if end == place.side else "that value is no such end of a range"
    if end and end != place.side:
        return "that value is the end of a range, which the sentence does not say"
    return ""


def _wrong_form(scene: Scene, mention: Mention, fact: Fact) -> str:
    """A rate is no change, a count per day none per month, a count of days no other count."""
    if (fact.unit is Unit.RATE or fact.topic == "rate") and is_change(scene, mention):
        return "that value is no change"
    if fact.unit is Unit.RATE and mention.sign:
        return "that value is no change"
    name = sense_of(fact)
    if mention.kind in {Kind.CLOCK, Kind.DATE} and counts_something(scene, mention):
        return "a moment is no count"
    if mention.kind is Kind.PLAIN and (name == "day number") != scene.follows_unit(mention, "days"):
        return (
            "that value is the number of the day" if name == "day number" else "no number of days"
        )
    if name in {"visitors gap", "conversions gap"} and not _is_compared(scene, mention):
        return "that value is a difference, which the sentence does not say"
    return wrong_period(scene, mention, fact)


def counts_something(scene: Scene, mention: Mention) -> bool:
    """Whether a noun that is counted stands right behind."""
    tail = scene.plain[mention.end : mention.end + 24].lstrip(" *_`")
    table = scene.words.tables["cue"]
    return any(table[tag].match(tail) for tag in ("visitors", "conversions", "arms"))


def _is_compared(scene: Scene, mention: Mention) -> bool:
    named = {n.target for n in scene.targets("")}
    return (
        len(named) > 1
        or scene.words.tables["glue"]["object"].search(scene.near(mention)) is not None
    )


def is_change(scene: Scene, mention: Mention) -> bool:
    """``8 % higher``, ``by 8 %``: only a change may stand here."""
    if mention.kind not in {Kind.PERCENT, Kind.PLAIN}:
        return False
    if mention.kind is Kind.PLAIN:
        return _is_by(scene, mention)
    tail = re.match(
        r"[\s*_`]*(?:(?:relative|de)\s|d['’])?(\w+)", scene.plain[mention.end : mention.end + 30]
    )
    table = scene.words.tables
    words = [table["direction"][name] for name in ("up", "down", "better", "worse")]
    if tail and any(pattern.match(tail[1]) for pattern in words):
        return True
    return _is_by(scene, mention)


def _is_by(scene: Scene, mention: Mention) -> bool:
    """Whether "by" stands before it, hedged or not."""
    table = scene.words.tables
    before = re.sub(r"[\s+*_`~≈-]+$", "", scene.plain[max(0, mention.start - 30) : mention.start])
    for hedge in ("approx", "over", "under"):
        before = re.sub(rf"(?i)\s(?:{table['hedge'][hedge].pattern})$", "", before)
    return any(m.end() == len(before) for m in table["glue"]["by"].finditer(before))


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


def wrong_direction(
    scene: Scene, mention: Mention, fact: Fact, who: str | None, arms: Mapping[str, str]
) -> str:
    """A change is told with its sign, or with up or down, ahead or behind; control turns it round."""
    if fact.role is FactRole.DIFF and fact.subject:
        return _wrong_side(scene, mention, fact, who)
    if not is_signed(fact) or mention.kind not in {Kind.PERCENT, Kind.POINTS, Kind.PLAIN}:
        return _wrong_sign(mention, fact)
    turned = -1 if arms.get(who or "") == "baseline" and fact.subject != who else 1
    if mention.sign and turned < 0 and not _is_object_number(scene, mention, arms):
        return "told of the baseline, the sign turns round"
    in_words = direction_of(scene, mention, fact.better)
    if mention.sign:
        told = [mention.sign]
        if fact.role is FactRole.VALUE:
            told += claims_after(scene, mention, fact, arms)
            told += [in_words] if in_words and scene.is_alone(mention) else []
    elif not in_words and scene.says("glue", "neutral", scene.in_clause(mention)):
        return ""
    else:
        told = [in_words * turned or 1, *claims_after(scene, mention, fact, arms)]
    if abs(fact.value) <= mention.tol or all((fact.value > 0) == (one > 0) for one in told):
        return ""
    return "the sign or direction is the other way round"


def _wrong_side(scene: Scene, mention: Mention, fact: Fact, who: str | None) -> str:
    """``2,805 more visitors in blue``: the gap belongs to the arm that has more."""
    if who is None:
        return ""
    told = direction_of(scene, mention, 0)
    if (who == fact.subject) == (told >= 0):
        return ""
    return f"{fact.subject} has more, the sentence says the opposite"


def _wrong_sign(mention: Mention, fact: Fact) -> str:
    """A printed minus before what is never negative."""
    if mention.sign < 0 <= fact.value and mention.kind not in {Kind.DATE, Kind.CLOCK, Kind.DAYS}:
        return "that value is not negative"
    if mention.sign > 0 and mention.kind is Kind.PERCENT and fact.unit is Unit.RATE:
        return "that value is no change"
    return ""


def _is_object_number(scene: Scene, mention: Mention, arms: Mapping[str, str]) -> bool:
    """``+8 % against control``: the baseline is what the number is compared with."""
    behind = [n for n in scene.targets("") if 0 <= n.start - mention.end < 40]
    return any(is_object(scene, n) and arms.get(n.target) == "baseline" for n in behind[:1])
