"""The nouns as JSON values and back, for rows whose inside nobody queries and for the files people take away.

Both ways go by the fields and types a dataclass declares, so a new field needs no line here, a field that an
older row lacks takes its default, and one that is no longer declared is passed over. Every float survives bit
for bit: finite ones by their shortest repr, the others by name, so the text is valid for strict readers too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

NAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
T = TypeVar("T")


def dumps(value: Any) -> str:
    """A dataclass, or what it is made of, as text in ASCII."""
    return json.dumps(plain(value), allow_nan=False)


def loads(kind: type[T], text: str) -> T:
    """The dataclass again."""
    found: T = revive(kind, json.loads(text))
    return found


def plain(value: Any) -> Any:
    """As JSON values: times by ISO in UTC, tuples as lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return value


def revive(kind: Any, value: Any) -> Any:
    """JSON values as the declared kind."""
    if value is None:
        return None
    if get_origin(kind) in {Union, UnionType}:
        return revive(next(k for k in get_args(kind) if k is not type(None)), value)
    if get_origin(kind) is tuple:
        return tuple(revive(item_kind, item) for item_kind, item in _items(kind, value))
    if get_origin(kind) is not None:  # a mapping
        return {key: revive(get_args(kind)[1], item) for key, item in value.items()}
    return _revive_one(kind, value)


def _revive_one(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _revive_fields(kind, value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is float and isinstance(value, str):
        return NAMED[value]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value


def _revive_fields(kind: Any, value: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: revive(hints[name], value[name]) for name in hints if name in value})


def _items(kind: Any, value: Any) -> Any:
    kinds = get_args(kind)
    if kinds[-1] is Ellipsis:
        return ((kinds[0], item) for item in value)
    return zip(kinds, value, strict=True)


@lru_cache(maxsize=64)
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
