"""A chat model behind an OpenAI-compatible server, streamed; everything that can go wrong is a ``CopilotError``.

Used by ``lib.copilot.assistant`` and ``lib.copilot.commentary``. Chat completions with ``stream=True`` only: every
compatible server has it. ``openai`` is imported when a model is first asked, since it takes a second. No message
here ever holds an address, a key or the server's own text.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from lib.copilot.faults import as_copilot_error, dropped_by, truncated
from lib.settings import ModelSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionChunk

OFFICIAL = "https://api.openai.com/v1"
TOTAL_S, CONNECT_S, SILENCE_S = 60.0, 5.0, 20.0
TRIES = 4  # one for each parameter a server may refuse
Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Text:
    """Some more words."""

    delta: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants run; ``arguments`` as it wrote them."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class End:
    """The end of one call of the model: tools wanted, why it ended, tokens used."""

    calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    tokens: int = 0


Piece = Text | End


class ChatModel(Protocol):
    """Anything that can be asked; ``End`` comes last, exactly once, or a ``CopilotError`` is raised."""

    @property
    def name(self) -> str:
        """What the badge says."""
        ...

    def stream(
        self, messages: Messages, tools: Sequence[Mapping[str, Any]] = ()
    ) -> AsyncIterator[Piece]:
        """Ask; words come as they are written."""
        ...


class OpenAIModel:
    """A server that speaks OpenAI's chat completions.

    Args:
        settings: key, address and the model's name.
        http_client: replaces the SDK's own transport in tests.
        max_retries: of the SDK, 0 in a chat; it would sleep up to two minutes.
        silence_s: longest silence that is waited through.
    """

    _refused: dict[tuple[str, str], set[str]] = {}  # noqa: RUF012  # shared on purpose: what a server refuses, all know

    def __init__(
        self,
        settings: ModelSettings,
        *,
        http_client: Any = None,
        max_retries: int = 0,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._settings = settings
        self._http_client = http_client
        self._max_retries = max_retries
        self._silence_s = silence_s
        self._made: AsyncOpenAI | None = None

    @property
    def name(self) -> str:
        """The model's name from the settings."""
        return self._settings.model

    @property
    def _dropped(self) -> set[str]:
        return self._refused.setdefault((self._settings.base_url, self._settings.model), set())

    def _client(self) -> AsyncOpenAI:
        if self._made is None:
            from openai import AsyncOpenAI, Timeout  # noqa: PLC0415  # a second of import, only when needed

            self._made = AsyncOpenAI(
                api_key=self._settings.api_key.reveal() or "not-needed",
                base_url=self._settings.base_url or OFFICIAL,
                timeout=Timeout(TOTAL_S, connect=CONNECT_S, read=self._silence_s),
                max_retries=self._max_retries,
                http_client=self._http_client,
            )
        return self._made

    def close(self) -> None:
        """Give the connections back; the next question opens new ones."""
        made, self._made = self._made, None
        if made is not None:
            asyncio.run_coroutine_threadsafe(made.close(), background_loop()).result(5)

    async def stream(
        self, messages: Messages, tools: Sequence[Mapping[str, Any]] = ()
    ) -> AsyncIterator[Piece]:
        """Ask the server; words come as they arrive, then one ``End``.

        Raises:
            CopilotError: whatever went wrong, with the words that had come.
        """
        so_far = _Assembly(tokens_in=estimate(messages))
        try:
            async with asyncio.timeout(TOTAL_S):
                opened = await self._open(messages, tools)
                async with opened as chunks:
                    async for chunk in chunks:
                        delta = so_far.take(chunk)
                        if delta:
                            yield Text(delta)
        except Exception as error:  # noqa: BLE001  # every kind of fault becomes the one error of this project
            raise as_copilot_error(error, so_far.text) from None
        if so_far.finish is None:
            raise truncated(so_far.text)
        yield so_far.end()

    async def _open(self, messages: Messages, tools: Sequence[Mapping[str, Any]]) -> Any:
        """Begin a stream; a parameter the server refuses by name is dropped for good and tried without."""
        for attempt in range(TRIES):
            try:
                create: Any = self._client().chat.completions.create
                return await create(**self._parameters(messages, tools))
            except Exception as error:
                refused = dropped_by(error, is_first=attempt == 0) - self._dropped
                if not refused or attempt == TRIES - 1:
                    raise
                self._dropped.update(refused)
        raise AssertionError("the last try raises or returns")

    def _parameters(self, messages: Messages, tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "model": self._settings.model,
            "messages": list(messages),
            "stream": True,
        }
        if "stream_options" not in self._dropped:
            asked["stream_options"] = {"include_usage": True}
        if tools and "tools" not in self._dropped:
            asked["tools"] = [self._tool(tool) for tool in tools]
        return asked

    def _tool(self, tool: Mapping[str, Any]) -> Mapping[str, Any]:
        if "strict" not in self._dropped:
            return tool
        function = {key: value for key, value in tool["function"].items() if key != "strict"}
        return {**tool, "function": function}


@dataclass(slots=True)
class _Part:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class _Assembly:
    """What has come so far: words, pieces of tool calls, the end, the tokens."""

    tokens_in: int
    text: str = ""
    finish: str | None = None
    usage: int = 0
    parts: dict[int, _Part] = field(default_factory=dict)

    def take(self, chunk: ChatCompletionChunk) -> str:
        """Add one chunk; the new words in it."""
        if getattr(chunk, "usage", None) is not None:
            self.usage = getattr(chunk.usage, "total_tokens", 0) or self.usage
        choices = getattr(chunk, "choices", None)
        if not choices:  # a last chunk with usage only, or a filter's
            return ""
        choice = choices[0]
        self.finish = choice.finish_reason or self.finish
        delta = getattr(choice, "delta", None)
        if delta is None:
            return ""
        for place, part in enumerate(delta.tool_calls or ()):
            self._take_part(place, part)
        words = delta.content or ""
        self.text += words
        return words

    def _take_part(self, place: int, part: Any) -> None:
        """Pieces of a call share an index; servers that send none begin each call with an id."""
        index = part.index
        if index is None:
            index = max(self.parts, default=-1) + 1 if part.id else max(self.parts, default=place)
        known = self.parts.setdefault(index, _Part())
        known.id = known.id or (part.id or "")
        if part.function is not None:
            known.name = known.name or (part.function.name or "")
            said = part.function.arguments
            known.arguments += said if isinstance(said, str) else json.dumps(said) if said else ""

    def end(self) -> End:
        """What it came to."""
        calls = tuple(
            ToolCall(part.id or f"call_{n}", part.name, part.arguments or "{}")
            for n, part in enumerate(self.parts.values())
        )
        written = self.text + "".join(c.arguments for c in calls)
        return End(calls, self.finish or "stop", self.usage or self.tokens_in + len(written) // 4)


def estimate(messages: Messages) -> int:
    """Tokens of some messages, by four characters each; for servers that send no usage."""
    return sum(len(str(m.get("content") or "")) + 8 for m in messages) // 4


_loop: asyncio.AbstractEventLoop | None = None
_lock = threading.Lock()


def background_loop() -> asyncio.AbstractEventLoop:
    """The one event loop on which models are asked; its thread ends with the process."""
    global _loop  # noqa: PLW0603  # one loop a process, made when first needed
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="copilot-io", daemon=True).start()
        return _loop
