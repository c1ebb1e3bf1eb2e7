"""A crossing seen by two tabs at once: toast, bell, the copilot's message; nothing in the way of what one is doing."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from lib.demo.server import StandIn
from lib.demo.stories import CHECKOUT
from lib.experiments.model import AlertKind
from lib.history.store import Store
from tests.browser.conftest import running_app
from tests.model_server import ModelServer, said_by_rules

DAY_S = 86_400.0
WITHIN_S = 15.0
SLOW_S = 80.0
PROVEN = {AlertKind.PROVEN_BETTER, AlertKind.PROVEN_WORSE}
DRAFT = "and what about refunds"
AGAIN = "Announced once more for this test"
BOX = "[data-testid=stChatInput] textarea"
FLYING = "[data-testid=stChatMessage]:has(.st-key-stop-answer) [data-testid=stMarkdownContainer]"
TOLD = "[data-testid=stChatMessage]:has-text('reached the line')"


def slow_model(asked):
    """Words what was computed, so slowly that the crossing comes in between."""
    if "running commentary" in asked["messages"][0]["content"]:
        return ["The arms are still too close to tell apart."]
    words = said_by_rules(asked).split("|", 1)[0].split(" ")
    pause = SLOW_S / len(words)
    return [piece for word in words for piece in (word + " ", {"sleep": pause})]


@pytest.fixture(scope="module")
def slow_app(tmp_path_factory):
    """The app, its stand-in a day before the crossing, and its store."""
    folder = tmp_path_factory.mktemp("alerts")
    stand_in = StandIn(data=None, speed=720.0, start_day=9.0)
    stand_in.start()
    with ModelServer(slow_model) as model:
        more = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted-1"}
        with running_app(stand_in, folder, **more) as address:
            store = Store(f"sqlite:///{folder}/history.sqlite3", clock=lambda: datetime.now(UTC))
            yield address, stand_in, store
            store.close()
    stand_in.stop()


def proven(store):
    """The announcement of the checkout button, once it is stored."""
    return next((a for a in store.alerts(CHECKOUT) if a.kind in PROVEN), None)


def words_so_far(page):
    """What the answer on its way says now; None while there is none."""
    words = [text for text in page.locator(FLYING).all_inner_texts() if text != "Stop"]
    return words[0] if words else None


def first_words(page, limit_s=SLOW_S):
    """The first sentence of the answer on its way; sentences come whole."""
    until = time.monotonic() + limit_s
    while (words := words_so_far(page)) is None and time.monotonic() < until:
        page.wait_for_timeout(300)
    return words


def test_a_crossing_in_two_tabs(slow_app, visit):
    """Both tabs show toast, bell and the copilot's message with a live panel; an answer on its way only grows."""
    address, stand_in, store = slow_app
    tabs = [visit(f"{address}/?experiment={CHECKOUT}") for _ in range(2)]
    for tab in tabs:
        tab.wait_for_selector(".strip")
    asking, drafting = tabs
    asking.locator(BOX).fill("What if I want to end it early?")
    asking.locator(BOX).press("Enter")
    asking.wait_for_selector(".st-key-stop-answer")
    drafting.locator(BOX).fill(DRAFT)
    said = [first_words(asking)]
    stand_in.jump(1.3 * DAY_S)
    alert = until_announced(stand_in, store, lambda: said.append(words_so_far(asking)))
    stored = time.monotonic()
    for tab in tabs:
        tab.wait_for_selector(".alert-toast:has-text('reached the line')", timeout=WITHIN_S * 1000)
        tab.wait_for_selector(TOLD, timeout=WITHIN_S * 1000)
        tab.wait_for_selector(f"{TOLD} .live-block .strip", timeout=WITHIN_S * 1000)
    took = time.monotonic() - stored
    said.append(words_so_far(asking))
    assert took < WITHIN_S, took
    for tab in tabs:
        bell = tab.locator(".st-key-bell button").first.inner_text()
        assert any(c.isdigit() for c in bell), bell
        toast = tab.locator(".alert-toast", has_text="reached the line").last
        assert alert.text.split(":")[0] in toast.inner_text()
        assert tab.locator(TOLD).count() == 1
    assert drafting.locator(BOX).input_value() == DRAFT
    grown = [words for words in said if words is not None]
    assert grown, "the answer was to be on its way"
    assert said[-1] is not None, "the answer was still to be on its way when the alert was shown"
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown)), grown


def until_announced(stand_in, store, meanwhile, limit_s=90):
    """Time leaps by hours until the crossing is announced; the alert."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        stand_in.jump(0.15 * DAY_S)
        for _ in range(4):
            alert = proven(store)
            if alert is not None:
                return alert
            meanwhile()
            time.sleep(0.3)
    raise AssertionError("the crossing was not announced")


def test_a_toast_survives_a_page_switch_and_can_be_closed(slow_app, visit):
    """Toasts stand beside the page: another page, the same toast; the button closes it."""
    address, _, store = slow_app
    page = visit(f"{address}/?experiment={CHECKOUT}")
    page.wait_for_selector(".strip")
    page.wait_for_timeout(1500)
    base = proven(store)
    assert base is not None
    store.raise_alert(replace(base, key="again", text=AGAIN, raised_at=datetime.now(UTC)))
    toast = page.locator(".alert-toast", has_text=AGAIN)
    toast.wait_for(timeout=WITHIN_S * 1000)
    page.get_by_role("link", name="Alerts", exact=True).click()
    page.wait_for_selector("section.alert")
    assert toast.count() == 1
    toast.locator(".shut").click()
    assert toast.count() == 0


def test_browser_notifications_when_allowed(slow_app, visit):
    """The button asks; then a new alert calls the browser, once, with the alert's key as its tag."""
    address, _, store = slow_app
    page = visit(f"{address}/?experiment={CHECKOUT}")
    page.evaluate(
        "() => { window.noted = []; const fake = function (title, more) { window.noted.push([title, more.tag]); };"
        "fake.permission = 'default'; fake.requestPermission = async () => (fake.permission = 'granted');"
        "window.Notification = fake; }"
    )
    page.wait_for_selector(".strip")
    page.locator(".st-key-bell button").first.click()
    page.get_by_role("button", name="Notify me in this browser").click()
    page.get_by_role("button", name="Stop notifying me in this browser").wait_for()
    base = proven(store)
    assert base is not None
    store.raise_alert(replace(base, key="noted", raised_at=datetime.now(UTC)))
    mine = "window.noted.filter(([, tag]) => tag === 'noted')"
    page.wait_for_function(f"{mine}.length > 0", timeout=WITHIN_S * 1000)
    page.wait_for_timeout(5000)
    assert page.evaluate(mine) == [["Proven better", "noted"]]
