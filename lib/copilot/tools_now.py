"""Tools about the present: results, comparison, health, what is missing, what the experiment is.

Listed in ``lib.copilot.tools``. Reply order: health if bad, verdict, size with interval, as-of, what would change
it, one suggested next step.
"""

from __future__ import annotations

from lib.commentary.outlooks import requirement_line
from lib.copilot.desk import Asking, Findings, Panel, prefixed
from lib.copilot.teller import Teller, phrases, plain
from lib.experiments.facts import Fact, Sentence
from lib.experiments.model import Experiment, Goal
from lib.stats.results import Estimate, Requirement, State
from lib.wording import bare_name

UNREADABLE = {State.UNDER_SUSPICION, State.WAITING, State.NOTHING_ARRIVES, State.NOT_STARTED}
SHARES = (
    (1 / 2, "share_half"),
    (1 / 3, "share_third"),
    (1 / 4, "share_quarter"),
    (1 / 5, "share_fifth"),
)


def results(ask: Asking, experiment_id: int) -> Findings:
    """Say where one experiment stands now: verdict, rates, change with interval, evidence, data time.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    said = [*overlay(found), *standing(found), *as_of(found), *outlook(found), *_next_step(found)]
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=experiment_id)


def counts(ask: Asking, experiment_id: int) -> Findings:
    """Say how many visitors and conversions each arm of one experiment has.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    said = [*overlay(found), *found.tell("running_for"), *_counted(found), *verdict_of(found)]
    return Findings(
        facts=found.sheet, sentences=(*said, *as_of(found)), experiment_id=experiment_id
    )


def show_panel(ask: Asking, experiment_id: int) -> Findings:
    """Show the live dashboard of one experiment in the conversation, with a short comment.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = results(ask, experiment_id)
    if found.experiment_id is None:
        return found
    return found.with_panel(Panel(kind="live", experiment_id=experiment_id))


def compare_arms(
    ask: Asking, experiment_id: int, first_arm: str = "", second_arm: str = ""
) -> Findings:
    """Compare two arms of one experiment with each other.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
        first_arm: key or name of an arm; empty for the first two arms that are not the baseline.
        second_arm: key or name of another arm.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    places = _two_places(found.experiment, first_arm, second_arm)
    if places is None or found.analysis is None or is_suspect(found):
        return results(ask, experiment_id)
    low, high = sorted(places)
    said = overlay(found)
    said += found.tell_first("compare_points", "compare_values", i=high, j=low) if low else ()
    for place in (low, high):
        said += size_of(found, place) if place else ()
    if low:
        said += [*found.tell("compare_only"), *_best(found)]
    said += [*as_of(found), *outlook(found)]
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=experiment_id)


def health(ask: Asking, experiment_id: int) -> Findings:
    """Check the data of one experiment: split between the arms, gaps, how old the newest data are.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    bad = is_suspect(found)
    said: list[Sentence] = [*overlay(found)] if bad else list(_trouble(found))
    if not bad and found.analysis is not None:
        said += found.tell("split_fine", arms=split_arms(found))
    if found.has("excluded"):
        said += found.tell("health_excluded")
    said += as_of(found)
    if bad:
        said += found.tell("check_split") if _off_place(found) is not None else ()
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=experiment_id)


def why_not_proven(ask: Asking, experiment_id: int) -> Findings:
    """List what is still missing before one experiment can be called, and what is met already.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    needs = found.analysis.why_not_yet if found.analysis else ()
    said = [*overlay(found), *verdict_of(found)]
    missing = [_need(found, need, n) for n, need in enumerate(needs) if not need.is_met]
    met = [_need(found, need, n) for n, need in enumerate(needs) if need.is_met]
    if missing:
        said += [*found.tell("missing_list"), *(_as_item(line) for line in missing)]
    elif needs:
        said += found.tell("met_all")
    said += [*as_of(found), *outlook(found)]
    facts = tuple(f for line in (*missing, *met) for f in line.facts)
    return Findings(
        facts=(*found.sheet, *facts), sentences=tuple(said), experiment_id=experiment_id
    )


def about(ask: Asking, experiment_id: int) -> Findings:
    """Tell what one experiment is: since when it runs, its arms, metric, plan and description.

    Args:
        ask: where to read, and in which language to say it.
        experiment_id: id of the experiment.
    """
    found = begin(ask, experiment_id)
    if isinstance(found, Findings):
        return found
    key = "about_ended" if found.has("ended_on") else "about_running"
    arms = found.listed([f"[[arm.{i}]]" for i in range(len(found.experiment.variants))])
    said = [*found.tell(key), *found.tell("about_arms", arms=arms)]
    if "metric" in found.names:
        said += found.tell("about_metric")
    others = [m.name for m in found.experiment.metrics if m is not found.experiment.primary]
    if others:
        found.names["others"] = ", ".join(bare_name(name) for name in others[:8])
        said += found.tell("about_others")
    said += found.tell("about_plan")
    if found.experiment.description:
        found.names["description"] = bare_name(found.experiment.description, 200).rstrip(".")
        said += found.tell("about_what")
    return Findings(facts=found.sheet, sentences=tuple(said), experiment_id=experiment_id)


def begin(ask: Asking, experiment_id: int) -> Teller | Findings:
    """A teller for one experiment, or the finished answer when there is nothing to tell from."""
    view = ask.desk.look(experiment_id)
    if view is None:
        listed = ask.experiment(experiment_id)
        if listed is None:
            return unknown(ask, str(experiment_id))
        key = "draft" if listed.started_at is None else "no_view"
        return _only(ask, key, listed)
    if view.experiment.started_at is None:
        return _only(ask, "draft", view.experiment)
    found = Teller(ask, view)
    if view.primary is None:
        found_said = (*found.tell("trouble"),) if view.trouble else ()
        said = (*found_said, found.verdict(), *found.tell("no_numbers"))
        return Findings(facts=found.sheet, sentences=said, experiment_id=experiment_id)
    return found


def _only(ask: Asking, key: str, experiment: Experiment) -> Findings:
    said = plain(ask.lang, key, experiment=experiment.name)
    return Findings(sentences=(said,), experiment_id=experiment.id)


def unknown(ask: Asking, name: str) -> Findings:
    """Nothing is called that; what runs instead."""
    said = [plain(ask.lang, "unknown_name", unknown=name), running_now(ask)]
    return Findings(sentences=tuple(said), answers=False)


def running_now(ask: Asking, key: str = "running_now") -> Sentence:
    """The names of everything that runs, as one sentence."""
    running = ask.running()
    if not running:
        return plain(ask.lang, "running_none")
    return named(ask, key, running)


def named(
    ask: Asking, key: str, experiments: tuple[Experiment, ...], facts: tuple[Fact, ...] = ()
) -> Sentence:
    """A phrase with a list of experiments in ``{names}``."""
    slots = ", ".join(f"[[name.{e.id}]]" for e in experiments[:12])
    template = phrases(ask.lang)[key].format(names=slots)
    names = tuple((f"name.{e.id}", bare_name(e.name)) for e in experiments[:12])
    return Sentence(template=template, facts=facts, names=names, kind=key)


def is_suspect(found: Teller) -> bool:
    """Whether the data must not be read."""
    return found.analysis is not None and found.analysis.verdict.state is State.UNDER_SUSPICION


def verdict_of(found: Teller) -> list[Sentence]:
    """The verdict, unless ``overlay`` has said it."""
    return [] if is_suspect(found) else [found.verdict()]


def overlay(found: Teller) -> list[Sentence]:
    """What is wrong, said before anything else."""
    said = list(_trouble(found))
    if not is_suspect(found):
        return said
    said.append(found.verdict())
    place = _off_place(found)
    if place is not None:
        share = found.analysis.arms[place].planned_share if found.analysis else 0.0
        words = next((k for s, k in SHARES if abs(s - share) < 0.005), "share_other")
        said += found.tell("split_off", kind="health", i=place, share=found.words[words])
    return said


def _trouble(found: Teller) -> tuple[Sentence, ...]:
    return found.tell("trouble", kind="health") if found.view.trouble else ()


def _off_place(found: Teller) -> int | None:
    """Place of the arm that breaks the split."""
    if found.analysis is None or found.analysis.verdict.suspicion != "split":
        return None
    verdict, balance = found.analysis.verdict, found.analysis.balance
    return found.place(verdict.suspicion_key or (balance.worst_key if balance else None))


def standing(found: Teller) -> list[Sentence]:
    """Verdict, then each arm's size with its interval and evidence; bare counts while data are suspect."""
    if is_suspect(found):
        return [*_counted(found), *_front(found)]
    said = [found.verdict()]
    told = {fact.id for fact in said[0].facts}
    for place in found.treatments:
        said += size_of(found, place, told)
    return said


def size_of(found: Teller, place: int, told: set[str] | None = None) -> list[Sentence]:
    """How far one arm is from the baseline, and how sure that is; an interval ``told`` is not repeated."""
    one = _estimate(found, place)
    if one is None:
        return list(found.tell("counted", arms=_arm_words(found, place)))
    way = _direction(found, one)
    is_told = bool({f"lift_low.{place}", f"lift_high.{place}"} & (told or set()))
    key = f"size_short_{way}" if is_told else f"size_{way}"
    size = found.tell(key, kind="size", i=place, range=found.range("lift", place))
    return [
        *(size or found.tell(f"size_plain_{way}", kind="size", i=place)),
        *found.tell("gauge", kind="evidence", i=place),
    ]


def _estimate(found: Teller, place: int) -> Estimate | None:
    key = found.experiment.variants[place].key
    estimates = found.analysis.estimates if found.analysis else ()
    return next((e for e in estimates if e.treatment_key == key), None)


def _direction(found: Teller, one: Estimate) -> str:
    """ahead, behind or level, by the metric's goal."""
    if one.difference == 0:
        return "level"
    up_is_good = found.analysis is None or found.analysis.metric.goal is Goal.UP
    return "ahead" if (one.difference > 0) == up_is_good else "behind"


def _arm_words(found: Teller, place: int) -> str:
    for key in ("counted_arm", "counted_arm_mean", "counted_arm_n"):
        if found.tell(key, i=place):
            return found.phrase(key, i=place)
    return f"[[arm.{place}]]"


def arm_lines(found: Teller) -> str:
    """Value and visitors of each arm, as one list."""
    return found.listed([_arm_words(found, i) for i in range(len(found.experiment.variants))])


def _counted(found: Teller) -> tuple[Sentence, ...]:
    return found.tell("counted", kind="size", arms=arm_lines(found))


def _front(found: Teller) -> tuple[Sentence, ...]:
    """Who is in front by raw counts, which says nothing while data are suspect."""
    values = (
        [(arm.value, n) for n, arm in enumerate(found.analysis.arms) if arm.value is not None]
        if found.analysis
        else []
    )
    if len(values) < 2 or found.analysis is None:
        return ()
    ordered = sorted(values, reverse=found.analysis.metric.goal is Goal.UP)
    return found.tell("front", kind="size", i=ordered[0][1], j=ordered[-1][1])


def split_arms(found: Teller) -> str:
    """Visitors of each arm with its share and the planned one."""
    arms = range(len(found.experiment.variants))
    return found.listed([found.phrase("split_arm", i=i) for i in arms])


def as_of(found: Teller) -> tuple[Sentence, ...]:
    """Both clocks: where the numbers end and when they were last looked at."""
    return found.tell_first("as_of", "as_of_plain", kind="as_of")


def outlook(found: Teller) -> list[Sentence]:
    """What would change the verdict: while it is open the way to the line, else the page's own last sentence."""
    state = found.analysis.verdict.state if found.analysis else None
    if state not in {State.AHEAD, State.TOO_CLOSE}:
        return [s for s in found.comment()[1:] if s.kind.startswith("next")]
    place = found.place(found.analysis.verdict.treatment_key) if found.analysis else None
    way = found.wait(place) if place else None
    said = found.tell("next_wait", kind="next", wait=way) if way else ()
    return list(said or found.tell("next_chance", kind="next"))


def _next_step(found: Teller) -> tuple[Sentence, ...]:
    state = found.analysis.verdict.state if found.analysis else None
    if state is State.UNDER_SUSPICION:
        return found.tell("suggest_health", kind="suggest")
    if state in {
        State.READY_WINNER,
        State.READY_LOSER,
        State.GUARDRAIL_FAILS,
        State.ENDED,
        State.PLANNED_END,
    }:
        return found.tell("suggest_memo", kind="suggest")
    if state is State.WAIT_FOR_WEEK:
        return found.tell("suggest_expect", kind="suggest")
    return found.tell("suggest_end", kind="suggest")


def _two_places(experiment: Experiment, first: str, second: str) -> tuple[int, int] | None:
    keys = [{v.key.casefold(), v.name.casefold()} for v in experiment.variants]
    asked = [n for name in (first, second) if (n := _place(keys, name)) is not None]
    asked += [n for n in (*range(1, len(keys)), 0) if n not in asked]
    return (asked[0], asked[1]) if len(asked) >= 2 else None


def _place(keys: list[set[str]], name: str) -> int | None:
    return next((n for n, names in enumerate(keys) if name.casefold() in names and name), None)


def _best(found: Teller) -> tuple[Sentence, ...]:
    if found.analysis is None or len(found.analysis.best_chance) != len(found.experiment.variants):
        return ()
    book = found.book()
    for place, chance in enumerate(found.analysis.best_chance):
        book.rate(
            f"best.{place}", chance, "best one look", found.experiment.variants[place].key, digits=0
        )
    found.add(book)
    arms = [found.phrase("compare_best_arm", i=i) for i in range(len(found.experiment.variants))]
    return found.tell("compare_best", arms=found.listed(arms))


def _need(found: Teller, need: Requirement, place: int) -> Sentence:
    line = requirement_line(
        need, found.experiment, found.lang, server_now=found.now, zone=found.zone
    )
    return prefixed(line, f"need{place}:")


def _as_item(line: Sentence) -> Sentence:
    return Sentence(template=f"- {line.template}", facts=line.facts, names=line.names, kind="list")
