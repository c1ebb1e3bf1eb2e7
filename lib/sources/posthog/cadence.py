"""How often to look, so that the limits hold for any number of experiments; pure arithmetic, used by the client.

One look costs one request and a sixth of another: the configuration is read every sixth look, at most once a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib.settings import PostHogSettings

USABLE = 0.9  # of the limits; the rest is for refreshes, daily points and other users of the key
LOOKS_PER_DETAIL = 6
REQUESTS_PER_LOOK = 1 + 1 / LOOKS_PER_DETAIL
DETAIL_S = 60.0
UNWATCHED_S = 60.0
UNWATCHED_SHARE = 0.15  # what unwatched experiments get at the least, so that alerts work
LISTS_PER_HOUR = 60.0
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """Seconds between two looks at one experiment, by whether somebody looks at it."""

    watched_s: float
    unwatched_s: float

    def of(self, *, is_watched: bool) -> float:
        """The one that applies."""
        return self.watched_s if is_watched else self.unwatched_s


def plan_cadence(
    settings: PostHogSettings, *, n_watched: int, n_unwatched: int, tick_s: float
) -> Cadence:
    """The fastest cadence that keeps the limits: watched first, unwatched from what they leave.

    >>> plan_cadence(PostHogSettings(), n_watched=1, n_unwatched=20, tick_s=10)
    Cadence(watched_s=10, unwatched_s=60.0)
    """
    pages = -(-max(1, n_watched + n_unwatched) // PAGE)
    hourly = min(settings.requests_per_hour, settings.requests_per_minute * 60) * USABLE
    hourly = max(hourly - LISTS_PER_HOUR * pages, hourly / 2)
    wanted_watched = n_watched * 3600 * REQUESTS_PER_LOOK / tick_s
    wanted_unwatched = n_unwatched * 3600 * REQUESTS_PER_LOOK / max(UNWATCHED_S, tick_s)
    for_unwatched = min(wanted_unwatched, max(hourly - wanted_watched, hourly * UNWATCHED_SHARE))
    for_watched = hourly - for_unwatched
    return Cadence(
        watched_s=_interval(n_watched, for_watched, tick_s),
        unwatched_s=_interval(n_unwatched, for_unwatched, max(UNWATCHED_S, tick_s)),
    )


def detail_s(cadence_s: float) -> float:
    """Seconds after which an experiment's configuration is read again."""
    return max(DETAIL_S, LOOKS_PER_DETAIL * cadence_s)


def query_gap_s(
    settings: PostHogSettings, n_experiments: int, n_questions: int, *, is_watched: bool
) -> float:
    """Seconds between two rounds of queries for one experiment; a question costs an asking and a look.

    Args:
        settings: the limits.
        n_experiments: how many share this part of the limit.
        n_questions: per round and experiment.
        is_watched: which part of the limit.
    """
    hourly = min(settings.queries_per_hour, settings.queries_per_minute * 60) * USABLE
    hourly = max(hourly - 2 * settings.live_queries_per_hour, hourly / 2)
    part = hourly * (0.7 if is_watched else 0.3)
    return max(300.0 if is_watched else 900.0, 3600 * 2 * n_experiments * n_questions / part)


def _interval(n: int, hourly: float, least_s: float) -> float:
    return least_s if n == 0 else max(least_s, n * 3600 * REQUESTS_PER_LOOK / hourly)
