"""How early is the planned effect found? Called by the planned end, and visitors used, against the bound.

    python -m tests.bench.detection [--experiments 4000] [--quick]

Plan: 1.25 times the size a single look at the end would need for 80 % (alpha 5 %, two-sided). Goal: called at
least 81 %, mean visitors at most 0.81 of the single-look size; with the true lift known no rule can do better
than 0.747 at 80 % (0.774 at 85 %).
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tests.bench.simulate import Scenario, draw, first_call, judge

ROWS = [
    (0.05, 0.02),
    (0.05, 0.05),
    (0.05, 0.10),
    (0.05, 0.20),
    (0.005, 0.10),
    (0.005, 0.20),
    (0.30, 0.02),
    (0.30, 0.05),
    (0.30, 0.10),
    (0.30, 0.20),
]
PLAN = 1.25
Z_SUM = 1.959964 + 0.841621


def single_look_size(rate, lift):
    """Visitors over both arms a single look needs for 80 %."""
    q = rate * (1 + lift)
    return 2 * Z_SUM**2 * (rate * (1 - rate) + q * (1 - q)) / (q - rate) ** 2


def detection(rate, lift, experiments, *, seed=77, batch=250, rule=None):
    """Share called by the planned end, mean visitors over the single-look size, mean day."""
    fixed = single_look_size(rate, lift)
    scenario = Scenario(name="planned", rate=rate, lift=lift, visitors=round(PLAN * fixed))
    rng = np.random.default_rng([seed, round(1e4 * rate), round(1e4 * lift)])
    called, visitors, days = 0, [], []
    for start in range(0, experiments, batch):
        drawn = draw(scenario, min(batch, experiments - start), rng)
        course = judge(scenario, drawn, *(() if rule is None else (rule,)))[3]
        first = first_call(course)
        stop = np.where(first >= 0, first, len(drawn.at_days) - 1)
        called += int((first >= 0).sum())
        total = drawn.n.sum(axis=2)
        visitors.append(total[stop, np.arange(len(stop))] / fixed)
        days.append(drawn.at_days[stop])
    return (
        called / experiments,
        float(np.concatenate(visitors).mean()),
        float(np.concatenate(days).mean()),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=4000)
    parser.add_argument("--quick", action="store_true", help="500 experiments, three rows")
    args = parser.parse_args()
    count = 500 if args.quick else args.experiments
    results = []
    for rate, lift in ROWS[2:8:2] if args.quick else ROWS:
        start = time.perf_counter()
        share, visitors, day = detection(rate, lift, count)
        results.append((share, visitors))
        print(
            f"{rate:6.1%} {lift:+5.0%}  called {share:6.1%}  visitors {visitors:.3f}  day {day:4.1f}  "
            f"{time.perf_counter() - start:5.1f} s",
            flush=True,
        )
    share, visitors = np.mean(results, axis=0)
    print(
        f"all: called {share:.2%} +- {np.sqrt(share * (1 - share) / count / len(results)):.2%}, "
        f"visitors {visitors:.4f} of the single-look size"
    )


if __name__ == "__main__":
    main()
