"""Tools about the future: how long still, and what if: stop, wait, other traffic, effect or line; likely size; loss.

Listed in ``lib.copilot.tools``. Everything comes from ``lib.stats``; here it is put into rows and sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib import wording
from lib.copilot.desk import Asking, Findings
from lib.copilot.teller import Teller
from lib.copilot.tools_now import as_of, begin, is_suspect, overlay, results, verdict_of
from lib.copilot.tools_table import (
    PROVEN,
    note_losses,
    risks,
    table_sentences,
    tables_of,
    wait_rows,
)
from lib.experiments.facts import FactRole, Sentence
from lib.experiments.model import Status
from lib.stats.plan import planned_size
from lib.stats.results import Outlook, State

USUAL_STOPS = (0.0, 3.0, 7.0)


def forecast(ask: Asking, experiment_id: int) -> Findings:
    """Say how long until one experiment can be decided: days, visitors, chance, and what that assumes.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    said = [*overlay(found), *_decided(found)]
    if is_suspect(found):
        said += found.tell("split_first")
    elif not _is_decided(found):
        said += [found.verdict(), *_how_long(found), *found.tell("assume_forecast")]
    said += as_of(found)
    return _done(found, said)


def stop_now(ask: Asking, experiment_id: int) -> Findings:
    """Say what to expect if one experiment is ended now or early: risks, and a table of later stops to compare.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    if found.experiment.status is Status.STOPPED:
        base = results(ask, experiment_id)
        return replace(base, sentences=(*found.tell("stop_late"), *base.sentences))
    said = [*overlay(found), *_stop_verdict(found), *_sizes(found)]
    tables = tables_of(found, USUAL_STOPS)
    said += [s for table in tables for s in risks(found, table)]
    said += [*table_sentences(found, tables), *as_of(found)]
    return _done(found, said)


def wait(ask: Asking, experiment_id: int, days: float) -> Findings:
    """Say what to expect if one experiment runs for some more days.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        days: further days to wait, above 0, at most 365.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    if found.experiment.status is Status.STOPPED:
        return results(ask, experiment_id)
    span = min(max(days, 1 / 24), 365.0)
    said = overlay(found)
    tables = tables_of(found, (0.0, span))
    if not tables:
        return _done(found, [*said, *verdict_of(found), *found.tell("no_whatif")])
    for table in tables:
        said += wait_rows(found, table, span)
    said += [*found.tell("wait_nothing"), *table_sentences(found, tables), *as_of(found)]
    return _done(found, said)


def other_traffic(ask: Asking, experiment_id: int, factor: float = 2.0) -> Findings:
    """Say what to expect with more or fewer visitors a day than now.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        factor: multiple of today's daily visitors, 0.05 to 20; 2 is twice as many.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    times = min(max(factor, 0.05), 20.0)
    tables = tables_of(found, USUAL_STOPS, traffic=times)
    if not tables:
        return _done(found, [*overlay(found), *verdict_of(found), *found.tell("no_whatif")])
    book = found.book()
    book.number("factor", times, "traffic share", shown=wording.factor(times, lang=found.lang))
    book.count("n_per_day_if", tables[0].n_per_day, "per day", about=True)
    found.add(book)
    said = [
        *overlay(found),
        *found.tell("traffic_now"),
        *table_sentences(found, tables, "n_per_day_if"),
    ]
    return _done(found, [*said, *as_of(found)])


def other_effect(ask: Asking, experiment_id: int, effect: float = 0.05) -> Findings:
    """Say what to expect if a smaller or larger effect were the smallest one that matters.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        effect: smallest change that matters, relative to the baseline, as a fraction: 0.05 is five percent.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    mde = min(max(abs(effect), 0.001), 2.0)
    tables = tables_of(found, USUAL_STOPS, mde=mde)
    if not tables:
        return _done(found, [*overlay(found), *verdict_of(found), *found.tell("no_whatif")])
    book = found.book()
    book.rate("mde_if", mde, "mde", digits=wording.significant_tail(mde), role=FactRole.THRESHOLD)
    needed = _size_for(found, mde)
    if needed is not None:
        book.count("plan_n_if", needed, "plan", role=FactRole.THRESHOLD, about=True)
    found.add(book)
    said = [*overlay(found), *found.tell("effect_now"), *found.tell("effect_size")]
    said += [s for table in tables for s in risks(found, table, "mde_if")[1:]]
    return _done(found, [*said, *table_sentences(found, tables), *as_of(found)])


def other_line(ask: Asking, experiment_id: int, line: float = 0.9) -> Findings:
    """Say what to expect with another line for the evidence (significance threshold) than 95 of 100.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        line: the evidence required, as a fraction between 0.5 and 0.9999: 0.9 is 90 of 100.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    if is_suspect(found):
        return _done(found, [*overlay(found), *found.tell("advice_health"), *as_of(found)])
    level = min(max(line, 0.5), 0.9999)
    book = found.book()
    shown = wording.evidence(level, lang=found.lang)
    book.rate("line_if", level, "evidence", shown=shown, role=FactRole.THRESHOLD)
    found.add(book)
    said = [*overlay(found), *found.tell("threshold_now")]
    for place in found.treatments:
        fact = found.facts.get(f"evidence.{place}")
        if fact is not None:
            key = "threshold_over" if fact.value >= level else "threshold_under"
            said += found.tell(key, i=place)
    said += found.tell("threshold_warn")
    tables = tables_of(found, USUAL_STOPS, alpha=1 - level)
    return _done(found, [*said, *table_sentences(found, tables), *as_of(found)])


def likely_lift(ask: Asking, experiment_id: int) -> Findings:
    """Say how large the change really is likely to be, once shipped, and what will be seen at the planned end.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    said = [*overlay(found)]
    if is_suspect(found):
        return _done(found, [*said, *found.tell("advice_health")])
    said.append(found.verdict())
    for place in found.treatments:
        span = found.range("likely", place)
        said += found.tell("likely_now", i=place, range=found.phrase("likely_range", range=span))
        said += found.tell("likely_worth", i=place)
        if found.has(f"end_low.{place}", f"end_high.{place}"):
            said += found.tell("likely_end", range=found.range("end", place, "span"))
    if len(said) == 1:
        said += found.tell("likely_none")
    return _done(found, [*said, *as_of(found)])


def expected_loss(ask: Asking, experiment_id: int) -> Findings:
    """Say what shipping an arm or keeping the baseline now would cost on average if it were the wrong choice.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    said = [*overlay(found)]
    if is_suspect(found):
        return _done(found, [*said, *found.tell("advice_health"), *found.tell("advises_only")])
    note_losses(found)
    said.append(found.verdict())
    for place in found.treatments:
        said += [*found.tell("loss_ship", i=place), *found.tell("loss_keep", i=place)]
        said += [*found.tell("loss_wrong", i=place), *found.tell("stake", i=place)]
    said += [*_advice(found), *as_of(found), *found.tell("advises_only")]
    return _done(found, said)


def _done(found: Teller, said: Sequence[Sentence]) -> Findings:
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=found.experiment.id)


def _is_decided(found: Teller) -> bool:
    state = found.analysis.verdict.state if found.analysis else None
    ended = found.experiment.status is Status.STOPPED
    return ended or state in PROVEN or state is State.WAIT_FOR_WEEK


def _decided(found: Teller) -> list[Sentence]:
    """What to say when there is nothing to wait for, or only the week."""
    if not _is_decided(found) or is_suspect(found):
        return []
    state = found.analysis.verdict.state if found.analysis else None
    if found.experiment.status is Status.STOPPED:
        return [*found.tell("ended_known"), found.verdict()]
    key = "wait_week" if state is State.WAIT_FOR_WEEK else "already_decided"
    return [*found.tell(key), found.verdict(), *_gauges(found)]


def _gauges(found: Teller) -> list[Sentence]:
    return [s for place in found.treatments for s in found.tell("gauge", i=place)]


def _how_long(found: Teller) -> list[Sentence]:
    """Days and visitors still needed, or that even a chance is not there; then the plan."""
    if found.forecast is None or not found.forecast.outlooks:
        return [*found.tell("no_forecast"), *_plan(found)]
    best = max(found.forecast.outlooks, key=lambda o: o.chance)
    place = found.place(best.treatment_key)
    said = list(_wait_range(found, best, place)) if place else []
    said += found.tell("more_chance" if said else "less_than_even")
    return [*said, *_plan(found)]


def _wait_range(found: Teller, outlook: Outlook, place: int) -> tuple[Sentence, ...]:
    if outlook.days_low is None:
        return ()
    days = _range_of(found, f"wait_low.{place}", f"wait_high.{place}")
    visitors = _range_of(found, f"more_low.{place}", f"more_high.{place}")
    return found.tell("days_and_visitors", days=days, visitors=visitors)


def _range_of(found: Teller, low: str, high: str) -> str:
    if found.has(low, high) and found.facts[low].shown != found.facts[high].shown:
        return found.phrase("range_two", low=low, high=high)
    return found.phrase("range_one", low=low)


def _plan(found: Teller) -> list[Sentence]:
    left = found.facts.get("days_left")
    days = found.tell("planned_over") if left and left.value <= 0 else found.tell("planned_days")
    return [*days, *found.tell_first("planned_size", "planned_size_full")]


def _stop_verdict(found: Teller) -> list[Sentence]:
    """What stopping now would mean for the verdict."""
    state = found.analysis.verdict.state if found.analysis else None
    place = found.place(found.analysis.verdict.treatment_key) if found.analysis else None
    if is_suspect(found):
        return list(found.tell("advice_health"))
    if state in PROVEN and place:
        way = found.words["worse" if state is State.READY_LOSER else "better"]
        return [*found.tell("stop_proven", i=place, better=way), *_gauges(found)]
    if state is State.WAIT_FOR_WEEK and place:
        return [*found.tell("stop_week", i=place), *_gauges(found)]
    if state is State.TOO_EARLY:
        return [*found.tell("stop_early_data"), found.verdict()]
    return [*found.tell("stop_open"), *_gauges(found)]


def _sizes(found: Teller) -> list[Sentence]:
    if is_suspect(found):
        return []
    return [
        s
        for place in found.treatments
        for s in found.tell("stop_size", i=place, range=found.range("lift", place))
        or found.tell("stop_size_plain", i=place)
    ]


def _size_for(found: Teller, mde: float) -> float | None:
    """Visitors over all arms a test for this effect would have been planned with; for rates only."""
    overall = found.facts.get("rate_overall")
    if overall is None or found.analysis is None or not 0 < overall.value < 1:
        return None
    per_arm = planned_size(overall.value, None, mde)
    return per_arm * len(found.experiment.variants)


def _advice(found: Teller) -> tuple[Sentence, ...]:
    verdict = found.analysis.verdict if found.analysis else None
    place = found.place(verdict.treatment_key) if verdict else None
    if verdict is not None and place and verdict.state in PROVEN:
        key = "advice_keep" if verdict.state is State.READY_LOSER else "advice_ship"
        return found.tell(key, i=place)
    return found.tell("advice_wait")
