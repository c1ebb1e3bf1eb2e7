"""A watcher in miniature for tests of the rules: feeds analyses, keeps memory and raised keys as a hub would."""

from dataclasses import replace

from lib.alerts.rules import Memory, judge
from lib.experiments.model import Call
from lib.stats.results import State, Verdict
from tests.builders import NOW


class Watcher:
    """``see(view)`` is one poll; what is announced is stored and returned."""

    def __init__(self):
        self.memory = Memory()
        self.raised = []
        self.silent = []

    def see(self, view, polls=1):
        said = []
        for _ in range(polls):
            self.memory, events = judge(
                self.memory,
                view.experiment,
                view.analyses,
                server_now=view.server_now or NOW,
                raised=frozenset(self.raised),
            )
            said += [e for e in events if e.is_public]
            self.silent += [e for e in events if not e.is_public]
            self.raised += [e.key for e in events if e.is_public]
        return said

    def restarted(self):
        """The same store, a new process."""
        again = Watcher()
        again.raised = list(self.raised)
        return again


def a_call(**changes) -> Call:
    """Blue crossed upwards on day 5."""
    base = Call(
        experiment_id=7,
        metric_id="m-signup",
        treatment_key="blue",
        as_of=NOW,
        direction=1,
        lift=0.083,
        low=0.019,
        high=0.14,
        evidence=0.96,
    )
    return replace(base, **changes)


def with_primary(view, **changes):
    """The view with parts of its primary analysis replaced."""
    first, *rest = view.analyses
    return replace(view, analyses=(replace(first, **changes), *rest))


def doubted(view, suspicion, **changes):
    """The same numbers while a check fails."""
    state = Verdict(state=State.UNDER_SUSPICION, suspicion=suspicion)
    return with_primary(view, verdict=state, **changes)


def taken_back(view, because="counts_shrank", at=NOW):
    """The same view after the statistics took its calls back."""
    calls = tuple(
        replace(c, withdrawn_at=at, withdrawn_because=because) for c in view.primary.calls
    )
    verdict = Verdict(state=State.WITHDRAWN, treatment_key=calls[0].treatment_key, call=calls[0])
    return with_primary(view, calls=calls, verdict=verdict)
