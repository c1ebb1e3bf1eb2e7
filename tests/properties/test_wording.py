"""Laws of the wording: signs, order and cleanliness hold for every input."""

import math
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from lib import wording

LANGS = st.sampled_from(wording.LANGS)
LIFTS = st.floats(-0.999, 20, allow_nan=False)


@given(LIFTS, LANGS, st.integers(0, 2))
def test_a_sign_is_never_wrong(lift, lang, digits):
    """Whatever is printed with a sign has the sign of the value."""
    shown = wording.signed_percent(lift, digits, lang=lang)
    assert not (shown.startswith("+") and lift <= 0)
    assert not (shown.startswith("−") and lift >= 0)
    assert shown.endswith(" %")


@given(st.floats(0, 1, allow_nan=False))
def test_evidence_reaches_95_exactly_at_the_line(x):
    """The printed evidence stands on the same side of 95 as the computed one."""
    assert (wording.evidence_value(x) >= 0.95) == (x >= 0.95)
    assert wording.evidence_value(x) < 1 or x == 1


@given(st.floats(0, 1e7), LANGS)
def test_durations_never_round_up(seconds, lang):
    """A duration printed with all its parts is never longer than the real one."""
    units = dict(zip(wording.tongues.tongue(lang).units, (86400, 3600, 60, 1), strict=True))
    words = wording.duration(seconds, lang=lang).replace(".", "").replace(",", "").split(" ")
    digits = ["".join(c for c in w if c.isdigit()) for w in words[::2]]
    said = sum(int(n) * units[u] for n, u in zip(digits, words[1::2], strict=True))
    assert said <= seconds < said + max(units[words[-1]], 1)


@given(st.text(max_size=300))
def test_names_are_clean_on_every_surface(text):
    """No control, private or invisible character and no second line is left; cleaning twice changes nothing."""
    bare = wording.bare_name(text)
    assert 0 < len(bare) <= 80
    assert not any(
        unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in bare
    )
    assert wording.bare_name(bare) == bare
    assert "<" not in wording.html_name(text)
    assert wording.csv_name(text)[0] not in "=+-@"


@given(st.floats(0.0, 1.0))
def test_odds_are_near_the_chance(chance):
    """Where odds are printed as such, they are within a quarter of the chance."""
    if 0.02 <= chance <= 0.95:
        k, n = wording.odds_value(chance)
        assert math.isclose(k / n, chance, rel_tol=0.25)
