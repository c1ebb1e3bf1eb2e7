"""The tables. Times are microseconds since 1970 UTC in 64-bit integers, so that they round-trip exactly.

``migrate`` makes them; the other files of this package read and write them.

A track is one metric of one experiment. A layout says which arms and sums a snapshot's ``arms`` bytes hold.
``level`` of a snapshot is the coarsest bucket width (``ladder``) in which it is the first row; charts and
thinning go by it, so neither ever looks at every row.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
)

metadata = MetaData()


class Words(TypeDecorator[str]):
    """Text from outside: NUL and lone surrogates, which PostgreSQL cannot hold, become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Clean one value on its way in."""
        if value is None:
            return None
        clean = str(value).replace("\0", "\ufffd")
        return clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in INTEGER keys
Moment = BigInteger

versions = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

tracks = Table(
    "tracks",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("experiment_id", BigInteger, nullable=False),
    Column("metric_id", Words, nullable=False),
    UniqueConstraint("experiment_id", "metric_id"),
)

layouts = Table(
    "layouts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("arms", Text, nullable=False),
)
# PostgreSQL cannot index a text longer than 2.7 kB, and arms may have long names.
Index("layouts_by_arms", layouts.c.arms, unique=True).ddl_if(dialect="sqlite")
Index("layouts_by_digest", func.md5(layouts.c.arms), unique=True).ddl_if(dialect="postgresql")

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("track_id", BigInteger, nullable=False),
    Column("as_of", Moment, nullable=False),
    Column("revision", SmallInteger, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("superseded_at", Moment),
    Column("level", SmallInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("n_excluded", BigInteger, nullable=False),
    Column("layout_id", BigInteger, nullable=False),
    Column("arms", LargeBinary, nullable=False),
    Column("reported", Text, nullable=False),
    UniqueConstraint("track_id", "as_of", "revision"),
    Index("snapshots_by_level", "track_id", "level", "as_of"),
)
protections = Table(
    "protections",
    metadata,
    Column("track_id", BigInteger, primary_key=True, autoincrement=False),
    Column("why", SmallInteger, primary_key=True, autoincrement=False),
    Column("as_of", Moment, primary_key=True, autoincrement=False),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

exposure_readings = Table(
    "exposure_readings",
    metadata,
    Column("experiment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", Moment, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("experiment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("experiment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("metric_id", Words, primary_key=True),
    Column("treatment_key", Words, primary_key=True),
    Column("as_of", Moment, primary_key=True),
    Column("direction", SmallInteger, nullable=False),
    Column("lift", Float(53)),
    Column("low", Float(53)),
    Column("high", Float(53)),
    Column("evidence", Float(53), nullable=False),
    Column("withdrawn_at", Moment),
    Column("withdrawn_because", Words, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("key", Words, nullable=False, unique=True),
    Column("experiment_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Words, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("as_of", Moment),
    Column("facts", Text, nullable=False),
    Column("why_now", Text, nullable=False),
    Index("alerts_by_experiment", "experiment_id", "seq"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("alert_key", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("error", Words, nullable=False),
    Column("holder", Words, nullable=False),
    Column("claimed_at", Moment),
    UniqueConstraint("alert_key", "channel"),
    Index("deliveries_by_state", "state", "next_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("until", Moment, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("role", Text, nullable=False),
    Column("text", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("facts", Text, nullable=False),
    Column("panel", Text),
    Column("thumb", Boolean),
    Column("note", Words, nullable=False),
    Index("messages_by_conversation", "conversation_id", "id"),
)

usage = Table(
    "usage",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("experiment_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("experiment_id", "kind", "key"),
    Index("notes_by_kind", "experiment_id", "kind", "at"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", Words, nullable=False),
)
