"""Every attack string in every name field, in a real browser: text on every page, and the numbers of a tame twin.

86 experiments, one a string: each string is once an experiment's name, its flag key, its metric, its description, the
key and the name of either arm; a model says them all. No request leaves the browser.
"""

import json
from collections import Counter

import pytest

from lib.demo.server import StandIn
from tests.browser.conftest import running_app
from tests.browser.test_hostile import ATTACKS, FOREIGN, foreign, is_error, state, told
from tests.model_server import ModelServer

FIRST, TAME = 301, 999
FIELDS = ("name", "flag", "metric", "description", "key_a", "name_a", "key_b", "name_b")
STEP = 11  # no two fields of an experiment hold the same string
EVERY_TENTH = range(0, len(ATTACKS), 10)
PANEL = ".st-key-live-body"


def field(place, name):
    """What stands in this field of the experiment at this place."""
    return ATTACKS[(place + STEP * FIELDS.index(name)) % len(ATTACKS)]


def states():
    found = {"tame": state("Tame", (("control", "Grey"), ("blue", "Blue")), id=str(TAME))}
    for place in range(len(ATTACKS)):
        keys = [field(place, "key_a"), field(place, "key_b")]
        arms = ((keys[0], field(place, "name_a")), (keys[1], field(place, "name_b")))
        found[f"h{place}"] = state(
            field(place, "name"), arms, id=str(FIRST + place),
            metric=field(place, "metric"), flag_key=field(place, "flag"),
        )  # fmt: skip
    return found


def test_every_string_stands_in_every_field():
    """The 86 experiments hold each string in each field exactly once."""
    for name in FIELDS:
        assert Counter(field(place, name) for place in range(len(ATTACKS))) == Counter(ATTACKS)


def evil_model(asked):
    """Says a part of the attacks, another one each time."""
    turn = sum(m["role"] == "user" for m in asked["messages"]) - 1
    said = "It is ahead.\n\n" + "\n\n".join(ATTACKS[turn % 2 :: 2])
    return [said[i : i + 40] for i in range(0, len(said), 40)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The address of the app between a hostile PostHog and a hostile model."""
    folder = tmp_path_factory.mktemp("everywhere")
    file = folder / "states.json"
    file.write_text(json.dumps(states()))
    server = StandIn(states=file, limits=False)
    server.start()
    for place in range(len(ATTACKS)):
        server.edit(FIRST + place, description=field(place, "description"))
    with ModelServer(evil_model) as model:
        more = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "evil ![x](https://evil.example/m)"}
        with running_app(server, folder, poll_s=10, **more) as address:
            yield address
    server.stop()


@pytest.fixture
def page(hostile, visit):
    """One page whose requests are all looked at; at its end none left and the console is clean."""
    own = hostile.removeprefix("http://")
    left, errors = [], []
    one = visit("about:blank")
    one.context.on("request", lambda r: left.append(r.url) if foreign(r.url, own) else None)
    one.context.route(lambda url: foreign(url, own), lambda route: route.abort())
    one.on("console", lambda m: errors.append(told(m)) if is_error(m) and not icon(m) else None)
    yield one
    assert left == []
    assert errors == []


def icon(message):
    """Turned over this fast, the browser may ask for the page's icon while Streamlit is registering it anew."""
    return "/media/" in message.location.get("url", "")


READ = f"""() => {{
  const body = document.querySelector('{PANEL}');
  if (!body || !document.querySelector('.verdict .chip')) return null;
  const said = el => {{
    const copy = el.cloneNode(true);
    copy.querySelectorAll('.behind').forEach(sheet => sheet.remove());
    return copy.textContent;
  }};
  const tiles = Object.fromEntries([...document.querySelectorAll('.tile')].map(t =>
    [said(t.querySelector('.label')), said(t.querySelector('.value'))]));
  delete tiles['Days running'];
  const arms = [...document.querySelectorAll('.arm .big')].map(said);
  if (Object.keys(tiles).length < 3 || arms.length < 2) return null;
  return JSON.stringify([tiles, arms, document.querySelector('.verdict .chip').textContent]);
}}"""


GO = """there => {
  history.pushState({}, '', `?experiment=${there}`);
  dispatchEvent(new PopStateEvent('popstate', { state: {} }));
}"""


def turn_to(page, there):
    """Show another experiment as the browser's own history does, without loading the app anew."""
    page.evaluate(GO, there)
    page.wait_for_function(
        "there => [...document.querySelectorAll('.live-block a')].some(a => a.href.endsWith(`/${there}`))",
        arg=there,
    )


def test_live(hostile, page):
    """All 86 live pages: nothing of a name became an element, figures and verdict are the tame twin's."""
    page.goto(f"{hostile}/?experiment={TAME}")
    expected = page.wait_for_function(READ).json_value()
    assert "Ahead" in expected
    for there in range(FIRST, FIRST + len(ATTACKS)):
        turn_to(page, there)
        assert page.wait_for_function(READ).json_value() == expected, there
        assert page.evaluate(FOREIGN) == [], there


def test_history(hostile, page):
    """Charts, timeline and table of every tenth experiment."""
    page.goto(f"{hostile}/history?experiment={TAME}")
    page.wait_for_selector(".live-plot[data-draws]")
    for place in EVERY_TENTH:
        page.evaluate(GO, FIRST + place)
        page.wait_for_function(f"location.search.includes('{FIRST + place}')")
        page.wait_for_timeout(700)
        page.wait_for_selector(".live-plot[data-draws]")
        assert page.evaluate(FOREIGN) == [], place
    assert page.locator("text=could not be drawn").count() == 0


@pytest.mark.parametrize("path", ["board", "alerts", "connection"])
def test_other_pages(hostile, page, path):
    """The board with all 86 names and verdicts, alerts and connection."""
    page.goto(f"{hostile}/{path}")
    page.wait_for_timeout(2500)
    assert page.locator("text=could not be drawn").count() == 0
    assert page.evaluate(FOREIGN) == []


def test_copilot(hostile, page):
    """A model that says nothing but attacks, and the computed list of all experiments: text, and no more than text."""
    page.goto(f"{hostile}/copilot?experiment={FIRST}")
    box = page.locator("[data-testid=stChatInput] textarea")
    for n, question in enumerate(
        ("Which experiments are running?", "How is Tame doing?", "And now?"), start=1
    ):
        box.fill(question)
        box.press("Enter")
        page.wait_for_function(
            f"document.querySelectorAll('[data-testid=stChatMessage] [class*=st-key-foot-] .copy').length >= {n}"
            " && !document.querySelector('.st-key-stop-answer')",
            timeout=60_000,
        )
        assert page.evaluate(FOREIGN) == []
    assert "It is ahead." in page.locator("[data-testid=stChatMessage]").last.text_content()
