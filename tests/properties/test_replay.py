"""Replay at any stored moment equals what was shown then, corrections included; a memo's record gives its numbers
back to the last bit."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.experiments.model import Exposures, Metric, MetricKind, MetricRole, Totals
from lib.history.store import Store
from lib.live.feed import Hub
from lib.live.recompute import gather_records, read_records, recompute, write_records
from tests.unit.live.sources import METRIC, Hand, HandSource, an_experiment

STEPS = st.lists(
    st.tuples(
        st.sampled_from([600, 3_600, 6 * 3_600, 86_400]),  # seconds to the next look
        st.floats(0.05, 0.25),  # the treatment's rate from then on
        st.booleans(),  # whether the look corrects an earlier moment
        st.booleans(),  # whether as many were exposed as are counted, or only half of them
    ),
    min_size=3,
    max_size=6,
)
GUARD = Metric(id="m2", name="Refunds", kind=MetricKind.FUNNEL, role=MetricRole.GUARDRAIL)


class Corrected(HandSource):
    """Sometimes sends other totals for a moment it has sent before, together with the newest; two metrics."""

    def __init__(self, clock, experiments):
        super().__init__(clock, experiments)
        self.sent = []
        self.corrects = False
        self.exposes_all = True

    def read(self, experiment_id, *, is_watched):
        reading = super().read(experiment_id, is_watched=is_watched)
        (newest,) = reading.snapshots
        again = []
        if self.corrects and self.sent:
            again = [lowered(self.sent[len(self.sent) // 2], reading.taken_at)]
        self.sent.append(newest)
        guard = replace(newest, metric_id="m2")
        exposed = {t.variant_key: t.n if self.exposes_all else t.n // 2 for t in newest.totals}
        exposures = Exposures(
            as_of=newest.as_of, totals=exposed, daily={}, n_multiple=len(self.sent)
        )
        return replace(reading, snapshots=(*again, newest, guard), exposures=exposures)


def lowered(snapshot, taken_at):
    """The same moment after a recount: a tenth of the conversions gone."""
    totals = tuple(
        Totals(
            variant_key=t.variant_key, n=t.n, total=int(t.total * 0.9), total_sq=int(t.total * 0.9)
        )
        for t in snapshot.totals
    )
    return replace(snapshot, totals=totals, taken_at=taken_at)


def run(store, clock, steps):
    """Look after look; what was shown at each."""
    experiment = an_experiment(metrics=(METRIC, GUARD))
    source = Corrected(clock, [experiment])
    hub = Hub(source, store, clock=clock, monotonic=clock.seconds)
    shown = []
    for seconds, rate, corrects, exposes_all in steps:
        source.rates, source.corrects = (0.1, rate), corrects
        source.exposes_all = exposes_all
        hub.look(experiment.id)
        hub.refresh(experiment.id)
        hub.round(wait=True)
        shown.append(hub.look(experiment.id))
        clock.pass_(seconds)
    return hub, shown


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_replay_equals_what_was_shown(steps):
    """Whatever comes later, corrections of earlier rows too, the view of a stored moment is the one shown when
    its reading was first taken: the same analyses and exposures, to the last bit."""
    clock = Hand()
    store = Store("sqlite://", clock=clock)
    hub, shown = run(store, clock, steps)
    try:
        for view in shown:
            again = hub.look(view.experiment.id, as_of=view.as_of)
            assert again.frozen_at == view.as_of
            assert again.analyses == view.analyses
            assert again.exposures == view.exposures
        between = hub.look(shown[-1].experiment.id, as_of=shown[1].as_of + timedelta(seconds=1))
        assert between.as_of == shown[1].as_of
    finally:
        hub.stop()
        store.close()


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_a_record_gives_the_numbers_back(steps):
    """The JSON of a memo, read back and recomputed, gives every number of the view it was made from."""
    clock = Hand()
    store = Store("sqlite://", clock=clock)
    hub, shown = run(store, clock, steps)
    try:
        text = write_records(gather_records(store, shown[-1]))
        told = recompute(read_records(text))
        assert told.analyses == shown[-1].analyses
        assert told.forecast == shown[-1].forecast
        assert "<" not in text
    finally:
        hub.stop()
        store.close()
