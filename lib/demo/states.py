"""Experiments from a file of states: exact counts that stay as they are, with a plausible past.

Called by server for ``--states FILE.json``. The file is a mapping of names to states, by itself or
under ``states``. A state has name, status, started_days_ago, variants (key, participants,
conversions) and, where they apply, visitors_per_day, ended_days_ago and id ("experiment-123").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.demo.clock import DAY_S
from lib.demo.trial import Arm, Planned, Sums, Trial, measure, planned_percents

FIRST_ID = 201
ENDED = {"completed", "complete", "stopped", "ended", "finished"}


class StateCurve:
    """Exact totals from a day on; before it, people come evenly and convert at the final rate."""

    def __init__(self, totals: tuple[tuple[str, int, int], ...], *, full_day: float) -> None:
        self._totals = totals
        self._full_day = full_day

    def sums(self, column: str, day: float) -> tuple[Sums, ...] | None:
        """See ``Curve``."""
        part = 1.0 if day >= self._full_day else max(0.0, day / self._full_day)
        return tuple(self._arm(column, key, n, x, part) for key, n, x in self._totals)

    @staticmethod
    def _arm(_column: str, key: str, n: int, converted: int, part: float) -> Sums:
        people, total = round(n * part), round(converted * part)
        return Sums(key=key, n=people, total=total, total_sq=total)


def read_states(path: Path, *, anchor: float) -> list[Trial]:
    """Return the file's experiments; their counts hold exactly from ``anchor`` on.

    Raises:
        ValueError: the file is no mapping of states.
    """
    read = json.loads(path.read_text(encoding="utf-8"))
    states = read.get("states", read) if isinstance(read, dict) else read
    if isinstance(states, list):
        states = {str(i): state for i, state in enumerate(states)}
    if not isinstance(states, dict) or not all(isinstance(s, dict) for s in states.values()):
        raise ValueError(f"{path.name} is no mapping of experiment states")
    taken = {own for state in states.values() if (own := _own_id(state)) is not None}
    free = (i for i in range(FIRST_ID, FIRST_ID + 10**6) if i not in taken)
    keys: set[str] = set()
    return [_trial(name, state, free, keys, anchor) for name, state in states.items()]


def _own_id(state: Mapping[str, Any]) -> int | None:
    digits = re.search(r"(\d+)$", str(state.get("id", "")))
    return int(digits.group(1)) if digits else None


def _flag_key(name: str, state: Mapping[str, Any], taken: set[str]) -> str:
    words = re.findall(r"[a-z0-9]+", str(state.get("name", name)).lower())
    own = str(state.get("flag_key") or state.get("id") or "-".join(words) or "experiment")
    key, i = own, 2
    while key in taken:
        key, i = f"{own}-{i}", i + 1
    taken.add(key)
    return key


def _arms(variants: list[Mapping[str, Any]]) -> tuple[Arm, ...]:
    """Return the arms with an equal planned split, unless the state names the shares."""
    shares = [float(v.get("share_pct", v.get("share", 1))) for v in variants]
    percents = planned_percents(shares)
    return tuple(
        Arm(key=str(v["key"]), name=str(v.get("name", v["key"])), percent=percent)
        for v, percent in zip(variants, percents, strict=True)
    )


def _trial(name: str, state: Mapping[str, Any], free: Any, keys: set[str], anchor: float) -> Trial:
    own = _own_id(state)
    experiment_id = next(free) if own is None else own
    status = str(state.get("status", "running"))
    days = state.get("started_days_ago")
    started = None if status == "draft" or days is None else anchor - float(days) * DAY_S
    ended = anchor - float(state.get("ended_days_ago") or 0) * DAY_S if status in ENDED else None
    arms = _arms(state["variants"])
    totals = tuple(
        (str(v["key"]), int(v.get("participants", 0)), int(v.get("conversions", 0)))
        for v in state["variants"]
    )
    full_day = 0.0 if started is None else ((anchor if ended is None else ended) - started) / DAY_S
    keyed = [arm.key for arm in arms]
    return Trial(
        id=experiment_id,
        name=str(state.get("name", name)),
        flag_key=_flag_key(name, state, keys),
        description="From a file of states: given counts, not measured ones.",
        arms=arms,
        baseline="control" if "control" in keyed else keyed[0],
        measures=(
            measure(
                experiment_id,
                "converted",
                kind="funnel",
                name=str(state.get("metric", "Conversion")),
                event="converted",
                goal=str(state.get("goal", "increase")),
            ),
        ),
        curve=StateCurve(totals, full_day=full_day),
        created_at=(anchor if started is None else started) - DAY_S,
        started_at=started,
        ended_at=ended,
        tags=("given",),
        planned=_planned(state),
        paused=status == "paused",
    )


def _planned(state: Mapping[str, Any]) -> Planned | None:
    plan = state.get("planned") or state.get("running_time_calculation")
    if not isinstance(plan, Mapping):
        return None
    return Planned(
        mde_percent=float(plan.get("minimum_detectable_effect", 5)),
        n_total=int(plan.get("recommended_sample_size", 0)),
        days=float(plan.get("recommended_running_time", 14)),
    )
