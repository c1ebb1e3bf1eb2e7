"""A book of facts in the making: one method a unit, each puts the words, definition and as-of on.

Used by ``sheet``, ``timing``, ``outlooks`` and the copilot's tools. It decides how a unit is shown, never
what a value is. What each fact was computed from is told when the book is closed, by ``grounds``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from lib import wording
from lib.commentary.grounds import Grounds
from lib.commentary.words import definition
from lib.experiments.facts import Fact, FactRole, Unit
from lib.experiments.model import Experiment, Goal
from lib.stats.results import Analysis

DAY_S = 86_400.0


class Ledger:
    """Facts of one experiment, in the order they were written. NaN is left out: it is no fact."""

    def __init__(
        self,
        experiment: Experiment,
        *,
        lang: str,
        zone: tzinfo,
        prefix: str,
        server_now: datetime,
        around: Mapping[str, Fact] | None = None,
    ) -> None:
        """Open a book; ``around`` are facts written before, on which its own may rest."""
        self.experiment = experiment
        self.lang = lang
        self.zone = zone
        self.server_now = server_now
        self._base = self._prefix = prefix
        self._metric_id = ""
        self._better = 0
        self._as_of: datetime | None = None
        self._drafts: dict[str, dict[str, Any]] = {}
        self._where: dict[str, str] = {}
        self._told = {fact.id: fact.shown for fact in (around or {}).values()}
        self._introduce()

    def _introduce(self) -> None:
        """The names of the arms and the clock, for the inputs of facts."""
        arms = [wording.bare_name(v.name or v.key) for v in self.experiment.variants]
        for place, name in enumerate(arms):
            self.mention(f"arm.{place}", name)
            if len(arms) > 2:
                self.mention(f"rival.{place}", name)
        if len(arms) > 2:
            self.mention("rivals", wording.count(len(arms) - 1, lang=self.lang))
        self.mention("now", self.when(self.server_now))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What was written so far, each fact with what it rests on."""
        shown = {**self._told, **{key: draft["shown"] for key, draft in self._drafts.items()}}
        grounds = Grounds(self.lang, shown, len(self.experiment.variants))
        made = []
        for key, draft in self._drafts.items():
            prefix = self._where[key]
            where = tuple(dict.fromkeys((prefix, self._base, "")))
            made.append(Fact(inputs=grounds.of(key[len(prefix) :], where), **draft))
        return tuple(made)

    def mention(self, stem: str, shown: str) -> None:
        """Words that inputs may tell although they are no fact: a name, a sum, where a plan comes from."""
        self._told[self._prefix + stem] = shown

    def when(self, at: datetime) -> str:
        """A moment as facts tell it: date and clock time, with the zone."""
        zone = at.astimezone(self.zone).tzname() or ""
        said = wording.moment(at, self.zone, lang=self.lang, now=self.server_now)
        return f"{said} {zone}".strip()

    def turn_to(self, analysis: Analysis, prefix: str) -> None:
        """From here on facts belong to this metric and its moment."""
        self._prefix = self._base + prefix
        self._metric_id = analysis.metric.id
        self._better = 1 if analysis.metric.goal is Goal.UP else -1
        self._as_of = analysis.snapshot.as_of
        self.mention("until", self.when(self._as_of))

    def write(
        self,
        stem: str,
        value: float,
        unit: Unit,
        *,
        topic: str,
        shown: str,
        subject: str | None = None,
        role: FactRole = FactRole.VALUE,
        as_of: datetime | None = None,
    ) -> None:
        """Enter one fact; a value that is not a number is no fact."""
        if not math.isfinite(value):
            return
        key = self._prefix + stem
        self._where[key] = self._prefix
        self._drafts[key] = {
            "id": key,
            "value": value,
            "unit": unit,
            "topic": topic,
            "subject": subject,
            "shown": shown,
            "role": role,
            "definition": definition(stem.partition(".")[0], self.lang),
            "as_of": as_of or self._as_of,
            "metric_id": self._metric_id,
            "experiment_id": self.experiment.id,
            "better": self._better,
        }

    def count(
        self,
        stem: str,
        value: float,
        topic: str,
        subject: str | None = None,
        *,
        role: FactRole = FactRole.VALUE,
        about: bool = False,
    ) -> None:
        """People or events; ``about`` rounds an estimate to two figures."""
        if not math.isfinite(value):
            return
        words = wording.about_count if about else wording.count
        shown = words(value, lang=self.lang)
        self.write(
            stem,
            value,
            Unit.COUNT,
            topic=topic,
            subject=subject,
            shown=shown,
            role=role,
        )

    def rate(
        self,
        stem: str,
        value: float,
        topic: str,
        subject: str | None = None,
        *,
        digits: int | None = None,
        shown: str = "",
        role: FactRole = FactRole.VALUE,
    ) -> None:
        """A share or a chance, 0..1."""
        words = shown or wording.percent(value, digits, lang=self.lang)
        self.write(
            stem,
            value,
            Unit.RATE,
            topic=topic,
            subject=subject,
            shown=words,
            role=role,
        )

    def lift(
        self,
        stem: str,
        value: float,
        topic: str,
        subject: str | None,
        *,
        digits: int = 1,
        shown: str = "",
        role: FactRole = FactRole.VALUE,
        as_of: datetime | None = None,
    ) -> None:
        """A change relative to the baseline, a fraction."""
        words = shown or wording.signed_percent(value, digits, lang=self.lang)
        self.write(
            stem,
            value,
            Unit.LIFT,
            topic=topic,
            subject=subject,
            shown=words,
            role=role,
            as_of=as_of,
        )

    def points(
        self,
        stem: str,
        value: float,
        topic: str,
        subject: str | None = None,
        digits: int | None = None,
        *,
        role: FactRole = FactRole.VALUE,
    ) -> None:
        """A difference of two rates, a fraction."""
        is_bound = role is FactRole.BOUND
        words = wording.points(value, digits, lang=self.lang, is_bound=is_bound)
        if role is FactRole.DIFF:
            words = words.lstrip("+\u2212")
        self.write(
            stem,
            value,
            Unit.POINTS,
            topic=topic,
            subject=subject,
            shown=words,
            role=role,
        )

    def number(
        self,
        stem: str,
        value: float,
        topic: str,
        subject: str | None = None,
        *,
        shown: str = "",
        role: FactRole = FactRole.VALUE,
    ) -> None:
        """A mean, a sum or a plain number."""
        words = shown or wording.number(value, lang=self.lang)
        self.write(
            stem,
            value,
            Unit.NUMBER,
            topic=topic,
            subject=subject,
            shown=words,
            role=role,
        )

    def p(self, stem: str, value: float, topic: str, subject: str | None = None) -> None:
        """A p-value."""
        words = wording.p(value, lang=self.lang)
        self.write(stem, value, Unit.P, topic=topic, subject=subject, shown=words)

    def evidence(self, stem: str, value: float, subject: str, *, topic: str = "evidence") -> None:
        """Evidence of an arm; the value is the shown one, so that 94.97 is never read as 95."""
        if math.isfinite(value):
            shown = wording.evidence_value(value)
            self.write(
                stem,
                shown,
                Unit.RATE,
                topic=topic,
                subject=subject,
                shown=self.evidence_words(value),
            )

    def evidence_words(self, value: float) -> str:
        """Evidence in the one dialect: ``78 of 100``."""
        return wording.evidence(value, lang=self.lang)

    def odds_words(self, chance: float) -> str:
        """A chance as ``1 in 8``."""
        return wording.odds(chance, lang=self.lang)

    def chance(
        self, stem: str, value: float | None, topic: str, subject: str | None = None
    ) -> None:
        """A chance, shown as odds."""
        if value is not None and math.isfinite(value):
            self.rate(stem, value, topic, subject, shown=self.odds_words(value))

    def span(self, stem: str, value: timedelta, topic: str) -> None:
        """A length of time, shown as ``17 d 19 h``; the value is in days."""
        shown = wording.duration(value, lang=self.lang)
        self.write(
            stem, value.total_seconds() / DAY_S, Unit.DAYS, topic=topic, subject=None, shown=shown
        )

    def days(
        self,
        stem: str,
        value: float | None,
        topic: str,
        subject: str | None = None,
        *,
        role: FactRole = FactRole.VALUE,
    ) -> None:
        """Whole days; the value is the shown one."""
        if value is not None and math.isfinite(value):
            shown = wording.days(value, lang=self.lang)
            self.write(
                stem,
                float(int(value + 1e-9)),
                Unit.DAYS,
                topic=topic,
                subject=subject,
                shown=shown,
                role=role,
            )

    def moment(
        self, stem: str, tail: str, at: datetime | None, topic: str, subject: str | None = None
    ) -> None:
        """A moment, as two facts: ``<stem>_on`` the date and ``<stem>_at`` date and clock time."""
        if at is None:
            return
        on = wording.date(at, self.zone, lang=self.lang, now=self.server_now)
        self.write(
            f"{stem}_on{tail}", at.timestamp(), Unit.DATE, topic=topic, subject=subject, shown=on
        )
        self.write(
            f"{stem}_at{tail}",
            at.timestamp(),
            Unit.TIME,
            topic=topic,
            subject=subject,
            shown=self.when(at),
        )
