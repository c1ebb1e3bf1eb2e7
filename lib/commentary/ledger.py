"""A book of facts in the making: one method a unit, each puts the words, definition and as-of on.

Used by ``sheet`` and ``timing`` only. It decides how a unit is shown, never what a value is.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo

from lib import wording
from lib.commentary.words import definition
from lib.experiments.facts import Fact, FactRole, Unit
from lib.experiments.model import Experiment, Goal
from lib.stats.results import Analysis

DAY_S = 86_400.0


class Ledger:
    """Facts of one experiment, in the order they were written. NaN is left out: it is no fact."""

    def __init__(
        self, experiment: Experiment, *, lang: str, zone: tzinfo, prefix: str, server_now: datetime
    ) -> None:
        self.experiment = experiment
        self.lang = lang
        self.zone = zone
        self.server_now = server_now
        self._base = self._prefix = prefix
        self._metric_id = ""
        self._better = 0
        self._as_of: datetime | None = None
        self._facts: dict[str, Fact] = {}

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What was written so far."""
        return tuple(self._facts.values())

    def turn_to(self, analysis: Analysis, prefix: str) -> None:
        """From here on facts belong to this metric and its moment."""
        self._prefix = self._base + prefix
        self._metric_id = analysis.metric.id
        self._better = 1 if analysis.metric.goal is Goal.UP else -1
        self._as_of = analysis.snapshot.as_of

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
        inputs: str = "",
        as_of: datetime | None = None,
    ) -> None:
        """Enter one fact; a value that is not a number is no fact."""
        if not math.isfinite(value):
            return
        self._facts[self._prefix + stem] = Fact(
            id=self._prefix + stem,
            value=value,
            unit=unit,
            topic=topic,
            subject=subject,
            shown=shown,
            role=role,
            inputs=inputs,
            definition=definition(stem.partition(".")[0], self.lang),
            as_of=as_of or self._as_of,
            metric_id=self._metric_id,
            experiment_id=self.experiment.id,
            better=self._better,
        )

    def count(
        self,
        stem: str,
        value: float,
        topic: str,
        subject: str | None = None,
        *,
        role: FactRole = FactRole.VALUE,
        inputs: str = "",
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
            inputs=inputs,
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
        inputs: str = "",
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
            inputs=inputs,
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
        inputs: str = "",
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
            inputs=inputs,
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
        inputs: str = "",
    ) -> None:
        """A difference of two rates, a fraction."""
        words = wording.points(value, digits, lang=self.lang)
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
            inputs=inputs,
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
        inputs: str = "",
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
            inputs=inputs,
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
        zone = at.astimezone(self.zone).tzname() or ""
        clock = f"{wording.moment(at, self.zone, lang=self.lang, now=self.server_now)} {zone}"
        self.write(
            f"{stem}_on{tail}", at.timestamp(), Unit.DATE, topic=topic, subject=subject, shown=on
        )
        self.write(
            f"{stem}_at{tail}",
            at.timestamp(),
            Unit.TIME,
            topic=topic,
            subject=subject,
            shown=clock.strip(),
        )
