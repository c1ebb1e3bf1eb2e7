"""Experiments as last seen, their frozen plans, and the calls that were made on them.

A plan is frozen once: the first one kept is the one everybody gets. A call is recorded once with its numbers
and never fades; withdrawing marks it and says why.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from lib.experiments.model import Call, Experiment, Plan
from lib.history import codec
from lib.history.database import Database
from lib.history.moments import from_micros, to_micros
from lib.history.schema import calls, experiments, plans
from lib.history.snapshots import EVENT, Moment, protect

C = calls.c


class PlansAndCalls:
    """The rows of ``experiments``, ``plans`` and ``calls``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, experiment: Experiment, at: datetime) -> None:
        """Keep the experiment as configured now, for a start without its source."""
        body = codec.dumps(experiment)
        new = {"body": body, "seen_at": to_micros(at)}
        row = self._database.insert(experiments).values(id=experiment.id, **new)
        row = row.on_conflict_do_update(index_elements=["id"], set_=new)
        self._database.write(lambda c: c.execute(row), None)

    def known(self) -> tuple[Experiment, ...]:
        """Every experiment ever seen, as last seen, by id."""
        query = select(experiments.c.body).order_by(experiments.c.id)
        bodies = self._database.read(lambda c: c.execute(query).scalars().all())
        return tuple(codec.loads(Experiment, body) for body in bodies)

    def plan(self, experiment_id: int) -> Plan | None:
        """The frozen plan."""
        return self._database.read(lambda c: _plan(c, experiment_id))

    def freeze(self, plan: Plan) -> Plan:
        """Keep the plan unless one is kept; the one that counts (this one when nothing can be kept)."""

        def work(connection: Connection) -> Plan:
            body = codec.dumps(plan)
            values = {"experiment_id": plan.experiment_id, "body": body}
            self._database.insert_once(connection, plans, values)
            return _plan(connection, plan.experiment_id) or plan

        return self._database.write(work, plan)

    def calls(self, experiment_id: int) -> tuple[Call, ...]:
        """Every call, withdrawn ones included, oldest first."""
        query = select(calls).where(C.experiment_id == experiment_id)
        query = query.order_by(C.as_of, C.metric_id, C.treatment_key)
        rows = self._database.read(lambda c: c.execute(query).all())
        return tuple(_call(row) for row in rows)

    def record(self, call: Call) -> bool:
        """Keep a call; False when this arm has one that stands, or had this very one, or nothing can be kept."""

        def work(connection: Connection) -> bool:
            standing = _standing(call.experiment_id, call.metric_id, call.treatment_key)
            if connection.execute(select(C.as_of).where(*standing)).first():
                return False
            if not self._database.insert_once(connection, calls, _values(call)):
                return False
            moment = Moment(call.experiment_id, call.metric_id, to_micros(call.as_of), EVENT)
            protect(self._database, connection, moment)
            return True

        return self._database.write(work, otherwise=False)

    def withdraw(
        self, experiment_id: int, metric_id: str, treatment_key: str, at: datetime, because: str
    ) -> bool:
        """Mark the standing call of this arm as withdrawn; False when none stands."""
        mark = update(calls).where(*_standing(experiment_id, metric_id, treatment_key))
        mark = mark.values(withdrawn_at=to_micros(at), withdrawn_because=because)
        return self._database.write(lambda c: c.execute(mark).rowcount > 0, otherwise=False)


def _standing(experiment_id: int, metric_id: str, treatment_key: str) -> tuple[Any, ...]:
    return (
        C.experiment_id == experiment_id,
        C.metric_id == metric_id,
        C.treatment_key == treatment_key,
        C.withdrawn_at.is_(None),
    )


def _plan(connection: Connection, experiment_id: int) -> Plan | None:
    query = select(plans.c.body).where(plans.c.experiment_id == experiment_id)
    body = connection.execute(query).scalar()
    return None if body is None else codec.loads(Plan, body)


def _values(call: Call) -> dict[str, Any]:
    return {
        **{name: getattr(call, name) for name in Call.__slots__},
        "as_of": to_micros(call.as_of),
        "withdrawn_at": to_micros(call.withdrawn_at),
    }


def _call(row: Row[Any]) -> Call:
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    times = {name: from_micros(values[name]) for name in ("as_of", "withdrawn_at")}
    return Call(**{**values, **times})
