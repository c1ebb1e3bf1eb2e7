"""What an alert says: one event in words, each number a checked fact in its slot.

Called by ``lib.live.announce``, which knows the event; this file knows only words. It tells what the data say
and what to check first; it never permits, recommends or decides anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from lib import wording
from lib.commentary.notice_words import notice_words
from lib.commentary.speaker import Speaker
from lib.experiments.facts import Sentence
from lib.experiments.model import AlertKind, Call, Experiment, Goal, MetricRole
from lib.stats.results import Analysis, Forecast, State

PROVEN = {AlertKind.PROVEN_BETTER, AlertKind.PROVEN_WORSE}
SPEAKS_FOR_ITSELF = ("test", "experiment")  # a name ending so needs no such word after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What is to be told, in plain values.

    ``call`` is the crossing it rests on; ``because`` why a call is withdrawn; ``again`` that it holds once more.
    """

    kind: AlertKind
    metric_id: str
    treatment_key: str | None = None
    call: Call | None = None
    because: str = ""
    again: bool = False


def notice(
    told: Happening,
    experiment: Experiment,
    analyses: Sequence[Analysis],
    forecast: Forecast | None,
    *,
    server_now: datetime,
    lang: str = "en",
    zone: tzinfo = UTC,
) -> Sentence:
    """The event as one sentence; a call keeps the numbers of its moment."""
    analysis = next((a for a in analyses if a.metric.id == told.metric_id), None)
    if analysis is not None and told.call is not None:
        analysis = replace(analysis, calls=(told.call,))
    speaker = Speaker(experiment, analysis, forecast, server_now=server_now, lang=lang, zone=zone)
    speaker.words = {**speaker.words, **notice_words(lang)}
    speaker.names["experiment"] = wording.bare_name(experiment.name)
    metric = next((m for m in experiment.metrics if m.id == told.metric_id), None)
    speaker.names["metric"] = wording.bare_name(metric.name if metric else "")
    return speaker.sentence(_template(speaker, told, analysis), kind=told.kind)


def check_first(kind: AlertKind, *, lang: str = "en") -> str:
    """What to check before deciding."""
    return notice_words(lang)[f"check.{kind}"]


def _template(speaker: Speaker, told: Happening, analysis: Analysis | None) -> str:
    i = speaker.place(told.treatment_key)
    parts = {"tested": _tested(speaker), "tested_low": _lowered(_tested(speaker))}
    if told.kind is AlertKind.WITHDRAWN and i is not None:
        return _withdrawn(speaker, told, i, parts)
    if told.kind in PROVEN and i is not None:
        said = speaker.phrase(told.kind, i=i, call=speaker.called(i), **parts)
        return speaker.phrase("proven_again", said=said) if told.again else said
    if told.kind is AlertKind.GUARDRAIL and i is not None:
        return speaker.phrase(told.kind, i=i, call=speaker.called(i), **parts)
    if told.kind is AlertKind.SPLIT_OFF:
        needed = (f"share.{i}", f"planned_share.{i}", "balance_once")
        key = "split_off_share" if i is not None and speaker.has(*needed) else "split_off"
        return speaker.phrase(key, i=i, **parts)
    return _of_all(speaker, told, analysis, parts)


def _of_all(
    speaker: Speaker, told: Happening, analysis: Analysis | None, parts: dict[str, str]
) -> str:
    """What is said of the experiment as a whole."""
    if told.kind is AlertKind.DATA_STOPPED:
        nobody = analysis is None or analysis.verdict.state is State.NOTHING_ARRIVES
        return speaker.phrase("nothing_arrives" if nobody else "data_stopped", **parts)
    if told.kind is AlertKind.PLANNED_END:
        key = "planned_end_mde" if speaker.has("mde") else "planned_end"
        return speaker.phrase(key, rest=speaker.true_change(), **parts)
    has_date = speaker.has("planned_end_on", "chance")
    return speaker.phrase("unlikely_on" if has_date else "unlikely", **parts)


def _withdrawn(speaker: Speaker, told: Happening, i: int, parts: dict[str, str]) -> str:
    because = speaker.words.get(f"because.{told.because}", speaker.words["because.other"])
    was = speaker.phrase("was" if speaker.has(f"call_lift.{i}") else "was_plain", i=i)
    metric = speaker.analysis.metric if speaker.analysis else None
    if metric is not None and metric.role is MetricRole.GUARDRAIL:
        return speaker.phrase("withdrawn_harm", i=i, was=was, because=because, **parts)
    is_final = told.call is not None and told.call.withdrawn_at is not None
    up = told.call is not None and told.call.direction > 0
    way = "better" if up == (metric is None or metric.goal is Goal.UP) else "worse"
    return speaker.phrase(
        "withdrawn" if is_final else "doubted",
        i=i,
        way=speaker.words[way],
        was=was,
        because=because,
        **parts,
    )


def _tested(speaker: Speaker) -> str:
    name = speaker.names["experiment"].casefold()
    return speaker.words["tested_short" if name.endswith(SPEAKS_FOR_ITSELF) else "tested"]


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]
