"""PostHog's replies as recorded, built piece by piece, and a PostHog made of them for the client's tests.

Numbers are those of the recorded examples: control 10,198 visitors, test 10,240.
"""

import copy
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx

from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.client import PostHogSource

HOST = "https://us.posthog.com"
KEY = "phx_SECRET_of_this_test"
START = datetime(2026, 9, 12, 14, 5, tzinfo=UTC)
RUN_TO = "2026-09-12T14:01:59.010000Z"
MEAN_ID = "5b2f7a10-8e0b-4c2e-9b55-000000000001"
FUNNEL_ID = "5b2f7a10-8e0b-4c2e-9b55-000000000002"
RATIO_ID = "5b2f7a10-8e0b-4c2e-9b55-000000000003"
RETENTION_ID = "5b2f7a10-8e0b-4c2e-9b55-000000000004"


class Answer:
    """A reply with its status; bodies may be bytes to be sent as they are, or an exception to be raised."""

    def __init__(self, body, status=200, headers=None):
        self.body, self.status, self.headers = body, status, headers or {}

    def response(self, date):
        if isinstance(self.body, Exception):
            raise self.body
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return httpx.Response(self.status, content=raw, headers={"Date": date, **self.headers})


def metric(identity, kind="mean", **changes):
    """A metric definition as PostHog stores it."""
    node = {"kind": "EventsNode", "event": "purchase", "name": "purchase"}
    own = {
        "mean": {"source": {**node, "math": "sum", "math_property": "amount"}},
        "funnel": {"series": [{"kind": "EventsNode", "event": "checkout_started"}, node]},
        "ratio": {"numerator": {**node, "event": "refund", "name": "refund"}, "denominator": node},
        "retention": {
            "start_event": {"kind": "EventsNode", "event": "$pageview"},
            "completion_event": node,
        },
    }
    return {
        "kind": "ExperimentMetric",
        "uuid": identity,
        "fingerprint": identity[-1] * 64,
        "metric_type": kind,
        "name": f"A {kind}",
        "goal": "increase",
        **copy.deepcopy(own.get(kind, {})),
        **changes,
    }


def flag(*arms, **changes):
    """A feature flag; arms are (key, percent) or keys that share evenly."""
    listed = [arm if isinstance(arm, tuple) else (arm, 100 / len(arms)) for arm in arms]
    return {
        "id": 9482,
        "key": "one-page-checkout",
        "active": True,
        "filters": {
            "groups": [{"properties": [], "rollout_percentage": 100}],
            "payloads": {},
            "multivariate": {
                "variants": [
                    {"key": k, "name": f"Arm {k}", "rollout_percentage": p} for k, p in listed
                ]
            },
        },
        **changes,
    }


def short_item(**changes):
    """An item of the list of newer servers: no metrics, no statistics."""
    return {
        "id": 482,
        "name": "One-page checkout",
        "description": "Fewer steps raise completed orders.",
        "start_date": "2026-09-01T09:00:00Z",
        "end_date": None,
        "feature_flag_key": "one-page-checkout",
        "feature_flag": flag("control", "test"),
        "holdout": None,
        "parameters": None,
        "running_time_calculation": {
            "minimum_detectable_effect": 10,
            "recommended_sample_size": 24000,
            "recommended_running_time": 21,
        },
        "excluded_variants": [],
        "archived": False,
        "deleted": False,
        "updated_at": "2026-09-01T09:00:00.412000Z",
        "status": "running",
        "is_legacy": False,
        "tags": ["checkout"],
        **changes,
    }


def detail(*metrics, **changes):
    """An experiment object; without metrics one mean."""
    return {
        **short_item(),
        "metrics": list(metrics) or [metric(MEAN_ID)],
        "metrics_secondary": [],
        "saved_metrics": [],
        "saved_metrics_ids": None,
        "primary_metrics_ordered_uuids": None,
        "secondary_metrics_ordered_uuids": None,
        "exposure_criteria": {"filterTestAccounts": True, "multiple_variant_handling": "exclude"},
        "stats_config": {"method": "bayesian", "bayesian": {"ci_level": 0.95}},
        **changes,
    }


def arm(key="control", n=10198, total=520098.0, total_sq=58700120.75, **changes):
    """One arm of a result, every optional key null as newer servers send it."""
    names = ("denominator_sum", "denominator_sum_squares", "numerator_denominator_sum_product")
    nulls = dict.fromkeys((*names, "covariate_sum", "step_counts", "step_sessions"))
    counts = {"key": key, "number_of_samples": n, "sum": total, "sum_squares": total_sq}
    return {**counts, **nulls, "validation_failures": [], **changes}


def treatment(key="test", n=10240, total=541720.5, total_sq=61204400.25, **changes):
    """A treatment with PostHog's own figures."""
    own = {
        "method": "bayesian",
        "chance_to_win": 0.9911495576301894,
        "credible_interval": [0.0064772476781394354, 0.06812638283656655],
        "significant": True,
    }
    return {**arm(key, n, total, total_sq), **own, **changes}


def result(baseline=None, *treatments, **changes):
    """An ExperimentQuery answer."""
    return {
        "kind": "ExperimentQuery",
        "insight": None,
        "variants": None,
        "baseline": baseline or arm(),
        "variant_results": list(treatments) or [treatment()],
        "last_refresh": "2026-09-12T14:02:11.120000Z",
        "is_cached": False,
        "query_status": None,
        "timezone": "UTC",
        **changes,
    }


def row(identity=MEAN_ID, found=None, status="completed", **changes):
    """One metric's row of a run."""
    shown = result() if found is None and status == "completed" else found
    return {
        "metric_uuid": identity,
        "status": status,
        "result": shown,
        "error_message": None,
        **changes,
    }


def run(*rows, **changes):
    """A stored run; without rows one good mean."""
    return {
        "id": "0199380a-5b1e-7c10-9d44-0a1b2c3d4e5f",
        "experiment_id": 482,
        "status": "completed",
        "metric_errors": {},
        "metric_retries": {},
        "trigger": "manual",
        "created_at": "2026-09-12T14:01:58.300000Z",
        "completed_at": "2026-09-12T14:02:12.480000Z",
        "query_to": RUN_TO,
        "result_source": "recalculation",
        "results": list(rows) if rows else [row()],
        **changes,
    }


def exposures(**totals):
    """An ExperimentExposureQuery answer; counts by arm, ``multiple`` for $multiple."""
    named = {
        ("$multiple" if k == "multiple" else k.replace("_", "-")): n for k, n in totals.items()
    }
    named = named or {"control": 10198, "test": 10240, "$multiple": 36}
    days = ["2026-09-11", "2026-09-12"]
    lines = [{"variant": k, "days": days, "exposure_counts": [n - 1, n]} for k, n in named.items()]
    return {
        "kind": "ExperimentExposureQuery",
        "timeseries": lines,
        "total_exposures": named,
        "date_range": {"date_from": "2026-09-01T09:00:00+00:00", "date_to": None},
        "sample_ratio_mismatch": None,
        "last_refresh": "2026-09-12T14:02:12Z",
    }


def accepted(identity="0190f0aa00007000800000000000abcd"):
    """The 202 of an asynchronous query."""
    return Answer({"query_status": {"id": identity, "complete": False, "results": None}}, 202)


def finished(answer, **changes):
    """The finished status of an asynchronous query."""
    status = {"id": "x", "complete": True, "error": False, "error_message": None, "results": answer}
    return {"query_status": {**status, **changes}}


def refusal(status, code=None, detail="Words of the server.", headers=None, **extra):
    """An error body of PostHog; without a code the bare kind."""
    body = {"detail": detail, **extra}
    if code:
        body |= {"type": "invalid_request", "code": code, "attr": None}
    return Answer(body, status, headers)


NOT_FOUND = refusal(404, "not_found", "Not found.")
NO_RUN = refusal(404, None, "No completed recalculation found")


class Time:
    """Time that moves when told; a sleep moves it too."""

    def __init__(self):
        self.s = 1000.0
        self.slept_s = 0.0

    def monotonic(self):
        return self.s

    def clock(self):
        return START + timedelta(seconds=self.s - 1000.0)

    def sleep(self, seconds):
        self.s += seconds
        self.slept_s += seconds


class FakePostHog:
    """Answers by route; a route's answer may be a body, an Answer, or a function of the request."""

    def __init__(self, speed=1.0, **routes):
        self.time = Time()
        self.speed = speed
        self.routes = {
            "list": {"count": 1, "next": None, "previous": None, "results": [short_item()]},
            "detail": detail(),
            "latest": run(),
            "series": {"timeseries": {}},
            "exposures": exposures(),
            "query": NOT_FOUND,
            "poll": NOT_FOUND,
            "recalculate": Answer({"id": "new", "status": "pending"}, 201),
            **routes,
        }
        self.asked = []
        self.requests = []

    def count(self, route):
        return sum(name == route for name in self.asked)

    def date(self):
        seconds = (self.time.s - 1000.0) * self.speed
        return format_datetime(START + timedelta(seconds=seconds), usegmt=True)

    def handle(self, request):
        name = self._route(request)
        self.asked.append(name)
        self.requests.append(request)
        found = self.routes[name]
        found = found(request) if callable(found) else found
        answer = found if isinstance(found, Answer) else Answer(found)
        return answer.response(self.date())

    def source(self, **settings):
        made = {"host": HOST, "project_id": "12345", "api_key": Secret(KEY), **settings}
        return PostHogSource(
            PostHogSettings(**made),
            clock=self.time.clock,
            transport=httpx.MockTransport(self.handle),
            sleep=self.time.sleep,
            random=lambda: 0.5,
            monotonic=self.time.monotonic,
        )

    def _route(self, request):
        path = request.url.path
        if path.endswith("/metrics_recalculation/latest/"):
            return "latest"
        if path.endswith("/metrics_recalculation/"):
            return "recalculate"
        if path.endswith("/timeseries_results/"):
            return "series"
        if path.endswith("/query/"):
            kind = json.loads(request.content)["query"]["kind"]
            return "exposures" if kind == "ExperimentExposureQuery" else "query"
        if "/query/" in path:
            return "poll"
        return "list" if path.endswith("/experiments/") else "detail"
