"""Simulated experiments with every computed fact, what-ifs included, and numbers printed the way people write them.

Used by ``tests.bench.number_check`` alone.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from lib import wording
from lib.commentary.sentences import facts_of, names_of
from lib.experiments.facts import Fact, FactRole, Unit
from lib.stats.results import State
from lib.wording.tongues import tongue
from tests.unit.commentary.cases import NOW, a_forecast, an_analysis, an_estimate, an_experiment

STOPS = (0.0, 3.0, 7.0)
NUMBER_WORDS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
}


@dataclass
class World:
    """One experiment's facts in one language."""

    facts: dict
    arms: list
    names: dict
    lang: str
    sheet: tuple = field(default_factory=tuple)


def world(kind, lang, rng):
    """Simulated totals: lift above zero (up), below (dn), or three arms (tri)."""
    arms = ("control", "video", "photo") if kind == "tri" else ("control", "blue")
    sign = -1 if kind == "dn" else 1
    made = [_estimate(key, sign, rng) for key in arms[1:]]
    while len(made) > 1 and _are_close(made):  # else exchanging the two arms is no change
        made = [_estimate(key, sign, rng) for key in arms[1:]]
    low, never = rng.uniform(1.5, 9), rng.uniform(0.05, 0.6)
    high = low + rng.uniform(2, 9)
    analysis = _analysis(arms, made, (low, high, never), rng)
    forecast = a_forecast(n_per_day=rng.uniform(300, 9_000), chance=1 - never)
    outlook = replace(
        forecast.outlooks[0],
        treatment_key=arms[1],
        chance=1 - never,
        days_low=low,
        days_high=high,
        n_low=rng.uniform(2_000, 20_000),
        n_high=rng.uniform(25_000, 90_000),
    )
    experiment = an_experiment(
        arms, started_at=NOW - timedelta(days=rng.randint(4, 12), hours=rng.randint(1, 20))
    )
    forecast = replace(
        forecast,
        outlooks=(outlook,),
        planned_end=experiment.started_at + timedelta(days=14),
        days_left=14 - (NOW - experiment.started_at) / timedelta(days=1),
    )
    sheet = facts_of(experiment, analysis, forecast, server_now=NOW, lang=lang)
    sheet = (*sheet, *_what_if(sheet, arms[1], forecast, rng, lang))
    return World(
        {f.id: f for f in sheet},
        [v.key for v in experiment.variants],
        names_of(experiment),
        lang,
        sheet,
    )


def _are_close(made):
    one, two = made
    return abs(one.lift - two.lift) < 0.012 or abs(one.evidence - two.evidence) < 0.03


def _estimate(key, sign, rng):
    lift = sign * rng.uniform(0.021, 0.14)
    wide = rng.uniform(0.07, 0.12)
    return an_estimate(
        key,
        lift,
        (lift - wide, lift + wide),
        rng.uniform(0.2, 0.94),
        likely_lift=lift * 0.6,
        p_value=rng.uniform(0.01, 0.4),
        chance_to_win=rng.uniform(0.6, 0.98),
        chance_wrong=rng.uniform(0.05, 0.4),
    )


def _analysis(arms, made, wait, rng):
    """Totals that fit the estimates; ``wait`` is the days to a decision (low, high) and the chance of none."""
    analysis = an_analysis(State.AHEAD, tuple(made), arms=arms, verdict={"treatment_key": arms[1]})
    counts = sorted(rng.randint(8_000, 48_000) for _ in arms)
    while any(b - a < 0.03 * b for a, b in pairwise(counts)):
        counts = sorted(rng.randint(8_000, 48_000) for _ in arms)
    readings = []
    for place, arm in enumerate(analysis.arms):
        rate = 0.08016 if place == 0 else made[place - 1].treatment_value
        n = counts[place]
        x = round(n * rate)
        readings.append(replace(arm, n=n, total=x, value=x / n, share=n / sum(counts)))
    needs = tuple(
        replace(need, days_low=wait[0], days_high=wait[1], chance_never=wait[2])
        if need.kind == "evidence"
        else need
        for need in analysis.why_not_yet
        if need.kind not in {"visitors", "conversions"}
    )
    return replace(analysis, arms=tuple(readings), why_not_yet=needs)


def _what_if(sheet, key, forecast, rng, lang):
    """Rows of a what-if table under the ids, units and topics of ``lib.copilot.tools_table``."""
    sample = next(f for f in sheet if f.id == "lift.1")
    at_end = {f.id: f.value for f in sheet}  # the last row tells what the forecast tells
    made = []

    def note(slot, value, unit, topic, shown, **more):
        made.append(
            replace(sample, id=slot, value=value, unit=unit, topic=topic, shown=shown, **more)
        )

    stops = [*STOPS, forecast.days_left]
    for row, days in enumerate(stops):
        better = (0.0, *sorted(rng.uniform(0.05, 0.7) for _ in range(2)), 0.78)[row]
        worse = (0.0, rng.uniform(0.02, 0.05), rng.uniform(0.05, 0.1), 0.011)[row]
        is_open = (1.0, max(1 - better - worse, 0.02), max(1 - better - worse, 0.02))
        chances = {
            "better": (better, "chance better"),
            "worse": (worse, "chance worse"),
            "open": (at_end["never.1"] if row == 3 else is_open[row], "never"),
            "ship_worse": (rng.uniform(0.1, 0.4) / (row + 1), "risk"),
        }
        more = round(forecast.n_per_day * days)
        shown = wording.duration(days * 86_400, lang=lang) if days else "0"
        note(f"s{row}:days.1", days, Unit.DAYS, "wait", shown)
        note(
            f"s{row}:n_more.1",
            more,
            Unit.COUNT,
            "more visitors",
            wording.about_count(more, lang=lang) if more else "0",
            subject=None,
        )
        for stem, (chance, topic) in chances.items():
            said = (
                wording.odds(chance, lang=lang)
                if 0 < chance < 1
                else {0.0: "no", 1.0: "yes"}[chance]
            )
            note(f"s{row}:{stem}.1", chance, Unit.RATE, topic, said)
        for stem, at in (("likely_low", -0.01 - row / 200), ("likely_high", 0.1 - row / 200)):
            note(
                f"s{row}:{stem}.1",
                at,
                Unit.LIFT,
                "likely",
                wording.signed_percent(at, 0, lang=lang),
                role=FactRole.BOUND,
            )
    return made


def printed(fact: Fact, form: str, lang: str) -> str:  # noqa: PLR0911 - one return a format
    """A number in one of the ways people write it."""
    v = fact.value
    if form == "e":
        return wording.evidence(v, lang=lang, dialect="number")
    if form == "c":
        return wording.count(v, lang=lang)
    if form == "k":
        return f"{v / 1000:.1f}k"
    if form in {"ab", "o", "date"}:
        return fact.shown
    if form in {"md", "iso", "dmy"}:
        return _day(datetime.fromtimestamp(v, UTC), form, lang)
    if form == "clock":
        return re.search(r"\d\d:\d\d", fact.shown)[0]
    if form == "d":
        return re.search(r"\d+", fact.shown)[0]
    if form == "dw":
        return NUMBER_WORDS[lang].split()[int(re.search(r"\d+", fact.shown)[0])]
    if form == "min":
        return str(int(v * 1440))
    if form == "p3n":
        return wording.decimal(v, 3, lang=lang)
    if form == "n":
        return wording.decimal(v, wording.significant_tail(v / 100), lang=lang)
    digits = int(form[1])
    size = 100 * abs(v) if form[0] == "a" else 100 * v
    return wording.decimal(size, digits, lang=lang, sign=form[0] == "s")


def _day(at, form, lang):
    if form == "iso":
        return f"{at:%Y-%m-%d}"
    if form == "dmy":
        return f"{at:%d.%m.%Y}"
    return f"{tongue(lang).months[at.month - 1]} {at.day}"
