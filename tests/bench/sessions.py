"""Real Streamlit sessions over the websocket: connect, run the script, obey its timers, as the web client does."""

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

CUT_SHORT = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN


@dataclass
class Counts:
    """What all sessions together saw since the last ``clear``."""

    ticks: int = 0
    runs: int = 0
    down: int = 0
    latencies: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Start measuring."""
        self.ticks = self.runs = self.down = 0
        self.latencies.clear()
        self.kinds.clear()

    def heaviest(self) -> str:
        """What most of a tick's bytes are."""
        ticks = max(self.ticks, 1)
        return ", ".join(f"{k} {n / ticks / 1000:.1f} kB" for k, n in self.kinds.most_common(12))

    def ran(self, *, is_tick: bool) -> None:
        """One run was asked for; ``is_tick``: of the page's own clock."""
        self.runs += 1
        self.ticks += is_tick


class Session:
    """One viewer."""

    def __init__(self, url: str, query: str, counts: Counts) -> None:
        self._url = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._query = query
        self._counts = counts
        self._timers: dict[str, asyncio.Task] = {}
        self._every_s: dict[str, float] = {}
        self._sent: dict[str, float] = {}
        self._hashes: dict[str, int] = {}
        self._runs = 0
        self._page = ""
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with websockets.connect(
                self._url,
                subprotocols=["streamlit"],
                max_size=None,
                compression=None,
                open_timeout=60,
            ) as self._socket:
                began = time.monotonic()
                await self._rerun("")
                async for raw in self._socket:
                    was = self.ready.is_set()
                    self._handle(raw)
                    if self.ready.is_set() and not was:
                        self._counts.first.append(time.monotonic() - began)
        except (OSError, websockets.WebSocketException) as error:
            self._counts.errors.append(repr(error)[:150])
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _rerun(self, fragment: str, widget: tuple[str, str] | None = None) -> None:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_script_hash = self._query, self._page
        run.fragment_id, run.is_auto_rerun = fragment, bool(fragment) and widget is None
        run.cached_message_hashes.extend(self._hashes)
        if widget:
            state = run.widget_states.widgets.add()
            state.id, state.json_value = widget
        self._sent.setdefault(fragment, time.monotonic())
        await self._socket.send(message.SerializeToString())

    async def _tick(self, fragment: str, widget: str | None) -> None:
        await asyncio.sleep(random.random() * self._every_s[fragment])
        count = 0
        while True:
            count += 1
            self._counts.ran(is_tick=fragment == self._slowest())
            await self._rerun(fragment, (widget, str(count)) if widget else None)
            await asyncio.sleep(self._every_s[fragment])

    def _slowest(self) -> str:
        """The fragment with the page's own clock; quicker ones beside it only cost."""
        return max(self._every_s, key=self._every_s.__getitem__)

    def _start(self, fragment: str, every_s: float, widget: str | None = None) -> None:
        self._every_s[fragment] = every_s  # a clock may hurry first and slow down later
        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(self._tick(fragment, widget))

    def _forget_timers(self) -> None:
        """A run of the whole page takes its clocks away and draws new ones."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._every_s.clear()

    def _handle(self, raw: bytes) -> None:
        message = ForwardMsg()
        message.ParseFromString(raw)
        self._counts.down += len(raw)
        kind = message.WhichOneof("type")
        self._counts.kinds[_kind_of(message)] += len(raw)
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:
                self._forget_timers()
        elif kind == "auto_rerun":
            self._start(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "script_finished" and message.script_finished != CUT_SHORT:
            self._finished()
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta)
        if message.metadata.cacheable:
            self._hashes[message.hash] = self._runs
        elif kind == "ref_hash":
            self._hashes[message.ref_hash] = self._runs

    def _element(self, delta) -> None:
        element = delta.new_element
        if element.WhichOneof("type") == "exception":
            self._counts.errors.append(element.exception.message[:150])
        if element.WhichOneof("type") == "component_instance":
            interval = json.loads(element.component_instance.json_args or "{}").get("interval")
            if interval:
                self._start(delta.fragment_id, interval / 1000, element.component_instance.id)

    def _finished(self) -> None:
        now = time.monotonic()
        self.ready.set()
        self._runs += 1
        self._hashes = {h: n for h, n in self._hashes.items() if self._runs - n <= 2}
        for fragment in list(self._sent):
            sent = self._sent.pop(fragment)
            if fragment:
                self._counts.latencies.append(now - sent)


def _kind_of(message: ForwardMsg) -> str:
    """Of which kind a message is, for the list of the heaviest."""
    if message.WhichOneof("type") != "delta":
        return str(message.WhichOneof("type"))
    if message.delta.WhichOneof("type") != "new_element":
        return "block"
    element = message.delta.new_element
    kind = str(element.WhichOneof("type"))
    named = element.bidi_component.id if kind == "bidi_component" else ""
    return f"{kind} {named.rsplit('-', 2)[-2:]}" if named else kind
