"""Every number opens its fact: what it is and what it was computed from, in words with the numbers shown."""

import re
from dataclasses import replace

import pytest

from lib import wording
from lib.commentary.grounds import TABLE
from lib.commentary.sentences import comment, facts_of, requirement_line
from lib.experiments.model import Metric, MetricKind
from tests.builders import NOW, a_view, an_experiment, views_by_state
from tests.unit.commentary.cases import NOW as THEN
from tests.unit.commentary.cases import moments

STATES = views_by_state()
CASES = moments()
HOSTILE = "Blue\u202e {n.0} https://evil.example/x\nnow"


def sheet_of(view, lang="en", **more):
    facts = facts_of(
        view.experiment, view.primary, view.forecast, server_now=NOW, lang=lang, **more
    )
    return {fact.id: fact for fact in facts}


def mute(facts):
    """The facts that cannot be opened."""
    return {fact.id for fact in facts if not (fact.inputs and fact.definition)}


@pytest.mark.parametrize("lang", wording.LANGS)
@pytest.mark.parametrize("state", STATES)
def test_every_fact_of_a_sheet_can_be_opened(state, lang):
    """No fact of any state, of further metrics or of a sentence lacks its definition or its inputs."""
    view = STATES[state]
    sheet = sheet_of(view, lang, others=view.analyses, prefix="e7:")
    told = comment(view.experiment, view.primary, view.forecast, server_now=NOW, lang=lang)
    needs = view.primary.why_not_yet if view.primary else ()
    lines = [requirement_line(need, view.experiment, lang, server_now=NOW) for need in needs]
    assert not mute(sheet.values())
    assert not mute(fact for sentence in (*told, *lines) for fact in sentence.facts)


@pytest.mark.parametrize("lang", wording.LANGS)
@pytest.mark.parametrize("name", CASES)
def test_every_fact_of_a_spoken_moment_can_be_opened(name, lang):
    """The sentences about changes and calls speak of facts that can be opened too."""
    experiment, analysis, forecast = CASES[name]
    earlier = None
    if analysis is not None and analysis.snapshot.totals:
        fewer = tuple(replace(arm, n=max(0, arm.n - 5)) for arm in analysis.arms)
        before = replace(analysis.snapshot, as_of=analysis.snapshot.as_of.replace(year=2025))
        earlier = replace(analysis, arms=fewer, snapshot=before)
    told = comment(experiment, analysis, forecast, server_now=THEN, earlier=earlier, lang=lang)
    assert not mute(fact for sentence in told for fact in sentence.facts)


@pytest.mark.parametrize(
    ("stem", "inputs"),
    [
        ("n.1", "as PostHog counted until 12:00 UTC"),
        ("n_total", "Control 19,000, Blue button 19,000"),
        ("rate.1", "2,010 of 19,000 visitors"),
        ("share.1", "19,000 of 38,000 visitors"),
        ("lift.1", "Control 10.0 % (1,900 of 19,000), Blue button 10.6 % (2,010 of 19,000)"),
        ("n_gap.0-1", "Control 19,000, Blue button 19,000"),
        ("step2.1", "10,505 of 19,000 visitors"),
        ("alpha", "a constant of the rule"),
        ("mde", "PostHog's plan, frozen 3 March"),
        ("plan_n.1", "60,000 in all, planned share 50 %"),
        ("plan_reached", "38,000 of 60,000 planned visitors"),
        ("days_running", "started 3 March, 12:00 UTC, now 12:00 UTC on the server's clock"),
        (
            "days_left",
            "started 3 March, 12:00 UTC, planned 14 days, now 12:00 UTC on the server's clock",
        ),
        ("balance_p", "Control 19,000 (planned 50 %), Blue button 19,000 (planned 50 %)"),
        ("likely.1", "observed +5.8 %, prior: half no effect, else N(0, 10 %)"),
    ],
)
def test_inputs_as_counted_by_hand(stem, inputs):
    """1,900 and 2,010 of 19,000 on day 9 of a plan of 14 days and 60,000 visitors; step 2: (19,000 + 2,010) / 2."""
    assert sheet_of(a_view())[stem].inputs == inputs


def test_evidence_tells_z_line_and_lowest_p():
    """The inputs of the evidence are the figures of the sheet, as shown there."""
    sheet = sheet_of(a_view())
    z, line, p = (sheet[f"{stem}.1"].shown for stem in ("z", "z_crit", "p_always"))
    spent = sheet[
        "plan_reached"
    ].shown  # visitors are the slower clock here: 63 % against 64 % of the days
    assert sheet["evidence.1"].inputs == (
        f"z {z} against the line ±{line} at {spent} of the plan, lowest p so far {p}"
    )


def test_several_arms_tell_the_correction():
    """With two treatments the evidence rests on both p and on Holm's correction."""
    sheet = sheet_of(STATES["three_arms"])
    assert sheet["evidence.1"].inputs.endswith(
        f"lowest p so far of Blue button {sheet['p_always.1'].shown}, "
        f"lowest p so far of Green button {sheet['p_always.2'].shown}, Holm's correction for 2 arms"
    )


def test_a_ratio_rests_on_its_base():
    """2,010 events over 38,000 sessions: the base is told, not the visitors."""
    metric = Metric(id="m-ratio", name="Clicks a session", kind=MetricKind.RATIO)
    sheet = sheet_of(a_view(an_experiment(metrics=(metric,))))
    assert sheet["rate.1"].inputs == "sum 2,010 over base 38,000, as PostHog counted"


def test_a_plan_of_ours_says_so():
    """Without a plan in PostHog the size of change is our default and the rest comes from the traffic."""
    planned = replace(an_experiment().planned, mde=None, n_total=None, days=None)
    sheet = sheet_of(a_view(an_experiment(planned=planned)))
    assert sheet["mde"].inputs.startswith("our default, PostHog has none, frozen")
    assert sheet["plan_n"].inputs.startswith("the first day's traffic and whole weeks, frozen")


def test_a_further_metric_rests_on_its_own_figures():
    """Facts of a second metric tell its counts and the plan of the experiment."""
    view = STATES["guardrails_fine"]
    sheet = sheet_of(view, others=view.analyses)
    counts = (sheet["2:conversions.1"].shown, sheet["2:n.1"].shown)
    assert sheet["2:rate.1"].inputs == "{} of {} visitors".format(*counts)


def test_names_from_outside_stay_names():
    """A hostile name brings no address, no line break, no direction sign, and its braces fill in nothing."""
    one, two = an_experiment().variants
    view = a_view(an_experiment(variants=(one, replace(two, name=HOSTILE))))
    said = sheet_of(view)["n_total"].inputs
    assert said == "Control 19,000, Blue {n.0} (address removed) now 19,000"


@pytest.mark.parametrize("lang", wording.LANGS)
def test_the_table_is_whole(lang):
    """Every item of the table has its phrase, and every phrase all four languages and the same figures."""
    named = {
        one
        for items in TABLE["rests"].values()
        for item in items
        for part in item.split("|")
        for one in TABLE["either"].get(part.split("@")[0], [part.split("@")[0]])
    }
    assert named <= set(TABLE["said"])
    for texts in TABLE["said"].values():
        assert re.findall(r"{[^}]*}", texts[lang]) == re.findall(r"{[^}]*}", texts["en"])
        assert not re.search(r"\d", texts[lang].replace("N(0, ", ""))
