"""Promises of forecast and what-if: the numbers of statistics.md section 8, and that both agree."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from lib.stats.belief import believe
from lib.stats.boundary import RULE, Rule
from lib.stats.forecast import chance_of_any, forecast, observed_range, visitors_per_day
from lib.stats.plan import POWER, PRICE_OF_LOOKING
from lib.stats.road import Road, called_by, miss_by_design, passage, roads_of
from lib.stats.series import series_of
from lib.stats.verdict import standing_calls
from lib.stats.whatif import what_if
from tests.builders import DAY, NOW, a_history, a_snapshot, a_view, an_experiment, views_by_state

FIXED = stats.norm.isf(0.025) + stats.norm.isf(
    0.2
)  # drift of a plan of n_fix at the planned effect


def ahead():
    view = views_by_state()["ahead"]
    return view.primary, view.forecast


# The rule of the specification and its printed line (statistics.md 5.3), for the numbers printed there.
PRINTED_RULE = Rule(plan_share=0.9, reserve_share=0.1, exponent=1.5, shift=0.5826)
PRINTED_U = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
PRINTED_Z = (
    4.814,
    4.574,
    4.326,
    3.971,
    3.683,
    3.368,
    3.168,
    3.019,
    2.897,
    2.793,
    2.702,
    2.621,
    2.548,
    2.480,
)


def printed_line(s, alpha):
    """The printed row of 0.045 without its continuity shift of 0.5826 / sqrt(2000)."""
    assert alpha == pytest.approx(0.045)
    return np.interp(np.log(s), np.log(PRINTED_U), PRINTED_Z) - 0.5826 / np.sqrt(2000 * s)


def printed(u, plan):
    """Chance to be called by u with a plan of ``plan`` times the size of a single look."""
    return called_by(u, FIXED * plan**0.5, 0.05, PRINTED_RULE, printed_line)


@pytest.mark.parametrize(("u", "chance"), [(0.25, 0.09), (0.5, 0.35), (0.75, 0.63), (1.0, 0.82)])
def test_called_by_a_quarter_of_the_plan(u, chance):
    """Plan of 1.25 n_fix: 9, 35, 63, 82 % called by 25, 50, 75, 100 % (statistics.md 8.2)."""
    assert printed(u, 1.25) == pytest.approx(chance, abs=0.005)


def test_mean_duration():
    """The same plan takes 0.79 n_fix on average."""
    u = np.linspace(0, 1, 201)
    called = [printed(x, 1.25) for x in u[1:]]
    assert 1.25 * (1 - np.trapezoid([0.0, *called], u)) == pytest.approx(0.79, abs=0.005)


def test_planned_sizes():
    """1.18 n_fix is called with 80 %, 1.56 n_fix with 90 % (statistics.md 8.1); ours pays 1.2 for 80 %."""
    assert printed(1, 1.18) == pytest.approx(0.80, abs=0.005)
    assert printed(1, 1.56) == pytest.approx(0.90, abs=0.005)
    assert called_by(1, FIXED * PRICE_OF_LOOKING**0.5, 0.05) == pytest.approx(POWER, abs=0.01)


def test_without_effect_the_plan_spends_its_error():
    """theta = 0: exactly the plan's share of alpha; an endless effect: always, without overflow."""
    assert called_by(1, 0.0, 0.05) == pytest.approx(RULE.plan_share * 0.05, abs=1e-6)
    assert called_by(1, 400.0, 0.05) == pytest.approx(1.0, abs=0.01)


def test_a_real_effect_not_called_at_half_time():
    """ "A real +10 % would not have been called yet in 65 % of such tests" (statistics.md 8.4)."""
    assert 1 - printed(0.5, 1.25) == pytest.approx(0.65, abs=0.01)
    road = a_road(w=0.0, u=0.5, e=0.5, unit=FIXED * 1.25**0.5 / 0.1)
    assert miss_by_design(road, 0.1) == pytest.approx(1 - called_by(0.5, FIXED * 1.25**0.5, 0.05))
    assert miss_by_design(replace(road, u=0.0), 0.1) == 1.0


def a_road(w=1.0, u=0.4, e=0.4, unit=31.0, mde=0.1):
    """A road whose u goes on at the planned pace: 14 days, 10,000 visitors an arm."""
    lift, variance = w / u / unit, 1 / u / unit**2
    return Road(
        treatment_key="t",
        w=w,
        u=u,
        e=e,
        unit=unit,
        belief=believe(lift, variance, mde),
        alpha=0.05,
        days=14.0,
        n=(10_000 * u, 10_000 * u),
        rate=(10_000 / 14, 10_000 / 14),
        h_star=5_000.0,
    )


def test_belief_is_that_of_8_3():
    """Weight, mean and variance in units of W as printed in the specification, tau = theta(mde)."""
    road = a_road(w=1.2, u=0.4, unit=31.0, mde=0.1)
    tau2 = (31.0 * 0.1) ** 2
    w = 1 / (1 + np.sqrt(1 + tau2 * 0.4) * np.exp(-(1.2**2) * tau2 / (2 * (1 + tau2 * 0.4))))
    assert road.belief.weight == pytest.approx(w)
    assert road.belief.mean * 31.0 == pytest.approx(1.2 / (0.4 + 1 / tau2))
    assert (road.belief.sd * 31.0) ** 2 == pytest.approx(1 / (0.4 + 1 / tau2))


@pytest.mark.parametrize("w", [0.0, 1.0, 1.6, -1.6])
def test_passage_agrees_with_simulated_paths(w):
    """8,000 paths in 500 steps with the line of the road: within 0.02 of the closed form."""
    road = a_road(w=w)
    rng = np.random.default_rng(3)
    n, steps = 8_000, 500
    left = (1 - road.e) * road.days
    days = np.linspace(0, left, steps + 1)[1:]
    clock = road.clock(days)
    dt = np.diff(clock, prepend=road.u)[:, None]
    effect = np.where(
        rng.random(n) < road.belief.weight, rng.normal(road.belief.mean, road.belief.sd, n), 0.0
    )
    walk = np.cumsum(
        effect * road.unit * dt + np.sqrt(dt) * rng.standard_normal((steps, n)), axis=0
    )
    # a path watched in steps meets the line later than a continuous one: Siegmund's 0.5826 sqrt(dt)
    line = road.line(days, is_open=True) - 0.5826 * np.sqrt(dt[:, 0])
    crossed = (np.abs(walk + w) >= line[:, None]).any(axis=0).mean()
    up, down = passage(road, days[[-1]])
    assert up[0] + down[0] == pytest.approx(crossed, abs=0.02)


def test_passage_is_symmetric_and_grows():
    """Turning the evidence round turns up and down round; more days never mean less chance."""
    days = np.linspace(0, 8.4, 20)[1:]
    up, down = passage(a_road(w=1.3), days)
    turned = passage(a_road(w=-1.3), days)
    assert np.allclose((up, down), turned[::-1], atol=1e-12)
    assert (np.diff(up + down) >= 0).all()


def test_beyond_the_plan_only_the_reserve_calls():
    """The chance goes on without a jump when the plan part ends, and grows slowly after it."""
    road = a_road(w=1.3)
    assert road.full_on == pytest.approx(8.4)
    up, down = passage(road, np.array([8.3, 8.4, 8.41, 15.0, 30.0]))
    total = up + down
    assert abs(total[2] - total[1]) < 0.002
    assert total[1] < total[3] < total[4] < 1


def test_fast_and_slow_traffic():
    """With ten times the traffic the calendar holds the plan part back; with a tenth the visitors do."""
    road = a_road()
    fast = replace(road, rate=(7_000.0, 7_000.0))
    slow = replace(road, rate=(70.0, 70.0))
    assert fast.full_on == pytest.approx(8.4)
    assert slow.full_on == pytest.approx(6_000 / 70)
    assert sum(passage(slow, np.array([8.4]))) < sum(passage(road, np.array([8.4])))
    assert sum(passage(fast, np.array([8.4]))) > sum(passage(road, np.array([8.4])))


def test_end_point_chance():
    """Observed at the end beyond +-x: the mixture's quantiles agree with scipy's normal integrals."""
    road = a_road(w=1.2)
    low, high = observed_range(road, 8.4)
    d = 0.6
    mean, var = 1.2 + road.belief.mean * road.unit * d, d + (road.belief.sd * road.unit * d) ** 2

    def below(x):
        with_effect = stats.norm.cdf(x, mean, var**0.5)
        return road.belief.weight * with_effect + (1 - road.belief.weight) * stats.norm.cdf(
            x, 1.2, d**0.5
        )

    assert below(low * road.unit) == pytest.approx(0.1, abs=1e-6)
    assert below(high * road.unit) == pytest.approx(0.9, abs=1e-6)


def test_chances_of_the_effect():
    """Chance of a positive and of a worthwhile lift: integrals of the belief by scipy's quadrature."""
    analysis, outlook = ahead()
    road = roads_of(analysis, 4_000.0)[0]
    belief = road.belief

    def density(x):
        return stats.norm.pdf(x, belief.mean, belief.sd)

    ahead_of = outlook.outlooks[0]
    assert ahead_of.chance_positive == pytest.approx(
        belief.weight * integrate.quad(density, 0, 1)[0]
    )
    assert ahead_of.chance_worth == pytest.approx(
        belief.weight * integrate.quad(density, 0.1, 1)[0]
    )


def test_any_of_two_correlated():
    """Between the larger single chance and independence; against 400,000 correlated normals."""
    p, load = [0.2, 0.3], [0.5**0.5, 0.5**0.5]
    joint = chance_of_any(p, load)
    normals = np.random.default_rng(1).multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 400_000)
    hit = (normals > stats.norm.isf(p)).any(axis=1).mean()
    assert joint == pytest.approx(hit, abs=0.003)
    assert 0.3 < joint < 1 - 0.8 * 0.7
    assert chance_of_any([], []) is None


def test_even_chance_comes_before_the_surer_one():
    """Days to even chance and to 80 %: in order, inside the plan, with their visitors."""
    view = a_view(an_experiment(days=5.0), ((10_700, 1_070), (10_700, 1_185)))
    outlook = view.forecast.outlooks[0]
    assert 0 < outlook.days_low < outlook.days_high <= view.forecast.days_left + 1e-9
    assert outlook.n_low == pytest.approx(outlook.days_low * view.forecast.n_per_day)


def test_days_count_from_now_not_from_the_data():
    """Data two days old: the same crossing lies two days nearer."""
    view = a_view(an_experiment(days=5.0), ((10_700, 1_070), (10_700, 1_185)))
    later = forecast(view.primary, n_per_day=view.forecast.n_per_day, server_now=NOW + 0.5 * DAY)
    fresh, old = view.forecast.outlooks[0], later.outlooks[0]
    assert old.days_low == pytest.approx(fresh.days_low - 0.5)
    assert old.chance == fresh.chance
    assert later.days_left == pytest.approx(view.forecast.days_left - 0.5)


def test_no_forecast_has_a_reason():
    """Stopped, unplanned, too little, no traffic: four reasons, no number."""
    views = views_by_state()
    reasons = {
        name: forecast(views[name].primary, n_per_day=100.0, server_now=NOW).because
        for name in ("ended", "no_plan", "too_early")
    }
    assert reasons == {"ended": "ended", "no_plan": "no plan", "too_early": "too little data"}
    assert forecast(ahead()[0], n_per_day=None, server_now=NOW).because == "no traffic figure"


def test_without_visitors_nothing_will_be_called():
    """Zero visitors a day: chance 0, no days."""
    outlook = forecast(ahead()[0], n_per_day=0.0, server_now=NOW)
    assert (outlook.chance, outlook.outlooks[0].days_low) == (0.0, None)


def test_called_is_called():
    """After a call the chance is 1, nothing is missing any more."""
    view = views_by_state()["ready_loser"]
    outlook = view.forecast.outlooks[0]
    assert (outlook.chance, outlook.chance_winner, outlook.chance_loser) == (1.0, 0.0, 1.0)
    assert (outlook.days_low, outlook.n_high) == (0.0, 0.0)


def test_one_call_leaves_more_error_to_the_others():
    """Holm: with one of two treatments called the other one is forecast at the whole alpha."""
    view = views_by_state()["three_arms"]
    assert [c.treatment_key for c in standing_calls(view.primary.calls)] == ["blue"]
    assert roads_of(view.primary, 1_000.0)[1].alpha == pytest.approx(0.05)
    assert roads_of(views_by_state()["three_arms_open"].primary, 1.0)[1].alpha == pytest.approx(
        0.025
    )


def test_overtime_speaks_of_one_more_plan():
    """After the planned end the chance is that of the reserve within another 14 days."""
    view = views_by_state()["planned_end_no_call"]
    assert view.forecast.days_left == 0.0
    assert view.forecast.until == NOW + 14 * DAY
    assert view.forecast.chance < 0.02


def test_goal_down_swaps_winner_and_loser():
    """A fall is the win; positive stays positive."""
    from lib.experiments.model import Goal
    from tests.builders import a_metric

    down = an_experiment(days=6.0, metrics=(a_metric(goal=Goal.DOWN),))
    up = ahead()[1].outlooks[0]
    turned = a_view(down, ((12_000, 1_200), (12_000, 1_280))).forecast.outlooks[0]
    assert (turned.chance_winner, turned.chance_loser) == (up.chance_loser, up.chance_winner)
    assert turned.chance_positive == up.chance_positive


def test_visitors_of_the_last_week():
    """1,000 a day for ten days, then 3,000 a day for seven: 3,000, not the mean of all."""
    experiment = an_experiment(days=17)
    slow = a_history(experiment, ((5_000, 500), (5_000, 500)), as_of=NOW - 7 * DAY, rows=10)
    fast = [
        a_snapshot(experiment, ((n, 500), (n, 500)), as_of=NOW - (7 - day) * DAY)
        for day, n in enumerate(range(6_500, 17_000, 1_500), start=1)
    ]
    series = series_of([*slow, *fast], experiment.variants)
    assert visitors_per_day(series, NOW) == pytest.approx(3_000)
    assert visitors_per_day(series, NOW - 7 * DAY, experiment.started_at) == pytest.approx(1_000)
    assert visitors_per_day(series, NOW - 30 * DAY) is None


def test_what_if_agrees_with_the_forecast():
    """The row of the planned end says what the forecast says, to the last digit."""
    analysis, outlook = ahead()
    table = what_if(analysis, n_per_day=outlook.n_per_day, stops_days=(0, 3, 7))
    assert [row.label for row in table.scenarios] == ["now", "later", "later", "planned_end"]
    end = table.scenarios[-1]
    assert end.chance_better == pytest.approx(outlook.outlooks[0].chance_winner, abs=1e-6)
    assert (end.likely_low, end.likely_high) == (
        outlook.outlooks[0].likely_low,
        outlook.outlooks[0].likely_high,
    )


def test_what_if_now():
    """Stop now: nothing called, the lift as it is, the price of shipping the arm in front."""
    analysis, outlook = ahead()
    now = what_if(analysis, n_per_day=outlook.n_per_day).scenarios[0]
    assert (now.chance_better, now.chance_worse, now.chance_open) == (0.0, 0.0, 1.0)
    assert now.likely_low == pytest.approx(analysis.comparisons[0].lift)
    belief = roads_of(analysis, 1.0)[0].belief
    worse = belief.weight * stats.norm.cdf(0, belief.mean, belief.sd)
    assert now.chance_ship_worse == pytest.approx(worse, abs=1e-6)
    lost = integrate.quad(lambda x: -x * stats.norm.pdf(x, belief.mean, belief.sd), -1, 0)[0]
    assert now.loss_ship == pytest.approx(belief.weight * lost, rel=1e-4)
    assert now.loss_keep == 0.0


def test_waiting_makes_deciding_cheaper():
    """The later the decision, the smaller the chance to take the worse arm and the sum of both losses."""
    analysis, outlook = ahead()
    rows = what_if(analysis, n_per_day=outlook.n_per_day, stops_days=(0, 1, 3, 7, 20)).scenarios[
        :-1
    ]
    wrong = [row.chance_ship_worse for row in rows]
    price = [row.loss_ship + row.loss_keep for row in rows]
    assert wrong == sorted(wrong, reverse=True)
    assert price == sorted(price, reverse=True)


def test_other_traffic_effect_and_threshold():
    """More visitors and a softer threshold raise the chance; a smaller mde changes what is believed."""
    analysis, outlook = ahead()

    def chance(**changes):
        table = what_if(analysis, n_per_day=outlook.n_per_day, **changes)
        return table.scenarios[-1].chance_better

    assert chance(traffic=2.0) > chance() > chance(traffic=0.5)
    assert chance(alpha=0.1) > chance() > chance(alpha=0.01)
    table = what_if(analysis, n_per_day=100.0, mde=0.02)
    assert (table.mde, table.missed) != (0.1, what_if(analysis, n_per_day=100.0).missed)


@pytest.mark.parametrize("traffic", [0.0, -1.0, float("nan"), float("inf")])
def test_nonsense_traffic_has_no_table(traffic):
    """No factor, no table."""
    assert what_if(ahead()[0], n_per_day=100.0, traffic=traffic) is None


def test_no_table_without_forecast():
    """Ended, blocked, or an arm that is not there."""
    assert what_if(views_by_state()["ended"].primary, n_per_day=100.0) is None
    assert what_if(ahead()[0], n_per_day=None) is None
    assert what_if(ahead()[0], n_per_day=100.0, treatment_key="nobody") is None
