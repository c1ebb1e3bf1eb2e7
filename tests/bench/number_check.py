"""How many false numbers the check finds and how many true ones it lets pass. Run: python -m tests.bench.number_check.

True answers come from hand-written templates, four files of them. ``tuned.txt`` was used while the check was
written; each of the others was written before it was first run, and its first lines tell that first result. Each is filled with computed facts of simulated experiments, then one number, sign,
unit, arm or measured thing is turned round. Prints precision and recall by kind of change; exits with 1 when a
target is missed.
"""

import argparse
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from lib import wording
from lib.commentary.sentences import facts_of, names_of
from lib.copilot.check import check_sentence, sentences_of
from lib.stats.results import State
from tests.unit.commentary.cases import NOW, a_forecast, an_analysis, an_estimate, an_experiment

HERE = Path(__file__).parent / "answers"
TOKEN = re.compile(r"\{([\w.-]+):(\w+)\}|\[(\w):([^/\]]*)/([^\]]*)\]")
TARGETS = {"caught": 0.97, "passed": 0.90}


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
    made = []
    for key in arms[1:]:
        lift = sign * rng.uniform(0.021, 0.14)
        wide = rng.uniform(0.07, 0.12)
        made.append(
            an_estimate(
                key,
                lift,
                (lift - wide, lift + wide),
                rng.uniform(0.2, 0.94),
                likely_lift=lift * 0.6,
                p_value=rng.uniform(0.01, 0.4),
                chance_to_win=rng.uniform(0.6, 0.98),
                chance_wrong=rng.uniform(0.05, 0.4),
            )
        )
    analysis = an_analysis(State.AHEAD, tuple(made), arms=arms, verdict={"treatment_key": arms[1]})
    readings = []
    counts = sorted(rng.randint(8_000, 48_000) for _ in arms)
    for place, arm in enumerate(analysis.arms):
        rate = 0.08016 if place == 0 else made[place - 1].treatment_value
        n = counts[place]
        x = round(n * rate)
        readings.append(replace(arm, n=n, total=x, value=x / n, share=n / sum(counts)))
    low = rng.uniform(1.5, 9)
    never = rng.uniform(0.05, 0.6)
    needs = tuple(
        replace(
            need,
            days_low=low,
            days_high=low + rng.uniform(2, 9),
            chance_never=never,
        )
        if need.kind == "evidence"
        else need
        for need in analysis.why_not_yet
        if need.kind not in {"visitors", "conversions"}
    )
    analysis = replace(analysis, arms=tuple(readings), why_not_yet=needs)
    forecast = a_forecast(n_per_day=rng.uniform(300, 9_000), chance=1 - never)
    outlook = replace(
        forecast.outlooks[0],
        treatment_key=arms[1],
        days_low=low,
        days_high=needs[-2].days_high or low + 3,
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
    return World(
        {f.id: f for f in sheet},
        [v.key for v in experiment.variants],
        names_of(experiment),
        lang,
        sheet,
    )


def printed(fact, form, lang):  # noqa: PLR0911 - one return a format
    """A number in one of the ways people write it."""
    v = fact.value
    if form == "e":
        return wording.evidence(v, lang=lang, dialect="number")
    if form == "c":
        return wording.count(v, lang=lang)
    if form in {"ab", "o", "date"}:
        return fact.shown
    if form == "clock":
        return re.search(r"\d\d:\d\d", fact.shown)[0]
    if form == "d":
        return re.search(r"\d+", fact.shown)[0]
    if form == "min":
        return str(int(v * 1440))
    if form == "p3n":
        return wording.decimal(v, 3, lang=lang)
    if form == "n":
        return wording.decimal(v, wording.significant_tail(v / 100), lang=lang)
    digits = int(form[1])
    size = 100 * abs(v) if form[0] == "a" else 100 * v
    return wording.decimal(size, digits, lang=lang, sign=form[0] == "s")


def parts_of(template, here):
    """A template as text pieces: (text, kind, false text)."""
    parts, last = [], 0
    for m in TOKEN.finditer(template):
        parts.append((template[last : m.start()], "", ""))
        if m[1]:
            if m[1] not in here.facts:
                return None
            parts.append((printed(here.facts[m[1]], m[2], here.lang), f"number {m[2]}", m[1]))
        elif m[3] == "a":
            parts.append((here.arms[int(m[4])], "arm", here.arms[int(m[5])]))
        else:
            parts.append((m[4], {"d": "sign", "u": "unit", "m": "metric"}[m[3]], m[5]))
        last = m.end()
    return [*parts, (template[last:], "", "")]


def changed_number(shown, form, rng):
    """The number with one digit changed, a step in its last place, or a wrong size."""
    if form == "o":
        k, n = re.search(r"\d+", shown)[0], re.findall(r"\d+", shown)[1]
        return shown.replace(
            n, str(int(n) + rng.choice((1, 2, 3))) if int(k) == 1 else str(int(n) * 2)
        )
    if form in {"date", "clock"}:
        day = re.search(r"\d+", shown)[0]
        return shown.replace(day, str((int(day) + rng.randint(1, 9)) % 27 + 1).zfill(len(day)), 1)
    digits = [i for i, c in enumerate(shown) if c.isdigit()]
    for _ in range(40):
        place = digits[-1] if rng.random() < 0.4 else rng.choice(digits)
        old = int(shown[place])
        new = (old + rng.choice((1, 9, 2, 8))) % 10
        made = shown[:place] + str(new) + shown[place + 1 :]
        if form == "ab" and abs(_figure(made) / _figure(shown) - 1) < 0.06:
            continue  # still true as "about"
        if not (place == digits[0] and new == 0) and made != shown:
            return made
    return shown.replace(shown[digits[-1]], "7")


def _figure(shown):
    return int("".join(c for c in shown if c.isdigit())) or 1


def corrupted(parts, rng):
    """One part turned round: (text, kind)."""
    choices = [i for i, (_, kind, _f) in enumerate(parts) if kind]
    wanted = rng.choice(sorted({parts[i][1].split()[0] for i in choices} | {"number"}))
    signed = [i for i in choices if parts[i][1] in {"number s0", "number s1", "number s2"}]
    if wanted == "sign" or (wanted == "number" and signed and rng.random() < 0.3):
        pool = [i for i in choices if parts[i][1] == "sign"] + signed
        kind = "sign"
    else:
        pool = [i for i in choices if parts[i][1].split()[0] == wanted]
        kind = wanted
    i = rng.choice(pool)
    text, sort, false = parts[i]
    if kind == "sign" and sort.startswith("number"):
        flip = {"+": "−", "−": "+"}
        if text[0] not in flip:
            return None
        false = flip[text[0]] + text[1:]
    elif sort.startswith("number"):
        false = changed_number(text, sort.split()[1], rng)
    if (
        kind == "arm"
    ):  # every mention of the two arms changes places, else the sentence names one arm twice
        swap = {text: false, false: text}
        made = [swap.get(t, t) if k == "arm" else t for t, k, _ in parts]
        return "".join(made), kind
    made = [false if place == i else t for place, (t, _k, _f) in enumerate(parts)]
    return "".join(made), kind


def shown_unmarked(text, here):
    """Whether every sentence of an answer passes the check."""
    before = ""
    for sentence in sentences_of(text, here.lang):
        if check_sentence(sentence, here.sheet, names=here.names, lang=here.lang, before=before):
            return False
        before = sentence
    return True


def templates(name):
    """(data set, language, answer) of a file."""
    for line in (HERE / name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, lang, text = line.split(" ", 2)
            yield kind, lang, text


def measure(name, n, seed, verbose=False):
    """Counts of true answers passed and false ones caught, by kind of change."""
    rng = random.Random(seed)
    rows = list(templates(name))
    passed, caught, total = Counter(), Counter(), Counter()
    missed = []
    while sum(total.values()) < n:
        kind, lang, text = rng.choice(rows)
        here = world(rng.choice(("up", "dn")) if kind == "all" else kind, lang, rng)
        parts = parts_of(text, here)
        false = corrupted(parts, rng) if parts else None
        if false is None:
            continue
        true = "".join(p[0] for p in parts)
        ok = shown_unmarked(true, here)
        passed[ok] += 1
        if not ok:
            missed.append(("refused", true, here))
        total[false[1]] += 1
        stopped = not shown_unmarked(false[0], here)
        caught[false[1]] += stopped
        if not stopped:
            missed.append((false[1], false[0], here))
    if verbose:
        show(missed)
    return passed, caught, total


def show(missed):
    """Each failure with the reasons of the check."""
    seen = Counter()
    for why, text, here in missed:
        seen[why, text[:25]] += 1
        if seen[why, text[:25]] > 1:
            continue
        reasons = [
            (f.text, f.reason)
            for s in sentences_of(text, here.lang)
            for f in check_sentence(s, here.sheet, names=here.names, lang=here.lang)
        ]
        print(f"{why:8} {text}\n         {reasons}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--answers",
        default="last.txt",
        choices=("fresh.txt", "last.txt", "held_out.txt", "tuned.txt"),
    )
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", action="store_true", help="print each kind of failure once")
    given = parser.parse_args()
    passed, caught, total = measure(given.answers, given.n, given.seed, given.show)
    for kind in sorted(total):
        print(f"{kind:8} caught {caught[kind]:4d} of {total[kind]:4d}")
    share = sum(caught.values()) / sum(total.values())
    through = passed[True] / sum(passed.values())
    print(
        f"false answers caught: {share:.1%}   true answers passed: {through:.1%}   ({given.answers})"
    )
    return 0 if share >= TARGETS["caught"] and through >= TARGETS["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
