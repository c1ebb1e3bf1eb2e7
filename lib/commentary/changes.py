"""What changed since an earlier analysis, as one sentence. Called by ``sentences`` and the copilot."""

from __future__ import annotations

from datetime import datetime, timedelta

from lib import wording
from lib.commentary.speaker import Speaker
from lib.experiments.facts import FactRole, Sentence, Unit
from lib.stats.results import Analysis, Estimate, State


def change_sentence(speaker: Speaker, earlier: Analysis | None) -> Sentence | None:
    """Visitors, change seen and evidence since ``earlier``; None when nothing moved or there is no earlier."""
    analysis = speaker.analysis
    if analysis is None:
        return None
    if earlier is None or earlier.metric.id != analysis.metric.id:
        return _beside_the_call(speaker, analysis)
    if earlier.snapshot.as_of >= analysis.snapshot.as_of:
        return _beside_the_call(speaker, analysis)
    changes = _changes(speaker, analysis, earlier)
    if not changes:
        return None
    return speaker.say("changed", changes=speaker.listed(changes))


def since_sentence(speaker: Speaker, earlier: Analysis, away: timedelta) -> Sentence | None:
    """What a reader missed who was ``away``; None when the two readings cannot be compared."""
    analysis = speaker.analysis
    if analysis is None or earlier.metric.id != analysis.metric.id:
        return None
    shown = wording.duration(away, lang=speaker.lang, parts=2 if away >= timedelta(days=1) else 1)
    speaker.note("away", away.total_seconds(), Unit.SECONDS, "as of", shown)
    changes = []
    if earlier.snapshot.as_of < analysis.snapshot.as_of:
        changes = _changes(speaker, analysis, earlier)
    if not changes:
        _note_moment(speaker, earlier.snapshot.as_of)
        return speaker.say("since_nothing")
    return speaker.say("since", changes=speaker.listed(changes))


def _changes(speaker: Speaker, analysis: Analysis, earlier: Analysis) -> list[str]:
    _note_moment(speaker, earlier.snapshot.as_of)
    return [*_visitors(speaker, analysis, earlier), *_estimate(speaker, analysis, earlier)]


def _note_moment(speaker: Speaker, at: datetime) -> None:
    shown = wording.moment(at, speaker.zone, lang=speaker.lang, now=speaker.seen_at)
    zone = at.astimezone(speaker.zone).tzname() or ""
    said = f"{shown} {zone}".strip()
    speaker.note("earlier_at", at.timestamp(), Unit.TIME, "as of", said, as_of=at)


def _visitors(speaker: Speaker, analysis: Analysis, earlier: Analysis) -> list[str]:
    more = sum(arm.n for arm in analysis.arms) - sum(arm.n for arm in earlier.arms)
    if more <= 0:
        return []
    shown = wording.count(more, lang=speaker.lang)
    at = analysis.snapshot.as_of
    speaker.note("more_n", more, Unit.COUNT, "traffic", shown, role=FactRole.DIFF, as_of=at)
    return [speaker.words["changed_n"]]


def _estimate(speaker: Speaker, analysis: Analysis, earlier: Analysis) -> list[str]:
    """How the arm the verdict speaks of moved; the one with most evidence when it speaks of none."""
    if analysis.verdict.state in {State.UNDER_SUSPICION, State.TOO_EARLY}:
        return []  # health before lift
    now = _spoken_of(analysis)
    was = next((e for e in earlier.estimates if now and e.treatment_key == now.treatment_key), None)
    i = speaker.place(now.treatment_key) if now else None
    if now is None or was is None or i is None:
        return []
    told = []
    at = earlier.snapshot.as_of
    if _note_lift(speaker, i, was, at):
        told.append(speaker.phrase("changed_lift", i=i))
    if _note_evidence(speaker, i, was, at):
        told.append(speaker.phrase("changed_evidence" if told else "changed_evidence_only", i=i))
    return told


def _spoken_of(analysis: Analysis) -> Estimate | None:
    key = analysis.verdict.treatment_key
    chosen = [e for e in analysis.estimates if e.treatment_key == key]
    return next(iter(chosen), max(analysis.estimates, key=lambda e: e.evidence, default=None))


def _note_lift(speaker: Speaker, i: int, was: Estimate, at: datetime) -> bool:
    now = speaker.facts.get(f"lift.{i}")
    if now is None or was.lift is None:
        return False
    ends = was.interval
    digits = wording.lift_digits(ends.low, ends.high) if ends else 1
    shown = wording.signed_percent(was.lift, digits, lang=speaker.lang)
    key = was.treatment_key
    speaker.note(f"was_lift.{i}", was.lift, Unit.LIFT, "lift", shown, subject=key, as_of=at)
    return shown != now.shown


def _note_evidence(speaker: Speaker, i: int, was: Estimate, at: datetime) -> bool:
    now = speaker.facts.get(f"evidence.{i}")
    if now is None:
        return False
    value, shown = (
        wording.evidence_value(was.evidence),
        wording.evidence(was.evidence, lang=speaker.lang),
    )
    key = was.treatment_key
    speaker.note(f"was_evidence.{i}", value, Unit.RATE, "evidence", shown, subject=key, as_of=at)
    return shown != now.shown


def _beside_the_call(speaker: Speaker, analysis: Analysis) -> Sentence | None:
    """A call keeps its numbers; those of now stand beside it when they differ."""
    i = speaker.place(analysis.verdict.treatment_key)
    if not analysis.verdict.is_ready or i is None or not speaker.has(f"call_lift.{i}", f"lift.{i}"):
        return None
    if speaker.facts[f"call_lift.{i}"].shown == speaker.facts[f"lift.{i}"].shown:
        return None
    return speaker.say("now_stands", i=i, range=speaker.range("lift", i))
