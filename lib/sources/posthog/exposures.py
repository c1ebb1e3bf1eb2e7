"""Who was exposed: the question about it and the decoding of its answer; called by the client.

People who saw several arms (``$multiple``) are counted apart, and arms of a holdout are nobody's arm here.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lib.experiments.errors import SourceSurprise
from lib.experiments.model import Experiment, Exposures
from lib.sources.posthog.fields import Row, count, moment, part, rows, table

MULTIPLE = "$multiple"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def exposure_query(detail: Row) -> dict[str, Any]:
    """PostHog's question for an experiment's exposures, from its own configuration."""
    return {
        "kind": "ExperimentExposureQuery",
        "experiment_id": detail.get("id"),
        "experiment_name": detail.get("name") or "",
        "exposure_criteria": detail.get("exposure_criteria"),
        "feature_flag": detail.get("feature_flag"),
        "start_date": detail.get("start_date"),
        "end_date": detail.get("end_date"),
        "holdout": detail.get("holdout"),
    }


def decode_exposures(body: Any, experiment: Experiment, *, server_now: datetime) -> Exposures:
    """Decode an answer to it.

    Raises:
        SourceSurprise: not an object, or a count that is none.
    """
    row = table(body, "exposures")
    arms = {variant.key for variant in experiment.variants}
    totals = part(row, "total_exposures")
    daily = {
        str(line.get("variant")): _line(line)
        for line in rows(row.get("timeseries"))
        if line.get("variant") in arms
    }
    return Exposures(
        as_of=moment(row.get("last_refresh")) or server_now,
        totals={key: _total(totals, daily, key) for key in totals if key in arms},
        daily=daily,
        n_multiple=count(totals.get(MULTIPLE) or 0, "total_exposures.$multiple"),
    )


def counts_multiple(detail: Row) -> bool:
    """Whether people in several arms are left out of the results, PostHog's default."""
    handling = part(detail, "exposure_criteria").get("multiple_variant_handling")
    return handling != "first_seen"


def _total(totals: Row, daily: dict[str, tuple[tuple[str, int], ...]], key: str) -> int:
    if totals.get(key) is None:
        return daily[key][-1][1] if daily.get(key) else 0
    return count(totals[key], f"total_exposures.{key}")


def _line(line: Row) -> tuple[tuple[str, int], ...]:
    """(ISO day, cumulative count) of one arm; days that cannot be read are passed over."""
    days, counts = line.get("days"), line.get("exposure_counts")
    if not isinstance(days, list) or not isinstance(counts, list):
        return ()
    found = []
    for day, value in zip(days, counts, strict=False):
        if isinstance(day, str) and DAY.match(day):
            try:
                found.append((day[:10], count(value, "exposure_counts")))
            except SourceSurprise:
                continue
    return tuple(found)
