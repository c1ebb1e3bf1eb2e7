"""What the tools work from, and what they answer with. The hub is a ``Desk``; tests bring their own.

Everything here is read-only. A ``Findings`` carries facts for model, rules and number check, sentences that say
them, and a panel for the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from lib.copilot.budget import Meter
from lib.experiments.chat import ChatMessage
from lib.experiments.facts import SLOT, Fact, Sentence
from lib.experiments.model import Alert, Experiment, Snapshot
from lib.live.view import LiveView
from lib.wording import bare_name, plain_name


class Archive(Protocol):
    """The part of the store the tools read."""

    def snapshots(
        self, experiment_id: int, metric_id: str, *, limit: int | None = None
    ) -> Sequence[Snapshot]:
        """Kept totals, oldest first."""
        ...

    def alerts(self, experiment_id: int | None = None, limit: int = 200) -> Sequence[Alert]:
        """What was announced, newest first."""
        ...


class Keeper(Archive, Meter, Protocol):
    """The part of the store a conversation needs."""

    def messages(self, conversation_id: str) -> Sequence[ChatMessage]:
        """Oldest first."""
        ...

    def add_message(
        self,
        conversation_id: str,
        *,
        role: str,
        text: str,
        at: datetime,
        author: str = "",
        facts: Sequence[Mapping[str, Any]] = (),
        panel: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> ChatMessage:
        """Keep a message."""
        ...

    def setting(self, name: str) -> str | None:
        """A kept value."""
        ...

    def put_setting(self, name: str, value: str | None) -> bool:
        """Keep a value."""
        ...


class Desk(Protocol):
    """Where the tools read. ``lib.live.feed.Hub`` is one."""

    @property
    def store(self) -> Archive:
        """Kept history."""
        ...

    def experiments(self) -> Sequence[Experiment]:
        """Every experiment."""
        ...

    def look(self, experiment_id: int, as_of: datetime | None = None) -> LiveView | None:
        """One experiment now or as of then."""
        ...

    def views(self) -> Sequence[LiveView]:
        """Everything read so far."""
        ...

    def clock(self) -> datetime:
        """Our time, UTC."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A live panel to draw under an answer; ``kind`` is ``live``, ``past`` or ``memo``."""

    kind: str
    experiment_id: int
    as_of: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it is kept with a message."""
        as_of = self.as_of.isoformat() if self.as_of else None
        return {"kind": self.kind, "experiment_id": self.experiment_id, "as_of": as_of}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a tool found.

    Args:
        facts: every number that may be said about it.
        sentences: the answer in words; their ``kind`` tells what each is for.
        panel: to be drawn under the answer.
        experiment_id: the experiment it is about; None when about none or several.
        candidates: ids that fit an ambiguous name.
        data: further plain values for the model.
        answers: False when the question could not be answered from the facts.
    """

    facts: tuple[Fact, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    panel: Panel | None = None
    experiment_id: int | None = None
    candidates: tuple[int, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    answers: bool = True

    def __post_init__(self) -> None:
        """What a sentence says is a fact of the findings."""
        said = [fact for sentence in self.sentences for fact in sentence.facts]
        object.__setattr__(self, "facts", merged(self.facts, said))

    def with_panel(self, panel: Panel | None) -> Findings:
        """The same with a panel to draw."""
        return replace(self, panel=panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks and how: the desk, the language of the answer, the reader's time zone."""

    desk: Desk
    lang: str = "en"
    zone: tzinfo = UTC

    def experiment(self, experiment_id: int) -> Experiment | None:
        """One experiment of the closed list, with metrics when it was read."""
        view = self.desk.look(experiment_id)
        if view is not None:
            return view.experiment
        return next((e for e in self.desk.experiments() if e.id == experiment_id), None)

    def running(self) -> tuple[Experiment, ...]:
        """The experiments whose numbers may still move."""
        return tuple(e for e in self.desk.experiments() if e.is_running)


def prefixed(sentence: Sentence, prefix: str) -> Sentence:
    """The same sentence with its fact ids and names under a prefix, so that several experiments can be told."""
    return Sentence(
        template=SLOT.sub(lambda m: f"[[{prefix}{m.group(1)}]]", sentence.template),
        facts=tuple(replace(fact, id=prefix + fact.id) for fact in sentence.facts),
        names=tuple((prefix + slot, name) for slot, name in sentence.names),
        kind=sentence.kind,
    )


def merged(*lists: Sequence[Fact]) -> tuple[Fact, ...]:
    """All facts, each id once; the first wins."""
    seen: dict[str, Fact] = {}
    for facts in lists:
        for fact in facts:
            seen.setdefault(fact.id, fact)
    return tuple(seen.values())


def markdown_of(sentences: Sequence[Sentence]) -> str:
    """Sentences as Markdown: names as literal text, tables and lists as paragraphs of their own."""
    return _joined(sentences, escape=True)


def plain_of(sentences: Sequence[Sentence]) -> str:
    """Sentences as plain text, for the model."""
    return _joined(sentences, escape=False)


def _joined(sentences: Sequence[Sentence], *, escape: bool) -> str:
    said = ""
    for sentence in sentences:
        text = _filled(sentence, escape=escape)
        said += (_gap(said, text) if said else "") + text
    return said


def _gap(said: str, text: str) -> str:
    """What stands between: a space, a line break between items of a list, an empty line around blocks."""
    after_item, is_item = said.rpartition("\n")[2].startswith("- "), text.startswith("- ")
    if after_item and is_item:
        return "\n"
    is_block = "\n" in text or said.endswith("|")
    return "\n\n" if is_block or after_item or is_item else " "


def _filled(sentence: Sentence, *, escape: bool) -> str:
    name = plain_name if escape else bare_name
    shown = {slot: name(raw) for slot, raw in sentence.names}
    shown |= {fact.id: fact.shown for fact in sentence.facts}
    return SLOT.sub(lambda m: shown[m.group(1)], sentence.template)
