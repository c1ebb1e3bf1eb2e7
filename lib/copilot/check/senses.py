"""What a number can mean, which facts mean that, and which words of a sentence say so. Tables for ``judge``.

A sense is settled from the words before any value is looked at. Facts of a new tool whose topic has no row here are
bound by unit, arm and value alone, and only where no known sense claims the number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from lib.copilot.check.mention import Kind
from lib.experiments.facts import Fact, FactRole, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """Words (tags of the tables) that say it.

    Args:
        cues: the best of them counts.
        needs: each has to be bound to the number as well, and adds to it; ``a/b`` is either.
        bars: bound to the number they rule it out.
        base: what it scores where nothing is said.
        bonus: added where a cue is bound, for the narrower of two senses with the same words.
        helps: said anywhere in the sentence they add a little.
        asks: one of them has to be said in the sentence or just before.
        repeats: several numbers of a sentence may have it, one an arm or row.
    """

    cues: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    base: float = 0.0
    bonus: float = 0.0
    helps: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    repeats: bool = False


def _sense(
    cues: str,
    needs: str = "",
    bars: str = "",
    *,
    base: float = 0.0,
    bonus: float = 0.0,
    helps: str = "",
    asks: str = "",
) -> Sense:
    return Sense(
        cues=tuple(cues.split()),
        needs=tuple(needs.split()),
        bars=tuple(bars.split()),
        base=base,
        bonus=bonus,
        helps=tuple(helps.split()),
        asks=tuple(asks.split()),
    )


def _each(
    cues: str,
    needs: str = "",
    bars: str = "",
    *,
    base: float = 0.0,
    bonus: float = 0.0,
    helps: str = "",
    asks: str = "",
) -> Sense:
    made = _sense(cues, needs, bars, base=base, bonus=bonus, helps=helps, asks=asks)
    return replace(made, repeats=True)


SENSES = {
    # shares and changes
    "rate": _each("rate", base=0.5),
    "step": _each("step"),
    "share": _each("share", bars="plan"),
    "planned share": _sense("share", "plan"),
    "traffic share": _sense("partake"),
    "plan reached": _sense("reached", bars="conversions"),
    "time reached": _sense("ontime", bonus=0.6),
    "mde": _each("mde plan", "mde/change", "reached ontime share visitors", bonus=0.3),
    "lift": _each("change", base=0.4),
    "difference": _each("change gap", base=0.6),
    "interval": _each("interval change", base=0.6),
    "likely": _each("likely", bonus=0.6),
    "likely then": _each("likely change interval", base=0.6),
    "end": _each("end", "likely"),
    "single look": _each("single", bonus=0.3),
    "loss by shipping": _each("loss", "ship"),
    "loss by keeping": _each("loss", "keep"),
    "cuped": _sense("variance"),
    # evidence and chances
    "evidence": _each("evidence", bars="visitors conversions rate"),
    "line": _sense("line", bonus=0.4),
    "evidence gap": _sense("gap", bonus=0.6, asks="evidence line"),
    "alpha": _sense("alpha"),
    "level": _sense("level", bars="chance"),
    "progress": _each("progress", bonus=0.3),
    "chance": _each("chance", bars="open better worse wrong worsearm miss win"),
    "never": _each("open", bars="wrong worsearm miss", asks="chance"),
    "chance better": _each("better", bars="open wrong worsearm win", asks="chance"),
    "chance worse": _each("worse", bars="wrong worsearm", asks="chance"),
    "chance positive": _sense("positive", bonus=0.5, asks="chance"),
    "chance worth": _sense("worth", bonus=0.5, asks="chance"),
    "risk": _each("wrong", bars="right worsearm"),
    "risk of the worse": _each("worsearm wrong", bars="right"),
    "power": _sense("miss", bonus=0.5),
    "win one look": _each("win", bonus=0.5),
    "balance": _sense("balance"),
    # counts
    "traffic": _each("visitors", bars="more perday", base=0.3),
    "conversions": _each("conversions", bars="more perday", base=0.3),
    "others": _each("others visitors", "others"),
    "visitors gap": _each("visitors", "more"),
    "conversions gap": _each("conversions", "more"),
    "visitors needed": _sense("visitors", "line"),
    "conversions needed": _sense("conversions", "line"),
    "plan size": _each("plan visitors", "plan"),
    "size needed": _each("visitors", "line/plan"),
    "plan missing": _sense("more", "plan"),
    "more visitors": _each("more visitors", "more", "conversions", bonus=0.3),
    "per day": _each("perday visitors", "perday", "conversions", bonus=1.0),
    "day number": _sense("daynumber"),
    "arms": _sense("arms"),
    "metrics": _sense("metrics"),
    "experiments": _sense("experiments"),
    "notices": _sense("notices"),
    "excluded": _sense("excluded", bonus=0.3),
    "stake": _each("loss conversions", "loss"),
    "z": _sense("z"),
    "p always": _sense("p", helps="always"),
    "p one look": _sense("p", helps="single"),
    "balance p": _sense("p", "balance"),
    # time
    "running": _sense("elapsed", bars="remaining", helps="begun"),
    "left": _sense("remaining", bonus=0.5),
    "wait": _each("wait"),
    "plan": _sense("plan", bonus=0.3),
    "week": _sense("fullweek"),
    "age": _sense("age", bars="checked", helps="asof"),
    "checked": _sense("checked", bonus=0.5),
    "factor": _sense("partake", base=1.0),
    "stop": _each("scenario", bonus=0.1, helps="chance more", asks="chance likely halt visitors"),
    "ready": _sense("wait"),
    "started": _sense("begun"),
    "ended": _sense("ended"),
    "planned end": _sense("planend", bonus=0.3),
    "as of": _sense("asof", base=0.5, bonus=0.1),
    "wait date": _each("wait"),
    "call": _sense("call"),
    "withdrawn": _sense("withdrawn"),
}
_SHARES = frozenset({Kind.PERCENT, Kind.POINTS})
_COUNTS = frozenset({Kind.PLAIN})
_CHANCES = frozenset({Kind.ODDS, Kind.PERCENT, Kind.OF_100})
_MOMENTS = frozenset({Kind.DATE, Kind.CLOCK})
_LENGTHS = frozenset({Kind.DAYS})
_TAGS = {
    "share partake reached ontime mde change likely interval end alpha level progress": _SHARES,
    "rate": _SHARES | frozenset({Kind.OF_100}),
    "single": _SHARES | _COUNTS,
    "variance loss keep ship": _SHARES | _COUNTS,
    "gap": _SHARES | _COUNTS,
    "visitors conversions": _COUNTS | frozenset({Kind.OF_100, Kind.PERCENT}),
    "others perday arms metrics experiments notices excluded daynumber": _COUNTS,
    "plan": _COUNTS | _LENGTHS | _SHARES,
    "more": _COUNTS,
    "balance": _COUNTS | _SHARES,
    "chance open better worse wrong worsearm right miss positive worth win": _CHANCES,
    "evidence line": _CHANCES | _COUNTS,
    "begun planend asof ended call withdrawn": _MOMENTS,
    "elapsed remaining fullweek age checked scenario": _LENGTHS,
    "wait": _LENGTHS | _MOMENTS,
    "z p always": _COUNTS | frozenset({Kind.P}),
}
# Of which kinds of number a word can be said; it belongs to the nearest one of each group.
KINDS: dict[str, tuple[frozenset[Kind], ...]] = {
    tag: (kinds,) for tags, kinds in _TAGS.items() for tag in tags.split()
}
KINDS["change"] = KINDS["interval"] = (_SHARES, _COUNTS)  # of a mean, too
KINDS["rate"] = (_SHARES | frozenset({Kind.OF_100}), _COUNTS)
KINDS["plan"] = (_COUNTS, _LENGTHS, _SHARES)  # "planned 40,000 visitors in 14 days" is said of both
UNTOLD = Sense(base=0.25)

BY_ROLE = {
    ("traffic", FactRole.DIFF): "visitors gap",
    ("conversions", FactRole.DIFF): "conversions gap",
    ("visitors", FactRole.THRESHOLD): "visitors needed",
    ("conversions", FactRole.THRESHOLD): "conversions needed",
    ("split", FactRole.VALUE): "share",
    ("split", FactRole.THRESHOLD): "planned share",
    ("evidence", FactRole.THRESHOLD): "line",
    ("evidence", FactRole.DIFF): "evidence gap",
    ("interval", FactRole.THRESHOLD): "level",
    ("plan", FactRole.DIFF): "plan missing",
}
BY_UNIT = {
    ("plan", Unit.COUNT): "plan size",
    ("running", Unit.COUNT): "day number",
    ("as of", Unit.DAYS): "age",
    ("as of", Unit.SECONDS): "age",
    ("wait", Unit.DATE): "wait date",
    ("wait", Unit.TIME): "wait date",
}
BY_STEM = {
    "time_reached": "time reached",
    "checked_ago": "checked",
    "plan_n_if": "size needed",
    "factor": "factor",
    "stake_ship": "stake",
    "stake_keep": "stake",
    "loss_ship": "loss by shipping",
    "loss_ship_if": "loss by shipping",
    "loss_keep": "loss by keeping",
    "loss_keep_if": "loss by keeping",
}
ROW_SENSES = {"wait": "stop", "risk": "risk of the worse", "likely": "likely then"}
# Computed for the sheet of a figure alone, under words a reader could not tell from another's.
NOT_FOR_PROSE = frozenset({"lead", "evidence_now"})
ROW = re.compile(r"(?:^|:)s(\d+):")


@lru_cache(maxsize=4096)
def sense_of(fact: Fact) -> str:
    """The name of what a fact means."""
    stem = stem_of(fact)
    if row_of(fact) is not None and fact.topic in ROW_SENSES:
        return ROW_SENSES[fact.topic]
    return (
        BY_STEM.get(stem)
        or BY_ROLE.get((fact.topic, fact.role))
        or BY_UNIT.get((fact.topic, fact.unit))
        or fact.topic
    )


@lru_cache(maxsize=4096)
def stem_of(fact: Fact) -> str:
    """An id without its prefixes and its place: ``s1:lift.2`` is ``lift``."""
    return fact.id.rpartition(":")[2].split(".")[0]


@lru_cache(maxsize=4096)
def row_of(fact: Fact) -> int | None:
    """Which row of a what-if table a fact stands in."""
    found = ROW.search(fact.id)
    return int(found[1]) if found else None


@lru_cache(maxsize=4096)
def end_of(fact: Fact) -> int:
    """-1 for a low end, 1 for a high one, 0 for a value."""
    stem = stem_of(fact)
    if fact.role is FactRole.BOUND or sense_of(fact) in {"wait", "wait date", "more visitors"}:
        low = stem.endswith(("_low", "_from", "_low_on", "_low_at"))
        return -1 if low else 1 if "_high" in stem else 0
    return 0


# Facts of single arms: the same count without an arm is the total, and a sentence about an arm may not use it.
OF_ARMS = frozenset({"traffic", "conversions", "others", "rate", "total", "split"})
COMPARED = frozenset(
    {
        *("lift", "difference", "interval", "likely", "end", "single look", "evidence", "p always"),
        *("p one look", "progress", "z", "call", "wait", "chance", "never", "risk"),
        *("more visitors", "chance better", "chance worse", "win one look", "loss"),
        *("chance positive", "chance worth", "power", "withdrawn", "ready"),
    }
)
CHANCES = frozenset(
    {
        *("chance", "never", "chance better", "chance worse", "chance positive", "chance worth"),
        *("risk", "power", "win one look", "best"),
    }
)
SIGNED = frozenset({"lift", "difference", "interval", "likely", "end", "single look"})
# What a row of a what-if table tells; with a row named, the plain fact of the same kind may not stand.
ROWED = frozenset({"risk", "never", "chance", "chance better", "chance worse", "more visitors"})

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
