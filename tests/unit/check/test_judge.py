"""The number check: what may be shown, what may not, and the reason it gives."""

from dataclasses import replace

import pytest

from lib import wording
from lib.commentary.sentences import comment, facts_of, names_of
from lib.copilot.check import check_sentence, context_of, read_numbers, sentences_of
from lib.experiments.model import Goal
from lib.stats.results import State
from tests.builders import views_by_state
from tests.unit.commentary.cases import METRIC, NOW, an_analysis, an_estimate, moments

AHEAD = moments()["ahead"]
NAMES = names_of(AHEAD[0])


def sheet(lang="en", case=AHEAD, **more):
    experiment, analysis, forecast = case
    return facts_of(experiment, analysis, forecast, server_now=NOW, lang=lang, **more)


def wrong(text, lang="en", facts=None, **more):
    found = check_sentence(text, facts or sheet(lang), names=NAMES, lang=lang, **more)
    return {finding.text: finding.reason for finding in found}


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "Blue converts at 8.68% versus 8.02% for control."),
        ("en", "control and blue have 15,020 and 15,148 visitors."),
        ("en", "Control is behind by 8.3 %, with a difference of 0.66 percentage points."),
        ("en", "Evidence stands at **78 of 100**, and 95 is needed."),
        ("en", "Expect 4–9 more days, i.e. until 16 May at the earliest decision."),
        ("en", "| blue | 15,148 | 8.68 % | +8.3 % |"),
        ("en", "1. Wait for five more days, about 1,400 visitors a day."),
        ("en", "Blue has ８．６８％ conversion."),
        ("en", "p = 0.033, valid for one look."),
        ("en", "So far 15.1k people saw blue."),
        ("de", "Blue liegt um 8,3 % vorn; die Belege stehen bei 78 von 100."),
        ("de", "Am 4. Mai gestartet, läuft der Test seit 9 Tagen."),
        ("fr", "blue a 15\u202f148 visiteurs et convertit à 8,68 %."),
        ("es", "El final previsto es el 18 de mayo; control tiene 15.020 visitantes."),
    ],
)
def test_true_sentences_pass(lang, text):
    """Numbers said in the ways people say them pass when they are computed ones."""
    assert wrong(text, lang) == {}


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ("Blue converts at 8.69 %.", "8.69 %", "not among the computed facts"),
        ("Blue converts at 8.68 points.", "8.68 points", "not among the computed facts"),
        ("Blue has 15,020 visitors.", "15,020", "belongs to control"),
        ("Blue's evidence is 8.68 %.", "8.68 %", "speaks of evidence"),
        ("Blue is behind by 8.3 %.", "8.3 %", "the other way round"),
        ("Control is ahead by 8.3 %.", "8.3 %", "the other way round"),
        ("The observed lift of blue is −8.29 %.", "8.29 %", "the other way round"),
        ("Blue's conversion rate is 8.68 % higher.", "8.68 %", "no change"),
        ("It lies between −2 % and +11 %.", "11 %", "speaks of interval"),
        ("The lift is 95 %.", "95 %", "speaks of lift"),
        ("About 1,400 visitors per week.", "1,400", "not per week"),
        ("Blue gets 30,168 visitors.", "30,168", "all arms together"),
        ("It ends on 19 May, the planned end.", "19 May", "not among the computed facts"),
        ("Twice as many convert.", "Twice", "not among the computed facts"),
        ("Revenue rose by $5,000.", "$5,000", "not among the computed facts"),
        ("p = 0.0331 was 0.013 before.", "0.013", "not among the computed facts"),
        ("It converts at 8.68 ½ %.", "½", "not among the computed facts"),
    ],
)
def test_false_numbers_are_found_with_their_reason(text, number, reason):
    """A wrong value, unit, arm, topic, direction, range or period is named."""
    found = wrong(text)
    assert number in found, found
    assert reason in found[number]


def test_94_97_is_not_rounded_to_the_line():
    """Nobody, the model included, may round evidence up to 95."""
    case = (AHEAD[0], an_analysis(State.AHEAD, (an_estimate(evidence=0.9497),)), None)
    assert wrong("The evidence is at 94.97 of 100.", facts=sheet(case=case)) == {}
    assert wrong("The evidence is at 95.0 of 100, right at blue.", facts=sheet(case=case))


def test_better_follows_the_goal():
    """Where less is better a fall is ahead, and a sentence that calls it worse is stopped."""
    lower = an_analysis(
        State.AHEAD,
        (an_estimate(lift=-0.0201, ends=(-0.061, 0.023)),),
        metric=replace(METRIC, goal=Goal.DOWN),
    )
    facts = sheet(case=(AHEAD[0], lower, None))
    assert wrong("blue is ahead by 2.0 %.", facts=facts) == {}
    assert wrong("blue is 2.0 % lower.", facts=facts) == {}
    assert wrong("blue is behind by 2.0 %.", facts=facts)
    assert wrong("blue is 2.0 % higher.", facts=facts)


def test_numbers_of_the_question_may_be_repeated():
    """A number the reader named may come back, a percentage only as a condition."""
    asked = "What if I wait 11 more days and the lift is 20 %?"
    assert wrong("After 11 more days nothing is certain.", question=asked) == {}
    assert wrong("If the lift were 20 %, it would be quicker.", question=asked) == {}
    assert wrong("Blue shows a lift of 20 %.", question=asked)
    assert wrong("After 12 more days nothing is certain.", question=asked)


def test_further_metrics_must_be_named():
    """A value of a secondary metric may stand only in a sentence that names that metric."""
    facts = sheet(others=(moments()["mean"][1],))
    value = next(f for f in facts if f.id == "2:diff.1").shown
    assert wrong(f"Revenue per visitor of blue differs by {value}.", facts=facts) == {}
    assert wrong(f"Blue differs by {value}.", facts=facts)
    assert wrong("Revenue per visitor of blue: 8.68 %.", facts=facts)


def test_other_experiments_keep_their_numbers():
    """With two experiments in play a number belongs to the one that is named."""
    other = replace(AHEAD[0], id=13, name="Pricing page test")
    calm = an_analysis(State.AHEAD, (an_estimate(lift=-0.0333, ends=(-0.08, 0.01)),))
    facts = (
        *sheet(prefix="a:"),
        *facts_of(other, calm, None, server_now=NOW, prefix="b:"),
    )
    names = NAMES | names_of(other)
    told = check_sentence("Pricing page test: blue is at −3.3 %.", facts, names=names)
    assert told == ()
    told = check_sentence("Checkout button: blue is at −3.3 %.", facts, names=names)
    assert "another experiment" in told[0].reason


def test_names_lists_and_identifiers_are_no_numbers():
    """Names, list numbers and identifiers are left out, hidden numbers are not."""
    names = NAMES | {"Test 42 v2": "experiment:12"}
    text = "2. Test 42 v2 (experiment-123, #7) is running 24/7."
    assert read_numbers(text, sheet(), names=names) == ()
    assert wrong("Blue has 15,1\u200b49 visitors.")
    assert wrong("Blue converts at `9.99 %`.")


def test_each_number_opens_its_fact():
    """Every number that passes tells which fact it is."""
    found = read_numbers("Blue: 15,148 visitors, 8.68 %.", sheet(), names=NAMES)
    assert [f.fact_id for f in found] == ["n.1", "rate.1"]
    assert [f.text for f in found] == ["15,148", "8.68 %"]


@pytest.mark.parametrize("lang", wording.LANGS)
def test_our_own_sentences_pass(lang):
    """Whatever the rules write in any state and language passes the check that models must pass."""
    for name, view in views_by_state().items():
        told = comment(
            view.experiment, view.primary, view.forecast, server_now=view.server_now, lang=lang
        )
        facts = facts_of(
            view.experiment, view.primary, view.forecast, server_now=view.server_now, lang=lang
        )
        said = []
        for sentence in told:
            pool = {f.id: f for f in (*facts, *sentence.facts)}
            for text in sentences_of(sentence.text, lang):
                found = check_sentence(
                    text,
                    tuple(pool.values()),
                    names=names_of(view.experiment),
                    lang=lang,
                    before=context_of(said, text),
                )
                assert found == (), (name, text)
                said.append(text)
