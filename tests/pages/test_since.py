"""What a reader missed: one computed line an absence, from the reading of then, unchanged by ticks, gone when closed."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from lib.commentary.changes import since_sentence
from lib.commentary.speaker import Speaker
from lib.ui import since, wiring
from lib.wording import LANGS
from tests.builders import NOW, a_view, an_experiment
from tests.pages.conftest import words
from tests.pages.fake_hub import FakeHub

ONE = an_experiment(days=6.0)
THEN = a_view(ONE, ((10_000, 1_000), (10_000, 1_030)), server_now=NOW - timedelta(hours=2))
NOW_VIEW = a_view(ONE, ((12_000, 1_200), (12_000, 1_360)))


def script():
    from lib.ui.live_block import live_block
    from lib.ui.since import since_line
    from lib.ui.viewer import viewer
    from lib.ui.wiring import hub

    live_block(since_line(hub().look(7), viewer(hub().clock), "live"), key="since-here")


class PastHub(FakeHub):
    """Also knows how it stood two hours ago; remembers which moments were asked for."""

    def __init__(self, *views, then=THEN):
        super().__init__(views)
        self.then, self.moments = then, []

    def look(self, experiment_id, as_of=None):
        if as_of is None:
            return super().look(experiment_id)
        self.moments.append(as_of)
        return self.then


@pytest.fixture
def hub():
    made = PastHub(NOW_VIEW)
    wiring.use(made)
    yield made
    wiring.use(None)
    made.close()


def absent(hub, hours=2.0, ended_at=None):
    return {7: since.Absence(ended_at=ended_at or hub.now, away=timedelta(hours=hours))}


def run(**state):
    at = AppTest.from_function(script, default_timeout=15)
    for name, value in state.items():
        at.session_state[name] = value
    at.run()
    assert not at.exception
    return at


def test_nothing_without_an_absence(hub):
    """A reader who never left sees no line, and nothing of the past is asked for."""
    assert words(run()) == ""
    assert hub.moments == []


def test_the_line_after_an_absence(hub):
    """4,000 more visitors (24,000 less 20,000), change and evidence from then to now, with the length of the absence."""
    at = run(absences=absent(hub))
    said = words(at)
    assert "Since you last looked (2 h ago, data of 10:00 UTC): 4,000 more visitors" in said
    assert "the change seen for Blue button went from +3.0 % to +13.3 %" in said
    assert "its evidence from" in said
    assert hub.moments == [hub.now - timedelta(hours=2)]


def test_ticks_ask_nothing_and_change_nothing(hub):
    """The line is computed once an absence: the same words while the numbers move on."""
    at = run(absences=absent(hub))
    before = words(at)
    hub.shown[7] = a_view(ONE, ((12_500, 1_250), (12_500, 1_400)))
    at.run()
    assert words(at) == before
    assert len(hub.moments) == 1


def test_it_waits_for_a_fresh_look(hub):
    """When the last look is older than the return, the line waits for the next one."""
    hub.shown[7] = replace(NOW_VIEW, checked_at=NOW - timedelta(hours=1))
    at = run(absences=absent(hub))
    assert (words(at), hub.moments) == ("", [])
    hub.shown[7] = NOW_VIEW
    at.run()
    assert "Since you last looked" in words(at)


def test_nothing_to_compare_with(hub):
    """Before the start, or while there were no visitors, there is no line, and it is not asked for again."""
    at = run(absences=absent(hub, hours=24 * 7))
    assert words(at) == ""
    hub.then = replace(THEN, analyses=())
    at = run(absences=absent(hub))
    at.run()
    assert words(at) == ""
    assert len(hub.moments) == 1


def test_the_verdict_of_then_when_it_was_another(hub):
    """Too early then, ahead now: the verdict of then is told with its own numbers."""
    early = a_view(ONE, ((40, 4), (31, 5)), server_now=NOW - timedelta(hours=2), rows=2)
    hub.then = early
    assert "The verdict then was: Too early: Blue button has 31 of the 100" in words(
        run(absences=absent(hub))
    )


def test_words_from_the_browser(hub):
    """Only lengths between half an hour and ninety days count; anything else from the browser is no absence."""
    good = [1800, 7200.0, 90 * 86_400]
    bad = [1799, 0, -5, 90 * 86_400 + 1, float("nan"), float("inf"), 1e300, "7200", None, [7200]]
    assert [since._length({"away": a}) for a in good] == [timedelta(seconds=a) for a in good]
    assert [since._length({"away": a}) for a in bad] == [None] * len(bad)
    assert not since._is_about(7, {"experiment": 8})
    assert not since._is_about(7, "7")
    assert not since._is_about(7, None)


@pytest.mark.parametrize("lang", LANGS)
def test_every_language_and_every_fact_dated(lang):
    """The sentence exists in four languages; each fact has a definition and inputs, those of then their own moment."""
    speaker = Speaker(ONE, NOW_VIEW.primary, NOW_VIEW.forecast, server_now=NOW, lang=lang)
    said = since_sentence(speaker, THEN.primary, timedelta(hours=26))
    facts = {f.id: f for f in said.facts}
    assert {"away", "earlier_at", "more_n", "was_lift.1", "lift.1", "was_evidence.1"} <= set(facts)
    assert all(f.definition and f.inputs for f in said.facts)
    assert facts["was_lift.1"].as_of == NOW - timedelta(hours=2)
    assert facts["lift.1"].as_of == facts["more_n"].as_of == NOW


def test_nothing_moved():
    """The same reading again says so, and when it was."""
    speaker = Speaker(ONE, NOW_VIEW.primary, NOW_VIEW.forecast, server_now=NOW)
    said = since_sentence(speaker, NOW_VIEW.primary, timedelta(hours=1))
    assert said.text == "Since you last looked (1 h ago, data of 12:00 UTC): nothing has moved."


def test_a_tick_costs_nothing(hub):
    """With a line on the screen and none to compute, a hundred ticks take less than a tenth of a second."""
    state, _mount = {since.ABSENCES: absent(hub)}, since._watch
    kept = since.st.session_state
    since.st.session_state, since._watch = state, lambda **_: None
    try:
        who = since.Viewer(now=hub.now)
        assert since.since_line(NOW_VIEW, who, "live") is not None
        began = time.perf_counter()
        for _ in range(100):
            since.since_line(NOW_VIEW, who, "live")
        assert time.perf_counter() - began < 0.1
    finally:
        since.st.session_state, since._watch = kept, _mount
