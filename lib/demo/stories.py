"""The simulated experiments: a near tie, a real winner about to be proven, a noisy start, a draft.

Called by server once at the start. Each is labelled simulated. Effects are true parameters; of all
random paths the first one is taken that tells its story (still a pure function of the seed).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lib.demo.clock import DAY_S
from lib.demo.legacy import legacy_trial
from lib.demo.simulate import CONVERTED, HOURS, PEOPLE, SimulatedCurve, Stream
from lib.demo.trial import Arm, Planned, Trial, measure

PRICING, CHECKOUT, ONBOARDING, DRAFT = 101, 102, 103, 104
FIRST_NULL = 900_001
TAG = ("simulated",)
LABEL = "Simulated, no real people."
MAX_PATHS = 300
# Critical |Z| of a plan watched continuously, overall error 4.5 %, by the spent part of the plan.
SPENT = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CRITICAL = (
    *(4.814, 4.574, 4.326, 3.971, 3.683, 3.368, 3.168),
    *(3.019, 2.897, 2.793, 2.702, 2.621, 2.548, 2.480),
)
CHECKOUT_N = 73_000  # planned visitors: 80 % power for +8 % on 8 %, with a quarter to spare


def stories(*, anchor: float, start_day: float, seed: int) -> list[Trial]:
    """Return the simulated experiments, standing at ``start_day`` (the noisy one at day 3)."""
    return [
        _pricing(anchor, start_day, seed),
        _checkout(anchor, start_day, seed),
        _onboarding(anchor, min(start_day, 3.0), seed),
        _draft(anchor),
        legacy_trial(anchor),
    ]


def nulls(count: int, *, anchor: float, start_day: float, seed: int) -> list[Trial]:
    """Return experiments without an effect: rates 5 to 30 %, 2,000 to 100,000 planned visitors."""
    rng = np.random.default_rng([seed, FIRST_NULL])
    rates = rng.uniform(0.05, 0.30, count)
    sizes = np.exp(rng.uniform(math.log(2_000), math.log(100_000), count))
    started = anchor - start_day * DAY_S
    return [
        _null(i, rate=float(rates[i]), size=float(sizes[i]), started=started, seed=seed)
        for i in range(count)
    ]


def _null(i: int, *, rate: float, size: float, started: float, seed: int) -> Trial:
    experiment_id = FIRST_NULL + i
    streams = _two("test", size / 14, rate, rate)
    variance = 2 * rate * (1 - rate)
    mde = math.sqrt(7.84 * variance / (size / 2)) / rate  # (1.96 + 0.84)^2 = 7.84: 80 % power
    return Trial(
        id=experiment_id,
        name=f"Null {i + 1}",
        flag_key=f"null-{i + 1}",
        description=f"{LABEL} Both arms are the same: every announced winner is a false alarm.",
        arms=_even("control", "test"),
        baseline="control",
        measures=(
            measure(experiment_id, "converted", kind="funnel", name="Signed up", event="signup"),
        ),
        curve=SimulatedCurve(streams, seed=seed, salt=experiment_id),
        created_at=started - DAY_S,
        started_at=started,
        tags=TAG,
        planned=Planned(mde_percent=round(100 * mde, 2), n_total=round(size), days=14),
    )


def _two(key: str, per_day: float, control: float, treatment: float) -> tuple[Stream, ...]:
    return (
        Stream(key="control", per_day=per_day / 2, rate=control),
        Stream(key=key, per_day=per_day / 2, rate=treatment),
    )


def _even(*keys: str) -> tuple[Arm, ...]:
    return tuple(Arm(key=key, name=key.capitalize(), percent=100 // len(keys)) for key in keys)


def z_scores(curve: SimulatedCurve, n_days: int) -> np.ndarray:
    """Return the pooled z of converted, treatment minus control, at each hour of the first days."""
    hours = curve.hourly(n_days)
    n, x = hours[:, :, PEOPLE], hours[:, :, CONVERTED]
    people = np.maximum(n, 1)
    pooled = x.sum(axis=1) / np.maximum(n.sum(axis=1), 1)
    error = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / people).sum(axis=1), 1e-12))
    return np.asarray((x[:, 1] / people[:, 1] - x[:, 0] / people[:, 0]) / error)


def _first_path(
    streams: tuple[Stream, ...], seed: int, base: int, fits: Callable[[SimulatedCurve], bool]
) -> SimulatedCurve:
    """Return the first path that tells the story, or the very first when none does."""
    tries = range(base, base + MAX_PATHS)
    fitting = (s for s in tries if fits(SimulatedCurve(streams, seed=seed, salt=s)))
    return SimulatedCurve(streams, seed=seed, salt=next(fitting, base), rich=True)


def _pricing(anchor: float, stand: float, seed: int) -> Trial:
    streams = _two("test", 9_320, 0.100, 0.0995)
    hour = round(max(stand, 2.0) * HOURS)

    def behind(curve: SimulatedCurve) -> bool:
        z = z_scores(curve, math.ceil(max(stand, 2.0)) + 14)
        return bool(-1.3 < z[hour] < -0.7 and np.abs(z[HOURS:]).max() < 2.4)

    started = anchor - stand * DAY_S
    return Trial(
        id=PRICING,
        name="Pricing page",
        flag_key="pricing-page",
        description=f"{LABEL} Control is slightly ahead and far from proven.",
        arms=_even("control", "test"),
        baseline="control",
        measures=(
            measure(PRICING, "converted", kind="funnel", name="Plan chosen", event="plan_chosen"),
            measure(
                PRICING,
                "refunds",
                kind="mean",
                name="Refunds per visitor",
                event="refund",
                goal="decrease",
                place="secondary",
            ),
            measure(
                PRICING,
                "refunds_per_order",
                kind="ratio",
                name="Refunds per order",
                event="refund",
                goal="decrease",
                place="secondary",
            ),
        ),
        curve=_first_path(streams, seed, PRICING * 10_000, behind),
        created_at=started - 2 * DAY_S,
        started_at=started,
        tags=TAG,
        planned=Planned(mde_percent=5, n_total=130_480, days=14),
        multiple_share=0.003,
    )


def _crosses_between(curve: SimulatedCurve, first: float, last: float, days: float) -> bool:
    """Tell whether the treatment is proven between two days, with a margin on both sides."""
    n_days = math.ceil(last) + 2
    people = curve.hourly(n_days)[:, :, PEOPLE]
    size = people.prod(axis=1) / np.maximum(people.sum(axis=1), 1)
    spent = np.minimum(size / (CHECKOUT_N / 4), np.arange(len(size)) / HOURS / days)
    share = z_scores(curve, n_days) / np.interp(spent, SPENT, CRITICAL)
    share[spent < SPENT[0]] = 0.0
    early = share[: round(first * HOURS)]
    late = share[round(first * HOURS) : round(last * HOURS)]
    after = share[round(last * HOURS) :]
    return bool(np.abs(early).max() < 0.95 and late.max() > 1.05 and after.min() > 1.03)


def _checkout(anchor: float, stand: float, seed: int) -> Trial:
    days = 7 * max(2, math.ceil((stand + 2) / 0.8 / 7))
    streams = _two("blue", CHECKOUT_N / days, 0.080, 0.0864)
    first = max(stand + 1.5, 7.5)  # three minutes at 720x, and after the first full week
    last = first + max(1.5, 0.1 * days)
    started = anchor - stand * DAY_S
    return Trial(
        id=CHECKOUT,
        name="Checkout button",
        flag_key="checkout-button",
        description=f"{LABEL} Blue truly converts 8 % better than control.",
        arms=_even("control", "blue"),
        baseline="control",
        measures=(
            measure(CHECKOUT, "converted", kind="funnel", name="Purchase", event="purchase"),
            measure(
                CHECKOUT,
                "amount",
                kind="mean",
                name="Revenue per visitor",
                event="purchase",
                place="secondary",
            ),
        ),
        curve=_first_path(
            streams,
            seed,
            CHECKOUT * 10_000,
            lambda curve: _crosses_between(curve, first, last, days),
        ),
        created_at=started - 3 * DAY_S,
        started_at=started,
        tags=TAG,
        planned=Planned(mde_percent=8, n_total=CHECKOUT_N, days=days),
        multiple_share=0.002,
    )


def _onboarding(anchor: float, stand: float, seed: int) -> Trial:
    streams = _two("test", 270, 0.075, 0.083)
    hour = 3 * HOURS

    def noisy(curve: SimulatedCurve) -> bool:
        rates = curve.hourly(3)[hour]
        control, test = rates[:, CONVERTED] / np.maximum(rates[:, PEOPLE], 1)
        return bool(control > 0 and 0.33 < test / control - 1 < 0.41)

    started = anchor - stand * DAY_S
    return Trial(
        id=ONBOARDING,
        name="Onboarding v2",
        flag_key="onboarding-v2",
        description=f"{LABEL} A few hundred visitors and a large, noisy lift.",
        arms=_even("control", "test"),
        baseline="control",
        measures=(
            measure(ONBOARDING, "converted", kind="funnel", name=None, event="onboarding_done"),
            measure(
                ONBOARDING,
                "returned",
                kind="retention",
                name="Week-1 return",
                event="session_started",
                place="saved",
            ),
        ),
        curve=_first_path(streams, seed, ONBOARDING * 10_000, noisy),
        created_at=started - DAY_S,
        started_at=started,
        tags=TAG,
        method=None,
        holdout={"id": 7, "name": "Quarterly holdout", "percent": 5},
    )


def _draft(anchor: float) -> Trial:
    streams = _two("test", 0.0, 0.0, 0.0)
    return Trial(
        id=DRAFT,
        name="Referral banner",
        flag_key="referral-banner",
        description=f"{LABEL} Not launched yet.",
        arms=_even("control", "test"),
        baseline="control",
        measures=(
            measure(DRAFT, "converted", kind="funnel", name="Referral sent", event="referral"),
        ),
        curve=SimulatedCurve(streams, seed=0, salt=DRAFT),
        created_at=anchor - DAY_S,
        tags=TAG,
    )
