"""The words: what every number, time and name looks like on the screen, in four languages."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lib import wording

AT = datetime(2026, 5, 3, 14, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.097994, "9.80 %"),
        (0.1, "10.0 %"),
        (0.00524, "0.524 %"),
        (0.5, "50.0 %"),
        (1, "100 %"),
        (0, "0 %"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_percent_shows_three_figures(value, shown):
    """A rate shows three significant figures; the unknown is a dash, never a zero."""
    assert wording.percent(value) == shown


def test_a_change_has_its_sign_and_never_rounds_to_nothing():
    """A change of 0.03 % is not shown as 0.0 %."""
    assert wording.signed_percent(0.0829) == "+8.3 %"
    assert wording.signed_percent(-0.031) == "−3.1 %"
    assert wording.signed_percent(-0.0003) == "−0.03 %"
    assert wording.signed_percent(0.0) == "0.0 %"


def test_each_language_has_its_signs():
    """German and Spanish swap point and comma, French groups with a narrow space, Spanish from 10,000."""
    assert [wording.signed_percent(0.0829, lang=x) for x in wording.LANGS] == [
        "+8.3 %",
        "+8,3 %",
        "+8,3 %",
        "+8,3 %",
    ]
    assert [wording.count(15148, lang=x) for x in wording.LANGS] == [
        "15,148",
        "15.148",
        "15\u202f148",
        "15.148",
    ]
    assert wording.count(4103, lang="es") == "4103"
    assert wording.percent(0.0868, lang="xx") == "8.68 %"


def test_points_are_not_percent():
    """A difference of rates says points and never prints a percent sign."""
    assert wording.points(-0.002006) == "−0.20 points"
    assert wording.points(0.0278, lang="de") == "+2,8 Prozentpunkte"
    assert "%" not in wording.points_between(0.001, 0.012)


def test_german_bounds_take_the_dative():
    """After "zwischen" and "über" points stand in the dative; the singular and other languages do not change."""
    assert wording.points_between(0.001, 0.012, lang="de").endswith("+1,2 Prozentpunkten")
    assert wording.points(0.012, lang="de", is_bound=True) == "+1,2 Prozentpunkten"
    assert wording.points(0.01, 0, lang="de", is_bound=True) == "+1 Prozentpunkt"
    assert wording.points(0.012, lang="fr", is_bound=True) == "+1,2 points"


def test_ranges():
    """Ranges name both ends, or the only end there is."""
    assert wording.between(0.019, 0.105) == "between +1.9 % and +10.5 %"
    assert wording.between(-1.0, 0.031) == "below +3.1 %"
    assert wording.between(-0.032, math.inf) == "above −3.2 %"
    assert wording.between(-1.0, math.inf) == "anything"
    assert wording.between(None, 0.1) == "–"
    assert wording.span(-0.14, 0.07) == "−14 % to +7 %"
    assert wording.between(0.019, 0.105, lang="fr") == "entre +1,9 % et +10,5 %"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.7812, "78 of 100"),
        (0.9497, "94.97 of 100"),
        (0.949999, "94.99 of 100"),
        (0.95, "95 of 100"),
        (0.99999, "99.99 of 100"),
        (0.0, "0 of 100"),
    ],
)
def test_evidence_is_never_rounded_over_the_line(value, shown):
    """95 is printed exactly when the line is reached, and 100 never."""
    assert wording.evidence(value) == shown


def test_digits_apart():
    """A share of 50.04 % beside planned 50 % gets the decimals that show the difference, up to four."""
    assert wording.digits_apart(0.5004, 0.5) == 2
    assert wording.digits_apart(0.512, 0.5) == 1
    assert wording.digits_apart(0.5, 0.5) == 4


def test_odds():
    """Chances are said in small whole numbers, and never as certain."""
    shown = [wording.odds(x) for x in (0.01, 0.13, 0.05, 0.31, 0.5, 0.8, 0.97)]
    assert shown == [
        "less than 1 in 50",
        "1 in 8",
        "1 in 20",
        "1 in 3",
        "1 in 2",
        "8 in 10",
        "more than 19 in 20",
    ]
    assert wording.odds(0.13, lang="es") == "1 de cada 8"


def test_p_values():
    """Small p-values keep two figures, tiny ones one, and none is ever zero."""
    shown = [wording.p(x) for x in (0.5, 0.0321, 0.00043, 4.3e-7, 1e-13, 0.0)]
    assert shown == ["0.50", "0.032", "0.00043", "4e-7", "< 1e-12", "< 1e-12"]


def test_durations_are_cut_off():
    """17 days and 19.99 hours are not 17 d 20 h."""
    assert wording.duration(17 * 86400 + 19 * 3600 + 3599) == "17 d 19 h"
    assert wording.duration(timedelta(minutes=40)) == "40 min"
    assert wording.duration(86400) == "1 d"
    assert wording.duration(-5) == "0 s"
    assert wording.duration(17 * 86400 + 19 * 3600, lang="fr") == "17 j 19 h"
    assert wording.age(6.9) == "6 s ago"
    assert wording.age(42 * 60 + 50, lang="de") == "vor 42 Min"


def test_days_to_go_are_a_range():
    """What is still to come is rounded up and says when it has no upper end."""
    assert wording.days_range(3.2, 8.1) == "4–9 days"
    assert wording.days_range(3.2, 3.9) == "4 days"
    assert wording.days_range(0.2, 0.4) == "1 day"
    assert wording.days_range(3.2, None) == "at least 4 days"


def test_moments_follow_zone_and_language():
    """A moment is told on the reader's clock, with the year only when it is another one."""
    berlin = ZoneInfo("Europe/Berlin")
    assert wording.moment(AT, berlin, now=AT) == "16:02"
    assert wording.moment(AT, berlin, now=AT + timedelta(days=2)) == "3 May, 16:02"
    assert wording.date(AT, lang="de") == "3. Mai 2026"
    assert wording.date(AT.replace(day=1), lang="fr", now=AT) == "1er mai"
    assert wording.date(AT, lang="es", now=AT) == "3 de mayo"
    assert wording.full_moment(AT, berlin) == "3 May 2026, 16:02 CEST (14:02 UTC)"
    assert wording.day_name(AT, lang="fr") == "dimanche"
    assert wording.clock(AT, seconds=True) == "14:02:09"
    with pytest.raises(ValueError, match="time zone"):
        wording.clock(AT.replace(tzinfo=None))


def test_means_keep_four_figures():
    """A mean shows four significant figures, an estimated count two."""
    assert wording.number(12.3456) == "12.35"
    assert wording.number(0.0431234, lang="de") == "0,04312"
    assert wording.about_count(11_830) == "12,000"


def test_precision_follows_the_interval():
    """An observed lift loses its decimals beside a very wide interval, an estimate beside one of 8 points."""
    assert wording.lift_digits(-0.1, 0.15) == 1
    assert wording.lift_digits(-0.3, 0.9) == 0
    assert wording.likely_digits(-0.01, 0.07) == 0
    assert wording.likely_digits(0.01, 0.05) == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "![x](https://evil.example/a.png)",
        "[click](javascript:alert(1))",
        "<img src=//evil.example/a>",
        "ht\u200btps://evil.example/a",
        "www.evil.example/a",
        "mail a@evil.example",
        "\\\\evil.example\\share //evil.example/x",
    ],
)
def test_addresses_do_not_survive(hostile):
    """No address is left in a name, however it is hidden, and no unescaped markup."""
    shown = wording.plain_name(hostile)
    assert "https:" not in shown
    assert "//" not in shown
    assert wording.names.ADDRESS.search(wording.bare_name(hostile)) is None
    bare = shown.replace("\\\\", "")
    for i, c in enumerate(bare):
        assert c not in "[]<>!*_`$~|" or bare[i - 1] == "\\"


def test_names_are_one_visible_line():
    """Control, invisible and direction characters vanish, marks do not pile up, the length is bounded."""
    assert wording.bare_name("a\u202eb\u200b\u2066c\n\nd\u3164\x07 e") == "abc d e"
    assert wording.bare_name("Z" + "\u0334" * 50) == "Z" + "\u0334" * 2
    assert len(wording.bare_name("x" * 500)) == 80
    assert wording.bare_name("x" * 500).endswith("…")
    assert wording.bare_name(" \u200b ") == "(no name)"


def test_each_surface_has_its_escape():
    """Labels, cells and prompts each get the same clean name in their own quoting."""
    assert wording.html_name("<b>$5 %{y}") == "&lt;b&gt;&#36;5 %&#123;y}"
    assert wording.csv_name("=SUM(A1)") == "'=SUM(A1)"
    assert wording.prompt_name('say "hi"') == '"say \\"hi\\""'
    assert wording.plain_name("A *b* #1") == "A \\*b\\* \\#1"
    assert wording.plain_name("שלום").startswith("\u2068")


def test_a_number_stays_with_its_unit():
    """Prose for a narrow card does not break between number and unit."""
    assert wording.unbreakable("+8.3 % and 4 days") == "+8.3\u00a0% and 4 days"
