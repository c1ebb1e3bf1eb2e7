"""What to believe about a lift after seeing the data: half no effect, half N(0, mde²) (statistics 4, 8.3).

Called by ``analyse`` (likely lift, chance of a wrong call), ``forecast`` and ``whatif``: one prior for
everything that is shown. It triggers nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from lib.stats.results import Interval

NO_EFFECT = 0.5  # prior chance that there is no effect at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """With chance ``weight`` the lift is N(mean, sd²), otherwise exactly zero. Lifts are fractions."""

    weight: float
    mean: float
    sd: float

    @property
    def expected(self) -> float:
        """The likely lift: posterior mean over both parts."""
        return self.weight * self.mean

    def chance_above(self, lift: float) -> float:
        """Chance that there is an effect and it exceeds ``lift``; the atom at zero counts below 0 only."""
        atom = 1 - self.weight if lift < 0 else 0.0
        return atom + self.weight * float(ndtr((self.mean - lift) / self.sd))

    @property
    def chance_wrong(self) -> float:
        """Chance that the effect has the other sign or is none (statistics 10)."""
        return 1 - self.weight + self.weight * float(ndtr(-abs(self.mean) / self.sd))

    def interval(self, level: float = 0.95) -> Interval:
        """Equal-tailed interval; an end that falls on the atom is exactly zero."""
        tail = (1 - level) / 2
        return Interval(low=self._quantile(tail), high=self._quantile(1 - tail), level=level)

    def _quantile(self, q: float) -> float:
        low, high = min(0.0, self.mean - 9 * self.sd), max(0.0, self.mean + 9 * self.sd)
        for _ in range(60):
            middle = (low + high) / 2
            atom = 1 - self.weight if middle >= 0 else 0.0
            below = atom + self.weight * float(ndtr((middle - self.mean) / self.sd))
            low, high = (middle, high) if below < q else (low, middle)
        return 0.0 if abs(high) < 1e-9 else high


def believe(lift: float, variance: float, mde: float) -> Belief:
    """Belief about the true lift after observing ``lift`` with sampling ``variance``.

    The weight is that of statistics 8.3 with ``tau² u0 = mde² / variance``. An observation of +12 % with
    a standard error of 4 %, mde 10 %: densities of N(0, 0.04²) and N(0, 0.04² + 0.1²) at 0.12 by scipy
    1.17.1 are 0.11080 and 1.99122, so the weight is 1.99122 / (1.99122 + 0.11080):

    >>> belief = believe(0.12, 0.04**2, 0.1)
    >>> round(belief.weight, 4), round(belief.mean, 4)
    (0.9473, 0.1034)
    """
    ratio = mde**2 / variance
    exponent = 0.5 * math.log1p(ratio) - 0.5 * lift**2 / variance * ratio / (1 + ratio)
    odds = NO_EFFECT / (1 - NO_EFFECT) * math.exp(float(np.clip(exponent, -700, 700)))
    precision = 1 / variance + 1 / mde**2
    return Belief(
        weight=1 / (1 + odds), mean=lift / variance / precision, sd=math.sqrt(1 / precision)
    )
