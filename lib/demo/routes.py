"""Which path leads where: PostHog's routes with and without the last slash, and the test desk.

Called by server once. The desk (``/_faults``, ``/_requests``, ``/_clock``) lies outside ``/api``, so
that no client meets it by accident; it wants JSON, so that no web page can write to it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lib.demo import api, errors
from lib.demo.api import World, answer_json, read_json
from lib.demo.clock import iso
from lib.demo.faults import INSIDE, Fault, FaultBook
from lib.demo.gate import QUERY, READ, WRITE, Limits, authorise, refuse
from lib.demo.limits import Tally
from lib.demo.query import QUEUE_S, Queries

Handler = Callable[[World, Request], Response | Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
ONE = "/api/projects/{project}/experiments/{experiment_id}/"
READS: dict[str, Handler] = {
    "/api/projects/{project}/experiments/": api.experiments,
    "/api/projects/{project}/experiments/stats/": api.stats,
    ONE: api.experiment,
    ONE + "metrics_recalculation/latest/": api.latest,
    ONE + "metrics_recalculation/{run_id}/": api.one_run,
    ONE + "timeseries_results/": api.timeseries,
    "/api/projects/{project}/": api.project,
}
ACCOUNT: dict[str, Handler] = {
    "/api/users/@me/": api.me,
    "/api/personal_api_keys/@current/": api.current_key,
}
ALL = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def application(world: World, faults: FaultBook, tally: Tally, limits: Limits) -> Starlette:
    """Return the application behind the gate."""
    queries = Queries(world)

    def guarded(handler: Handler, scope: str) -> Endpoint:
        return _guarded(world, handler, scope, limits)

    async def ask(_: World, request: Request) -> Response:
        return await _queued(queries, faults, request)

    routes: list[Route] = []
    for path, handler in READS.items():
        routes += _both(path, guarded(handler, READ))
    for path, handler in ACCOUNT.items():
        routes += _both(path, guarded(handler, ""))
    routes += _both(ONE + "metrics_recalculation/", guarded(api.recalculate, WRITE))
    for start in ("/api/projects/{project}/query/", "/api/environments/{project}/query/"):
        routes += _both(start, guarded(ask, QUERY), ["POST"])
        routes += _both(start + "{kind}/", guarded(ask, QUERY), ["POST"])
        poll = guarded(lambda _, request: queries.poll(request), QUERY)
        routes += _both(start + "{query_id}/", poll, ["GET", "DELETE"])
    routes += _desk(world, faults, tally)
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def _both(path: str, endpoint: Endpoint, methods: list[str] | None = None) -> list[Route]:
    """Return the route with and without its last slash."""
    return [Route(one, endpoint, methods=methods or ALL) for one in (path, path.removesuffix("/"))]


def _guarded(world: World, handler: Handler, scope: str, limits: Limits) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            key = authorise(request, scope)
            limits.check(key, is_query=scope == QUERY)
            if handler in READS.values() and request.method not in {"GET", "HEAD"}:
                raise errors.method_not_allowed(request.method)
            found = handler(world, request)
            return await found if inspect.isawaitable(found) else found
        except errors.Refusal as refusal:
            return refuse(refusal)

    return endpoint


async def _queued(queries: Queries, faults: FaultBook, request: Request) -> Response:
    """Let three queries in at once; the others wait up to 30 seconds."""
    try:
        await asyncio.wait_for(queries.at_once.acquire(), QUEUE_S)
    except TimeoutError:
        raise errors.too_many_at_once() from None
    try:
        slow = faults.take(request.url.path, INSIDE)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        return await queries.post(request)
    finally:
        queries.at_once.release()


async def _lost(_request: Request, _error: Exception) -> Response:
    return refuse(errors.not_found())


async def _wrong_method(request: Request, _error: Exception) -> Response:
    return refuse(errors.method_not_allowed(request.method))


async def _broken(_request: Request, _error: Exception) -> Response:
    return refuse(errors.server_error())


HANDLERS: dict[Any, Any] = {404: _lost, 405: _wrong_method, 500: _broken}


def _desk(world: World, faults: FaultBook, tally: Tally) -> list[Route]:
    """Return the routes that tests use to break and to watch the stand-in."""

    async def show_faults(_: Request) -> Response:
        return answer_json([asdict(fault) for fault in faults.listed()])

    async def add_fault(request: Request) -> Response:
        body = await _json_only(request)
        try:
            fault = faults.add(_fault_of(body))
        except (KeyError, TypeError, ValueError) as error:
            return answer_json({"detail": str(error)}, 400)
        return answer_json(asdict(fault), 201)

    async def heal(request: Request) -> Response:
        faults.heal(request.query_params.get("kind"))
        return answer_json([])

    async def show_requests(request: Request) -> Response:
        if request.method == "DELETE":
            tally.clear()
        return answer_json(tally.told())

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            world.clock.jump(float((await _json_only(request)).get("jump_s", 0)))
        return answer_json(
            {
                "now": iso(world.clock.now()),
                "anchor": iso(world.clock.anchor),
                "last_run": iso(world.clock.last_run()),
                "speed": world.clock.speed,
                "began": world.clock.began,
            }
        )

    return [
        Route("/_faults", show_faults, methods=["GET"]),
        Route("/_faults", _refusing(add_fault), methods=["POST"]),
        Route("/_faults", heal, methods=["DELETE"]),
        Route("/_requests", show_requests, methods=["GET", "DELETE"]),
        Route("/_clock", _refusing(clock), methods=["GET", "POST"]),
    ]


def _refusing(endpoint: Endpoint) -> Endpoint:
    async def safe(request: Request) -> Response:
        try:
            return await endpoint(request)
        except errors.Refusal as refusal:
            return refuse(refusal)

    return safe


async def _json_only(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise errors.invalid("application/json only")
    return await read_json(request)


def _fault_of(body: dict[str, Any]) -> Fault:
    return Fault(
        kind=str(body["kind"]),
        path=str(body.get("path_contains", body.get("path", ""))),
        times=None if body.get("times") is None else int(body["times"]),
        seconds=float(body.get("seconds", 1.0)),
    )
