"""The promise itself, small: experiments without an effect are hardly ever called, however they run.

The full table is ``tests.bench.false_calls``; this is the same code with fewer experiments and a binomial bound.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.bench.detection import detection
from tests.bench.false_calls import CLOCKS, LATE, MEANS, SEVERAL, UNEVEN, false_calls
from tests.bench.simulate import Scenario, draw, judge

COUNT = 300
# 5 % of 300 is 15; more than 31 happen once in ten thousand tries when the promise holds
BOUND = int(stats.binom.isf(1e-4, COUNT, 0.05))
ROWS = [
    CLOCKS[0],
    CLOCKS[1],
    CLOCKS[2],
    CLOCKS[8],
    LATE[3],
    UNEVEN[2],
    SEVERAL[1],
    MEANS[1],
    MEANS[5],
]


@pytest.mark.parametrize("scenario", ROWS, ids=lambda s: s.name)
def test_hardly_ever_called(scenario):
    """At most 5 % of effect-free experiments are ever called, give or take chance."""
    share, count = false_calls(replace(scenario, looks=504), COUNT, check=1)
    assert share * count <= BOUND


def test_the_planned_effect_is_found():
    """At 1.25 times the single-look size the planned effect is called about four times in five, and early."""
    called, visitors, _ = detection(0.3, 0.1, 300)
    # 0.82 +- 0.022 and 0.775 +- 0.02 in theory; four standard errors
    assert called > 0.73
    assert visitors < 0.86


def test_the_interval_holds_the_truth_at_every_look():
    """The always-valid interval misses the true lift at some look in at most 5 % of experiments."""
    scenario = Scenario(name="interval", rate=0.05, lift=0.1, visitors=20_000, looks=504)
    drawn = draw(scenario, COUNT, np.random.default_rng(3))
    compared, _, looks, course = judge(scenario, drawn)
    low, high = compared.relative(course.z_crit)
    out = ((low > 0.1) | (high < 0.1)) & looks.counts
    assert out.any(axis=0).sum() <= BOUND
