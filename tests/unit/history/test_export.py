"""Files people take away: safe in a spreadsheet, exact, and with their provenance."""

import csv as stdlib_csv
import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from lib.experiments.model import Experiment, Metric, MetricKind, Status, Variant
from lib.history.export import csv, defuse, series_csv
from lib.stats.results import Series

START = datetime(2026, 5, 1, 9, 0, 0, 250_000, tzinfo=UTC)
HEADER = {
    "experiment": 'Pricing, spring; =HYPERLINK("http://x")',
    "method": "always-valid, mixture",
    "as of": START.isoformat(),
    "health": "too early",
    "source": "simulated",
}


def an_experiment(*keys):
    return Experiment(
        id=1,
        name="x",
        status=Status.RUNNING,
        variants=tuple(Variant(key=k, name=k, share=0.5) for k in keys),
        metrics=(Metric(id="m", name="m", kind=MetricKind.MEAN),),
    )


def a_series():
    return Series(
        as_of=np.array([(START + timedelta(seconds=10 * i)).timestamp() for i in range(2)]),
        n=np.array([[100.0, np.nan], [110.0, 90.0]]),
        total=np.array([[0.1 + 0.2, np.nan], [-2.5, 7.0]]),
        total_sq=np.array([[1e-300, np.nan], [9.0, 8.0]]),
    )


@pytest.mark.parametrize(
    "bad",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\ufeff=1",
        "\u200b@x",
        "\uff1d1",
    ],
)
def test_what_looks_like_a_formula_is_defused(bad):
    """Text that begins like a formula gets an apostrophe in front, behind blanks too."""
    assert defuse(bad) == "'" + bad
    assert defuse("b=1") == "b=1"


def test_no_cell_of_a_hostile_file_begins_like_a_formula():
    """Names and header values may hold commas, quotes, semicolons, line ends and formulas: none gets out."""
    nasty = ['=cmd|"/c calc"!A1', 'a";=1+1', "b\n=1+1", "c,=1", "@x", "\0=1"]
    text = csv({"=name\n=1": nasty[0], "health": nasty[2]}, nasty, [nasty])
    for row in stdlib_csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    cells = list(stdlib_csv.reader(io.StringIO(text, newline="")))[-1]
    assert cells[1:4] == nasty[1:4]


def test_numbers_are_numbers():
    """Negative numbers are no formulas, whole ones have no point, unknown ones are empty, none is rounded."""
    text = csv({}, ("a", "b", "c", "d", "e"), [(-2.5, 3.0, float("nan"), None, 0.1 + 0.2)])
    assert text == '"a","b","c","d","e"\r\n-2.5,3,,,0.30000000000000004\r\n'


def test_a_series_reads_back_with_its_provenance():
    """Header lines are comments to a reader of tables; the totals come back exactly."""
    text = series_csv(an_experiment("control", "=b"), a_series(), HEADER)
    assert text.startswith('# experiment,"Pricing, spring; =HYPERLINK(""http://x"")"\r\n')
    assert '# health,"too early"\r\n' in text
    assert '# source,"simulated"\r\n' in text
    table = pd.read_csv(io.StringIO(text), comment="#")
    assert list(table.columns) == ["at", "arm_key", "n", "total", "total_sq"]
    assert table["arm_key"].tolist() == ["control", "'=b"] * 2
    assert table["at"][0] == "2026-05-01T09:00:00.250000+00:00"
    assert table["total"].tolist()[::2] == [0.1 + 0.2, -2.5]
    assert table["n"].isna().tolist() == [False, True, False, False]


def test_an_empty_series_has_its_header_and_columns():
    """Nothing kept is a file that says so, not a failure."""
    none = np.empty((0, 1))
    empty = Series(as_of=np.empty(0), n=none, total=none, total_sq=none)
    text = series_csv(an_experiment("control"), empty, {"health": "no data"})
    assert text == '# health,"no data"\r\n"at","arm_key","n","total","total_sq"\r\n'
