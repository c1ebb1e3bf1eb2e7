"""A source whose numbers, failures and clock a test sets by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lib.experiments.model import (
    Experiment,
    Metric,
    MetricKind,
    PlannedInPostHog,
    Reading,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.sources.base import Pace, Past

START = datetime(2026, 9, 1, tzinfo=UTC)
METRIC = Metric(id="m1", name="Purchase", kind=MetricKind.FUNNEL)


class Hand:
    """Our clock and the server's, moved by hand."""

    def __init__(self, now=START + timedelta(days=9)):
        self.now = now

    def __call__(self):
        return self.now

    def seconds(self):
        return self.now.timestamp()

    def pass_(self, seconds):
        self.now += timedelta(seconds=seconds)


def an_experiment(experiment_id=1, **changes):
    """Two arms, one funnel, a plan of 14 days."""
    return replace(
        Experiment(
            id=experiment_id,
            name="Checkout button",
            status=Status.RUNNING,
            variants=(
                Variant(key="control", name="Grey", share=0.5),
                Variant(key="blue", name="Blue", share=0.5),
            ),
            metrics=(METRIC,),
            started_at=START,
            planned=PlannedInPostHog(mde=0.1, n_total=40_000, days=14),
        ),
        **changes,
    )


class HandSource:
    """Serves what ``rate`` and ``per_day`` say; raises ``error`` when set."""

    def __init__(self, clock, experiments=None, rates=(0.1, 0.1), per_day=2000):
        self.clock = clock
        self.known = list(experiments or [an_experiment()])
        self.rates = rates
        self.per_day = per_day
        self.error = None
        self.reads = []
        self.pace_now = Pace()
        self.behind = timedelta(0)  # the server's clock against ours

    def experiments(self):
        if self.error:
            raise self.error
        return tuple(self.known)

    def read(self, experiment_id, *, is_watched):
        self.reads.append((experiment_id, is_watched))
        if self.error:
            raise self.error
        experiment = next(e for e in self.known if e.id == experiment_id)
        return Reading(
            experiment=experiment,
            snapshots=(self.snapshot(experiment, self.clock() - self.behind),),
            taken_at=self.clock(),
            server_now=self.clock() - self.behind,
        )

    def snapshot(self, experiment, as_of):
        days = (as_of - START).total_seconds() / 86_400
        totals = []
        for variant, rate in zip(experiment.variants, self.rates, strict=True):
            n = int(days * self.per_day * variant.share)
            x = int(n * rate)
            totals.append(Totals(variant_key=variant.key, n=n, total=x, total_sq=x))
        return Snapshot(
            experiment_id=experiment.id,
            metric_id="m1",
            as_of=as_of,
            taken_at=self.clock(),
            totals=tuple(totals),
        )

    def past(self, experiment_id):
        experiment = next(e for e in self.known if e.id == experiment_id)
        days = int((self.clock() - START).total_seconds() // 86_400)
        return Past(
            snapshots=tuple(
                self.snapshot(experiment, START + timedelta(days=d)) for d in range(1, days)
            )
        )

    def pace(self, experiment_id=None):
        return self.pace_now

    def progress(self, experiment_id):
        return (0, 0)

    def forget(self, experiment_id):
        pass

    def close(self):
        pass
