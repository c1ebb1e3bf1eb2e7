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
from lib.demo.trial import Arm, Measure, Planned, Sums, Trial, measure, whole_percents

COLUMNS = (
    "experiment_id variant_id metric_id time_since_start "
    "count_c count_t mean_c mean_t variance_c variance_t"
).split()
BINARY = 1  # metric 1 is a conversion, the others are means
FIRST_ID = 1001
SHIPPED = Path(__file__).parent / "asos.parquet"
CREDIT = "Replayed: ASOS Digital Experiments Dataset (Liu et al. 2021), CC BY 4.0."
REPLAYED = "Replayed from a file of cumulative figures."
TAG = "replayed: ASOS, CC BY 4.0"
METRIC_NAMES = {
    1: "Conversion (metric 1)",
    2: "Count per user (metric 2)",
    3: "Count per user (metric 3)",
    4: "Value per user (metric 4)",
}

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


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


class ReplayCurve:
    """The totals of one replayed experiment."""

    def __init__(self, lines: dict[str, list[tuple[str, Line]]]) -> None:
        self._lines = lines

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
    return Sums(key=key, n=n, total=float(row[1]), total_sq=float(row[2]))


def read_trials(path: Path, *, anchor: float, start_day: float) -> list[Trial]:
    """Return the file's experiments, each standing at ``start_day`` when the clock stands at ``anchor``.

    An experiment that is shorter is over and stopped on its last day; one whose rows begin later
    stands at its first row.

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
    keys = ["experiment_id", "variant_id", "metric_id", "time_since_start"]
    frame = frame.sort_values(keys, kind="stable").drop_duplicates(keys, keep="last")
    shipped = path == SHIPPED
    return [
        _trial(index, str(name), part, anchor, start_day, shipped=shipped)
        for index, (name, part) in enumerate(frame.groupby("experiment_id", sort=True))
    ]


def _trial(
    index: int, name: str, part: pd.DataFrame, anchor: float, start_day: float, *, shipped: bool
) -> Trial:
    variants = sorted(part["variant_id"].unique().tolist())
    metrics = sorted(part["metric_id"].unique().tolist())
    odd = index % 20 == 7  # some teams do not call their baseline control
    base = "current" if odd else "control"
    keys = [base] + [f"{'new' if odd else 'treatment'}-{i + 1}" for i in range(len(variants))]
    lines = _lines(part, metrics, dict(zip(variants, keys[1:], strict=True)), base)
    first = lines[str(metrics[0])]
    stand = max(start_day, max(line.days[0] for _, line in first))
    length = max(line.days[-1] for _, line in first)
    started = anchor - stand * DAY_S
    final = [float(line.rows[-1][0]) for _, line in first]
    experiment_id = FIRST_ID + index
    arms = tuple(
        Arm(key=key, name=_arm_name(i), percent=percent)
        for i, (key, percent) in enumerate(zip(keys, whole_percents(final), strict=True))
    )
    return Trial(
        id=experiment_id,
        name=f"ASOS {name}" if shipped else f"Experiment {name}",
        flag_key=f"asos-{name}" if shipped else f"experiment-{name}",
        description=f"{CREDIT if shipped else REPLAYED} Straight lines between the rows of {name}.",
        arms=(*arms[1:], arms[0]) if odd else arms,
        baseline=base,
        measures=_measures(experiment_id, index, metrics),
        curve=ReplayCurve(lines),
        created_at=started - (1 + index % 5) * DAY_S,
        started_at=started,
        ended_at=started + length * DAY_S,
        tags=(TAG if shipped else "replayed",),
        planned=_planned(final, length) if index % 3 == 0 else None,
        method=(None, "frequentist", "bayesian", "bayesian")[index % 4],
        gap_day=3 if index % 9 == 4 else None,
    )


def _arm_name(i: int) -> str:
    return "Control" if i == 0 else f"Treatment {i}"


def _planned(final: list[float], length: float) -> Planned:
    days = 7 * max(1, round(length / 7))
    return Planned(mde_percent=2.0, n_total=max(2, round(sum(final))), days=days)


def _lines(
    part: pd.DataFrame, metrics: list[int], keys: dict[int, str], base: str
) -> dict[str, list[tuple[str, Line]]]:
    found: dict[str, list[tuple[str, Line]]] = {}
    for metric in metrics:
        of_metric = part[part["metric_id"] == metric]
        arms: list[tuple[str, Line]] = []
        for variant, key in keys.items():
            rows = of_metric[of_metric["variant_id"] == variant]
            if rows.empty:
                continue
            if not arms:  # the control repeats for each treatment: the first one's rows serve
                arms.append((base, _line(rows, "c", metric)))
            arms.append((key, _line(rows, "t", metric)))
        found[str(metric)] = arms
    return found


def _line(rows: pd.DataFrame, side: str, metric: int) -> Line:
    n, mean, variance = (
        rows[f"{name}_{side}"].to_numpy(float) for name in ("count", "mean", "variance")
    )
    total = np.where(n > 0, n * mean, 0.0)
    spread = np.where(n > 1, variance * (n - 1), 0.0)
    total_sq = total if metric == BINARY else np.where(n > 0, spread + n * mean**2, 0.0)
    return Line(rows["time_since_start"].tolist(), np.column_stack([n, total, total_sq]))


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
