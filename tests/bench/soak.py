"""Does it grow? ``python tests/bench/soak.py [--minutes 30] [--viewers 20] [--tick 1]``.

Websocket sessions at one tick a second against the app on the replayed stand-in, every other one on the history page.
Each minute: memory of the process, threads, open files, connections and ticks. After the warm-up the memory must stay flat within 5 %
and the number of threads the same. Needs the bench extra.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import psutil
from streamlit.util import calc_hash

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
from sessions import Counts, Session  # noqa: E402  # after the path is set
from viewers import serve  # noqa: E402  # after the path is set

from lib.demo.server import StandIn  # noqa: E402  # as above

FLAT = 0.05


async def soak(
    url: str, process: psutil.Process, chosen: argparse.Namespace
) -> list[tuple[float, int]]:
    """Memory in MB and threads at the end of each minute; half of the viewers come anew in each."""
    counts, found = Counts(), []
    tasks: list[asyncio.Task[None]] = []
    for minute in range(1, chosen.minutes + 1):
        for task in tasks[: chosen.viewers // 2]:
            task.cancel()
        tasks = [task for task in tasks[chosen.viewers // 2 :] if not task.done()]
        while len(tasks) < chosen.viewers:
            query = f"experiment={chosen.experiment}" if chosen.experiment else ""
            session = Session(url, query, counts)
            if len(tasks) % 2:
                session._page = calc_hash("history")  # Streamlit names a page by its path
            tasks.append(asyncio.create_task(session.run()))
            await asyncio.sleep(0.1)
        counts.clear()
        used = process.cpu_times().user
        await asyncio.sleep(60)
        found.append((process.memory_info().rss / 1e6, process.num_threads()))
        late = sorted(counts.latencies) or [0.0]
        print(
            f"{minute:4d} {found[-1][0]:8.1f} {found[-1][1]:8d} {process.num_fds():6d}"
            f" {len(process.net_connections()):6d} {counts.ticks:7d}"
            f" {1000 * late[int(len(late) * 0.95)]:7.0f} {(process.cpu_times().user - used) / 60:6.2f}"
            f" {os.getloadavg()[0]:5.0f} {len(counts.errors):6d}",
            flush=True,
        )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


def verdict(found: list[tuple[float, int]], warm_up: int) -> str:
    """How far the last third stands above the first after the warm-up."""
    kept = found[warm_up:]
    third = max(1, len(kept) // 3)
    first = sum(mb for mb, _ in kept[:third]) / third
    last = sum(mb for mb, _ in kept[-third:]) / third
    grown, threads = last / first - 1, {n for _, n in kept}
    word = "flat" if grown <= FLAT else "it grows"
    return f"memory {first:.0f} MB, then {last:.0f} MB: {100 * grown:+.1f} %, {word}; threads {sorted(threads)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--tick", type=float, default=1.0)
    parser.add_argument("--speed", type=float, default=60.0, help="of the replay")
    parser.add_argument("--warm-up", type=int, default=5, help="minutes")
    parser.add_argument("--experiment", type=int, default=102)
    chosen = parser.parse_args()
    stand_in = StandIn(data=None, speed=chosen.speed, limits=False)
    env = {
        "POSTHOG_HOST": stand_in.start(),
        "POSTHOG_PROJECT_ID": "1",
        "POSTHOG_API_KEY": "phx_demo",
        "POSTHOG_REQUESTS_PER_MINUTE": "100000",
        "POSTHOG_REQUESTS_PER_HOUR": "1000000",
        "DASHBOARD_POLL_SECONDS": str(chosen.tick),
    }
    print(" min       MB  threads  files  conns   ticks  p95 ms   cpu  load errors")
    with tempfile.TemporaryDirectory() as folder:
        env["DASHBOARD_DATABASE_URL"] = f"sqlite:///{folder}/soak.sqlite3"
        server, url = serve("dashboard.py", env)
        try:
            found = asyncio.run(soak(url, psutil.Process(server.pid), chosen))
        finally:
            server.terminate()
            server.wait(10)
    stand_in.stop()
    print(verdict(found, min(chosen.warm_up, len(found) - 1)))


if __name__ == "__main__":
    main()
