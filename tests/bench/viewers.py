"""What N viewers cost: ``python tests/bench/viewers.py [--seconds 60] [--viewers 1 10 50 100]``.

Real websocket sessions at 10 s ticks against the app on the stand-in, beside a bare Streamlit app with three
charts, in one run. Prints CPU per tick, 95 % point of the tick's latency, bytes per tick, memory per session and
requests upstream per minute. Needs the bench extra.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
from lib.demo.server import StandIn  # noqa: E402  # as above
from sessions import Counts, Session  # noqa: E402  # after the path is set


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(script: str, env: dict[str, str]) -> tuple[subprocess.Popen, str]:
    """Start ``streamlit run`` and wait until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    server = subprocess.Popen(
        [*command, f"--server.port={port}"],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            if httpx.get(url + "/_stcore/health").status_code == 200:
                return server, url
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the server did not come up")


async def measure(url: str, pid: int, n: int, seconds: float, query: str) -> dict[str, float]:
    counts, process = Counts(), psutil.Process(pid)
    before = process.memory_info().rss
    sessions = [Session(url, query, counts) for _ in range(n)]
    tasks = []
    for session in sessions:
        tasks.append(asyncio.create_task(session.run()))
        await asyncio.sleep(0.1)
    await asyncio.wait_for(asyncio.gather(*(s.ready.wait() for s in sessions)), 120)
    await asyncio.sleep(12)
    counts.clear()
    cpu, began = process.cpu_times(), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = process.cpu_times(), time.monotonic() - began
    ticks, late = max(counts.ticks, 1), sorted(counts.latencies) or [0.0]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    used = after.user + after.system - cpu.user - cpu.system
    return {
        "ticks": counts.ticks,
        "runs": counts.runs / ticks,
        "cpu_ms": 1000 * used / ticks,
        "cores": used / took,
        "p95_ms": 1000 * late[int(len(late) * 0.95)],
        "kb": counts.down / ticks / 1000,
        "mb": (process.memory_info().rss - before) / 1e6 / n,
        "first_s": sorted(counts.first)[len(counts.first) // 2],
        "errors": len(counts.errors),
    }


def asked_so_far(stand_in: StandIn) -> int:
    return int(stand_in.requests()["total"])


def row(name: str, n: int, found: dict[str, float], upstream: float | None) -> str:
    asked = "" if upstream is None else f"{upstream:6.1f}"
    return (
        f"{name:5s} {n:4d} {found['ticks']:6d} {found['runs']:5.1f} {found['cpu_ms']:8.1f} {found['cores']:6.3f} {found['p95_ms']:7.0f}"
        f" {found['kb']:7.1f} {found['mb']:7.2f} {found['first_s']:6.2f} {asked:>7s} {found['errors']:6d}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 10, 50, 100])
    parser.add_argument("--path", default="", help="e.g. experiment=1001")
    chosen = parser.parse_args()
    print("app   view  ticks  runs ms/tick  cores p95 ms kB/tick MB/sess first s  req/min errors")
    stand_in = StandIn(data=None)
    env = {
        "POSTHOG_HOST": stand_in.start(),
        "POSTHOG_PROJECT_ID": "1",
        "POSTHOG_API_KEY": "phx_demo",
    }
    with tempfile.TemporaryDirectory() as folder:
        env["DASHBOARD_DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        for n in chosen.viewers:
            for name, script in (
                ("bare", "tests/bench/bare_app.py"),
                ("ours", "dashboard.py"),
            ):
                server, url = serve(script, env)
                asked, began = asked_so_far(stand_in), time.monotonic()
                try:
                    found = asyncio.run(measure(url, server.pid, n, chosen.seconds, chosen.path))
                finally:
                    server.terminate()
                    server.wait(10)
                minutes = (time.monotonic() - began) / 60
                upstream = (asked_so_far(stand_in) - asked) / minutes if name == "ours" else None
                print(row(name, n, found, upstream), flush=True)
    stand_in.stop()


if __name__ == "__main__":
    main()
