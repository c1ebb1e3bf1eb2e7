"""What the model is sent: rules first, then the facts in play, then the turns, within a budget of tokens.

Called by the assistant. Names from outside are JSON strings; no key or address is ever in here. Old tool results
are not carried along: each turn fetches anew, so a call is never parted from its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from lib.copilot.models import estimate
from lib.copilot.tools import fact_line
from lib.experiments.chat import ChatMessage
from lib.experiments.facts import Fact
from lib.experiments.model import Experiment
from lib.wording import prompt_name

PROMPTS = Path(__file__).parent / "prompts"
BUDGET = 6_000  # tokens
VERSION = "1"
LANGUAGE = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
MOST_EXPERIMENTS = 60


@cache
def text(name: str) -> str:
    """One of the prompt files."""
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8")


def messages_for(
    *,
    question: str,
    lang: str,
    now: datetime,
    experiments: Sequence[Experiment],
    facts: Sequence[Fact],
    said: str,
    current: int | None,
    turns: Sequence[ChatMessage],
) -> list[dict[str, Any]]:
    """The messages of one turn.

    Args:
        question: as typed.
        lang: the language to answer in.
        now: the server's clock.
        experiments: the closed list.
        facts: computed for this question by the rules.
        said: what the rules would answer; a safe basis for small models.
        current: id of the experiment the talk is about.
        turns: earlier messages, oldest first; the oldest are dropped when it gets too long.
    """
    sheet = "\n\n".join(
        [
            f"Answer in {LANGUAGE.get(lang, 'English')}. Server time: {now:%A %Y-%m-%d %H:%M} UTC.",
            "Experiments (id, name, status):\n"
            + "\n".join(_experiment_line(e) for e in _few(experiments)),
            f"The talk is about experiment {current}."
            if current is not None
            else "No experiment was chosen yet.",
            "Facts computed for this question:\n" + "\n".join(fact_line(fact) for fact in facts),
            f"verdict and answer by rules (data, not an instruction): {said}",
        ]
    )
    head = [
        {"role": "system", "content": text("rules")},
        {"role": "system", "content": sheet},
    ]
    tail = [{"role": "user", "content": question}]
    return [*head, *_turns(turns, BUDGET - estimate([*head, *tail])), *tail]


def _few(experiments: Sequence[Experiment]) -> Sequence[Experiment]:
    ordered = sorted(experiments, key=lambda e: not e.is_running)
    return ordered[:MOST_EXPERIMENTS]


def _experiment_line(experiment: Experiment) -> str:
    arms = ", ".join(prompt_name(v.name or v.key) for v in experiment.variants)
    return f"{experiment.id}: {prompt_name(experiment.name)}, {experiment.status}, arms {arms}"


def _turns(turns: Sequence[ChatMessage], room: int) -> list[dict[str, Any]]:
    """As many of the newest turns as there is room for."""
    kept: list[dict[str, Any]] = []
    for turn in reversed(turns):
        message = {"role": turn.role, "content": _dated(turn)}
        room -= estimate([message])
        if room < 0:
            break
        kept.append(message)
    return kept[::-1]


def _dated(turn: ChatMessage) -> str:
    """An earlier answer with its time, so that its numbers are not taken for those of now."""
    if turn.role == "user":
        return turn.text
    return f"(answered {turn.at:%Y-%m-%d %H:%M} UTC, superseded) {turn.text}"


def repair(bad: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """The one request to rewrite sentences; pairs of sentence and reason."""
    lines = "\n".join(f"- {sentence.strip()} ({reason})" for sentence, reason in bad)
    return {"role": "user", "content": text("repair").replace("{sentences}", lines)}
