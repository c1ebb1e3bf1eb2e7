"""Totals to bytes and back, bit for bit: little-endian doubles, and a layout that says what they are.

One snapshot is one row; its arms are one run of doubles, which numpy reads a thousand rows at a time. Visitor
counts are whole in a double up to 2**53. The layout (arms, which sums, how many steps) is text shared by rows.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lib.experiments.model import Exposures, Reported, Totals
from lib.history import codec

REQUIRED = ("n", "total", "total_sq")
OPTIONAL = (
    "base_total",
    "base_total_sq",
    "cross_total",
    "covariate_total",
    "covariate_total_sq",
    "covariate_cross",
)


@dataclass(frozen=True, slots=True)
class ArmLayout:
    """One arm's part of the bytes: its key, the names of its sums in order, then the funnel steps."""

    key: str
    fields: tuple[str, ...]
    n_steps: int

    @property
    def width(self) -> int:
        """Number of doubles."""
        return len(self.fields) + self.n_steps


def layout_of(totals: Sequence[Totals]) -> str:
    """The layout of these totals as text; equal layouts have equal text."""
    return json.dumps([[t.variant_key, _fields_of(t)[3:], len(t.steps)] for t in totals])


@lru_cache(maxsize=1024)
def parse_layout(text: str) -> tuple[ArmLayout, ...]:
    """Read a layout."""
    return tuple(
        ArmLayout(key, (*REQUIRED, *fields), n_steps) for key, fields, n_steps in json.loads(text)
    )


def pack(totals: Sequence[Totals]) -> bytes:
    """All arms' numbers, one after the other."""
    values: list[float] = []
    for arm in totals:
        values += [float(getattr(arm, name)) for name in _fields_of(arm)]
        values += [float(step) for step in arm.steps]
    return struct.pack(f"<{len(values)}d", *values)


def unpack(layout: str, data: bytes) -> tuple[Totals, ...]:
    """The totals again, equal to the last bit."""
    values = struct.unpack(f"<{len(data) // 8}d", data)
    arms: list[Totals] = []
    at = 0
    for arm in parse_layout(layout):
        arms.append(_totals(arm, values[at : at + arm.width]))
        at += arm.width
    return tuple(arms)


def pack_reported(reported: Sequence[Reported]) -> str:
    """PostHog's own figures as text, empty when there are none; Python's JSON keeps every double."""
    if not reported:
        return ""
    return json.dumps(
        [
            [
                r.variant_key,
                r.method,
                r.significant,
                r.chance_to_win,
                r.p_value,
                r.interval,
                r.failures,
            ]
            for r in reported
        ]
    )


def unpack_reported(text: str) -> tuple[Reported, ...]:
    """The figures again."""
    return tuple(_reported(row) for row in json.loads(text)) if text else ()


def pack_exposures(seen: Exposures) -> bytes:
    """A reading of exposures; equal readings have equal bytes."""
    return zlib.compress(codec.dumps(seen).encode())


def unpack_exposures(body: bytes) -> Exposures:
    """The reading again."""
    return codec.loads(Exposures, zlib.decompress(body).decode())


def _reported(row: Sequence[Any]) -> Reported:
    key, method, significant, chance, p_value, interval, failures = row
    return Reported(
        variant_key=key,
        method=method,
        significant=significant,
        chance_to_win=chance,
        p_value=p_value,
        interval=None if interval is None else tuple(interval),
        failures=tuple(failures),
    )


def _fields_of(arm: Totals) -> list[str]:
    return [*REQUIRED, *(name for name in OPTIONAL if getattr(arm, name) is not None)]


def _totals(arm: ArmLayout, values: Sequence[float]) -> Totals:
    sums = dict(zip(arm.fields, values, strict=False))
    n = int(sums.pop("n"))
    steps = tuple(int(step) for step in values[len(arm.fields) :])
    return Totals(variant_key=arm.key, n=n, steps=steps, **sums)
