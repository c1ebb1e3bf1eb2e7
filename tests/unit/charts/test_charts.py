"""The figures: titles and units, empty and blocked input, values rounded, names without mark-up."""

import json
import re
from datetime import UTC, datetime, timedelta
from math import inf, nan
from pathlib import Path

import pandas as pd
import pytest

from lib.charts import (
    evidence_over_time,
    gauge,
    intervals,
    lift_over_time,
    participants,
    rates,
    sparkline,
    split,
    theme,
)
from lib.charts.intervals import Row
from lib.charts.timeline import Arm, Canvas
from lib.stats.results import Interval

START = datetime(2026, 3, 1, tzinfo=UTC)
ARMS = (Arm(key="control", name="Control", place=0), Arm(key="blue", name="<b>Blue</b>", place=1))
CANVAS = Canvas(arms=ARMS, span=(START, START + timedelta(days=9)))


def a_trend(days=9):
    """Four moments a day; the treatment has no numbers in the first half day."""
    rows = []
    for step in range(days * 4):
        at = pd.Timestamp(START) + pd.Timedelta(hours=6 * step)
        early = step < 2
        base = {"at": at, "n": 100.0 * (step + 1), "rate": 0.1}
        rows.append(base | {"arm_key": "control", "lift": nan, "low": nan, "high": nan,
                            "single_low": nan, "single_high": nan, "evidence": nan,
                            "evidence_now": nan, "single_evidence": nan})  # fmt: skip
        rows.append(base | {"arm_key": "blue", "lift": nan if early else 0.05123456,
                            "low": nan if early else -inf if step == 2 else -0.02,
                            "high": nan if early else inf if step == 2 else 0.12,
                            "single_low": 0.0, "single_high": 0.1, "evidence": 0.02 * step,
                            "evidence_now": 0.01 * step, "single_evidence": 0.9})  # fmt: skip
    return pd.DataFrame(rows).assign(share=0.5, balance_p=1.0)


OVER_TIME = {
    "lift": lift_over_time.figure,
    "evidence": evidence_over_time.figure,
    "rates": lambda f, c: rates.figure(f, c, unit="share who bought", is_share=True),
    "participants": participants.figure,
    "per_day": participants.per_day,
    "split": split.figure,
}


@pytest.mark.parametrize("make", OVER_TIME.values(), ids=OVER_TIME)
def test_over_time_has_title_units_and_the_shared_axis(make):
    """Every figure over time has a title, a unit on both axes, and the page's time range."""
    fig = make(a_trend(), CANVAS)
    assert fig.layout.title.text
    assert fig.layout.yaxis.title.text
    assert "time" in fig.layout.xaxis.title.text
    assert tuple(fig.layout.xaxis.range) == ("2026-03-01 00:00:00", "2026-03-10 00:00:00")
    assert len(fig.data) > 0
    assert not any("<b>" in (t.name or "") for t in fig.data), "a name is not mark-up"


@pytest.mark.parametrize("make", OVER_TIME.values(), ids=OVER_TIME)
def test_over_time_without_rows_says_so(make):
    """No rows, no lines: a sentence stands in the figure."""
    fig = make(a_trend().iloc[:0], CANVAS)
    assert len(fig.data) == 0
    assert fig.layout.annotations[-1].text


def test_unknown_is_a_gap_and_infinite_is_cut():
    """A moment without a number is a gap in the line; an infinite end never reaches the browser."""
    fig = lift_over_time.figure(a_trend(), CANVAS)
    line = next(t for t in fig.data if t.hovertemplate)
    assert line.y[0] is None
    assert "Infinity" not in fig.to_json()
    assert "NaN" not in fig.to_json()
    assert line.y[3] == 0.05123  # rounded to five decimals


def test_days_are_full_days():
    """Visitors a day: 400 on each full day (four times 100), the first and the running day left out."""
    fig = participants.per_day(a_trend(days=5), CANVAS)
    assert list(fig.data[0].y) == [400.0] * 3


def test_marks_are_lines_and_breaks_are_dotted():
    """A change of the split is a dotted line: what comes after is another test."""
    marks = (
        theme.Mark(at=START + timedelta(days=3), label="Split changed", is_break=True),
        theme.Mark(at=START + timedelta(days=5), label="Crossed"),
    )
    fig = rates.figure(a_trend(), Canvas(arms=ARMS, marks=marks), unit="share", is_share=True)
    assert [s.line.dash for s in fig.layout.shapes[:2]] == ["dot", "solid"]


@pytest.mark.parametrize(
    ("evidence", "shown"), [(0.0, 0.0), (0.784, 78.0), (0.9499, 94.99), (0.95, 95.0)]
)
def test_gauge_never_rounds_up_to_the_line(evidence, shown):
    """The needle reads 0 to 100 and stands below 95 until the line is reached."""
    fig = gauge.figure(evidence, name="Blue")
    assert fig.data[0].value == pytest.approx(shown)
    assert list(fig.data[0].gauge.axis.tickvals) == [0, 80, 95, 100]


def test_gauge_without_a_number():
    """Nothing known: no needle, no zero, a dash."""
    fig = gauge.figure(None, name="Blue")
    assert fig.data[0].mode == "gauge"
    assert len(fig.data[0].gauge.steps) == 3
    assert fig.layout.annotations[0].text == "–"
    assert "no reading" in gauge.alt(None, "Blue")


def test_gauge_loses_its_colours_when_health_is_in_doubt():
    """Under suspicion all bands are grey."""
    steps = gauge.figure(0.9, name="Blue", is_muted=True).data[0].gauge.steps[:3]
    assert {s.color for s in steps} == {theme.LIGHT.band_low}


def a_row(low=-0.02, high=0.1, **changes):
    base = {"label": "Buy", "place": 1, "interval": Interval(low=low, high=high), "lift": 0.04}
    return Row(**(base | changes))


def test_intervals_are_faint_until_decided():
    """An undecided bar is fainter than a decided one."""
    faint, strong = (
        float(
            re.search(r",([\d.]+)\)$", intervals.figure([a_row(is_decided=d)]).data[0].line.color)[
                1
            ]
        )
        for d in (False, True)
    )
    assert faint < 0.5 < strong


def test_blocked_row_says_why():
    """A row without an interval has its reason where the bar would be, and no bar."""
    fig = intervals.figure([Row(label="Buy", place=1, why="needs 100 visitors in each arm")])
    assert len(fig.data) == 0
    assert any("needs 100 visitors" in a.text for a in fig.layout.annotations)


def test_cut_end_fades():
    """An end outside the picture fades out in steps and nothing is drawn beyond the axis."""
    rows = [a_row(low=-0.03, high=0.03), a_row(low=-0.02, high=inf)]
    fig = intervals.figure(rows)
    edge = fig.layout.xaxis.range[1]
    assert max(x for t in fig.data for x in t.x) <= edge
    alphas = {t.line.color for t in fig.data if t.mode == "lines" and max(t.x) > 0.8 * edge}
    assert len(alphas) == 4


def test_nothing_to_compare():
    """No rows: a sentence, no axis of invented numbers."""
    fig = intervals.figure([])
    assert fig.layout.annotations[0].text == "Nothing to compare yet."


def test_axis_never_goes_below_losing_everything():
    """A change cannot be below minus one hundred percent, so the axis ends there."""
    low, high = intervals.figure([a_row(low=-0.9, high=3.0)]).layout.xaxis.range
    assert low >= -1.08
    assert high > 3


def test_sparkline_of_nothing():
    """An empty line is drawn without an error and told in words."""
    assert len(sparkline.figure([]).data) == 1
    assert sparkline.alt([], "Visitors") == "Visitors: no history yet."
    assert sparkline.alt([1.0, nan, 3.0], "Visitors") == "Visitors rose over the last 2 readings."


def test_light_and_dark_colours_are_one_to_one():
    """Each light colour has one role, so the browser can exchange it for exactly one dark one."""
    for pair in (False, True):
        light = theme.theme(is_blue_orange=pair)
        flat = [c.lower() for c in (*theme._flat(light),)]
        assert len(set(flat)) == len(flat)


def test_browser_knows_the_same_colours():
    """The table in the browser's module is the one of the theme."""
    source = (Path(__file__).parents[3] / "static" / "live_plot.js").read_text()
    table = re.search(r"const SWAP = (\{.*?\});", source, re.DOTALL)[1]
    assert json.loads(re.sub(r",\s*}", "}", table)) == {
        light: dark.lower() for light, dark in theme.swap().items()
    }
