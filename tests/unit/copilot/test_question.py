"""Questions in four languages: what is asked, about which experiment, with which amounts and dates."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lib.copilot.amounts import days_in, days_until, factor_in, past_in, percents_in
from lib.copilot.lexicon import LANGUAGES, Intent, lexicon
from lib.copilot.question import Context, language_of, understand
from lib.experiments.model import Status
from tests.builders import an_experiment

INTENTS = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "chat_intents.json").read_text(encoding="utf-8")
)
NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)  # a Thursday


def named(number, name, flag="", **changes):
    return an_experiment(id=number, name=name, flag_key=flag, **changes)


HERE = (
    named(11, "Pricing page test", "pricing-page"),
    named(12, "Checkout button", "checkout"),
    named(123, "Onboarding v2", "experiment-123"),
    named(14, "Hero image A/B/C", "hero", arms=3),
    named(15, "Search ranking", "search", status=Status.STOPPED),
    named(16, "Referral banner", "banner", status=Status.DRAFT, started_at=None),
)


def asked(text, **context):
    return understand(text, HERE, Context(**context))


@pytest.mark.parametrize(("intent", "text"), INTENTS, ids=lambda x: x)
def test_intent(intent, text):
    """Each question is understood as what it asks; what is off topic is never taken for a question about a test."""
    got = asked(text, experiment_id=11).intent
    assert got == intent or (intent == "nothing" and got is Intent.OFF_TOPIC)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Show live results for our pricing experiment", 11),
        ("Zeig die Ergebnisse vom Preistest", 11),
        ("Montre les résultats du test de prix", 11),
        ("Muestra la prueba de precios", 11),
        ("how is chekout doing", 12),
        ("experiment-123 please", 123),
        ("experiment 14", 14),
        ("results of #15", 15),
        ("Wie läuft der Test zur Suche?", 15),
        ("What about Hero image A/B/C?", 14),
    ],
)
def test_names(text, number):
    """Names are found in parts, in other languages, with small typos, by flag key and by id."""
    assert [e.id for e in asked(text).mention.fits] == [number]


def test_ambiguous_name_gives_candidates():
    """Two experiments that fit are both returned, and nothing is guessed."""
    both = (*HERE, named(17, "Checkout page", "checkout-page"))
    found = understand("How is the checkout test?", both, Context()).mention
    assert {e.id for e in found.fits} == {12, 17}
    assert not found.several


def test_whole_name_beats_a_part():
    """The whole name of one experiment means that one, though another shares a word."""
    both = (*HERE, named(17, "Checkout", "checkout-2"))
    assert [e.id for e in understand("Show Checkout button", both, Context()).mention.fits] == [12]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("How is the billing experiment doing?", "billing"),
        ("Show results for the shoe colour test", "shoe colour"),
        ("Résultats du test facturation", "facturation"),
        ("Wie läuft der Registrierungstest?", "registrierungstest"),
        ("results for experiment-999", "experiment-999"),
    ],
)
def test_unknown_name(text, name):
    """A name that fits nothing is said back, and the nearest match is not taken for it."""
    found = asked(text).mention
    assert (found.fits, found.unknown) == ((), name)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("How long until we know?", "en"),
        ("Wie lange noch?", "de"),
        ("Combien de temps encore ?", "fr"),
        ("¿Cuánto falta?", "es"),
        ("checkout", "de"),
    ],
)
def test_language(text, lang):
    """The language is that of the words; a bare name keeps the one before."""
    assert language_of(text, "de") == lang


@pytest.mark.parametrize(
    ("text", "lang", "days"),
    [
        ("What if I give it ten more days?", "en", 10),
        ("another week", "en", 7),
        ("a couple of weeks", "en", 14),
        ("half a week", "en", 3.5),
        ("noch zwölf Tage", "de", 12),
        ("eine weitere Woche", "de", 7),
        ("dix jours de plus", "fr", 10),
        ("dos semanas más", "es", 14),
        ("How is it going?", "en", None),
    ],
)
def test_durations(text, lang, days):
    """Number words and units become days."""
    assert days_in(text, lexicon(lang)) == days


def test_percents_and_factors():
    """Percentages become fractions, words for multiples become factors."""
    assert percents_in("at 99.5 % or 90 percent or 80 Prozent") == (0.995, 0.9, 0.8)
    assert factor_in("twice the traffic", lexicon("en")) == 2
    assert factor_in("die Hälfte der Besucher", lexicon("de")) == 0.5


@pytest.mark.parametrize(
    ("text", "lang", "day"),
    [
        ("on Monday", "en", date(2026, 3, 9)),
        ("last Thursday", "en", date(2026, 3, 5)),
        ("yesterday", "en", date(2026, 3, 11)),
        ("three days ago", "en", date(2026, 3, 9)),
        ("on 2026-03-01", "en", date(2026, 3, 1)),
        ("on March 3rd", "en", date(2026, 3, 3)),
        ("am 5. März", "de", date(2026, 3, 5)),
        ("vor zwei Tagen", "de", date(2026, 3, 10)),
        ("lundi", "fr", date(2026, 3, 9)),
        ("il y a trois jours", "fr", date(2026, 3, 9)),
        ("el martes", "es", date(2026, 3, 10)),
        ("hace una semana", "es", date(2026, 3, 5)),
    ],
)
def test_past_days(text, lang, day):
    """Days of the past, as people name them, on the server's calendar."""
    when = past_in(text, lexicon(lang), NOW, NOW - timedelta(days=20))
    assert when.day == day
    assert when.at == datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def test_past_moments():
    """A clock time narrows a day down; a day of the run counts from the start."""
    assert past_in("yesterday at 10:30", lexicon("en"), NOW, None).at == datetime(
        2026, 3, 11, 10, 30, tzinfo=UTC
    )
    started = NOW - timedelta(days=9)
    assert past_in("how was it on day 3", lexicon("en"), NOW, started).at == started + timedelta(
        days=3
    )
    assert past_in("how is it", lexicon("en"), NOW, started) is None


def test_days_until():
    """Until a coming weekday or date; a day that is over gives nothing."""
    assert days_until("until Friday", lexicon("en"), NOW) == 1
    assert days_until("bis Donnerstag", lexicon("de"), NOW) == 7
    assert days_until("until 20 March", lexicon("en"), NOW) == 8
    assert days_until("until 1 March", lexicon("en"), NOW) is None


@pytest.mark.parametrize(
    ("last", "text", "intent"),
    [
        (Intent.WAIT, "a week instead", Intent.WAIT),
        (Intent.END_NOW, "and two weeks?", Intent.WAIT),
        (Intent.TRAFFIC, "and with 25 %?", Intent.TRAFFIC),
        (Intent.THRESHOLD, "and at 99 %?", Intent.THRESHOLD),
        (Intent.RESULTS, "and yesterday?", Intent.HISTORY),
        (Intent.FORECAST, "and the checkout test?", Intent.FORECAST),
        (Intent.RESULTS, "and the other one?", Intent.COMPARE),
    ],
)
def test_followups(last, text, intent):
    """A short question carries the one before on."""
    assert asked(text, intent=last, experiment_id=11).intent is intent


def test_answer_to_which_one():
    """The name alone answers the question which one was meant."""
    assert asked("checkout", pending=Intent.END_NOW).intent is Intent.END_NOW


def test_every_language_has_every_list():
    """The four word lists know the same intents, terms and missing facts."""
    english = lexicon("en")
    for code in LANGUAGES:
        other = lexicon(code)
        assert set(other.intents) == set(english.intents)
        assert list(other.terms) == list(english.terms)
        assert set(other.missing) == set(english.missing)
