"""Real experiments from a parquet file as trials: cumulative rows in, curves out.

Called by server once at the start. Straight lines between the rows, nothing before an
experiment's first row, the last row after the end; it never invents a figure that the file lacks.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lib.demo.clock import DAY_S
from lib.demo.trial import Arm, Measure, Planned, Sums, Trial, measure, planned_percents

COLUMNS = [
    "experiment_id",
    "variant_id",
    "metric_id",
    "time_since_start",
    "count_c",
    "count_t",
    "mean_c",
    "mean_t",
    "variance_c",
    "variance_t",
]
BINARY = 1  # metric 1 is a conversion, the others are means
FIRST_ID = 1001
SHIPPED = Path(__file__).parent / "asos.parquet"
CREDIT = "Replayed: ASOS Digital Experiments Dataset (Liu et al. 2021), CC BY 4.0."
REPLAYED = "Replayed from a file of cumulative figures."
LINES = "Straight lines between its rows."
PLAN = "Its plan is an assumption."
TAG = "replayed: ASOS, CC BY 4.0"
METRIC_NAMES = {
    1: "Conversion (metric 1)",
    2: "Count per user (metric 2)",
    3: "Count per user (metric 3)",
    4: "Value per user (metric 4)",
}

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Rows = dict[int, dict[int, Floats]]  # by metric, then by variant, both in order


@dataclass(frozen=True, slots=True)
class Line:
    """One arm of one metric: days, and a row of (people, sum, sum of squares) for each."""

    days: list[float]
    rows: Floats

    def at(self, day: float) -> Floats | None:
        """Return the row at a day, on a straight line between two; None before the first."""
        i = bisect_right(self.days, day) - 1
        if i < 0:
            return None
        if i == len(self.days) - 1 or self.days[i] == day:
            return np.asarray(self.rows[i])
        part = (day - self.days[i]) / (self.days[i + 1] - self.days[i])
        return np.asarray(self.rows[i] + part * (self.rows[i + 1] - self.rows[i]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the replay stands, whether its file is the shipped one, and what is left out."""

    anchor: float
    start_day: float
    shipped: bool
    whole_only: bool


class ReplayCurve:
    """The totals of one replayed experiment."""

    def __init__(self, lines: dict[str, list[tuple[str, Line]]]) -> None:
        self._lines = lines

    def is_whole(self, column: str) -> bool:
        """Tell whether a metric has all its figures in every row."""
        return not any(np.isnan(line.rows).any() for _, line in self._lines[column])

    def sums(self, column: str, day: float) -> tuple[Sums, ...] | None:
        """See ``Curve``: None where the file has no rows yet or no variance."""
        rows = [(key, line.at(day)) for key, line in self._lines[column]]
        if all(row is None for _, row in rows):
            return None
        found = []
        for key, row in rows:
            one = _sums(key, column, np.zeros(3) if row is None else row)
            if one is None:
                return None
            found.append(one)
        return tuple(found)


def _sums(key: str, column: str, row: Floats) -> Sums | None:
    if np.isnan(row).any():
        return None
    n = round(float(row[0]))
    if column == str(BINARY):
        converted = min(n, round(float(row[1])))
        return Sums(key=key, n=n, total=converted, total_sq=converted)
    if n == 0:
        return Sums(key=key, n=0, total=0.0, total_sq=0.0)
    total = float(row[1])  # squares never below what the rounded count of people allows
    return Sums(key=key, n=n, total=total, total_sq=max(float(row[2]), total**2 / n))


def read_trials(
    path: Path, *, anchor: float, start_day: float, whole_only: bool = False
) -> list[Trial]:
    """Return the file's experiments, each standing at ``start_day`` when the clock is at ``anchor``.

    An experiment that is shorter is over and stopped on its last day; one whose rows begin later
    stands at its first row. ``whole_only`` leaves metrics out that lack figures somewhere: a server
    without stored runs has no way to say that one metric of an experiment failed.

    Raises:
        ValueError: a column is missing.
    """
    frame = pd.read_parquet(path)
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise ValueError(f"{path.name} lacks the column {', '.join(missing)}")
    frame = frame[COLUMNS].dropna(subset=[*COLUMNS[:4], "count_c", "count_t"])
    types = {"experiment_id": str, "variant_id": int, "metric_id": int}
    frame = frame.astype(types | dict.fromkeys(COLUMNS[3:], float))
    keys = ["experiment_id", "metric_id", "variant_id", "time_since_start"]
    frame = frame.sort_values(keys, kind="stable").drop_duplicates(keys, keep="last")
    place = Place(
        anchor=anchor, start_day=start_day, shipped=path == SHIPPED, whole_only=whole_only
    )
    return [
        _trial(index, name, rows, place)
        for index, (name, rows) in enumerate(_grouped(frame).items())
    ]


def _trial(index: int, name: str, rows: Rows, place: Place) -> Trial:
    variants = sorted({variant for by_variant in rows.values() for variant in by_variant})
    metrics = sorted(rows)
    odd = index % 20 == 7  # some teams do not call their baseline control
    base = "current" if odd else "control"
    keys = [base] + [f"{'new' if odd else 'treatment'}-{i + 1}" for i in range(len(variants))]
    lines = _lines(rows, dict(zip(variants, keys[1:], strict=True)), base)
    first = lines[str(metrics[0])]
    stand = max(place.start_day, *(line.days[0] for _, line in first))
    length = max(line.days[-1] for _, line in first)
    started = place.anchor - stand * DAY_S
    last = {key: float(line.rows[-1][0]) for key, line in first}
    final = [last.get(key, 0.0) for key in keys]
    plan = _planned(final, length) if index % 3 == 0 else None
    experiment_id = FIRST_ID + index
    curve = ReplayCurve(lines)
    measures = _measures(experiment_id, index, metrics)
    if place.whole_only:
        measures = tuple(m for m in measures if m.place == "primary" or curve.is_whole(m.column))
    arms = tuple(
        Arm(key=key, name=_arm_name(i), percent=percent)
        for i, (key, percent) in enumerate(zip(keys, planned_percents(final), strict=True))
    )
    return Trial(
        id=experiment_id,
        name=f"ASOS {name}" if place.shipped else f"Experiment {name}",
        flag_key=f"asos-{name}" if place.shipped else f"experiment-{name}",
        description=_described(shipped=place.shipped, planned=plan is not None),
        arms=(*arms[1:], arms[0]) if odd else arms,
        baseline=base,
        measures=measures,
        curve=curve,
        created_at=started - (1 + index % 5) * DAY_S,
        started_at=started,
        ended_at=started + length * DAY_S,
        tags=(TAG if place.shipped else "replayed",),
        planned=plan,
        method=(None, "frequentist", "bayesian", "bayesian")[index % 4],
        gap_day=3 if index % 9 == 4 else None,
    )


def _described(*, shipped: bool, planned: bool) -> str:
    words = [CREDIT if shipped else REPLAYED, LINES]
    return " ".join([*words, PLAN] if planned else words)


def _arm_name(i: int) -> str:
    return "Control" if i == 0 else f"Treatment {i}"


def _planned(final: list[float], length: float) -> Planned:
    days = 7 * max(1, round(length / 7))
    return Planned(mde_percent=2.0, n_total=max(2, round(sum(final))), days=days)


def _grouped(frame: pd.DataFrame) -> dict[str, Rows]:
    """Return the sorted frame's rows as {experiment: {metric: {variant: array}}}, in one pass."""
    names = frame["experiment_id"].tolist()
    variants, metrics = frame["variant_id"].tolist(), frame["metric_id"].tolist()
    values = frame[COLUMNS[3:]].to_numpy(float)
    marks = list(zip(names, metrics, variants, strict=True))
    edges = [i for i, mark in enumerate(marks) if i == 0 or mark != marks[i - 1]]
    found: dict[str, Rows] = {}
    for first, end in zip(edges, [*edges[1:], len(marks)], strict=True):
        name, metric, variant = marks[first]
        found.setdefault(name, {}).setdefault(metric, {})[variant] = values[first:end]
    return found


def _lines(rows: Rows, keys: dict[int, str], base: str) -> dict[str, list[tuple[str, Line]]]:
    found: dict[str, list[tuple[str, Line]]] = {}
    for metric, by_variant in rows.items():
        arms: list[tuple[str, Line]] = []
        for variant, values in by_variant.items():
            if not arms:  # the control repeats for each treatment: the first one's rows serve
                arms.append((base, _line(values, 0, metric)))
            arms.append((keys[variant], _line(values, 1, metric)))
        found[str(metric)] = arms
    return found


def _line(values: Floats, side: int, metric: int) -> Line:
    """Turn rows of (day, counts, means, variances; control, treatment) into one arm's line."""
    n, mean, variance = (values[:, 1 + 2 * i + side] for i in range(3))
    total = np.where(n > 0, n * mean, 0.0)
    spread = np.where(n > 1, variance * (n - 1), 0.0)
    total_sq = total if metric == BINARY else np.where(n > 0, spread + n * mean**2, 0.0)
    days = [round(day, 9) for day in values[:, 0].tolist()]  # 88.50000000000001 is day 88.5
    return Line(days, np.column_stack([n, total, total_sq]))


def _measures(experiment_id: int, index: int, metrics: list[int]) -> tuple[Measure, ...]:
    found = []
    for i, metric in enumerate(metrics):
        saved = i == 3 and index % 20 == 3  # some teams share metrics between experiments
        found.append(
            measure(
                experiment_id,
                str(metric),
                kind="funnel" if metric == BINARY else "mean",
                name=METRIC_NAMES.get(metric, f"Metric {metric}"),
                event="converted" if metric == BINARY else f"metric_{metric}",
                place="saved" if saved else "primary" if i == 0 else "secondary",
            )
        )
    return tuple(found)
