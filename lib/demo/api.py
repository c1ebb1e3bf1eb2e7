"""The routes of the experiments API: list, detail, stored runs, daily points, account.

Mounted by server. Reads trials and runs; answers bytes or raises an errors.Refusal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from lib.demo import errors, shapes
from lib.demo.clock import DAY_S, ServerClock, iso
from lib.demo.results import timeseries_body
from lib.demo.runs import Runs, encode
from lib.demo.trial import Trial, stable_uuid

Json = dict[str, Any]
Style = Literal["2025", "2026"]
PAGE = 100
DEFAULT_ORDER = "-created_at"
SORTS: dict[str, Callable[[Trial, float], tuple[Any, ...]]] = {
    "name": lambda t, _: (t.name.lower(),),
    "created_at": lambda t, _: (t.created_at,),
    "updated_at": lambda t, now: (t.ended_at if t.has_ended(now) else t.started_at or 0.0,),
    "start_date": lambda t, _: (t.started_at is not None, t.started_at or 0.0),
    "end_date": lambda t, now: (t.has_ended(now), t.ended_at or 0.0),
    "duration": lambda t, now: (t.days(now),),
    "status": lambda t, now: (t.status(now),),
}


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that the routes read: one stand-in."""

    trials: dict[int, Trial]
    clock: ServerClock
    runs: Runs
    style: Style
    edits: dict[int, Json] = field(default_factory=dict)

    def trial(self, request: Request) -> Trial:
        """Return the experiment of the path.

        Raises:
            errors.Refusal: 404.
        """
        text = request.path_params["experiment_id"]
        found = self.trials.get(int(text)) if text.isdigit() and len(text) < 16 else None
        if found is None:
            raise errors.not_found()
        return found


def answer_json(body: bytes | object, status: int = 200) -> Response:
    """Return a JSON response."""
    content = body if isinstance(body, bytes) else encode(body)
    return Response(content, status_code=status, media_type="application/json")


def experiments(world: World, request: Request) -> Response:
    """GET the list: filters, order, pages."""
    asked = request.query_params
    now = world.clock.now()
    found = [t for t in world.trials.values() if _matches(t, asked, now)]
    found = _ordered(found, asked.get("order") or DEFAULT_ORDER, now)
    limit, offset = _whole(asked.get("limit"), PAGE), _whole(asked.get("offset"), 0)
    page = found[offset : offset + (limit or PAGE)]
    body = {
        "count": len(found),
        "next": _page_url(request, limit or PAGE, offset + (limit or PAGE), len(found)),
        "previous": _page_url(request, limit or PAGE, offset - (limit or PAGE), len(found))
        if offset > 0
        else None,
        "results": [
            shapes.list_item(t, now, world.style) | world.edits.get(t.id, {}) for t in page
        ],
    }
    return answer_json(body)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() else default


def _page_url(request: Request, limit: int, offset: int, count: int) -> str | None:
    """Return an absolute address built from the Host that the client used."""
    if offset >= count:
        return None
    asked = dict(request.query_params) | {"limit": str(limit), "offset": str(max(0, offset))}
    host = request.headers.get("host", "127.0.0.1")
    return f"{request.url.scheme}://{host}{request.url.path}?{urlencode(sorted(asked.items()))}"


def _matches(trial: Trial, asked: Any, now: float) -> bool:
    wanted = {"complete": "stopped"}.get(asked.get("status", "all"), asked.get("status", "all"))
    archived = str(asked.get("archived", "false")).lower() == "true"
    words = asked.get("search", "").lower()
    flag_id = asked.get("feature_flag_id")
    tags = _words(asked.get("tags"))
    unwanted = _words(asked.get("excluded_tags"))
    return (
        trial.archived == archived
        and wanted in {"all", "", trial.status(now)}
        and (words in trial.name.lower() or words in trial.flag_key)
        and (flag_id is None or flag_id == str(9000 + trial.id))
        and all(tag in trial.tags for tag in tags)
        and not any(tag in trial.tags for tag in unwanted)
    )


def _words(text: str | None) -> list[str]:
    """Return a JSON list of tags.

    Raises:
        errors.Refusal: 400.
    """
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise errors.invalid("tags must be a JSON array")
    return [str(word) for word in found]


def _ordered(trials: list[Trial], order: str, now: float) -> list[Trial]:
    sort = SORTS.get(order.removeprefix("-"), SORTS["created_at"])
    return sorted(trials, key=lambda t: (*sort(t, now), t.id), reverse=order.startswith("-"))


def experiment(world: World, request: Request) -> Response:
    """GET one experiment."""
    trial = world.trial(request)
    body = shapes.detail(trial, world.clock.now(), world.style)
    return answer_json(body | world.edits.get(trial.id, {}))


def latest(world: World, request: Request) -> Response:
    """GET the newest finished run."""
    return answer_json(world.runs.latest(_stored(world, request)))


def _stored(world: World, request: Request) -> Trial:
    """Return the trial, or 404 where the style has no stored runs."""
    if world.style == "2025":
        raise errors.not_found()
    return world.trial(request)


async def recalculate(world: World, request: Request) -> Response:
    """POST a recalculation."""
    trial = _stored(world, request)
    if request.method != "POST":
        raise errors.method_not_allowed(request.method)
    body = await read_json(request)
    status, run = world.runs.start(trial, str(body.get("trigger", "manual")))
    return answer_json(run, status)


def one_run(world: World, request: Request) -> Response:
    """GET one run by its id."""
    trial = _stored(world, request)
    return answer_json(world.runs.get(trial, request.path_params["run_id"]))


def timeseries(world: World, request: Request) -> Response:
    """GET one metric, one cumulative answer a day."""
    trial = _stored(world, request)
    asked = request.query_params
    for name in ("metric_uuid", "fingerprint"):
        if not asked.get(name):
            raise errors.invalid(f"{name} query parameter is required")
    found = [m for m in trial.measures if m.uuid == asked["metric_uuid"]]
    if not found:
        raise errors.not_found()
    moment = world.runs.moment(trial)
    body = timeseries_body(trial, found[0], moment, world.runs.changes(trial))
    if asked["fingerprint"] != found[0].fingerprint:
        body |= {"status": "pending", "timeseries": None, "errors": None, "computed_at": None}
    return answer_json(body)


def stats(world: World, _request: Request) -> Response:
    """GET the team's counts."""
    now = world.clock.now()
    trials = world.trials.values()
    month = 30 * DAY_S
    launched = [t.started_at for t in trials if t.started_at is not None]
    last = sum(1 for s in launched if s > now - month)
    before = sum(1 for s in launched if now - 2 * month < s <= now - month)
    ended = [t.ended_at for t in trials if t.ended_at is not None and t.has_ended(now)]
    body = {
        "launched_last_30d": last,
        "launched_previous_30d": before,
        "percent_change": round(100 * (last - before) / before, 1) if before else 0.0,
        "active_experiments": sum(1 for t in trials if t.status(now) == "running"),
        "completed_last_30d": sum(1 for e in ended if e > now - month),
    }
    return answer_json(body)


def me(world: World, _request: Request) -> Response:
    """GET the user behind the key."""
    team = {
        "id": shapes.TEAM,
        "uuid": stable_uuid("team"),
        "name": "Demo",
        "timezone": "UTC",
    }
    organization = {"id": stable_uuid("organization"), "name": "Demo", "teams": [team]}
    since = iso(world.clock.anchor)
    return answer_json(
        shapes.CREATOR | {"date_joined": since, "team": team, "organization": organization}
    )


def current_key(_world: World, _request: Request) -> Response:
    """GET what the key may do."""
    return answer_json({"scopes": ["*"], "scoped_teams": [shapes.TEAM], "scoped_organizations": []})


def project(_world: World, _request: Request) -> Response:
    """GET the project."""
    return answer_json({"id": shapes.TEAM, "name": "Demo", "timezone": "UTC"})


async def read_json(request: Request) -> Json:
    """Return a request's JSON object; an empty body is an empty one.

    Raises:
        errors.Refusal: no JSON object.
    """
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise errors.invalid("JSON parse error", "parse_error") from None
    if not isinstance(body, dict):
        raise errors.invalid("Expected an object", "parse_error")
    return body
