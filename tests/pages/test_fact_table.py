"""The table of figures: every row tells what the figure is and what it was computed from."""

import pytest

from lib import wording
from lib.commentary.sheet import facts_of
from lib.experiments.facts import Fact, Sentence, Unit
from lib.ui.markup import text_of
from lib.ui.sentences import fact_node, fact_table, sentence_nodes
from lib.ui.viewer import Viewer
from tests.builders import NOW, views_by_state

WHO = Viewer(now=NOW)


def sheet_of(view):
    return facts_of(view.experiment, view.primary, view.forecast, server_now=NOW)


def rows_of(node):
    """All cells of the body, row by row, as read."""
    if not isinstance(node, list):
        return []
    if node[0] == "tr":
        return [[text_of(cell) for cell in node[2:] if cell[0] == "td"]]
    return [row for child in node[2:] for row in rows_of(child)]


@pytest.mark.parametrize("name", sorted(views_by_state()))
def test_every_row_says_what_and_from_what(name):
    """No figure on the page stands without its definition and its inputs."""
    view = views_by_state()[name]
    facts = sheet_of(view)
    names = {variant.key: variant.name for variant in view.experiment.variants}
    rows = [row for row in rows_of(fact_table(facts, WHO, names)) if row]
    assert len(rows) == len(facts)
    assert all(what and made_of not in {"", wording.UNKNOWN} for _, _, what, made_of in rows)


def test_an_opened_number_tells_its_inputs():
    """The counts of both arms stand behind the observed change."""
    view = views_by_state()["guardrails_fine"]
    lift = next(fact for fact in sheet_of(view) if fact.id == "lift.1")
    said = text_of(fact_node(lift, WHO))
    control, arm = (f"{a.total:,.0f} of {a.n:,}" for a in view.primary.arms)
    assert "From: Control " in said
    assert f"({control})" in said
    assert f"({arm})" in said


def test_a_bracket_stays_with_its_figure():
    """ "(" and the figure after it are one piece, so that no line ends between them."""
    fact = Fact(id="never", value=0.02, shown="less than 1 in 50", topic="never", unit=Unit.RATE)
    sentence = Sentence(template="It will not decide ([[never]]).", facts=(fact,))
    nodes = sentence_nodes(sentence, Viewer(now=NOW))
    assert nodes[0] == "It will not decide "
    assert nodes[1][1]["class"] == "joined"
    assert nodes[1][2] == "("
    assert nodes[2] == ")."
