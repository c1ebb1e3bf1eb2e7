"""Numbers outside sentences: cards, tiles and gauges open them like the ones in words.

The sheet of facts is made once for a drawing; a number that is no fact stays a plain number. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lib.commentary.sentences import facts_of
from lib.experiments.facts import Fact
from lib.experiments.model import Experiment
from lib.live.view import LiveView
from lib.stats.results import Estimate
from lib.ui.markup import Node, num
from lib.ui.sentences import fact_node
from lib.ui.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The facts of one view by id, for one reader."""

    facts: Mapping[str, Fact]
    viewer: Viewer

    def number(self, name: str, shown: str, title: str | None = None) -> Node:
        """``shown`` as it stands, opening the fact ``name``; with ``title`` alone where there is none."""
        fact = self.facts.get(name)
        return num(shown, title) if fact is None else fact_node(fact, self.viewer, shown=shown)


def place_of(experiment: Experiment, estimate: Estimate) -> int:
    """The treatment's place among the arms, as ids of facts have it."""
    return [variant.key for variant in experiment.variants].index(estimate.treatment_key)


def change_id(estimate: Estimate, place: int, end: str = "") -> str:
    """The fact of an observed change, or of an ``end`` of its interval: of the baseline, else the plain difference."""
    return f"{'diff' if estimate.lift is None else 'lift'}{end}.{place}"


def figures_of(view: LiveView, viewer: Viewer) -> Figures:
    """Every figure of the view's sentences and of its primary metric."""
    there = view.server_time(viewer.now) or viewer.now
    sheet = facts_of(
        view.experiment, view.primary, view.forecast, server_now=there, zone=viewer.zone
    )
    said = {fact.id: fact for sentence in view.sentences for fact in sentence.facts}
    return Figures(facts=said | {fact.id: fact for fact in sheet}, viewer=viewer)
