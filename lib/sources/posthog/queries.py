"""PostHog's /query/ route: ask, be told to wait, look again at later ticks; used by the metric and exposure readers.

A question is named by its key and lives over several looks: nothing here waits for PostHog. At most the configured
number of questions is in flight. A question that failed is left alone for a while, each time longer.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lib.experiments.errors import SourceDown, SourceSurprise
from lib.sources.posthog.budget import Budget
from lib.sources.posthog.fields import Row, part, table, words
from lib.sources.posthog.replies import Reply, Route
from lib.sources.posthog.runs import failure_sentence
from lib.sources.posthog.wire import Wire

JUDGED_HERE = frozenset({400, 404, 500, 504, 512})
FIRST_LOOK_S = 0.25
LONGEST_LOOK_S = 10.0
GIVEN_UP_S = 600.0
SURELY_RUNS_S = 60.0  # after that a question nobody looked after takes no place
SLOW_S = 30.0
REFUSED_S = 900.0  # a question PostHog calls wrong is not asked again soon
FIRST_COOLING_S = 60.0
FORGIVEN_S = 3600.0
SLOW = "PostHog is taking longer than 30 s to calculate; the numbers shown are the previous ones."

UNREADABLE = "Not calculated: PostHog's answer cannot be read."

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a question: an answer, a failure in words, or neither yet."""

    result: Row | None = None
    failure: str = ""
    is_slow: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether PostHog is still at it, or the question had no turn yet."""
        return self.result is None and not self.failure


@dataclass(slots=True)
class _Job:
    id: str
    since: float
    look_at: float
    touched: float
    n_looks: int = 0


@dataclass(slots=True)
class _Cooling:
    until: float
    failure: str
    n_failures: int = 1


class Queries:
    """Keeps the questions in flight.

    Args:
        wire: sends.
        budget: is told of "at capacity".
        monotonic: seconds, never going back.
        at_once: how many may be in flight.
    """

    def __init__(
        self, wire: Wire, budget: Budget, *, monotonic: Callable[[], float], at_once: int
    ) -> None:
        self._wire = wire
        self._budget = budget
        self._monotonic = monotonic
        self._at_once = at_once
        self._jobs: dict[Key, _Job] = {}
        self._cooling: dict[Key, _Cooling] = {}

    def ask(self, key: Key, query: Row, *, refresh: str, is_watched: bool) -> Outcome:
        """Ask, or look after a question asked before.

        Args:
            key: the question's name; the same question is never in flight twice.
            query: PostHog's query object.
            refresh: ``async`` (a cached answer will do) or ``force_async``.
            is_watched: whether somebody waits for it.

        Raises:
            SourceDown: PostHog or the budget does not let us ask now.
            SourceRefused: a person must act.
        """
        now = self._monotonic()
        self._drop_abandoned(now)
        job = self._jobs.get(key)
        try:
            if job is None:
                return self._start(key, query, refresh=refresh, is_watched=is_watched)
            job.touched = now
            return (
                self._waiting(job)
                if now < job.look_at
                else self._look(key, job, is_watched=is_watched)
            )
        except SourceSurprise:
            self._jobs.pop(key, None)
            return self._cool(key, UNREADABLE, FIRST_COOLING_S)

    def in_flight(self, *prefix: object) -> int:
        """How many questions whose key begins so are in flight."""
        return sum(key[: len(prefix)] == prefix for key in self._jobs)

    def forget(self, *prefix: object) -> None:
        """Let failed questions be asked again at once."""
        for key in [key for key in self._cooling if key[: len(prefix)] == prefix]:
            del self._cooling[key]

    def _start(self, key: Key, query: Row, *, refresh: str, is_watched: bool) -> Outcome:
        now = self._monotonic()
        cooling = self._cooling.get(key)
        if cooling and now < cooling.until:
            return Outcome(failure=cooling.failure)
        if self._n_running(now) >= self._at_once:
            return Outcome()
        body = {
            "query": query,
            "refresh": refresh,
            "name": "live-experiment-dashboard",
            "client_query_id": str(uuid.uuid4()),
        }
        reply = self._send(Route.QUERY, "query/", is_watched=is_watched, body=body)
        if reply.status >= 400:
            return self._failed(key, reply)
        answer = table(reply.body, "query")
        status = part(answer, "query_status")
        if reply.status != 202 and status.get("complete") is not False:
            return self._answered(key, answer)
        identity = words(status.get("id"), 100)
        if not re.fullmatch(r"[\w-]+", identity):
            raise SourceSurprise("PostHog's answer has an unknown shape.", "query_status.id")
        self._jobs[key] = _Job(identity, now, now + FIRST_LOOK_S, now)
        return Outcome()

    def _look(self, key: Key, job: _Job, *, is_watched: bool) -> Outcome:
        reply = self._send(Route.POLL, f"query/{job.id}/", is_watched=is_watched)
        status = part(reply.body, "query_status") if isinstance(reply.body, dict) else {}
        if reply.status >= 400 or status.get("error") is True:
            del self._jobs[key]
            return self._failed(key, reply)
        if reply.status == 202 or status.get("complete") is False:
            return self._not_yet(key, job)
        del self._jobs[key]
        return self._answered(key, table(status.get("results"), "query_status.results"))

    def _send(
        self, route: Route, path: str, *, is_watched: bool, body: dict[str, Any] | None = None
    ) -> Reply:
        return self._wire.send(
            route, self._wire.url(path), is_watched=is_watched, body=body, accept=JUDGED_HERE
        )

    def _answered(self, key: Key, result: Row) -> Outcome:
        self._cooling.pop(key, None)
        return Outcome(result=result)

    def _not_yet(self, key: Key, job: _Job) -> Outcome:
        now = self._monotonic()
        if now - job.since > GIVEN_UP_S:
            del self._jobs[key]
            return self._cool(
                key, "Not calculated: PostHog did not finish in time.", FIRST_COOLING_S
            )
        job.n_looks += 1
        job.look_at = now + min(0.5 * 2**job.n_looks, LONGEST_LOOK_S)
        return self._waiting(job)

    def _waiting(self, job: _Job) -> Outcome:
        return Outcome(is_slow=self._monotonic() - job.since > SLOW_S)

    def _failed(self, key: Key, reply: Reply) -> Outcome:
        """A question's own failure; being at capacity is everybody's and passes."""
        text = reply.detail
        if isinstance(reply.body, dict):
            text += words(part(reply.body, "query_status").get("error_message"), 2000)
        if reply.code == "query_at_capacity" or "at capacity" in text:
            sentence = "PostHog is too busy to calculate just now."
            pause_s = self._budget.throttled(is_query=True, because=sentence, retry_after_s=None)
            raise SourceDown(sentence, pause_s)
        is_final = reply.status == 400
        return self._cool(key, failure_sentence(text), REFUSED_S if is_final else FIRST_COOLING_S)

    def _cool(self, key: Key, failure: str, pause_s: float) -> Outcome:
        before = self._cooling.get(key)
        n_failures = before.n_failures + 1 if before else 1
        longer_s = min(pause_s * 2 ** min(n_failures - 1, 5), max(pause_s, REFUSED_S))
        self._cooling[key] = _Cooling(self._monotonic() + longer_s, failure, n_failures)
        return Outcome(failure=failure)

    def _n_running(self, now: float) -> int:
        return sum(now - job.touched < SURELY_RUNS_S for job in self._jobs.values())

    def _drop_abandoned(self, now: float) -> None:
        for key in [key for key, job in self._jobs.items() if now - job.touched > GIVEN_UP_S]:
            del self._jobs[key]
        for key in [key for key, old in self._cooling.items() if now - old.until > FORGIVEN_S]:
            del self._cooling[key]
