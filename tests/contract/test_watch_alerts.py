"""The whole watch on the stand-in over real HTTP: what is announced, when, and how often."""

import math

from lib.demo.stories import CHECKOUT
from lib.experiments.model import AlertKind
from lib.live.announce import Announcer
from lib.stats.results import State
from tests.bench.null_alerts import PROVEN, a_watch, run


def test_the_checkout_button_is_announced_once_and_in_time(tmp_path):
    """Within three polls of the moment its line is crossed and its floors are met, then never again."""
    with a_watch(tmp_path, start_day=9.0) as watch:
        ready_at, told_at = None, None
        for poll in range(80):
            watch.tick([CHECKOUT])
            verdict = watch.hub.look(CHECKOUT).primary.verdict
            if ready_at is None and verdict.is_ready:
                ready_at, state = poll, verdict.state
            alerts = [a for a in watch.store.alerts(CHECKOUT) if a.kind in PROVEN]
            if told_at is None and alerts:
                told_at = poll
        call = watch.store.calls(CHECKOUT)[0]
    assert state is State.READY_WINNER
    assert ready_at is not None
    assert ready_at > 0, "it must be crossed while the watch runs"
    assert told_at - ready_at <= 2, "the third poll at the latest"
    (alert,) = alerts
    assert alert.kind is AlertKind.PROVEN_BETTER
    assert alert.text.startswith("Your Checkout button test reached the line: Blue is better, +")
    assert call.direction == 1


def test_a_restart_in_between_announces_once(tmp_path):
    """A second announcer that knows nothing but the store, at every poll: still one alert."""
    with a_watch(tmp_path, start_day=9.0) as watch:
        for _ in range(60):
            watch.hub.on_view(Announcer(watch.store, clock=watch.hand.utc))
            watch.tick([CHECKOUT])
        alerts = [a for a in watch.store.alerts(CHECKOUT) if a.kind in PROVEN]
    assert len(alerts) == 1


def test_a_split_that_is_off_withdraws(tmp_path):
    """Announced, then the visitors no longer split as planned: withdrawn with the reason, once."""
    with a_watch(tmp_path, start_day=9.0) as watch:
        for _ in range(60):
            watch.tick([CHECKOUT])
        assert any(a.kind in PROVEN for a in watch.store.alerts(CHECKOUT))
        watch.stand_in.fault("srm", str(CHECKOUT))
        for _ in range(40):
            watch.tick([CHECKOUT])
        kinds = [a.kind for a in reversed(watch.store.alerts(CHECKOUT))]
        texts = {a.kind: a.text for a in watch.store.alerts(CHECKOUT)}
        call = watch.store.calls(CHECKOUT)[0]
    assert kinds.count(AlertKind.WITHDRAWN) == 1
    assert kinds.count(AlertKind.SPLIT_OFF) == 1
    assert "not split as planned" in texts[AlertKind.WITHDRAWN]
    assert call.withdrawn_because == "split"


def test_few_experiments_without_an_effect():
    """A small piece of the bench: at most the binomial's 3 standard errors above 5 % are announced."""
    found = run(12, days=15, step_hours=12)
    assert found.polls == 12 * 30
    assert found.proven / 12 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 12)
