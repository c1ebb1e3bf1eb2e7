"""The history page in its states: what it draws, what its address keeps, what a replay shows and leaves out."""

import json
import re
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from lib.experiments.model import Alert, AlertKind, Call, Origin
from lib.live.past import view_as_of
from lib.ui import history_moments, take_away
from lib.ui.history_charts import since_of
from lib.ui.history_moments import marks_of, moments_of
from lib.ui.viewer import Viewer
from tests.builders import NOW, a_snapshot, a_view, an_experiment
from tests.pages.conftest import trees, words
from tests.pages.fake_hub import FakeHub, with_sentences

COUNTS = [(9000, 900), (9000, 990)]
DAYS = 9


class PastHub(FakeHub):
    """Looks back as the real hub does."""

    def look(self, experiment_id, as_of=None):
        view = super().look(experiment_id)
        return view if view is None or as_of is None else view_as_of(self.store, view, as_of)


def a_hub(readings_since=NOW - timedelta(days=99), **changes):
    """One running experiment with a row each six hours in a real store."""
    experiment = an_experiment(**changes)
    view = with_sentences(a_view(experiment, COUNTS))
    hub = PastHub([view])
    hub.store.keep(row for row in every_six_hours(experiment) if row.as_of >= readings_since)
    hub.store.freeze_plan(view.primary.plan)
    return hub


def every_six_hours(experiment):
    steps = DAYS * 4
    return [
        a_snapshot(
            experiment,
            [(n * step // steps, x * step // steps) for n, x in COUNTS],
            as_of=NOW - timedelta(hours=6 * (steps - step)),
        )
        for step in range(1, steps + 1)
    ]


def plots_of(nodes):
    """The charts of a tree, however deep."""
    for node in nodes:
        if isinstance(node, list):
            yield from [node] if node[0] == "plot" else plots_of(node[2:])


def charts(at):
    """Specs of the page's charts, by what their words begin with."""
    plots = [node[2] for tree in trees(at) for node in plots_of(tree)]
    return {re.split("[:,]", data["alt"])[0]: data for data in plots}


def test_five_charts_share_axis_and_group(page):
    """Lift, evidence, value, visitors and split are drawn, all with the same time range and in one group."""
    at = page(a_hub(), "pages/history.py", experiment=7)
    shown = charts(at)
    assert len(shown) == 5
    ranges = {tuple(c["figure"]["layout"]["xaxis"]["range"]) for c in shown.values()}
    assert len(ranges) == 1
    assert {c["group"] for c in shown.values()} == {"history"}
    assert all(len(c["alt"]) > 20 for c in shown.values())


def test_plain_evidence_is_dotted_and_ours_is_solid(page):
    """The line valid for one look only is dotted, ours is not, and the level of 95 is there."""
    figure = charts(page(a_hub(), "pages/history.py", experiment=7))["Evidence over time"]["figure"]
    dashes = {t["name"]: t["line"].get("dash") for t in figure["data"]}
    assert dashes == {"Blue button, one look only": "dot", "Blue button": None}
    assert 95 in {s["y0"] for s in figure["layout"]["shapes"]}


def test_daily_figures_are_marked(page):
    """A past from PostHog's daily series is marked in each chart, in its words, below the charts and in the file."""
    hub = a_hub(readings_since=NOW - timedelta(days=2))
    experiment = hub.shown[7].experiment
    days = [NOW.replace(hour=0) - timedelta(days=day) for day in range(DAYS - 1, 2, -1)]
    hub.store.keep(
        replace(a_snapshot(experiment, [(900, 90), (900, 95)], as_of=at), origin=Origin.DAILY)
        for at in days
    )
    at = page(hub, "pages/history.py", experiment=7)
    for words_of, chart in charts(at).items():
        assert (
            f"{len(days)} of {9 + len(days)} moments: daily figure from PostHog" in chart["alt"]
        ), words_of
        assert "daily figure from PostHog" in json.dumps(chart["figure"])
    assert "Open circles on a dashed line, hatched days: daily figures from PostHog" in words(at)
    text = take_away.figures_csv(hub.look(7), experiment.metrics[0], Viewer(now=hub.clock()))
    assert text.count('"daily figure from PostHog"') == 2 * len(days)
    text = take_away.totals_csv(hub.look(7), experiment.metrics[0], Viewer(now=hub.clock()))
    assert text.count('"daily figure from PostHog"') == 2 * len(days)


def test_range_and_metric_stay_in_the_address(page):
    """Picking a range puts it into the link and stamps the page and each picture as exploratory."""
    at = page(a_hub(), "pages/history.py", experiment=7)
    assert "Exploratory" not in words(at)
    at.segmented_control(key="history-range").set_value("24h").run()
    assert at.query_params["range"] == "24h"
    assert "Exploratory: a part of the run" in words(at)
    layout = charts(at)["Change over time"]["figure"]["layout"]
    assert "exploratory" in layout["xaxis"]["title"]["text"]
    assert layout["xaxis"]["range"][0] == "2026-03-11 12:00:00"


def test_cold_link_opens_metric_range_and_moment(page):
    """A link with experiment, metric, range and moment opens exactly that; an unknown metric is the primary."""
    moment = NOW - timedelta(days=2)
    at = page(
        a_hub(), "pages/history.py", experiment=7, metric="gone", range="3d", at=moment.isoformat()
    )
    said = words(at)
    assert "As of 10 March 2026, 12:00" in said
    assert at.segmented_control(key="history-range").value == "3d"
    assert at.selectbox(key="history-metric").value == "m-signup"


def test_replay_shows_nothing_later(page):
    """In a replay the charts end at the moment and the later note, alert and call are not told."""
    hub = a_hub()
    moment = NOW - timedelta(days=3)
    hub.store.keep_note(7, "person", "n1", "Sale began", moment - timedelta(days=1))
    hub.store.keep_note(7, "person", "n2", "Sale ended", moment + timedelta(days=1))
    at = page(hub, "pages/history.py", experiment=7, at=moment.isoformat())
    said = words(at)
    assert "Sale began" in said
    assert "Sale ended" not in said
    layout = charts(at)["Change over time"]["figure"]["layout"]
    assert layout["xaxis"]["range"][1] < "2026-03-15"
    steps = charts(at)["Value of each arm"]["figure"]["columns"][0]
    assert sum(steps) == pytest.approx(moment.timestamp())
    assert not at.get("component_instance"), "a replay that stands still needs no clock"


def test_replay_steps_plays_and_goes_back(page):
    """Replay begins at the newest moment, a step back shows an earlier one, play moves with the clock, and back
    to live takes the moment out of the address."""
    at = page(a_hub(), "pages/history.py", experiment=7)
    at.button(key="replay-start").click().run()
    assert at.query_params["at"] == NOW.isoformat()
    at.button(key="replay-back").click().run()
    assert at.query_params["at"] == (NOW - timedelta(hours=6)).isoformat()
    at.button(key="replay-play").click().run()
    (clock,) = at.get("component_instance")
    assert json.loads(clock.proto.json_args)["interval"] < 1_500
    at.session_state["clock"] = 3
    at.run()
    assert at.query_params["at"] == NOW.isoformat()
    assert "replay-play" in {b.key for b in at.button}, "at the end it stands"
    at.button(key="replay-end").click().run()
    assert "at" not in at.query_params


def test_slider_goes_to_its_moment(page):
    """The slider stops at stored moments; choosing one shows it."""
    at = page(a_hub(), "pages/history.py", experiment=7, at=NOW.isoformat())
    slider = at.select_slider(key="replay-slider")
    assert len(slider.options) == DAYS * 4
    slider.set_value(NOW - timedelta(days=1)).run()
    assert at.query_params["at"] == (NOW - timedelta(days=1)).isoformat()
    assert "As of 11 March 2026, 12:00" in words(at)


def test_note_is_added_to_the_timeline(page):
    """A note a person writes is kept with the data's moment, shown as text, and numbered in the charts."""
    hub = a_hub()
    at = page(hub, "pages/history.py", experiment=7)
    at.text_input(key="note-text").set_value("<b>Sale</b> began")
    at.button[-1].click().run()
    (note,) = hub.store.notes(7, "person")
    assert (note.text, note.at) == ("<b>Sale</b> began", NOW)
    assert "<b>Sale</b> began" in words(at)
    assert '["b",' not in json.dumps(trees(at))


def test_without_numbers_the_page_says_so(page, views):
    """A draft and a metric without numbers get a sentence, never an empty chart."""
    for name in ("draft", "no_numbers", "blocked"):
        if name not in views:
            continue
        at = page(FakeHub([views[name]]), "pages/history.py", experiment=views[name].experiment.id)
        assert "There are no numbers over time yet." in words(at)
        assert not charts(at)


@pytest.mark.parametrize("name", ["ended", "stale", "refused", "under_suspicion", "five_arms"])
def test_states_are_drawn(page, hub, views, name):
    """Ended, stale, refused, doubted and many-armed experiments open with their verdict and no error."""
    at = page(hub, "pages/history.py", experiment=views[name].experiment.id)
    said = words(at)
    assert "could not be drawn" not in said
    assert views[name].experiment.name in said
    assert "Timeline" in said


def test_moments_are_in_order_and_near_marks_share_a_label():
    """Start, call, alert and plan come in order of time; two marks a minute apart share one label."""
    hub = a_hub()
    view = hub.look(7)
    at = NOW - timedelta(days=2)
    hub.store.record_call(
        Call(experiment_id=7, metric_id="m-signup", treatment_key="blue", as_of=at, direction=1,
             lift=0.1, low=0.02, high=0.18, evidence=0.96)
    )  # fmt: skip
    hub.store.raise_alert(
        Alert(key="a", experiment_id=7, kind=AlertKind.PROVEN_BETTER, text="Blue is better.",
              raised_at=at, as_of=at + timedelta(minutes=1))
    )  # fmt: skip
    found = moments_of(view, hub.store, None, NOW.tzinfo)
    assert [m.kind for m in found] == ["start", "call", "alert", "planned"]
    assert "Blue button crossed the line on Signed up at +10.0 %, between +2 % and +18 %." in (
        found[1].text.replace("\u00a0", " ")
    )
    assert "share this interval" not in found[1].text
    marks = marks_of(found, (view.experiment.started_at, NOW))
    assert [m.label for m in marks] == ["1", "", "2–3"]
    assert "Crossed the line" in marks[2].hover
    hub.close()


def test_the_next_look_tells_what_happened_since():
    """The timeline is read anew whenever something was added or withdrawn, and told from memory between."""
    hub = a_hub()
    store, view = hub.store, hub.look(7)

    def kinds():
        return [m.kind for m in moments_of(view, store, None, UTC)]

    assert kinds() == ["start", "planned"]
    store.keep_note(7, "person", "k", "Sale began", NOW)
    assert kinds() == ["start", "note", "planned"]
    store.keep_note(7, "text written", "c", "of another kind", NOW)
    assert kinds() == ["start", "note", "planned"]
    call = Call(experiment_id=7, metric_id="m-signup", treatment_key="blue", as_of=NOW, direction=1,
                lift=0.1, low=0.02, high=0.18, evidence=0.96)  # fmt: skip
    store.record_call(call)
    assert sorted(kinds()) == ["call", "note", "planned", "start"]
    store.withdraw_call(7, "m-signup", "blue", NOW, "recounted")
    assert "withdrawn" in kinds()
    alert = Alert(
        key="z", experiment_id=7, kind=AlertKind.PROVEN_BETTER, text="Better.", raised_at=NOW
    )
    store.raise_alert(alert)
    assert "alert" in kinds()
    read = store._database.read
    asked = []
    store._database.read = lambda work: asked.append(None) or read(work)
    assert "alert" in kinds()
    assert len(asked) == 1
    hub.close()


def test_a_call_whose_interval_holds_zero_says_why():
    """Holm's later steps call an arm whose interval still holds zero: its line tells that the arms share it."""
    hub = a_hub()
    hub.store.record_call(
        Call(experiment_id=7, metric_id="m-signup", treatment_key="blue", as_of=NOW, direction=1,
             lift=0.0055, low=-0.0004, high=0.011, evidence=0.96)
    )  # fmt: skip
    (text,) = (m.text for m in moments_of(hub.look(7), hub.store, None, UTC) if m.kind == "call")
    assert text.endswith("The arms share this interval, so it is wider than the test that decided.")
    hub.close()


def test_every_kind_of_moment_has_words():
    """What the timeline can hold is named, toned and drawn."""
    assert all(len(v) == 3 for v in history_moments.KINDS.values())


def test_range_begins_on_a_step():
    """Ten seconds later the range begins at the same moment, so that a tick does not evaluate it anew."""
    at = NOW + timedelta(minutes=7)
    assert since_of("24h", at) == since_of("24h", at + timedelta(seconds=10))
    assert since_of("all", at) is None


def test_files_say_what_they_are(page):
    """Figures and totals as CSV carry name, reading, method, moment and source, and defuse formulas."""
    hub = a_hub(name="=cmd()", tags=("simulated",))
    page(hub, "pages/history.py", experiment=7)
    view = hub.look(7)
    who = Viewer(now=hub.clock())
    for made in (take_away.figures_csv, take_away.totals_csv):
        text = made(view, view.experiment.metrics[0], who)
        assert '"\'=cmd()"' in text
        for needed in ("# reading,", "# method,", "# data as of,", '# source,"simulated"'):
            assert needed in text, needed
        assert len(text.splitlines()) > 2 * DAYS * 4


def test_history_of_an_unknown_experiment(page):
    """A link to nothing says so."""
    said = words(page(a_hub(), "pages/history.py", experiment=99))
    assert "No experiment has the number 99." in said
