"""Why a fact of the right value may still not stand where a number stands: arm, topic, role, direction.

Each rule answers with a reason, or with an empty string when it has no objection. Used by ``judge`` and
``slots``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lib.copilot.check.mention import Kind, Mention
from lib.copilot.check.scene import Scene
from lib.copilot.check.subjects import claims_after, direction_of
from lib.copilot.check.topics import (
    CHANGE_OF,
    CHANGE_TOPICS,
    COMPARED,
    DATED,
    LASTED,
    LASTING,
    OF_ARMS,
    STRONG,
    TOPICS,
)
from lib.copilot.check.values import is_signed
from lib.experiments.facts import Fact, FactRole, Unit

ADJECTIVE = re.compile(
    r"(?i)(?:more|further|additional|extra|daily|other|new|weitere|mehr|autres|otros|nuevos|tägliche)[nrs]?$"
)
COUNTED = ("visitors", "conversions", "arms", "metrics")


def wrong_arm(
    scene: Scene, mention: Mention, fact: Fact, who: str | None, arms: Mapping[str, str]
) -> str:
    """The arm named is not the fact's, or an arm is given the total."""
    if who is None or who == fact.subject or fact.role is FactRole.DIFF:
        return ""
    if fact.subject is None:
        if fact.topic not in OF_ARMS:
            return ""
        if fact.role is FactRole.THRESHOLD or scene.says("topic", "total", scene.near(mention)):
            return ""
        return "that value is of all arms together"
    if arms.get(who) == "baseline" and fact.topic in COMPARED:
        return ""
    return f"that value belongs to {fact.subject}, not to {who}"


def wrong_topic(scene: Scene, mention: Mention, fact: Fact, earlier: Scene | None) -> str:
    """The words around the number speak of something else, or of nothing the fact needs to be said with."""
    said = scene.tags_of(mention)
    topic = TOPICS.get(fact.topic)
    reason = (
        wrong_period(scene, mention, fact)
        or _wrong_date(mention, fact, said)
        or _wrong_length(scene, mention, fact, said)
        or _wrong_chance(scene, mention, fact)
    )
    if fact.unit is Unit.RATE and is_change(scene, mention):
        reason = reason or "that value is no change"
    if reason or topic is None:
        return reason
    strong = _strong(scene, mention, said)
    allowed = topic.tags | (CHANGE_OF if fact.topic in CHANGE_TOPICS else frozenset())
    if strong and not strong & allowed:
        return f"that value is {fact.topic}, the sentence speaks of {', '.join(sorted(strong))}"
    if topic.needs and mention.kind not in {Kind.OF_100, Kind.FACTOR}:
        text = scene.near(mention) + (" " + earlier.plain if earlier and _is_item(scene) else "")
        if not any(scene.says("topic", need, text) for need in topic.needs):
            return f"that value is {fact.topic}, which the sentence does not say"
    return ""


def _strong(scene: Scene, mention: Mention, said: frozenset[str]) -> frozenset[str]:
    """What the sentence says the number is; the noun right behind a count outweighs all else."""
    if mention.kind in {Kind.DATE, Kind.CLOCK, Kind.DAYS}:
        return frozenset()
    if mention.kind is Kind.PLAIN and scene.follows_unit(mention, "days"):
        return frozenset()  # "on day 5"
    if mention.kind is Kind.PLAIN:
        tail = re.split(r"[,;:.()|\n\x00]", scene.plain[mention.end : mention.end + 40])[0]
        counted = [tag for tag in COUNTED if scene.words.tables["topic"][tag].match(_noun(tail))]
        if counted:
            return frozenset(counted)
    return said & STRONG


def _noun(tail: str) -> str:
    """The first counted word of ``more visitors landed in``; at most one word may stand before it."""
    words = tail.split()
    return words[0] if words and not ADJECTIVE.match(words[0]) else " ".join(words[1:])


def _wrong_date(mention: Mention, fact: Fact, said: frozenset[str]) -> str:
    """The planned end may not be the date of something else."""
    about = [topics for tag, topics in DATED.items() if tag in said]
    if mention.kind is not Kind.DATE or not about or any(fact.topic in t for t in about):
        return ""
    return f"that date is of {fact.topic}"


def _wrong_length(scene: Scene, mention: Mention, fact: Fact, said: frozenset[str]) -> str:
    """Days that remain are not days that have passed, and days left in the plan not those until a call."""
    if mention.kind is not Kind.DAYS:
        return ""
    about = [topics for tag, topics in LASTING.items() if tag in said]
    if about and fact.topic in LASTED and not any(fact.topic in topics for topics in about):
        return f"that length of time is {fact.topic}"
    alone = scene.partner(mention) is None
    if alone and fact.topic == "wait" and scene.says("topic", "plan", scene.in_clause(mention)):
        return "that length of time is until a decision, not until the end of the plan"
    return ""


def _wrong_chance(scene: Scene, mention: Mention, fact: Fact) -> str:
    """The chance that something happens is not the chance that it does not."""
    if fact.topic not in {"chance", "never"} or fact.unit is not Unit.RATE:
        return ""
    said = scene.in_clause(mention)
    if not said.startswith("(") and scene.plain[scene.clause(mention)[0] - 1 :][:1] != "(":
        said += " " + scene.between_numbers(mention)
    denied = scene.says("direction", "negation", said) or scene.says("glue", "missing", said)
    if denied == (fact.topic == "never"):
        return ""
    return "the chance of the opposite has that value"


def is_change(scene: Scene, mention: Mention) -> bool:
    """``8 % higher``, ``by 8 %``: only a change may stand here."""
    if mention.kind is not Kind.PERCENT:
        return False
    tail = re.match(r"[\s*_`]*(?:relative\s)?(\w+)", scene.plain[mention.end : mention.end + 30])
    table = scene.words.tables
    words = [table["direction"][name] for name in ("up", "down", "better", "worse")]
    if tail and any(pattern.match(tail[1]) for pattern in words):
        return True
    before = re.sub(r"[\s+*_`~≈-]+$", "", scene.plain[max(0, mention.start - 30) : mention.start])
    for hedge in ("approx", "over", "under"):
        before = re.sub(rf"(?i)\s(?:{table['hedge'][hedge].pattern})$", "", before)
    return any(m.end() == len(before) for m in table["glue"]["by"].finditer(before))


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
    if fact.role is FactRole.DIFF and fact.subject:
        return _wrong_side(scene, mention, fact, who)
    if not is_signed(fact) or mention.kind not in {Kind.PERCENT, Kind.POINTS, Kind.PLAIN}:
        return _wrong_sign(mention, fact)
    turned = -1 if arms.get(who or "") == "baseline" and fact.subject != who else 1
    if mention.sign and turned < 0 and not _is_object_number(scene, mention):
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


def _is_object_number(scene: Scene, mention: Mention) -> bool:
    """``+8 % against control``: the baseline is what the number is compared with."""
    tail = scene.plain[mention.end : mention.end + 40]
    return scene.words.tables["glue"]["object"].search(tail) is not None
