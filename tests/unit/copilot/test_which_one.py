"""A name that fits several experiments is a question back, never a guess and never a failure."""

import pytest

from lib.copilot.answerer import answer
from lib.copilot.desk import Asking
from lib.copilot.question import Context
from lib.experiments.facts import text_of
from tests.desks import desk_of

TWO = {
    f"checkout {n}": {
        "name": f"Checkout {n}",
        "status": "running",
        "started_days_ago": 9,
        "variants": [
            {"key": "control", "participants": 4000, "conversions": 400},
            {"key": "blue", "participants": 4010, "conversions": 410},
        ],
        "visitors_per_day": 890,
    }
    for n in (1, 2)
}
QUESTIONS = {
    "en": "How is checkout doing?",
    "de": "Wie steht es um checkout?",
    "fr": "Où en est checkout ?",
    "es": "¿Cómo va checkout?",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A desk with two experiments called nearly the same."""
    with desk_of(TWO, tmp_path_factory.mktemp("two")) as found:
        yield found


@pytest.mark.parametrize("lang", QUESTIONS)
def test_both_candidates_are_named(desk, lang):
    """Both names are in the answer; nothing is embedded."""
    reply = answer(Asking(desk=desk, lang=lang), QUESTIONS[lang], Context())
    said = text_of(reply.sentences)
    assert "Checkout 1" in said
    assert "Checkout 2" in said
    assert reply.panel is None
