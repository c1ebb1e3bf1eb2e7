"""The built-in answerer: a question to an answer by rules, with the same tools and facts the model has.

It is what a user without a key talks to, the fallback for every failure of a model, and the oracle its answers are
tested against. It never writes, and it asks back instead of guessing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from lib.copilot import metric_answers, names, tools_next, tools_now, tools_then, tools_words
from lib.copilot.desk import Asking, Findings, Panel, markdown_of
from lib.copilot.lexicon import Intent, fold, lexicon
from lib.copilot.question import Asked, Context, past_moment, understand, wait_days
from lib.copilot.teller import phrases, plain
from lib.copilot.tools_metric import no_such
from lib.experiments.facts import Fact, Sentence
from lib.experiments.model import Experiment
from lib.stats.results import State
from lib.wording import LANGS

MORE = re.compile(
    r"\b(?:more|extra|additional|mehr|zusatzlich\w*|plus|supplementaire\w*|mas|adicional\w*)\b"
)
LESS = re.compile(r"\b(?:less|fewer|weniger|moins|menos)\b")
PLANNED_END = re.compile(
    r"planned end|end of the plan|geplant\w* ende|fin prevue|fin du plan|fin previsto|final del plan"
)
WITHOUT_ONE = {
    Intent.HELP: ("help", "help_examples"),
    Intent.GREETING: ("hello",),
    Intent.THANKS: ("thanks",),
    Intent.OFF_TOPIC: ("off_topic",),
    Intent.NOTHING: ("not_understood", "help_examples"),
    Intent.WRITE: ("read_only", "read_only_offer"),
}
UNCLEAR = {Intent.NOTHING, Intent.UNAVAILABLE, Intent.WRITE}
DECLINES = {Intent.OFF_TOPIC: "full", Intent.NOTHING: "full", Intent.WRITE: "full"}


def warm_up() -> None:
    """Read every language's words now, so that the first question is answered as fast as the next."""
    for code in LANGS:
        lexicon(code)
        phrases(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer by rules.

    Args:
        lang: the language it is in.
        sentences: what it says, in order.
        facts: every number it may say.
        panel: to be drawn under it.
        context: what the conversation is about from here on.
        decline: ``none``, ``partial`` (answers what it can and says what it cannot) or ``full``.
        intent: what was understood.
    """

    lang: str
    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...] = ()
    panel: Panel | None = None
    context: Context
    decline: str = "none"
    intent: Intent = Intent.NOTHING

    @property
    def text(self) -> str:
        """As Markdown, names as literal text."""
        return markdown_of(self.sentences)


def answer(ask: Asking, text: str, context: Context | None = None) -> Reply:
    """Answer one question.

    Args:
        ask: the desk; its language is that of the interface, the answer's is that of the question.
        text: the question as typed.
        context: what was talked about before; the experiment on the screen counts as talked about.
    """
    before = context or Context(lang=ask.lang)
    asked = understand(text, ask.desk.experiments(), before, fallback=before.lang)
    speaking = replace(ask, lang=asked.lang)
    other = metric_answers.find(speaking, asked, before, _about_one)
    found, decline = other or _find(speaking, asked, before)
    if other is not None and decline == "none" and asked.intent in UNCLEAR:
        asked = replace(
            asked, intent=Intent.RESULTS
        )  # it was a metric's name that was not understood
    after = _after(asked, before, found)
    return Reply(
        lang=asked.lang,
        sentences=found.sentences,
        facts=found.facts,
        panel=found.panel,
        context=after,
        decline=decline,
        intent=asked.intent,
    )


def _find(ask: Asking, asked: Asked, before: Context) -> tuple[Findings, str]:
    """What is found, and how much of the question is declined."""
    intent = asked.intent
    if intent in WITHOUT_ONE:
        said = tuple(plain(ask.lang, key) for key in WITHOUT_ONE[intent])
        return Findings(sentences=said), DECLINES.get(intent, "none")
    if intent is Intent.LIST:
        return tools_words.list_experiments(ask, _status(asked)), "none"
    subject = _subject(ask, asked, before)
    if intent in {Intent.EXPLAIN, Intent.NOTIFY}:
        one = subject.id if isinstance(subject, Experiment) else None
        if intent is Intent.NOTIFY:
            return tools_words.notifications(ask, one), "none"
        return tools_words.explain(ask, asked.term, one), "none"
    if isinstance(subject, Findings):
        return subject, "partial" if intent is Intent.UNAVAILABLE else "none"
    return _about_one(ask, asked, subject)


def _status(asked: Asked) -> str:
    lex, said = lexicon(asked.lang), fold(asked.text)
    if lex.draft.search(said):
        return "draft"
    if lex.finished.search(said):
        return "finished"
    every = asked.factor == -1.0 and not lex.running.search(said)
    return "all" if every else "running"


def _subject(ask: Asking, asked: Asked, before: Context) -> Experiment | Findings:
    """The experiment meant, or the answer that asks back."""
    mention, experiments = asked.mention, ask.desk.experiments()
    if len(mention.fits) == 1:
        return mention.fits[0]
    if mention.several:
        return _several(ask, mention.fits)
    if mention.fits:
        n_fit = tools_words.listed_fact(ask, len(mention.fits), "n_fit")
        said = tools_now.named(ask, "which_one", mention.fits, (n_fit,))
        return Findings(
            sentences=(said,), candidates=tuple(e.id for e in mention.fits), answers=False
        )
    if mention.unknown:
        return tools_now.unknown(ask, mention.unknown)
    known = next((e for e in experiments if e.id == before.experiment_id), None)
    if known is not None:
        return known
    return _only_one(ask, asked) or _which(ask)


def _only_one(ask: Asking, asked: Asked) -> Experiment | None:
    """The only experiment that can be meant: by its arms, as the only running one, or the only one at all."""
    lex, running = lexicon(asked.lang), ask.running()
    named = [e for e in running if set(names.arms_in(asked.text, e, lex)) - {_baseline(e)}]
    for group in (named, running, ask.desk.experiments()):
        if len(group) == 1:
            return group[0]
    return None


def _baseline(experiment: Experiment) -> str:
    return experiment.baseline.key if experiment.baseline else ""


def _which(ask: Asking) -> Findings:
    if not ask.running():
        return tools_words.list_experiments(ask, "all")
    said = tools_now.running_now(ask, "which_of_running")
    return Findings(sentences=(said,), candidates=tuple(e.id for e in ask.running()), answers=False)


def _several(ask: Asking, experiments: tuple[Experiment, ...]) -> Findings:
    """One line for each of several experiments named."""
    lines = tuple(tools_words.line(ask, e) for e in experiments)
    facts = tuple(f for line in lines for f in line.facts)
    return Findings(sentences=lines, facts=facts)


def _about_one(ask: Asking, asked: Asked, one: Experiment) -> tuple[Findings, str]:
    if asked.intent is Intent.UNAVAILABLE:
        return _unavailable(ask, asked, one)
    if asked.intent in {Intent.HISTORY, Intent.CHANGES}:
        found = _past(ask, asked, one)
        return found, "none" if found.answers else "partial"
    found = READERS[asked.intent](ask, asked, one)
    return found, "none"


def _unavailable(ask: Asking, asked: Asked, one: Experiment) -> tuple[Findings, str]:
    """Say what is not there, then what is; a metric of that name is there after all."""
    pattern = lexicon(asked.lang).missing[asked.missing]
    if (
        one.primary is not None
        and asked.missing == "revenue"
        and pattern.search(fold(one.primary.name))
    ):
        return tools_now.results(ask, one.id), "none"
    found = tools_now.results(ask, one.id)
    kept = tuple(s for s in found.sentences if s.kind != "suggest")
    said = (plain(ask.lang, f"no_{asked.missing}"), *_measured(ask, asked, one))
    said = (*said, plain(ask.lang, "what_i_have"), *kept)
    return replace(found, sentences=said), "partial"


def _measured(ask: Asking, asked: Asked, one: Experiment) -> tuple[Sentence, ...]:
    """What is measured, when it was money that is not."""
    if asked.missing != "revenue":
        return ()
    return no_such(ask, ask.experiment(one.id) or one)


def _results(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    if asked.wants_panel:
        return tools_now.show_panel(ask, one.id)
    if asked.term in {"visitors", "rate"}:
        return tools_now.counts(ask, one.id)
    return tools_now.results(ask, one.id)


def _compare(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    arms = [*names.arms_in(asked.text, one, lexicon(asked.lang)), "", ""]
    return tools_now.compare_arms(ask, one.id, arms[0], arms[1])


def _past(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    view = ask.desk.look(one.id)
    now = (view.server_now if view else None) or ask.desk.clock()
    started = view.experiment.started_at if view else one.started_at
    when = past_moment(asked, now, started)
    if asked.intent is Intent.HISTORY:
        if when is None:
            return tools_then.history(ask, one.id, "")
        at = min(when.at, now) if when.day == now.date() else when.at
        found = tools_then.history(ask, one.id, at.isoformat(), whole_day=when.day is not None)
        return found if asked.wants_panel else found.with_panel(None)
    since = now - timedelta(days=1) if when is None else when.at
    if when is not None and when.day is not None:
        since = when.at - timedelta(days=1)  # from the beginning of that day
        if when.day == (now - timedelta(days=1)).date():
            since = now - timedelta(days=1)
    return tools_then.changes(ask, one.id, since.isoformat())


def _wait(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    view = ask.desk.look(one.id)
    now = (view.server_now if view else None) or ask.desk.clock()
    days = wait_days(asked, now)
    if days is None and PLANNED_END.search(fold(asked.text)) and view and view.forecast:
        days = view.forecast.days_left
    if days is not None:
        return tools_next.wait(ask, one.id, days)
    found = tools_next.stop_now(ask, one.id)
    table = tuple(s for s in found.sentences if s.kind in {"health", "table", "assume", "as_of"})
    if not any(s.kind == "table" for s in table):
        return found
    return replace(found, sentences=(plain(ask.lang, "wait_how_long"), *table))


def _traffic(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    said, share = fold(asked.text), one.traffic_share or 1.0
    factor, lead = asked.factor, ""
    if asked.percents:
        part = asked.percents[0]
        more, less = MORE.search(said), LESS.search(said)
        factor = 1 + part if more else 1 - part if less else part / share
    elif factor == -1.0:
        factor = 1 / share
    if factor is None:
        lead, factor = "traffic_how", 2.0
    elif abs(factor - 1) < 1e-9:
        lead, factor = "traffic_all", 2.0
    return _led(ask, lead, tools_next.other_traffic(ask, one.id, factor))


def _led(ask: Asking, lead: str, found: Findings) -> Findings:
    """An answer with a sentence before it; left out when it needs a fact that is not there."""
    if not lead:
        return found
    template = phrases(ask.lang)[lead]
    slots = set(re.findall(r"\[\[([\w.:-]+)\]\]", template))
    facts = tuple(f for f in found.facts if f.id in slots)
    if {f.id for f in facts} != slots:
        return found
    return replace(
        found, sentences=(Sentence(template=template, facts=facts, kind=lead), *found.sentences)
    )


def _effect(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    if asked.percents:
        return tools_next.other_effect(ask, one.id, asked.percents[0])
    view = ask.desk.look(one.id)
    plan = view.primary.plan if view and view.primary else None
    half = (plan.mde if plan else 0.1) / 2
    return _led(ask, "effect_how", tools_next.other_effect(ask, one.id, half))


def _line(ask: Asking, asked: Asked, one: Experiment) -> Findings:
    if asked.percents:
        share = asked.percents[0]
        return tools_next.other_line(ask, one.id, share if share >= 0.5 else 1 - share)
    return _led(ask, "threshold_how", tools_next.other_line(ask, one.id, 0.9))


READERS: dict[Intent, Callable[[Asking, Asked, Experiment], Findings]] = {
    Intent.RESULTS: _results,
    Intent.COMPARE: _compare,
    Intent.HEALTH: lambda ask, _q, one: tools_now.health(ask, one.id),
    Intent.WHY_NOT: lambda ask, _q, one: tools_now.why_not_proven(ask, one.id),
    Intent.ABOUT: lambda ask, _q, one: tools_now.about(ask, one.id),
    Intent.FORECAST: lambda ask, _q, one: tools_next.forecast(ask, one.id),
    Intent.END_NOW: lambda ask, _q, one: tools_next.stop_now(ask, one.id),
    Intent.WAIT: _wait,
    Intent.TRAFFIC: _traffic,
    Intent.EFFECT: _effect,
    Intent.THRESHOLD: _line,
    Intent.PROJECTION: lambda ask, _q, one: tools_next.likely_lift(ask, one.id),
    Intent.LOSS: lambda ask, _q, one: tools_next.expected_loss(ask, one.id),
    Intent.MEMO: lambda ask, _q, one: tools_words.decision_memo(ask, one.id),
}


def _after(asked: Asked, before: Context, found: Findings) -> Context:
    """The context from here on; an unanswered question waits for the name of its experiment."""
    kept = (
        before.intent
        if asked.intent in WITHOUT_ONE or asked.intent is Intent.WRITE
        else asked.intent
    )
    return Context(
        experiment_id=found.experiment_id or before.experiment_id,
        arm_key=before.arm_key,
        intent=kept,
        pending=asked.intent if found.candidates else Intent.NOTHING,
        lang=asked.lang,
    )


def suggestions(ask: Asking, experiment_id: int | None) -> tuple[str, ...]:
    """Three questions that fit the state."""
    words = phrases(ask.lang)
    view = ask.desk.look(experiment_id) if experiment_id is not None else None
    state = view.primary.verdict.state if view and view.primary else None
    return tuple(words[key] for key in CHIPS.get(state, CHIPS[None]))


CHIPS: dict[State | None, tuple[str, str, str]] = {
    None: ("chip_list", "chip_show", "chip_significance"),
    State.NOT_STARTED: ("chip_list", "chip_significance", "chip_show"),
    State.WAITING: ("chip_health", "chip_list", "chip_significance"),
    State.NOTHING_ARRIVES: ("chip_health", "chip_list", "chip_significance"),
    State.UNDER_SUSPICION: ("chip_health", "chip_changed", "chip_list"),
    State.TOO_EARLY: ("chip_long", "chip_wait", "chip_why"),
    State.WITHDRAWN: ("chip_changed", "chip_health", "chip_why"),
    State.WAIT_FOR_WEEK: ("chip_end", "chip_expect", "chip_why"),
    State.GUARDRAIL_FAILS: ("chip_memo", "chip_expect", "chip_changed"),
    State.READY_WINNER: ("chip_memo", "chip_expect", "chip_changed"),
    State.READY_LOSER: ("chip_memo", "chip_changed", "chip_significance"),
    State.ENDED: ("chip_memo", "chip_expect", "chip_significance"),
    State.UNLIKELY: ("chip_end", "chip_wait", "chip_why"),
    State.PLANNED_END: ("chip_memo", "chip_wait", "chip_expect"),
    State.AHEAD: ("chip_end", "chip_long", "chip_changed"),
    State.TOO_CLOSE: ("chip_long", "chip_end", "chip_why"),
}
