"""Running commentary by the model, on a changed situation only; the computed sentences stand at every tick anyway.

The hub's owner calls ``consider`` once per tick and experiment while somebody looks. The model's call runs on the
background loop, its text has slots instead of digits, and one note per situation and day is kept, however many tabs
or processes there are.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from lib.commentary.sheet import facts_of, name_of, names_of
from lib.copilot import prompt
from lib.copilot.budget import Budget
from lib.copilot.check import check_slots
from lib.copilot.marks import marked_slots, records
from lib.copilot.models import ChatModel, Text, background_loop
from lib.copilot.situation import Situation, situation_of
from lib.copilot.tools import fact_line
from lib.experiments.chat import Note
from lib.experiments.errors import CopilotError
from lib.experiments.facts import Fact
from lib.live.view import LiveView
from lib.wording import bare_name, prompt_name

log = logging.getLogger(__name__)
KIND = "commentary"
STABLE_TICKS = 3
GAP = timedelta(minutes=10)
DAY = timedelta(days=1)
MOST_A_DAY = 24
LEASE_S = 90.0
LONGEST = 600  # characters


class NoteBook(Protocol):
    """The part of the store that keeps commentary and elects its one writer."""

    def keep_note(self, experiment_id: int, kind: str, key: str, text: str, at: datetime) -> bool:
        """Keep a note once per key."""
        ...

    def newest_note(self, experiment_id: int, kind: str) -> Note | None:
        """The last one."""
        ...

    def count_notes(self, experiment_id: int, kind: str, since: datetime) -> int:
        """How many since then."""
        ...

    def lease(self, name: str, holder: str, ttl_s: float) -> bool:
        """Be the one writer for a while."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A kept comment: plain text, when it was written, by which model, the figures in it as in a message."""

    text: str
    at: datetime
    author: str
    facts: tuple[Mapping[str, Any], ...] = ()


def newest_comment(store: NoteBook, experiment_id: int) -> Comment | None:
    """The last comment of the model on an experiment, for the page; None when there is none."""
    note = store.newest_note(experiment_id, KIND)
    said = _read(note)
    if note is None or not said.get("text"):
        return None
    facts = said.get("facts")
    return Comment(
        text=str(said["text"]),
        at=note.at,
        author=str(said.get("author", "")),
        facts=tuple(facts) if isinstance(facts, list) else (),
    )


@dataclass(slots=True)
class _Watched:
    """What is remembered of one experiment between ticks."""

    now: Situation | None = None
    ticks: int = 0
    told: Situation | None = None
    told_at: datetime | None = None
    seen: datetime | None = None
    writing: Future[None] | None = None


@dataclass(slots=True)
class Commentator:
    """Decides when to comment and keeps what was said.

    Args:
        store: where notes are kept.
        model: who words the situation; None comments never.
        holder: this process, for the lease.
        budget: of the model.
        lang: of the commentary.
    """

    store: NoteBook
    model: ChatModel | None
    holder: str
    budget: Budget | None = None
    lang: str = "en"
    _watched: dict[int, _Watched] = field(default_factory=dict)

    def consider(self, view: LiveView, now: datetime) -> bool:
        """Look at one tick; True when a comment is being written because of it.

        Args:
            view: the experiment as it is now.
            now: our clock.
        """
        if self.model is None or view.primary is None:
            return False
        known = self._known(view.experiment.id)
        if view.checked_at is not None and view.checked_at == known.seen:
            return False  # another tab has shown this look already
        known.seen = view.checked_at
        before = known.now
        known.now = situation_of(view, before)
        known.ticks = known.ticks + 1 if known.now == before else 1
        if known.writing is not None and not known.writing.done():
            return False
        if not self._is_due(known, view.experiment.id, now):
            return False
        known.told, known.told_at = known.now, now
        work = self._write(view, known.now, now, self.model)
        known.writing = asyncio.run_coroutine_threadsafe(work, background_loop())
        return True

    def _known(self, experiment_id: int) -> _Watched:
        known = self._watched.get(experiment_id)
        if known is None:
            known = self._watched[experiment_id] = self._remembered(experiment_id)
        return known

    def _remembered(self, experiment_id: int) -> _Watched:
        """After a restart: what was told last."""
        note = self.store.newest_note(experiment_id, KIND)
        said = _read(note)
        if note is None or "situation" not in said:
            return _Watched()
        try:
            told = Situation(**said["situation"])
        except TypeError:
            return _Watched()
        return _Watched(now=told, told=told, told_at=note.at)

    def _is_due(self, known: _Watched, experiment_id: int, now: datetime) -> bool:
        situation = known.now
        if situation is None:
            return False
        urgent = situation.is_urgent_after(known.told) and situation != known.told
        is_old = known.told_at is None or now - known.told_at >= DAY
        changed = situation != known.told and known.ticks >= STABLE_TICKS
        rested = known.told_at is None or now - known.told_at >= GAP
        if not (urgent or (rested and (changed or (is_old and known.ticks >= STABLE_TICKS)))):
            return False
        if self.store.count_notes(experiment_id, KIND, now - DAY) >= MOST_A_DAY:
            return False
        if self.budget is not None and self.budget.refusal():
            return False
        return self.store.lease(f"{KIND}:{experiment_id}", self.holder, LEASE_S)

    async def _write(
        self, view: LiveView, situation: Situation, now: datetime, model: ChatModel
    ) -> None:
        """Ask, check, keep. A text that fails the check is not kept; the computed sentences stand anyway."""
        facts = facts_of(
            view.experiment,
            view.primary,
            view.forecast,
            server_now=view.server_now or now,
            lang=self.lang,
        )
        labels = {f"arm.{i}": name_of(v) for i, v in enumerate(view.experiment.variants)}
        try:
            said = await self._ask(model, messages_of(view, facts, labels, self.lang))
        except CopilotError as error:
            log.info("no commentary for experiment %s: %s", view.experiment.id, error.kind)
            return
        names = names_of(view.experiment)
        wrong = check_slots(said, facts, names=names, labels=labels, lang=self.lang)
        if wrong or not said or len(said) > LONGEST:
            log.info("a commentary failed the check: %s", [w.reason for w in wrong][:3])
            return
        told = marked_slots(said, facts, {slot: bare_name(name) for slot, name in labels.items()})
        kept = {
            "text": told.text,
            "facts": records(told, lang=self.lang),
            "author": model.name,
            "situation": {name: getattr(situation, name) for name in Situation.__slots__},
            "lang": self.lang,
            "prompt": prompt.VERSION,
        }
        key = f"{now.date().isoformat()}/{situation.key}/{prompt.VERSION}/{model.name}/{self.lang}"
        body = json.dumps(kept, ensure_ascii=False)
        self.store.keep_note(view.experiment.id, KIND, key, body, now)

    async def _ask(self, model: ChatModel, messages: list[dict[str, Any]]) -> str:
        said = ""
        async for piece in model.stream(messages):
            if isinstance(piece, Text):
                said += piece.delta
            elif self.budget is not None:
                self.budget.spend(piece.tokens)
        return " ".join(said.split())


def messages_of(
    view: LiveView, facts: tuple[Fact, ...], labels: Mapping[str, str], lang: str
) -> list[dict[str, Any]]:
    """What the model is sent: rules, names as slots, facts with their ids, the verdict in words."""
    rules = prompt.text("commentary").replace("{language}", prompt.LANGUAGE.get(lang, "English"))
    arms = "\n".join(f"[[{slot}]] is {prompt_name(name)}" for slot, name in labels.items())
    verdict = view.sentences[0].template if view.sentences else ""
    sheet = "\n".join(f"[[{fact.id}]] {fact_line(fact)}" for fact in facts[:90])
    body = f"Experiment {prompt_name(view.experiment.name)}\n{arms}\nVerdict: {verdict}\nFacts:\n{sheet}"
    return [{"role": "system", "content": rules}, {"role": "user", "content": body}]


def _read(note: Note | None) -> dict[str, Any]:
    if note is None:
        return {}
    try:
        said = json.loads(note.text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
