"""What would each rule have announced on real experiments? Replays the shipped ASOS data.

    python -m tests.bench.asos_replay

Every treatment against its control, metric 1 (users who converted), at its own rows, through ``make_plan`` and
``Watch``. "Reversed": announced at some moment, and an ordinary 95 % test of the last row is not significant.
The planned shares were not published, the split of the last row stands for them.

Data: ASOS Digital Experiments Dataset (Liu, Cardoso, Couturier, McCoy 2021), CC BY 4.0, 60 of its 78 experiments.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from lib.experiments.model import Experiment, Metric, MetricKind, Status, Variant
from lib.stats.bayes import posthog_chance
from lib.stats.plan import make_plan
from lib.stats.results import Series
from lib.stats.watch import Watch, rows_of

DATA = Path(__file__).parents[2] / "lib" / "demo" / "asos.parquet"
START = datetime(2026, 1, 5, tzinfo=UTC)
METRIC = Metric(id="1", name="converted", kind=MetricKind.FUNNEL)


def replay(rows):
    """(called by plain, by PostHog's flag, by ours) and whether the last row is significant, one treatment."""
    rows = rows.sort_values("time_since_start")
    n = rows[["count_c", "count_t"]].to_numpy(float)
    x = np.round(n * rows[["mean_c", "mean_t"]].to_numpy(float))
    share = n[-1] / max(n[-1].sum(), 1)
    variants = tuple(
        Variant(key=k, name=k, share=float(w)) for k, w in zip("ct", share, strict=True)
    )
    experiment = Experiment(
        id=1,
        name="asos",
        status=Status.RUNNING,
        variants=variants,
        metrics=(METRIC,),
        started_at=START,
    )
    days = rows["time_since_start"].to_numpy(float)
    series = Series(as_of=START.timestamp() + days * 86400, n=n, total=x, total_sq=x)
    first = rows_of(series, slice(0, max(1, int(np.searchsorted(days, 1.0)) + 1)))
    plan = make_plan(experiment, first, START + timedelta(days=1))
    watch = Watch(experiment, METRIC, plan)
    trace = watch.extend(series)
    with np.errstate(all="ignore"):
        p = x / n
    fit = (n >= 50).all(axis=1) & (x >= 5).all(axis=1)
    _, flag = posthog_chance(
        p[:, 0], p[:, 0] * (1 - p[:, 0]), n[:, 0], p[:, 1], p[:, 1] * (1 - p[:, 1]), n[:, 1]
    )
    plain = np.nan_to_num(trace.p_value[:, 0], nan=1.0) < 0.05
    ours = bool(watch.calls)
    return (
        bool(plain.any()),
        bool(((flag == 1) & fit).any()),
        ours,
        bool(plain[-1]),
        bool(flag[-1] == 1),
    )


def table():
    """Rows of (rule, announced, of these not significant at the end), and the number of treatments."""
    data = pd.read_parquet(DATA)
    data = data[data["metric_id"] == 1]
    found = np.array([replay(rows) for _, rows in data.groupby(["experiment_id", "variant_id"])])
    plain, posthog, ours, end, _ = found.T
    rules = (("ordinary 95 % test", plain), ("PostHog's flag", posthog), ("this dashboard", ours))
    return [(name, int(c.sum()), int((c & ~end).sum())) for name, c in rules], len(found)


def main() -> None:
    """Print the table in Markdown."""
    rows, count = table()
    print(f"{count} treatments of real experiments (ASOS Digital Experiments Dataset, CC BY 4.0)\n")
    print(
        "| rule | announced at some moment | of these not significant at the end |\n|---|---|---|"
    )
    for name, called, reversed_ in rows:
        print(f"| {name} | {called} | {reversed_} |")


if __name__ == "__main__":
    main()
