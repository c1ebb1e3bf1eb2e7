"""The browser's note of when an experiment was last in view: one line after an absence, none otherwise."""

import os
from pathlib import Path

import pytest

from lib.demo.server import StandIn
from tests.browser.conftest import ROOT, running_app

PAGE = """
import time

import streamlit as st
from streamlit_autorefresh import st_autorefresh

from lib.ui.chat import STYLE
from lib.ui.live_block import live_block
from lib.ui.since import since_line
from lib.ui.viewer import viewer
from lib.ui.wiring import hub


@st.fragment
def panel(chosen):
    st_autorefresh(interval=2000, key="clock")
    view = hub().look(chosen)
    if view is not None and view.primary is not None:
        live_block(since_line(view, viewer(hub().clock), "live"), key="since-here")
        st.text(f"as of {view.as_of}")


st.html(f"<style>{STYLE}</style>")
while not hub().experiments():
    time.sleep(0.2)
panel(max(e.id for e in hub().experiments() if e.is_running))
"""
LINE = ".live-block .since"
NOTE = "Object.keys(localStorage).find(k => k.startsWith('last-looked:'))"


@pytest.fixture(scope="module")
def page_app(tmp_path_factory):
    """A page with the line alone, on a replay in which a minute of ours is a minute."""
    stand_in = StandIn(data=None, speed=1.0, start_day=9.0)
    stand_in.start()
    folder = tmp_path_factory.mktemp("since")
    (folder / "page.py").write_text(PAGE)
    (folder / "static").symlink_to(ROOT / "static")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    script = str(Path(folder) / "page.py")
    with running_app(stand_in, folder, script=script, PYTHONPATH=path) as address:
        yield address
    stand_in.stop()


def away(page, hours):
    """As if the experiment had last been in view so many hours ago."""
    page.evaluate(f"localStorage.setItem({NOTE}, String(Date.now() - {hours} * 3600e3))")


def settled(page):
    """Until the browser has noted this look."""
    page.wait_for_selector("text=as of 2")
    page.wait_for_function(NOTE)


def test_a_first_visit_and_a_short_break_say_nothing(page_app, visit):
    """No line on the first visit, none after a reload twenty minutes later."""
    page = visit(page_app)
    settled(page)
    away(page, 1 / 3)
    page.reload()
    settled(page)
    page.wait_for_timeout(5_000)
    assert page.locator(LINE).count() == 0


def test_an_absence_is_told_once(page_app, visit):
    """A new visit after six hours tells what was missed; its figures open; ticks leave it; it closes and stays closed.

    The note stays in the browser: the address has nothing of it.
    """
    page = visit(page_app)
    settled(page)
    away(page, 6)
    page.reload()
    page.wait_for_selector(LINE)
    said = page.locator(f"{LINE} p").inner_text().replace("\u00a0", " ")
    assert said.startswith("Since you last looked (6 h ago, data of ")
    figure = page.locator(f"{LINE} .fact > button").first
    figure.click()
    assert "this browser's own note" in page.locator(f"{LINE} .behind").first.inner_text()
    page.keyboard.press("Escape")
    page.wait_for_timeout(5_000)
    assert page.locator(f"{LINE} p").inner_text().replace("\u00a0", " ") == said
    page.locator(f"{LINE} .shut").click()
    page.wait_for_selector(LINE, state="hidden")
    page.wait_for_timeout(5_000)
    assert page.locator(LINE).count() == 0
    assert "look" not in page.url


def test_a_sleeping_computer_is_an_absence(page_app, visit):
    """Without a reload: when the note is old at the next look of the page, the line appears by itself."""
    page = visit(page_app)
    settled(page)
    away(page, 2)
    page.wait_for_selector(LINE, timeout=20_000)
    assert "(2 h ago" in page.locator(f"{LINE} p").inner_text().replace("\u00a0", " ")
