"""Where history is kept: one SQLite file by default, PostgreSQL by address."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from lib.experiments.errors import StoreError

APP = "live-experiment-dashboard"
POSTGRES = "postgresql+psycopg"


def default_url() -> str:
    """The SQLite file in the user's data directory, which is made when it is missing."""
    folder = Path(platformdirs.user_data_dir(APP, appauthor=False))
    return f"sqlite:///{folder / 'history.sqlite3'}"


def parse_url(text: str) -> URL:
    """Read an address; an empty one is the default.

    Raises:
        StoreError: neither SQLite nor PostgreSQL. The sentence never repeats the address: it may hold a password.
    """
    try:
        url = make_url(text.strip() or default_url())
    except ArgumentError:
        raise StoreError("DASHBOARD_DATABASE_URL is not a database address.") from None
    if url.drivername in {"postgres", "postgresql", POSTGRES}:
        return url.set(drivername=POSTGRES)
    if url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return url
    raise StoreError("DASHBOARD_DATABASE_URL must begin with sqlite:/// or postgresql://.")


def describe(url: URL) -> str:
    """The address for a person, without user and password."""
    if url.drivername.startswith("sqlite"):
        return f"SQLite file {url.database or '(temporary)'}"
    return f"PostgreSQL {url.database or ''} on {url.host or 'the local socket'}"
