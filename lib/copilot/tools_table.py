"""What-if tables as facts and sentences: one row a stop, what it risks, what is at stake.

Used by the tools about the future. Every figure comes from ``lib.stats.whatif``; here it gets its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib import wording
from lib.commentary.grounds import phrase
from lib.commentary.ledger import Ledger
from lib.copilot.teller import Teller
from lib.copilot.tools_now import is_suspect
from lib.experiments.facts import FactRole, Sentence
from lib.experiments.model import Goal, MetricKind
from lib.stats.results import Estimate, Scenario, State, WhatIf
from lib.stats.whatif import LATER, NOW, PLANNED_END, what_if

PROVEN = {State.READY_WINNER, State.READY_LOSER, State.GUARDRAIL_FAILS}
WHEN = {NOW: "when_now", LATER: "when_days", PLANNED_END: "when_planned"}
STOPS = {NOW: "stop_now", LATER: "stop_later", PLANNED_END: "stop_planned"}
SEEN_WITHIN = 0.8  # from the 10 % to the 90 % point, as lib.stats.forecast.observed_range


def note_losses(found: Teller) -> None:
    """Facts of the expected losses, and what they are a day where conversions count.

    Both come from the one belief: whoever keeps the baseline loses what the shipper loses, plus the likely lift.
    """
    if found.analysis is None or is_suspect(found):
        return
    good = 1.0 if found.analysis.metric.goal is Goal.UP else -1.0
    per_day = found.forecast.n_per_day if found.forecast else None
    book = found.book()
    for one in found.analysis.estimates:
        table = what_if(
            found.analysis, n_per_day=per_day, stops_days=(0.0,), treatment_key=one.treatment_key
        )
        if table is None or one.likely_lift is None:
            continue
        now, likely = table.scenarios[0], good * one.likely_lift
        in_front = good * one.z >= 0
        ship = now.loss_ship if in_front else now.loss_keep - likely
        keep = now.loss_ship + likely if in_front else now.loss_keep
        _note_loss(found, book, one, (max(ship, 0.0), max(keep, 0.0)))
    found.add(book)


def _note_loss(found: Teller, book: Ledger, one: Estimate, losses: tuple[float, float]) -> None:
    place, per_day = found.place(one.treatment_key), found.facts.get("n_per_day")
    is_count = found.analysis is not None and found.analysis.metric.kind is MetricKind.FUNNEL
    whose = one.treatment_key if len(found.experiment.variants) > 2 else None
    for stem, loss in zip(("ship", "keep"), losses, strict=True):
        shown = wording.percent(loss, 2, lang=found.lang)
        book.rate(f"loss_{stem}_if.{place}", loss, "loss", whose, shown=shown)
        if per_day is not None and is_count:
            lost = loss * one.control_value * per_day.value
            few = (
                wording.factor(lost, lang=found.lang)
                if lost >= 0.1
                else wording.decimal(0, 1, lang=found.lang)
            )
            book.number(f"stake_{stem}.{place}", lost, "conversions", shown=few)


def risks(found: Teller, table: WhatIf, mde: str = "mde") -> tuple[Sentence, ...]:
    """The risk of a wrong call, and of a false negative while nothing is proven."""
    place = place_of(found, table)
    risk = found.tell("stop_risk", kind="risk", i=place)
    if found.analysis is not None and found.analysis.verdict.state in PROVEN:
        return risk
    return (*risk, *found.tell("stop_missed", kind="risk", i=place, mde=mde))


def place_of(found: Teller, table: WhatIf) -> int:
    """Place of the arm a table speaks of."""
    return found.place(table.treatment_key) or 1


def tables_of(
    found: Teller,
    stops: Sequence[float],
    *,
    traffic: float = 1.0,
    mde: float | None = None,
    alpha: float | None = None,
) -> list[WhatIf]:
    """The what-if table of the arm the verdict speaks of; its rows become facts ``s0:`` to ``s3:``."""
    if found.analysis is None or is_suspect(found):
        return []
    per_day = found.forecast.n_per_day if found.forecast else None
    table = what_if(
        found.analysis,
        n_per_day=per_day,
        stops_days=stops,
        traffic=traffic,
        mde=mde,
        alpha=alpha,
    )
    if table is None:
        return []
    ordered = replace(table, scenarios=tuple(sorted(table.scenarios, key=lambda s: s.days)))
    _note_rows(found, ordered)
    return [ordered]


def _note_rows(found: Teller, table: WhatIf) -> None:
    place = place_of(found, table)
    for row, scenario in enumerate(table.scenarios):
        _note_row(found, f"s{row}:", table, scenario)
    book = _book_of(found, table)
    book.chance(f"missed.{place}", table.missed, "power", table.treatment_key)
    found.add(book)


def _book_of(found: Teller, table: WhatIf, prefix: str = "") -> Ledger:
    """A book whose facts rest on what the table assumes instead of on what is so."""
    book = found.book(prefix)
    for stem, assumed in (
        ("n_per_day", wording.about_count(table.n_per_day, lang=found.lang)),
        ("mde", wording.percent(table.mde, wording.significant_tail(table.mde), lang=found.lang)),
        ("line", wording.evidence(round(1 - table.alpha, 6), lang=found.lang)),
        ("level", wording.percent(SEEN_WITHIN, 0, lang=found.lang)),
    ):
        book.mention(stem, assumed)
    return book


def _note_row(found: Teller, prefix: str, table: WhatIf, scenario: Scenario) -> None:
    place = place_of(found, table)
    key = found.experiment.variants[place].key
    book = _book_of(found, table, prefix)
    book.mention("stop_from", phrase(STOPS[scenario.label], found.lang))
    book.days(f"days.{place}", scenario.days, "wait", key)
    book.count(f"n_more.{place}", scenario.n_more, "more visitors", about=True)
    for stem, chance, topic in (
        ("better", scenario.chance_better, "chance better"),
        ("worse", scenario.chance_worse, "chance worse"),
        ("open", scenario.chance_open, "never"),
        ("ship_worse", scenario.chance_ship_worse, "risk"),
    ):
        book.rate(f"{stem}.{place}", chance, topic, key, shown=_chance_words(found, chance))
    for stem, end in (("likely_low", scenario.likely_low), ("likely_high", scenario.likely_high)):
        if end is not None:
            book.lift(f"{stem}.{place}", end, "likely", key, digits=0, role=FactRole.BOUND)
    found.add(book)


def _chance_words(found: Teller, chance: float) -> str:
    """Odds; what is already settled is a plain yes or no."""
    if chance in {0.0, 1.0}:
        return found.words["chance_yes" if chance else "chance_no"]
    return wording.odds(chance, lang=found.lang)


def wait_rows(found: Teller, table: WhatIf, days: float) -> list[Sentence]:
    """What the row of ``days`` says, in words."""
    place = place_of(found, table)
    row = next(n for n, s in enumerate(table.scenarios) if s.days == days)
    said = [
        *found.tell("wait_more", i=place, s=f"s{row}"),
        *found.tell("wait_then", i=place, s=f"s{row}"),
    ]
    if found.has(f"s{row}:likely_low.{place}", f"s{row}:likely_high.{place}"):
        said += found.tell(
            "wait_likely", range=found.phrase("span", stem=f"s{row}:likely", i=place)
        )
    return said


def table_sentences(
    found: Teller, tables: Sequence[WhatIf], per_day: str = "n_per_day"
) -> list[Sentence]:
    """The tables as Markdown, with what they assume."""
    if not tables:
        return []
    note_losses(found)
    said: list[Sentence] = []
    for table in tables:
        place = place_of(found, table)
        rows = [_row_words(found, table, n) for n in range(len(table.scenarios))]
        body = "\n".join([found.words["table_head"], *rows])
        if len(found.experiment.variants) > 2:
            said += found.tell("table_arm", i=place)
        said.append(found.sentence(body, kind="table"))
    return [*said, *found.tell("assume_table", kind="assume", per_day=per_day)]


def _row_words(found: Teller, table: WhatIf, row: int) -> str:
    place, s = place_of(found, table), f"s{row}"
    key = WHEN[table.scenarios[row].label]
    likely = f"[[lift.{place}]]" if found.has(f"lift.{place}") else "–"
    later = table.scenarios[row].days > 0
    if later and found.has(f"{s}:likely_low.{place}", f"{s}:likely_high.{place}"):
        likely = found.phrase("span", stem=f"{s}:likely", i=place)
    when = found.phrase(key, s=s, i=place)
    return found.phrase("table_row", s=s, i=place, when=when, likely=likely)
