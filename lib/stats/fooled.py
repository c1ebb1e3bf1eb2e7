"""How often would this rule fool me here? Tests without an effect, at the shown traffic, rate and looks.

The page calls ``how_often_fooled`` for the experiment on the screen. A few hundred tests whose arms are the
same are watched at every look, and counted is which rule ever says "called": a plain 95 %, PostHog's
flag, ours. Ours is the real rule, run by the real recursion on every test's own information.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lib.stats.compare import MIN_CONVERTERS, MIN_USERS, MIN_VISITORS
from lib.stats.evidence import Evidence, Looks
from lib.stats.plan import ALPHA, DEFAULT_DAYS
from lib.stats.results import Floats
from lib.stats.spending import Spending

Bools = NDArray[np.bool_]
MOST_LOOKS = 1_000  # more looks fool the plain rules more, ours not (statistics 13.1)
MOST_TESTS = 2_000
PLAIN_Z = float(-ndtri(ALPHA / 2))
POSTHOG_Z = float(-ndtri(0.05))  # chance to win above 95 % or below 5 %
POSTHOG_VISITORS, POSTHOG_CONVERSIONS = 50, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fooled:
    """Share of tests without an effect that each rule called at some look, 0..1.

    ``n_tests`` and ``n_looks`` are those simulated, ``seconds`` how long it took.
    """

    plain: float
    posthog: float
    ours: float
    n_tests: int
    n_looks: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is seen at each look (rows) of each test (columns); ``n`` visitors an arm, (looks,)."""

    n: Floats
    z: Floats
    posthog_z: Floats
    variance: Floats
    enough: Bools
    enough_for_posthog: Bools


def how_often_fooled(
    rate: float | None, n_per_arm: float, n_looks: int, seed: int = 0, n_tests: int = 400
) -> Fooled:
    """Simulate tests without an effect, two equal arms, even traffic over a plan of 14 days.

    Args:
        rate: conversion rate of both arms, 0..1; None for a mean or ratio metric, whose values are then
            normal.
        n_per_arm: planned visitors of each arm.
        n_looks: looks over the whole plan, at most 1,000 are made.
        seed: of the simulation; the same seed gives the same shares.
        n_tests: tests to simulate.

    Raises:
        ValueError: a rate that is none, or fewer than one visitor, look or test.
    """
    begun = time.perf_counter()
    if rate is not None and not 0 <= rate <= 1:
        raise ValueError("a rate lies between 0 and 1")
    if not (n_per_arm >= 1 and n_looks >= 1 and n_tests >= 1):
        raise ValueError("at least one visitor, look and test")
    looks = int(min(n_looks, MOST_LOOKS, n_per_arm))
    tests = int(min(n_tests, MOST_TESTS))
    n = np.round(np.arange(1, looks + 1) / looks * round(n_per_arm))
    rng = np.random.default_rng(seed)
    seen = _rates(rng, n, tests, rate) if rate is not None else _means(rng, n, tests)
    return Fooled(
        plain=_share(np.abs(seen.z) >= PLAIN_Z),
        posthog=_share((np.abs(seen.posthog_z) > POSTHOG_Z) & seen.enough_for_posthog),
        ours=_share(_ours(seen)),
        n_tests=tests,
        n_looks=looks,
        seconds=time.perf_counter() - begun,
    )


def _share(called: Bools) -> float:
    return float(called.any(axis=0).mean())


def _rates(rng: np.random.Generator, n: Floats, tests: int, rate: float) -> Seen:
    """Converters of two arms with the same rate."""
    new = np.diff(n, prepend=0).astype(np.int64)[:, None]
    c, t = (np.cumsum(rng.binomial(new, rate, (len(n), tests)), axis=0) for _ in range(2))
    size = n[:, None]
    with np.errstate(all="ignore"):
        p_c, p_t, pooled = c / size, t / size, (c + t) / (2 * size)
        variance = pooled * (1 - pooled)
        lift_error = np.sqrt(p_t * (1 - p_t) + p_t**2 * (1 - p_c) / p_c) / p_c
        z = (p_t - p_c) * np.sqrt(size / 2 / variance)
        posthog_z = (p_t / p_c - 1) * np.sqrt(size) / lift_error
    fewest, both = np.minimum(c, t), c + t
    return Seen(
        n=n,
        z=np.nan_to_num(z),
        posthog_z=np.nan_to_num(posthog_z),
        variance=variance,
        enough=(size >= MIN_VISITORS)
        & (both >= MIN_CONVERTERS)
        & (2 * size - both >= MIN_CONVERTERS),
        enough_for_posthog=(size >= POSTHOG_VISITORS) & (fewest >= POSTHOG_CONVERSIONS),
    )


def _means(rng: np.random.Generator, n: Floats, tests: int) -> Seen:
    """Differences of two means of normal values, variance known: what large samples do."""
    spread = np.sqrt(2 * np.diff(n, prepend=0))[:, None]
    size = np.broadcast_to(n[:, None], (len(n), tests))
    walk = np.cumsum(spread * rng.standard_normal((len(n), tests)), axis=0)
    z = walk / np.sqrt(2 * size)
    return Seen(
        n=n,
        z=z,
        posthog_z=z,
        variance=np.ones(z.shape),
        enough=size >= MIN_USERS,
        enough_for_posthog=size >= POSTHOG_VISITORS,
    )


def _ours(seen: Seen) -> Bools:
    """Where our line is crossed: the recursion on each test's own information, an hour a step.

    Only the deciding line of the ladder is kept, which makes it ten times faster and changes no line.
    """
    u = np.broadcast_to((seen.n / seen.n[-1])[:, None], seen.z.shape)
    hour = np.floor(u[:, 0] * DEFAULT_DAYS * 24)
    evidence = Evidence((seen.z.shape[1], 1), ALPHA)
    evidence.levels = evidence.levels[[evidence.decisive]]
    evidence.spending = Spending((seen.z.shape[1], 1), evidence.levels, evidence.rule)
    evidence.decisive = 0
    counts = seen.enough & (u >= evidence.rule.start)
    course = evidence.extend(
        Looks(
            z=seen.z[..., None],
            information=(seen.n[:, None] / 2 * seen.variance)[..., None],
            u=u[..., None],
            s=u[..., None],
            counts=counts[..., None],
            is_step=np.diff(hour, prepend=-1.0) > 0,
        )
    )
    return np.asarray(counts & (np.abs(seen.z) >= course.z_crit[..., 0]), dtype=np.bool_)
