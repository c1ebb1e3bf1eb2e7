"""How often does the always-valid interval miss the true lift at some look?

    python -m tests.bench.intervals [--experiments 2000] [--quick]

The rows of statistics.md 13.4; the plan is the number of visitors of the row. Beside it an ordinary 95 % score
interval, read at every look. Also checks at every look that test and interval say the same.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tests.bench.simulate import Scenario, draw, judge

ROWS = [
    (0.005, 0.10, 20_000),
    (0.005, 0.10, 200_000),
    (0.05, 0.10, 2_000),
    (0.05, 0.10, 80_000),
    (0.30, 0.10, 1_000),
    (0.05, 0.50, 10_000),
]


def misses(row, experiments, seed=5, batch=100):
    """Share of experiments with the true lift outside at some look: always valid, ordinary; disagreements."""
    rate, lift, visitors = row
    scenario = Scenario(name="interval", rate=rate, lift=lift, visitors=visitors)
    rng = np.random.default_rng([seed, visitors, round(1e4 * rate)])
    always, plain, disagree = 0, 0, 0
    for start in range(0, experiments, batch):
        drawn = draw(scenario, min(batch, experiments - start), rng)
        compared, _, looks, course = judge(scenario, drawn)
        z_crit = course.z_crit
        low, high = compared.relative(z_crit)
        out = ((lift < low) | (lift > high)) & looks.counts
        always += int(out.any(axis=0).sum())
        beyond = np.abs(looks.z) > z_crit
        disagree += int(((beyond != ((low > 0) | (high < 0))) & looks.counts).sum())
        low, high = compared.relative()
        out = ((lift < low) | (lift > high)) & looks.counts
        plain += int(out.any(axis=0).sum())
    return always / experiments, plain / experiments, disagree


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="200 experiments a row")
    args = parser.parse_args()
    count = 200 if args.quick else args.experiments
    failed = 0
    for row in ROWS:
        start = time.perf_counter()
        always, plain, disagree = misses(row, count)
        bound = 0.05 + (3 * np.sqrt(0.05 * 0.95 / count) if args.quick else 0.0)
        failed += always > bound or disagree > 0
        print(
            f"{row[0]:5.1%} {row[1]:+4.0%} {row[2]:8,d} visitors  always valid {always:6.2%}  ordinary {plain:6.2%}  "
            f"test against interval {disagree}  {time.perf_counter() - start:5.1f} s",
            flush=True,
        )
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
