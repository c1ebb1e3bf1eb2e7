"""Decides what is to be announced: (what stood before, analysis now) -> events. Pure; called at each poll.

The contract (product notes I): the always-valid line crossed, floors met, a full week or the planned
minimum passed, health clean, still so after ``STEADY`` polls, never twice. An event carries a key; the
store raises each key once, so that a restart, a second process, a second viewer or a re-read cannot repeat it.
A call that was announced is withdrawn in public when data were corrected or a check fails, never because the
lift faded. Words are not made here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lib.experiments.model import AlertKind, Call, Experiment, MetricRole
from lib.stats.results import Analysis, State

STEADY = 3  # polls: 30 s, against half-written data
SILENT_FOR = timedelta(
    hours=36
)  # PostHog recalculates daily; a day and a half without newer data is news
PROVEN = {AlertKind.PROVEN_BETTER, AlertKind.PROVEN_WORSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to announce. The same event has the same ``key``, whoever sees it."""

    key: str
    kind: AlertKind
    experiment_id: int
    as_of: datetime
    metric_id: str = ""
    treatment_key: str | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """How many polls in a row each candidate has stood; kept by the caller between polls."""

    stood: Mapping[str, int] = field(default_factory=dict)


def judge(
    memory: Memory,
    experiment: Experiment,
    analyses: Collection[Analysis],
    *,
    server_now: datetime,
    raised: Collection[str],
) -> tuple[Memory, tuple[Event, ...]]:
    """What is to be announced after this poll.

    Args:
        memory: what the poll before returned.
        experiment: as configured now.
        analyses: of this poll; the primary decides.
        server_now: the server's clock.
        raised: keys announced before, by anybody.

    Returns:
        The memory for the next poll, and events that stood for ``STEADY`` polls and were not raised yet.
    """
    candidates = {e.key: e for e in _candidates(experiment, analyses, server_now, raised)}
    stood = {key: memory.stood.get(key, 0) + 1 for key in candidates}
    ripe = (e for key, e in candidates.items() if stood[key] >= STEADY and key not in raised)
    return Memory(stood), tuple(ripe)


def _candidates(
    experiment: Experiment,
    analyses: Collection[Analysis],
    server_now: datetime,
    raised: Collection[str],
) -> Iterator[Event]:
    primary = next((a for a in analyses if a.metric.role is MetricRole.PRIMARY), None)
    if primary is None or primary.snapshot.experiment_id != experiment.id:
        return
    yield from _proven(primary)
    yield from _withdrawn(primary, raised)
    yield from _guardrails(primary)
    yield from _health(experiment, primary, server_now)
    yield from _ends(primary)


def _proven(primary: Analysis) -> Iterator[Event]:
    """The verdict says proven, alone or with a failing guardrail."""
    verdict = primary.verdict
    if not verdict.is_ready or verdict.call is None or verdict.call.withdrawn_at is not None:
        return
    kind = AlertKind.PROVEN_BETTER if verdict.favours_treatment else AlertKind.PROVEN_WORSE
    yield _event(primary, kind, call=verdict.call, arm=verdict.call.treatment_key)


def _withdrawn(primary: Analysis, raised: Collection[str]) -> Iterator[Event]:
    """A call announced before no longer stands: withdrawn for good, or health failed since."""
    is_sick = primary.verdict.state in {State.UNDER_SUSPICION, State.WITHDRAWN}
    for call in primary.calls:
        told = any(_key(primary, kind, call.treatment_key) in raised for kind in PROVEN)
        if told and (is_sick or call.withdrawn_at is not None):
            yield _event(primary, AlertKind.WITHDRAWN, call=call, arm=call.treatment_key)


def _guardrails(primary: Analysis) -> Iterator[Event]:
    for metric_id in primary.verdict.failing_guardrails:
        yield Event(
            key=f"{primary.snapshot.experiment_id}:{AlertKind.GUARDRAIL}:{metric_id}",
            kind=AlertKind.GUARDRAIL,
            experiment_id=primary.snapshot.experiment_id,
            as_of=primary.snapshot.as_of,
            metric_id=metric_id,
        )


def _health(experiment: Experiment, primary: Analysis, server_now: datetime) -> Iterator[Event]:
    if primary.verdict.state is State.UNDER_SUSPICION and primary.verdict.suspicion == "split":
        yield _event(primary, AlertKind.SPLIT_OFF)
    if experiment.is_running and server_now - primary.snapshot.as_of > SILENT_FOR:
        day = primary.snapshot.as_of.date().isoformat()
        yield _event(primary, AlertKind.DATA_STOPPED, arm=day)  # each stop is an event of its own


def _ends(primary: Analysis) -> Iterator[Event]:
    if primary.verdict.state is State.PLANNED_END:
        yield _event(primary, AlertKind.PLANNED_END)
    if primary.verdict.state is State.UNLIKELY:
        yield _event(primary, AlertKind.UNLIKELY)


def _event(primary: Analysis, kind: AlertKind, *, call: Call | None = None, arm: str = "") -> Event:
    return Event(
        key=_key(primary, kind, arm),
        kind=kind,
        experiment_id=primary.snapshot.experiment_id,
        as_of=primary.snapshot.as_of,
        metric_id=primary.metric.id,
        treatment_key=call.treatment_key if call else primary.verdict.treatment_key,
        call=call,
    )


def _key(primary: Analysis, kind: AlertKind, arm: str) -> str:
    return f"{primary.snapshot.experiment_id}:{primary.metric.id}:{kind}:{arm}"
