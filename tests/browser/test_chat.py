"""The design's demo script word for word, by rules and with a model; ticks go on while an answer is written."""

import re
import sqlite3
import time
from itertools import pairwise

import pytest

from lib.ui.alerts_heard import UNASKED
from tests.browser.conftest import running_app
from tests.model_server import ModelServer, said_by_rules

PANEL = "[class*='st-key-panel-'][class*='-box']"
MESSAGES = f"""[...document.querySelectorAll('[data-testid=stChatMessage]')]
    .filter(message => !message.innerText.includes('{UNASKED}'))"""
DONE = "button[aria-label='Copy this answer']"
SLOW_S = 16.0
HOSTILE = (
    "It is ahead. ![x](https://evil.example/a.png) [click](https://evil.example/b) "
    "<img src='https://evil.example/c.png'> :red[hi] $x^2$ https://evil.example/d done."
)


def slow_model(asked):
    """Words what was computed, in as many pieces as seconds allow; hostile on request."""
    if "hostile" in asked["messages"][-1]["content"]:
        return [HOSTILE[i : i + 9] for i in range(0, len(HOSTILE), 9)]
    if "running commentary" in asked["messages"][0]["content"]:
        return ["The arms are still too close to tell apart."]
    said = said_by_rules(asked).split("|", 1)[0]
    words = said.split(" ")
    pause = SLOW_S / len(words) if "early" in asked["messages"][-1]["content"] else 0.01
    return [piece for word in words for piece in (word + " ", {"sleep": pause})]


@pytest.fixture(scope="module")
def model_app(stand_in, tmp_path_factory):
    """The app with a model behind an OpenAI-compatible server."""
    with ModelServer(slow_model) as server:
        folder = tmp_path_factory.mktemp("model-app")
        more = {"OPENAI_BASE_URL": server.url, "OPENAI_MODEL": "scripted-1"}
        with running_app(stand_in, folder, **more) as address:
            yield address


def ask(page, question):
    """Type a question as a person does."""
    box = page.locator("[data-testid=stChatInput] textarea")
    box.fill(question)
    box.press("Enter")


def messages(page):
    """Questions and answers; what the watch announces of itself may come in between and is left out."""
    return page.locator("[data-testid=stChatMessage]").filter(has_not_text=UNASKED)


def wait_for_answers(page, n, timeout=40_000):
    """Until ``n`` messages stand there, every second one an answer with what a finished one has below it."""
    page.wait_for_function(
        f"""() => {{ const said = {MESSAGES}; return said.length >= {n}
            && said.filter(message => message.querySelector("{DONE}")).length >= {n // 2}
            && !document.querySelector('.st-key-stop-answer'); }}""",
        timeout=timeout,
    )


def moves(page, selector, timeout_s=30):
    """Until the words under ``selector`` change; how long it took."""
    before, began = page.locator(selector).first.inner_text(), time.monotonic()
    while page.locator(selector).first.inner_text() == before:
        assert time.monotonic() - began < timeout_s, "nothing moved"
        time.sleep(0.1)
    return time.monotonic() - began


@pytest.mark.parametrize("mode", ["app", "model_app"])
def test_demo_script(mode, visit, request):
    """The dashboard appears in the chat, its numbers move, and ending early is answered with the table."""
    page = visit(request.getfixturevalue(mode))
    page.wait_for_selector("[data-testid=stChatInput] textarea")
    ask(page, "Show live results for our pricing experiment")
    page.wait_for_selector(PANEL)
    wait_for_answers(page, 2)
    page.wait_for_function(
        f"document.querySelector(\"{PANEL}\")?.innerText.includes('Pricing page')"
    )
    assert moves(page, f"{PANEL} .live-block") < 25
    ask(page, "What if I want to end it early?")
    if mode == "model_app":
        page.wait_for_selector(".st-key-stop-answer")
        assert moves(page, f"{PANEL} .live-block") < 12, (
            "the panel stood still while an answer came"
        )
        assert page.locator(".st-key-stop-answer").count() == 1
    wait_for_answers(page, 4)
    last = messages(page).last
    assert last.locator("table tr").count() >= 4
    said = last.inner_text()
    assert "If you stop now" in said
    assert re.search(r"in 3 days|in 7 days", said)
    badge = "computed" if mode == "app" else "scripted-1"  # below it once the page is drawn in full
    last.get_by_text(badge).first.wait_for(timeout=10_000)


def test_a_question_asked_while_the_store_is_slow(stand_in, visit, tmp_path):
    """Another program holds the file and the reader clicks on: the question is answered, kept and in the address."""
    with running_app(stand_in, tmp_path) as address:
        page = visit(address)
        page.wait_for_selector(".live-block .verdict")
        with sqlite3.connect(tmp_path / "history.sqlite3", timeout=30) as other:
            other.execute("BEGIN IMMEDIATE")
            ask(page, "How many visitors so far?")
            page.wait_for_timeout(500)
            page.locator(".st-key-is_live label").first.click()
            page.wait_for_timeout(1000)
        wait_for_answers(page, 2)
        assert "How many visitors so far?" in messages(page).first.inner_text()
        page.wait_for_function("location.search.includes('conversation=')")
        page.reload()
        wait_for_answers(page, 2)


WATCH = (
    "window.ticks = [performance.now()]; window.watch?.disconnect();"
    "window.watch = new MutationObserver(seen => { if (seen.some(m => (m.target.closest"
    " ? m.target : m.target.parentElement)?.closest('.st-key-live-header')))"
    " window.ticks.push(performance.now()); });"
    "window.watch.observe(document.body, {subtree: true, childList: true, characterData: true,"
    " attributes: true});"
)


def longest_pause(page, seconds):
    """Seconds the page's own head stood still at most, within ``seconds``."""
    page.evaluate(WATCH)
    time.sleep(seconds)
    moments = [*page.evaluate("window.ticks"), page.evaluate("performance.now()")]
    return max(b - a for a, b in pairwise(moments)) / 1000


def test_ticks_keep_their_rhythm_while_an_answer_comes(model_app, visit):
    """While an answer streams the page's own two-second tick pauses at most a second longer than without one.

    On a busy machine the pause without an answer is the measure, twice of it allowed.
    """
    page = visit(model_app)
    page.wait_for_selector("[data-testid=stChatInput] textarea")
    page.wait_for_selector(".st-key-live-header .strip")
    time.sleep(10)  # the first reading of every experiment is over
    before = longest_pause(page, 9)
    ask(page, "What if I want to end it early?")
    page.wait_for_selector(".st-key-stop-answer")
    during = longest_pause(page, 9)
    assert page.locator(".st-key-stop-answer").count() == 1, "the answer was over too early"
    assert during < max(3.1, 2 * before + 1), (before, during)


def test_stop_and_draft(model_app, visit):
    """Stop ends an answer at once and keeps what was shown; a draft typed meanwhile stays."""
    page = visit(model_app)
    page.wait_for_selector("[data-testid=stChatInput] textarea")
    ask(page, "What if I want to end it early?")
    page.wait_for_selector(".st-key-stop-answer")
    page.wait_for_function(f"{MESSAGES}[1]?.innerText.includes('.')")
    box = page.locator("[data-testid=stChatInput] textarea")
    box.fill("a draft")
    time.sleep(5)
    assert box.input_value() == "a draft"
    page.locator(".st-key-stop-answer button").click()
    wait_for_answers(page, 2, timeout=5_000)
    assert "Stopped." in messages(page).last.inner_text()
    assert box.input_value() == "a draft"


def test_leaving_the_page_loses_nothing(model_app, visit):
    """An answer goes on while its reader is on another page, and stands in the conversation afterwards."""
    page = visit(model_app)
    page.wait_for_selector("[data-testid=stChatInput] textarea")
    ask(page, "What if I want to end it early?")
    page.wait_for_selector(".st-key-stop-answer")
    page.get_by_role("link", name="Alerts").first.click()
    time.sleep(SLOW_S + 2)
    page.get_by_role("link", name="Copilot").first.click()
    wait_for_answers(page, 2)
    assert messages(page).last.locator("table tr").count() >= 4


def test_hostile_model_text_opens_nothing(model_app, visit):
    """Images, links, HTML, colours and formulas of a model stay text; no request leaves for another host."""
    page = visit(model_app)
    away = []
    page.on("request", lambda r: away.append(r.url) if "127.0.0.1" not in r.url else None)
    page.wait_for_selector("[data-testid=stChatInput] textarea")
    ask(page, "How is the hostile pricing experiment?")
    wait_for_answers(page, 2)
    last = messages(page).last
    assert "It is ahead." in last.inner_text()
    assert (
        last.locator(
            "[data-testid=stMarkdownContainer] img, [data-testid=stMarkdownContainer] a[href*=evil], .katex"
        ).count()
        == 0
    )
    assert [url for url in away if not url.startswith(("data:", "blob:"))] == []
