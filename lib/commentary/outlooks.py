"""What would change the verdict, the why-not-yet list and what to expect after shipping."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from lib import wording
from lib.commentary.ledger import Ledger
from lib.commentary.speaker import Speaker
from lib.commentary.timing import add_wait
from lib.commentary.words import definition
from lib.experiments.facts import Fact, FactRole, Sentence
from lib.experiments.model import Experiment
from lib.stats.results import Analysis, Requirement, State

PLAIN = {
    State.WAIT_FOR_WEEK: "next.week",
    State.PLANNED_END: "next.planned_end",
    State.UNLIKELY: "next.unlikely",
}
SUSPICIONS = {"split": "next.split", "data_stopped": "next.stopped"}


def next_sentence(speaker: Speaker) -> Sentence | None:
    """What would change the verdict; None when nothing more is to be said."""
    analysis = speaker.analysis
    if analysis is None:
        return None
    state = analysis.verdict.state
    if state in {State.AHEAD, State.TOO_CLOSE}:
        return _evidence(speaker, analysis)
    if state in {State.READY_WINNER, State.GUARDRAIL_FAILS}:
        return expectation(speaker, analysis)
    if state is State.UNDER_SUSPICION:
        return speaker.say(SUSPICIONS.get(analysis.verdict.suspicion, "next.data"))
    key = PLAIN.get(state)
    return speaker.say(key) if key else None


def _evidence(speaker: Speaker, analysis: Analysis) -> Sentence | None:
    leader = max(analysis.estimates, key=lambda e: e.evidence, default=None)
    chosen = analysis.verdict.treatment_key or (leader.treatment_key if leader else None)
    i = speaker.place(chosen)
    if i is None or not speaker.has(f"evidence.{i}"):
        return None
    wait = speaker.wait(i)
    if wait is not None:
        key = "next.evidence" if speaker.has(f"never.{i}") else "next.evidence_wait"
        return speaker.say(key, i=i, wait=wait)
    return speaker.say(
        "next.evidence_never" if speaker.has("chance") else "next.evidence_plain", i=i
    )


def expectation(speaker: Speaker, analysis: Analysis) -> Sentence | None:
    """What to expect once shipped: an early call flatters (winner's curse); None when it does not."""
    i = speaker.place(analysis.verdict.treatment_key)
    if i is None or analysis.verdict.favours_treatment is False:
        return None
    likely = speaker.facts.get(f"likely.{i}")
    seen = speaker.facts.get(f"call_lift.{i}") or speaker.facts.get(f"lift.{i}")
    if likely is None or seen is None or likely.value * seen.value <= 0:
        return None
    ends = next(
        (e.likely_interval for e in analysis.estimates if speaker.place(e.treatment_key) == i), None
    )
    digits = wording.likely_digits(ends.low, ends.high) if ends else 0
    as_likely = wording.signed_percent(seen.value, digits, lang=speaker.lang)
    if abs(likely.value) >= abs(seen.value) or likely.shown == as_likely:
        return None
    return speaker.say("next.expect", i=i, seen=seen.id.split(".")[0])


def expect_after_shipping(
    experiment: Experiment,
    analysis: Analysis,
    *,
    server_now: datetime,
    lang: str = "en",
    zone: tzinfo = UTC,
) -> Sentence | None:
    """``Expect about +4 % once shipped``; None when nothing is proven or nothing is flattered."""
    speaker = Speaker(experiment, analysis, None, server_now=server_now, lang=lang, zone=zone)
    return expectation(speaker, analysis)


def requirement_line(
    need: Requirement,
    experiment: Experiment,
    lang: str = "en",
    *,
    server_now: datetime | None = None,
    zone: tzinfo = UTC,
) -> Sentence:
    """One line of the why-not-yet list: requirement, now and needed, expected when."""
    now = server_now or need.expected_on or datetime(1970, 1, 1, tzinfo=UTC)
    speaker = Speaker(experiment, None, None, server_now=now, lang=lang, zone=zone)
    i = speaker.place(need.arm_key)
    _write(speaker, need, i)
    line = _requirement(speaker, need, i)
    if not need.is_met:
        line += _when(speaker, need)
    return speaker.sentence(line, kind=need.kind)


def _write(speaker: Speaker, need: Requirement, i: int | None) -> None:
    """The facts of one requirement; its arm's place is part of their ids, 0 for all arms together."""
    book = Ledger(
        speaker.experiment,
        lang=speaker.lang,
        zone=speaker.zone,
        prefix="",
        server_now=speaker.now,
        around=speaker.facts,
    )
    at = "" if i is None else f".{i}"
    topic = {"visitors": "traffic", "guardrails": "guardrails"}.get(need.kind, need.kind)
    for stem, value, role in (
        (f"{need.kind}_now{at}", need.now, FactRole.VALUE),
        (f"{need.kind}_needed{at}", need.needed, FactRole.THRESHOLD),
    ):
        if value is None or not math.isfinite(value):
            continue
        if need.kind in {"visitors", "conversions", "guardrails"}:
            key = need.arm_key if need.kind == "visitors" else None
            book.count(stem, value, topic, key, role=role)
        elif need.kind == "week":
            book.days(stem, value, topic, role=role)
        elif need.kind == "evidence":
            shown = wording.evidence(value, lang=speaker.lang)
            if role is FactRole.VALUE:
                book.mention(f"p_left{at}", wording.p(1 - value, lang=speaker.lang))
            book.rate(
                stem, wording.evidence_value(value), topic, need.arm_key, shown=shown, role=role
            )
    add_wait(book, need.days_low, need.days_high, f".{i or 0}", need.arm_key)
    book.chance(f"never.{i or 0}", need.chance_never, "never", need.arm_key)
    speaker.facts |= {fact.id: _meant(fact, speaker.lang) for fact in book.facts}


def _meant(fact: Fact, lang: str) -> Fact:
    """Here the evidence "now" is the one reached so far, which never falls."""
    if not fact.id.startswith("evidence_now"):
        return fact
    return replace(fact, definition=definition("evidence", lang))


def _requirement(speaker: Speaker, need: Requirement, i: int | None) -> str:
    at = "" if i is None else f".{i}"
    known = speaker.has(f"{need.kind}_now{at}", f"{need.kind}_needed{at}")
    if need.kind in {"visitors", "conversions", "evidence"} and known:
        tail = "" if i is not None else "_all"
        return speaker.phrase(f"need.{need.kind}{tail}", i=i)
    if need.kind == "week":
        return speaker.words["need.week" if known and not need.is_met else "need.week_met"]
    if need.kind == "guardrails":
        return speaker.words["need.guardrails" if known else "need.guardrails_plain"]
    if need.kind in {"split", "data"}:
        return speaker.words[f"need.{need.kind}" + ("" if need.is_met else "_off")]
    return speaker.words["need.other"]


def _when(speaker: Speaker, need: Requirement) -> str:
    i = speaker.place(need.arm_key) or 0
    said = ""
    if need.expected_on is not None:
        speaker.note_day("expected_day", need.expected_on)
        said += speaker.words["need.by"]
    wait = speaker.wait(i)
    if wait is not None:
        said += speaker.phrase("need.wait", wait=wait)
    if speaker.has(f"never.{i}"):
        said += speaker.phrase("need.never", i=i)
    return said
