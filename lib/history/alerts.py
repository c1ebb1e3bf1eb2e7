"""What was announced, and its way to each channel: once, or visibly unknown, never silently lost.

An alert and its deliveries are kept in one transaction. A sender claims a delivery before it sends, so two
processes cannot both send it. A claim whose sender died becomes ``unknown``: it may have arrived or not, so it
is shown and not sent again. Nothing here sends or words anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from lib.experiments.chat import Delivery, DeliveryState
from lib.experiments.model import Alert, AlertKind
from lib.history import codec
from lib.history.database import Database
from lib.history.moments import from_micros, to_micros
from lib.history.schema import alerts, deliveries
from lib.history.snapshots import EVENT, Moment, protect

A, D = alerts.c, deliveries.c
OPEN = (DeliveryState.QUEUED.value, DeliveryState.FAILED.value)


class Alerts:
    """The rows of ``alerts`` and ``deliveries``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def alerts(self, experiment_id: int | None, limit: int) -> tuple[Alert, ...]:
        """The newest ``limit`` alerts, newest first."""
        query = select(alerts).order_by(A.seq.desc()).limit(limit)
        if experiment_id is not None:
            query = query.where(A.experiment_id == experiment_id)
        return tuple(_alert(row) for row in self._database.read(lambda c: c.execute(query).all()))

    def after(self, key: str | None, limit: int) -> tuple[Alert, ...]:
        """What was announced after the alert with this key, oldest first; None or unknown: from the start."""
        seen = select(A.seq).where(A.key == key).scalar_subquery()
        query = select(alerts).where(A.seq > func.coalesce(seen, 0)).order_by(A.seq).limit(limit)
        return tuple(_alert(row) for row in self._database.read(lambda c: c.execute(query).all()))

    def raise_alert(self, alert: Alert, messages: Iterable[tuple[str, str]], now: datetime) -> bool:
        """Keep an alert and queue its (channel, body) messages; False: it was announced already."""
        bodies = tuple(messages)

        def work(connection: Connection) -> bool:
            if not self._database.insert_once(connection, alerts, _values(alert)):
                return False
            for channel, body in bodies:
                message = {"alert_key": alert.key, "channel": channel, "body": body}
                self._enqueue(connection, message, now)
            if alert.as_of is not None:
                moment = Moment(alert.experiment_id, None, to_micros(alert.as_of), EVENT)
                protect(self._database, connection, moment)
            return True

        return self._database.write(work, otherwise=False)

    def enqueue(
        self, alert_key: str, channel: str, body: str, now: datetime, next_at: datetime | None
    ) -> bool:
        """Queue one message; False when this alert has one for this channel already."""
        message: dict[str, Any] = {"alert_key": alert_key, "channel": channel, "body": body}
        if next_at is not None:
            message["next_at"] = to_micros(next_at)
        return self._database.write(lambda c: self._enqueue(c, message, now), otherwise=False)

    def deliveries(self, alert_key: str | None, limit: int) -> tuple[Delivery, ...]:
        """Deliveries in every state, newest first."""
        query = select(deliveries).order_by(D.id.desc()).limit(limit)
        if alert_key is not None:
            query = query.where(D.alert_key == alert_key)
        return self._read(query)

    def due(self, now: datetime) -> tuple[Delivery, ...]:
        """What may be claimed now, oldest first."""
        query = select(deliveries).where(D.state.in_(OPEN), D.next_at <= to_micros(now))
        return self._read(query.order_by(D.id))

    def claim(self, delivery_id: int, holder: str, now: datetime) -> bool:
        """Take one due delivery for sending; True for exactly one caller. Counts as a try."""
        mine = update(deliveries).where(D.id == delivery_id, D.state.in_(OPEN))
        mine = mine.where(D.next_at <= to_micros(now)).values(
            state=DeliveryState.SENDING.value,
            holder=holder,
            claimed_at=to_micros(now),
            tries=D.tries + 1,
        )
        return self._database.write(lambda c: c.execute(mine).rowcount == 1, otherwise=False)

    def mark(
        self,
        delivery_id: int,
        state: DeliveryState,
        tries: int | None,
        next_at: datetime | None,
        error: str,
    ) -> bool:
        """Say how a delivery went; False when it could not be kept."""
        values: dict[str, Any] = {"state": state.value, "error": error}
        values["next_at"] = to_micros(next_at)
        if tries is not None:
            values["tries"] = tries
        said = update(deliveries).where(D.id == delivery_id).values(values)
        return self._database.write(lambda c: c.execute(said).rowcount == 1, otherwise=False)

    def give_up_lost(self, now: datetime, after: timedelta, holder: str) -> tuple[Delivery, ...]:
        """Claims older than ``after`` become unknown; so do any left by ``holder``, if named. Those it changed."""
        lost = [D.claimed_at < to_micros(now - after)]
        if holder:
            lost.append(D.holder == holder)
        where = (D.state == DeliveryState.SENDING.value, or_(*lost))

        def work(connection: Connection) -> list[int]:
            found = connection.execute(select(D.id).where(*where)).scalars().all()
            mark = update(deliveries).where(D.id.in_(found), *where)
            said = "the sender stopped before it could say whether this arrived"
            connection.execute(
                mark.values(state=DeliveryState.UNKNOWN.value, next_at=None, error=said)
            )
            return list(found)

        nothing: list[int] = []
        changed = self._database.write(work, nothing)
        return self._read(select(deliveries).where(D.id.in_(changed))) if changed else ()

    def _enqueue(self, connection: Connection, message: Mapping[str, Any], now: datetime) -> bool:
        """Queue inside a transaction of the caller."""
        blank = {"state": DeliveryState.QUEUED.value, "tries": 0, "error": "", "holder": ""}
        times = {"created_at": to_micros(now), "next_at": to_micros(now)}
        return self._database.insert_once(connection, deliveries, {**blank, **times, **message})

    def _read(self, query: Any) -> tuple[Delivery, ...]:
        rows = self._database.read(lambda c: c.execute(query).all())
        return tuple(_delivery(row) for row in rows)


def _values(alert: Alert) -> dict[str, Any]:
    return {
        "key": alert.key,
        "experiment_id": alert.experiment_id,
        "kind": alert.kind.value,
        "text": alert.text,
        "raised_at": to_micros(alert.raised_at),
        "as_of": to_micros(alert.as_of),
        "facts": codec.dumps(alert.facts),
        "why_now": codec.dumps(alert.why_now),
    }


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        key=row.key,
        experiment_id=row.experiment_id,
        kind=AlertKind(row.kind),
        text=row.text,
        raised_at=from_micros(row.raised_at),
        as_of=from_micros(row.as_of),
        facts=tuple(json.loads(row.facts)),
        why_now=tuple(json.loads(row.why_now)),
    )


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    times = {name: from_micros(values[name]) for name in ("created_at", "next_at", "claimed_at")}
    return Delivery(**{**values, **times, "state": DeliveryState(row.state)})
