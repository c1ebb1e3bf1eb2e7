"""Snapshots in rows: kept once, corrected openly, found by index.

A reading is new when its track has no row with that ``as_of``. The same moment with the same totals is not
kept twice. The same moment with other totals is a correction: it is kept beside the first as the next
revision, and the row it corrects is marked with the time it stopped counting. Every other reading is kept,
also one whose totals did not move: the statistics go by the rows they were fed, so a restart must find
exactly those. What cannot be written waits in memory and goes along with what can be written next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Row,
    Select,
    bindparam,
    insert,
    or_,
    select,
    union_all,
    update,
)

from lib.experiments.model import Origin, Snapshot
from lib.history.database import Database
from lib.history.encode import layout_of, pack, pack_reported, unpack, unpack_reported
from lib.history.ladder import level_of
from lib.history.moments import from_micros, to_micros
from lib.history.schema import layouts, protections, snapshots, tracks
from lib.history.waiting import Waiting

MINIMUM, EVENT = (
    1,
    2,
)  # what protects a row: a new minimum of the always-valid p; a call or an alert
TRACK: BindParameter[int] = bindparam("track", type_=BigInteger)
S = snapshots.c
COLUMNS = (
    S.as_of,
    S.taken_at,
    S.origin,
    S.n_excluded,
    S.arms,
    S.reported,
    layouts.c.arms.label("layout"),
)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What counts now at one moment of a track."""

    as_of: int
    revision: int
    taken_at: int
    level: int
    layout_id: int
    arms: bytes
    n_excluded: int


class Moment(NamedTuple):
    """A moment (microseconds) to protect in one metric, or in every metric of an experiment."""

    experiment_id: int
    metric_id: str | None
    as_of: int
    why: int


class Snapshots:
    """The rows of ``snapshots`` with their tracks and layouts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = threading.Lock()
        self._waiting = Waiting()
        self._tracks: dict[tuple[int, str], int] = {}
        self._layouts: dict[str, int] = {}

    def keep(self, readings: Iterable[Snapshot]) -> int:
        """Keep what is new; the number of rows added, 0 when nothing can be kept now."""
        readings = [*self._waiting.take(), *readings]
        by_track = attrgetter("experiment_id", "metric_id")
        ordered = sorted(readings, key=lambda s: (*by_track(s), s.as_of, s.taken_at))
        groups = [(key, tuple(group)) for key, group in groupby(ordered, by_track)]
        if not groups:
            return 0
        fresh: dict[str, int] = {}
        n = self._database.write(lambda c: sum(self._keep(c, *g, fresh) for g in groups), None)
        if n is None:
            self._waiting.put(readings)
            return 0
        for text, layout_id in fresh.items():  # only now is it sure that they are kept
            self._remember(self._layouts, text, layout_id)
        return n

    def snapshots(
        self,
        experiment_id: int,
        metric_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[Snapshot, ...]:
        """The readings that count, oldest first; both ends included.

        ``known_at`` (our clock) leaves out what was not yet known then, corrections included.
        """
        query = within(select(*COLUMNS), since=since, until=until, known_at=known_at)
        query = query.join(layouts, layouts.c.id == S.layout_id)
        query = query.order_by(S.as_of.desc() if newest_first else S.as_of).limit(limit)
        rows = self.rows(experiment_id, metric_id, query)
        return tuple(_snapshot(experiment_id, metric_id, row) for row in rows)

    def newest(
        self,
        experiment_id: int,
        metric_id: str,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> Snapshot | None:
        """The last reading, or the last one at or before ``at`` (the data's clock)."""
        found = self.snapshots(
            experiment_id, metric_id, until=at, known_at=known_at, limit=1, newest_first=True
        )
        return found[0] if found else None

    def first_known(self, experiment_id: int, metric_id: str, at: datetime) -> datetime | None:
        """When the last reading at or before ``at`` (the data's clock) was first taken, on our clock.

        What was known then is what was shown then: corrections that came later are not.
        """
        query = select(S.taken_at).where(S.track_id == TRACK, S.as_of <= to_micros(at))
        query = query.order_by(S.as_of.desc(), S.revision).limit(1)
        found = self.rows(experiment_id, metric_id, query)
        return from_micros(found[0].taken_at) if found else None

    def protect(
        self, experiment_id: int, metric_id: str | None, as_of: datetime, why: int = MINIMUM
    ) -> int:
        """Never thin the rows of this moment, now and later; the number of tracks it was marked in.

        ``metric_id`` None: in every metric of the experiment.
        """
        moment = Moment(experiment_id, metric_id, to_micros(as_of), why)
        return self._database.write(lambda c: protect(self._database, c, moment), 0)

    def protect_all(self, experiment_id: int, metric_id: str, moments: Sequence[datetime]) -> int:
        """Mark moments that carry a minimum in one transaction; the number of moments, 0 when it cannot be kept."""

        def work(connection: Connection) -> int:
            track_id = self.track_id(connection, experiment_id, metric_id)
            if track_id is None:
                return 0
            once = self._database.insert(protections).on_conflict_do_nothing()
            marks = [
                {"track_id": track_id, "why": MINIMUM, "as_of": to_micros(at)} for at in moments
            ]
            connection.execute(once, marks)
            return len(marks)

        return self._database.write(work, 0) if moments else 0

    def track_id(self, connection: Connection, experiment_id: int, metric_id: str) -> int | None:
        """The track of one metric; None when nothing of it was ever kept."""
        key = (experiment_id, metric_id)
        with self._known:
            known = self._tracks.get(key)
        if known is None:
            known = connection.execute(_track(experiment_id, metric_id)).scalar()
            self._remember(self._tracks, key, known)
        return known

    def forget(self, experiment_id: int) -> None:
        """Its run is over: look its tracks up again at the next use, and keep nothing of it that still waits."""
        self._waiting.drop(experiment_id)
        with self._known:
            self._tracks = {k: v for k, v in self._tracks.items() if k[0] != experiment_id}

    def rows(self, experiment_id: int, metric_id: str, *queries: Select[Any]) -> Sequence[Row[Any]]:
        """The rows that any of these queries finds in one track, which they name as ``TRACK``."""

        def work(connection: Connection) -> Sequence[Row[Any]]:
            track_id = self.track_id(connection, experiment_id, metric_id)
            if track_id is None:
                return ()
            query = queries[0] if len(queries) == 1 else union_all(*queries)
            return connection.execute(query, {TRACK.key: track_id}).all()

        return self._database.read(work)

    def layout(self, layout_id: int) -> str:
        """The text of one layout; raises KeyError."""
        with self._known:
            known = next(
                (text for text, found in self._layouts.items() if found == layout_id), None
            )
        if known is None:
            query = select(layouts.c.arms).where(layouts.c.id == layout_id)
            known = self._database.read(lambda c: c.execute(query).scalar())
            if known is None:
                raise KeyError(layout_id)
            self._remember(self._layouts, known, layout_id)
        return known

    def _keep(
        self,
        connection: Connection,
        key: tuple[int, str],
        readings: Sequence[Snapshot],
        fresh: dict[str, int],
    ) -> int:
        track_id = self._own_track(connection, key)
        newest = _at_or_before(connection, track_id, None)
        appended: list[dict[str, Any]] = []
        n_placed = 0
        for reading in readings:
            layout_id = self._own_layout(connection, layout_of(reading.totals), fresh)
            row = self._row(reading, track_id, layout_id)
            if newest is None or row["as_of"] > newest.as_of:
                row["level"] = level_of(row["as_of"], newest.as_of if newest else None)
                appended.append(row)
                newest = _standing_of(row)
            elif appended and row["as_of"] == newest.as_of:
                n_placed += _flush(connection, appended) + _place(connection, track_id, row)
            else:
                n_placed += _place(connection, track_id, row)
        return n_placed + _flush(connection, appended)

    @staticmethod
    def _row(reading: Snapshot, track_id: int, layout_id: int) -> dict[str, Any]:
        return {
            "track_id": track_id,
            "as_of": to_micros(reading.as_of),
            "revision": 0,
            "taken_at": to_micros(reading.taken_at),
            "level": 0,
            "origin": reading.origin.value,
            "n_excluded": reading.n_excluded,
            "layout_id": layout_id,
            "arms": pack(reading.totals),
            "reported": pack_reported(reading.reported),
        }

    def _own_track(self, connection: Connection, key: tuple[int, str]) -> int:
        """The track, made when missing, and locked: only one process at a time adds rows to it."""
        found = self.track_id(connection, *key)
        if found is None:
            values = {"experiment_id": key[0], "metric_id": key[1]}
            self._database.insert_once(connection, tracks, values)
            found = int(connection.execute(_track(*key)).scalar_one())
        if self._database.is_postgres:
            connection.execute(select(tracks.c.id).where(tracks.c.id == found).with_for_update())
        return found

    def _own_layout(self, connection: Connection, text: str, fresh: dict[str, int]) -> int:
        """The layout, made when missing; ``fresh`` holds those that this transaction looked up or made."""
        with self._known:
            known = self._layouts.get(text, fresh.get(text))
        if known is None:
            self._database.insert_once(connection, layouts, {"arms": text})
            query = select(layouts.c.id).where(layouts.c.arms == text)
            known = fresh[text] = int(connection.execute(query).scalar_one())
        return known

    def _remember(self, where: dict[Any, int], key: Any, value: int | None) -> None:
        if value is not None:
            with self._known:
                where[key] = value


def within(
    query: Select[Any],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    known_at: datetime | None = None,
) -> Select[Any]:
    """Narrow a query to ``TRACK``, a range, both ends included, and rows that count (or counted then)."""
    query = query.where(S.track_id == TRACK)
    if since is not None:
        query = query.where(S.as_of >= to_micros(since))
    if until is not None:
        query = query.where(S.as_of <= to_micros(until))
    if known_at is None:
        return query.where(S.superseded_at.is_(None))
    then = to_micros(known_at)
    still = or_(S.superseded_at.is_(None), S.superseded_at > then)
    return query.where(S.taken_at <= then, still)


def protect(database: Database, connection: Connection, moment: Moment) -> int:
    """Mark a moment inside a transaction of the caller; the number of tracks it was marked in."""
    why, as_of = moment.why, moment.as_of
    owned = select(tracks.c.id).where(tracks.c.experiment_id == moment.experiment_id)
    if moment.metric_id is not None:
        owned = owned.where(tracks.c.metric_id == moment.metric_id)
    ids = connection.execute(owned).scalars().all()
    for track_id in ids:
        database.insert_once(
            connection, protections, {"track_id": track_id, "why": why, "as_of": as_of}
        )
    return len(ids)


def _track(experiment_id: int, metric_id: str) -> Select[Any]:
    return select(tracks.c.id).where(
        tracks.c.experiment_id == experiment_id, tracks.c.metric_id == metric_id
    )


def _at_or_before(connection: Connection, track_id: int, as_of: int | None) -> _Standing | None:
    query = select(
        S.as_of, S.revision, S.taken_at, S.level, S.layout_id, S.arms, S.n_excluded
    ).where(S.track_id == track_id)
    if as_of is not None:
        query = query.where(S.as_of <= as_of)
    query = query.order_by(S.as_of.desc(), S.revision.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _Standing(*row)


def _place(connection: Connection, track_id: int, row: dict[str, Any]) -> int:
    """Keep a reading that is not the newest: a correction, or one between older ones."""
    before = _at_or_before(connection, track_id, row["as_of"])
    if before is not None and before.as_of == row["as_of"]:
        return _correct(connection, before, row)
    row["level"] = level_of(row["as_of"], before.as_of if before else None)
    connection.execute(insert(snapshots), [row])
    _relevel_next(connection, track_id, row["as_of"])
    return 1


def _correct(connection: Connection, standing: _Standing, row: dict[str, Any]) -> int:
    says_the_same = (
        bytes(standing.arms) == row["arms"]
        and standing.layout_id == row["layout_id"]
        and standing.n_excluded == row["n_excluded"]
    )
    if says_the_same or row["taken_at"] < standing.taken_at:
        return 0
    here = (S.track_id == row["track_id"], S.as_of == row["as_of"], S.superseded_at.is_(None))
    connection.execute(update(snapshots).where(*here).values(superseded_at=row["taken_at"]))
    row["level"] = standing.level
    row["revision"] = standing.revision + 1
    connection.execute(insert(snapshots), [row])
    return 1


def _relevel_next(connection: Connection, track_id: int, as_of: int) -> None:
    """The row after a newly placed one may no longer be the first of its bucket."""
    after = connection.execute(
        select(S.as_of).where(S.track_id == track_id, S.as_of > as_of).order_by(S.as_of).limit(1)
    ).scalar()
    if after is not None:
        here = (S.track_id == track_id, S.as_of == after)
        connection.execute(update(snapshots).where(*here).values(level=level_of(after, as_of)))


def _flush(connection: Connection, rows: list[dict[str, Any]]) -> int:
    """Insert and empty the list."""
    n = len(rows)
    if rows:
        connection.execute(insert(snapshots), rows)
        rows.clear()
    return n


def _standing_of(row: dict[str, Any]) -> _Standing:
    return _Standing(**{name: row[name] for name in _Standing.__slots__})


def _snapshot(experiment_id: int, metric_id: str, row: Row[Any]) -> Snapshot:
    return Snapshot(
        experiment_id=experiment_id,
        metric_id=metric_id,
        as_of=from_micros(row.as_of),
        taken_at=from_micros(row.taken_at),
        totals=unpack(row.layout, bytes(row.arms)),
        reported=unpack_reported(row.reported),
        origin=Origin(row.origin),
        n_excluded=row.n_excluded,
    )
