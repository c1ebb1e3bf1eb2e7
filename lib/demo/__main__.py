"""``python -m lib.demo``: a stand-in started by hand; its first line is its address.

The key is ``phx_demo``, the project is 1. Nothing else is printed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lib.demo.server import StandIn


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lib.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="parquet file of cumulative figures to replay")
    parser.add_argument(
        "--speed", type=float, help="server seconds in a real second: 720, or 1 with --states"
    )
    parser.add_argument(
        "--start-day", type=float, default=9.0, help="day at which experiments stand"
    )
    parser.add_argument("--style", choices=["2026", "2025"], default="2026")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--states", type=Path, help="JSON file of exact experiment states")
    parser.add_argument("--nulls", type=int, default=0, help="further experiments without effect")
    parser.add_argument(
        "--since", type=float, help="unix seconds at which an earlier replay began, to continue it"
    )
    parser.add_argument("--no-limits", action="store_true", help="do not count PostHog's limits")
    return parser.parse_args()


def main() -> int:
    """Serve until interrupted."""
    asked = _arguments()
    try:
        stand_in = StandIn(
            port=asked.port,
            data=asked.data,
            speed=asked.speed,
            start_day=asked.start_day,
            style=asked.style,
            seed=asked.seed,
            states=asked.states,
            nulls=asked.nulls,
            limits=not asked.no_limits,
            since=asked.since,
        )
        stand_in.serve(lambda url: print(url, flush=True))  # noqa: T201 - its output
    except (OSError, ValueError) as error:
        print(f"the stand-in cannot start: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
