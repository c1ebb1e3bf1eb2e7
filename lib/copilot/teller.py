"""The chat's own sentences: the phrases of ``phrases/*.toml`` with the facts of one experiment in their slots.

Used by the tools. It adds to the fact sheet of ``lib.commentary`` what only a conversation needs (rows of a
what-if table, differences to an earlier moment) and decides nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from lib.commentary.changes import change_sentence
from lib.commentary.ledger import Ledger
from lib.commentary.sentences import comment, verdict_sentence
from lib.commentary.speaker import Speaker
from lib.commentary.words import names_of_stem
from lib.copilot.desk import Asking
from lib.copilot.lexicon import LANGUAGES
from lib.experiments.facts import Fact, Sentence
from lib.live.view import LiveView
from lib.stats.results import Analysis
from lib.wording import bare_name, signed_percent

SMALL = 0.2  # changes below it are said with one decimal
PHRASES = Path(__file__).parent / "phrases"


@cache
def phrases(lang: str) -> Mapping[str, str]:
    """The chat's sentences in one language; anything unknown is read as English."""
    code = lang if lang in LANGUAGES else "en"
    return tomllib.loads((PHRASES / f"{code}.toml").read_text(encoding="utf-8"))


def plain(lang: str, key: str, *, kind: str = "", **names: str) -> Sentence:
    """A sentence without facts; ``names`` fill name slots."""
    template = phrases(lang)[key]
    used = tuple(
        (slot, bare_name(name)) for slot, name in names.items() if f"[[{slot}]]" in template
    )
    return Sentence(template=template, names=used, kind=kind or key)


class Teller(Speaker):
    """Speaks about one view in the language asked."""

    def __init__(self, ask: Asking, view: LiveView, *, analysis: Analysis | None = None) -> None:
        """Of the primary metric, or of the one an ``analysis`` is given for."""
        now = view.server_now or ask.desk.clock()
        super().__init__(
            view.experiment,
            analysis or view.primary,
            None if analysis else view.forecast,
            server_now=now,
            lang=ask.lang,
            zone=ask.zone,
        )
        self.view = view
        self.words = {**self.words, **phrases(ask.lang)}
        self.names["experiment"] = bare_name(view.experiment.name)
        metric = analysis.metric if analysis else view.experiment.primary
        if metric is not None:
            self.names["metric"] = bare_name(metric.name)
        self._note_checked(ask)
        self._note_seen()

    def _note_seen(self) -> None:
        """The observed change with one decimal while it is small, however wide its interval."""
        book = self.book()
        for place in self.treatments:
            fact = self.facts.get(f"lift.{place}")
            if fact is not None:
                digits = 1 if abs(fact.value) < SMALL else 0
                fine = signed_percent(fact.value, digits, lang=self.lang)
                shown = fact.shown if len(fact.shown) > len(fine) else fine
                book.lift(f"seen.{place}", fact.value, "lift", fact.subject, shown=shown)
        self.add(book)

    def _note_checked(self, ask: Asking) -> None:
        if self.view.checked_at is not None and self.view.frozen_at is None:
            book = self.book()
            book.mention("checked", book.when(self.view.checked_at))
            book.span("checked_ago", max(ask.desk.clock() - self.view.checked_at, _none()), "as of")
            self.add(book)

    def book(self, prefix: str = "") -> Ledger:
        """An empty book for facts beside the sheet, on which they may rest."""
        book = Ledger(
            self.experiment,
            lang=self.lang,
            zone=self.zone,
            prefix=prefix,
            server_now=self.now,
            around=self.facts,
        )
        if self.analysis is not None:
            book.mention("until", book.when(self.analysis.snapshot.as_of))
        return book

    def meaning(self, stem: str) -> str:
        """What a fact of the chat is, else the sheet's definition of that name."""
        own = (self.words.get(f"def.{name}") for name in names_of_stem(stem))
        return next((told for told in own if told), None) or super().meaning(stem)

    def add(self, book: Ledger) -> None:
        """Take over the facts of a book, each with its definition and the data's moment."""
        as_of = self.analysis.snapshot.as_of if self.analysis else None
        metric_id = self.analysis.metric.id if self.analysis else ""
        for fact in book.facts:
            stem = fact.id.rpartition(":")[2].split(".")[0]
            moment = fact.as_of or as_of
            self.facts[fact.id] = replace(
                fact,
                definition=self.meaning(stem),
                as_of=moment,
                metric_id=fact.metric_id or metric_id,
            )

    def tell(self, key: str, *, kind: str = "", **parts: object) -> tuple[Sentence, ...]:
        """A sentence when every fact it needs exists, else nothing."""
        try:
            return (self.say(key, kind=kind, **parts),)
        except ValueError:
            return ()

    def tell_first(self, *keys: str, kind: str = "", **parts: object) -> tuple[Sentence, ...]:
        """The first of several sentences whose facts all exist."""
        return next((said for key in keys if (said := self.tell(key, kind=kind, **parts))), ())

    def verdict(self) -> Sentence:
        """What is so; the same words as on the page."""
        return verdict_sentence(
            self.experiment,
            self.analysis,
            self.forecast,
            server_now=self.now,
            lang=self.lang,
            zone=self.zone,
        )

    def comment(self) -> tuple[Sentence, ...]:
        """The page's commentary: verdict and what would change it."""
        return comment(
            self.experiment,
            self.analysis,
            self.forecast,
            server_now=self.now,
            lang=self.lang,
            zone=self.zone,
        )

    def comment_since(self, earlier: Analysis) -> tuple[Sentence, ...]:
        """What changed since an earlier analysis, in the page's words."""
        changed = change_sentence(self, earlier)
        return () if changed is None else (changed,)

    @property
    def sheet(self) -> tuple[Fact, ...]:
        """Every fact known to this teller."""
        return tuple(self.facts.values())

    @property
    def treatments(self) -> range:
        """Places of the arms that are compared with the baseline."""
        return range(1, len(self.experiment.variants))


def _none() -> timedelta:
    return timedelta(0)


def moment_of(at: float) -> datetime:
    """POSIX seconds as a moment."""
    return datetime.fromtimestamp(at, tz=UTC)
