"""The verdict in words: every state, every language, health before lift, never more than three sentences."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lib import wording
from lib.commentary.sentences import (
    comment,
    expect_after_shipping,
    facts_of,
    health_sentences,
    n_sentences,
    names_of,
    requirement_line,
    verdict_sentence,
)
from lib.commentary.words import TABLES
from lib.experiments.facts import SLOT, text_of
from lib.experiments.model import Variant
from lib.stats.results import Flag, Requirement, State
from tests.unit.commentary.cases import (
    NOW,
    START,
    a_call,
    a_forecast,
    an_analysis,
    an_estimate,
    an_experiment,
    moments,
)

CASES = moments()
FORBIDDEN = re.compile(
    r"signific|winning|almost there|trending|guarantee|just needs|!", re.IGNORECASE
)


def said(name, lang="en"):
    experiment, analysis, forecast = CASES[name]
    return verdict_sentence(experiment, analysis, forecast, server_now=NOW, lang=lang).text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("draft", "Not started yet."),
        ("too early", "Too early: blue has 31 of the 100 visitors needed."),
        (
            "waiting",
            "Started 40 min ago: no visitors counted yet, which is normal in the first hours.",
        ),
        (
            "split off",
            (
                "Do not read the lift: 50.2 % of visitors are in blue, planned 50 %. "
                "That happens by chance less than once in 1,000 tests."
            ),
        ),
        (
            "wait for week",
            "blue has crossed the line on day 5: ready to call on Friday, when a full week is in.",
        ),
        ("winner", "blue is better: +6.2 % (between +1.9 % and +10.5 %)."),
        ("loser", "blue is worse: −4.2 % (between −7.8 % and −0.9 %)."),
        (
            "guardrail fails",
            (
                "blue is better: +6.2 % (between +1.9 % and +10.5 %), but the guardrail Refunds is worse. "
                "Decide with both in view."
            ),
        ),
        (
            "unlikely",
            "At this traffic it will probably not decide before 18 May (less than 1 in 50).",
        ),
        (
            "planned end",
            (
                "The plan is over: no effect of at least 5 % shown; "
                "true change lies between −6.1 % and +2.3 %."
            ),
        ),
        ("ahead", "blue is ahead by 8.3 %, but it could still be −2 % to +19 %."),
        (
            "control ahead",
            "control is ahead: blue stands at −2.0 %, but it could still be −6.1 % to +2.3 %.",
        ),
        (
            "ahead, less is better",
            "blue is ahead: −2.0 % where less is better, but it could still be −6.1 % to +2.3 %.",
        ),
        (
            "three arms close",
            (
                "No arm stands out: true change: video between −2 % and +16 % and photo between "
                "−3 % and +16 %."
            ),
        ),
        (
            "withdrawn",
            "Withdrawn at 09:02 UTC: visitors were recounted; the evidence no longer holds.",
        ),
    ],
)
def test_each_state_has_its_sentence(name, text):
    """The ladder's sentences say what the product notes mean."""
    assert said(name) == text


@pytest.mark.parametrize("lang", wording.LANGS)
@pytest.mark.parametrize("name", CASES)
def test_at_most_three_sentences_in_every_language(name, lang):
    """Every state has words in every language: at most three sentences, no bare slot, no avoided word."""
    experiment, analysis, forecast = CASES[name]
    told = comment(experiment, analysis, forecast, server_now=NOW, lang=lang)
    assert 1 <= sum(n_sentences(s) for s in told) <= 3
    text = text_of(told)
    assert "[[" not in text
    assert "{" not in text
    assert "–" not in text.replace("4–9", "")
    if lang == "en":
        assert not FORBIDDEN.search(text)


@pytest.mark.parametrize("name", CASES)
def test_no_digit_stands_outside_a_fact(name):
    """Every number of a sentence is a fact that can be opened; names are slots too."""
    experiment, analysis, forecast = CASES[name]
    for sentence in comment(experiment, analysis, forecast, server_now=NOW):
        assert not re.search(r"\d", SLOT.sub("", sentence.template))
        assert all(
            fact.definition or fact.id.startswith(("ready", "crossed")) for fact in sentence.facts
        )


def test_tables_have_the_same_keys_and_slots():
    """A translation uses the slots and parts of the English sentence, so that no number gets lost."""
    for lang, table in TABLES.items():
        assert set(table) == set(TABLES["en"]), lang
        for key, text in table.items():
            english = TABLES["en"][key]
            assert sorted(SLOT.findall(text)) == sorted(SLOT.findall(english)), (lang, key)
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english))


def test_commentary_tells_what_changed_and_what_would_change_it():
    """Verdict, change since the last look, then what would change the verdict, in this order."""
    experiment, analysis, forecast = CASES["ahead"]
    earlier = replace(
        analysis,
        snapshot=replace(analysis.snapshot, as_of=analysis.snapshot.as_of - timedelta(hours=20)),
        arms=tuple(replace(a, n=a.n - 700) for a in analysis.arms),
        comparisons=(an_estimate(lift=0.0719, evidence=0.71),),
    )
    told = comment(experiment, analysis, forecast, server_now=NOW, earlier=earlier)
    assert [s.kind for s in told] == [State.AHEAD, "changed", "next.evidence"]
    assert told[1].text == (
        "Since 12 May, 18:02 UTC: 1,400 more visitors, the change seen for blue went from +7.2 % to "
        "+8.3 % and its evidence from 71 of 100 to 78 of 100."
    )
    assert told[2].text == (
        "It is proven when the evidence reaches 95 of 100, now 78 of 100: expect 4 to 9 days, with a "
        "chance of 1 in 5 that it does not get there by the planned end."
    )


def test_a_time_of_another_day_than_the_readers_has_its_date():
    """When the data's clock stands on another day than ours, as in a replay, "since" says the date, and the year
    when it is another; on our own day the clock time is enough."""
    experiment, analysis, forecast = CASES["ahead"]
    as_of = analysis.snapshot.as_of
    earlier = replace(
        analysis,
        snapshot=replace(analysis.snapshot, as_of=as_of - timedelta(minutes=90)),
        arms=tuple(replace(a, n=a.n - 700) for a in analysis.arms),
    )

    def since(seen_at):
        told = comment(
            experiment, analysis, forecast, server_now=NOW, earlier=earlier, seen_at=seen_at
        )
        return told[1].text.split(" UTC")[0]

    then = as_of - timedelta(minutes=90)
    assert since(NOW) == f"Since {then:%H:%M}"
    assert since(None) == f"Since {then:%H:%M}"
    assert since(NOW + timedelta(days=40)) == f"Since {then.day} May, {then:%H:%M}"
    assert since(NOW + timedelta(days=400)) == f"Since {then.day} May {then.year}, {then:%H:%M}"


def test_a_call_keeps_its_numbers_and_tells_what_to_expect():
    """The verdict carries the numbers of the call, those of now stand beside it, and luck is taken out."""
    call = a_call()
    now = an_estimate(evidence=0.97, ends=(0.016, 0.15), likely_lift=0.0411)
    analysis = an_analysis(State.READY_WINNER, (now,), calls=(call,), verdict={"call": call})
    told = comment(an_experiment(), analysis, None, server_now=NOW)
    assert [s.text for s in told[1:]] == [
        "Now it stands at +8.3 % (between +2 % and +15 %).",
        "Expect about +4 % once shipped; the +6.2 % seen is flattered by stopping at a high point.",
    ]
    alone = expect_after_shipping(an_experiment(), analysis, server_now=NOW)
    assert alone is not None
    assert alone.text == told[2].text


@pytest.mark.parametrize("lang", wording.LANGS)
def test_a_call_whose_interval_holds_zero_says_why(lang):
    """Holm's later steps call an arm whose interval, Bonferroni's, still holds zero: the words explain it."""

    def told(low):
        call = a_call(lift=0.0055, low=low, high=0.011)
        analysis = an_analysis(State.READY_WINNER, calls=(call,), verdict={"call": call})
        return verdict_sentence(an_experiment(), analysis, None, server_now=NOW, lang=lang).text

    because = TABLES[lang]["call_shared"].split("; ")[1].rstrip(")")
    assert because in told(-0.0004)
    assert because not in told(0.0004)


def test_health_comes_before_lift():
    """While the split is off no sentence quotes a lift."""
    experiment, analysis, forecast = CASES["split off"]
    told = comment(experiment, analysis, forecast, server_now=NOW, earlier=analysis)
    assert not any(fact.topic in {"lift", "lead", "interval"} for s in told for fact in s.facts)
    flagged = replace(analysis, flags=(Flag(kind="novelty", value=3.4, arm_key="blue"),))
    health = health_sentences(experiment, flagged, server_now=NOW)
    assert health[0].kind == "split"
    assert "novelty" in health[-1].text


def test_hostile_names_stay_names():
    """A name that looks like a slot, markup or an address is shown as text and changes no number."""
    evil = "[[lift.1]] ![x](https://evil.example/x) \u202e{i}"
    arms = (
        Variant(key="control", name="control", share=0.5),
        Variant(key="blue", name=evil, share=0.5),
    )
    experiment = an_experiment(variants=arms)
    told = comment(experiment, an_analysis(), a_forecast(), server_now=NOW)
    assert "[[lift.1]] ![x]((address removed) {i} is ahead" in told[0].text
    assert "evil.example" not in text_of(told)
    assert "8.3 %" in told[0].text
    assert dict(told[0].names)["arm.1"] == wording.bare_name(evil)


@pytest.mark.parametrize(
    ("need", "line"),
    [
        (
            Requirement(kind="visitors", is_met=True, now=1240, needed=100, arm_key="blue"),
            "Enough visitors per arm: 1,240, needed 100",
        ),
        (
            Requirement(
                kind="week", is_met=False, now=4.4, needed=7, expected_on=NOW + timedelta(days=3)
            ),
            "One full week: 4 days of 7 days, Saturday",
        ),
        (Requirement(kind="split", is_met=True, now=0.4, needed=0.01), "Split as planned"),
        (
            Requirement(
                kind="evidence",
                is_met=False,
                now=0.78,
                needed=0.95,
                arm_key="blue",
                days_low=3.4,
                days_high=8.2,
                chance_never=0.21,
            ),
            (
                "Evidence for blue: 78 of 100, needed 95 of 100, about 4 to 9 days more, from even chance "
                "to a good chance, a chance of 1 in 5 that it does not get there by the planned end"
            ),
        ),
        (
            Requirement(kind="guardrails", is_met=False, now=1, needed=2),
            "Guardrails: 1 of 2 fine",
        ),
    ],
)
def test_requirements_say_now_needed_and_when(need, line):
    """Each line of the why-not-yet list tells where it stands and when it is expected."""
    assert requirement_line(need, an_experiment(), server_now=NOW).text == line


def test_the_sheet_has_what_a_sensible_sentence_needs():
    """Rates, differences, both ends, gaps, shares, plan, forecast and as-of are all facts with a definition."""
    experiment, analysis, forecast = CASES["ahead"]
    sheet = {f.id: f for f in facts_of(experiment, analysis, forecast, server_now=NOW)}
    for stem in (
        *("rate.0", "rate.1", "diff.1", "lift.1", "lift_low.1", "lift_high.1", "likely.1"),
        *("evidence.1", "evidence_now.1", "evidence_gap.1", "line", "progress.1", "p_value.1"),
        *("n.0", "n_total", "conversions.1", "share.1", "planned_share.1", "running", "days_left"),
        *("n_per_day", "mde", "plan_n", "alpha", "win.1", "loss_ship.1", "chance", "data_at"),
        *("more_low.1", "wait_high.1", "never.1", "planned_end_on", "started_on", "rate_overall"),
    ):
        assert sheet[stem].definition, stem
    # 1315 / 15148 - 1204 / 15020 = 0.086810 - 0.080160 = 0.006650, by hand
    assert sheet["rate.1"].value == pytest.approx(0.08681, abs=5e-6)
    assert sheet["evidence_gap.1"].shown == "17"
    assert sheet["lift.1"].as_of == analysis.snapshot.as_of


def test_further_metrics_have_ids_of_their_own():
    """Facts of other metrics do not overwrite those of the primary, and know their metric."""
    experiment, analysis, forecast = CASES["ahead"]
    other = CASES["mean"][1]
    sheet = facts_of(experiment, analysis, forecast, server_now=NOW, others=(other,), prefix="e12:")
    ids = [f.id for f in sheet]
    assert len(ids) == len(set(ids))
    assert {f.metric_id for f in sheet if f.id.startswith("e12:2:")} == {"m2"}
    assert names_of(experiment)["Revenue per visitor"] == "metric:m2"


def test_evidence_94_97_is_not_95_in_a_sentence():
    """The number beside the line is never rounded up to it."""
    analysis = an_analysis(State.AHEAD, (an_estimate(evidence=0.9497),))
    told = comment(an_experiment(), analysis, None, server_now=NOW)
    assert "now 94.97 of 100" in told[1].text


def test_ages_follow_the_servers_clock():
    """The exact age is cut off, never rounded up."""
    late = START + timedelta(days=17, hours=19, minutes=59)
    sheet = {f.id: f for f in facts_of(an_experiment(), None, server_now=late)}
    assert sheet["running"].shown == "17 d 19 h"
    assert sheet["days_running"].shown == "17 days"


def test_a_small_imbalance_of_many_reads_unlike_the_plan():
    """50.04 % of two million where 50 % was planned: the share gets the decimals that tell them apart."""
    experiment, analysis, _ = CASES["split off"]
    arms = tuple(
        replace(arm, share=share, planned_share=0.5)
        for arm, share in zip(analysis.arms, (0.4996, 0.5004), strict=True)
    )
    said = comment(experiment, replace(analysis, arms=arms), None, server_now=NOW)[0].text
    assert "50.04" in said
    assert "planned" in said
