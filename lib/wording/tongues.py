"""The four languages as tables: signs, separators, names of days and months. Read by ``lib.wording`` only.

No sentence stands here: sentences are written in ``lib.commentary``. An unknown language is read as English.
"""

from __future__ import annotations

from dataclasses import dataclass

LANGS = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How one language writes numbers and times; patterns are ``str.format`` patterns.

    Args:
        group_from: smallest whole number that gets group separators.
        units: short words for days, hours, minutes, seconds.
        day: the word for one day and for several.
        date: pattern of ``{d}``, ``{month}``; ``year`` puts ``{y}`` behind it.
        ordinal_first: how the first of a month is written.
        points_after: the plural of ``point`` after "between", "above" and "below" where it differs.
    """

    decimal: str
    group: str
    group_from: int
    between: str
    to: str
    below: str
    above: str
    anything: str
    point: tuple[str, str]
    of_100: str
    odds: str
    odds_below: str
    odds_above: str
    ago: str
    units: tuple[str, str, str, str]
    day: tuple[str, str]
    at_least: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    date: str
    year: str
    ordinal_first: str = "1"
    points_after: str = ""


TONGUES = {
    "en": Tongue(
        decimal=".",
        group=",",
        group_from=1_000,
        between="between {low} and {high}",
        to="{low} to {high}",
        below="below {end}",
        above="above {end}",
        anything="anything",
        point=("point", "points"),
        of_100="{value} of 100",
        odds="{k} in {n}",
        odds_below="less than {odds}",
        odds_above="more than {odds}",
        ago="{age} ago",
        units=("d", "h", "min", "s"),
        day=("day", "days"),
        at_least="at least {value}",
        months=(
            *("January", "February", "March", "April", "May", "June", "July"),
            *("August", "September", "October", "November", "December"),
        ),
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        date="{d} {month}",
        year="{date} {y}",
    ),
    "de": Tongue(
        decimal=",",
        group=".",
        group_from=1_000,
        between="zwischen {low} und {high}",
        to="{low} bis {high}",
        below="unter {end}",
        above="über {end}",
        anything="alles",
        point=("Prozentpunkt", "Prozentpunkte"),
        points_after="Prozentpunkten",
        of_100="{value} von 100",
        odds="{k} von {n}",
        odds_below="weniger als {odds}",
        odds_above="mehr als {odds}",
        ago="vor {age}",
        units=("T", "Std", "Min", "s"),
        day=("Tag", "Tage"),
        at_least="mindestens {value}",
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
            *("August", "September", "Oktober", "November", "Dezember"),
        ),
        weekdays=(
            *("Montag", "Dienstag", "Mittwoch", "Donnerstag"),
            *("Freitag", "Samstag", "Sonntag"),
        ),
        date="{d}. {month}",
        year="{date} {y}",
    ),
    "fr": Tongue(
        decimal=",",
        group="\u202f",
        group_from=1_000,
        between="entre {low} et {high}",
        to="{low} à {high}",
        below="moins de {end}",
        above="plus de {end}",
        anything="tout",
        point=("point", "points"),
        of_100="{value} sur 100",
        odds="{k} sur {n}",
        odds_below="moins de {odds}",
        odds_above="plus de {odds}",
        ago="il y a {age}",
        units=("j", "h", "min", "s"),
        day=("jour", "jours"),
        at_least="au moins {value}",
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
            *("août", "septembre", "octobre", "novembre", "décembre"),
        ),
        weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        date="{d} {month}",
        year="{date} {y}",
        ordinal_first="1er",
    ),
    "es": Tongue(
        decimal=",",
        group=".",
        group_from=10_000,
        between="entre {low} y {high}",
        to="{low} a {high}",
        below="menos de {end}",
        above="más de {end}",
        anything="cualquier valor",
        point=("punto", "puntos"),
        of_100="{value} de 100",
        odds="{k} de cada {n}",
        odds_below="menos de {odds}",
        odds_above="más de {odds}",
        ago="hace {age}",
        units=("d", "h", "min", "s"),
        day=("día", "días"),
        at_least="al menos {value}",
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio"),
            *("agosto", "septiembre", "octubre", "noviembre", "diciembre"),
        ),
        weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        date="{d} de {month}",
        year="{date} de {y}",
    ),
}


def tongue(lang: str) -> Tongue:
    """The table of a language; ``de-AT`` is read as ``de``, anything unknown as English."""
    return TONGUES.get(lang[:2].lower(), TONGUES["en"])
