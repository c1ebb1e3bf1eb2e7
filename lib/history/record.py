"""Everything an analysis was computed from, as one JSON text that anybody can check.

A record holds the experiment, the metric, the frozen plan, every snapshot up to its moment and the calls. Read
back, the snapshots are equal to the last bit, so the same code gives the same numbers. It is safe to embed in
a web page: it holds no ``<``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.experiments.errors import StoreError
from lib.experiments.model import Call, Experiment, Exposures, Metric, Plan, Snapshot
from lib.history import codec
from lib.history.store import Store

FORMAT = "live-experiment-dashboard record"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The inputs of an analysis of one metric at one moment.

    Args:
        as_of: where the data end, the server's clock; no snapshot is later.
        server_now: the server's clock when it was looked at; ages and plan time go by it.
        source: what the data are, e.g. ``PostHog`` or a label of simulated data.
    """

    experiment: Experiment
    metric: Metric
    plan: Plan | None
    snapshots: tuple[Snapshot, ...]
    calls: tuple[Call, ...]
    as_of: datetime
    server_now: datetime | None = None
    exposures: Exposures | None = None
    source: str = ""


def gather(
    store: Store,
    experiment: Experiment,
    metric: Metric,
    as_of: datetime,
    *,
    known_at: datetime | None = None,
    server_now: datetime | None = None,
    exposures: Exposures | None = None,
    source: str = "",
) -> Record:
    """Everything kept about one metric up to a moment; without hindsight when ``known_at`` is given."""
    return Record(
        experiment=experiment,
        metric=metric,
        plan=store.plan(experiment.id),
        snapshots=store.snapshots(experiment.id, metric.id, until=as_of, known_at=known_at),
        calls=tuple(c for c in store.calls(experiment.id) if c.as_of <= as_of),
        as_of=as_of,
        server_now=server_now,
        exposures=exposures,
        source=source,
    )


def write_record(record: Record) -> str:
    """The record as JSON text."""
    body = {"format": FORMAT, "version": VERSION, **codec.plain(record)}
    body["snapshots"] = [_short(snapshot) for snapshot in body["snapshots"]]
    return json.dumps(body, allow_nan=False).replace("<", "\\u003c")


def read_record(text: str) -> Record:
    """The record again.

    Raises:
        StoreError: not a record, or one of a newer version.
    """
    try:
        body = json.loads(text)
        kind, version = body["format"], int(body["version"])
    except (ValueError, TypeError, KeyError):
        raise StoreError("This is not a record of an analysis.") from None
    if kind != FORMAT or version > VERSION:
        raise StoreError("This record was written by another program or a newer version.")
    try:
        record: Record = codec.revive(Record, body)
    except (ValueError, TypeError, KeyError):
        raise StoreError("This record is damaged.") from None
    return record


def _short(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Without the sums its arms do not have, which are most of them."""
    totals = [{k: v for k, v in arm.items() if v not in (None, [])} for arm in snapshot["totals"]]
    return {**snapshot, "totals": totals}
