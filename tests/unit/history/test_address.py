"""Where history is kept, and what may be said about it."""

from pathlib import Path

import pytest

from lib.experiments.errors import StoreError
from lib.history.address import default_url, describe, parse_url
from lib.history.store import Store


def test_the_default_is_a_file_in_the_users_data_directory(monkeypatch, tmp_path):
    """No address: one file under the user's data directory, made when first used."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    url = default_url()
    assert url.startswith(f"sqlite:///{tmp_path}")
    assert url.endswith("live-experiment-dashboard/history.sqlite3")
    store = Store("", clock=lambda: None)
    assert Path(url.removeprefix("sqlite:///")).is_file()
    assert store.place == f"SQLite file {url.removeprefix('sqlite:///')}"
    store.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_word_for_postgres_is_understood(scheme):
    """The three schemes people copy from their host's page mean the same driver."""
    url = parse_url(f"{scheme}://ann:secret@db.example:5432/history")
    assert url.drivername == "postgresql+psycopg"
    assert url.password == "secret"


def test_a_description_holds_no_password():
    """For a page: kind, name and host, never user or password."""
    url = parse_url("postgresql://ann:secret@db.example/history")
    assert describe(url) == "PostgreSQL history on db.example"


@pytest.mark.parametrize(
    "text", ["mysql://ann:secret@db/x", "history.sqlite3", "ann:secret", "://"]
)
def test_other_addresses_are_refused_without_repeating_them(text):
    """The sentence names the setting and keeps the address, which may hold a password, to itself."""
    with pytest.raises(StoreError, match="DASHBOARD_DATABASE_URL") as caught:
        parse_url(text)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_temporary_store_leaves_nothing():
    """``sqlite://`` keeps everything in a file that goes when the store is closed."""
    store = Store("sqlite://", clock=lambda: None)
    assert store.put_setting("a", "b")
    path = Path(store.place.removeprefix("SQLite file "))
    assert path.is_file()
    store.close()
    assert not path.exists()
