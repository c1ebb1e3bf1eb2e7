"""Tools that need no single reading: the list, terms explained, notices, the memo.

Listed in ``lib.copilot.tools``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.commentary.grounds import Grounds
from lib.copilot.desk import Asking, Findings, Panel, merged, prefixed
from lib.copilot.teller import Teller, phrases, plain
from lib.copilot.tools_now import arm_lines, begin, is_suspect, overlay, split_arms, verdict_of
from lib.copilot.tools_table import note_losses
from lib.experiments.facts import Fact, Sentence, Unit
from lib.experiments.model import Experiment, Status
from lib.stats.results import State
from lib.wording import count, date

TERMS = (
    *("evidence", "lift", "interval", "likely_lift", "srm", "guardrail", "p_value", "power"),
    *("peeking", "mde", "loss", "chance_to_win", "points", "baseline", "ahead", "proven"),
    *("too_early", "progress", "rate", "cuped", "visitors"),
)
PER_ARM = {
    "evidence",
    "lift",
    "interval",
    "likely_lift",
    "p_value",
    "loss",
    "chance_to_win",
    "points",
    "progress",
}
MOST = 40


def list_experiments(ask: Asking, status: str = "running") -> Findings:
    """List the experiments with the state of each.

    Args:
        ask: where to read, and in which language to say it.
        status: running, draft, finished or all.
    """
    chosen = _chosen(ask, status)
    if not chosen:
        key = "list_none" if status == "all" else f"list_{status}_none"
        return Findings(sentences=(plain(ask.lang, key),))
    said = [_headline(ask, status, len(chosen))]
    facts: tuple[Fact, ...] = said[0].facts
    for experiment in chosen[:MOST]:
        told = line(ask, experiment)
        said.append(told)
        facts = merged(facts, told.facts)
    return Findings(facts=facts, sentences=tuple(said))


def _chosen(ask: Asking, status: str) -> list[Experiment]:
    known = {v.experiment.id: v.experiment for v in ask.desk.views()}
    every = [known.get(e.id, e) for e in ask.desk.experiments()]
    if status == "all":
        return every
    if status == "draft":
        return [e for e in every if e.started_at is None or e.status is Status.DRAFT]
    if status == "finished":
        return [e for e in every if e.status is Status.STOPPED]
    return [e for e in every if e.is_running]


def _headline(ask: Asking, status: str, n: int) -> Sentence:
    key = f"list_{status}" + ("_one" if n == 1 and status == "running" else "")
    fact = listed_fact(ask, n, "n_listed")
    return Sentence(template=phrases(ask.lang)[key], facts=(fact,), kind=key)


def listed_fact(ask: Asking, n: int, slot: str) -> Fact:
    """How many experiments are listed."""
    return Fact(
        id=slot,
        value=n,
        unit=Unit.COUNT,
        topic="experiments",
        shown=count(n, lang=ask.lang),
        definition=phrases(ask.lang)[f"def.{slot}"],
        inputs=Grounds(ask.lang, {}, 0).of(slot, ("",)),
    )


def line(ask: Asking, experiment: Experiment) -> Sentence:
    """One experiment as an item of a list: name, age, verdict."""
    prefix = f"e{experiment.id}:"
    view = next((v for v in ask.desk.views() if v.experiment.id == experiment.id), None)
    if experiment.started_at is None:
        return _plain_line(ask, experiment, "list_not_started")
    if view is None:
        stopped = experiment.status is Status.STOPPED
        return _plain_line(ask, experiment, "list_ended" if stopped else "list_unread")
    found = Teller(ask, view)
    verdict = found.verdict()
    key = "list_line" if experiment.is_running and found.has("running") else "list_line_plain"
    found.facts |= {f.id: f for f in verdict.facts}
    found.names |= dict(verdict.names)
    said = found.sentence(found.phrase(key, verdict=verdict.template), kind="list")
    return prefixed(said, prefix)


def _plain_line(ask: Asking, experiment: Experiment, key: str) -> Sentence:
    words = phrases(ask.lang)
    template = words["list_line_plain"].format(verdict=words[key])
    said = Sentence(template=template, names=(("experiment", experiment.name),), kind="list")
    return prefixed(said, f"e{experiment.id}:")


def explain(ask: Asking, term: str, experiment_id: int | None = None) -> Findings:
    """Explain a term in plain words, with the value it has in one experiment.

    Args:
        ask: where to read, and in which language to say it.
        term: evidence (also significance), lift, interval, likely_lift, srm, guardrail, p_value, power, peeking,
            mde, loss, chance_to_win, points, baseline, ahead, proven, too_early, progress, rate, cuped or visitors.
        experiment_id: id of the experiment whose value is wanted; null for none.
    """
    key = term if term in TERMS else ""
    said = [plain(ask.lang, f"explain_{key or 'unknown'}", kind="explain")]
    if experiment_id is None or not key:
        return Findings(sentences=tuple(said), answers=bool(key))
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return Findings(
            facts=found.facts,
            sentences=(*said, *found.sentences),
            experiment_id=found.experiment_id,
        )
    note_losses(found)
    said += [*_here(found, key), *overlay(found)]
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=experiment_id)


def _here(found: Teller, term: str) -> list[Sentence]:
    """The value the term has in this experiment; none is read while the data are suspect, but the split."""
    if term in PER_ARM:
        if is_suspect(found):
            return []
        lines = [
            s
            for place in found.treatments
            for s in found.tell(f"here_{term}", i=place, range=found.range("lift", place))
        ]
        return lines[:4]
    if term == "srm":
        return list(found.tell("here_srm", arms=split_arms(found)))
    if term in {"rate", "visitors"}:
        return list(found.tell(f"here_{term}", arms=arm_lines(found)))
    if term in {"ahead", "proven", "too_early", "peeking", "guardrail", "cuped"}:
        verdict = found.verdict()
        said = found.words["here_verdict"].format(verdict=verdict.template)
        return [Sentence(template=said, facts=verdict.facts, names=verdict.names, kind="here")]
    return list(found.tell(f"here_{term}"))


def notifications(ask: Asking, experiment_id: int | None = None) -> Findings:
    """Say which notices appear by themselves, and which ones one experiment has had.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment; null for none.
    """
    said = [plain(ask.lang, "notify")]
    if experiment_id is None:
        return Findings(sentences=tuple(said))
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return Findings(sentences=(*said, *found.sentences), experiment_id=experiment_id)
    verdict = found.verdict()
    now = found.words["notify_state"].format(verdict=verdict.template)
    said.append(Sentence(template=now, facts=verdict.facts, names=verdict.names, kind="verdict"))
    said += _announced(ask, found)
    return Findings(
        facts=merged(found.sheet, verdict.facts),
        sentences=tuple(said),
        experiment_id=experiment_id,
    )


def _announced(ask: Asking, found: Teller) -> Sequence[Sentence]:
    alerts = ask.desk.store.alerts(found.experiment.id)
    if not alerts:
        return found.tell("notify_none")
    book = found.book()
    book.count("n_alerts", len(alerts), "notices")
    found.add(book)
    last = max(alerts, key=lambda a: a.raised_at)
    at = last.as_of or last.raised_at
    found.note(
        "alert_on",
        at.timestamp(),
        Unit.DATE,
        "call",
        date(at, ask.zone, lang=ask.lang, now=found.now),
    )
    found.names["alert"] = last.text
    return found.tell("notify_past")


def decision_memo(ask: Asking, experiment_id: int) -> Findings:
    """Write the decision memo of one experiment from its computed numbers.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    state = found.analysis.verdict.state if found.analysis else State.WAITING
    if state in {State.WAITING, State.NOTHING_ARRIVES}:
        return Findings(sentences=found.tell("memo_none"), experiment_id=experiment_id)
    said = (*overlay(found), *found.tell("memo_here"), *verdict_of(found))
    panel = Panel(kind="memo", experiment_id=experiment_id, as_of=found.view.as_of)
    return Findings(facts=found.sheet, sentences=said, panel=panel, experiment_id=experiment_id)
