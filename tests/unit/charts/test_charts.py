"""The figures: titles and units, empty and blocked input, values rounded, names without mark-up."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from pathlib import Path

import numpy as np
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
from lib.stats.movement import Movement, nothing
from lib.stats.results import Interval

START = datetime(2026, 3, 1, tzinfo=UTC)
ARMS = (Arm(key="control", name="Control", place=0), Arm(key="blue", name="<b>Blue</b>", place=1))
CANVAS = Canvas(arms=ARMS, span=(START, START + timedelta(days=9)))


def a_trend(days=9, n_daily=0):
    """Four moments a day; the treatment has no numbers in the first half day. The first rows may be daily figures."""
    step = np.arange(4.0 * days)
    early = step < 2
    nothing = np.full(len(step), nan)

    def compared(values):
        return np.column_stack([nothing, values])

    return Movement(
        keys=("control", "blue"),
        at=START.timestamp() + 6 * 3600 * step,
        lift=compared(np.where(early, nan, 0.05123456)),
        low=compared(np.where(early, nan, np.where(step == 2, -inf, -0.02))),
        high=compared(np.where(early, nan, np.where(step == 2, inf, 0.12))),
        single_low=compared(np.zeros(len(step))),
        single_high=compared(np.full(len(step), 0.1)),
        evidence=compared(0.02 * step),
        evidence_now=compared(0.01 * step),
        single_evidence=compared(np.full(len(step), 0.9)),
        rate=np.full((len(step), 2), 0.1),
        n=np.column_stack([100 * (step + 1)] * 2),
        share=np.full((len(step), 2), 0.5),
        balance_p=np.ones(len(step)),
        is_daily=step < n_daily,
    )


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
    fig = make(nothing(("control", "blue")), CANVAS)
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
    """Visitors a day: 400 on each full day (four times 100), the day that began before the first row and the
    running one left out; the row at midnight closes the day before."""
    moved = a_trend(days=5)
    fig = participants.per_day(moved.rows(slice(1, None)), CANVAS)
    assert list(fig.data[0].y) == [400.0] * 3
    assert fig.data[0].x[0] == "2026-03-02T00:00:00"
    fig = participants.per_day(moved.rows(slice(1, 17)), CANVAS)  # the last row is at midnight
    assert list(fig.data[0].y) == [400.0] * 3


def test_values_name_their_metric():
    """The metric's name stands in the title as text, so that a saved picture tells whose values it shows."""
    fig = rates.figure(
        a_trend(), CANVAS, unit="share of visitors", is_share=True, metric="<b>Buy</b>"
    )
    assert fig.layout.title.text.startswith("Value of each arm: ")
    assert "<b>" not in fig.layout.title.text
    assert "Buy" in fig.layout.title.text
    assert fig.layout.yaxis.title.text == "share of visitors"


WITH_LINES = {name: make for name, make in OVER_TIME.items() if name != "per_day"}


@pytest.mark.parametrize("make", WITH_LINES.values(), ids=WITH_LINES)
def test_daily_figures_look_and_read_differently(make):
    """Rows of PostHog's daily series are open circles on a dashed line, named in legend and hover; readings of the
    day keep the solid line. An arm's parts come and go together."""
    fig = make(a_trend(n_daily=8), CANVAS)
    dashed, solid, rings = (trace for trace in fig.data if trace.legendgroup == "blue")
    assert (dashed.line.dash, solid.line.dash) == ("dash", None)
    assert (rings.marker.color, rings.marker.line.color) == (theme.LIGHT.ground, solid.line.color)
    assert list(solid.y[:8]) == [None] * 8
    assert None not in solid.y[8:]
    assert (rings.x[0], rings.x[-1]) == ("2026-03-01T00:00:00", "2026-03-02T18:00:00")
    words = [row if isinstance(row, str) else row[-1] for row in dashed.customdata]
    assert words == [", daily figure from PostHog"] * 8 + [""] * (len(words) - 8)
    assert "customdata" in dashed.hovertemplate.rpartition("%")[2]
    assert (solid.hoverinfo, rings.hoverinfo) == ("skip", "skip")
    assert [trace.name for trace in fig.data if trace.mode == "lines+markers"] == [
        "daily figure from PostHog"
    ]
    assert (solid.showlegend, dashed.showlegend, rings.showlegend) == (None, False, False)


@pytest.mark.parametrize("make", OVER_TIME.values(), ids=OVER_TIME)
def test_without_daily_figures_nothing_speaks_of_them(make):
    """Readings alone: no circles, no legend entry, no hatch."""
    assert "daily figure" not in make(a_trend(), CANVAS).to_json()


def test_days_that_end_with_a_daily_figure_are_hatched():
    """Bars of days known from the daily series are hatched and say so; those of readings are full."""
    moved = a_trend(days=5)
    is_daily = np.isin(np.arange(len(moved)), [4, 8])  # the ends of the first two days
    bars = participants.per_day(replace(moved, is_daily=is_daily), CANVAS).data[0]
    assert list(bars.marker.pattern.shape) == ["/", "/", "", ""]
    assert list(bars.customdata) == [", daily figure from PostHog"] * 2 + [""] * 2


@pytest.mark.parametrize(
    "alt", [lift_over_time.alt, evidence_over_time.alt, rates.alt, participants.alt, split.alt]
)
def test_daily_figures_are_told_in_words(alt):
    """Who cannot see the circles reads how many moments are daily figures, and only then."""
    assert "8 of 36 moments: daily figure from PostHog" in alt(a_trend(n_daily=8), CANVAS)
    assert "daily" not in alt(a_trend(), CANVAS)


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
