"""Simulated curves: people and conversions by the hour, drawn from a seed, the same at every look.

Used by stories (the three demo experiments) and nulls. A curve is a pure function of (seed, salt,
day): blocks of 28 days are drawn when first asked for and kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lib.demo.trial import Sums

HOURS = 24
BLOCK_DAYS = 28
# Columns of one hour: people, converters, amount, amount squared, orders, orders squared,
# refunds, refunds squared, orders x refunds, starters, returners.
PEOPLE, CONVERTED, AMOUNT, AMOUNT_SQ, ORDERS, ORDERS_SQ, REFUNDS, REFUNDS_SQ, CROSS = range(9)
STARTED, RETURNED = 9, 10
WIDTH, PLAIN_WIDTH = 11, 2
TIDE = 0.3  # how far traffic swings around its mean within a day

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One simulated arm: its key, people a day and true conversion rate."""

    key: str
    per_day: float
    rate: float
    refund_rate: float = 0.06
    return_rate: float = 0.3


class SimulatedCurve:
    """Cumulative totals of simulated arms.

    Args:
        streams: the arms, the baseline first.
        seed: the stand-in's seed; with ``salt`` it fixes every draw.
        rich: also draw amounts, orders, refunds and returns.
    """

    def __init__(
        self, streams: tuple[Stream, ...], *, seed: int, salt: int, rich: bool = False
    ) -> None:
        self.streams = streams
        self._seed = (seed, salt)
        self._rich = rich
        self._hours: Floats = np.zeros((1, len(streams), WIDTH if rich else PLAIN_WIDTH))

    def sums(self, column: str, day: float) -> tuple[Sums, ...] | None:
        """See ``Curve``; columns are converted, amount, refunds, refunds_per_order, returned."""
        rows = self.at(day)
        return tuple(
            _sums(column, stream.key, row) for stream, row in zip(self.streams, rows, strict=True)
        )

    def at(self, day: float) -> Floats:
        """Return the totals at a day, a row an arm; straight lines within an hour."""
        hour = max(0.0, day * HOURS)
        i = math.floor(hour)
        while len(self._hours) <= i + 1:
            self._draw_block()
        low, high = self._hours[i], self._hours[i + 1]
        return np.asarray(low + (hour - i) * (high - low))

    def hourly(self, n_days: int) -> Floats:
        """Return the totals at each full hour of the first days, hour 0 included."""
        self.at(float(n_days))
        return self._hours[: n_days * HOURS + 1]

    def _draw_block(self) -> None:
        block = (len(self._hours) - 1) // (BLOCK_DAYS * HOURS)
        rng = np.random.default_rng([*self._seed, block])
        hours = BLOCK_DAYS * HOURS
        fresh = np.zeros((hours, *self._hours.shape[1:]))
        tide = 1 + TIDE * np.sin(2 * np.pi * (np.arange(hours) % HOURS) / HOURS)
        for arm, stream in enumerate(self.streams):
            people = rng.poisson(stream.per_day / HOURS * tide)
            converted = rng.binomial(people, stream.rate)
            fresh[:, arm, PEOPLE] = people
            fresh[:, arm, CONVERTED] = converted
            if self._rich:  # from a generator of its own: people and converters stay the same
                rich = np.random.default_rng([*self._seed, block, 1 + arm])
                _draw_orders(rich, converted, stream, fresh[:, arm])
                started = rich.binomial(people, 0.6)
                fresh[:, arm, STARTED] = started
                fresh[:, arm, RETURNED] = rich.binomial(started, stream.return_rate)
        total = self._hours[-1] + np.cumsum(fresh, axis=0)
        self._hours = np.concatenate([self._hours, total])


def _draw_orders(
    rng: np.random.Generator, converted: np.ndarray, stream: Stream, out: Floats
) -> None:
    """Draw orders, refunds and an amount for every converter and add them up by the hour."""
    buyers = int(converted.sum())
    hour = np.repeat(np.arange(len(converted)), converted)
    orders = 1.0 + rng.poisson(0.3, buyers)
    refunds = rng.binomial(orders.astype(int), stream.refund_rate).astype(float)
    amount = np.round(rng.lognormal(3.4, 0.7, buyers) * orders, 2)
    for column, values in (
        (AMOUNT, amount),
        (AMOUNT_SQ, amount**2),
        (ORDERS, orders),
        (ORDERS_SQ, orders**2),
        (REFUNDS, refunds),
        (REFUNDS_SQ, refunds**2),
        (CROSS, orders * refunds),
    ):
        out[:, column] = np.bincount(hour, weights=values, minlength=len(converted))


def _sums(column: str, key: str, row: Floats) -> Sums:
    n = round(float(row[PEOPLE]))
    if column == "converted":
        converted = min(n, round(float(row[CONVERTED])))
        return Sums(key=key, n=n, total=converted, total_sq=converted)
    if column == "amount":
        return Sums(key=key, n=n, total=_cents(row[AMOUNT]), total_sq=_cents(row[AMOUNT_SQ]))
    refunds, refunds_sq = float(round(row[REFUNDS])), float(round(row[REFUNDS_SQ]))
    if column == "refunds":
        return Sums(key=key, n=n, total=refunds, total_sq=refunds_sq)
    if column == "refunds_per_order":
        base, base_sq, cross = (float(round(row[i])) for i in (ORDERS, ORDERS_SQ, CROSS))
        return Sums(
            key=key,
            n=n,
            total=refunds,
            total_sq=refunds_sq,
            base=base,
            base_sq=base_sq,
            cross=cross,
        )
    started, returned = float(round(row[STARTED])), float(round(row[RETURNED]))
    return Sums(
        key=key,
        n=n,
        total=returned,
        total_sq=returned,
        base=started,
        base_sq=started,
        cross=returned,
    )


def _cents(value: np.float64) -> float:
    return round(float(value), 2)
