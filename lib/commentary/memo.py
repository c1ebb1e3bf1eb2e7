"""The decision memo: verdict, interval, method, inputs, plan and timeline, as Markdown and as one HTML file.

The history page offers it for download. It carries the JSON record it was computed from, so that anybody can
compute it again. Everything from outside is escaped; it decides nothing and advises nothing of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from lib import wording
from lib.commentary.outlooks import expectation, next_sentence, requirement_line
from lib.commentary.paper import Block, Paper, as_html, as_markdown
from lib.commentary.sentences import health_sentences, verdict_sentence
from lib.commentary.sheet import is_rate, name_of
from lib.commentary.speaker import Speaker
from lib.experiments.facts import Sentence
from lib.experiments.model import Alert, Call, Experiment, MetricKind
from lib.stats.results import Analysis, Estimate, Forecast, State

STAMPS = {
    State.UNDER_SUSPICION: "stamp.suspicion",
    State.WITHDRAWN: "stamp.withdrawn",
    State.READY_WINNER: "stamp.proven",
    State.READY_LOSER: "stamp.proven",
    State.GUARDRAIL_FAILS: "stamp.proven",
    State.ENDED: "stamp.final",
    State.AHEAD: "stamp.not_proven",
    State.TOO_CLOSE: "stamp.not_proven",
    State.UNLIKELY: "stamp.not_proven",
    State.PLANNED_END: "stamp.not_proven",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoInput:
    """All a memo is made of.

    Args:
        experiment: as configured then.
        analyses: one a metric, the primary first; may be empty.
        forecast: of the primary.
        calls: recorded crossings, withdrawn ones too.
        alerts: what was announced about this experiment.
        record_json: the record the analyses were computed from.
        as_of: where the data end, server's clock; None before there are any.
        checked_at: our last good look.
        server_now: the server's clock at that look.
        data_label: e.g. "simulated" or "replayed: ASOS, CC BY 4.0"; empty for PostHog's own.
        is_exploratory: the analyses are of a chosen range, not of the test.
    """

    experiment: Experiment
    analyses: tuple[Analysis, ...]
    forecast: Forecast | None = None
    calls: tuple[Call, ...] = ()
    alerts: tuple[Alert, ...] = ()
    record_json: str = "{}"
    as_of: datetime | None
    checked_at: datetime | None
    server_now: datetime
    data_label: str = ""
    is_exploratory: bool = False


def memo_markdown(memo: MemoInput, *, lang: str = "en", zone: tzinfo = UTC) -> str:
    """The memo as Markdown; the record stands in a code block at its end."""
    return as_markdown(_paper(memo, lang, zone), memo.record_json)


def memo_html(memo: MemoInput, *, lang: str = "en", zone: tzinfo = UTC) -> str:
    """The memo as one self-contained HTML page; the record is its ``script`` of type ``application/json``."""
    return as_html(_paper(memo, lang, zone), memo.record_json)


def _paper(memo: MemoInput, lang: str, zone: tzinfo) -> Paper:
    primary = memo.analyses[0] if memo.analyses else None
    if primary is not None:
        primary = replace(primary, calls=primary.calls or memo.calls)
    speaker = Speaker(
        memo.experiment, primary, memo.forecast, server_now=memo.server_now, lang=lang, zone=zone
    )
    words = speaker.words
    blocks = [
        *_opening(memo, speaker),
        *_section(words["memo.verdict"], [_verdict(memo, speaker, primary)]),
        *_results(speaker, primary),
        *_reasons(memo, speaker, primary),
        *_others(memo, speaker),
        *_section(words["memo.plan"], [_plan(speaker)]),
        *_section(words["memo.method"], [words["memo.method_text"]]),
        *_timeline(memo, speaker),
        *_section("", [_clocks(memo, speaker), words["memo.advice"]]),
    ]
    return Paper(
        lang=lang[:2],
        title=f"{words['memo.title']}: {wording.bare_name(memo.experiment.name)}",
        stamp=words[_stamp(memo, primary)],
        blocks=tuple(blocks),
        record_title=words["memo.record"],
    )


def _stamp(memo: MemoInput, primary: Analysis | None) -> str:
    if memo.is_exploratory:
        return "stamp.exploratory"
    return STAMPS.get(primary.verdict.state, "stamp.too_early") if primary else "stamp.too_early"


def _section(title: str, texts: Sequence[str]) -> list[Block]:
    """A heading with paragraphs; nothing at all when there is no text."""
    told = [Block.paragraph(text) for text in texts if text]
    heading = [Block.heading(title)] if title and told else []
    return [*heading, *told]


def _opening(memo: MemoInput, speaker: Speaker) -> list[Block]:
    words, about = speaker.words, memo.experiment
    lines = [f"{words['memo.data']}: {memo.data_label}"] if memo.data_label else []
    if about.description.strip():
        told = wording.bare_name(about.description, limit=600)
        lines.append(f"{words['memo.hypothesis']}: {told}")
    return [Block.paragraph(line) for line in lines]


def _verdict(memo: MemoInput, speaker: Speaker, primary: Analysis | None) -> str:
    told: list[Sentence | None] = [
        verdict_sentence(
            memo.experiment,
            primary,
            memo.forecast,
            server_now=memo.server_now,
            lang=speaker.lang,
            zone=speaker.zone,
        )
    ]
    after = expectation(speaker, primary) if primary and primary.verdict.is_ready else None
    told.append(after or next_sentence(speaker))
    return " ".join(sentence.text for sentence in told if sentence is not None)


def _results(speaker: Speaker, primary: Analysis | None) -> list[Block]:
    if primary is None or not primary.arms:
        return []
    words = speaker.words
    head = ("memo.arm", "memo.value", "memo.visitors", "memo.conversions")
    tail = ("memo.change", "memo.interval", "memo.evidence")
    rows = [_row(speaker, primary, place) for place in range(len(primary.arms))]
    title = f"{words['memo.result']}: {wording.bare_name(primary.metric.name)}"
    table = Block.table([[words[key] for key in (*head, *tail)], *rows])
    return [Block.heading(title), table]


def _row(speaker: Speaker, analysis: Analysis, i: int) -> list[str]:
    arm = analysis.arms[i]
    variant = next((v for v in speaker.experiment.variants if v.key == arm.variant_key), None)
    name = name_of(variant) if variant else wording.bare_name(arm.variant_key)
    if i == 0:
        name += f" ({speaker.words['memo.baseline']})"
    estimate = next((e for e in analysis.estimates if e.treatment_key == arm.variant_key), None)
    is_funnel = analysis.metric.kind is MetricKind.FUNNEL
    return [
        name,
        _value(arm.value, analysis, speaker.lang),
        wording.count(arm.n, lang=speaker.lang),
        wording.count(arm.total, lang=speaker.lang) if is_funnel else wording.UNKNOWN,
        *_change(estimate, analysis, speaker.lang),
    ]


def _value(value: float | None, analysis: Analysis, lang: str) -> str:
    said = wording.percent if is_rate(analysis.metric) else wording.number
    return said(value, lang=lang)


def _change(one: Estimate | None, analysis: Analysis, lang: str) -> tuple[str, str, str]:
    """Change, interval and evidence of an arm; the difference stands in where there is no lift."""
    if one is None:
        return wording.UNKNOWN, wording.UNKNOWN, wording.UNKNOWN
    evidence = wording.evidence(one.evidence, lang=lang)
    if one.lift is not None and one.interval is not None:
        ends = one.interval
        lift = wording.signed_percent(one.lift, wording.lift_digits(ends.low, ends.high), lang=lang)
        return lift, wording.span(ends.low, ends.high, lang=lang), evidence
    ends = one.difference_interval
    if is_rate(analysis.metric):
        between = wording.points_between(ends.low, ends.high, lang=lang)
        return wording.points(one.difference, lang=lang), between, evidence
    between = wording.number_between(ends.low, ends.high, lang=lang)
    return wording.number(one.difference, lang=lang, sign=True), between, evidence


def _reasons(memo: MemoInput, speaker: Speaker, primary: Analysis | None) -> list[Block]:
    """Health, then the why-not-yet list with its ticks."""
    if primary is None:
        return []
    words = speaker.words
    told = health_sentences(
        memo.experiment,
        primary,
        server_now=memo.server_now,
        lang=speaker.lang,
        zone=speaker.zone,
    )
    health = [Block.heading(words["memo.health"]), Block.points([s.text for s in told])]
    lines = [
        f"{'✓' if need.is_met else '·'} "
        + requirement_line(
            need, memo.experiment, speaker.lang, server_now=memo.server_now, zone=speaker.zone
        ).text
        for need in primary.why_not_yet
    ]
    if not lines:
        return health
    return [*health, Block.heading(words["memo.why"]), Block.points(lines)]


def _others(memo: MemoInput, speaker: Speaker) -> list[Block]:
    """One row an arm of each further metric."""
    words = speaker.words
    keys = ("metric", "role", "arm", "value", "change", "interval", "evidence")
    rows = [
        [wording.bare_name(analysis.metric.name), analysis.metric.role.value, name, value, *change]
        for analysis in memo.analyses[1:]
        for name, value, _, _, *change in (
            _row(speaker, analysis, i) for i in range(len(analysis.arms))
        )
    ]
    if not rows:
        return []
    table = Block.table([[words[f"memo.{key}"] for key in keys], *rows])
    return [Block.heading(words["memo.metrics"]), table]


def _plan(speaker: Speaker) -> str:
    key = "memo.plan_text" if speaker.has("mde", "plan_n", "plan_days") else "memo.plan_none"
    return speaker.say(key).text


def _timeline(memo: MemoInput, speaker: Speaker) -> list[Block]:
    """Start, crossings, withdrawals, announcements and end, oldest first."""
    words, about = speaker.words, memo.experiment
    happened: list[tuple[datetime, str]] = [
        (at, words[key])
        for at, key in ((about.started_at, "memo.started"), (about.ended_at, "memo.ended"))
        if at is not None
    ]
    for call in memo.calls:
        i = speaker.place(call.treatment_key)
        if i is not None:
            happened.append((call.as_of, speaker.say("memo.called", i=i).text))
            if call.withdrawn_at is not None:
                happened.append((call.withdrawn_at, speaker.say("memo.withdrawn", i=i).text))
    happened += [(alert.as_of or alert.raised_at, alert.text) for alert in memo.alerts]
    lines = [
        f"{wording.full_moment(at, speaker.zone, lang=speaker.lang)} – {text}"
        for at, text in sorted(happened, key=lambda item: item[0])
    ]
    return [Block.heading(words["memo.timeline"]), Block.points(lines)] if lines else []


def _clocks(memo: MemoInput, speaker: Speaker) -> str:
    """Both clocks: where the data end, and when we last looked."""
    return speaker.words["memo.clocks"].format(
        as_of=wording.full_moment(memo.as_of, speaker.zone, lang=speaker.lang),
        checked=wording.full_moment(memo.checked_at, speaker.zone, lang=speaker.lang),
    )
