"""What a tracker needs of history, and history to look back on, where nothing is kept.

``Shelf`` is fulfilled by ``lib.history.store.Store``. ``LookingBack`` is the base of those that only read: the store
as of a moment (``past``) and the records of a memo (``recompute``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from lib.experiments.model import Call, Experiment, Exposures, Metric, Plan, Snapshot
from lib.stats.results import Series


class Shelf(Protocol):
    """The methods promise what ``lib.history.store`` says."""

    def keep(self, snapshots: Sequence[Snapshot]) -> int: ...  # noqa: D102  # see the class
    def thinned_series(  # noqa: D102  # see the class
        self, experiment: Experiment, metric: Metric, *, points: int
    ) -> Series: ...
    def exposures(self, experiment_id: int) -> Exposures | None: ...  # noqa: D102  # see the class
    def plan(self, experiment_id: int) -> Plan | None: ...  # noqa: D102  # see the class
    def freeze_plan(self, plan: Plan) -> Plan: ...  # noqa: D102  # see the class
    def calls(self, experiment_id: int) -> tuple[Call, ...]: ...  # noqa: D102  # see the class
    def record_call(self, call: Call) -> bool: ...  # noqa: D102  # see the class
    def protect_all(  # noqa: D102  # see the class
        self, experiment_id: int, metric_id: str, moments: Sequence[datetime]
    ) -> int: ...


class LookingBack:
    """A shelf that is only read: what a tracker would write is dropped."""

    def keep(self, _snapshots: Sequence[Snapshot]) -> int:
        """Nothing is kept."""
        return 0

    def freeze_plan(self, plan: Plan) -> Plan:
        """The plan as made, not kept."""
        return plan

    def record_call(self, _call: Call) -> bool:
        """Nothing is kept."""
        return False

    def protect_all(
        self, _experiment_id: int, _metric_id: str, _moments: Sequence[datetime]
    ) -> int:
        """Nothing is kept."""
        return 0
