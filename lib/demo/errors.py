"""PostHog's error bodies, word for word, as exceptions that the routes raise.

Used by every route and by the faults; server turns them into responses.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """An answer other than the one that was asked for."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


def _framework(status: int, kind: str, code: str, detail: str) -> Refusal:
    return Refusal(status, {"type": kind, "code": code, "detail": detail, "attr": None})


def no_key() -> Refusal:
    """401: no Authorization header."""
    detail = "Authentication credentials were not provided."
    return _framework(401, "authentication_error", "not_authenticated", detail)


def wrong_key() -> Refusal:
    """401: unknown, revoked or project key."""
    detail = "Personal API key found in request Authorization header is invalid."
    return _framework(401, "authentication_error", "authentication_failed", detail)


def missing_scope(scope: str) -> Refusal:
    """403: the key lacks the scope."""
    detail = f"API key missing required scope '{scope}'"
    return _framework(403, "authentication_error", "permission_denied", detail)


def other_project(project: str) -> Refusal:
    """403: the key belongs to other projects."""
    detail = f"API key does not have access to the requested project: ID {project}."
    return _framework(403, "authentication_error", "permission_denied", detail)


def not_found() -> Refusal:
    """404: no such experiment, or a route that this style does not have."""
    return _framework(404, "invalid_request", "not_found", "Not found.")


def bare_not_found(detail: str) -> Refusal:
    """404 without type and code, as the stored-run views answer it."""
    return Refusal(404, {"detail": detail})


def method_not_allowed(method: str) -> Refusal:
    """405."""
    detail = f'Method "{method}" not allowed.'
    return _framework(405, "invalid_request", "method_not_allowed", detail)


def invalid(detail: str, code: str = "invalid_input") -> Refusal:
    """400: a parameter is missing or wrong."""
    return _framework(400, "validation_error", code, detail)


def at_capacity() -> Refusal:
    """400 that is to be retried."""
    detail = "Experiment analytics are temporarily at capacity. Please refresh in a moment."
    return invalid(detail, "query_at_capacity")


def quota_used_up() -> Refusal:
    """402: the billing quota for API queries is used up."""
    detail = (
        "Your organization has reached its API query usage limit for this billing period. Ask an "
        "organization admin to review Billing settings. You can try again after the billing "
        "period resets."
    )
    found = _framework(402, "quota_limited", "quota_limit_exceeded", detail)
    found.body["extra"] = {"billing_period_end": "2026-10-01T00:00:00+00:00"}
    return found


def throttled(seconds: int) -> Refusal:
    """429 with Retry-After."""
    detail = f"Request was throttled. Expected available in {seconds} seconds."
    found = _framework(429, "throttled_error", "throttled", detail)
    found.headers["Retry-After"] = str(seconds)
    return found


def too_many_at_once() -> Refusal:
    """429 without Retry-After: three queries were running for 30 seconds."""
    detail = "Exceeded maximum concurrency limit: 3 for key: api:query:per-org:demo and task: demo"
    return _framework(429, "throttled_error", "throttled", detail)


def recalculated_lately(seconds: int) -> Refusal:
    """429 for a recalculation within five minutes of the last one."""
    detail = (
        "Metrics were recalculated less than 5 minutes ago. "
        f"Expected available in {seconds} seconds."
    )
    found = _framework(429, "throttled_error", "recalculation_rate_limited", detail)
    found.headers["Retry-After"] = str(seconds)
    return found


def server_error() -> Refusal:
    """500."""
    return _framework(500, "server_error", "error", "A server error occurred.")


def busy() -> Refusal:
    """503: the database is at capacity."""
    detail = (
        "Queries are a little too busy right now. We're working to free up resources. "
        "Please try again later."
    )
    return _framework(503, "server_error", "error", detail)


def worker_away() -> Refusal:
    """503: nothing can run a recalculation."""
    detail = (
        "Couldn't start the recalculation. The service that runs it is temporarily unavailable, "
        "so try again in a moment."
    )
    return _framework(503, "server_error", "recalculation_scheduling_unavailable", detail)


def query_timeout() -> Refusal:
    """504: the query ran too long."""
    detail = (
        "Query has hit the max execution time before completing. See our docs for how to improve "
        "your query performance. You may need to materialize."
    )
    return _framework(504, "server_error", "error", detail)


def estimated_too_slow() -> Refusal:
    """512: refused before it ran."""
    detail = (
        "Estimated query execution time is too long. Try reducing its scope by changing the "
        "time range."
    )
    return _framework(512, "server_error", "error", detail)
