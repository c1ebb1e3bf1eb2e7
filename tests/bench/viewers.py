"""What N viewers cost: ``python tests/bench/viewers.py [--seconds 60] [--viewers 1 10 50 100]``.

Real websocket sessions at 10 s ticks against the app on the stand-in, beside a bare Streamlit app with three
charts, in one run. Prints CPU per tick, 95 % point of the tick's latency, bytes per tick, memory per session and
requests upstream per minute, of the experiment all look at and of all. Needs the bench extra.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
from sessions import Counts, Session  # noqa: E402  # after the path is set

from lib.demo.server import StandIn  # noqa: E402  # as above


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(script: str, env: dict[str, str]) -> tuple[subprocess.Popen, str]:
    """Start ``streamlit run`` and wait until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    return answering([*command, f"--server.port={port}"], port, env)


def answering(command: list[str], port: int, env: dict[str, str]) -> tuple[subprocess.Popen, str]:
    """A server in a process of its own, once it answers, and its address."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, **quiet)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(url + "/_stcore/health").status_code == 200:
                return server, url
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the server did not come up")


async def measure(url: str, process: psutil.Process, n: int, seconds: float, query: str) -> Found:
    counts = Counts()
    before = process.memory_info().rss
    sessions = [Session(url, query, counts) for _ in range(n)]
    tasks = []
    for session in sessions:
        tasks.append(asyncio.create_task(session.run()))
        await asyncio.sleep(0.1)
    await asyncio.wait_for(asyncio.gather(*(s.ready.wait() for s in sessions)), 120)
    await asyncio.sleep(12)
    counts.clear()
    spent = await busy(process, seconds)
    found = Found(
        counts,
        n=n,
        spent=spent,
        mb_each=(process.memory_info().rss - before) / 1e6 / n,
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


@dataclass
class Spent:
    """Processor seconds within ``seconds``: of runs and the server's loop, and of threads that live on beside them."""

    serving_s: float
    watch_s: float
    seconds: float


async def busy(process: psutil.Process, seconds: float) -> Spent:
    """What the process used while we waited. A run has a thread of its own that ends with it; the hub's threads stay."""
    cpu, lasting, began = process.cpu_times(), threads(process), time.monotonic()
    await asyncio.sleep(seconds)
    after, now = process.cpu_times(), threads(process)
    watch = sum(now[i] - lasting[i] for i in now.keys() & lasting.keys() if i != process.pid)
    whole = after.user + after.system - cpu.user - cpu.system
    return Spent(whole - watch, watch, time.monotonic() - began)


def threads(process: psutil.Process) -> dict[int, float]:
    """Processor seconds by thread so far."""
    return {t.id: t.user_time + t.system_time for t in process.threads()}


@dataclass
class Found:
    """What was measured with ``n`` viewers."""

    counts: Counts
    n: int
    spent: Spent
    mb_each: float
    upstream: float | None = None
    watched: float = 0.0

    def row(self, name: str) -> str:
        seen, late = self.counts, sorted(self.counts.latencies) or [0.0]
        ticks = max(seen.ticks, 1)
        own_ms = 1000 * self.spent.serving_s / ticks
        first = sorted(seen.first)[len(seen.first) // 2]
        asked = "" if self.upstream is None else f"{self.watched:.1f}/{self.upstream:.0f}"
        return (
            f"{name:5s} {self.n:4d} {seen.ticks:6d} {seen.runs / ticks:5.1f} {own_ms:8.1f}"
            f" {self.spent.watch_s / self.spent.seconds:6.3f} {1000 * late[int(len(late) * 0.95)]:7.0f}"
            f" {seen.down / ticks / 1000:8.1f} {self.mb_each:8.2f} {first:8.2f} {asked:>8s} {len(seen.errors):6d}"
        )


def asked_so_far(stand_in: StandIn, part: str = "") -> int:
    """Requests so far to paths with that part."""
    return sum(n for path, n in stand_in.requests()["paths"].items() if part in path)


async def settled(stand_in: StandIn, limit_s: float) -> None:
    """Until every experiment was read once: from then on the hub's own work is even."""
    began, before = time.monotonic(), -100
    while time.monotonic() - began < limit_s and asked_so_far(stand_in) - before > 25:
        before = asked_so_far(stand_in)
        await asyncio.sleep(10)


async def compare(chosen: argparse.Namespace, stand_in: StandIn, env: dict[str, str]) -> None:
    apps = {"bare": serve("tests/bench/bare_app.py", env), "ours": serve("dashboard.py", env)}
    processes = {name: psutil.Process(server.pid) for name, (server, _) in apps.items()}
    try:
        await measure(apps["ours"][1], processes["ours"], 1, 1, f"experiment={chosen.experiment}")
        await settled(stand_in, 240)
        for name, process in processes.items():
            spent = await busy(process, 30)
            cores = (spent.serving_s + spent.watch_s) / spent.seconds
            print(f"{name} without a viewer: {cores:.3f} cores, {_mb(process):.0f} MB")
        for n in chosen.viewers:
            for name, (_, url) in apps.items():
                part = f"/experiments/{chosen.experiment}/"
                asked, watched, began = (
                    asked_so_far(stand_in),
                    asked_so_far(stand_in, part),
                    time.monotonic(),
                )
                found = await measure(
                    url, processes[name], n, chosen.seconds, f"experiment={chosen.experiment}"
                )
                minutes = (time.monotonic() - began) / 60
                if name == "ours":
                    found.upstream = (asked_so_far(stand_in) - asked) / minutes
                    found.watched = (asked_so_far(stand_in, part) - watched) / minutes
                print(found.row(name), f"load {os.getloadavg()[0]:.0f}", flush=True)
                if chosen.verbose:
                    print("     ", found.counts.heaviest(), *found.counts.errors[:3])
    finally:
        for server, _ in apps.values():
            server.terminate()
            server.wait(10)


def _mb(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 10, 50, 100])
    parser.add_argument("--experiment", type=int, default=1001, help="whom all look at")
    parser.add_argument("--speed", type=float, default=1.0, help="of the replay; PostHog's is 1")
    parser.add_argument("--data", type=Path, help="replay this parquet file instead of the shipped")
    parser.add_argument("--verbose", action="store_true", help="what the bytes are, first errors")
    chosen = parser.parse_args()
    stand_in = StandIn(data=chosen.data, speed=chosen.speed)
    env = {
        "POSTHOG_HOST": stand_in.start(),
        "POSTHOG_PROJECT_ID": "1",
        "POSTHOG_API_KEY": "phx_demo",
    }
    print(
        "ms/tick: processor time of a viewer's runs and of the server between two ticks; watch: cores of the hub's threads"
    )
    print(
        "app   view  ticks  runs  ms/tick  watch  p95 ms  kB/tick  MB/sess  first s  req/min errors"
    )
    with tempfile.TemporaryDirectory() as folder:
        env["DASHBOARD_DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        asyncio.run(compare(chosen, stand_in, env))
    stand_in.stop()


if __name__ == "__main__":
    main()
