"""PostHog's daily points of one metric become Snapshots; called by the client for the time before the first look.

Each point is cumulative from the start to the end of its calendar day in the team's time zone. The point of a day
that has not ended reaches as far as its calculation did.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lib.experiments.model import Experiment, Metric, Origin, Snapshot
from lib.sources.posthog.fields import Row, moment, table
from lib.sources.posthog.results import Look, decode_result


def decode_series(
    body: Any, experiment: Experiment, metric: Metric, *, taken_at: datetime, server_now: datetime
) -> tuple[Snapshot, ...]:
    """The readable points, oldest first; days that are null, absent, before the start or ahead are passed over.

    Raises:
        SourceSurprise: not an object.
    """
    days = table(body, "timeseries_results").get("timeseries")
    found = []
    for day, result in _days(days):
        as_of = _as_of(day, result, server_now)
        if as_of is None or (experiment.started_at and as_of <= experiment.started_at):
            continue
        look = Look(as_of=as_of, taken_at=taken_at, origin=Origin.DAILY)
        snapshot = decode_result(result, experiment, metric, look).snapshot
        if snapshot is not None:
            found.append(snapshot)
    return tuple(sorted(found, key=lambda snapshot: snapshot.as_of))


def _days(days: Any) -> Iterator[tuple[date, Row]]:
    if not isinstance(days, dict):
        return
    for text, result in days.items():
        if isinstance(result, dict):
            try:
                yield date.fromisoformat(text[:10]), result
            except ValueError:
                continue


def _as_of(day: date, result: Row, server_now: datetime) -> datetime | None:
    """The end of the day, or the calculation's time when the day has not ended; None when neither is known."""
    try:
        end = datetime.combine(day + timedelta(days=1), time(), _zone(result)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    if end <= server_now:
        return end
    calculated = moment(result.get("last_refresh"))
    return calculated if calculated and calculated <= server_now else None


def _zone(result: Row) -> tzinfo:
    name = result.get("timezone")
    try:
        return ZoneInfo(name) if isinstance(name, str) and len(name) < 60 else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
