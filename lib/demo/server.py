"""The stand-in itself: a PostHog on loopback that the app and the tests start.

``python -m lib.demo`` starts one by hand. It puts trials, runs, queries and routes together and
serves them with uvicorn; what is answered is decided elsewhere.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import uvicorn

from lib.demo import replay, states, stories
from lib.demo.api import Style, World
from lib.demo.clock import ServerClock
from lib.demo.faults import Fault, FaultBook
from lib.demo.gate import KEY, Gate, Limits
from lib.demo.limits import Limiter, Tally
from lib.demo.routes import application
from lib.demo.runs import Runs
from lib.demo.trial import Trial

Json = dict[str, Any]
START_WITHIN_S = 10.0
FAST = 720.0  # a day in two minutes

__all__ = ["KEY", "StandIn"]


def load_trials(
    *,
    data: Path | None,
    states_file: Path | None,
    anchor: float,
    start_day: float,
    seed: int,
    nulls: int,
    style: str,
) -> dict[int, Trial]:
    """Return everything that is served, by id."""
    if states_file is not None:
        found = states.read_states(states_file, anchor=anchor)
    else:
        path = data if data is not None else replay.SHIPPED
        found = [
            *stories.stories(anchor=anchor, start_day=start_day, seed=seed),
            *replay.read_trials(
                path, anchor=anchor, start_day=start_day, whole_only=style == "2025"
            ),
        ]
    found += stories.nulls(nulls, anchor=anchor, start_day=start_day, seed=seed)
    return {trial.id: trial for trial in found}


class StandIn:
    """A PostHog on loopback.

    Args:
        port: 0 takes a free one.
        data: a parquet file of cumulative figures; the shipped one by default.
        speed: seconds of server time in one real second; 720, with states 1.
        start_day: the day at which every longer experiment stands at the start.
        style: "2026" (stored runs) or "2025" (full objects in the list, queries only).
        seed: fixes the simulated experiments.
        states: a file of exact experiment states, served instead of everything else.
        nulls: so many further simulated experiments without an effect.
        limits: count PostHog's published limits.
        since: the real moment (unix seconds, ``clock.began`` of an earlier one) at which the replay
            began: a restarted stand-in then goes on as if it had never been away.
        now: real unix seconds, for tests.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data: Path | None = None,
        speed: float | None = None,
        start_day: float = 9.0,
        style: str = "2026",
        seed: int = 7,
        states: Path | None = None,
        nulls: int = 0,
        limits: bool = True,
        since: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if style not in get_args(Style):
            raise ValueError(f"no such style: {style}; there are 2025 and 2026")
        if speed is None:
            speed = FAST if states is None else 1.0
        self.clock = ServerClock(now=now, speed=speed, since=since)
        self.trials = load_trials(
            data=data,
            states_file=states,
            anchor=self.clock.anchor,
            start_day=start_day,
            seed=seed,
            nulls=nulls,
            style=style,
        )
        self._port = port
        self._tally = Tally()
        self._faults = FaultBook()
        self._world = World(
            trials=self.trials,
            clock=self.clock,
            runs=Runs(self.clock, self._faults, limits=limits),
            style="2025" if style == "2025" else "2026",
        )
        routes = application(
            self._world, self._faults, self._tally, Limits(Limiter(now) if limits else None)
        )
        self._gate = Gate(routes, clock=self.clock, faults=self._faults, tally=self._tally)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end; it is known once started."""
        if self._socket is None:
            raise RuntimeError("the stand-in is not started")
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> str:
        """Serve in a daemon thread and return the address."""
        server, listening = self._prepare()
        self._thread = threading.Thread(
            target=server.run, args=([listening],), name="stand-in", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + START_WITHIN_S
        while not server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                raise RuntimeError("the stand-in did not start")
            time.sleep(0.005)
        return self.url

    def serve(self, announce: Callable[[str], None]) -> None:
        """Serve in this thread until interrupted; ``announce`` gets the address first."""
        server, listening = self._prepare()
        announce(self.url)
        server.run([listening])

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._gate.closing = True
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
        if self._socket is not None:
            self._socket.close()
        self._server = self._thread = self._socket = None

    def fault(
        self, kind: str, path: str = "", *, times: int | None = None, seconds: float = 1.0
    ) -> Fault:
        """Make something go wrong from now on; see ``faults.KINDS``."""
        return self._faults.add(Fault(kind=kind, path=path, times=times, seconds=seconds))

    def heal(self, kind: str | None = None) -> None:
        """Switch faults of one kind off, or all."""
        self._faults.heal(kind)

    def edit(self, experiment_id: int, **fields: object) -> None:
        """Replace fields of an experiment's object, as an edit in PostHog would."""
        self._world.edits.setdefault(experiment_id, {}).update(fields)

    def jump(self, seconds: float) -> None:
        """Move the server's clock forward by seconds of its own time."""
        self.clock.jump(seconds)

    def requests(self) -> Json:
        """Return how often each path was asked for, per key and per status."""
        return self._tally.told()

    def _prepare(self) -> tuple[uvicorn.Server, socket.socket]:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self._port))
        listening.listen(2048)  # whoever reads the address may connect at once
        config = uvicorn.Config(
            self._gate,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._socket, self._server, self._gate.closing = listening, uvicorn.Server(config), False
        return self._server, listening
