"""Texts of slots: no digit outside a slot, no unknown slot, no slot in the wrong place."""

import pytest

from lib.commentary.sentences import comment, facts_of, names_of
from lib.copilot.check import check_slots
from tests.builders import views_by_state
from tests.unit.commentary.cases import NOW, moments

EXPERIMENT, ANALYSIS, FORECAST = moments()["ahead"]
FACTS = facts_of(EXPERIMENT, ANALYSIS, FORECAST, server_now=NOW)
LABELS = {"arm.0": "control", "arm.1": "blue"}


def wrong(text):
    found = check_slots(text, FACTS, names=names_of(EXPERIMENT), labels=LABELS)
    return [finding.reason for finding in found]


def test_a_good_text_passes():
    """Slots in their places are not objected to."""
    assert wrong("[[arm.1]] converts at [[rate.1]], ahead by [[lead.1]].") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Blue is at 9 %.", "a figure outside a slot"),
        ("Blue is at ٩.", "a figure outside a slot"),
        ("Blue is at [[lift.9]].", "no such fact"),
        ("[[arm.0]] converts at [[rate.1]].", "that value belongs to blue"),
        ("[[arm.1]] has an evidence of [[rate.1]].", "speaks of evidence"),
        ("[[arm.1]] is behind by [[lead.1]].", "the other way round"),
    ],
)
def test_a_bad_text_is_refused(text, reason):
    """Figures, unknown slots and misplaced slots each refuse the text."""
    assert reason in "; ".join(wrong(text))


def test_the_rules_own_templates_pass():
    """Every sentence the rules write is a text of slots that passes."""
    for name, view in views_by_state().items():
        told = comment(view.experiment, view.primary, view.forecast, server_now=view.server_now)
        for sentence in told:
            found = check_slots(
                sentence.template,
                sentence.facts,
                names=names_of(view.experiment),
                labels=dict(sentence.names),
            )
            assert found == (), (name, sentence.text)
