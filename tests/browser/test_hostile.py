"""Text from outside on every page, in a real browser: nothing is fetched, nothing runs, nothing changes the numbers.

The strings of ``fixtures/attacks.json`` stand in every name field of a PostHog and in what a model says.
"""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lib.demo.server import StandIn
from tests.browser.conftest import KEY, running_app
from tests.model_server import ModelServer

ATTACKS = [
    a["text"]
    for a in json.loads((Path(__file__).parents[1] / "fixtures" / "attacks.json").read_text())
]
FIELDS = 8
FIRST, PLAIN = 301, 399
MODEL_KEY = "sk-never-to-be-seen-anywhere"
FOREIGN = """() => {
  const own = u => !u || /^(data:image\\/(svg|png)|blob:|#|\\/|\\?|app\\/)/.test(u) || new URL(u, location).origin === location.origin;
  const bad = [];
  for (const el of document.querySelectorAll('[src],[href],[action],[data],[ping],[srcset]'))
    for (const name of ['src', 'href', 'action', 'data', 'ping', 'srcset'])
      if (el.hasAttribute(name) && !own(el.getAttribute(name))
          && !el.closest('.strip')) bad.push(el.outerHTML.slice(0, 200));
  for (const el of document.querySelectorAll('iframe'))
    if (!el.src.startsWith(location.origin)) bad.push(el.outerHTML.slice(0, 200));
  for (const el of document.querySelectorAll('.katex, object, embed, base, meta[http-equiv=refresh]'))
    bad.push(el.outerHTML.slice(0, 200));
  if ('pwned' in window || ({}).polluted) bad.push('a script ran');
  return bad;
}"""


def state(name, arms, **more):
    """An experiment that is well ahead and not proven; its figures are the same for every name."""
    (a, a_name), (b, b_name) = arms
    return {
        "name": name,
        "status": "running",
        "started_days_ago": 9,
        "visitors_per_day": 1000,
        "variants": [
            {"key": a, "name": a_name, "participants": 4521, "conversions": 461},
            {"key": b, "name": b_name, "participants": 4479, "conversions": 510},
        ],
        **more,
    }


def groups():
    """The attacks in groups of one experiment, each at another field; the last group is filled up from the start."""
    count = -(-len(ATTACKS) // FIELDS)
    endless = ATTACKS + ATTACKS[:FIELDS]
    return [endless[i * FIELDS : (i + 1) * FIELDS] for i in range(count)]


def hostile_states():
    found = {"plain": state("Plain", (("control", "Grey"), ("blue", "Blue")), id=str(PLAIN))}
    for place, (name, _, metric, a, a_name, b, b_name, flag) in enumerate(groups()):
        arms = ((a, a_name), (b, b_name))
        found[f"h{place}"] = state(name, arms, id=str(FIRST + place), metric=metric, flag_key=flag)
    return found


@pytest.fixture(scope="module")
def posthog(tmp_path_factory):
    """A PostHog whose every name is an attack."""
    file = tmp_path_factory.mktemp("hostile") / "states.json"
    file.write_text(json.dumps(hostile_states()))
    server = StandIn(states=file, limits=False)
    server.start()
    for place, texts in enumerate(groups()):
        server.edit(
            FIRST + place,
            description="\n".join(texts),
            tags=texts,
            holdout={"id": 1, "name": texts[1], "filters": []},
        )
    yield server
    server.stop()


def evil_model(asked):
    """Says every attack, in small pieces."""
    said = "It is ahead.\n\n" + "\n\n".join(ATTACKS)
    return [said[i : i + 9] for i in range(0, len(said), 9)]


@pytest.fixture(scope="module")
def hostile(posthog, tmp_path_factory):
    """The app between a hostile PostHog and a hostile model; (address, model, folder with its log)."""
    folder = tmp_path_factory.mktemp("hostile-app")
    with ModelServer(evil_model) as model:
        more = {
            "OPENAI_BASE_URL": model.url,
            "OPENAI_MODEL": "evil <img src=x>",
            "OPENAI_API_KEY": MODEL_KEY,
        }
        with running_app(posthog, folder, **more) as address:
            yield address, model, folder


@pytest.fixture
def guarded(hostile, visit):
    """Opens a path; at the end no request left for another origin and the console is clean."""
    address, _, _ = hostile
    own = urlsplit(address).netloc
    left, errors = [], []

    def open_path(path, **options):
        page = visit("about:blank", **options)
        page.context.on("request", lambda r: left.append(r.url) if foreign(r.url, own) else None)
        page.context.route(lambda url: foreign(url, own), lambda route: route.abort())
        page.on("console", lambda m: errors.append(told(m)) if is_error(m) else None)
        if path is not None:
            page.goto(address + path)
        return page

    yield open_path
    assert left == []
    assert errors == []


def is_error(message):
    """Streamlit looks for its server below each page's own address first; that 404 is no fault of a name."""
    return message.type == "error" and "/_stcore/" not in message.location.get("url", "")


def told(message):
    return f"{message.text} ({message.location.get('url', '')})"


def foreign(url, own):
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "about"} and parts.netloc != own


def figures(page):
    """The numbers of the tiles but the clock's, and the verdict."""
    page.wait_for_selector(".st-key-live-body [data-key=interval-chart][data-draws]")
    shown = {
        tile.locator(".label").inner_text(): tile.locator(".value").inner_text()
        for tile in page.locator(".tile").all()
    }
    shown.pop("Days running", None)
    return shown, page.locator(".verdict .chip").first.inner_text()


def test_names_on_the_live_page(guarded):
    """Each of the strings is plain text somewhere on a live page; figures and verdict are those of a harmless name."""
    expected = figures(guarded(f"/?experiment={PLAIN}"))
    assert len(expected[0]) >= 3
    for place in range(len(groups())):
        page = guarded(f"/?experiment={FIRST + place}")
        assert figures(page) == expected
        assert page.evaluate(FOREIGN) == []
        page.close()


@pytest.mark.parametrize("path", ["board", "board?tv=1", "alerts", "connection"])
def test_names_on_the_other_pages(guarded, path):
    """Board, wall, alerts and connection show the same names as text."""
    page = guarded(f"/{path}")
    page.wait_for_timeout(4000)
    assert page.locator("text=could not be drawn").count() == 0
    assert page.evaluate(FOREIGN) == []


@pytest.mark.parametrize("place", [0, 2, 4, 6, 8])
def test_names_on_the_history_page(guarded, place):
    """Charts, timeline and markers of a hostile experiment."""
    page = guarded(f"/history?experiment={FIRST + place}")
    page.wait_for_selector(".live-plot[data-draws]")
    page.wait_for_timeout(1500)
    assert page.locator("text=could not be drawn").count() == 0
    assert page.evaluate(FOREIGN) == []


def test_files_taken_away(guarded):
    """Memo and CSV of hostile experiments: no address in the memo's markup, no formula in a cell."""
    for place in (0, 2, 6, 7):
        page = guarded(f"/history?experiment={FIRST + place}")
        page.wait_for_selector(".live-plot[data-draws]")
        page.locator(".st-key-history-take button").first.click()
        files = [
            taken(page, label)
            for label in ("Decision memo (HTML)", "Figures over time (CSV)", "Kept totals (CSV)")
        ]
        assert not [text for text in files if KEY in text or MODEL_KEY in text]
        memo = guarded(None)
        memo.set_content(files[0])
        assert memo.evaluate(FOREIGN) == []
        for text in files[1:]:
            cells = [cell for line in text.splitlines() for cell in line.split(",")]
            assert not [
                c for c in cells if c.lstrip('"')[:1] in {"=", "@", "\t"} or c[:2] in {"+1", "-2+"}
            ]


def taken(page, label):
    """The content of one download."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    assert waiting.value.failure() is None
    return Path(waiting.value.path()).read_text()


def test_what_a_model_says(hostile, guarded):
    """A model that says nothing but attacks, in the chat and full width: text, and no more than text."""
    _, model, folder = hostile
    for path in (f"/?experiment={FIRST}", "/copilot"):
        page = guarded(path)
        box = page.locator("[data-testid=stChatInput] textarea")
        for question in (
            "Show live results for Plain",
            "What do you think of it?",
            "Which experiments are running?",
        ):
            box.fill(question)
            box.press("Enter")
            page.wait_for_timeout(1500)
            page.wait_for_function("!document.querySelector('.st-key-stop-answer')", timeout=60_000)
        assert page.locator("[data-testid=stChatMessage]").count() >= 4
        assert page.evaluate(FOREIGN) == []
    prompts = json.dumps(model.requests)
    log = (folder / "app.log").read_text()
    assert model.requests
    for secret in (KEY, MODEL_KEY):
        assert secret not in prompts
        assert secret not in log
        assert secret not in page.content()
    assert "Traceback" not in log
