"""Decides what is to be announced: (what stood before, analyses now) -> events. Pure; called at each poll.

The contract (product notes I): the always-valid line crossed, floors met, a full week or the planned
minimum passed, health clean, still so after ``STEADY`` polls, never twice. Harm to a guardrail, a split that is
off and silence do not wait for the week. An event carries a key; the store raises each key once, so that a
restart, a second process, a second viewer or a re-read cannot repeat it. What was announced is withdrawn in
public when data were corrected or a check fails, never because the lift faded; what then holds again is a new
event. Words are not made here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lib.experiments.model import AlertKind, Call, Experiment, Goal, MetricRole
from lib.stats.health import harmed_by
from lib.stats.results import Analysis, State
from lib.stats.verdict import standing_calls

STEADY = 3  # polls: 30 s, against half-written data
HISTORY_AFTER = timedelta(days=1)  # what ended longer ago is history, not news
FAILED_CHECKS = {"split", "counts_shrank", "exceeds_exposures", "no_control", "jump"}
PROVEN = (AlertKind.PROVEN_BETTER, AlertKind.PROVEN_WORSE)
CONDITIONS = {AlertKind.DATA_STOPPED, AlertKind.PLANNED_END, AlertKind.UNLIKELY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to announce. The same event has the same ``key``, whoever sees it.

    ``call`` is the crossing it rests on, if any. ``because`` is why a call is withdrawn, in the verdict's
    words. ``takes_back`` is the key of the alert a withdrawal takes back; empty when nobody was told of it.
    ``is_again``: said before, taken back since, and so once more.
    """

    key: str
    kind: AlertKind
    experiment_id: int
    as_of: datetime
    metric_id: str
    treatment_key: str | None = None
    call: Call | None = None
    because: str = ""
    takes_back: str = ""
    is_again: bool = False

    @property
    def is_public(self) -> bool:
        """Whether it is said aloud; what nobody was told is taken back in silence."""
        return self.kind is not AlertKind.WITHDRAWN or bool(self.takes_back)


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
    found = {e.key: e for e in _candidates(experiment, analyses, server_now, raised)}
    stood = {key: memory.stood.get(key, 0) + 1 for key in found}
    ripe = (e for key, e in found.items() if key not in raised and _is_ripe(e, stood[key]))
    return Memory(stood), tuple(ripe)


def held_at_first_sight(
    experiment: Experiment, analyses: Collection[Analysis], server_now: datetime
) -> frozenset[str]:
    """Keys of lasting conditions an experiment is in when it is first seen: known, not news.

    Whoever connects forty experiments is not told forty times that a plan is over. Crossings, harm and a split
    that is off are told also then.
    """
    found = _candidates(experiment, analyses, server_now, ())
    return frozenset(event.key for event in found if event.kind in CONDITIONS)


def _is_ripe(event: Event, polls: int) -> bool:
    """Public events until they are stored; silent ones once."""
    return polls >= STEADY if event.is_public else polls == STEADY


def _candidates(
    experiment: Experiment,
    analyses: Collection[Analysis],
    server_now: datetime,
    raised: Collection[str],
) -> Iterator[Event]:
    primary = next((a for a in analyses if a.metric.role is MetricRole.PRIMARY), None)
    if primary is None:
        return
    guards = [a for a in analyses if a.metric.role is MetricRole.GUARDRAIL]
    yield from _withdrawn(primary, raised)
    for guard in guards:
        yield from _guardrail_withdrawn(experiment, guard, raised)
    if primary.ended_at is not None and server_now - primary.ended_at > HISTORY_AFTER:
        return
    yield from _proven(primary, raised)
    yield from _guardrails(experiment, primary, guards)
    yield from _health(experiment, primary)
    yield from _ends(experiment, primary)


def _proven(primary: Analysis, raised: Collection[str]) -> Iterator[Event]:
    """The verdict says proven, alone or with a failing guardrail: every call that stands."""
    if not primary.verdict.is_ready:
        return
    for call in standing_calls(primary.calls):
        n = _n_withdrawn(primary, call, raised)
        key = _told_key(primary, call, n)
        yield _event(primary, _kind(primary, call), key, call=call, is_again=n > 0)


def _withdrawn(primary: Analysis, raised: Collection[str]) -> Iterator[Event]:
    """A call no longer stands: taken back for good, or doubted by a failed check."""
    verdict = primary.verdict
    doubt = verdict.suspicion if verdict.suspicion in FAILED_CHECKS else ""
    for call in primary.calls:
        because = call.withdrawn_because if call.withdrawn_at is not None else doubt
        if not because and call.withdrawn_at is None:
            continue
        n = _n_withdrawn(primary, call, raised)
        told = _told_key(primary, call, n)
        if call.withdrawn_at is None and told not in raised:
            continue  # only doubted, and nobody was told
        yield _event(
            primary,
            AlertKind.WITHDRAWN,
            _withdrawn_key(primary, call, n),
            call=call,
            because=because,
            takes_back=told if told in raised else "",
        )


def _guardrails(
    experiment: Experiment, primary: Analysis, guards: Collection[Analysis]
) -> Iterator[Event]:
    """Harm that the always-valid line shows, whatever the primary says; never on doubtful data."""
    if primary.verdict.suspicion:
        return
    for guard in guards:
        for arm in harmed_by([guard]):
            call = next((c for c in standing_calls(guard.calls) if c.treatment_key == arm), None)
            key = _harm_key(experiment, guard, arm)
            yield _event(guard, AlertKind.GUARDRAIL, key, call=call, arm=arm)


def _guardrail_withdrawn(
    experiment: Experiment, guard: Analysis, raised: Collection[str]
) -> Iterator[Event]:
    """Harm was announced and its call taken back since."""
    for call in guard.calls:
        told = _harm_key(experiment, guard, call.treatment_key)
        if call.withdrawn_at is None:
            continue
        yield _event(
            guard,
            AlertKind.WITHDRAWN,
            _withdrawn_key(guard, call, 0),
            call=call,
            because=call.withdrawn_because,
            takes_back=told if told in raised else "",
        )


def _health(experiment: Experiment, primary: Analysis) -> Iterator[Event]:
    """The split, and silence: each stop is an event of its own, named after the last day with data."""
    verdict = primary.verdict
    if verdict.suspicion == "split":
        key = _key(primary, AlertKind.SPLIT_OFF, _start(experiment))
        yield _event(primary, AlertKind.SPLIT_OFF, key, arm=verdict.suspicion_key)
    if verdict.state is State.NOTHING_ARRIVES:
        key = _key(primary, AlertKind.DATA_STOPPED, "never", _start(experiment))
        yield _event(primary, AlertKind.DATA_STOPPED, key)
    elif verdict.suspicion == "data_stopped":
        key = _key(primary, AlertKind.DATA_STOPPED, primary.snapshot.as_of.date().isoformat())
        yield _event(primary, AlertKind.DATA_STOPPED, key)


def _ends(experiment: Experiment, primary: Analysis) -> Iterator[Event]:
    for state, kind in (
        (State.PLANNED_END, AlertKind.PLANNED_END),
        (State.UNLIKELY, AlertKind.UNLIKELY),
    ):
        if primary.verdict.state is state:
            yield _event(primary, kind, _key(primary, kind, _start(experiment)))


def _event(
    analysis: Analysis,
    kind: AlertKind,
    key: str,
    *,
    call: Call | None = None,
    arm: str | None = None,
    because: str = "",
    takes_back: str = "",
    is_again: bool = False,
) -> Event:
    return Event(
        key=key,
        kind=kind,
        experiment_id=analysis.snapshot.experiment_id,
        as_of=analysis.snapshot.as_of,
        metric_id=analysis.metric.id,
        treatment_key=call.treatment_key if call else arm,
        call=call,
        because=because,
        takes_back=takes_back,
        is_again=is_again,
    )


def _kind(analysis: Analysis, call: Call) -> AlertKind:
    is_better = (call.direction > 0) == (analysis.metric.goal is Goal.UP)
    return AlertKind.PROVEN_BETTER if is_better else AlertKind.PROVEN_WORSE


def _told_key(analysis: Analysis, call: Call, n_withdrawn: int) -> str:
    """The key of a call's announcement; after ``n_withdrawn`` withdrawals it is another event."""
    return _key(analysis, _kind(analysis, call), *_call_parts(call, n_withdrawn))


def _withdrawn_key(analysis: Analysis, call: Call, n_withdrawn: int) -> str:
    return _key(analysis, AlertKind.WITHDRAWN, *_call_parts(call, n_withdrawn))


def _call_parts(call: Call, n_withdrawn: int) -> tuple[str, ...]:
    parts = (call.treatment_key, call.as_of.isoformat(timespec="seconds"))
    return parts if not n_withdrawn else (*parts, str(n_withdrawn + 1))


def _n_withdrawn(analysis: Analysis, call: Call, raised: Collection[str]) -> int:
    """How often this call was withdrawn in public and held again since; the last one counts when it is over."""
    n = 0
    while (
        _withdrawn_key(analysis, call, n) in raised
        and call.withdrawn_at is None
        and analysis.verdict.suspicion not in FAILED_CHECKS
    ) or (_told_key(analysis, call, n + 1) in raised):
        n += 1
    return n


def _harm_key(experiment: Experiment, guard: Analysis, arm: str) -> str:
    return _key(guard, AlertKind.GUARDRAIL, arm, _start(experiment))


def _start(experiment: Experiment) -> str:
    """A restarted experiment is another one, though it keeps its id."""
    return experiment.started_at.date().isoformat() if experiment.started_at else ""


def _key(analysis: Analysis, kind: AlertKind, *parts: str) -> str:
    return ":".join((str(analysis.snapshot.experiment_id), analysis.metric.id, kind, *parts))
