"""Every public vector, made by an independent package, at its stated tolerance."""

import json
from pathlib import Path

import numpy as np
import pytest

from lib.experiments.model import MetricKind
from lib.stats import balance, bayes, intervals, mean, multiple, power, proportion, sequential
from lib.stats.boundary import mixture_line, mixture_log_e, mixture_rho
from lib.stats.compare import FIELDS, METHODS, Arms
from lib.stats.cuped import adjusted_moments, pooled_theta
from lib.stats.ratio import ratio_of
from lib.stats.spending import discrete_line

PATH = Path(__file__).parents[2] / "fixtures" / "stats-vectors.json"
VECTORS = json.loads(PATH.read_text())["vectors"]


def arm(given, kind):
    """Size, value and variance of one arm; a rate's variance is p(1-p)."""
    n = given["n"]
    if kind == "proportion":
        p = given["conversions"] / n if n else float("nan")
        return p, p * (1 - p), n
    if kind == "ratio":
        names = ("n", "num_sum", "num_sum_squares", "den_sum", "den_sum_squares", "cross_sum")
        value, variance = ratio_of(*[given[name] for name in names])
        return value, variance, n
    variance = mean.variance_of(n, given["sum"], given["sum_squares"])
    return given["sum"] / n if n else float("nan"), variance, n


def moments(i):
    return (*arm(i["control"], i["kind"]), *arm(i["treatment"], i["kind"]))


def counts(i):
    c, t = i["control"], i["treatment"]
    return c["conversions"], c["n"], t["conversions"], t["n"]


def relative(i):
    lift, error, low, high, p = mean.welch_lift(*moments(i), i.get("alpha", 0.05))
    return {"estimate": lift, "interval": [low, high], "p_value": p, "standard_error": error}


def absolute(i):
    d, error, low, high, p = mean.welch_absolute(*moments(i))
    return {"estimate": d, "interval": [low, high], "p_value": p, "standard_error": error}


def sequence(i, shown):
    n = i["control"]["n"] + i["treatment"]["n"]
    out = shown(i)
    low, high, p = sequential.confidence_sequence(
        out["estimate"], out["standard_error"], n, i.get("tuning_n_star", 5000)
    )
    return {**out, "interval": [low, high], "p_value": p}


def gaussian(i):
    lift, variance = bayes.lift_variance(*moments(i))
    p = bayes.posterior(lift, variance, i.get("prior_sd", np.inf), i.get("prior_mean", 0.0))
    return {
        "chance_to_win": p.chance_to_win,
        "posterior_mean": p.mean,
        "posterior_sd": p.sd,
        "credible_interval": [p.low, p.high],
        "expected_loss_if_control_kept": p.loss_keep,
        "expected_loss_if_treatment_shipped": p.loss_ship,
    }


def posthog(i):
    p, flag = bayes.posthog_chance(*moments(i))
    names = ("chance_to_win", "expected_loss_if_control_kept", "expected_loss_if_treatment_shipped")
    out = dict(zip(names, (p.chance_to_win, p.loss_keep, p.loss_ship), strict=True))
    return {**out, "credible_interval": [p.low, p.high], "decisive": flag}


def exact(i):
    # the reference integrated the chance over 14 sd around the treatment's mean; see test_exact_chance
    out = bayes.exact_rates(
        *counts(i), prior=(i["prior_alpha"], i["prior_beta"]), chance_within_sd=14.0000000001
    )
    names = (
        "chance_to_win",
        "expected_loss_if_treatment_shipped_absolute",
        "expected_loss_if_control_kept_absolute",
    )
    return None if out is None else dict(zip(names, out, strict=True))


def cuped(i):
    names = ("n", "post_sum", "post_sum_squares", "pre_sum", "pre_sum_squares", "cross_sum")
    arms = [np.array([i[a][name] for a in ("control", "treatment")], dtype=float) for name in names]
    theta, _ = pooled_theta(*arms)
    n = arms[0]
    is_rate = bool((arms[1] == arms[2]).all())
    m, s2, _ = adjusted_moments(n, tuple(arms[1:]), theta, is_rate=is_rate)
    d, error, low, high, p = mean.welch_absolute(m[0], s2[0], n[0], m[1], s2[1], n[1])
    return {
        "theta": theta,
        "estimate": d,
        "interval": [low, high],
        "p_value": p,
        "standard_error": error,
    }


def conversions(i):
    x_c, _, x_t, _ = counts(i)
    log_e = sequential.conversions_log_e(x_c, x_t, i["allocation_to_treatment"], i["concentration"])
    return evidence(log_e)


def evidence(log_e):
    return {
        "log_e": log_e,
        "p_value": balance.log_evidence_to_p(log_e),
        "e_from_package": np.exp(log_e),
    }


def mixture(i):
    rho = mixture_rho(i["tuned_at_fraction"], i["tuned_for_alpha"])
    u = i["information_fraction"]
    out = evidence(mixture_log_e(i["z"], u, rho))
    lines = {f"z_critical_alpha_{a}": mixture_line(u, a, rho) for a in (0.05, 0.005)}
    return {**out, **lines}


def t_mixture(i):
    out = evidence(sequential.t_mixture_log_e(i["t"], i["df"], i["n"], i["g"]))
    return {**out, "t_critical_alpha_0.05": sequential.t_mixture_line(i["df"], i["n"], i["g"])}


def adjusted(i, method):
    p = method(i["p_values"])
    return {"adjusted": list(p), "reject": [bool(v <= i["alpha"]) for v in p]}


def more_visitors(i):
    out = relative(i)
    n = i["control"]["n"] + i["treatment"]["n"]
    more, now = power.more_visitors_for_power(
        n,
        float(out["standard_error"]),
        i["target_relative_lift"],
        power=i["target_power"],
        tuned_at=i["tuning_n_star"] if i["sequential"] else None,
    )
    return {"additional_users_both_arms": more, "power_now": now}


def discrete(i):
    looks = i.get("equal_looks")
    fractions = i.get("information_fractions") or np.arange(1, looks + 1) / looks
    z = discrete_line(fractions, i["alpha"], i["spending_exponent"])
    return {"z_critical": list(z if looks is None else z[np.array(i["report_looks"]) - 1])}


def missing_control(i):
    nothing = np.full(1, np.nan)
    there = np.array([float(i["arms"]["test"]["n"])])
    arms = [
        Arms(**{k: v if k in {"n", "total", "total_sq"} else None for k in FIELDS})
        for v in (nothing, there)
    ]
    compared = METHODS[MetricKind.FUNNEL](*arms)
    return {"z": compared.z, "lift": compared.lift, "interval": list(compared.relative())}


def pair(ends):
    return {"interval": list(ends)}


def chi(i):
    chi2, p = balance.chi_square(i["observed"], i["weights"])
    return {"chi2": chi2, "p_value": p}


def unpooled(i):
    d, low, high, p = proportion.unpooled_difference(*counts(i))
    return {"difference": d, "interval": [low, high], "p_value": p}


def fieller(i):
    m_c, s2_c, n_c, m_t, s2_t, n_t = moments(i)
    return pair(intervals.fieller(m_c, s2_c / n_c, m_t, s2_t / n_t, i["critical_value"]))


METHOD = {
    "fixed_welch_t_relative_delta": relative,
    "fixed_welch_t_absolute_delta": absolute,
    "asymptotic_confidence_sequence_relative": lambda i: sequence(i, relative),
    "asymptotic_confidence_sequence_absolute": lambda i: sequence(i, absolute),
    "bayes_gaussian_relative_flat_prior": gaussian,
    "bayes_gaussian_relative_normal_prior": gaussian,
    "fixed_ratio_metric_relative": relative,
    "fixed_ratio_metric_absolute": absolute,
    "cuped_absolute": cuped,
    "srm_chi_square": chi,
    "srm_chi_square_scipy": chi,
    "fixed_pooled_z": lambda i: dict(
        zip(("z", "p_value"), proportion.pooled_z(*counts(i)), strict=True)
    ),
    "fixed_difference_newcombe": lambda i: pair(intervals.newcombe(*counts(i))),
    "fixed_difference_score": lambda i: pair(
        intervals.score_difference(*counts(i), as_statsmodels=True)
    ),
    "fixed_relative_lift_score": lambda i: pair(intervals.score_lift(*counts(i))),
    "fixed_relative_lift_log": lambda i: pair(intervals.log_lift(*counts(i))),
    "one_arm_wilson": lambda i: pair(intervals.wilson(i["conversions"], i["n"])),
    "bayes_beta_binomial_exact": exact,
    "posthog_bayesian_relative": posthog,
    "conversions_only_exact_e_process": conversions,
    "t_to_z": lambda i: {"z_with_same_two_sided_p": mean.t_to_z(i["t"], i["df"])},
    "fieller_relative_lift": fieller,
    "fixed_welch_t": lambda i: dict(
        zip(("t", "df", "p_value"), mean.welch(*moments(i)), strict=True)
    ),
    "normal_mixture_e_process": mixture,
    "t_mixture_e_value": t_mixture,
    "srm_sequential_multinomial": lambda i: evidence(
        balance.log_e_split(i["observed"], i["weights"], i["concentration"])
    ),
    "multiple_holm": lambda i: adjusted(i, multiple.holm),
    "multiple_bonferroni": lambda i: adjusted(i, multiple.bonferroni),
    "multiple_fdr_bh": lambda i: adjusted(i, multiple.benjamini_hochberg),
    "dunnett_critical_value": lambda i: {
        "z_critical": multiple.dunnett_critical(i["treatments"], i["alpha"])
    },
    "fixed_sample_size": lambda i: {
        "n_per_arm": power.fixed_size(i["baseline"], i["relative_lift"], i["alpha"], i["power"])
    },
    "fixed_power": lambda i: {
        "power": power.fixed_power(i["baseline"], i["relative_lift"], i["n_per_arm"], i["alpha"])
    },
    "predictive_probability_end_point": lambda i: {
        "probability": power.end_point_chance(
            i["w_now"],
            i["t_now"],
            i["t_future"],
            i["prior_sd_of_drift"],
            i["z_critical_at_t_future"],
        )
    },
    "additional_visitors_for_power": more_visitors,
    "spending_boundary_discrete_looks": discrete,
    "fixed_z_unpooled_difference": unpooled,
    "missing_control": missing_control,
}


def test_all_are_there():
    """The file holds the 299 vectors, and every method has its function."""
    assert len(VECTORS) == 299
    assert {v["method"] for v in VECTORS} == set(METHOD)


def matches(got, expected, tolerance):
    if isinstance(expected, list):
        assert len(got) == len(expected)
        for g, e in zip(got, expected, strict=True):
            matches(g, e, tolerance)
    elif expected is None:
        assert not np.isfinite(got)
    else:
        assert abs(float(got) - float(expected)) <= tolerance * max(abs(float(expected)), 1e-9)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_vector(vector):
    """The independent package's numbers, or no number where it has none."""
    got = METHOD[vector["method"]](vector["inputs"])
    expected = vector["expected"]
    if expected.get("available") is False:
        # no number anywhere: every answer is the marker for "none", which no caller shows
        flat = np.hstack([np.ravel(np.asarray(v, dtype=float)) for v in (got or {}).values()])
        assert np.isnan(flat).all()
        return
    for name, value in expected.items():
        if name in {"p_value", "e_from_package"} and isinstance(value, float) and value < 1e-12:
            assert float(got[name]) < 1e-12
        else:
            matches(got[name], value, vector["rel_tol"])
