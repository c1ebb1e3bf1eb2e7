"""A started stand-in for contract tests: real HTTP, a clock in the test's hand, one call per request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pandas as pd

from lib.demo import replay
from lib.demo.server import StandIn

START = 1_800_000_000.0  # 2027-01-15T08:00:00Z
LIST = "/api/projects/1/experiments/"
QUERY = "/api/projects/1/query/"
PRICING, CHECKOUT, ONBOARDING, DRAFT, LEGACY = 101, 102, 103, 104, 105
KEYS = json.loads((Path(__file__).parent / "standin_keys.json").read_text())


def few_experiments(folder: Path) -> Path:
    """A data file with three of the shipped experiments, for tests that would wait long for all of them."""
    rows = pd.read_parquet(replay.SHIPPED)
    kept = rows["experiment_id"].drop_duplicates().head(3)
    file = folder / "few.parquet"
    rows[rows["experiment_id"].isin(kept)].to_parquet(file)
    return file


class Real:
    """Real time, as the test tells it."""

    def __init__(self):
        self.seconds = START

    def __call__(self):
        return self.seconds


class Desk:
    """A stand-in, a client with its key, and the hand on its clock."""

    def __init__(self, stand_in, real, client):
        self.stand_in, self.real, self.client = stand_in, real, client

    def get(self, path, *, key="phx_demo", **params):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.client.get(path, headers=headers, params=params or None)

    def post(self, path, body, *, key="phx_demo"):
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})

    def latest(self, experiment_id):
        return self.get(f"{LIST}{experiment_id}/metrics_recalculation/latest/")

    def detail(self, experiment_id):
        return self.get(f"{LIST}{experiment_id}/").json()

    def by_name(self, part):
        return next(t for t in self.stand_in.trials.values() if part in t.name)

    def ask(self, experiment_id, metric=None, *, refresh=None, kind="ExperimentQuery"):
        query = {"kind": kind, "experiment_id": experiment_id}
        if metric is not None:
            query["metric"] = metric
        return self.post(QUERY, {"query": query} | ({"refresh": refresh} if refresh else {}))


@contextmanager
def a_desk(**options) -> Iterator[Desk]:
    """Start a stand-in, and stop it whatever happens."""
    real = Real()
    stand_in = StandIn(now=real, **options)
    with httpx.Client(base_url=stand_in.start(), timeout=10, trust_env=False) as client:
        try:
            yield Desk(stand_in, real, client)
        finally:
            stand_in.stop()
