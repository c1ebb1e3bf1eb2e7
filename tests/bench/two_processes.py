"""Two processes on one PostgreSQL: ``python tests/bench/two_processes.py [--seconds 144]``.

    python tests/bench/two_processes.py --watch 102    one process with one viewer: a line of JSON a second

Prints the requests upstream a minute with one process and with two, how far the two screens differ, how long it
takes until the other polls after the one that polls was killed with SIGKILL, and what is in the store twice.
What nobody watches is looked at every 72 s, all in one go, so requests are counted over whole rounds of 72 s, from the
middle of one. The round about 465 s after the start takes twice the requests, with one process as with two.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from sqlalchemy import create_engine, text  # noqa: E402  # the path comes first

from lib.demo.server import StandIn  # noqa: E402  # the path comes first
from lib.live.view import LiveView  # noqa: E402  # the path comes first
from lib.live.wiring import make_hub, settings  # noqa: E402  # the path comes first
from tests.postgres import Server  # noqa: E402  # the path comes first

ROUND_S, BURST = 72, 10
WATCHED = 102  # simulated, "Checkout button"
TWICE = {
    "rows": "SELECT count(*) FROM (SELECT 1 FROM snapshots WHERE superseded_at IS NULL"
    " GROUP BY track_id, as_of HAVING count(*) > 1) twice",
    "alerts": "SELECT count(*) FROM (SELECT 1 FROM alerts GROUP BY experiment_id, kind, text HAVING count(*) > 1) twice",
    "calls": "SELECT count(*) FROM (SELECT 1 FROM calls WHERE withdrawn_at IS NULL"
    " GROUP BY experiment_id, metric_id, treatment_key HAVING count(*) > 1) twice",
}


def shown(view: LiveView) -> dict[str, Any]:
    """What a viewer reads, as far as it must be the same everywhere."""
    if view.primary is None:
        return {}
    estimates = [
        [e.treatment_key, e.lift, e.evidence, e.interval and [e.interval.low, e.interval.high]]
        for e in view.primary.estimates
    ]
    arms = [[a.variant_key, a.n, a.total] for a in view.primary.arms]
    said = [s.text for s in view.sentences]
    state = view.primary.verdict.state.name
    return {"arms": arms, "estimates": estimates, "said": said, "state": state}


def watch(experiment_id: int) -> None:
    """A process with one viewer, telling each second what is on the screen, until it is killed."""
    logging.disable(logging.CRITICAL)
    hub = make_hub(settings())
    hub.start()
    while True:
        view = hub.look(experiment_id)
        line = {
            "polls": hub.is_leader(),
            "as_of": view and view.as_of and view.as_of.isoformat(),
            "moment": view and view.as_of and f"{view.as_of} {view.checked_at}",
            "shown": {} if view is None else shown(view),
            "trouble": view.trouble.kind if view and view.trouble else None,
            "cadence_s": view and view.cadence_s,
            "listed": [e.id for e in hub.experiments()],
            "names": sorted(e.name for e in hub.experiments()),
        }
        print(json.dumps(line), flush=True)
        time.sleep(0.5)


class Screen:
    """One such process and what it told last; ``seen`` maps each look (data as of, checked) to what was shown of it."""

    def __init__(self, env: dict[str, str], experiment_id: int = WATCHED) -> None:
        command = [sys.executable, __file__, "--watch", str(experiment_id)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdout=subprocess.PIPE, text=True
        )
        self.last: dict[str, Any] = {}
        self.seen: dict[str, Any] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.last = json.loads(line)
            if self.last["moment"]:
                self.seen[self.last["moment"]] = self.last["shown"]

    @property
    def polls(self) -> bool:
        return bool(self.last.get("polls"))

    def kill(self) -> None:
        """As a crash does it."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()


def differences(one: Screen, other: Screen) -> tuple[int, list[str]]:
    """How many looks both showed, and what differed in them."""
    both = one.seen.keys() & other.seen.keys()
    differ = [
        f"{at} {what}: {one.seen[at][what]} != {other.seen[at][what]}"
        for at in sorted(both)
        for what in one.seen[at]
        if one.seen[at][what] != other.seen[at].get(what)
    ]
    return len(both), differ


def wait_until(held: Any, limit_s: float) -> float | None:
    """Seconds until it held; None when it never did."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        if held():
            return time.monotonic() - began
        time.sleep(0.1)
    return None


def env_of(stand_in: StandIn, database_url: str, poll_s: float) -> dict[str, str]:
    return {
        "POSTHOG_HOST": stand_in.url,
        "POSTHOG_PROJECT_ID": "1",
        "POSTHOG_API_KEY": "phx_demo",
        "DASHBOARD_DATABASE_URL": database_url,
        "DASHBOARD_POLL_SECONDS": str(poll_s),
    }


def asked(stand_in: StandIn) -> int:
    return int(stand_in.requests()["total"])


def asked_within(stand_in: StandIn, seconds: float) -> int:
    """Requests upstream while we waited."""
    before = asked(stand_in)
    time.sleep(seconds)
    return asked(stand_in) - before


def settle(stand_in: StandIn, limit_s: float) -> None:
    """Until everything was read once."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s and asked_within(stand_in, 5) > 10:
        pass


def wait_between_rounds(stand_in: StandIn) -> None:
    """Until the next look at everything is over, and half of the time to the one after it.

    A count begun at a round's end would hold one round more or less by chance.
    """
    for is_burst in (True, False):
        wait_until(
            lambda is_burst=is_burst: (asked_within(stand_in, 5) > BURST) == is_burst, 2 * ROUND_S
        )
    time.sleep(ROUND_S / 2)


def twice(database_url: str) -> dict[str, int]:
    """What stands in the store twice: nothing should."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = {what: connection.execute(text(query)).scalar() for what, query in TWICE.items()}
    engine.dispose()
    return {what: int(n or 0) for what, n in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watch", type=int, help="be one of the processes")
    parser.add_argument("--seconds", type=float, default=144)
    chosen = parser.parse_args()
    if chosen.watch is not None:
        watch(chosen.watch)
    server, stand_in = Server().start(), StandIn(data=None, speed=60)
    stand_in.start()
    url = server.new_database()
    env = env_of(stand_in, url, 10)
    screens = [Screen(env)]
    try:
        wait_until(lambda: bool(screens[0].seen), 60)
        settle(stand_in, 180)
        wait_between_rounds(stand_in)
        per_minute = 60 / chosen.seconds
        print(
            f"one process:   {asked_within(stand_in, chosen.seconds) * per_minute:.0f} requests a minute"
        )
        screens.append(Screen(env))
        wait_until(lambda: bool(screens[1].seen), 60)
        wait_between_rounds(stand_in)
        print(
            f"two processes: {asked_within(stand_in, chosen.seconds) * per_minute:.0f} requests a minute"
        )
        first, other = screens
        n, differ = differences(first, other)
        print(f"looks shown by both: {n}, differences: {differ or 'none'}")
        print(f"same list in the same order: {first.last['listed'] == other.last['listed']}")
        killed_at = other.last["as_of"]
        first.kill()
        print(f"the other polls after {wait_until(lambda: other.polls, 60) or -1:.1f} s")
        moved = wait_until(lambda: other.last["as_of"] > killed_at, 60)
        print(f"and shows newer numbers {moved or -1:.1f} s later")
        time.sleep(chosen.seconds / 2)
        print("in the store twice:", twice(url))
    finally:
        for screen in screens:
            screen.kill()
        stand_in.stop()
        server.stop()


if __name__ == "__main__":
    main()
