"""A question in plain words becomes an ``Asked``: language, intent, experiment, arm, amounts, dates.

Called by the built-in answerer, and by the assistant for the language and the experiments in play. It reads no
facts; whatever it cannot tell is left empty, and the answerer asks back instead of guessing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lib.copilot import amounts, names
from lib.copilot.lexicon import LANGUAGES, Intent, Lexicon, fold, lexicon, words_of
from lib.experiments.model import Experiment

# What a short follow-up may carry on: "a week instead", "and with half the traffic?"
SCENARIOS = (Intent.WAIT, Intent.END_NOW, Intent.TRAFFIC, Intent.EFFECT, Intent.THRESHOLD)
OF_ONE = frozenset(Intent) - {
    Intent.LIST, Intent.HELP, Intent.THANKS, Intent.GREETING, Intent.OFF_TOPIC, Intent.WRITE, Intent.NOTHING,
}  # fmt: skip
LONGEST_FOLLOWUP = 9  # words
SMALL_TALK = (Intent.HELP, Intent.THANKS, Intent.GREETING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the conversation is about: handed to rules and model alike, and kept between turns."""

    experiment_id: int | None = None
    arm_key: str = ""
    intent: Intent = Intent.NOTHING
    pending: Intent = Intent.NOTHING  # asked, and waiting for the name of the experiment
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question understood. ``days``, ``percents`` (fractions) and ``factor`` are as said, None when not."""

    text: str
    lang: str
    intent: Intent
    mention: names.Mention = field(default_factory=names.Mention)
    days: float | None = None
    percents: tuple[float, ...] = ()
    factor: float | None = None
    term: str = ""
    missing: str = ""
    wants_panel: bool = False
    is_followup: bool = False


def language_of(text: str, fallback: str = "en") -> str:
    """The language a question is written in, by its most frequent words; ``fallback`` when it does not say."""
    words = set(words_of(text))
    scores = {code: len(words & lexicon(code).common) for code in LANGUAGES}
    lowered = text.lower()
    for code, marks in (("de", "äöüß"), ("es", "ñ¿¡"), ("fr", "çœèêàù")):
        scores[code] += 2 * any(mark in lowered for mark in marks)
    best = max(scores.values())
    winners = [code for code in LANGUAGES if scores[code] == best]
    if best == 0 or (len(winners) > 1 and fallback in winners):
        return fallback
    return winners[0]


def understand(
    text: str, experiments: Sequence[Experiment], context: Context, *, fallback: str | None = None
) -> Asked:
    """Read one question in its context."""
    lang = language_of(text, fallback or context.lang)
    lex = lexicon(lang)
    asked = _read(text, lex, experiments)
    if asked.intent is Intent.NOTHING:
        for code in LANGUAGES:  # a question may mix languages: "Status checkout bitte"
            other = _read(text, lexicon(code), experiments)
            if other.intent not in {Intent.NOTHING, *SMALL_TALK}:
                return replace(other, lang=lang)
    if asked.intent in {Intent.NOTHING, *SMALL_TALK, Intent.COMPARE, Intent.RESULTS}:
        return _followup(asked, lex, context)
    return asked


def _read(text: str, lex: Lexicon, experiments: Sequence[Experiment]) -> Asked:
    mention = names.find(text, experiments, lex)
    said = _without_names(text, mention.fits)
    intent = _intent(said, lex, names.arm_words(experiments), is_named=bool(mention.fits))
    return Asked(
        text=text,
        lang=lex.code,
        intent=intent,
        mention=mention,
        days=amounts.days_in(said, lex),
        percents=amounts.percents_in(said),
        factor=amounts.factor_in(said, lex),
        term=_first(said, lex.terms),
        missing=_first(said, lex.missing),
        wants_panel=bool(lex.live.search(said)),
    )


def _without_names(text: str, fits: Sequence[Experiment]) -> str:
    """The folded question with full names taken out, so that a name is never read as an intent."""
    said = fold(text)
    for experiment in fits:
        for name in (fold(experiment.name), fold(experiment.flag_key)):
            if len(name) > 2:
                said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ~ ", said)
    return " ".join(said.split())


def _intent(said: str, lex: Lexicon, arms: set[str], *, is_named: bool) -> Intent:
    conditional = bool(lex.conditional.search(said))
    for intent in Intent:
        if intent is Intent.UNAVAILABLE:
            if _first(said, lex.missing):
                return intent
            continue
        pattern = lex.intents.get(intent)
        if pattern is None or pattern.search(said) is None:
            continue
        if intent is Intent.WRITE and conditional and not _is_order(said, lex):
            continue
        if intent is Intent.OFF_TOPIC and is_named:
            continue
        if intent is Intent.RESULTS and not is_named and _is_elsewhere(said, lex, arms):
            continue
        return intent
    return Intent.RESULTS if is_named else Intent.NOTHING


def _is_elsewhere(said: str, lex: Lexicon, arms: set[str]) -> bool:
    """A question held together by general words only ("how is"), about something unknown here."""
    words = [w for w in words_of(said) if len(w) > 2 and w not in lex.stop | arms]
    strange = [w for w in words if not lex.knows(w)]
    if not strange:
        return False
    if lex.test.search(said) and len(strange) < 2:
        return False
    return lex.intents[Intent.RESULTS].search(lex.weak.sub(" ", said)) is None


def _is_order(said: str, lex: Lexicon) -> bool:
    """An order stays one when the condition only says when: "stop it if it is significant"."""
    return bool(lex.order.search(said))


def _first(said: str, table: Mapping[str, re.Pattern[str]]) -> str:
    """The entry said first; of several at one place the one that stands first in the table."""
    places = {name: m.start() for name, pattern in table.items() if (m := pattern.search(said))}
    return min(places, key=lambda name: places[name], default="")


def _followup(asked: Asked, lex: Lexicon, context: Context) -> Asked:
    """Read what is left of a short question in the light of the one before."""
    if context.pending is not Intent.NOTHING and asked.mention.fits:
        return replace(asked, intent=context.pending, is_followup=True)
    if len(words_of(asked.text)) > LONGEST_FOLLOWUP or context.intent is Intent.NOTHING:
        return asked
    carried = next((intent for fits, intent in _carried(asked, lex, context) if fits), None)
    return asked if carried is None else replace(asked, intent=carried, is_followup=True)


def _carried(asked: Asked, lex: Lexicon, context: Context) -> list[tuple[bool, Intent]]:
    """What a short question may mean after the one before, the likeliest first."""
    last, said = context.intent, fold(asked.text)
    bare = asked.intent is Intent.NOTHING or not lex.intents[Intent.RESULTS].search(said)
    is_open = asked.intent in {Intent.NOTHING, Intent.RESULTS}
    waits = last in {*SCENARIOS, Intent.FORECAST, Intent.LOSS}
    return [
        (asked.days is not None and waits, Intent.WAIT),
        (bool(asked.percents or asked.factor) and last in SCENARIOS[2:], last),
        (_says_past(asked.text, lex) and last in OF_ONE, Intent.HISTORY),
        (bare and is_open and bool(asked.mention.fits), last),
        (bool(lex.other.search(said)), Intent.COMPARE),
    ]


def _says_past(text: str, lex: Lexicon) -> bool:
    said = fold(text)
    patterns = (lex.ago, *lex.weekdays, *(p for p, days in lex.past if days))
    return any(pattern.search(said) for pattern in patterns)


def past_moment(asked: Asked, now: datetime, started: datetime | None) -> amounts.When | None:
    """The past moment the question names, on the server's clock."""
    return amounts.past_in(asked.text, lexicon(asked.lang), now, started)


def wait_days(asked: Asked, now: datetime) -> float | None:
    """How many days the question waits: as said, or until a coming day."""
    if asked.days is not None:
        return asked.days
    return amounts.days_until(asked.text, lexicon(asked.lang), now)
