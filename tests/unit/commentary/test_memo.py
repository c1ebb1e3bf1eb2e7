"""The decision memo: complete, stamped, escaped, and carrying the record it was computed from."""

import json
import re

import pytest

from lib import wording
from lib.commentary.memo import MemoInput, memo_html, memo_markdown
from lib.experiments.model import Alert, AlertKind
from tests.builders import views_by_state
from tests.unit.commentary.cases import NOW, START, a_call, an_experiment, moments

CASES = moments()
EVIL = '</script><img src=x onerror=alert(1)> ![x](https://evil.example/a) | `x` $5 "q"'


def a_memo(name="winner", **changes):
    experiment, analysis, forecast = CASES[name]
    given = {
        "experiment": experiment,
        "analyses": (analysis, CASES["mean"][1]) if analysis else (),
        "forecast": forecast,
        "calls": (a_call(),),
        "alerts": (
            Alert(
                key="k",
                experiment_id=12,
                kind=AlertKind.PROVEN_BETTER,
                text="blue is better",
                raised_at=NOW,
            ),
        ),
        "record_json": json.dumps({"a": 0.1, "b": "</script>```"}),
        "as_of": analysis.snapshot.as_of if analysis else None,
        "checked_at": NOW,
        "server_now": NOW,
        "data_label": "simulated",
    }
    return MemoInput(**(given | changes))


def test_the_memo_says_everything_that_was_decided_on():
    """Verdict, interval, method, plan, timeline, both clocks and the data label are all there."""
    text = memo_markdown(a_memo()).replace("\\", "")
    for part in (
        "Decision memo: Checkout button",
        "**Proven**",
        "blue is better: +6.2 % (between +1.9 % and +10.5 %).",
        "| control (baseline) | 8.02 % | 15,020 | 1,204 | – | – | – |",
        "| blue | 8.68 % | 15,148 | 1,315 | +8.3 % | +2 % to +15 % | 97 of 100 |",
        "Revenue per visitor",
        "Made to find a change of 5 % with 40,000 visitors in 14 days.",
        "Holm",
        "Crossed the line: blue",
        "Data as of 13 May 2026, 14:02 UTC; checked 13 May 2026, 14:05 UTC.",
        "Data: simulated",
        "✓ One full week",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("name", "stamp"),
    [
        ("too early", "Too early to decide"),
        ("split off", "Under suspicion: do not use"),
        ("ahead", "Not proven"),
        ("withdrawn", "Withdrawn"),
        ("no analysis", "Too early to decide"),
    ],
)
def test_the_stamp_travels_with_the_memo(name, stamp):
    """Nobody can hand on a memo of an undecided test without its stamp."""
    memo = a_memo(name, calls=())
    assert f"**{stamp}**" in memo_markdown(memo).replace("\\", "")
    assert stamp in memo_html(memo)


def test_a_chosen_range_is_stamped_exploratory():
    """A range filter is not the test."""
    assert "Exploratory" in memo_markdown(a_memo(is_exploratory=True))


def test_the_record_comes_out_as_it_went_in():
    """The JSON carried by both formats is equal to the one that was given."""
    memo = a_memo()
    page = memo_html(memo)
    carried = re.search(
        r'<script type="application/json" id="record">(.*?)</script>', page, re.DOTALL
    )
    assert json.loads(carried[1]) == json.loads(memo.record_json)
    code = re.search(r"(?m)^(`{4,})json\n(.*)\n\1$", memo_markdown(memo), re.DOTALL)
    assert code[2] == memo.record_json


def test_hostile_names_do_nothing():
    """Names and descriptions are text in both formats: no tag, no link, no address."""
    experiment = an_experiment(name=EVIL, description=EVIL, started_at=START)
    memo = a_memo(experiment=experiment)
    page = memo_html(memo)
    assert "<img" not in page
    assert page.count("</script>") == 1
    assert "evil.example" not in page
    text = memo_markdown(memo)
    assert not re.search(r"(?<!\\)!\[|(?<!\\)<img", text.split("## The record")[0])
    assert "evil.example" not in text


@pytest.mark.parametrize("lang", wording.LANGS)
def test_every_state_has_its_memo(lang):
    """Real views of every state become a memo in every language, without an unfilled slot."""
    for name, view in views_by_state().items():
        memo = MemoInput(
            experiment=view.experiment,
            analyses=view.analyses,
            forecast=view.forecast,
            as_of=view.as_of,
            checked_at=view.checked_at,
            server_now=view.server_now or NOW,
        )
        for text in (memo_markdown(memo, lang=lang), memo_html(memo, lang=lang)):
            assert "[[" not in text, name
            assert "nan" not in text.lower().split(), name
