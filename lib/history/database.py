"""One database, opened, migrated and spoken to: every read and write of this package passes here.

Reads and writes may come from any thread. A write that the disk or the server refuses does not raise: it
returns what its caller named, and ``read_only_because`` says why until a write works again. A read that
cannot be answered raises StoreError. Nothing here knows what a row means.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from lib.experiments.errors import StoreError, StoreTooNew, StoreUnwritable
from lib.history.address import describe, parse_url
from lib.history.migrate import migrate, refuse_newer
from lib.history.turns import Turns

BUSY_S = 5.0
CONNECT_S = 5
SILENT: Mapping[str, int] = {  # a server that went away without a word is given up after 20 s, not after hours
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000,
}  # fmt: skip
AWAY_S = 5.0
POOL: Mapping[str, int] = {"pool_size": 5, "max_overflow": 20, "pool_timeout": 10}
OURS = (IntegrityError, ProgrammingError, DataError)  # mistakes of this program, not of the disk
CROWDED = "too many readers at once"
T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

REASONS = (  # what the driver says, in part, and what a person should read; first that fits
    ("database or disk is full", "the disk is full"),
    ("No space left", "the disk is full"),
    ("readonly database", "the file is read-only"),
    ("read-only transaction", "the server is read-only"),
    ("database is locked", "another program holds the file"),
    ("unable to open", "the file cannot be opened"),
    ("disk I/O error", "the disk does not answer"),
    ("Permission denied", "its folder may not be written to"),
    ("not a database", "the file is damaged or no history file"),
    ("malformed", "the file is damaged"),
)


class Database:
    """A connection pool that is migrated before its first use.

    Args:
        url: an address of SQLite or PostgreSQL; empty for the default file; ``sqlite://`` for a temporary file.

    Raises:
        StoreTooNew: written by a newer version of this program.
        StoreError: an address of another kind.
    """

    def __init__(self, url: str) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.url = self._placed(parse_url(url))
        self.engine = _engine(self.url)
        self._reading = self.engine
        if self.is_postgres:
            # Each statement sees what is committed anyway, so reads need no BEGIN and no ROLLBACK.
            self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.read_only_because = ""
        self._ready = False
        self._away_until = 0.0
        self._away_because: BaseException = ConnectionError()
        self._opening = threading.Lock()
        self._turns: AbstractContextManager[None] = nullcontext() if self.is_postgres else Turns()
        self._shared = threading.local()
        self._open_or_say_why()

    @property
    def is_postgres(self) -> bool:
        """Whether several machines may share it."""
        return self.engine.dialect.name == "postgresql"

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows ON CONFLICT, in this database's dialect."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    def insert_once(self, connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert a row; False when one with the same key is there, which stays as it is."""
        key = next(iter(table.primary_key.columns))
        row = self.insert(table).values(values).on_conflict_do_nothing().returning(key)
        return connection.execute(row).first() is not None

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a connection.

        Raises:
            StoreError: the database cannot be read now.
        """
        try:
            if self.is_postgres:  # SQLite is read while another program writes
                self._refuse_while_away()
            self._ensure()
            with self._connection() as connection:
                return work(connection)
        except PoolTimeout as error:
            raise StoreError(f"History cannot be read: {CROWDED}.") from error
        except DBAPIError as error:
            self._note_away(error)
            if self._may_peek(error):
                return self._peek(work)
            raise StoreError(f"History cannot be read: {_reason(error)}.") from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Meanwhile the reads of this thread share one connection."""
        if getattr(self._shared, "exit", None) is not None:
            yield
            return
        with ExitStack() as opened:
            self._shared.exit, self._shared.connection = opened, None
            try:
                yield
            finally:
                self._shared.exit = self._shared.connection = None

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection to read with: this thread's shared one, opened by its first read, else one of its own."""
        opened: ExitStack | None = getattr(self._shared, "exit", None)
        if opened is None:
            with self._reading.connect() as connection:
                yield connection
            return
        if self._shared.connection is None:
            self._shared.connection = opened.enter_context(self._reading.connect())
        try:
            yield self._shared.connection
        except DBAPIError:
            self._shared.connection = None  # what follows begins anew
            opened.close()
            raise

    def write(self, work: Callable[[Connection], T], otherwise: T) -> T:
        """Run ``work`` in one transaction; ``otherwise`` when it cannot be kept (``read_only_because``)."""
        try:
            return self.write_or_raise(work)
        except StoreUnwritable as refused:
            self.read_only_because = str(refused)
            return otherwise

    def write_or_raise(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction.

        Raises:
            StoreUnwritable: the disk is full, the file read-only or the server away.
        """
        try:
            with self._turns:
                done = self._write_now(work)
        except PoolTimeout as error:
            raise StoreUnwritable(self._sentence(CROWDED)) from error
        except DatabaseError as error:
            if isinstance(error, OURS):
                raise
            self._note_away(error)
            raise StoreUnwritable(self._sentence(_reason(error))) from error
        self.read_only_because = ""
        return done

    def _write_now(self, work: Callable[[Connection], T]) -> T:
        self._refuse_while_away()
        self._ensure()
        with (
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            return work(connection)

    def close(self) -> None:
        """Give every connection back; a temporary file is removed."""
        self.engine.dispose()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _placed(self, url: URL) -> URL:
        """Give a file to SQLite addresses without one."""
        if url.drivername.startswith("sqlite") and url.database in {None, "", ":memory:"}:
            self._temporary = tempfile.TemporaryDirectory(
                prefix="history-", ignore_cleanup_errors=True
            )
            return url.set(database=str(Path(self._temporary.name) / "history.sqlite3"))
        return url

    def _open_or_say_why(self) -> None:
        try:
            self._ensure()
        except StoreTooNew:
            self.close()
            raise
        except DBAPIError as error:
            self.read_only_because = self._sentence(_reason(error))

    def _ensure(self) -> None:
        """Migrate once; a failure is tried again at the next use."""
        if self._ready:
            return
        with self._opening:
            if not self._ready:
                _make_folder(self.url)
                migrate(self.engine)
                self._ready = True

    def _refuse_while_away(self) -> None:
        if time.monotonic() < self._away_until:
            raise OperationalError("", None, self._away_because)

    def _note_away(self, error: DBAPIError) -> None:
        """Who waited in vain waited for seconds: for a while everybody else is refused at once."""
        is_answer = getattr(error.orig, "sqlstate", None) is not None
        is_away = not is_answer if self.is_postgres else "database is locked" in str(error.orig)
        if is_away and error.orig is not None and error.orig is not self._away_because:
            self._away_until = time.monotonic() + AWAY_S
            self._away_because = error.orig

    def _may_peek(self, error: DBAPIError) -> bool:
        """Whether the file is there but SQLite finds no room beside it for its journal."""
        refused = any(words in str(error.orig) for words in ("readonly database", "unable to open"))
        return refused and not self.is_postgres and Path(self.url.database or "").is_file()

    def _peek(self, work: Callable[[Connection], T]) -> T:
        """Read a file that nobody may write to, without a journal."""
        path = quote(str(Path(self.url.database or "").resolve()))
        address = f"file:{path}?mode=ro&immutable=1"
        engine = create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
        )
        try:
            with engine.connect() as connection:
                if refuse_newer(connection) is None:
                    raise StoreError("History cannot be read: the file holds none.")
                return work(connection)
        except DBAPIError as error:
            raise StoreError(f"History cannot be read: {_reason(error)}.") from error

    def _sentence(self, reason: str) -> str:
        return (
            f"Nothing is being kept: {reason} ({describe(self.url)}). "
            "Live figures go on; alerts wait."
        )


def _engine(url: URL) -> Engine:
    if not url.drivername.startswith("sqlite"):
        return create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_S, **SILENT}, **POOL
        )
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, **POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """One file, many readers and a writer; a power cut may cost the last moments, never the file."""
    connection.isolation_level = (
        None  # transactions begin where _begin_sqlite says, not where the driver guesses
    )
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA journal_size_limit=67108864")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Where several are first at a new file, SQLite refuses all but one at once instead of waiting; so we wait."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock at once, so that reading first and writing later cannot collide."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_folder(url: URL) -> None:
    if url.drivername.startswith("sqlite") and url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OperationalError("mkdir", None, error) from error


def _reason(error: DBAPIError) -> str:
    """Why, in words; never the driver's own text, which may hold an address or a value."""
    said = str(error.orig)
    return next((words for part, words in REASONS if part in said), "the database does not answer")
