"""A hub for page tests: it returns the views it was given and remembers what it was asked."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property

from lib.commentary.sentences import comment
from lib.experiments.model import MetricProblem
from lib.history.store import Store
from lib.live.feed import Health
from lib.live.trend import Trends
from lib.live.view import Trouble
from lib.sources.base import Pace
from tests.builders import NOW, views_by_state


@contextmanager
def one_ahead():
    """A hub of one experiment, ahead and not proven."""
    hub = FakeHub((views_by_state()["ahead"],))
    try:
        yield hub
    finally:
        hub.store.close()


class FakeHub:
    """Views by experiment id; ``now`` is our clock."""

    poll_s = 10.0

    def __init__(
        self, views=(), *, listed=None, trouble=None, now=NOW + timedelta(seconds=6), is_read=True
    ):
        self.shown = {view.experiment.id: view for view in views}
        self.listed = tuple(v.experiment for v in views) if listed is None else tuple(listed)
        self.list_trouble = trouble
        self.is_read = is_read
        self.now = now
        self.looked, self.refreshed = [], []
        self.read_so_far = (0, 0)

    @cached_property
    def store(self):
        return Store("sqlite://", clock=self.clock)

    def close(self):
        if "store" in self.__dict__:
            self.store.close()

    def clock(self):
        return self.now

    def start(self):
        pass

    def progress(self, experiment_id):
        return self.read_so_far

    def experiments(self):
        return self.listed

    def look(self, experiment_id, as_of=None):
        self.looked.append(experiment_id)
        return self.shown.get(experiment_id)

    def trend(self, experiment_id, metric_id, *, since=None, until=None):
        """As the hub's, from what a test has kept in the store; at first nothing is."""
        view = self.shown.get(experiment_id)
        if view is None:
            return None
        metric = view.experiment.metric(metric_id)
        plan = self.store.plan(experiment_id)
        return self.trends.trend(view.experiment, metric, plan, since=since, until=until)

    @cached_property
    def trends(self):
        return Trends(self.store)

    def views(self):
        return tuple(self.shown.values())

    def refresh(self, experiment_id):
        self.refreshed.append(experiment_id)

    def health(self):
        return Health(
            is_leader=True,
            holder="this",
            n_experiments=len(self.listed),
            n_watched=1,
            pace=Pace(used={"requests a minute": (12, 480)}, n_requests=55),
            trouble=self.list_trouble,
            store_trouble=self.store.read_only_because,
            last_round_at=self.now,
            has_list=self.is_read,
        )


def with_sentences(view, **changes):
    """The view with its computed commentary, as the hub publishes it."""
    said = comment(view.experiment, view.primary, view.forecast, server_now=view.server_now or NOW)
    return replace(view, sentences=said, version=str(view.experiment.id), **changes)


def every_view():
    """Every state of the ladder and every kind of trouble, each an experiment of its own, by name."""
    views = {
        name: with_sentences(numbered(view, place, name))
        for place, (name, view) in enumerate(views_by_state().items(), start=1)
    }
    return views | {
        name: numbered(view, place, name)
        for place, (name, view) in enumerate(troubled(views["ahead"]).items(), start=101)
    }


def numbered(view, place, name):
    """The view as another experiment, named after its state."""
    title = name.replace("_", " ").capitalize()
    return replace(view, experiment=replace(view.experiment, id=place, name=title))


def troubled(view):
    """The same good numbers while something is wrong, and nothing at all."""
    since = NOW - timedelta(minutes=6)
    problem = MetricProblem(
        metric_id="m-other",
        kind="baseline_zero",
        sentence="Not calculated: baseline average is zero.",
    )
    return {
        "stale": replace(view, checked_at=since, server_now=since),
        "late": replace(view, as_of=NOW - timedelta(minutes=42)),
        "down": replace(
            view,
            trouble=Trouble(
                kind="down",
                sentence="PostHog does not answer.",
                since=since,
                next_try_at=NOW + timedelta(seconds=15),
            ),
        ),
        "refused": replace(
            view,
            trouble=Trouble(
                kind="refused",
                sentence="The key may not read experiments in this project. Ask an administrator.",
                since=since,
                setting="POSTHOG_API_KEY",
            ),
        ),
        "limited": replace(view, cadence_s=60.0, cadence_because="PostHog asked us to slow down."),
        "calculating": replace(view, is_calculating=True),
        "metric_problem": replace(view, problems=(problem,)),
        "no_numbers": replace(view, analyses=(), forecast=None, as_of=None, problems=(problem,)),
        "unreachable": replace(
            view,
            analyses=(),
            forecast=None,
            as_of=None,
            checked_at=None,
            server_now=None,
            sentences=(),
            trouble=Trouble(kind="down", sentence="PostHog does not answer.", since=since),
        ),
    }
