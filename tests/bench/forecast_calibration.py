"""Is the forecast right? Chance "called by day 14" against what happened, through the public functions.

Setup of statistics 13.6: 5 % rate, a plan for +10 % (1.25 times the size of one look, 78,077 visitors over
14 days, two equal arms), forecasts made on day 3 and on day 7 of experiments that were not called yet. The
forecast comes from ``forecast(analyse(...))`` with a real watch fed hourly; what happened comes from the real
rule on a look every five minutes. Worlds differ in where true lifts come from.

Run: nice -n 10 python -m tests.bench.forecast_calibration [--tests 4000] [--worlds "prior;none"]
and with --unlikely the table of 13.8: what it costs to obey "unlikely to decide".
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

import numpy as np

from lib.experiments.model import (
    Experiment,
    Metric,
    MetricKind,
    Plan,
    Snapshot,
    Status,
    Totals,
    Variant,
)
from lib.stats.analyse import analyse
from lib.stats.belief import believe
from lib.stats.evidence import Evidence, Looks
from lib.stats.forecast import forecast
from lib.stats.results import Series
from lib.stats.road import Road, passage
from lib.stats.spending import Spending
from lib.stats.watch import Watch

RATE, N_TOTAL, DAYS, LOOKS = 0.05, 78_077, 14, 288
HOUR = LOOKS // 24
MADE_ON = (3, 7)
START = datetime(2026, 1, 5, tzinfo=UTC)
METRIC = Metric(id="m", name="m", kind=MetricKind.FUNNEL)
ARMS = tuple(Variant(key=key, name=key, share=0.5) for key in ("control", "test"))
EXPERIMENT = Experiment(
    id=1, name="e", status=Status.RUNNING, variants=ARMS, metrics=(METRIC,), started_at=START
)
PLAN = Plan(
    experiment_id=1, mde=0.1, n_per_arm=(N_TOTAL / 2, N_TOTAL / 2), days=DAYS, frozen_at=START
)
WORLDS = {
    "prior": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, rng.normal(0, 0.1, n)),
    "N(0,5%)": lambda rng, n: rng.normal(0, 0.05, n),
    "N(0,10%)": lambda rng, n: rng.normal(0, 0.1, n),
    "none": lambda rng, n: np.zeros(n),
    "N(0,20%)": lambda rng, n: rng.normal(0, 0.2, n),
}


def simulate(rng, lifts):
    """Cumulative visitors and converters of both arms, (looks, experiments)."""
    looks = DAYS * LOOKS
    n = np.round(np.arange(1, looks + 1) / looks * N_TOTAL / 2)
    new = np.diff(n, prepend=0).astype(int)[:, None]
    shape = (looks, len(lifts))
    control = np.cumsum(rng.binomial(new, RATE, shape), axis=0)
    treatment = np.cumsum(rng.binomial(new, np.clip(RATE * (1 + lifts), 0, 1), shape), axis=0)
    return n, control.astype(float), treatment.astype(float)


def called_on(n, control, treatment):
    """Day of the call of each experiment by the real rule, infinite for none."""
    size = n[:, None]
    pooled = (control + treatment) / (2 * size)
    variance = pooled * (1 - pooled)
    with np.errstate(all="ignore"):
        z = np.nan_to_num((treatment - control) / size * np.sqrt(size / 2 / variance))
    u = np.broadcast_to((n / (N_TOTAL / 2))[:, None], z.shape)
    evidence = Evidence((z.shape[1], 1))
    evidence.levels = evidence.levels[[evidence.decisive]]
    evidence.spending, evidence.decisive = Spending((z.shape[1], 1), evidence.levels), 0
    counts = (size >= 100) & (control + treatment >= 20) & (u >= evidence.rule.start)
    looks = Looks(
        z=z[..., None],
        information=(size / 2 * variance)[..., None],
        u=u[..., None],
        s=u[..., None],
        counts=counts[..., None],
        is_step=np.arange(len(n)) % HOUR == 0,
    )
    line = evidence.extend(looks).z_crit[..., 0]
    crossed = counts & (np.abs(z) >= line)
    first = np.where(crossed.any(axis=0), crossed.argmax(axis=0) + 1, np.inf)
    return first / LOOKS


def forecasts(n, control, treatment):
    """The public forecast of one experiment on each day of MADE_ON; None where it is called already."""
    rows = np.arange(HOUR - 1, max(MADE_ON) * LOOKS, HOUR)
    x = np.stack([control[rows], treatment[rows]], axis=1)
    size = np.repeat(n[rows, None], 2, axis=1)
    at = START.timestamp() + (rows + 1) / LOOKS * 86400
    watch, fed, made = Watch(EXPERIMENT, METRIC, PLAN), 0, []
    for day in MADE_ON:
        stop = day * 24
        part = slice(fed, stop)
        watch.extend(Series(as_of=at[part], n=size[part], total=x[part], total_sq=x[part]))
        fed = stop
        now = START + timedelta(days=day)
        counts = zip(ARMS, size[stop - 1], x[stop - 1], strict=True)
        totals = tuple(
            Totals(variant_key=v.key, n=int(m), total=c, total_sq=c) for v, m, c in counts
        )
        snapshot = Snapshot(experiment_id=1, metric_id="m", as_of=now, taken_at=now, totals=totals)
        analysis = analyse(
            experiment=EXPERIMENT,
            metric=METRIC,
            plan=PLAN,
            watch=watch,
            snapshot=snapshot,
            server_now=now,
        )
        outlook = forecast(analysis, n_per_day=N_TOTAL / DAYS, server_now=now)
        made.append(None if analysis.calls else outlook.chance)
    return made


def gap(chances, happened, bins=10):
    """Mean distance between forecast and frequency over equal bins of the forecast, weighed by their size."""
    place = np.minimum((chances * bins).astype(int), bins - 1)
    apart = [
        abs(chances[place == b].mean() - happened[place == b].mean()) * (place == b).sum()
        for b in np.unique(place)
    ]
    return sum(apart) / len(chances)


def gap_by_luck(chances, rng, times=200):
    """The gap that forecasts which are exactly right would show with so few experiments."""
    return np.mean([gap(chances, rng.random(len(chances)) < chances) for _ in range(times)])


def one_world(name, tests, seed, chunk=500):
    """Rows (day, open experiments, mean forecast, share called, gap, gap by luck) of one world."""
    rng = np.random.default_rng(seed)
    made, days = [], []
    for begin in range(0, tests, chunk):
        lifts = WORLDS[name](rng, min(chunk, tests - begin))
        n, control, treatment = simulate(rng, lifts)
        days.append(called_on(n, control, treatment))
        made += [forecasts(n, control[:, i], treatment[:, i]) for i in range(len(lifts))]
    happened = np.concatenate(days)
    rows = []
    for i, day in enumerate(MADE_ON):
        still = np.array([m[i] is not None for m in made]) & (happened > day)
        chances = np.array([m[i] for m, keep in zip(made, still, strict=True) if keep], dtype=float)
        by_end = happened[still] <= DAYS
        apart, luck = gap(chances, by_end), gap_by_luck(chances, rng)
        rows.append((day, len(chances), chances.mean(), by_end.mean(), apart, luck))
    return rows


def chance_on(day, n, control, treatment):
    """The forecast of one open experiment on a day, straight from its road."""
    at = day * LOOKS - 1
    size, x, y = n[at], control[at], treatment[at]
    pooled = (x + y) / (2 * size)
    error = np.sqrt(pooled * (1 - pooled) * 2 / size)
    base, u = x / size, size / (N_TOTAL / 2)
    road = Road(
        treatment_key="test",
        w=(y - x) / size / error * np.sqrt(u),
        u=u,
        e=day / DAYS,
        unit=base / error / np.sqrt(u),
        belief=believe((y / x) - 1, (error / base) ** 2, PLAN.mde),
        alpha=PLAN.alpha,
        days=DAYS,
        n=(size, size),
        rate=(N_TOTAL / 2 / DAYS, N_TOTAL / 2 / DAYS),
        h_star=N_TOTAL / 4,
    )
    up, down = passage(road, (DAYS - day) * np.linspace(0, 1, 9)[1:])
    return float(up[-1] + down[-1])


def obeying(lift, tests, seed, limits=(0.0, 0.01, 0.02, 0.05, 0.10)):
    """Rows (limit, share called, mean day) when "unlikely" is obeyed daily from day 3 (statistics 13.8)."""
    n, control, treatment = simulate(np.random.default_rng(seed), np.full(tests, lift))
    called = called_on(n, control, treatment)
    days = range(3, DAYS)
    chances = np.ones((len(days), tests))
    for i, day in enumerate(days):
        for k in np.flatnonzero(called > day):
            chances[i, k] = chance_on(day, n, control[:, k], treatment[:, k])
    rows = []
    for limit in limits:
        low = chances < limit
        stopped = np.where(low.any(axis=0), low.argmax(axis=0) + 3, DAYS)
        rows.append((limit, (called <= stopped).mean(), np.minimum(called, stopped).mean()))
    return rows


def print_obeying(tests, seed):
    """The table of 13.8: published 13.8 / 81 %, 9.0; 9.0 / 80 %, 8.5; 8.2 / 78 %, 8.2; 6.5 / 74 %; 4.8 / 64 %."""
    print("| stop below | no effect: mean day | planned effect: called | mean day |")
    print("|---|---|---|---|")
    both = zip(obeying(0.0, tests, seed), obeying(PLAN.mde, tests, seed), strict=True)
    for (limit, _, day), (_, called, day_of_effect) in both:
        print(f"| {limit:.0%} | {day:.1f} | {called:.0%} | {day_of_effect:.1f} |")


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=4000)
    parser.add_argument("--worlds", default=";".join(WORLDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unlikely", action="store_true", help="the table of 13.8 instead")
    asked = parser.parse_args()
    if asked.unlikely:
        print_obeying(asked.tests, asked.seed)
        return
    print("| true lifts | made on day | open | mean forecast | called by day 14 | gap | by luck |")
    print("|---|---|---|---|---|---|---|")
    for name in asked.worlds.split(";"):
        begun = time.perf_counter()
        for day, n, said, was, apart, luck in one_world(name, asked.tests, asked.seed):
            print(
                f"| {name} | {day} | {n} | {said:.3f} | {was:.3f} | {apart:.3f} | {luck:.3f} |",
                flush=True,
            )
        print(f"<!-- {name}: {time.perf_counter() - begun:.0f} s -->", flush=True)


if __name__ == "__main__":
    main()
