"""The board: order by need, what a tile tells, filters in the address, and the screen on the wall."""

import json
import re
import time
from dataclasses import replace
from datetime import timedelta

from lib.ui.board_tiles import in_order, need, tile
from lib.ui.markup import text_of
from lib.ui.viewer import Viewer
from tests.builders import NOW
from tests.pages.conftest import trees, words
from tests.pages.fake_hub import FakeHub

WHO = Viewer(now=NOW + timedelta(seconds=6))


def names(at):
    """The tiles' names in order."""
    return re.findall(r'"data-key": "\d+", "aria-label": "([^"]+)"', json.dumps(trees(at)))


def test_order_is_need_to_act(views):
    """Guardrail, suspicion, proven, unlikely, then the rest."""
    wanted = ["guardrail_fails", "under_suspicion", "ready_winner", "unlikely", "ahead"]
    shuffled = [views[name] for name in reversed(wanted)]
    assert in_order(shuffled) == [views[name] for name in wanted]


def test_less_time_left_comes_first(views):
    """Among undecided ones the one with fewer days left stands before the other."""
    view = views["ahead"]
    soon = replace(view, forecast=replace(view.forecast, days_left=1.0))
    assert need(soon) < need(view)


def test_a_tile_tells_everything(views):
    """Name, chip, sentence, participants, days, evidence, both clocks, and a link that leads to it."""
    view = replace(views["ready_winner"], evidence_course=((0.0, 0.1), (1.0, 0.97)))
    made = tile(view, WHO, "/app/")
    said = " ".join(text_of(made).split())
    n = sum(arm.n for arm in view.primary.arms)
    for needed in (
        "Ready winner",
        "Proven better",
        f"{n:,}",
        "participants",
        "97",
        "checked 6 s ago",
    ):
        assert needed in said, needed
    raw = json.dumps(made)
    assert f'"href": "/app/?experiment={view.experiment.id}"' in raw
    assert "Evidence over the run: now 97 of 100" in raw.replace("\\u00a0", " ")


def test_stale_is_grey_with_its_age(views):
    """Without a good check for five minutes the tile is grey and says since when."""
    raw = json.dumps(tile(views["stale"], WHO, "/"))
    assert "stale" in raw
    assert "last good check" in raw
    assert "stale" not in json.dumps(tile(views["ahead"], WHO, "/"))


def test_board_shows_the_running_ones(page, hub, views):
    """Every running experiment has a tile, ended ones do not, and none is marked as watched."""
    at = page(hub, "pages/board.py")
    hub.looked.clear()
    at.run()
    shown = names(at)
    assert len(shown) == sum(v.experiment.is_running for v in views.values())
    assert views["ended"].experiment.name not in shown
    assert not hub.looked
    assert "to look at" in words(at)


def test_filter_and_search_stay_in_the_address(page, hub):
    """The filter and the words searched for are in the link, and a link with them opens filtered."""
    at = page(hub, "pages/board.py")
    at.segmented_control(key="board-show").set_value("proven").run()
    assert at.query_params["show"] == "proven"
    proven = names(at)
    at.text_input(key="board-find").set_value("ready lo").run()
    assert at.query_params["find"] == "ready lo"
    assert names(at) == ["Ready loser"]
    assert "Ready loser" in proven
    cold = page(hub, "pages/board.py", show="proven", find="ready lo")
    assert names(cold) == ["Ready loser"]


def test_nothing_fits(page, hub):
    """A search without a hit says so."""
    assert "No experiment fits." in words(page(hub, "pages/board.py", find="zzz"))


def test_listed_but_unread_has_a_tile(page, views):
    """An experiment not read yet is there, grey, without a number."""
    view = views["ahead"]
    other = replace(view.experiment, id=900, name="Fresh one")
    at = page(FakeHub([view], listed=[view.experiment, other]), "pages/board.py")
    assert names(at) == [view.experiment.name, "Fresh one"]
    assert "Being read" in words(at)


def test_tv_fills_the_screen_by_pages_of_twelve(page, views):
    """By link: at most twelve tiles, no controls, a clock and a ring; twenty seconds later the next ones."""
    many = [
        replace(
            views["ahead"], experiment=replace(views["ahead"].experiment, id=n, name=f"Test {n:02}")
        )
        for n in range(1, 31)
    ]
    hub = FakeHub(many, now=NOW)
    at = page(hub, "pages/board.py", tv="1")
    first = names(at)
    assert len(first) == 12
    assert not at.text_input
    raw = json.dumps(trees(at))
    assert '"tv-grid", "style": "--cols:4;--rows:3"' in raw
    assert '"ring"' in raw
    hub.now = NOW + timedelta(seconds=20)
    at.run()
    assert len(set(first) | set(names(at))) == 24


def test_sixty_tiles_are_quick(views):
    """The nodes of sixty tiles with full sparklines take well under a tenth of a second."""
    course = tuple((float(i), min(1.0, i / 100)) for i in range(120))
    view = replace(views["ready_winner"], evidence_course=course)
    began = time.process_time()
    for _ in range(60):
        tile(view, WHO, "/")
    assert time.process_time() - began < 0.1


def test_hostile_names_stay_text(views):
    """A name with mark-up is a text node of the tile."""
    view = views["ahead"]
    bad = replace(view, experiment=replace(view.experiment, name="<img src=x onerror=alert(1)>"))
    assert '["img"' not in json.dumps(tile(bad, WHO, "/"))
