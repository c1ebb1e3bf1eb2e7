"""How often is an experiment without any effect called? Prints one row a scenario.

    python -m tests.bench.false_calls [--quick] [--experiments 4000] [--only WORD]

At least 4,000 experiments a row, each watched at 2,016 looks (every ten minutes of fourteen days), through the
functions the page uses; the first experiments of each row go through ``Watch`` too and must agree. A row passes
when at most 5 % plus three standard errors were ever called.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tests.bench.simulate import Scenario, as_watch, draw, first_call, judge

EVEN = [
    Scenario(name=f"even, {r:.1%}, {v:,} visitors", rate=r, visitors=v)
    for v in (1_000, 10_000, 100_000, 1_000_000)
    for r in (0.005, 0.05, 0.30)
]
SMALL = [
    Scenario(name=f"even, {r:.0%}, {v} visitors", rate=r, visitors=v)
    for v in (50, 200)
    for r in (0.05, 0.30)
]
UNEVEN = [
    Scenario(name=f"90/10, {r:.1%}, {v:,} visitors", rate=r, visitors=v, shares=s)
    for r, v in ((0.005, 10_000), (0.05, 1_000), (0.05, 40_000), (0.3, 1_000))
    for s in ((0.9, 0.1),)
]
UNEVEN += [Scenario(name="10/90, 5%, 40,000 visitors", shares=(0.1, 0.9))]
CLOCKS = [
    Scenario(name=a, arrival=a, looks=3 * 1008 if "front" in a else 2016)
    for a in (
        "even",
        "front-loaded",
        "back-loaded",
        "ramp 10/50/100%",
        "weekend dips",
        "half the plan",
        "twice the plan",
        "accelerating to 2x",
        "accelerating to 3x",
        "stops at half time",
    )
]
LATE = [
    Scenario(name=f"late: mean {d} d, arrivals over {w:.0f} d", delay_days=d, arrive_within=w / 14)
    for d, w in ((2.0, 14.0), (5.0, 14.0), (4.0, 2.0), (7.0, 1.0))
]
LONG = [Scenario(name="even, watched to 3x the plan", beyond=3.0, looks=3 * 2016)]
SEVERAL = [
    Scenario(name=f"{k} treatments", visitors=20_000 * (k + 1), shares=(1 / (k + 1),) * (k + 1))
    for k in (2, 3, 4)
]
MEANS = [
    Scenario(name=f"{kind}, {v:,} users", kind=kind, visitors=v, rate=1.0)
    for kind in ("exponential", "lognormal 1", "lognormal 2", "buyers")
    for v in (200, 2_000, 20_000)
]
ROWS = [*CLOCKS, *LATE, *UNEVEN, *LONG, *SEVERAL, *MEANS, *EVEN, *SMALL]


def false_calls(scenario, experiments, *, seed=20261, batch=250, check=2, rule=None):
    """Share of effect-free experiments that are ever called."""
    rng = np.random.default_rng([seed, sum(map(ord, scenario.name))])
    called = 0
    batch = max(10, int(batch * 2016 / scenario.looks * 2 / len(scenario.shares)))
    done = 0
    while done < experiments:
        drawn = draw(scenario, min(batch, experiments - done), rng)
        args = () if rule is None else (rule,)
        _, _, _, course = judge(scenario, drawn, *args)
        first = first_call(course, scenario.alpha)
        called += int((first >= 0).sum())
        if not done:
            for i in range(min(check, drawn.n.shape[1])):
                agree(as_watch(scenario, drawn, i, *args), course, i)
        done += drawn.n.shape[1]
    return called / done, done


def agree(trace, course, which):
    """Both ways to the same critical values, gates and calls."""
    np.testing.assert_allclose(trace.z_crit, course.z_crit[:, which], rtol=1e-3)
    called = np.nan_to_num(course.evidence[:, which]) >= 0.95
    assert (np.isfinite(trace.called_at) == called.any(axis=0)).all()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 experiments a row")
    parser.add_argument("--experiments", type=int, default=4000)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    count = 400 if args.quick else args.experiments
    bound = 0.05 + 3 * np.sqrt(0.05 * 0.95 / count)
    print(f"{count:,} experiments a row; a row passes at most {bound:.2%}")
    failed = 0
    for scenario in ROWS:
        if args.only not in scenario.name:
            continue
        start = time.perf_counter()
        share, _ = false_calls(scenario, count)
        failed += share > bound
        error = np.sqrt(share * (1 - share) / count)
        word = "ok" if share <= bound else "TOO MANY"
        print(
            f"{scenario.name:38s} {share:7.2%} +- {error:.2%}  {word}  {time.perf_counter() - start:5.1f} s",
            flush=True,
        )
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
