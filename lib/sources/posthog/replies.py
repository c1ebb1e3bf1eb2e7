"""What went wrong, in words for a person: statuses and bodies of PostHog become errors of ours.

The server's own text is read for known marks only and never shown: it is written by others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from lib.experiments.errors import SourceDown, SourceError, SourceRefused, SourceSurprise

KEY = "POSTHOG_API_KEY"
HOST = "POSTHOG_HOST"
PROJECT = "POSTHOG_PROJECT_ID"
LONGEST_WAIT_S = 3600.0  # whatever a server asks for, look again within the hour
SCOPE = re.compile(
    r"\b(experiment|query|experiment_saved_metric|experiment_holdout):(read|write)\b"
)


class OneQuestionDown(SourceDown):
    """Passing trouble of one question; the rest of PostHog may be well."""


class Route(StrEnum):
    """Which question was asked; the value names it in a field path."""

    LIST = "experiments"
    DETAIL = "experiment"
    LATEST = "latest"
    SERIES = "timeseries_results"
    QUERY = "query"
    POLL = "query_status"
    RECALCULATE = "metrics_recalculation"

    @property
    def is_query(self) -> bool:
        """Whether PostHog counts it against the limits of /query/."""
        return self in {Route.QUERY, Route.POLL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: the decoded body, and a digest that tells whether the bytes are those of last time."""

    status: int
    body: Any
    headers: Mapping[str, str]
    digest: str

    @property
    def code(self) -> str:
        """PostHog's machine word for a failure; empty when it sent none."""
        found = self.body.get("code") if isinstance(self.body, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def detail(self) -> str:
        """PostHog's sentence, to be searched for marks, never shown."""
        found = self.body.get("detail") if isinstance(self.body, dict) else None
        return found[:2000] if isinstance(found, str) else ""


def wait_asked(reply: Reply, now: datetime) -> float | None:
    """Seconds the server asked us to wait, 1 s to an hour; None when it did not say."""
    raw = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", raw):
        return min(max(float(raw), 1.0), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(raw)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 1.0), LONGEST_WAIT_S)


def error_of(route: Route, reply: Reply, wait_s: float | None) -> SourceError:
    """The error a failed answer stands for."""
    status = reply.status
    if status in {401, 402, 403, 404}:
        return _refused(route, reply)
    if status == 429:
        return SourceDown("PostHog asked us to slow down.", wait_s)
    if status == 400 and reply.code == "query_at_capacity":
        return SourceDown("PostHog is too busy to calculate just now.", wait_s)
    if status in {500, 504, 512}:
        return OneQuestionDown(f"PostHog has trouble of its own (error {status}).", wait_s)
    if status >= 500:
        return SourceDown(f"PostHog has trouble of its own (error {status}).", wait_s)
    return SourceSurprise(f"PostHog refused the question (error {status}).", route.value)


def _refused(route: Route, reply: Reply) -> SourceRefused:
    if reply.status == 401:
        text = (
            f"PostHog does not accept the key. Check {KEY}, and {HOST}: "
            "a key of one region is refused by the other."
        )
        return SourceRefused(text, KEY, 401)
    if reply.status == 402:
        text = "PostHog's query quota for this billing period is used up; stored results stay readable."
        return SourceRefused(text, None, 402)
    if reply.status == 403:
        return _forbidden(reply)
    return _missing(route, reply)


def _forbidden(reply: Reply) -> SourceRefused:
    scope = SCOPE.search(reply.detail)
    if scope:
        text = f"The key in {KEY} lacks the scope {scope.group(0)}. Add it to the key in PostHog."
        return SourceRefused(text, KEY, 403)
    if "requested project" in reply.detail or "requested team" in reply.detail:
        text = f"The key may not read this project. Check {PROJECT}, or give the key access to it."
        return SourceRefused(text, PROJECT, 403)
    text = "The key may not read experiments in this project. Ask an administrator."
    return SourceRefused(text, KEY, 403)


def _missing(route: Route, reply: Reply) -> SourceRefused:
    if not isinstance(reply.body, dict):
        return SourceRefused(f"This address does not answer like PostHog. Check {HOST}.", HOST, 404)
    if route is Route.LIST:
        text = f"PostHog knows no such project for this key. Check {PROJECT}."
        return SourceRefused(text, PROJECT, 404)
    return SourceRefused(
        "PostHog shows no such experiment: gone, or not visible to this key.", None, 404
    )
