"""The loop: question, tools, model, check, repair, and the computed answer whenever anything fails.

Called by the chat box; usable without Streamlit. ``ask`` returns at once; the answer is made on the background
loop. The rules always answer first: theirs is the fallback, and orders to change something never reach a model.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, TypeVar

from lib.commentary.sheet import names_of
from lib.copilot import prompt, tools
from lib.copilot.answer import Answer
from lib.copilot.answerer import Reply, answer
from lib.copilot.budget import Budget
from lib.copilot.desk import Asking, Desk, Findings, Keeper, Panel, markdown_of, plain_of
from lib.copilot.draft import Draft, is_foreign
from lib.copilot.keeping import about_kept, keep_answer, keep_question
from lib.copilot.lexicon import Intent
from lib.copilot.marks import BLOCK, marked_draft, marked_sentences, records
from lib.copilot.models import ChatModel, End, Text, background_loop
from lib.copilot.question import Context
from lib.copilot.teller import phrases
from lib.experiments.chat import ChatMessage
from lib.experiments.errors import CopilotError, StoreError
from lib.experiments.facts import Sentence

log = logging.getLogger(__name__)
T = TypeVar("T")
ROUNDS = 4
CALLS_A_ROUND = 6
LONGEST_WAIT_S = 3.0
BY_RULES_ONLY = {Intent.WRITE, Intent.OFF_TOPIC, Intent.GREETING, Intent.THANKS, Intent.HELP}
SHORTEST = 2  # characters of an answer worth showing


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions in conversations.

    Args:
        desk: where the tools read.
        store: where conversations are kept.
        model: None for rules alone.
        budget: of the model; None for no limit.
        zone: the reader's.
        retry_s: longest wait the server may ask for before one more try.
    """

    desk: Desk
    store: Keeper
    model: ChatModel | None = None
    budget: Budget | None = None
    zone: tzinfo = UTC
    retry_s: float = LONGEST_WAIT_S
    on_done: Callable[[Answer], None] | None = None

    def ask(
        self,
        conversation_id: str,
        question: str,
        *,
        experiment_id: int | None = None,
        lang: str = "en",
    ) -> Answer:
        """Keep the question and begin to answer it; returns at once.

        Args:
            conversation_id: of a kept conversation.
            question: as typed.
            experiment_id: what is on the screen, when the talk has no experiment of its own yet.
            lang: of the interface.
        """
        nothing: Sequence[ChatMessage] = ()
        earlier = tuple(self._kept(lambda: self.store.messages(conversation_id), nothing))
        made = Answer(
            conversation_id=conversation_id, question=question, asked_at=self.desk.clock()
        )
        keep_question(self.store, made)
        turn = _Turn(
            made=made,
            ask=Asking(desk=self.desk, lang=lang, zone=self.zone),
            context=self.context(conversation_id, experiment_id, lang),
            earlier=earlier,
        )
        asyncio.run_coroutine_threadsafe(self._run(turn), background_loop())
        return made

    def context(self, conversation_id: str, experiment_id: int | None, lang: str) -> Context:
        """What the conversation is about; it survives a restart."""
        nothing: Context | None = None
        known = self._kept(lambda: about_kept(self.store, conversation_id), nothing)
        if known is None:
            known = Context(lang=lang)
        if known.experiment_id is None:
            known = replace(known, experiment_id=experiment_id)
        return known

    def _kept(self, read: Callable[[], T], otherwise: T) -> T:
        """What is kept; while the store cannot be read a question is answered all the same, as if it were the first."""
        try:
            return read()
        except StoreError as error:
            log.warning("an answer without what was said before: %s", error)
            return otherwise

    async def _run(self, turn: _Turn) -> None:
        made, task = turn.made, asyncio.current_task()
        assert task is not None  # noqa: S101  # this is one
        loop = asyncio.get_running_loop()
        made.cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            if made.is_stopped:
                raise asyncio.CancelledError  # noqa: TRY301  # the same way out as when it comes a moment later
            await self._answer(turn)
        except asyncio.CancelledError:
            made.is_stopped = True
            made.note = phrases(turn.lang)["stopped"]
            if turn.draft is not None and made.text:
                told = marked_draft(turn.draft, ())
                made.text = told.text
                made.facts = records(told, turn.draft.used.values(), turn.lang)
        except (
            Exception
        ):  # the answer's thread: whatever happens, the reader gets the computed answer
            log.exception("an answer failed")
            self._publish(turn, phrases(turn.lang)["fault_failed"])
        finally:
            self._end(turn)

    async def _answer(self, turn: _Turn) -> None:
        turn.reply = await asyncio.to_thread(answer, turn.ask, turn.made.question, turn.context)
        turn.ask = replace(turn.ask, lang=turn.reply.lang)
        turn.made.experiment_id = turn.reply.context.experiment_id
        if self.model is None or _is_settled(turn.reply):
            self._publish(turn, "")
            return
        refusal = self.budget.refusal(turn.made.conversation_id) if self.budget else ""
        if refusal:
            self._publish(turn, refusal)
            return
        try:
            await self._by_model(turn, self.model)
        except CopilotError as error:
            words = phrases(turn.lang)
            self._publish(turn, words.get(f"fault_{error.kind}", words["fault_failed"]))

    def _publish(self, turn: _Turn, why: str) -> None:
        """Show the computed answer; ``why`` the model did not write it."""
        made, reply = turn.made, turn.reply
        made.author = "computed"
        made.note = phrases(turn.lang)["fallback"].format(why=why) if why else ""
        if reply is None:
            made.text = phrases(turn.lang)["no_answer"]
            return
        told = marked_sentences(reply.sentences)
        made.facts = records(told, (f for s in reply.sentences for f in s.facts), reply.lang)
        made.panel = self._dated(reply.panel)
        made.text = told.text

    def _dated(self, panel: Panel | None) -> dict[str, Any] | None:
        """A panel with the moment it shows now, so that it can be drawn again as it stood."""
        if panel is None:
            return None
        view = self.desk.look(panel.experiment_id) if panel.as_of is None else None
        return replace(panel, as_of=view.as_of if view else panel.as_of).as_dict()

    async def _by_model(self, turn: _Turn, model: ChatModel) -> None:
        """Ask the model; one more try when nothing was shown and the server does not ask for a long wait."""
        try:
            await self._converse(turn, model)
        except CopilotError as error:
            wait = 0.3 if error.retry_after_s is None else error.retry_after_s
            if not error.retryable or turn.made.text or wait > self.retry_s:
                raise
            await asyncio.sleep(wait)
            await self._converse(turn, model)

    async def _converse(self, turn: _Turn, model: ChatModel) -> None:
        reply = turn.reply
        assert reply is not None  # noqa: S101  # the rules have answered before
        turn.found = []
        draft = turn.draft = self._draft(turn, reply)
        messages = self._messages(turn, reply)
        schemas = tools.schemas([e.id for e in self.desk.experiments()])
        for round_ in range(ROUNDS):
            offered = schemas if round_ < ROUNDS - 1 else []
            end = await self._one_call(turn, model, messages, offered, draft)
            if not end.calls:
                break
            messages += await self._run_tools(turn, end, draft)
            draft.separate()
        draft.finish()
        draft.judge_again()
        if len("".join(slot.text for slot in draft.slots).strip()) < SHORTEST:
            raise CopilotError("The model gave no answer.", "empty")
        if is_foreign("".join(slot.text for slot in draft.slots), reply.lang):
            raise CopilotError("The model answered in another language.", "language")
        if draft.bad:
            await self._repair(turn, model, messages, draft)
        self._show(turn, model, draft, reply)

    def _draft(self, turn: _Turn, reply: Reply) -> Draft:
        names: dict[str, str] = {}
        for experiment in self.desk.experiments():
            if experiment.id != reply.context.experiment_id:
                names |= {
                    k: v for k, v in names_of(experiment).items() if v.startswith("experiment:")
                }
        current = next(
            (e for e in self.desk.experiments() if e.id == reply.context.experiment_id), None
        )
        if current is not None:
            view = self.desk.look(current.id)
            names |= names_of(view.experiment if view else current)
        view = self.desk.look(current.id) if current is not None else None
        draft = Draft(
            is_ready=bool(view and view.primary and view.primary.verdict.is_ready),
            lang=reply.lang,
            question=turn.made.question,
            facts=list(reply.facts),
            names=names,
        )
        draft.learn(reply.sentences)
        return draft

    def _messages(self, turn: _Turn, reply: Reply) -> list[dict[str, Any]]:
        current = reply.context.experiment_id
        view = self.desk.look(current) if current is not None else None
        return prompt.messages_for(
            question=turn.made.question,
            lang=reply.lang,
            now=(view.server_now if view else None) or self.desk.clock(),
            experiments=self.desk.experiments(),
            facts=reply.facts[:90],
            said=plain_of(reply.sentences),
            current=current,
            turns=turn.earlier,
        )

    async def _one_call(
        self,
        turn: _Turn,
        model: ChatModel,
        messages: Sequence[Mapping[str, Any]],
        schemas: Sequence[Mapping[str, Any]],
        draft: Draft,
    ) -> End:
        """One call of the model; its words go through the check as they come."""
        end = End()
        async for piece in model.stream(messages, schemas):
            if isinstance(piece, Text):
                draft.feed(piece.delta)
                turn.made.author = model.name
                turn.made.text = draft.text
            else:
                end = piece
        if self.budget is not None:
            self.budget.spend(end.tokens, turn.made.conversation_id)
        return end

    async def _run_tools(self, turn: _Turn, end: End, draft: Draft) -> list[dict[str, Any]]:
        """Run what the model asked for; the messages that tell it the results."""
        asked = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in end.calls
        ]
        told: list[dict[str, Any]] = [{"role": "assistant", "content": None, "tool_calls": asked}]
        for place, call in enumerate(end.calls):
            turn.made.step = call.name
            found: Findings | None = None
            result: dict[str, Any] = {"error": "too many tools at once"}
            if place < CALLS_A_ROUND:
                found, result = await asyncio.to_thread(
                    tools.run, turn.ask, call.name, call.arguments
                )
            if found is not None:
                turn.found.append(found)
                draft.facts.extend(found.facts)
                draft.learn(found.sentences)
            content = json.dumps(result, ensure_ascii=False)
            told.append({"role": "tool", "tool_call_id": call.id, "content": content})
        turn.made.step = ""
        return told

    async def _repair(
        self, turn: _Turn, model: ChatModel, messages: list[dict[str, Any]], draft: Draft
    ) -> None:
        """One request to rewrite what did not pass; what fails again is replaced by the rules' words."""
        bad = [(slot.text, slot.reason) for slot in draft.bad]
        written = {"role": "assistant", "content": "".join(s.text for s in draft.slots)}
        said = ""
        try:
            async for piece in model.stream([*messages, written, prompt.repair(bad)]):
                if isinstance(piece, Text):
                    said += piece.delta
                elif self.budget is not None:
                    self.budget.spend(piece.tokens, turn.made.conversation_id)
        except CopilotError as error:
            log.info("the repair failed: %s", error.kind)
        draft.mend([line for line in said.splitlines() if line.strip()])

    def _show(self, turn: _Turn, model: ChatModel, draft: Draft, reply: Reply) -> None:
        """Put the answer together: prose, then computed tables, the panel and the facts."""
        made = turn.made
        core = [s for s in reply.sentences if s.kind not in {"table", "assume", "suggest"}]
        facts = dict(draft.used)
        if draft.bad:
            draft.replace_rest(markdown_of(core))
            facts |= {f.id: f for s in core for f in s.facts}
        elif not draft.used and any(s.facts for s in core):
            draft.complete(markdown_of(core))
            facts |= {f.id: f for s in core for f in s.facts}
        tables = self._tables(turn, reply)
        facts |= {f.id: f for s in tables for f in s.facts}
        told = marked_draft(draft, core)
        if tables:
            told = told.then(marked_sentences(tables), BLOCK)
        made.author = model.name
        made.text, made.facts = told.text, records(told, facts.values(), reply.lang)
        panel = reply.panel
        if reply.intent is Intent.NOTHING:
            panel = next((f.panel for f in reversed(turn.found) if f.panel), None)
        made.panel = self._dated(panel)
        about = [f.experiment_id for f in turn.found if f.experiment_id is not None]
        made.experiment_id = about[-1] if about else reply.context.experiment_id
        made.note = self._counts(turn, draft)

    def _tables(self, turn: _Turn, reply: Reply) -> list[Sentence]:
        """The computed table: the rules' when they understood the question, else those of the tools used."""
        sources = [reply.sentences]
        if reply.intent is Intent.NOTHING:
            sources = [f.sentences for f in turn.found]
        wanted = [s for source in sources for s in source if s.kind in {"table", "assume"}]
        return list({s.text: s for s in wanted}.values())[:4]

    def _counts(self, turn: _Turn, draft: Draft) -> str:
        words = phrases(turn.lang)
        said = []
        if draft.n_repaired:
            said.append(words["n_repaired"].format(n=draft.n_repaired))
        if draft.n_replaced:
            said.append(words["n_replaced"].format(n=draft.n_replaced))
        if draft.is_completed:
            said.append(words["completed"])
        return " ".join(said)

    def _end(self, turn: _Turn) -> None:
        """Keep the answer and tell whoever waits; whatever fails here, the waiting ends."""
        made = turn.made
        try:
            about = turn.reply.context if turn.reply is not None else None
            keep_answer(self.store, made, self.desk.clock(), about)
        except Exception:  # see above
            log.exception("an answer could not be kept")
        try:
            if self.on_done is not None:
                self.on_done(made)
        finally:
            made.finish()


def _is_settled(reply: Reply) -> bool:
    """Whether there is nothing for a model to word: an order, small talk, a question back, nothing computed."""
    if reply.intent in BY_RULES_ONLY:
        return True
    by_words = {Intent.NOTHING, Intent.EXPLAIN}
    return reply.intent not in by_words and not any(s.facts for s in reply.sentences)


@dataclass(slots=True)
class _Turn:
    """One question being answered."""

    made: Answer
    ask: Asking
    context: Context
    earlier: tuple[ChatMessage, ...]
    reply: Reply | None = None
    draft: Draft | None = None
    found: list[Findings] = field(default_factory=list)

    @property
    def lang(self) -> str:
        """Of the answer."""
        return self.reply.lang if self.reply else self.ask.lang
