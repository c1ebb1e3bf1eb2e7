"""Tools about the past: how it stood at a moment, what changed since. Only kept readings, never a guess.

Listed in ``lib.copilot.tools``. The past is recomputed from history without hindsight, by ``look(id, as_of)``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lib import wording
from lib.copilot.desk import Asking, Findings, Panel, prefixed
from lib.copilot.teller import Teller, plain
from lib.copilot.tools_now import as_of, begin, is_suspect, outlook, overlay, verdict_of
from lib.experiments.facts import Sentence, Unit
from lib.live.view import LiveView
from lib.stats.results import Analysis

DAY = timedelta(days=1)
PAST = "then:"


def history(ask: Asking, experiment_id: int, at: str, whole_day: bool = False) -> Findings:  # noqa: FBT002  # a tool's schema has flags
    """Say how one experiment stood at a past moment, from the reading kept then.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        at: the moment, ISO 8601 with time zone, on the server's clock; for a whole day midnight after it.
        whole_day: true when a whole day is meant.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    moment = parse_moment(at)
    if moment is None:
        return _only(found, "no_date")
    day = (moment - timedelta(seconds=1)).date() if whole_day else None
    gap = _why_none(ask, found, moment, day_start=moment - DAY if whole_day else moment)
    if gap is not None:
        return gap
    then = _past(ask, found, moment)
    if then is None:
        return _first_known(ask, found)
    said = [*_moment_said(ask, found, then, moment, is_day=day is not None), *_values(found)]
    said += _moves(found)
    panel = Panel(kind="past", experiment_id=experiment_id, as_of=then.snapshot.as_of)
    return Findings(
        facts=found.sheet,
        sentences=(*overlay(found), *said, *as_of(found)),
        panel=panel,
        experiment_id=experiment_id,
        answers=False,
    )


def changes(ask: Asking, experiment_id: int, since: str) -> Findings:
    """Say what changed in one experiment since a past moment: visitors, change, evidence, verdict, notices.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        since: the moment, ISO 8601 with time zone, on the server's clock.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    moment = parse_moment(since)
    if moment is None:
        return _only(found, "no_date")
    gap = _why_none(ask, found, moment, day_start=moment)
    if gap is not None:
        return gap
    then = _past(ask, found, moment)
    if then is None:
        return _first_known(ask, found)
    told = found.comment_since(then)
    said = [*told] or [*found.tell("changed_none")]
    said += _verdict_then(ask, found, then)
    said += _announced(ask, found, moment)
    said = [*overlay(found), *verdict_of(found), *said, *outlook(found), *as_of(found)]
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=experiment_id)


def parse_moment(text: str) -> datetime | None:
    """An ISO moment; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _only(found: Teller, key: str) -> Findings:
    said = plain(found.lang, key, experiment=found.experiment.name)
    return Findings(sentences=(said,), experiment_id=found.experiment.id, answers=False)


def _why_none(
    ask: Asking, found: Teller, moment: datetime, *, day_start: datetime
) -> Findings | None:
    """The finished answer for a moment that lies ahead or before the start."""
    if day_start > found.now:
        return _only(found, "then_future")
    started = found.experiment.started_at
    if started is not None and moment <= started:
        said = found.tell("then_before_start")
        return Findings(
            facts=found.sheet,
            sentences=said,
            experiment_id=found.experiment.id,
            answers=False,
        )
    del ask
    return None


def _past(ask: Asking, found: Teller, moment: datetime) -> Analysis | None:
    """The analysis of that moment; its numbers become facts under ``then:``."""
    view: LiveView | None = ask.desk.look(found.experiment.id, min(moment, found.now))
    if view is None or view.primary is None or found.analysis is None:
        return None
    if view.primary.snapshot.as_of > moment or not any(arm.n for arm in view.primary.arms):
        return None
    before = Teller(ask, view)
    for fact in before.sheet:
        renamed = prefixed(Sentence(template=f"[[{fact.id}]]", facts=(fact,)), PAST).facts[0]
        found.facts.setdefault(renamed.id, renamed)
    book = found.book()
    at = view.primary.snapshot.as_of
    book.moment("then", "", at, "as of")
    found.add(book)
    return view.primary


def _first_known(ask: Asking, found: Teller) -> Findings:
    """No reading that far back; say which one is the first."""
    metric = found.analysis.metric if found.analysis else None
    rows = ask.desk.store.snapshots(found.experiment.id, metric.id, limit=1) if metric else ()
    said = list(overlay(found))
    if rows:
        book = found.book()
        book.moment("first", "", rows[0].as_of, "as of")
        found.add(book)
        said += found.tell("then_none")
    else:
        said += found.tell("then_none_at_all")
    said += [*verdict_of(found), *as_of(found)]
    return Findings(
        facts=found.sheet,
        sentences=tuple(said),
        experiment_id=found.experiment.id,
        answers=False,
    )


def _moment_said(
    ask: Asking, found: Teller, then: Analysis, moment: datetime, *, is_day: bool
) -> tuple[Sentence, ...]:
    if not is_day:
        return found.tell("then_moment", kind="as_of")
    day = moment - timedelta(seconds=1)
    if then.snapshot.as_of != moment and then.snapshot.as_of.date() != day.date():
        return found.tell("then_gap", kind="as_of")
    name = wording.day_name(day, ask.zone, lang=ask.lang)
    date = wording.date(day, ask.zone, lang=ask.lang, now=found.now)
    found.note("then_day", day.timestamp(), Unit.DATE, "as of", f"{name}, {date}")
    return found.tell("then_day", kind="as_of")


def _values(found: Teller) -> tuple[Sentence, ...]:
    arms = [
        found.phrase("then_values", i=i)
        for i in range(len(found.experiment.variants))
        if found.has(f"{PAST}rate.{i}", f"{PAST}n.{i}")
    ]
    return found.tell("then_list", kind="size", arms=found.listed(arms)) if arms else ()


def _moves(found: Teller) -> list[Sentence]:
    if is_suspect(found):
        return []
    said: list[Sentence] = []
    for place in found.treatments:
        said += [*found.tell("then_lift", i=place), *found.tell("then_gauge", i=place)]
    return said


def _verdict_then(ask: Asking, found: Teller, then: Analysis) -> list[Sentence]:
    """The verdict of that moment, when it was another one."""
    if found.analysis is None or then.verdict.state is found.analysis.verdict.state:
        return []
    view = ask.desk.look(found.experiment.id, then.snapshot.as_of)
    if view is None:
        return []
    was = prefixed(Teller(ask, view).verdict(), PAST)
    said = found.words["changed_verdict"].format(verdict=was.template)
    return [Sentence(template=said, facts=was.facts, names=was.names, kind="changed")]


def _announced(ask: Asking, found: Teller, moment: datetime) -> tuple[Sentence, ...]:
    """How many notices there were since; their times are on our clock, their data's on the server's."""
    alerts = [
        a for a in ask.desk.store.alerts(found.experiment.id) if (a.as_of or a.raised_at) > moment
    ]
    if not alerts:
        return ()
    book = found.book()
    book.count("n_alerts", len(alerts), "notices")
    found.add(book)
    return found.tell("changed_alerts")
