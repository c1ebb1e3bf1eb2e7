"""What the page shows of a replay is what the file says, computed here by other means."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lib.demo.server import StandIn
from lib.history.store import Store
from lib.live.feed import Hub
from lib.live.wiring import utc_now
from lib.settings import PostHogSettings, Secret
from lib.sources.posthog.client import PostHogSource
from tests.pages.conftest import words

MOMENTS = 20


class Real:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 1_788_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def data_file(tmp_path):
    """One experiment of 40 days in steps of half a day, with a treatment that converts better."""
    rng = np.random.default_rng(11)
    days = np.arange(0.5, 40.5, 0.5)
    columns = {"experiment_id": "c0ffee", "variant_id": 1, "metric_id": 1, "time_since_start": days}
    for arm, rate in (("c", 0.1), ("t", 0.109)):
        count = rng.poisson(700, len(days)).cumsum().astype(float)
        mean = rng.binomial(count.astype(int), rate) / count
        mean = np.maximum.accumulate(count * mean) / count  # conversions never shrink
        columns |= {
            f"count_{arm}": count,
            f"mean_{arm}": mean,
            f"variance_{arm}": mean * (1 - mean),
        }
    path = tmp_path / "other.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return path


def from_file(path, day):
    """Visitors and converters of control and treatment at a day, straight lines between rows."""
    rows = pd.read_parquet(path).sort_values("time_since_start")
    at = rows["time_since_start"]
    found = []
    for arm in ("c", "t"):
        n = np.interp(day, at, rows[f"count_{arm}"])
        x = np.interp(day, at, rows[f"count_{arm}"] * rows[f"mean_{arm}"])
        found.append((round(float(n)), round(float(x))))
    return found


def test_every_figure_comes_from_the_file(data_file, page, tmp_path):
    """At 20 moments the counts, rates, change and single-look p of the page equal those of the file."""
    real = Real()
    stand_in = StandIn(data=data_file, now=real, limits=False)
    settings = PostHogSettings(
        host=stand_in.start(), project_id="1", api_key=Secret("phx_demo"), live_queries_per_hour=0
    )
    source = PostHogSource(settings, clock=utc_now, monotonic=real)
    store = Store(f"sqlite:///{tmp_path}/h.sqlite3", clock=utc_now)
    hub = Hub(source, store, clock=utc_now, monotonic=real)
    hub.round(wait=True)
    [chosen] = [e for e in hub.experiments() if "c0ffee" in e.name]
    seen = set()
    for _ in range(MOMENTS):
        real.now += 10
        hub.look(chosen.id)
        hub.round(wait=True)
        view = hub.look(chosen.id)
        day = (view.as_of - view.experiment.started_at).total_seconds() / 86_400
        seen.add(day)
        check(words(page(hub, experiment=chosen.id)), view, from_file(data_file, day))
    assert len(seen) == MOMENTS
    hub.close = lambda: (hub.stop(), store.close(), stand_in.stop())  # the page fixture closes it


def check(text, view, expected):
    """Counts to the last visitor, rates and change as printed, p against scipy's chi-square."""
    (n_c, x_c), (n_t, x_t) = expected
    for n, x in expected:
        assert f"{x:,} / {n:,}" in text
        assert f"{100 * x / n:.1f}"[:-1] in text
    assert f"{n_c + n_t:,}" in text
    lift = (x_t / n_t) / (x_c / n_c) - 1
    [estimate] = view.primary.estimates
    assert estimate.lift == pytest.approx(lift, rel=1e-12)
    shown = [float(m.replace("−", "-")) for m in re.findall(r"([+−]\d+(?:\.\d+)?) %", text)]
    assert any(abs(s - 100 * lift) <= 0.5 for s in shown)
    table = [[x_c, n_c - x_c], [x_t, n_t - x_t]]
    p = stats.chi2_contingency(table, correction=False).pvalue
    assert estimate.p_value == pytest.approx(p, rel=1e-9)
    assert estimate.single_look.low == pytest.approx(
        _koopman(expected, 1.959964, low=True), abs=1e-6
    )
    assert estimate.interval.low == pytest.approx(
        _koopman(expected, estimate.z_crit, low=True), abs=1e-6
    )
    assert estimate.interval.high == pytest.approx(
        _koopman(expected, estimate.z_crit, low=False), abs=1e-6
    )


def _koopman(expected, k, *, low):
    """An end of the score interval for the ratio of two rates, by root finding on Koopman's statistic."""
    from scipy.optimize import brentq

    (n_c, x_c), (n_t, x_t) = expected

    def distance(f):
        b = n_t * f + x_t + n_c + x_c * f
        a = (n_c + n_t) * f
        q_c = (b - np.sqrt(b * b - 4 * a * (x_c + x_t))) / (2 * a)
        q_t = f * q_c
        spread = q_t * (1 - q_t) / n_t + f * f * q_c * (1 - q_c) / n_c
        return (x_t / n_t - f * x_c / n_c) / np.sqrt(spread) - (k if low else -k)

    middle = (x_t / n_t) / (x_c / n_c)
    return (
        brentq(distance, middle / 10, middle) - 1
        if low
        else brentq(distance, middle, middle * 10) - 1
    )
