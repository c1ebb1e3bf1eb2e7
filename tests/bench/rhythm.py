"""Do ticks keep their ten seconds while an answer of half a minute is written, and how soon is the first sentence there.

``python -m tests.bench.rhythm``: a real app at its usual pace, a real browser, a scripted OpenAI-compatible server that
streams for 30 s. An interval is the time between two moments at which the live page's clock was drawn anew. Then the
built-in answerer alone: from the question to the first sentence, in a fresh process and in a warm one.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import sync_playwright

from lib.copilot.assistant import Assistant
from lib.demo.server import StandIn
from tests.browser.conftest import FLAGS, running_app
from tests.desks import desk_of
from tests.model_server import ModelServer, said_by_rules

STATES = Path(__file__).parents[1] / "fixtures" / "chat_questions.json"
ANSWER_S, TICK_S = 30.0, 10.0
WATCH = """() => {
  window.ticks = [];
  new MutationObserver(seen => {
    if (seen.some(m => m.target.closest?.('[class*=st-key-live]'))) window.ticks.push(performance.now());
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-restart'] });
}"""
QUESTIONS = (
    "How is the pricing test doing?",
    "What if I want to end it early?",
    "How long until we know?",
)


def slow(asked):
    """Words what the rules computed, evenly over half a minute."""
    if "running commentary" in asked["messages"][0]["content"]:
        return ["The arms are still too close to tell apart."]
    words = said_by_rules(asked).split("|", 1)[0].split(" ")
    pause = {"sleep": ANSWER_S / len(words)}
    return [piece for word in words for piece in (word + " ", pause)]


def intervals(page, since, until):
    """Seconds between the ticks of a stretch of the page's own time."""
    moments = [t / 1000 for t in page.evaluate("window.ticks")]
    return [b - a for a, b in pairwise(moments) if a >= since and b <= until]


def now(page):
    return page.evaluate("performance.now()") / 1000


def rhythm(page, answers):
    """Intervals without an answer, and while answers come."""
    page.wait_for_selector("[data-testid=stChatInput] textarea")
    page.wait_for_selector(".verdict .chip")
    time.sleep(15)
    page.evaluate(WATCH)
    began = now(page)
    time.sleep(45)
    quiet = intervals(page, began, now(page))
    busy = []
    for _ in range(answers):
        box = page.locator("[data-testid=stChatInput] textarea")
        box.fill("What if I want to end it early?")
        began = now(page)
        box.press("Enter")
        page.wait_for_selector(".st-key-stop-answer")
        page.wait_for_function("!document.querySelector('.st-key-stop-answer')", timeout=90_000)
        ended = now(page)
        found = intervals(page, began - TICK_S, ended)
        print(
            f"  an answer of {ended - began:.1f} s: intervals {' '.join(f'{i:.2f}' for i in found)}"
        )
        busy += found
        time.sleep(5)
    return quiet, busy


def tell(name, found):
    off = max(abs(i - TICK_S) for i in found)
    print(
        f"{name}: {len(found)} intervals, mean {statistics.mean(found):.2f} s, furthest from 10 s by {off:.2f} s"
    )


def first_sentences(folder):
    """Milliseconds to the first sentence of each question, in the order asked, in this process."""
    with desk_of(json.loads(STATES.read_text())["states"], folder) as hub:
        assistant, found = Assistant(hub, hub.store), []
        for question in (*QUESTIONS, *QUESTIONS * 5):
            conversation = hub.store.new_conversation("bench", hub.clock())
            began = time.perf_counter()
            made = assistant.ask(conversation, question)
            while not made.text:
                time.sleep(0.0005)
            found.append(1000 * (time.perf_counter() - began))
            made.wait(5)
    return found


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--answers", type=int, default=3)
    asked.add_argument(
        "--first-only", action="store_true", help="only the time to the first sentence, as JSON"
    )
    args = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.first_only:
            print(json.dumps(first_sentences(folder)))
            return
        found = json.loads(
            subprocess.run(
                [sys.executable, "-m", "tests.bench.rhythm", "--first-only"],
                check=True, capture_output=True, text=True,
            ).stdout
        )  # fmt: skip
        cold, warm = found[0], sorted(found[len(QUESTIONS) :])
        print(
            f"first sentence, fresh process: {cold:.0f} ms; then median {statistics.median(warm):.0f} ms, slowest {warm[-1]:.0f} ms"
        )
        stand_in = StandIn(data=None, speed=720.0, start_day=9.0)
        stand_in.start()
        with ModelServer(slow) as model, sync_playwright() as playwright:
            more = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted-1"}
            with running_app(stand_in, folder, poll_s=TICK_S, **more) as address:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=FLAGS
                )
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(address)
                quiet, busy = rhythm(page, args.answers)
                browser.close()
        stand_in.stop()
    tell("without an answer", quiet)
    tell("while an answer comes", busy)


if __name__ == "__main__":
    main()
