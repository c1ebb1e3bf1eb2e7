"""PostHog's metric definitions become Metrics, in the order PostHog shows them; called by the decoders and the client.

Roles: the first primary metric decides and is PRIMARY; PostHog's further primaries are SECONDARY here, since the
promise of a false-alarm rate is made for one. A metric PostHog calls secondary is a GUARDRAIL when its goal is to
decrease (refunds, latency, errors) or its name contains "guardrail": PostHog has no word for guardrails, and these
two are how teams mark what must not get worse. The rest are SECONDARY.

A metric of the old engine, or of a kind this program does not know, is LEGACY: shown, never decided on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lib.experiments.model import Goal, Metric, MetricKind, MetricRole
from lib.sources.posthog.fields import Row, keys, part, rows, words

KINDS = {kind.value: kind for kind in MetricKind if kind is not MetricKind.LEGACY}
OLD_ENGINE = frozenset({"ExperimentTrendsQuery", "ExperimentFunnelsQuery"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Defined:
    """A metric and PostHog's own definition of it, which queries send back."""

    metric: Metric
    definition: Row

    @property
    def is_old_engine(self) -> bool:
        """Whether PostHog counts it with its old engine."""
        return self.definition.get("kind") in OLD_ENGINE

    @property
    def is_unknown(self) -> bool:
        """Whether this program does not know its kind."""
        return self.metric.kind is MetricKind.LEGACY and not self.is_old_engine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    id: str
    definition: Row
    name: str
    is_primary: bool


def decode_metrics(row: Row) -> tuple[Defined, ...]:
    """Every metric of an experiment object, each once, primaries first; empty for short list items."""
    entries = list(_entries(row))
    ordered = [
        *_in_order(entries, keys(row.get("primary_metrics_ordered_uuids")), is_primary=True),
        *_in_order(entries, keys(row.get("secondary_metrics_ordered_uuids")), is_primary=False),
    ]
    unique = {entry.id: entry for entry in reversed(ordered)}
    kept = [entry for entry in ordered if unique[entry.id] is entry]
    return tuple(_defined(entry, is_first=place == 0) for place, entry in enumerate(kept))


def _entries(row: Row) -> Iterator[_Entry]:
    for key, is_primary in (("metrics", True), ("metrics_secondary", False)):
        for place, definition in enumerate(rows(row.get(key))):
            yield _entry(definition, "", is_primary=is_primary, place=place)
    for place, saved in enumerate(rows(row.get("saved_metrics"))):
        is_primary = part(saved, "metadata").get("type") != "secondary"
        query = part(saved, "query")
        if query:
            name = words(saved.get("name"))
            yield _entry(query, name, is_primary=is_primary, place=1000 + place)


def _entry(definition: Row, saved_name: str, *, is_primary: bool, place: int) -> _Entry:
    identity = words(definition.get("uuid"), 200) or words(definition.get("fingerprint"), 200)
    role = "primary" if is_primary else "secondary"
    return _Entry(
        id=identity or f"{role}-{place}",
        definition=definition,
        name=words(definition.get("name")) or saved_name or _events(definition) or "Unnamed metric",
        is_primary=is_primary,
    )


def _in_order(entries: list[_Entry], order: tuple[str, ...], *, is_primary: bool) -> list[_Entry]:
    places = {identity: place for place, identity in enumerate(order)}
    mine = [entry for entry in entries if entry.is_primary is is_primary]
    return sorted(mine, key=lambda entry: places.get(entry.id, len(places)))


def _defined(entry: _Entry, *, is_first: bool) -> Defined:
    goal = Goal.DOWN if entry.definition.get("goal") == "decrease" else Goal.UP
    metric = Metric(
        id=entry.id,
        name=entry.name,
        kind=_kind(entry.definition),
        goal=goal,
        role=_role(entry, goal, is_first=is_first),
        fingerprint=words(entry.definition.get("fingerprint"), 200) or None,
    )
    return Defined(metric=metric, definition=entry.definition)


def _kind(definition: Row) -> MetricKind:
    given = definition.get("metric_type")
    if definition.get("kind") in OLD_ENGINE or not isinstance(given, str):
        return MetricKind.LEGACY
    return KINDS.get(given, MetricKind.LEGACY)


def _role(entry: _Entry, goal: Goal, *, is_first: bool) -> MetricRole:
    if entry.is_primary:
        return MetricRole.PRIMARY if is_first else MetricRole.SECONDARY
    is_guardrail = goal is Goal.DOWN or "guardrail" in entry.name.lower()
    return MetricRole.GUARDRAIL if is_guardrail else MetricRole.SECONDARY


def _events(definition: Row) -> str:
    """The event a metric counts, for the many metrics nobody named."""
    if definition.get("metric_type") == "ratio":
        pair = [_event(part(definition, key)) for key in ("numerator", "denominator")]
        return " per ".join(pair) if all(pair) else "".join(pair)
    series = list(rows(definition.get("series")))
    for key in ("count_query", "funnels_query"):
        series = series or list(rows(part(definition, key).get("series")))
    if series:
        return _event(series[-1])
    return _event(part(definition, "source")) or _event(part(definition, "completion_event"))


def _event(node: Row) -> str:
    return words(node.get("name")) or words(node.get("event")) or words(node.get("table_name"))
