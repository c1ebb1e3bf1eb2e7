"""Take it away: the numbers as files that say what they are. Nothing is computed before somebody asks.

Used by the history page and the dashboard.
"""

from __future__ import annotations

from lib.experiments.model import Metric
from lib.live.view import LiveView


def take_away(view: LiveView, metric: Metric, key: str) -> None:
    """A menu of downloads."""
