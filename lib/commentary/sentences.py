"""The verdict and the commentary as sentences: what is so, what changed, what would change the verdict.

Called by the hub at every tick, by alerts, copilot and memo. It words the verdict of ``lib.stats`` and never
decides one. Every number is a slot with its fact; names from outside are slots too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from lib import wording
from lib.commentary.changes import change_sentence
from lib.commentary.outlooks import expect_after_shipping, next_sentence, requirement_line
from lib.commentary.sheet import facts_of, name_of, names_of
from lib.commentary.speaker import Speaker
from lib.experiments.facts import Sentence, Unit
from lib.experiments.model import Experiment, Goal, MetricKind, Status
from lib.stats.results import Analysis, Blocked, Forecast, Requirement, State

__all__ = [
    "comment",
    "expect_after_shipping",
    "facts_of",
    "health_sentences",
    "name_of",
    "names_of",
    "requirement_line",
    "verdict_sentence",
]
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
MOST = 3
DAY = timedelta(days=1)


def comment(
    experiment: Experiment,
    analysis: Analysis | None,
    forecast: Forecast | None,
    *,
    server_now: datetime,
    earlier: Analysis | None = None,
    lang: str = "en",
    zone: tzinfo = UTC,
    seen_at: datetime | None = None,
) -> tuple[Sentence, ...]:
    """At most three sentences; the first is the verdict, then what changed, then what would change it.

    ``seen_at`` is our clock: a time of another day than it comes with its date.
    """
    speaker = Speaker(
        experiment, analysis, forecast, server_now=server_now, lang=lang, zone=zone, seen_at=seen_at
    )
    verdict = _verdict(speaker)
    room = MOST - n_sentences(verdict)
    said = {0: verdict}
    for place, write in ((2, next_sentence), (1, _changed(earlier))):
        more = write(speaker) if room > 0 else None
        if more is not None and n_sentences(more) <= room:
            said[place] = more
            room -= n_sentences(more)
    return tuple(said[place] for place in sorted(said))


def verdict_sentence(
    experiment: Experiment,
    analysis: Analysis | None,
    forecast: Forecast | None = None,
    *,
    server_now: datetime,
    lang: str = "en",
    zone: tzinfo = UTC,
) -> Sentence:
    """What is so, in words; the same for page, chat, alert, board and memo."""
    return _verdict(
        Speaker(experiment, analysis, forecast, server_now=server_now, lang=lang, zone=zone)
    )


def health_sentences(
    experiment: Experiment,
    analysis: Analysis,
    *,
    server_now: datetime,
    lang: str = "en",
    zone: tzinfo = UTC,
) -> tuple[Sentence, ...]:
    """What is known about the data's health: the trouble first, or that there is none; then the flags."""
    speaker = Speaker(experiment, analysis, None, server_now=server_now, lang=lang, zone=zone)
    verdict = analysis.verdict
    if verdict.state is State.UNDER_SUSPICION:
        said = [speaker.sentence(_suspicion(speaker, analysis), kind=verdict.suspicion)]
    else:
        said = [speaker.say("health.fine")]
    if speaker.has("excluded"):
        said.append(speaker.say("health.excluded"))
    for flag in analysis.flags:
        i = speaker.place(flag.arm_key)
        key = f"flag.{flag.kind}"
        if key in speaker.words and (i is not None or "{i}" not in speaker.words[key]):
            said.append(speaker.say(key, i=i))
    return tuple(said)


def n_sentences(sentence: Sentence) -> int:
    """How many full stops a reader meets; names do not count."""
    return len(SENTENCE_END.findall(sentence.template))


def _changed(earlier: Analysis | None) -> Callable[[Speaker], Sentence | None]:
    return lambda speaker: change_sentence(speaker, earlier)


def _verdict(speaker: Speaker) -> Sentence:
    analysis = speaker.analysis
    if analysis is None:
        return _without_numbers(speaker)
    state = analysis.verdict.state
    if analysis.metric.kind is MetricKind.LEGACY:
        return speaker.say("legacy", kind=state)
    template = WRITERS[state](speaker, analysis)
    return speaker.sentence(template, kind=state)


def _without_numbers(speaker: Speaker) -> Sentence:
    experiment = speaker.experiment
    if experiment.status is Status.DRAFT or experiment.started_at is None:
        return speaker.say("not_started")
    if experiment.primary is None:
        return speaker.say("no_metric")
    if experiment.status is Status.STOPPED:
        rest = speaker.words["rest_unknown"]
        return speaker.sentence(_ended(speaker, rest), kind=State.ENDED)
    return speaker.say("no_numbers")


def _not_started(speaker: Speaker, _a: Analysis) -> str:
    return speaker.words["not_started"]


def _waiting(speaker: Speaker, _a: Analysis) -> str:
    return speaker.words["waiting" if speaker.has("running") else "waiting_unknown"]


def _nothing_arrives(speaker: Speaker, _a: Analysis) -> str:
    return speaker.words["nothing_arrives" if speaker.has("running") else "waiting_unknown"]


def _suspicion(speaker: Speaker, analysis: Analysis) -> str:
    verdict = analysis.verdict
    kind = verdict.suspicion
    if kind == "split":
        worst = analysis.balance.worst_key if analysis.balance else None
        i = speaker.place(verdict.suspicion_key or worst)
        if i is not None and speaker.has(f"share.{i}", f"planned_share.{i}", "balance_once"):
            return speaker.phrase("suspicion.split", i=i)
        return speaker.words["suspicion.split_plain"]
    return speaker.words.get(f"suspicion.{kind}", speaker.words["suspicion.other"])


def _too_early(speaker: Speaker, analysis: Analysis) -> str:
    for need in analysis.why_not_yet:
        if need.is_met or need.kind not in {"visitors", "conversions"}:
            continue
        i = speaker.place(need.arm_key)
        if i is not None:
            return speaker.phrase(_floor(analysis, need, i), i=i)
        if speaker.has(f"{need.kind}_now", f"{need.kind}_needed"):
            tail = "_all" if need.kind == "visitors" else ""
            return speaker.words[f"too_early.{need.kind}{tail}"]
    for comparison in analysis.comparisons:
        i = speaker.place(comparison.treatment_key)
        if isinstance(comparison, Blocked) and i is not None:
            return speaker.phrase(f"blocked.{comparison.reason}", i=i)
    return speaker.words["too_early.plan" if analysis.plan is None else "too_early.other"]


def _floor(analysis: Analysis, need: Requirement, i: int) -> str:
    """Which floor is missed; conversions are counted over the baseline and one treatment."""
    if need.kind == "visitors" or i >= len(analysis.arms):
        return "too_early.visitors"
    converters = analysis.arms[0].total + analysis.arms[i].total
    return "too_early.conversions_arm" if need.now == converters else "too_early.others"


def _withdrawn(speaker: Speaker, analysis: Analysis) -> str:
    verdict = analysis.verdict
    said = verdict.call.withdrawn_because if verdict.call else ""
    known = speaker.words.get(f"because.{said}")
    if known is None and said:
        speaker.names["because"] = wording.bare_name(said, 160).rstrip(".")
        known = speaker.words["because.said"]
    because = known or speaker.words["because.other"]
    i = speaker.place(
        verdict.treatment_key or (verdict.call.treatment_key if verdict.call else None)
    )
    if i is not None and speaker.has(f"withdrawn_at.{i}"):
        return speaker.phrase("withdrawn", i=i, because=because)
    return speaker.phrase("withdrawn_plain", because=because)


def _wait_for_week(speaker: Speaker, analysis: Analysis) -> str:
    verdict = analysis.verdict
    i = speaker.place(verdict.treatment_key)
    if i is None:
        return speaker.words["too_early.other"]
    started, call = speaker.experiment.started_at, verdict.call
    if started is None or call is None or verdict.ready_on is None:
        return speaker.phrase("wait_for_week_plain", i=i)
    day = int((call.as_of - started) / DAY) + 1
    shown = wording.count(day, lang=speaker.lang)
    speaker.note(
        f"crossed_day.{i}", day, Unit.COUNT, "running", shown, subject=verdict.treatment_key
    )
    speaker.note_day("ready_day", verdict.ready_on)
    return speaker.phrase("wait_for_week", i=i)


def _ready(speaker: Speaker, analysis: Analysis) -> str:
    verdict = analysis.verdict
    i = speaker.place(verdict.treatment_key)
    if i is None:
        return speaker.words["rest_unknown"]
    key = "ready_winner" if verdict.state is State.READY_WINNER else "ready_loser"
    return speaker.phrase(key, i=i, call=speaker.called(i))


def _guardrail(speaker: Speaker, analysis: Analysis) -> str:
    verdict = analysis.verdict
    i = speaker.place(verdict.treatment_key)
    failing = [m for m in speaker.experiment.metrics if m.id in verdict.failing_guardrails]
    names = [wording.bare_name(metric.name) for metric in failing]
    speaker.names["guardrail"] = ", ".join(names) or "–"
    if i is None:
        return speaker.words["rest_unknown"]
    key = "guardrail_fails" if verdict.favours_treatment is not False else "guardrail_fails_worse"
    return speaker.phrase(key, i=i, call=speaker.called(i))


def _end(speaker: Speaker, _a: Analysis) -> str:
    return _ended(speaker, speaker.true_change())


def _ended(speaker: Speaker, rest: str) -> str:
    dated = speaker.has("ended_on", "running")
    return speaker.phrase("ended" if dated else "ended_plain", rest=rest)


def _unlikely(speaker: Speaker, _a: Analysis) -> str:
    choices = (
        ("unlikely", ("planned_end_on", "chance")),
        ("unlikely_plain", ("chance",)),
        ("unlikely_bare", ()),
    )
    return speaker.first(*choices) or ""


def _planned_end(speaker: Speaker, _a: Analysis) -> str:
    key = "planned_end" if speaker.has("mde") else "planned_end_plain"
    return speaker.phrase(key, rest=speaker.true_change())


def _ahead(speaker: Speaker, analysis: Analysis) -> str:
    verdict = analysis.verdict
    i = speaker.place(verdict.treatment_key)
    if not i:
        return _too_close(speaker, analysis)
    size = speaker.size(i)
    if not speaker.has(f"{size}.{i}"):
        return speaker.phrase("ahead_plain", i=i)
    behind = verdict.favours_treatment is False
    if size == "diff":
        key = "ahead_size_control" if behind else "ahead_size"
    elif behind:
        key = "ahead_control"
    else:
        key = "ahead" if analysis.metric.goal is Goal.UP else "ahead_down"
    return speaker.phrase(key, i=i, range=speaker.range(size, i, "span"))


def _too_close(speaker: Speaker, analysis: Analysis) -> str:
    blocked = [c for c in analysis.comparisons if isinstance(c, Blocked)]
    if blocked and len(blocked) == len(analysis.comparisons):
        i = speaker.place(blocked[0].treatment_key)
        if i is not None:
            return speaker.phrase(f"blocked.{blocked[0].reason}", i=i)
    return speaker.phrase("too_close", rest=speaker.true_change())


WRITERS: dict[State, Callable[[Speaker, Analysis], str]] = {
    State.NOT_STARTED: _not_started,
    State.WAITING: _waiting,
    State.NOTHING_ARRIVES: _nothing_arrives,
    State.UNDER_SUSPICION: _suspicion,
    State.TOO_EARLY: _too_early,
    State.WITHDRAWN: _withdrawn,
    State.WAIT_FOR_WEEK: _wait_for_week,
    State.GUARDRAIL_FAILS: _guardrail,
    State.READY_WINNER: _ready,
    State.READY_LOSER: _ready,
    State.ENDED: _end,
    State.UNLIKELY: _unlikely,
    State.PLANNED_END: _planned_end,
    State.AHEAD: _ahead,
    State.TOO_CLOSE: _too_close,
}
