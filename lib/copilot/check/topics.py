"""What each topic of a fact may be called in a sentence, and what a sentence must say before it may stand there.

Tables for ``judge``. A topic without a row, e.g. of a new tool, is bound by unit, value, subject and direction
alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lib.copilot.check.mention import Kind
from lib.experiments.facts import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Words (tags of the tables) a fact agrees with, and those of which one must stand near it."""

    tags: frozenset[str]
    needs: frozenset[str] = field(default_factory=frozenset)


def _topic(tags: str, needs: str = "") -> Topic:
    return Topic(tags=frozenset(tags.split()), needs=frozenset(needs.split()))


TOPICS = {
    "traffic": _topic("visitors total"),
    "visitors": _topic("visitors"),
    "more visitors": _topic("visitors more left", "more"),
    "per day": _topic("visitors perday", "perday"),
    "conversions": _topic("conversions rate total"),
    "others": _topic("others visitors conversions", "others"),
    "arms": _topic("arms", "arms"),
    "metrics": _topic("metrics", "metrics"),
    "rate": _topic("rate conversions visitors total"),
    "step": _topic("step rate conversions visitors", "step"),
    "total": _topic("total rate"),
    "lift": _topic("change difference"),
    "difference": _topic("change difference"),
    "interval": _topic("change interval difference level", "interval"),
    "likely": _topic("change likely chance", "likely"),
    "end": _topic("change likely end interval chance", "end"),
    "single look": _topic("single interval change", "single"),
    "evidence": _topic("evidence single", "evidence"),
    "alpha": _topic("alpha risk p evidence chance", "alpha"),
    "progress": _topic("progress evidence", "progress"),
    "z": _topic("z", "z"),
    "p always": _topic("p evidence", "p"),
    "p one look": _topic("p single", "p"),
    "win one look": _topic("win chance single", "win"),
    "risk": _topic("risk chance", "risk"),
    "loss": _topic("loss risk change", "loss"),
    "cuped": _topic("variance", "variance"),
    "split": _topic("split visitors share plan", "split visitors plan"),
    "traffic share": _topic("share visitors split", "share"),
    "plan": _topic("plan visitors time", "plan time"),
    "plan reached": _topic("plan visitors time reached", "reached"),
    "mde": _topic("mde plan change detect", "mde detect"),
    "excluded": _topic("excluded visitors", "excluded"),
    "balance": _topic("balance split chance", "balance"),
    "balance p": _topic("p split balance", "p"),
    "running": _topic("running started", "running started"),
    "week": _topic("week running", "week"),
    "left": _topic("left ready ended plan", "left"),
    "wait": _topic("left ready likely", "left ready"),
    "ready": _topic("ready left", "ready left"),
    "started": _topic("started running", "started"),
    "ended": _topic("ended", "ended"),
    "planned end": _topic("ended left plan end planend", "ended left plan planend"),
    "as of": _topic("asof", "asof"),
    "call": _topic("call evidence", "call evidence"),
    "withdrawn": _topic("withdrawn", "withdrawn"),
    "chance": _topic("chance", "chance"),
    "chance better": _topic("chance change", "chance"),
    "chance worse": _topic("chance change", "chance"),
    "chance positive": _topic("chance change", "chance"),
    "chance worth": _topic("chance mde change", "chance"),
    "never": _topic("chance risk", "chance"),
    "power": _topic("power chance risk", "power"),
}

# A number may not stand beside one of these unless its topic agrees with it.
STRONG = frozenset(
    {"evidence", "power", "chance", "risk", "loss", "p", "win", "split", "visitors"}
) | {
    "conversions",
    "rate",
    "alpha",
    "progress",
    "detect",
}
# What a change may be a change of: "+8 % more conversions", "the rate is 8 % higher".
CHANGE_TOPICS = frozenset({"lift", "difference", "interval", "likely", "end", "single look", "mde"})
CHANGE_OF = frozenset({"rate", "conversions", "visitors"})
# Facts of single arms: the same count without an arm is the total, and a sentence about an arm may not use it.
OF_ARMS = frozenset({"traffic", "conversions", "others", "rate", "total", "split"})
COMPARED = frozenset(
    {
        *("lift", "difference", "interval", "likely", "end", "single look", "evidence", "p always"),
        *(
            "p one look",
            "progress",
            "z",
            "call",
            "wait",
            "chance",
            "never",
            "risk",
            "more visitors",
        ),
    }
)
# Facts that come as two ends; in a range both ends must be of one of these.
ENDS = frozenset(
    {"interval", "likely", "end", "single look", "wait", "more visitors", "difference"}
)
# What a date may be the date of, when the sentence says so.
DATED = {
    "planend": frozenset({"planned end"}),
    "begun": frozenset({"started"}),
    "withdrawn": frozenset({"withdrawn"}),
}
# What a length of time may be the length of, when the sentence says so.
LASTING = {
    "remaining": frozenset({"left", "wait", "ready"}),
    "elapsed": frozenset({"running", "as of", "week"}),
}
LASTED = frozenset({"left", "wait", "ready", "running", "as of", "week", "plan"})
SIGNED = frozenset({"lift", "difference", "interval", "likely", "end", "single look"})

UNITS: dict[Kind, frozenset[Unit]] = {
    Kind.PERCENT: frozenset({Unit.RATE, Unit.LIFT}),
    Kind.OF_100: frozenset({Unit.RATE}),
    Kind.ODDS: frozenset({Unit.RATE}),
    Kind.POINTS: frozenset({Unit.POINTS}),
    Kind.DAYS: frozenset({Unit.DAYS, Unit.SECONDS}),
    Kind.PLAIN: frozenset({Unit.COUNT, Unit.NUMBER, Unit.P}),
    Kind.P: frozenset({Unit.P}),
    Kind.DATE: frozenset({Unit.DATE, Unit.TIME}),
    Kind.CLOCK: frozenset({Unit.TIME}),
    Kind.FACTOR: frozenset({Unit.NUMBER}),
    Kind.MONEY: frozenset(),
}
