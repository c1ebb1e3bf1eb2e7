"""Pages run by AppTest on a hub with given views; the words of a page as one text."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.ui import wiring
from lib.ui.live_block import unpack
from tests.pages.fake_hub import FakeHub, every_view

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def views():
    """Every state, made once."""
    return every_view()


@pytest.fixture
def page():
    """Runs a page: ``page(hub, "pages/board.py", experiment=3)``."""

    used = []

    def run(hub, script="dashboard.py", **query):
        used.append(hub)
        wiring.use(hub)
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=30)
        for name, value in query.items():
            at.query_params[name] = str(value)
        at.run()
        if script != "dashboard.py":
            at.switch_page(str(ROOT / script)).run()
        assert not at.exception, at.exception
        return at

    yield run
    wiring.use(None)
    for hub in used:
        hub.close()


@pytest.fixture
def hub(views):
    """A hub that knows every view."""
    return FakeHub(tuple(views.values()))


def trees(at):
    """The trees of all live blocks, by key."""
    return [
        tree_of(node.proto)
        for node in at.get("bidi_component")
        if node.proto.component_name == "live_block"
    ]


def tree_of(proto):
    """The nodes a mounted block carries, packed or not."""
    return unpack(proto.bytes) if proto.bytes else json.loads(proto.json)["tree"]


def part(at, cls):
    """The first node of that class on the page."""

    def search(node):
        if not isinstance(node, list):
            return None
        if node[1].get("class") == cls:
            return node
        return next(filter(None, map(search, node[2:])), None)

    found = next(filter(None, (search(node) for tree in trees(at) for node in tree)), None)
    assert found, f"nothing of class {cls}"
    return found


def words(at):
    """Everything a reader meets on the page, as one text."""
    said = [" ".join(_text(node) for node in tree) for tree in trees(at)]
    for kind in ("markdown", "caption", "info", "error", "warning", "title"):
        said += [element.value for element in getattr(at, kind)]
    return "\n".join(" ".join(s.split()) for s in said)


def _text(node):
    if isinstance(node, str):
        return node
    if node[0] == "plot":
        return ""
    if "hidden" in node[1] or node[1].get("class", "").startswith("icon"):
        return ""
    return "".join(_text(child) for child in node[2:])
