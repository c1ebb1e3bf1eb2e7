"""POST /query/: results and exposures computed on request, cached for a day, or as a job.

Mounted by server. The metric is found by its uuid, since old clients send it cut short.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lib.demo import errors
from lib.demo.api import World, answer_json, read_json
from lib.demo.clock import iso
from lib.demo.legacy import legacy_answer
from lib.demo.results import KEEPS_DATA_S, NO_FIGURES, NOT_YET, answer, exposures_body, sums_at
from lib.demo.trial import Trial, stable_uuid

Json = dict[str, Any]
JOB_TAKES_S = 1.0  # real seconds
AT_ONCE, QUEUE_S = 3, 30.0
LAZY = 7.0  # lazy_async takes answers this many times as old
MODES = frozenset(
    [
        "blocking",
        "async",
        "lazy_async",
        "async_except_on_cache_miss",
        "force_blocking",
        "force_async",
        "force_cache",
        "true",
        "false",
    ]
)
LIMITS_EXCEEDED = (
    "This experiment query exceeded resource limits. Try viewing a shorter time period, or "
    "contact support if the problem persists."
)


@dataclass(slots=True, kw_only=True)
class Job:
    """One query that runs in the background; moments are the server's, ``real`` is real time."""

    id: str
    real: float
    asked_at: float
    trial: Trial
    query: Json
    cancelled: bool = False


class Queries:
    """The cache and the jobs of ``/query/``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._computed_at: dict[tuple[int, str], float] = {}
        self._jobs: dict[str, Job] = {}
        self.at_once = asyncio.Semaphore(AT_ONCE)

    async def post(self, request: Request) -> Response:
        """Answer from the cache, compute, or start a job."""
        body = await read_json(request)
        query = body.get("query")
        if not isinstance(query, dict):
            raise errors.invalid("query: This field is required.", "required")
        mode = str(body.get("refresh", "blocking")).lower()
        if mode not in MODES:
            raise errors.invalid(f'refresh: "{mode}" is not a valid choice.', "invalid_choice")
        trial = self._trial(query)
        slot = (trial.id, _subject(query))
        now = self._world.clock.now()
        age = now - self._computed_at.get(slot, float("-inf"))
        fresh = age < KEEPS_DATA_S * (LAZY if mode == "lazy_async" else 1)
        if fresh and mode not in {"force_blocking", "force_async", "true"}:
            return answer_json(self._compute(trial, query, now - age, is_cached=True))
        known = slot in self._computed_at
        if mode in {"async", "lazy_async", "force_async"} or (
            mode == "async_except_on_cache_miss" and known
        ):
            return self._begin(trial, query, now)
        found = self._compute(trial, query, now, is_cached=False)
        self._computed_at[slot] = now
        return answer_json(found)

    def _trial(self, query: Json) -> Trial:
        found = query.get("experiment_id")
        trial = self._world.trials.get(found) if isinstance(found, int) else None
        if trial is None:
            raise errors.invalid(f"Experiment with id {found} not found")
        return trial

    def _compute(self, trial: Trial, query: Json, as_of: float, *, is_cached: bool) -> Json:
        changes = self._world.runs.changes(trial)
        style = self._world.style
        kind = query.get("kind")
        if kind == "ExperimentExposureQuery":
            body = exposures_body(trial, as_of, style=style, changes=changes)
        elif kind == "ExperimentQuery":
            measure = next((m for m in trial.measures if m.uuid == _subject(query)), None)
            if measure is None or trial.started_at is None:
                raise errors.invalid(NOT_YET)
            end = as_of if trial.ended_at is None else min(as_of, trial.ended_at)
            sums = sums_at(trial, measure, end, changes)
            if sums is None or "query_fails" in changes:
                raise errors.invalid(NO_FIGURES, "memory_limit_exceeded")
            body = answer(trial, measure, sums, as_of=end, style=style)
        else:
            body = legacy_answer(trial, query)
        return body | {"is_cached": is_cached}

    def _begin(self, trial: Trial, query: Json, now: float) -> Response:
        real = self._world.clock.real()
        job_id = stable_uuid("job", trial.id, len(self._jobs), iso(now)).replace("-", "")
        job = Job(id=job_id, real=real, asked_at=now, trial=trial, query=query)
        self._jobs[job_id] = job
        status = self._status(job)
        return answer_json({"cache_key": f"cache_1_{job_id[:10]}", "query_status": status}, 202)

    def poll(self, request: Request) -> Response:
        """Tell how a job stands, or cancel it."""
        job = self._jobs.get(request.path_params["query_id"])
        if job is None or job.cancelled:
            raise errors.not_found()
        if request.method == "DELETE":
            job.cancelled = True
            return answer_json({"message": "cancelled"})
        if self._world.clock.real() < job.real + JOB_TAKES_S:
            picked_up = {"pickup_time": iso(job.asked_at)}
            return answer_json({"query_status": self._status(job) | picked_up}, 202)
        return self._finished(job)

    def _finished(self, job: Job) -> Response:
        ended = {"complete": True, "pickup_time": iso(job.asked_at), "end_time": iso(job.asked_at)}
        try:
            found = self._compute(job.trial, job.query, job.asked_at, is_cached=False)
        except errors.Refusal:
            failed = {"error": True, "error_message": LIMITS_EXCEEDED}
            return answer_json({"query_status": self._status(job) | ended | failed}, 400)
        self._computed_at[job.trial.id, _subject(job.query)] = job.asked_at
        return answer_json({"query_status": self._status(job) | ended | {"results": found}})

    def _status(self, job: Job) -> Json:
        return {
            "id": job.id,
            "team_id": 1,
            "insight_id": None,
            "dashboard_id": None,
            "query_async": True,
            "complete": False,
            "error": False,
            "error_message": None,
            "results": None,
            "start_time": iso(job.asked_at),
            "pickup_time": None,
            "end_time": None,
            "expiration_time": iso(job.asked_at + 1200),
            "task_id": stable_uuid("task", job.id),
            "query_progress": None,
            "labels": None,
        }


def _subject(query: Json) -> str:
    """Return what is asked about: the metric's uuid, or the kind of query."""
    metric = query.get("metric")
    if query.get("kind") == "ExperimentQuery":
        if not isinstance(metric, dict):
            raise errors.invalid("metric: This field is required.", "required")
        return str(metric.get("uuid"))
    return str(query.get("uuid") or query.get("kind"))
