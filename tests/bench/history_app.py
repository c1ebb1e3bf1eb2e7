"""The app for ``history_page.py``, on a store made by ``store_size.py``, with a new row each poll.

    HISTORY_URL=sqlite:///big.sqlite3 HISTORY_POLL_S=1 python tests/bench/history_app.py 8501

The real pages on a hub that knows one experiment and asks no source: rows are drawn, not measured.
"""

import os
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.web import bootstrap

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from store_size import EXPERIMENT, METRIC  # noqa: E402  # the path comes first

from lib.experiments.model import Reading  # noqa: E402  # the path comes first
from lib.history.store import Store  # noqa: E402  # the path comes first
from lib.live.speed import SpeedMeter  # noqa: E402  # the path comes first
from lib.live.tracker import Tracker  # noqa: E402  # the path comes first
from lib.ui import wiring  # noqa: E402  # the path comes first
from tests.pages.fake_hub import FakeHub  # noqa: E402  # the path comes first


def clock():
    return datetime.now(UTC)


def reading_of(snapshot):
    return Reading(
        experiment=EXPERIMENT, snapshots=(snapshot,), taken_at=clock(), server_now=snapshot.as_of
    )


def with_next_row(snapshot):
    """Ten seconds later, sixty visitors more; the hub's work, not the page's."""
    totals = tuple(
        replace(t, n=t.n + 30, total=t.total + 3, total_sq=t.total_sq + 3) for t in snapshot.totals
    )
    at = snapshot.as_of + timedelta(seconds=10)
    return replace(snapshot, totals=totals, as_of=at, taken_at=at)


class GrowingHub(FakeHub):
    """One experiment of a big store; a thread adds a row each poll."""

    def __init__(self, url, poll_s):
        self.poll_s = poll_s
        self._big = Store(url, clock=clock)
        self._tracker = Tracker(EXPERIMENT, self._big, meter=SpeedMeter(1.0))
        self._newest = self._big.newest(EXPERIMENT.id, METRIC.id)
        super().__init__([self._tracker.take(reading_of(self._newest))])
        threading.Thread(target=self._grow, daemon=True).start()

    @property
    def store(self):
        return self._big

    def clock(self):
        return clock()

    def trend(self, experiment_id, metric_id, *, since=None, until=None):
        """As the real hub's: the plan is the tracker's, not read from the store."""
        plan = self._tracker.plan or self._big.plan(experiment_id)
        return self.trends.trend(EXPERIMENT, METRIC, plan, since=since, until=until)

    def _grow(self):
        while True:
            time.sleep(self.poll_s)
            self._newest = with_next_row(self._newest)
            self.shown = {EXPERIMENT.id: self._tracker.take(reading_of(self._newest))}


def main():
    """Serve the app with this hub; the page is chosen by the client."""
    wiring.use(GrowingHub(os.environ["HISTORY_URL"], float(os.environ["HISTORY_POLL_S"])))
    flags = {"server.port": int(sys.argv[1]), "server.headless": True}
    bootstrap.load_config_options(flags)
    bootstrap.run(str(ROOT / "dashboard.py"), is_hello=False, args=[], flag_options=flags)


if __name__ == "__main__":
    main()
