"""Laws of the number check: what the wording prints passes, one step further fails, in every language."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lib import wording
from lib.copilot.check import SentenceStream, check_sentence
from lib.experiments.facts import Fact, Unit

LANGS = st.sampled_from(wording.LANGS)


def fact(value, unit, topic, shown, subject="blue", **more):
    return Fact(
        id=f"{topic}.1", value=value, unit=unit, topic=topic, shown=shown, subject=subject, **more
    )


def moved(shown, lang):
    """The same with one more in the last digit."""
    mark = re.search(r"\d(?=\D*$)", shown)
    digit = int(mark[0])
    other = digit + 1 if digit < 9 else digit - 1
    return shown[: mark.start()] + str(other) + shown[mark.end() :]


def passes(text, facts, lang):
    return not check_sentence(text, facts, names={"blue": "blue"}, lang=lang)


SAYS = {
    "rate": {"en": "rate", "de": "Rate", "fr": "taux", "es": "tasa"},
    "evidence": {"en": "evidence", "de": "Belege", "fr": "preuve", "es": "evidencia"},
    "visitors": {"en": "visitors", "de": "Besucher", "fr": "visiteurs", "es": "visitantes"},
}


@settings(max_examples=150, deadline=None)
@given(st.floats(0.0002, 0.9), LANGS)
def test_rates(value, lang):
    """A printed rate passes, one step in its last digit does not."""
    shown = wording.percent(value, lang=lang)
    one = [fact(value, Unit.RATE, "rate", shown)]
    assert passes(f"blue: {SAYS['rate'][lang]} {shown}.", one, lang)
    assert not passes(f"blue: {SAYS['rate'][lang]} {moved(shown, lang)}.", one, lang)


@settings(max_examples=150, deadline=None)
@given(st.floats(-0.9, 3), st.integers(0, 2), LANGS)
def test_lifts(value, digits, lang):
    """A printed change passes; one step further, or with the other sign, it does not."""
    shown = wording.signed_percent(value, digits, lang=lang)
    assume(shown[0] in "+−")
    one = [fact(value, Unit.LIFT, "lift", shown, better=1)]
    assert passes(f"blue: {shown}.", one, lang)
    assert not passes(f"blue: {moved(shown, lang)}.", one, lang)
    turned = ("−" if shown[0] == "+" else "+") + shown[1:]
    assert not passes(f"blue: {turned}.", one, lang)


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 9_999_999), LANGS)
def test_counts(value, lang):
    """A printed count passes, one more or less does not."""
    shown = wording.count(value, lang=lang)
    one = [fact(value, Unit.COUNT, "traffic", shown)]
    assert passes(f"blue: {shown} {SAYS['visitors'][lang]}.", one, lang)
    assert not passes(f"blue: {moved(shown, lang)} {SAYS['visitors'][lang]}.", one, lang)


@settings(max_examples=150, deadline=None)
@given(st.floats(0, 0.9999), LANGS)
def test_evidence(value, lang):
    """Printed evidence passes, one step further does not, and never over the line."""
    shown = wording.evidence(value, lang=lang)
    number = wording.evidence(value, lang=lang, dialect="number")
    one = [fact(wording.evidence_value(value), Unit.RATE, "evidence", shown)]
    assert passes(f"blue: {SAYS['evidence'][lang]} {shown}.", one, lang)
    wrong = shown.replace(number, moved(number, lang), 1)
    assert not passes(f"blue: {SAYS['evidence'][lang]} {wrong}.", one, lang)


@settings(max_examples=100, deadline=None)
@given(st.integers(60, 86_400 * 60), LANGS)
def test_lengths_of_time(seconds, lang):
    """A printed length of time passes, one step further does not."""
    shown = wording.duration(seconds, lang=lang)
    one = [fact(seconds / 86_400, Unit.DAYS, "some", shown, subject=None)]
    assert passes(f"{shown}.", one, lang)
    assert not passes(f"{moved(shown, lang)}.", one, lang)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0001, 0.99), LANGS)
@example(0.125, "en")  # a tie goes to what we print
@example(0.375, "de")
def test_p_values(value, lang):
    """A printed p passes, one step further does not."""
    shown = wording.p(value, lang=lang)
    one = [fact(value, Unit.P, "p always", shown)]
    assert passes(f"blue: p = {shown}.", one, lang)
    assert not passes(f"blue: p = {moved(shown, lang)}.", one, lang)


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1)), LANGS)
def test_dates(naive, lang):
    """A printed date passes, the day after does not."""
    at = naive.replace(tzinfo=UTC)
    shown = wording.date(at, lang=lang)
    one = [fact(at.timestamp(), Unit.DATE, "some", shown, subject=None)]
    assert passes(f"({shown}).", one, lang)
    assert not passes(f"({wording.date(at + timedelta(days=1), lang=lang)}).", one, lang)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.integers(1, 20))
def test_the_stream_loses_nothing(text, size):
    """Whatever a model writes, the sentences joined are the text."""
    stream = SentenceStream()
    out = [s for i in range(0, len(text), size) for s in stream.feed(text[i : i + size])]
    assert "".join([*out, *stream.finish()]) == text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), LANGS)
def test_any_text_is_read_without_an_error(text, lang):
    """No text makes the check raise."""
    check_sentence(text, [fact(0.5, Unit.RATE, "rate", "50 %")], names={"blue": "blue"}, lang=lang)
