"""What a number means is settled from the words: a right value in another meaning is stopped, in its own it passes."""

import random

import pytest

from lib.copilot.check import SentenceStream, check_sentence, context_of, sentences_of
from lib.copilot.check.place import rows_of
from lib.copilot.claims import wrong_claim
from lib.experiments.facts import Fact, Unit
from tests.bench.answer_worlds import world
from tests.bench.number_check import gate

WORLD = world("up", "en", random.Random(3))
FACTS = WORLD.facts


def shown(slot):
    return FACTS[slot].shown.replace(" %", "%")


def wrong(text, before=""):
    found = check_sentence(text, WORLD.sheet, names=WORLD.names, before=before)
    return {f.text: f.reason for f in found}


def stopped(text):
    return bool(gate(text, WORLD).bad)


def test_a_value_of_another_meaning_is_stopped():
    """Evidence is not the line, the plan's days are not those left, visitors are not conversions."""
    evidence, line = "47", "95"
    assert FACTS["evidence.1"].shown == f"{evidence} of 100"
    assert not wrong(f"The evidence of {evidence} has not passed the line of {line} of 100.")
    assert wrong(f"The evidence of {line} has not passed the line of {evidence} of 100.")
    days = FACTS["days_left"].shown
    assert not wrong(f"{days} remain until the planned end.")
    assert wrong("14 days remain until the planned end.")
    assert wrong(f"blue has {FACTS['n.1'].shown} conversions.")


def test_two_exchanged_numbers_are_stopped():
    """Each number stands where only the other may."""
    n, x = FACTS["n.1"].shown, FACTS["conversions.1"].shown
    assert not wrong(f"{x} of the {n} visitors of blue converted.")
    assert wrong(f"{n} of the {x} visitors of blue converted.")
    low, high = shown("lift_low.1"), shown("lift_high.1")
    assert not wrong(f"The interval goes from {low} to {high}.")
    assert wrong(f"The interval goes from {high} to {low}.")


def test_a_table_is_read_with_its_heads_and_labels():
    """A cell is what its column and row say."""
    head = "| Variant | Visitors | Conversions |\n"
    row = f"| blue | {FACTS['n.1'].shown} | {FACTS['conversions.1'].shown} |\n"
    assert not stopped(head + "|---|---|---|\n" + row)
    assert stopped(head.replace("Visitors", "Orders").replace("Conversions", "Visitors") + row)
    assert stopped(head + row.replace("blue", "control"))
    assert context_of([head, "|---|---|---|\n"], row) == head


def test_rows_of_a_what_if_keep_their_numbers():
    """What holds after 7 days does not hold after 3, and better is not worse."""
    soon, later = FACTS["s1:better.1"].shown, FACTS["s2:better.1"].shown
    assert soon != later
    assert not wrong(f"After 3 more days the chance that blue is proven better is {soon}.")
    assert wrong(f"After 3 more days the chance that blue is proven better is {later}.")
    assert wrong(f"After 3 more days the chance that blue is proven worse is {soon}.")
    assert wrong(f"After 3 more days the chance that control is proven better is {soon}.")


def test_evidence_against_an_arm_is_that_arms():
    """ "Against" compares after a value, but after "evidence" it names whose evidence it is."""
    evidence = FACTS["evidence.1"].shown
    assert not wrong(f"The evidence against blue stands at {evidence}.")
    assert wrong(f"The evidence against control stands at {evidence}.")


def test_the_planned_end_is_the_last_row_of_a_what_if():
    """6 days and some hours are told as 7 days left; what holds after 7 days is not what holds at the end."""
    facts = [
        Fact(id="days_left", value=7.0, shown="7 days", topic="left", unit=Unit.DAYS),
        *(
            Fact(id=f"s{row}:days.1", value=days, shown=f"{days} d", topic="stop", unit=Unit.DAYS)
            for row, days in enumerate((0.0, 3.0, 7.0, 6.2))
        ),
    ]
    assert rows_of(facts).last == 3


def test_directions_without_a_number_are_claims():
    """Who is better, and what rose or fell, is held against the computed change."""
    control, blue = shown("rate.0"), shown("rate.1")
    assert not wrong(f"blue is better than control: {blue} against {control}.")
    assert "worse" in wrong(f"blue is worse than control: {blue} against {control}.")
    assert not wrong(f"Conversion rose from {control} in control to {blue} in blue.")
    assert "fell" in wrong(f"Conversion fell from {control} in control to {blue} in blue.")
    assert not wrong("blue may still turn out worse than control.")


def test_a_few_digits_need_words_that_tell_what_they_are():
    """A coarse number that could be several things is stopped, one of many digits tells it by itself."""
    assert wrong(f"blue: {FACTS['s1:better.1'].shown}.")
    assert not wrong(f"blue: {FACTS['n.1'].shown}.")


def test_it_goes_on_about_what_was_said():
    """A sentence without words of its own means what the last one meant."""
    first = "If you stop now, the chance of shipping the worse arm is "
    first += FACTS["s0:ship_worse.1"].shown + "."
    then = "After 7 more days it is {}."
    assert not wrong(then.format(FACTS["s2:ship_worse.1"].shown), before=first)
    assert wrong(then.format(FACTS["s2:better.1"].shown), before=first)


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("Evidence of 78 has already passed the line of 95.", True),
        ("Evidence of 78 has not yet passed the line of 95.", False),
        ("No, it is already significant: the evidence is 78 of 100.", True),
        ("Die Belege haben die Linie von 95 bereits erreicht.", True),
        ("Die Belege haben die Linie von 95 noch nicht erreicht.", False),
        ("La preuve a déjà atteint la ligne de 95.", True),
        ("La evidencia ya ha llegado a la línea de 95.", True),
        ("Nothing is proven, it is already called: 78 of 100.", True),
        ("When it reaches 95, it is already called.", False),
        ("The chance that blue is proven better is 1 in 5.", False),
        ("blue hat etwa 8 % gewonnen.", False),
        ("It is proven when the evidence reaches 95 of 100.", False),
    ],
)
def test_the_line_is_not_passed_by_words(text, is_wrong):
    """No sentence says that the line is passed before the verdict does."""
    assert bool(wrong_claim(text, is_ready=False)) is is_wrong
    assert not wrong_claim(text, is_ready=True)


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("de", "Der Plan endet am 28. November. Das sind 3 Tage. Am 3. Mai ging es los."),
        ("en", "It ends on 28 Nov. 2026. Nov. 26 is near. We saw 28. Not more."),
        ("fr", "Le 28 nov. 2026 on finit. C'est le 1er mai. Fin."),
        ("es", "El 28 de noviembre termina. Faltan 3 días. Fin."),
    ],
)
def test_a_date_is_not_cut_wherever_the_text_is_cut(lang, text):
    """Sentences do not depend on how the words arrive."""
    whole = list(sentences_of(text, lang))
    for cut in range(len(text)):
        stream = SentenceStream(lang)
        out = [*stream.feed(text[:cut]), *stream.feed(text[cut:]), *stream.finish()]
        assert out == whole, text[:cut]


def test_prozentpunkt_and_spaced_thousands_are_read():
    """One point in German, and thousands with a space in any language."""
    german = world("up", "de", random.Random(3))
    found = check_sentence(
        "Der Abstand beträgt 9,99 Prozentpunkt.", german.sheet, names=german.names, lang="de"
    )
    assert [f.text for f in found] == ["9,99 Prozentpunkt"]
    assert not wrong(f"blue has {FACTS['n.1'].shown.replace(',', ' ')} visitors.")
