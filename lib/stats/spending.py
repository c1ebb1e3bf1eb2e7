"""The spending recursion on observed information: where the line is now, for a ladder of alphas at once.

Called by ``evidence``. The state is a function of the steps alone; a step is taken at the first row of an
hour when enough information has come in, so rows thinned to one an hour rebuild the same state. Between
steps the line is held (it falls with time, so holding errs on the safe side).

Arithmetic: the sub-density of |Z| of the null paths that were not called yet is kept on a grid, one for each
alpha. ``Z_k = sqrt(r) Z_{k-1} + sqrt(1-r) noise`` with ``r = I_{k-1}/I_k``; log information moves in whole
multiples of a small unit, so the matrices are made once and shared by every experiment. Source: Lan &
DeMets 1983; Armitage, McPherson & Rowe 1969; continuous watching between steps: Siegmund 1985.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lib.stats.boundary import RULE, Rule
from lib.stats.results import Floats

Bools = NDArray[np.bool_]
CELLS = 160
REACH = 8.0
WIDTH = REACH / CELLS
ORDER = np.arange(CELLS)
NODES = (ORDER + 0.5) * WIDTH
UNIT = 0.0125  # log information moves in multiples of this
MOST = 512
SIZES = [*range(17), 18, 20, 22, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, MOST]
# whole units to the nearest size there is a matrix for
NEAREST = np.array([min(SIZES, key=lambda size: abs(size - units)) for units in range(MOST + 1)])
TINY = 1e-300
NOTHING = 1e-20  # smaller masses are dropped: denormal numbers are a hundred times slower
BLOCK = 10  # rows in one small product


def kernel(r: float) -> NDArray[np.float32]:
    """Matrix that carries cell masses of |Z| one step on, ``r`` the ratio of old to new information."""
    if r >= 1:
        return np.eye(CELLS, dtype=np.float32)
    sd = np.sqrt(1 - r)
    mean = np.sqrt(r) * NODES[:, None]
    near = np.exp(-0.5 * ((NODES - mean) / sd) ** 2) + np.exp(-0.5 * ((NODES + mean) / sd) ** 2)
    near *= WIDTH / (sd * np.sqrt(2 * np.pi))
    near[near < NOTHING] = 0.0
    return np.asarray(near, dtype=np.float32)


@lru_cache(maxsize=64)
def unit_kernel(size: int) -> NDArray[np.float32]:
    """The kernel of a step of ``size`` units."""
    return kernel(float(np.exp(-UNIT * size)))


def carry(mass: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Densities, one a row, ``size`` units of log information later.

    A few rows at a time: a product this small stays on one core, where a busy machine would otherwise make
    it wait for its other cores.
    """
    rows = len(mass)
    padded = np.zeros((-(-rows // BLOCK) * BLOCK, CELLS), dtype=np.float32)
    padded[:rows] = mass
    carried = np.matmul(padded.reshape(-1, BLOCK, CELLS), unit_kernel(size))
    return np.asarray(carried.reshape(-1, CELLS)[:rows])


def cut(mass: NDArray[np.float32], spend: Floats) -> Floats:
    """Cut the upper tail of mass ``spend`` off each density, in place, and say where.

    Args:
        mass: cell masses, contiguous, shape (..., CELLS).
        spend: mass to remove, shape (...).

    Returns:
        The critical |z|, shape (...).
    """
    flat, wanted = mass.reshape(-1, CELLS), spend.ravel()
    tail = np.cumsum(flat[:, ::-1], axis=1)[:, ::-1]
    edge = np.maximum((tail >= wanted.astype(np.float32)[:, None]).sum(axis=1) - 1, 0)
    rows = np.arange(len(flat))
    above, inside = tail[rows, edge].astype(np.float64), flat[rows, edge].astype(np.float64)
    beyond = np.maximum(above - inside, 0.0)
    left = np.maximum(above - wanted, 0.0)
    logs = np.log(np.maximum([above, wanted, beyond], TINY))
    steep = (logs[0] - logs[1]) / np.maximum(logs[0] - logs[2], TINY)
    part = np.where(beyond > 1e-3 * above, steep, left / np.maximum(inside, TINY))
    flat *= (edge[:, None] > ORDER) & (flat > NOTHING)
    flat[rows, edge] = left
    return np.asarray((edge + np.minimum(part, 1.0)) * WIDTH).reshape(spend.shape)


def first_density(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Cell masses of |Z| before anything was cut off."""
    edges = np.arange(CELLS + 1) * WIDTH
    mass = -2 * np.diff(special.ndtr(-edges))
    return np.broadcast_to(mass.astype(np.float32), (*shape, CELLS)).copy()


def discrete_line(
    information: ArrayLike, alpha: float, exponent: float = 1.5, spending: ArrayLike | None = None
) -> Floats:
    """Critical values for looks at given information only, nothing watched between them.

    Args:
        information: information fractions, rising, the last is 1.
        alpha: total two-sided error.
        exponent: error spent by s is ``alpha s^exponent``.
        spending: spending time at each look; the information fractions when None.

    >>> [round(float(z), 3) for z in discrete_line([0.1, 0.4, 1.0], 0.05)]  # spotify-confidence bounds()
    [3.159, 2.532, 2.035]
    """
    fractions = np.asarray(information, dtype=np.float64)
    s = fractions if spending is None else np.asarray(spending, dtype=np.float64)
    spent = alpha * np.minimum(s, 1.0) ** exponent
    mass = first_density((1,))
    lines = []
    for i, increment in enumerate(np.diff(spent, prepend=0.0)):
        if i:
            mass = mass @ kernel(float(fractions[i - 1] / fractions[i]))
        lines.append(cut(mass, np.array([increment]))[0])
    return np.array(lines)


def step_size(s: Floats) -> Floats:
    """Log information between two steps: coarse early, when hardly any error is spent."""
    return np.where(s < 0.02, 0.2, np.where(s < 0.1, 0.08, 0.03))


class Spending:
    """The state of the recursion for (experiments, treatments) lanes and a ladder of alphas.

    Args:
        shape: (experiments, treatments).
        levels: plan alphas of the ladder, falling.
        rule: constants of the decision rule.
    """

    def __init__(self, shape: tuple[int, int], levels: Floats, rule: Rule = RULE) -> None:
        self.rule = rule
        self.levels = levels
        self.mass = first_density((*shape, len(levels)))
        self.log_information = np.full(shape, -np.inf)
        self.s = np.zeros(shape)
        self.line = np.full((*shape, len(levels)), np.inf)
        self.due = np.full(shape, -np.inf)  # log information at which the next step is due
        self.slack = np.zeros(shape)  # how much earlier a sister's step may take this lane along
        self.hour = np.zeros(
            shape
        )  # clock hour of the last step, and how many hours had rows by then
        self.hours_seen = np.zeros(shape)
        self.over = np.zeros(shape, dtype=bool)

    def copy(self) -> Spending:
        """An independent state."""
        twin = Spending((0, 0), self.levels, self.rule)
        for name in (
            "mass",
            "log_information",
            "s",
            "line",
            "due",
            "slack",
            "hour",
            "hours_seen",
            "over",
        ):
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def step(
        self, log_information: Floats, s: Floats, usable: Bools, at: tuple[float, float] = (0, 0)
    ) -> bool:
        """Offer one row (the first of its hour) to every lane; True when any lane took a step.

        A lane steps when its own or a sister lane's information has grown enough, and at the planned end.
        ``at``: the clock hour of the row, and the number of hours with rows before it.
        """
        reached = usable & ~self.over & ((log_information >= self.due) | (s >= 1))
        if not reached.any():
            return False
        sister = reached.any(axis=1, keepdims=True) & (log_information >= self.due - self.slack)
        take = (reached | sister) & usable & ~self.over
        self._advance(take, log_information[take], np.minimum(s[take], 1.0), at)
        return True

    def close(self) -> bool:
        """After the final step of a lane the plan's part of the line is gone; True when that is new."""
        if not self.over.any():
            return False
        ending = self.over & np.isfinite(self.line[..., 0])
        self.line[ending] = np.inf
        return bool(ending.any())

    def waits_for(self) -> float:
        """Log information below which no lane has a step to take before the planned end."""
        return float(self.due.min(initial=np.inf, where=~self.over))

    def _advance(
        self, take: Bools, log_information: Floats, s: Floats, at: tuple[float, float]
    ) -> None:
        """Propagate, cut, and move the line of the lanes in ``take``.

        The shift pays for looks between two steps, so only for the hours in which there were rows: figures
        that come once a day pay for an hour of it.
        """
        mass, before, spent = self.mass[take], self.log_information[take], self.s[take]
        gain = log_information - before
        first = np.isinf(gain)
        units = np.where(first, 0.0, np.maximum(gain, 0.0)) / UNIT
        sizes = NEAREST[np.minimum(np.rint(units), MOST).astype(np.intp)]
        for size in sorted(set(sizes.tolist()) - {0}):
            rows = sizes == size
            some = mass[rows]
            mass[rows] = carry(some.reshape(-1, CELLS), size).reshape(some.shape)
        s = np.maximum(s, spent)
        increment = s**self.rule.exponent - spent**self.rule.exponent
        raw = cut(mass, increment[:, None] * self.levels)
        moved = np.where(first, log_information, before + UNIT * sizes)
        stride = step_size(s)
        self.mass[take], self.s[take], self.log_information[take] = mass, s, moved
        self.due[take], self.slack[take] = moved + stride, stride / 2
        apart = np.maximum(at[0] - self.hour[take], 1.0)
        watched = np.where(at[0] > 0, np.minimum((at[1] - self.hours_seen[take]) / apart, 1), 1)
        shift = self.rule.shift * np.sqrt(-np.expm1(-UNIT * sizes * watched))
        self.line[take] = raw + shift[:, None]
        self.hour[take], self.hours_seen[take] = at
        self.over[take] = s >= 1
