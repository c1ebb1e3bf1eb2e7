"""A figure over time as plain data: what the browser gets, without building a ``go.Figure`` first.

Building and checking a figure of a thousand points costs a hundred times more than its data, and a page redraws
five of them at every tick. The figures over time therefore write plain traces; ``figure`` makes a ``go.Figure``
of the same data where one is wanted, in tests and exports. Times are kept once a plot, not once a line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

Spec = dict[str, Any]
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # wall-clock time of the reader, which has no zone of its own


@dataclass(slots=True, kw_only=True)
class Plot:
    """Layout and traces in the making. ``x`` of a trace may name a time column as ``@0``.

    ``columns`` hold whole seconds of wall-clock time: the first, then the steps between them.
    """

    layout: Spec
    zone: tzinfo = UTC
    traces: list[Spec] = field(default_factory=list)
    columns: list[list[int]] = field(default_factory=list)

    def add(self, **trace: Any) -> None:
        """One more trace."""
        self.traces.append(trace)

    def shape(self, **shape: Any) -> None:
        """One more line or area behind the data."""
        self.layout.setdefault("shapes", []).append(shape)

    def annotate(self, **annotation: Any) -> None:
        """One more text."""
        self.layout.setdefault("annotations", []).append(annotation)

    def column(self, at: NDArray[np.float64]) -> str:
        """The name of a column of moments (POSIX seconds); equal columns are kept once."""
        steps = _steps(at.tobytes(), self.zone)
        if steps not in self.columns:
            self.columns.append(steps)
        return f"@{self.columns.index(steps)}"

    def spec(self) -> Spec:
        """What travels to the browser, which fills the times in."""
        return {"data": self.traces, "layout": self.layout, "columns": self.columns}

    def figure(self) -> go.Figure:
        """The same as a ``go.Figure``, times filled in."""
        data = [trace | self._times(trace) for trace in self.traces]
        return go.Figure(data=data, layout=self.layout)

    def _times(self, trace: Spec) -> Spec:
        name = trace.get("x")
        if not isinstance(name, str):
            return {}
        seconds = np.cumsum(self.columns[int(name[1:])]).tolist()
        return {"x": [(EPOCH + timedelta(seconds=s)).isoformat() for s in seconds]}


def wall(moment: datetime, zone: tzinfo) -> str:
    """A moment as the reader's clock shows it, the way an axis wants it."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def wall_seconds(at: NDArray[np.float64], zone: tzinfo) -> NDArray[np.int64]:
    """Moments (POSIX seconds) as seconds of the reader's wall clock since 1970."""
    seconds = np.floor(at).astype(np.int64)
    if zone is UTC:
        return seconds
    local = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(zone).tz_localize(None)
    return np.asarray(local.to_numpy(dtype="datetime64[s]").astype(np.int64))


@lru_cache(maxsize=16)
def _steps(at: bytes, zone: tzinfo) -> list[int]:
    """The column of these moments; the figures of a page share theirs, and nobody changes it."""
    steps: list[int] = np.diff(wall_seconds(np.frombuffer(at), zone), prepend=0).tolist()
    return steps
