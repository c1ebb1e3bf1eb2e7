"""Picks templates and fills in which facts they may use. Used by the sentence writers; decides nothing.

A template names facts in ``[[slots]]``; the Speaker knows the sheet, so it can ask whether a number exists
before a template that needs it is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from lib import wording
from lib.commentary.grounds import Grounds
from lib.commentary.sheet import facts_of, name_of
from lib.commentary.words import definition, words
from lib.experiments.facts import SLOT, Fact, FactRole, Sentence, Unit
from lib.experiments.model import Experiment
from lib.stats.results import Analysis, Forecast

WEEK = timedelta(days=7)


class Speaker:
    """One language, one sheet, one experiment at one moment.

    ``seen_at``: the moment on the reader's calendar, which a replay leaves behind; None: the data's own.
    """

    def __init__(
        self,
        experiment: Experiment,
        analysis: Analysis | None,
        forecast: Forecast | None,
        *,
        server_now: datetime,
        lang: str = "en",
        zone: tzinfo = UTC,
        seen_at: datetime | None = None,
    ) -> None:
        self.experiment = experiment
        self.analysis = analysis
        self.forecast = forecast
        self.now = server_now
        self.seen_at = seen_at or server_now
        self.lang = lang
        self.zone = zone
        self.words = words(lang)
        sheet = facts_of(
            experiment, analysis, forecast, server_now=server_now, lang=lang, zone=zone
        )
        self.facts = {fact.id: fact for fact in sheet}
        self.names = {f"arm.{i}": name_of(v) for i, v in enumerate(experiment.variants)}

    def has(self, *ids: str) -> bool:
        """Whether all these facts are in the sheet."""
        return all(one in self.facts for one in ids)

    def place(self, key: str | None) -> int | None:
        """Place of an arm, 0 is the baseline; None when there is no such arm."""
        keys = [variant.key for variant in self.experiment.variants]
        return keys.index(key) if key in keys else None

    def phrase(self, key: str, **parts: object) -> str:
        """A template with its plain parts filled in; the slots stay."""
        return self.words[key].format(**parts)

    def say(self, key: str, *, kind: str = "", **parts: object) -> Sentence:
        """A sentence from a template, with the facts its slots need."""
        return self.sentence(self.phrase(key, **parts), kind=kind or key)

    def sentence(self, template: str, *, kind: str) -> Sentence:
        """A sentence from a finished template."""
        template = template[:1].upper() + template[1:]
        slots = dict.fromkeys(SLOT.findall(template))
        return Sentence(
            template=template,
            facts=tuple(self.facts[s] for s in slots if s in self.facts),
            names=tuple((s, self.names[s]) for s in slots if s in self.names),
            kind=kind,
        )

    def first(self, *choices: tuple[str, Sequence[str]], **parts: object) -> str | None:
        """The first template all of whose facts exist, filled in; None when none has."""
        for key, needed in choices:
            if self.has(*needed):
                return self.phrase(key, **parts)
        return None

    def range(self, stem: str, i: int, pattern: str = "range") -> str:
        """An interval in words; open ends change the words."""
        low, high = self.has(f"{stem}_low.{i}"), self.has(f"{stem}_high.{i}")
        key = (
            pattern if low and high else f"range_{'above' if low else 'below' if high else 'open'}"
        )
        return self.phrase(key, stem=stem, i=i)

    def size(self, i: int) -> str:
        """Which figure tells the size of the change: the lift where there is one, else the difference."""
        has_lift = self.has(f"lift.{i}") and (
            self.has(f"lift_low.{i}") or self.has(f"lift_high.{i}")
        )
        return "lift" if has_lift else "diff"

    def called(self, i: int) -> str:
        """Size and interval of a call; of now when there is no call or it carries none.

        The interval is Bonferroni's, the test Holm's: a later step of Holm's calls an arm whose interval still
        holds zero, and the words say why.
        """
        if self.has(f"call_lift.{i}"):
            key = "call_shared" if self._holds_zero("call", i) else "call"
            return self.phrase(key, i=i, range=self.range("call", i))
        size = self.size(i)
        if self.has(f"{size}.{i}"):
            return self.phrase("call_size", i=i, size=size, range=self.range(size, i))
        return self.words["rest_unknown"]

    def _holds_zero(self, stem: str, i: int) -> bool:
        ends = (f"{stem}_low.{i}", f"{stem}_high.{i}")
        if not self.has(*ends):
            return False
        low, high = (self.facts[end].value for end in ends)
        return low < 0 < high

    def true_change(self) -> str:
        """Where the true change lies, for each arm that can be compared."""
        arms = [i for i in range(1, len(self.experiment.variants)) if self.has(f"diff.{i}")]
        if not arms:
            return self.words["rest_unknown"]
        if len(self.experiment.variants) == 2:
            return self.phrase("true_change", range=self.range(self.size(1), 1))
        told = [self.phrase("of_arm", i=i, range=self.range(self.size(i), i)) for i in arms]
        return self.phrase("true_change_arms", ranges=self.listed(told))

    def listed(self, parts: Sequence[str]) -> str:
        """``a, b and c``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.words["changed_join"].join(parts[:-1]) + self.words["and"] + parts[-1]

    def wait(self, i: int | str) -> str | None:
        """Days to go from even chance to 80 % chance, as ``4 days to 9 days``; None when it cannot be said."""
        low, high = self.facts.get(f"wait_low.{i}"), self.facts.get(f"wait_high.{i}")
        if low is None:
            return None
        if high is None:
            return self.phrase("wait_open", i=i)
        return self.phrase("wait_same" if low.value == high.value else "wait", i=i)

    def note(
        self,
        stem: str,
        value: float,
        unit: Unit,
        topic: str,
        shown: str,
        *,
        subject: str | None = None,
        role: FactRole = FactRole.VALUE,
        as_of: datetime | None = None,
    ) -> None:
        """A fact of this sentence alone, beside the sheet."""
        told = {key: fact.shown for key, fact in self.facts.items()}
        told |= self.names
        self.facts[stem] = Fact(
            id=stem,
            value=value,
            unit=unit,
            topic=topic,
            shown=shown,
            subject=subject,
            role=role,
            definition=self.meaning(stem.partition(".")[0]),
            inputs=Grounds(self.lang, told, len(self.names)).of(stem, ("",)),
            as_of=as_of,
            metric_id=self.analysis.metric.id if self.analysis else "",
            experiment_id=self.experiment.id,
        )

    def meaning(self, stem: str) -> str:
        """What a fact is, in one sentence."""
        return definition(stem, self.lang)

    def note_day(self, stem: str, at: datetime) -> None:
        """A coming day: its name within a week, else its date."""
        soon = timedelta(0) <= at - self.now < WEEK - timedelta(days=1)
        name = wording.day_name(at, self.zone, lang=self.lang)
        shown = name if soon else wording.date(at, self.zone, lang=self.lang, now=self.now)
        self.note(stem, at.timestamp(), Unit.DATE, "ready", shown)
