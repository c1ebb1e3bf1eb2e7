"""Simulated experiments for the benches: thousands at once, watched through the code the page uses.

``Scenario`` says how visitors arrive and convert; ``draw`` makes cumulative totals (looks, experiments,
arms); ``judge`` runs comparison, gates, clocks and evidence of ``lib.stats`` on them, the very functions
``Watch`` calls, with experiments in the place of one. ``as_watch`` feeds one of the experiments to ``Watch``
itself, so that a bench can show that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from lib.experiments.model import Experiment, Metric, MetricKind, Plan, Status, Variant
from lib.stats.balance import ALARM, log_e_balance, log_evidence_to_p
from lib.stats.boundary import RULE
from lib.stats.compare import Arms, compare_means, compare_rates
from lib.stats.evidence import Evidence, clocks_of, hours_of, looks_of
from lib.stats.results import Series
from lib.stats.watch import Watch

DAYS = 14.0
LOOKS = 2016  # every ten minutes of fourteen days
START = datetime(2026, 1, 5, tzinfo=UTC)


def _weekend(t):
    days = np.arange(0, 15)
    rate = np.where(days[:-1] % 7 >= 5, 0.4, 1.0)
    return np.interp(t, days / 14, np.concatenate([[0], np.cumsum(rate)]) / rate.sum())


ARRIVALS = {  # share of the planned visitors that has arrived by share t of the planned time
    "even": lambda t: t,
    "front-loaded": np.sqrt,
    "back-loaded": lambda t: t**2,
    "ramp 10/50/100%": lambda t: np.interp(t, [0, 1 / 7, 2 / 7, 1], [0, 0.018, 0.107, 1.0]),
    "weekend dips": _weekend,
    "half the plan": lambda t: 0.5 * t,
    "twice the plan": lambda t: 2 * t,
    "accelerating to 2x": lambda t: t + t**2,
    "accelerating to 3x": lambda t: t + 2 * t**2,
    "stops at half time": lambda t: np.minimum(t, 0.5),
}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """How one kind of experiment runs; ``visitors`` are planned over both arms."""

    name: str
    rate: float = 0.05
    visitors: int = 40_000
    arrival: str = "even"
    shares: tuple[float, ...] = (0.5, 0.5)
    lift: float = 0.0
    delay_days: float = 0.0  # mean of an exponential delay from visit to conversion
    arrive_within: float = 1.0  # all arrive in this share of the planned time
    looks: int = LOOKS
    beyond: float = 1.0  # watched until this multiple of the planned time
    kind: str = "rate"  # or a distribution of values per visitor
    alpha: float = 0.05


@dataclass
class Drawn:
    """Cumulative totals, arrays (looks, experiments, arms)."""

    at_days: np.ndarray
    n: np.ndarray
    total: np.ndarray
    total_sq: np.ndarray


def look_days(scenario):
    return np.linspace(0, DAYS * scenario.beyond, scenario.looks + 1)[1:]


def draw(scenario, experiments, rng):
    """Cumulative totals of many experiments."""
    at = look_days(scenario)
    t = np.minimum(at / DAYS / scenario.arrive_within, max(1.0, scenario.beyond))
    share = ARRIVALS[scenario.arrival](t)
    arrived = np.diff(np.round(np.concatenate([[0.0], share]) * scenario.visitors)).astype(int)
    n = rng.multinomial(np.broadcast_to(arrived[:, None], (len(at), experiments)), scenario.shares)
    rates = scenario.rate * np.where(np.arange(n.shape[-1]) > 0, 1 + scenario.lift, 1.0)
    if scenario.kind == "rate":
        new = rng.binomial(n, rates)
        if scenario.delay_days:
            new = delayed(new, at, scenario.delay_days, rng)
        total = total_sq = np.cumsum(new, axis=0, dtype=np.float64)
    else:
        total, total_sq = values(scenario, n, rng)
    return Drawn(at, np.cumsum(n, axis=0, dtype=np.float64), total, total_sq)


def delayed(new, at, mean_days, rng):
    """Move each conversion to the look after an exponential delay; those after the last look are lost."""
    place = np.repeat(np.arange(new.size), new.ravel())
    row, lane = np.divmod(place, new.shape[1] * new.shape[2])
    step = at[0]
    when = at[row] - step * rng.random(len(row)) + rng.exponential(mean_days, len(row))
    late = np.ceil(when / step).astype(int) - 1
    keep = late < len(at)
    flat = late[keep] * (new.shape[1] * new.shape[2]) + lane[keep]
    return np.bincount(flat, minlength=new.size).reshape(new.shape)


def values(scenario, n, rng):
    """Cumulative sums and sums of squares of skewed values per visitor."""
    count = int(n.sum())
    if scenario.kind == "exponential":
        v = rng.exponential(1.0, count)
    elif scenario.kind.startswith("lognormal"):
        v = rng.lognormal(0.0, float(scenario.kind.split()[1]), count)
    else:  # five percent buy
        v = rng.lognormal(0.0, 1.0, count) * (rng.random(count) < 0.05)
    ends = np.cumsum(n.ravel())
    sums = [
        np.diff(np.concatenate([[0.0], np.concatenate([[0.0], np.cumsum(w)])[ends]]))
        for w in (v, v * v)
    ]
    return tuple(np.cumsum(s.reshape(n.shape), axis=0) for s in sums)


def planned(scenario):
    return np.array(scenario.shares) * scenario.visitors


def judge(scenario, drawn, rule=RULE):
    """Everything the page would know at every look: the comparison and the course of the evidence."""
    arms = [
        Arms(n=drawn.n[..., a], total=drawn.total[..., a], total_sq=drawn.total_sq[..., a])
        for a in (slice(0, 1), slice(1, None))
    ]
    compared = (compare_rates if scenario.kind == "rate" else compare_means)(*arms)
    split = np.minimum.accumulate(
        log_evidence_to_p(log_e_balance(drawn.n, scenario.shares)), axis=0
    )
    clocks = clocks_of(compared.h, drawn.at_days, planned(scenario), DAYS)
    as_of = START.timestamp() + drawn.at_days * 86400
    looks = looks_of(compared, clocks, split >= ALARM, hours_of(as_of), rule)
    # calls need the lines at the steps of Holm only; the page keeps more of them, for p-values between
    evidence = Evidence(looks.z.shape[1:], scenario.alpha, rule, between=())
    return compared, clocks, looks, evidence.extend(looks)


def as_watch(scenario, drawn, which, rule=RULE):
    """One experiment of a batch through ``Watch`` and its trace."""
    arms = len(scenario.shares)
    variants = tuple(
        Variant(key=str(i), name=str(i), share=w) for i, w in enumerate(scenario.shares)
    )
    kind = MetricKind.FUNNEL if scenario.kind == "rate" else MetricKind.MEAN
    metric = Metric(id="m", name="m", kind=kind)
    experiment = Experiment(
        id=1,
        name="a",
        status=Status.RUNNING,
        variants=variants,
        metrics=(metric,),
        started_at=START,
    )
    plan = Plan(
        experiment_id=1,
        mde=0.1,
        n_per_arm=tuple(planned(scenario)),
        days=DAYS,
        frozen_at=START,
        alpha=scenario.alpha,
    )
    assert arms == drawn.n.shape[-1]
    series = Series(
        as_of=START.timestamp() + drawn.at_days * 86400,
        n=drawn.n[:, which],
        total=drawn.total[:, which],
        total_sq=drawn.total_sq[:, which],
    )
    return Watch(experiment, metric, plan, rule).extend(series)


def first_call(course, alpha=0.05):
    """Look of the first call of any arm in each experiment; -1 where there is none."""
    called = (np.nan_to_num(course.evidence) >= 1 - alpha).any(axis=2)
    return np.where(called.any(axis=0), called.argmax(axis=0), -1)
