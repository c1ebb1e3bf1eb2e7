"""A real server on a free port against the stand-in, and a real Chromium. A missing browser is a failure."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from lib.demo.server import StandIn

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
TICK_S = 2.0
KEY = "phx_demo"
HAS_FAILED = pytest.StashKey[bool]()
running_logs: list[Path] = []


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.stash[HAS_FAILED] = report.failed
    return report


@pytest.fixture(scope="module")
def stand_in():
    """Real experiments replayed over HTTP, a month in a few minutes."""
    server = StandIn(data=None, speed=720.0, start_day=9.0)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def experiments(stand_in):
    """Experiment id by name, as the stand-in lists them."""
    request = urllib.request.Request(
        f"{stand_in.url}/api/projects/1/experiments/?limit=200",
        headers={"Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return {found["name"]: found["id"] for found in json.load(reply)["results"]}


@contextmanager
def running_app(stand_in, folder, poll_s=TICK_S, script="dashboard.py", **more):
    """The app as a user starts it, with ``more`` settings, or another script; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {
        "POSTHOG_HOST": stand_in.url,
        "POSTHOG_PROJECT_ID": "1",
        "POSTHOG_API_KEY": KEY,
        "DASHBOARD_DATABASE_URL": f"sqlite:///{folder}/history.sqlite3",
        "DASHBOARD_POLL_SECONDS": str(poll_s),
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": "",
        **more,
    }
    command = [
        *(sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)),
        *("--server.headless", "true", "--server.address", "127.0.0.1"),
    ]
    with (folder / "app.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    running_logs.append(folder / "app.log")
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, folder / "app.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        running_logs.remove(folder / "app.log")
        process.terminate()
        process.wait(timeout=20)


def wait_for(address, process, log, limit_s=60):
    """Until the server answers."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the app did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def app(stand_in, tmp_path_factory):
    """One app for the tests of a file that do not need a cold start."""
    with running_app(stand_in, tmp_path_factory.mktemp("app")) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    """The machine's Chromium, else the one Playwright brought."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, request):
    """Opens an address in a fresh context: ``visit(url, width=390, height=844, color_scheme="dark")``.

    An uncaught error in any page of the test fails it. A test that fails tells what its pages and its servers said.
    """
    contexts, errors = [], []

    def open_page(url, width=1440, height=900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    if request.node.stash.get(HAS_FAILED, False):
        tell(contexts)
    for context in contexts:
        context.close()
    assert not errors, errors


def plot_area(page, plot):
    """Where a chart's axes are drawn, in pixels: x, y, width, height.

    Measured in one step: Plotly exchanges the elements of a chart at each draw, so one found may be gone when asked.
    """
    return page.evaluate(
        "plot => document.querySelector(`${plot} .nsewdrag`).getBoundingClientRect().toJSON()", plot
    )


UNCOVERED = """([plot, places]) => {
    const box = document.querySelector(`${plot} .nsewdrag`).getBoundingClientRect();
    return places.every(part => document.elementFromPoint(
        box.x + part * box.width, box.y + box.height / 2)?.closest(plot)); }"""


def zoom(page, plot, start, end):
    """Drag with the mouse over a part of the time or value axis, as fractions of its width.

    A toast that lies over the chart is waited for.
    """
    page.wait_for_function(UNCOVERED, arg=[plot, [start, end]])
    box = plot_area(page, plot)
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    page.mouse.up()


def point(page, x, y, until, limit_s=15):
    """Point at a place, once more after each draw that took the hover away, until the page says so."""
    end = time.monotonic() + limit_s
    while not page.evaluate(until):
        assert time.monotonic() < end, f"pointing did not lead to {until}"
        page.mouse.move(x - 20, y)
        page.mouse.move(x, y, steps=4)
        page.wait_for_timeout(300)


def tell(contexts):
    """Print what stands on the screens of a failed test, and the end of what its servers wrote."""
    for page in (page for context in contexts for page in context.pages):
        print(f"--- {page.url}\n{page.locator('body').inner_text()[-4000:]}")
        print([box.input_value() for box in page.locator("textarea").all()])
    for log in running_logs:
        print(f"--- {log}\n{log.read_text()[-3000:]}")
