"""Results of one metric of an experiment: the primary, on which the decision rests, or another that is only watched.

Listed in ``lib.copilot.tools``. What another metric shows is told with its own facts, and that it decides nothing.
"""

from __future__ import annotations

from dataclasses import replace

from lib.copilot.desk import Asking, Findings, merged, prefixed
from lib.copilot.metric_names import metrics_in
from lib.copilot.teller import Teller, phrases, plain
from lib.copilot.tools_now import (
    arm_lines,
    as_of,
    begin,
    is_suspect,
    overlay,
    size_of,
    verdict_of,
)
from lib.copilot.tools_now import results as results_of_primary
from lib.experiments.facts import Fact, Sentence
from lib.experiments.model import Experiment, Goal, Metric, MetricRole
from lib.stats.results import Analysis, Blocked
from lib.wording import bare_name

FIRST_OTHER = 2  # as in the fact sheet: further metrics are 2:, 3:, ...
MOST_NAMED = 8


def results(ask: Asking, experiment_id: int, metric: str = "") -> Findings:
    """Say where one experiment stands now: verdict, rates, change with interval, evidence, data time.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        metric: name of a metric of this experiment; empty for the primary one, on which the decision rests;
            "all" for a line on every other metric.
    """
    experiment = ask.experiment(experiment_id)
    if not metric.strip() or experiment is None or not experiment.metrics:
        return results_of_primary(ask, experiment_id)
    fits = metrics_in(metric, experiment).fits
    if not fits and metric.strip().lower() == "all":
        return other_metrics(ask, experiment_id)
    if len(fits) == 1:
        return metric_results(ask, experiment_id, fits[0])
    return which_metric(ask, experiment, fits, metric)


def metric_results(ask: Asking, experiment_id: int, metric: Metric) -> Findings:
    """Where one metric stands; the primary's are the results of the experiment."""
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    experiment = found.experiment
    if experiment.primary is not None and metric.id == experiment.primary.id:
        return results_of_primary(ask, experiment_id)
    found.names["other_metric"] = bare_name(metric.name)
    said, facts = _told(ask, found, metric)
    every = [*overlay(found), *_intro(found, metric), *said]
    every += [] if is_suspect(found) else [_rests(found)]
    return Findings(
        facts=merged(facts, found.sheet), sentences=tuple(every), experiment_id=experiment_id
    )


def _rests(found: Teller) -> Sentence:
    """On what the decision rests, with the verdict."""
    verdict = found.verdict()
    return Sentence(
        template=found.words["metric_rests"].format(verdict=verdict.template),
        facts=verdict.facts,
        names=(*verdict.names, ("metric", found.names["metric"])),
        kind="verdict",
    )


def _intro(found: Teller, metric: Metric) -> tuple[Sentence, ...]:
    """What this metric is for, and which way is good when it is not up."""
    role = "guardrail" if metric.role is MetricRole.GUARDRAIL else "secondary"
    less = found.tell("metric_less") if metric.goal is Goal.DOWN else ()
    return (*found.tell(f"metric_{role}"), *less)


def _told(
    ask: Asking, found: Teller, metric: Metric
) -> tuple[tuple[Sentence, ...], tuple[Fact, ...]]:
    """The metric's own sentences and facts, under its prefix."""
    analysis, prefix = _analysis_of(found, metric)
    if analysis is None:
        return found.tell("metric_no_numbers"), ()
    own = Teller(ask, found.view, analysis=analysis)
    said = [*_sizes(own, analysis, found), *as_of(own)]
    facts = tuple(prefixed(_bare(fact), prefix).facts[0] for fact in own.sheet)
    return tuple(prefixed(s, prefix) for s in said), facts


def _analysis_of(found: Teller, metric: Metric) -> tuple[Analysis | None, str]:
    """The analysis of another metric and the prefix of its facts."""
    others = [a for a in found.view.analyses if a is not found.view.primary]
    place = next((n for n, a in enumerate(others) if a.metric.id == metric.id), None)
    return (None, "") if place is None else (others[place], f"{place + FIRST_OTHER}:")


def _bare(fact: Fact) -> Sentence:
    return Sentence(template=f"[[{fact.id}]]", facts=(fact,))


def _sizes(own: Teller, analysis: Analysis, main: Teller) -> list[Sentence]:
    """Each arm's change with its interval and evidence; bare counts while the data are suspect."""
    if is_suspect(main) or is_suspect(own):
        return list(own.tell("counted", kind="size", arms=arm_lines(own)))
    blocked = {c.treatment_key: c.reason for c in analysis.comparisons if isinstance(c, Blocked)}
    said: list[Sentence] = []
    for place in own.treatments:
        reason = blocked.get(own.experiment.variants[place].key)
        if reason is not None:
            said += own.tell(f"blocked.{reason}", kind="size", i=place)
            continue
        size = [s for s in size_of(own, place) if s.kind != "evidence"]
        said += [*size, *own.tell("metric_evidence", kind="evidence", i=place)]
    if analysis.metric.id in (
        main.analysis.verdict.failing_guardrails if main.analysis is not None else ()
    ):
        said += main.tell("metric_harmed")
    return said


def which_metric(
    ask: Asking, experiment: Experiment, fits: tuple[Metric, ...], asked: str = ""
) -> Findings:
    """Several metrics fit, or none does: name them and ask."""
    key = "metric_which" if fits else "metric_unknown"
    said = named_metrics(ask, key, experiment, fits or experiment.metrics, asked)
    return Findings(sentences=(said,), experiment_id=experiment.id, answers=False)


def named_metrics(
    ask: Asking, key: str, experiment: Experiment, metrics: tuple[Metric, ...], asked: str = ""
) -> Sentence:
    """A phrase with a list of metrics in ``{names}`` and what was ``asked``."""
    few = metrics[:MOST_NAMED]
    template = phrases(ask.lang)[key].replace(
        "{names}", ", ".join(f"“[[metric.{n}]]”" for n in range(len(few)))
    )
    names = tuple((f"metric.{n}", bare_name(m.name)) for n, m in enumerate(few))
    names += (("experiment", bare_name(experiment.name)), ("asked", bare_name(asked, 60)))
    used = tuple((slot, name) for slot, name in names if f"[[{slot}]]" in template)
    return Sentence(template=template, names=used, kind=key)


def led_by_note(ask: Asking, found: Findings, experiment: Experiment, metric: Metric) -> Findings:
    """An answer about the primary to a question about another metric, with a sentence that says so."""
    primary = bare_name(experiment.primary.name) if experiment.primary else ""
    lead = plain(ask.lang, "metric_only", metric=primary, other_metric=bare_name(metric.name))
    return replace(found, sentences=(lead, *found.sentences))


def no_such(ask: Asking, experiment: Experiment) -> tuple[Sentence, ...]:
    """What is measured instead, when there is more than the primary."""
    if len(experiment.metrics) < 2:
        return ()
    return (named_metrics(ask, "metrics_here", experiment, experiment.metrics),)


def other_metrics(ask: Asking, experiment_id: int, *, only_guardrails: bool = False) -> Findings:
    """Where every other metric stands, a line each; or the guardrails alone, which must not get worse."""
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    primary = found.experiment.primary
    asked = [
        m
        for m in found.experiment.metrics
        if m is not primary and (m.role is MetricRole.GUARDRAIL or not only_guardrails)
    ]
    if not asked:
        said = (*overlay(found), *found.tell("metrics_none"), *verdict_of(found))
        return Findings(facts=found.sheet, sentences=said, experiment_id=experiment_id)
    said = (*overlay(found), *(line for m in asked for line in _line(ask, found, m)))
    return Findings(
        facts=found.sheet, sentences=(*said, _rests(found)), experiment_id=experiment_id
    )


def _line(ask: Asking, found: Teller, metric: Metric) -> list[Sentence]:
    """One metric as an item of a list: its name and role, each arm's change and evidence."""
    role = "guardrail" if metric.role is MetricRole.GUARDRAIL else "secondary"
    name = (("other_metric", bare_name(metric.name)),)
    head = found.words[f"metric_item_{role}"]
    analysis, prefix = _analysis_of(found, metric)
    if analysis is None or is_suspect(found):
        text = head.format(arms=found.words["metric_no_numbers_short"])
        return [Sentence(template=text, names=name, kind="list")]
    own = Teller(ask, found.view, analysis=analysis)
    arms = [
        own.phrase("metric_item_arm", i=i, range=own.range("lift", i))
        if own.has(f"seen.{i}", f"evidence.{i}")
        else own.phrase("metric_item_none", i=i)
        for i in own.treatments
    ]
    own.names["other_metric"] = bare_name(metric.name)
    return [prefixed(own.sentence(head.format(arms=own.listed(arms)), kind="list"), prefix)]
