"""What the copilot can do: plain read-only functions, one answer each. Their signature and docstring are the schema.

Called by the built-in answerer directly and by the model through ``run``. To add one: write the function beside
its kin, put it into ``TOOLS``, and name it in the README. Nothing here writes, and an id is only accepted from the
closed list of experiments.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

from lib.copilot.desk import Asking, Findings, plain_of
from lib.copilot.tools_metric import results
from lib.copilot.tools_next import (
    expected_loss,
    forecast,
    likely_lift,
    other_effect,
    other_line,
    other_traffic,
    stop_now,
    wait,
)
from lib.copilot.tools_now import (
    about,
    compare_arms,
    counts,
    health,
    show_panel,
    why_not_proven,
)
from lib.copilot.tools_then import changes, history
from lib.copilot.tools_words import decision_memo, explain, list_experiments, notifications
from lib.experiments.facts import Fact
from lib.wording import bare_name

Tool = Callable[..., Findings]
TOOLS: tuple[Tool, ...] = (
    list_experiments,
    results,
    show_panel,
    counts,
    compare_arms,
    health,
    why_not_proven,
    about,
    history,
    changes,
    forecast,
    stop_now,
    wait,
    other_traffic,
    other_effect,
    other_line,
    likely_lift,
    expected_loss,
    explain,
    notifications,
    decision_memo,
)
BY_NAME: Mapping[str, Tool] = {tool.__name__: tool for tool in TOOLS}
JSON_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}
ARGUMENT = re.compile(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", re.MULTILINE)


def schema(tool: Tool, ids: Sequence[int] = ()) -> dict[str, Any]:
    """A tool as the model sees it; ids are a closed list when given."""
    doc = inspect.cleandoc(tool.__doc__ or "")
    said = dict(ARGUMENT.findall(tool.__doc__ or ""))
    hints = get_type_hints(tool)
    names = [name for name in inspect.signature(tool).parameters if name != "ask"]
    properties = {
        name: {
            **_type_of(hints[name], ids if name == "experiment_id" else ()),
            "description": " ".join(said.get(name, "").split()),
        }
        for name in names
    }
    return {
        "type": "function",
        "function": {
            "name": tool.__name__,
            "description": doc.splitlines()[0],
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": names,
                "additionalProperties": False,
            },
        },
    }


def _type_of(hint: Any, ids: Sequence[int]) -> dict[str, Any]:
    parts = [part for part in getattr(hint, "__args__", (hint,)) if part is not type(None)]
    is_optional = len(parts) != len(getattr(hint, "__args__", (hint,)))
    name = JSON_TYPES[parts[0]]
    made: dict[str, Any] = {"type": [name, "null"] if is_optional else name}
    if ids:
        made["enum"] = [*ids, None] if is_optional else list(ids)
    return made


def schemas(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Every tool as the model sees it."""
    return [schema(tool, ids) for tool in TOOLS]


def run(ask: Asking, name: str, arguments: str) -> tuple[Findings | None, dict[str, Any]]:
    """Run a tool for the model: what it found, and what the model is told.

    Broken arguments, unknown tools and unknown ids are told to the model as data; nothing is raised.
    """
    tool = BY_NAME.get(name)
    if tool is None:
        return None, {"error": "no such tool", "known": sorted(BY_NAME)}
    values, problem = _arguments(ask, tool, arguments)
    if problem:
        return None, problem
    try:
        found = tool(ask, **values)
    except Exception as error:  # noqa: BLE001  # a tool's surprise is told to the model, the chat goes on
        return None, {"error": f"the tool failed ({type(error).__name__}); answer without it"}
    return found, told(found)


def _arguments(ask: Asking, tool: Tool, raw: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Checked arguments, or the problem to tell."""
    try:
        given = json.loads(raw or "{}")
    except json.JSONDecodeError:
        return {}, {"error": "arguments are not JSON"}
    if not isinstance(given, dict):
        return {}, {"error": "arguments must be an object"}
    hints, values = get_type_hints(tool), {}
    for name, parameter in inspect.signature(tool).parameters.items():
        if name == "ask":
            continue
        value = given.get(name)
        if value is None:
            if parameter.default is inspect.Parameter.empty:
                return {}, {"error": f"{name} is missing"}
            continue
        values[name] = _as(hints[name], value)
        if values[name] is None:
            return {}, {"error": f"{name} has the wrong type"}
    known = [e.id for e in ask.desk.experiments()]
    if "experiment_id" in values and values["experiment_id"] not in known:
        return {}, {"error": "no such experiment", "known": known[:100]}
    return values, {}


def _as(hint: Any, value: object) -> Any:
    """A value as the type asked for; None when it is none."""
    wanted = next(p for p in getattr(hint, "__args__", (hint,)) if p is not type(None))
    if wanted is bool:
        return value if isinstance(value, bool) else None
    if wanted is str:
        return str(value) if isinstance(value, str | int | float) else None
    try:
        number = float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None
    if number is None or number != number or abs(number) == float("inf"):  # noqa: PLR0124  # NaN
        return None
    return int(number) if wanted is int else number


def told(found: Findings) -> dict[str, Any]:
    """Findings as the model sees them: words, never raw floats."""
    return {
        "say": plain_of(found.sentences),
        "facts": [fact_line(fact) for fact in said_facts(found)],
        **({"panel": "shown to the user below your answer"} if found.panel else {}),
        **({"candidates": list(found.candidates)} if found.candidates else {}),
        **dict(found.data),
    }


def said_facts(found: Findings) -> tuple[Fact, ...]:
    """The facts worth the model's attention, at most 90."""
    return found.facts[:90]


def fact_line(fact: Fact) -> str:
    """One fact for the prompt: id, meaning, whose, value as shown."""
    whose = f" of {json.dumps(bare_name(fact.subject), ensure_ascii=False)}" if fact.subject else ""
    return f"{fact.id}: {fact.topic}{whose} = {fact.shown}"
