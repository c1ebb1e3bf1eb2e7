"""Running commentary: seldom, once, only with facts; and what makes a situation another one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.copilot.commentary import Commentator, newest_comment
from lib.copilot.models import End, Text
from lib.copilot.situation import Situation, situation_of
from lib.experiments.errors import CopilotError
from lib.history.store import Store
from tests.builders import NOW, views_by_state

TICK = timedelta(seconds=10)
TRUE = "[[arm.1]] is ahead, but the evidence of [[arm.1]] stands at [[evidence.1]]."


class Scripted:
    """A model that says the next of its texts, and remembers what it was asked."""

    name = "scripted-1"

    def __init__(self, *texts):
        self.texts, self.asked = list(texts), []

    async def stream(self, messages, tools=()):
        self.asked.append(messages)
        said = self.texts.pop(0) if self.texts else TRUE
        if isinstance(said, Exception):
            raise said
        yield Text(said)
        yield End(tokens=11)


@pytest.fixture
def store():
    kept = Store("sqlite://", clock=lambda: NOW)
    yield kept
    kept.close()


@pytest.fixture
def view():
    return views_by_state()["ahead"]


def run(writer, view, ticks, at=NOW):
    """Some ticks ten seconds apart; how many comments were begun."""
    begun = 0
    for n in range(ticks):
        seen = replace(view, checked_at=at + n * TICK)
        begun += writer.consider(seen, at + n * TICK)
        writing = writer._watched[view.experiment.id].writing
        if writing is not None:
            writing.result(5)
    return begun


def test_a_steady_situation_is_told_once(store, view):
    """A day of ten-second ticks without a change leads to one comment, after three of them."""
    model = Scripted()
    writer = Commentator(store, model, "one")
    assert run(writer, view, 2) == 0
    assert run(writer, view, 8_000, NOW + 2 * TICK) == 1
    assert len(model.asked) == 1
    comment = newest_comment(store, view.experiment.id)
    assert (
        comment.text == "Blue button is ahead, but the evidence of Blue button stands at 0 of 100."
    )
    assert comment.author == "scripted-1"


def test_the_same_look_counts_once(store, view):
    """Ten tabs showing the same look are one tick."""
    writer = Commentator(store, Scripted(), "one")
    assert not any(writer.consider(view, NOW) for _ in range(10))


def test_a_change_waits_ten_minutes(store, view):
    """A new situation is told ten minutes after the last comment at the earliest."""
    writer = Commentator(store, Scripted(), "one")
    run(writer, view, 3)
    other = views_by_state()["too_close"]
    other = replace(other, experiment=replace(other.experiment, id=view.experiment.id))
    assert run(writer, other, 5, NOW + 60 * TICK - 5 * TICK) == 0
    assert run(writer, other, 5, NOW + timedelta(minutes=11)) == 1


def test_a_data_problem_is_told_at_once(store, view):
    """A data problem does not wait for anything."""
    writer = Commentator(store, Scripted(), "one")
    run(writer, view, 3)
    model_text = "The data are under suspicion."
    writer.model = Scripted(model_text)
    bad = views_by_state()["under_suspicion"]
    bad = replace(bad, experiment=replace(bad.experiment, id=view.experiment.id))
    assert run(writer, bad, 1, NOW + 5 * TICK) == 1
    assert newest_comment(store, view.experiment.id).text == model_text


def test_at_most_24_a_day(store, view):
    """After 24 comments in a day nothing more is asked."""
    for n in range(24):
        store.keep_note(view.experiment.id, "commentary", str(n), "{}", NOW)
    model = Scripted()
    assert run(Commentator(store, model, "one"), view, 10) == 0
    assert model.asked == []


def test_one_writer_of_many(store, view):
    """A second process on the same store leaves the writing to the first."""
    assert run(Commentator(store, Scripted(), "one"), view, 3) == 1
    second = Commentator(store, Scripted(), "two")
    assert run(second, view, 3, NOW + timedelta(seconds=30)) == 0


def test_a_restart_does_not_repeat(store, view):
    """What was told before a restart is not told again."""
    assert run(Commentator(store, Scripted(), "one"), view, 3) == 1
    after = Commentator(store, Scripted(), "one")
    assert run(after, view, 20, NOW + timedelta(minutes=20)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Blue button is ahead by 6.7 %.",
        "[[arm.1]] is ahead with [[nothing.1]].",
        "[[arm.0]] converts [[rate.1]].",
        "",
    ],
)
def test_a_wrong_text_is_not_kept(text, store, view):
    """A digit, an unknown slot, a slot in the wrong place or nothing at all: no comment is kept."""
    run(Commentator(store, Scripted(text), "one"), view, 3)
    assert newest_comment(store, view.experiment.id) is None


def test_a_failing_model_is_survived(store, view):
    """A fault of the model leaves no comment and no exception."""
    assert run(Commentator(store, Scripted(CopilotError("no")), "one"), view, 3) == 1
    assert newest_comment(store, view.experiment.id) is None


def test_no_model_no_commentary(store, view):
    """Without a model nothing is asked and nothing kept."""
    writer = Commentator(store, None, "one")
    assert not writer.consider(view, NOW)


def test_bands_have_slack(view):
    """Evidence at 80.5 of 100 is still the band below when it comes from there, at 81 no longer."""

    def at(evidence, before):
        one = replace(view.primary.estimates[0], evidence=evidence)
        primary = replace(view.primary, comparisons=(one,))
        return situation_of(replace(view, analyses=(primary,)), before)

    low = at(0.5, None)
    assert at(0.805, low).evidence == 0
    high = at(0.811, low)
    assert high.evidence == 1
    assert at(0.795, high).evidence == 1
    assert at(0.785, high).evidence == 0


def test_lead_within_the_dead_zone_does_not_turn(view):
    """A lead of 0.4 % the other way does not make another leader."""
    flipped = replace(view.primary.estimates[0], lift=-0.004)
    primary = replace(view.primary, comparisons=(flipped,))
    before = situation_of(view, None)
    assert before.leader == 1
    assert situation_of(replace(view, analyses=(primary,)), before).leader == 1


def test_line_reached_is_urgent():
    """Reaching the line is told at once, being there is not."""
    below, above = Situation(evidence=1), Situation(evidence=2)
    assert above.is_urgent_after(below)
    assert not above.is_urgent_after(above)


def test_the_figures_of_a_comment_are_kept_with_it(store, view):
    """Each figure a comment says is kept with its place, definition and moment, so that it opens on the page."""
    run(Commentator(store, Scripted(), "one"), view, 3)
    comment = newest_comment(store, view.experiment.id)
    said = {comment.text[a:b]: f for f in comment.facts for a, b in f["at"]}
    assert list(said) == ["0 of 100"]
    assert said["0 of 100"]["definition"]
    assert said["0 of 100"]["as_of"]
