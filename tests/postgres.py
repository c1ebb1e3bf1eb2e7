"""A real PostgreSQL server for the tests: Debian's binaries, a free port, another user than root, gone at the end.

A folder's ``conftest.py`` imports the fixtures: ``database_url`` runs a test on SQLite and on PostgreSQL,
``server`` is this process's one server, and ``server.new_database()`` another empty database on it. Missing
binaries fail, they do not skip: the suite promises both databases.
"""

import atexit
import contextlib
import functools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
import pytest

BINARIES = Path("/usr/lib/postgresql")
START_S = 60
OPTIONS = (  # a server for a minute: nothing on it has to survive a power cut
    "-c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
    "-c shared_buffers=64MB -c max_connections=60 -c autovacuum=on"
)


class Server:
    """One running server; every database it gives is empty and of its own name."""

    def __init__(self) -> None:
        self._bin = binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._log = self._folder / "log"
        self.port = _free_port()
        self._process: subprocess.Popen | None = None

    def start(self):
        """Make a cluster and serve it; raises when it does not answer within a minute."""
        if os.geteuid() == 0:
            shutil.chown(self._folder, user=_other_user())
        self._folder.chmod(0o700)
        data = self._folder / "data"
        self._run("initdb", "-D", data, "-U", "tests", "--auth=trust", "-E", "UTF8", "--no-sync")
        return self.resume()

    def resume(self):
        """Serve the cluster, again after ``pause``."""
        data = self._folder / "data"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_as_other(), self._bin / "postgres", "-D", data, *self._options()],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        self._wait()
        return self

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"

    def stop(self):
        """Stop at once and leave nothing behind."""
        self.pause()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pause(self):
        """Stop serving; the cluster stays."""
        if self._process is not None:
            self._process.send_signal(2)  # SIGINT: PostgreSQL's fast shutdown
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait(10)

    def _options(self):
        return ["-p", str(self.port), "-k", self._folder, *OPTIONS.split()]

    def _run(self, name, *arguments):
        done = subprocess.run(
            [*_as_other(), self._bin / name, *arguments], capture_output=True, text=True, cwd="/"
        )
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

    def _wait(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"PostgreSQL did not start: {self._log.read_text()}")

    def _dsn(self, database):
        return f"host=127.0.0.1 port={self.port} user=tests dbname={database}"


def binaries() -> Path:
    """The newest installed server's programs."""
    found = sorted(BINARIES.glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    elsewhere = shutil.which("postgres")
    if elsewhere and not found:
        return Path(elsewhere).resolve().parent
    assert found, f"no PostgreSQL server under {BINARIES}: install the package postgresql"
    return found[-1].parent


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise AssertionError("initdb refuses root, and there is no user postgres or nobody to drop to")


def _as_other() -> list[str]:
    if os.geteuid() != 0:
        return []
    who = pwd.getpwnam(_other_user())
    # The server stops with this process, however it ends.
    return [
        "setpriv",
        f"--reuid={who.pw_uid}",
        f"--regid={who.pw_gid}",
        "--clear-groups",
        "--pdeathsig=SIGINT",
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@functools.cache
def running() -> Server:
    """The one server of this process, started when first asked for and stopped when the process ends."""
    made = Server()
    atexit.register(made.stop)
    return made.start()


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server for the whole run."""
    return running()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The address of an empty database; a test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'history.sqlite3'}"
    return request.getfixturevalue("server").new_database()
