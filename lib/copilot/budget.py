"""How much the model may be used, per day and per conversation; the counters are kept in the store.

Asked before each call by the assistant and the commentary; shown on the connection page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from lib.experiments.chat import Usage
from lib.experiments.model import Clock
from lib.settings import ModelSettings


class Meter(Protocol):
    """The part of the store that counts."""

    def add_usage(
        self, day: date, calls: int, tokens: int, conversation_id: str | None = None
    ) -> None:
        """Count."""
        ...

    def usage(self, day: date) -> Usage:
        """Of one day."""
        ...

    def conversation_usage(self, conversation_id: str) -> Usage:
        """Of one conversation."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of the settings against what the store has counted."""

    settings: ModelSettings
    meter: Meter
    clock: Clock

    def refusal(self, conversation_id: str | None = None) -> str:
        """Why the model may not be asked now, one sentence; empty when it may."""
        today = self.meter.usage(self.clock().date())
        if today.calls >= self.settings.calls_per_day:
            return "Today's calls to the model are used up."
        if today.tokens >= self.settings.tokens_per_day:
            return "Today's tokens of the model are used up."
        if conversation_id is not None:
            used = self.meter.conversation_usage(conversation_id)
            if used.tokens >= self.settings.tokens_per_conversation:
                return "This conversation has used up its tokens of the model."
        return ""

    def spend(self, tokens: int, conversation_id: str | None = None) -> None:
        """Count one call."""
        self.meter.add_usage(self.clock().date(), 1, tokens, conversation_id)

    def today(self) -> Usage:
        """What was used today, for the connection page."""
        return self.meter.usage(self.clock().date())
