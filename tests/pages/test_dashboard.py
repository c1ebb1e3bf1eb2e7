"""The live page in every state: what a reader is told, and what is never claimed."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lib.live.view import Trouble
from lib.stats.results import State
from lib.ui import state
from lib.ui.markup import text_of
from tests.builders import NOW
from tests.pages.conftest import part, tree_of, trees, words
from tests.pages.fake_hub import FakeHub, every_view

CHIPS = {
    "waiting": "Waiting for visitors",
    "nothing_arrives": "Nothing arrives",
    "under_suspicion": "Under suspicion",
    "too_early": "Too early to read",
    "withdrawn": "Withdrawn",
    "significant_wait_for_week": "Crossed, week not full",
    "guardrail_fails": "Proven, but a guardrail fails",
    "ready_winner": "Proven better",
    "ready_loser": "Proven worse",
    "ended": "Ended",
    "unlikely": "Unlikely to decide",
    "planned_end_no_call": "Planned end, no call",
    "ahead": "Ahead, not proven",
    "too_close": "Too close to call",
}


@pytest.mark.parametrize("name", sorted(every_view()))
def test_every_state_is_drawn(page, hub, views, name):
    """Each state shows its name, its verdict sentence, both clocks, and no error."""
    view = views[name]
    at = page(hub, experiment=view.experiment.id)
    said = words(at)
    assert view.experiment.name in said
    assert "Data as of" in said
    assert "could not be drawn" not in said
    if view.sentences:
        assert view.sentences[0].text.replace("\u00a0", " ") in said.replace("\u00a0", " ")
    if name in CHIPS:
        assert CHIPS[name] in said


@pytest.mark.parametrize("name", ["ahead", "too_close", "too_early", "control_ahead", "unlikely"])
def test_ahead_is_not_proven(page, hub, views, name):
    """Without a call nothing on the page says proven, and green and red are not used."""
    at = page(hub, experiment=views[name].experiment.id)
    assert not re.search(r"Proven", words(at))
    assert '"chip good"' not in json.dumps(trees(at))
    assert '"chip bad"' not in json.dumps(trees(at))


def test_lead_of_the_baseline_is_shown_on_its_card(page, hub, views):
    """The baseline can lead: then the chip stands on its card and on no other."""
    view = views["control_ahead"]
    cards = json.dumps(part(page(hub, experiment=view.experiment.id), "cards"))
    first, rest = cards.split("card arm", 2)[1:]
    assert "Ahead, not proven" in first
    assert "Ahead, not proven" not in rest


def test_a_failure_is_never_a_zero(page, hub, views):
    """Without numbers the page shows a dash with a reason, and no figure at all."""
    for name in ("no_numbers", "unreachable"):
        said = words(page(hub, experiment=views[name].experiment.id))
        assert "Data as of –" in said
        assert "Total participants" not in said


def test_trouble_is_said_and_numbers_stay(page, hub, views):
    """PostHog down: the last numbers stay, with the age of the last good check and the next try."""
    view = views["down"]
    said = words(page(hub, experiment=view.experiment.id))
    assert "PostHog does not answer." in said
    assert "Last good check" in said
    assert "Trying again in 9 s" in said
    assert "Total participants" in said


def test_refusal_names_the_setting(page, hub, views):
    """A refused key says which setting to change."""
    said = words(page(hub, experiment=views["refused"].experiment.id))
    assert "Setting to change: POSTHOG_API_KEY" in said


def test_no_check_for_five_minutes_is_said(page, hub, views):
    """Six minutes without a good check are told with the time of the last one."""
    said = words(page(hub, experiment=views["stale"].experiment.id))
    assert "Last good check 11:54, 6 min ago" in said


def test_late_data_are_not_called_a_failure(page, hub, views):
    """Data 42 minutes old while checks are fine: the clock shows the age and nothing is amber."""
    at = page(hub, experiment=views["late"].experiment.id)
    assert "Data as of 11:18, 42 min ago" in words(at)
    assert "notice amber" not in json.dumps(trees(at))


def test_a_failing_metric_leaves_the_others(page, hub, views):
    """A metric that cannot be calculated gets its own sentence; the page goes on."""
    said = words(page(hub, experiment=views["metric_problem"].experiment.id))
    assert "Not calculated: baseline average is zero." in said
    assert "Total participants" in said


def test_suspicion_mutes_the_lift(page, hub, views):
    """With the split in doubt the improvement is not shown and no forecast either."""
    said = words(page(hub, experiment=views["under_suspicion"].experiment.id))
    assert "not to be read while the data are in doubt" in said
    assert "Chance it never decides" not in said


def test_one_gauge_per_treatment(page, hub, views):
    """Five arms make four gauges, each for its own arm, and one card an arm with the baseline first."""
    view = views["five_arms"]
    at = page(hub, experiment=view.experiment.id)
    gauges = re.findall(r'"alt": "(Significance gauge[^"]*)"', json.dumps(part(at, "evidence")))
    assert len(gauges) == 4
    assert len(set(gauges)) == 4
    cards = json.dumps(part(at, "cards five"))
    assert cards.count("card arm") == 5
    assert cards.index("Baseline") < cards.index("Blue button")


def test_why_list_has_ticks_and_open_lines(page, hub, views):
    """Every requirement of the analysis is a line; met ones are ticked."""
    view = views["ahead"]
    at = page(hub, experiment=view.experiment.id)
    lines = json.dumps(part(at, "why"))
    needs = view.primary.why_not_yet
    assert lines.count('["li"') == len(needs)
    assert lines.count('"check_circle"') == sum(n.is_met for n in needs)


def test_every_number_in_a_sentence_opens(page, hub, views):
    """Each fact of the verdict is a button with its definition behind it."""
    view = views["ready_winner"]
    at = page(hub, experiment=view.experiment.id)
    top = json.dumps(part(at, "say"), ensure_ascii=False)
    assert (
        top.count('"aria-expanded"') == view.sentences[0].template.count("[[") - 1
    )  # one is a name
    assert view.sentences[0].facts[0].definition in top


@pytest.mark.parametrize("name", sorted(every_view()))
def test_every_number_on_cards_and_tiles_opens(page, hub, views, name):
    """What is emphasised as a number is a button with its sheet behind it; only a dash is not."""
    at = page(hub, experiment=views[name].experiment.id)
    plain = [text for tree in trees(at) for node in tree for text in _plain_numbers(node)]
    assert set(plain) <= {"–"}


def _plain_numbers(node):
    if not isinstance(node, list) or node[0] == "plot":
        return
    head = node[1]
    if head.get("class", "").startswith("chip"):
        return  # the age in the badge moves with the clock; its figure opens among the tiles
    if head.get("class") == "num" and node[0] not in {"button", "time"}:
        yield text_of(node)
    for child in node[2:]:
        yield from _plain_numbers(child)


def test_hostile_names_stay_text(page, views):
    """A name with mark-up, a formula and a link is shown as these characters; nothing of it is a tag."""
    name = "<img src=x onerror=alert(1)> $x^2$ [a](javascript:b) **c**"
    view = views["ahead"]
    experiment = replace(view.experiment, name=name, description=name, url="javascript:alert(1)")
    at = page(FakeHub([replace(view, experiment=experiment)]), experiment=experiment.id)
    header = json.dumps(_block(at, "header"))
    assert "<img src=x onerror=alert(1)>" in header  # as a text node
    assert '"img"' not in header
    assert "href" not in header
    assert all(tag in {"div", "h1", "bdi", "span", "time", "svg", "circle"} for tag in _tags(at))


def test_clock_is_in_the_fragment_and_pause_removes_it(page, hub, views):
    """The clock ticks every 10 s; pausing takes it away and says that the watch goes on."""
    at = page(hub, experiment=views["ahead"].experiment.id)
    assert tick_ms(at) == 10_000
    at.toggle(key="is_live").set_value(False).run()
    assert not at.get("component_instance")
    assert "Paused: the screen stands still, the watch and alerts go on" in words(at)


def test_first_load_is_a_skeleton_and_hurries(page, views):
    """Before the first reading: a shape and a word, a quick clock, and no "no data"."""
    view = views["ahead"]
    at = page(FakeHub([], listed=[view.experiment]), experiment=view.experiment.id)
    assert "Reading the experiment ..." in words(at)
    assert tick_ms(at) == 1_000


def test_first_load_says_how_far_it_is(page, views):
    """While metrics are read one by one, the shape says how many are there."""
    view = views["ahead"]
    hub = FakeHub([], listed=[view.experiment])
    hub.read_so_far = (3, 7)
    assert "Reading 3 of 7 metrics ..." in words(page(hub, experiment=view.experiment.id))


def test_before_the_list_is_read(page):
    """A fresh start says that the list is being read, and hurries."""
    at = page(FakeHub(is_read=False))
    assert "Reading the list of experiments ..." in words(at)
    assert tick_ms(at) == 1_000


def test_an_empty_project_is_not_loading(page):
    """A project without experiments is told as such, not as loading and not as an error."""
    said = words(page(FakeHub()))
    assert "There are no experiments in this project yet." in said
    assert "Reading" not in said


def test_nothing_readable_at_all_names_the_setting(page):
    """A refused key before anything was read: the sentence and the setting."""
    trouble = Trouble(
        kind="refused",
        sentence="PostHog does not accept the key.",
        since=NOW,
        setting="POSTHOG_API_KEY",
    )
    said = words(page(FakeHub(trouble=trouble), experiment=4))
    assert "PostHog does not accept the key. There is no earlier reading to show." in said
    assert "Setting to change: POSTHOG_API_KEY" in said


def test_the_page_is_drawn_anew_when_the_list_arrives(page, views):
    """The picker learns the experiment's name as soon as the list is there, without a reload."""
    view = views["ahead"]
    hub = FakeHub([view], listed=())
    at = page(hub, experiment=view.experiment.id)
    assert at.selectbox(key="picker").options == [f"Experiment {view.experiment.id}"]
    hub.listed = (view.experiment,)
    at.run()
    assert at.selectbox(key="picker").options == ["Ahead · running"]


def test_unknown_experiment_lists_what_runs(page, hub):
    """A link to nothing says so and names what is running."""
    said = words(page(hub, experiment=99_999))
    assert "No experiment has the number 99999." in said
    assert "Running now:" in said


def test_refresh_asks_the_hub(page, hub, views):
    """Refresh now asks for this experiment and speeds the clock up until something new is there."""
    number = views["ahead"].experiment.id
    at = page(hub, experiment=number)
    at.button(key="refresh").click().run()
    assert hub.refreshed == [number]
    assert tick_ms(at) == 1_000


@pytest.mark.parametrize("script", ["dashboard.py", "pages/history.py"])
def test_a_page_opened_on_old_numbers_hurries_until_newer_ones_come(page, views, script):
    """Nobody watched for a minute: opening the page starts a look, shown within a second; not while a source is down."""
    view = views["ahead"]
    hub = FakeHub([view], now=view.checked_at + timedelta(minutes=1))
    at = page(hub, script, experiment=view.experiment.id)
    assert tick_ms(at) == 1_000
    hub.shown[view.experiment.id] = replace(view, checked_at=hub.now)
    assert tick_ms(at.run()) == 10_000
    down = Trouble(kind="down", sentence="PostHog does not answer.", since=NOW)
    hub.shown[view.experiment.id] = replace(view, trouble=down)
    assert tick_ms(at.run()) == 10_000


def test_a_look_that_does_not_come_is_not_waited_for_in_haste(page, views, monkeypatch):
    """A source that takes its time: after a while the usual ticks have to do."""
    view = views["ahead"]
    monkeypatch.setattr(state, "LONGEST_WAIT_S", 0.0)
    hub = FakeHub([view], now=view.checked_at + timedelta(minutes=1))
    assert tick_ms(page(hub, experiment=view.experiment.id)) == 10_000


def tick_ms(at):
    """The page's clock; it has one."""
    (clock,) = at.get("component_instance")
    return json.loads(clock.proto.json_args)["interval"]


def test_default_is_running_and_real(page, views):
    """Without a link the page opens a running experiment, a real one before a simulated one."""
    simulated = replace(
        views["ahead"], experiment=replace(views["ahead"].experiment, tags=("simulated",))
    )
    hub = FakeHub([views["ended"], simulated, views["too_close"]])
    at = page(hub)
    assert at.query_params["experiment"] == str(views["too_close"].experiment.id)


def test_opened_panels(page, hub, views):
    """The expert panel labels what holds for one look; the figure list has every fact of the sentences."""
    view = views["ready_winner"]
    at = page(hub, experiment=view.experiment.id)
    assert "Fixed-horizon p" not in words(at)
    at.session_state["live-how"] = True
    at.session_state["live-facts"] = True
    at.run()
    said = words(at)
    assert "Fixed-horizon p" in said
    assert "valid for one look at the planned end" in said
    for fact in view.sentences[0].facts:
        assert fact.shown in said.replace("\u00a0", " ")


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_chip(state):
    """A state added to the ladder needs its words here."""
    from lib.ui.words import STATES

    assert STATES[state][0]


def _block(at, name):
    for node in at.get("bidi_component"):
        if node.proto.id.endswith(f"-live-{name}"):
            return tree_of(node.proto)
    raise AssertionError(f"no block {name}")


def _tags(at):
    found = set()

    def walk(node):
        if isinstance(node, list):
            found.add(node[0])
            for child in node[2:]:
                walk(child)

    for node in _block(at, "header"):
        walk(node)
    return found
