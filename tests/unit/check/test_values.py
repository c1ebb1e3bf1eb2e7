"""Every fact of every real view agrees with its own words, and the corruption bench holds in small."""

import pytest

from lib import wording
from lib.commentary.sentences import facts_of, names_of
from lib.copilot.check.judge import Court
from lib.copilot.check.values import agrees
from lib.wording.tongues import tongue
from tests.bench.number_check import TARGETS, measure
from tests.builders import views_by_state


@pytest.mark.parametrize("lang", wording.LANGS)
def test_every_fact_agrees_with_its_own_words(lang):
    """Whatever the sheet shows is read back as the value it was printed from, in every language."""
    for name, view in views_by_state().items():
        facts = facts_of(
            view.experiment,
            view.primary,
            view.forecast,
            server_now=view.server_now,
            lang=lang,
            others=view.analyses[1:],
        )
        court = Court(facts, names=names_of(view.experiment), lang=lang)
        for fact in facts:
            word = "evidence " if fact.topic == "evidence" else "p = " if fact.unit == "p" else ""
            tail = (
                f" {tongue(lang).day[1]}" if "wait_from" in fact.id else ""
            )  # stands before "to 9 days"
            scene = court.read(f"{word}{fact.shown}{tail}")
            assert scene.mentions, (name, fact.id, fact.shown)
            assert all(agrees(m, fact, scene, lang) for m in scene.mentions), (name, fact)


@pytest.mark.parametrize("answers", ["fresh", "second"])
def test_the_bench_in_small(answers):
    """Of answers with one number, sign, unit, arm or metric turned round nearly all are stopped."""
    passed, caught, total = measure(answers, 150, seed=11)
    assert sum(caught.values()) >= TARGETS["caught"] * sum(total.values()) - 2
    assert passed[True] >= TARGETS["passed"] * sum(passed.values())
