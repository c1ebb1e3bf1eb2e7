"""The other pages: each opens by itself, shows the menu, and the connection page tells no secret."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.experiments.errors import DashboardError
from lib.live.view import Trouble
from lib.settings import PostHogSettings, Secret, Settings
from lib.ui import connection
from tests.builders import NOW
from tests.pages.conftest import words
from tests.pages.fake_hub import FakeHub

PAGES = sorted(p.name for p in (Path(__file__).parents[2] / "pages").glob("*.py"))


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_with_the_menu(page, hub, name):
    """Every page draws the whole menu and no error."""
    at = page(hub, f"pages/{name}")
    assert len(at.get("page_link")) >= 6
    assert "could not be drawn" not in words(at)


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_before_anything_is_known(page, name):
    """A page opened before the list of experiments was read is drawn without an error."""
    assert "could not be drawn" not in words(page(FakeHub(), f"pages/{name}"))


def test_connection_shows_pace_and_budget(page, hub):
    """The connection page shows what was used of each limit."""
    said = words(page(hub, "pages/connection.py"))
    assert "Requests a minute" in said
    assert "12 of 480" in said


def test_connection_says_what_is_wrong(page):
    """Trouble with the list shows its sentence and the setting to change."""
    trouble = Trouble(
        kind="refused", sentence="The key was refused.", since=NOW, setting="POSTHOG_API_KEY"
    )
    said = words(page(FakeHub(trouble=trouble), "pages/connection.py"))
    assert "The key was refused." in said
    assert "POSTHOG_API_KEY" in said


def test_connection_never_shows_a_key():
    """The key is set or not set, nothing else."""
    chosen = Settings(
        posthog=PostHogSettings(project_id="1", api_key=Secret("phx_very_secret")), is_demo=False
    )
    lines = connection.source_lines(chosen, FakeHub())
    assert ("Key", "set") in lines
    assert "phx_very_secret" not in repr(lines)


class BrokenHub(FakeHub):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def experiments(self):
        raise self.error


def test_an_unexpected_error_becomes_one_sentence(page):
    """A page error shows a calm sentence and a number for the log, never the error itself."""
    said = words(page(BrokenHub(RuntimeError("secret detail"))))
    assert "This page could not be drawn." in said
    assert "secret detail" not in said


def test_our_own_error_is_said_in_its_words(page):
    """An error raised on purpose is a sentence for a person already."""
    said = words(page(BrokenHub(DashboardError("POSTHOG_X must be a number."))))
    assert said.replace("\\", "").count("POSTHOG_X must be a number.") == 1


def test_data_are_labelled(page, views):
    """Replayed and simulated data are labelled on the page, with the speed of the replay."""
    view = views["ahead"]
    tagged = replace(
        view,
        experiment=replace(view.experiment, tags=("replayed: ASOS, CC BY 4.0",)),
        speed=720.0,
    )
    said = words(page(FakeHub([tagged])))
    assert "Replayed data: ASOS, CC BY 4.0 (Liu et al. 2021) · replayed at 720x" in said


def test_blue_and_orange_go_along_in_the_link(page, hub, views):
    """The colour pair is part of the address and changes the two earned colours."""
    at = page(hub, experiment=views["ready_winner"].experiment.id, colours="blue-orange")
    styles = " ".join(node.proto.body for node in at.get("html"))
    assert "--good:light-dark(#1D5FC4" in styles
