"""What a commentary would be about, coarse enough to change a few times a day instead of every ten seconds.

Used by ``lib.copilot.commentary`` only. Bands have hysteresis: a value has to be clearly over an edge to change
the band, so that noise around an edge changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from lib.experiments.model import Goal
from lib.live.view import LiveView
from lib.stats.results import Analysis, Estimate, State

SIZES = (100, 1_000, 5_000, 20_000, 50_000, 100_000)  # people
EVIDENCES = (0.80, 0.95, 0.99)
LIFTS = (0.01, 0.03, 0.05, 0.10, 0.20)
EVIDENCE_SLACK, LIFT_SLACK, LEAD_ZONE = 0.01, 0.005, 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Bands by their place, the leader by its place (0 nobody or the baseline), and what overrides them."""

    size: int = 0
    evidence: int = 0
    leader: int = 0
    lift: int = 0
    has_problem: bool = False
    state: str = ""

    @property
    def key(self) -> str:
        """As a short text, for the store."""
        problem = "problem" if self.has_problem else "fine"
        return f"{self.size}.{self.evidence}.{self.leader}.{self.lift}.{problem}.{self.state}"

    def is_urgent_after(self, before: Situation | None) -> bool:
        """Whether it is told at once: the line reached or a data problem, and it was not so before."""
        if before is None:
            return self.has_problem
        reached = self.evidence >= 2 > before.evidence
        return reached or (self.has_problem and not before.has_problem)


def situation_of(view: LiveView, before: Situation | None) -> Situation:
    """The situation now; ``before`` steadies values near an edge."""
    analysis = view.primary
    if analysis is None:
        return Situation(state="no_numbers")
    was = before or Situation()
    best = max(analysis.estimates, key=lambda e: e.evidence, default=None)
    leader, lift = _leader(analysis, was.leader)
    return Situation(
        size=bisect_right(SIZES, sum(arm.n for arm in analysis.arms)),
        evidence=_band(best.evidence if best else 0.0, EVIDENCES, EVIDENCE_SLACK, was.evidence),
        leader=leader,
        lift=_band(lift, LIFTS, LIFT_SLACK, was.lift),
        has_problem=analysis.verdict.state is State.UNDER_SUSPICION or view.trouble is not None,
        state=str(analysis.verdict.state),
    )


def _band(value: float, edges: Sequence[float], slack: float, was: int) -> int:
    """The band of a value; one next to the old one only when the edge is passed by ``slack``."""
    now = bisect_right(edges, value)
    if now == was + 1 and value < edges[was] + slack:
        return was
    if now == was - 1 and value > edges[now] - slack:
        return was
    return now


def _leader(analysis: Analysis, was: int) -> tuple[int, float]:
    """Place of the arm in front and the size of its lead; within the dead zone it stays as it was."""
    keys = [arm.variant_key for arm in analysis.arms]
    good = 1.0 if analysis.metric.goal is Goal.UP else -1.0
    known = [e for e in analysis.estimates if e.lift is not None and e.treatment_key in keys]
    if not known:
        return 0, 0.0
    best = max(known, key=lambda e: good * _lift(e))
    lead = good * _lift(best)
    if abs(lead) < LEAD_ZONE:
        return was, abs(lead)
    return (keys.index(best.treatment_key) if lead > 0 else 0), abs(lead)


def _lift(one: Estimate) -> float:
    return one.lift if one.lift is not None else 0.0
