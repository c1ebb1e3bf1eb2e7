"""How often would this rule fool me here? The public simulation: its time and its agreement with 13.1.

Columns "published" are statistics.md 13.1 (2,000 looks, 20,000 experiments a row). Target: 400 tests at 1,000
looks in under 3 s.

Run: nice -n 10 python -m tests.bench.fooled [--tests 400]
"""

import argparse

from lib.stats.fooled import how_often_fooled

PUBLISHED = {  # (rate, visitors over both arms): plain, PostHog, recommended
    (0.05, 1_000): (0.356, 0.324, 0.034),
    (0.30, 1_000): (0.525, 0.479, 0.040),
    (0.05, 10_000): (0.497, 0.594, 0.040),
    (0.005, 100_000): (0.467, 0.576, 0.038),
    (0.05, 100_000): (0.562, 0.740, 0.038),
    (0.30, 1_000_000): (0.570, 0.800, 0.039),
}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=400)
    tests = parser.parse_args().tests
    print(
        "| rate | visitors | looks | plain (published) | PostHog (published) | ours (published) | s |"
    )
    print("|---|---|---|---|---|---|---|")
    for (rate, visitors), published in PUBLISHED.items():
        for looks in (100, 1_000):
            found = how_often_fooled(rate, visitors / 2, looks, n_tests=tests)
            shares = (found.plain, found.posthog, found.ours)
            cells = " | ".join(f"{a:.3f} ({b:.3f})" for a, b in zip(shares, published, strict=True))
            print(f"| {rate} | {visitors:,} | {found.n_looks} | {cells} | {found.seconds:.2f} |")


if __name__ == "__main__":
    main()
