"""The five charts of the history page on one time axis. Figures are made once a data version and shared.

Called by ``lib.ui.history`` at each tick; never reads a source.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lib import wording
from lib.charts import evidence_over_time, lift_over_time, participants, rates, split
from lib.charts.plot import Spec
from lib.charts.timeline import Arm, Canvas
from lib.experiments.model import Experiment, Metric
from lib.live.trend import Trend
from lib.live.view import LiveView
from lib.stats.movement import Movement, broken
from lib.ui.history_moments import Moment, marks_of, timeline
from lib.ui.history_state import ALL, RANGES
from lib.ui.live_block import pack
from lib.ui.live_plot import spec_node
from lib.ui.markup import Node, div
from lib.ui.shared import Shelf
from lib.ui.verdict import data_labels
from lib.ui.viewer import Viewer
from lib.ui.words import arm_name, is_share

EXPLORATORY = "exploratory range"
MOST_POINTS = 720  # about one every two pixels of a wide window
PAD = 0.012  # of the range, right of the newest point
PLAN_IN_SIGHT = 0.6  # of the run: a planned end further away than this is not shown on the axis
LEGEND = (
    "Band: the interval that holds at every look, at once. Dotted inside it: valid for one look at the planned end "
    "only; watched all the time it comes and goes. Numbered lines: the timeline below."
)
LEGEND_DAILY = "Open circles on a dashed line, hatched days: daily figures from PostHog; in between nothing was read."
_packed: Shelf = Shelf(keep=48)  # five figures each, some 40 kB


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart: its key and file name, its height in pixels, its data and words."""

    key: str
    height: int
    spec: Spec
    alt: str


def charts_packed(
    view: LiveView,
    metric: Metric,
    trend: Trend,
    moments: tuple[Moment, ...],
    *,
    viewer: Viewer,
    chosen: str,
) -> bytes:
    """All charts, their legend and the timeline as one packed tree; made once for all viewers of a zone."""
    asked = f"{metric.id} {chosen}"

    def make() -> bytes:
        charts = charts_of(view, metric, trend, moments, viewer=viewer, chosen=chosen)
        name = wording.bare_name(view.experiment.name, 40)
        shown = div(
            "history-charts", *(_node(chart, asked, name) for chart in charts), _legend(trend)
        )
        return pack(shown, timeline(moments, viewer))

    key = _key(view, metric, trend, moments, viewer=viewer, chosen=chosen)
    return _packed.get(key, make)


def _node(chart: Chart, asked: str, of: str) -> Node:
    """A chart in a tree; ``of`` names the file saved from it."""
    return spec_node(
        chart.spec,
        key=f"history-{chart.key}",
        alt=chart.alt,
        height=chart.height,
        name=f"{of} {chart.key}",
        zoomable=True,
        group="history",
        view=asked,
    )


def _legend(trend: Trend) -> Node:
    """What the charts do not say themselves."""
    has_daily = bool(trend.moved.is_daily.any())
    return div("muted small", f"{LEGEND} {LEGEND_DAILY}" if has_daily else LEGEND)


def charts_of(
    view: LiveView,
    metric: Metric,
    trend: Trend,
    moments: tuple[Moment, ...],
    *,
    viewer: Viewer,
    chosen: str,
) -> tuple[Chart, ...]:
    """The charts of one metric and range."""
    span = span_of(view, trend, chosen)
    canvas = Canvas(
        arms=arms_of(view.experiment),
        span=span,
        marks=() if span is None else marks_of(moments, span),
        gaps=trend.gaps,
        zone=viewer.zone,
        stamp=stamp_of(view, chosen),
    )
    gaps = tuple((first.timestamp(), last.timestamp()) for first, last in trend.gaps)
    return _charts(metric, trend.moved, broken(trend.moved.at_most(MOST_POINTS), gaps), canvas)


def _key(
    view: LiveView,
    metric: Metric,
    trend: Trend,
    moments: tuple[Moment, ...],
    *,
    viewer: Viewer,
    chosen: str,
) -> Hashable:
    """Everything the charts are made of."""
    look = (view.experiment, metric.id, chosen, trend.version, view.frozen_at, str(viewer.zone))
    return look, moments, span_of(view, trend, chosen), stamp_of(view, chosen)


def _charts(metric: Metric, whole: Movement, moved: Movement, canvas: Canvas) -> tuple[Chart, ...]:
    """From every moment, and from those drawn as lines."""
    share = is_share(metric)
    unit = "share of visitors" if share else "per visitor"
    made: tuple[tuple[str, int, Callable[[], Spec], str], ...] = (
        ("lift", 330, lift_over_time.plot(moved, canvas, with_single_look=True).spec,
         lift_over_time.alt(moved, canvas)),
        ("evidence", 290, evidence_over_time.plot(moved, canvas, with_single_look=True).spec,
         evidence_over_time.alt(moved, canvas)),
        ("rate", 260, rates.plot(moved, canvas, unit=unit, is_share=share, metric=metric.name).spec,
         rates.alt(moved, canvas)),
        ("visitors", 230, participants.by_day(whole, canvas).spec, participants.alt(whole, canvas)),
        ("split", 250, split.plot(moved, canvas).spec, split.alt(moved, canvas)),
    )  # fmt: skip
    return tuple(Chart(key=k, height=h, spec=spec(), alt=alt) for k, h, spec, alt in made)


def arms_of(experiment: Experiment) -> tuple[Arm, ...]:
    """The arms as the charts want them."""
    return tuple(
        Arm(key=v.key, name=arm_name(experiment, v.key), place=place, share=v.share)
        for place, v in enumerate(experiment.variants)
    )


def stamp_of(view: LiveView, chosen: str) -> str:
    """What a saved picture must say: where the data are from, and that a range is exploratory."""
    said = [wording.html_name(label, 60) for label in data_labels(view)]
    if chosen != ALL:
        said.append(EXPLORATORY)
    if view.frozen_at is not None:
        said.append("replay")
    return ", ".join(said)


def since_of(chosen: str, newest: datetime | None) -> datetime | None:
    """Where the range begins, on a step of its own, so that a tick does not make it another range."""
    width = RANGES[chosen][1]
    if width is None or newest is None:
        return None
    step = width.total_seconds() / 24
    begin = (newest - width).timestamp()
    return datetime.fromtimestamp(begin - begin % step, newest.tzinfo)


def span_of(view: LiveView, trend: Trend, chosen: str) -> tuple[datetime, datetime] | None:
    """The time axis: the range asked for, or the whole run with the planned end if that is in sight."""
    if not len(trend.moved):
        return None
    first, last = (datetime.fromtimestamp(at, UTC) for at in trend.moved.at[[0, -1]].tolist())
    width = RANGES[chosen][1]
    if width is not None:
        return max(last - width, first - timedelta(hours=1)), last + PAD * width
    begin = min(view.experiment.started_at or first, first)
    end = last + PAD * (last - begin)
    plan = view.primary.plan if view.primary else None
    if plan is not None and view.experiment.started_at is not None:
        planned = view.experiment.started_at + timedelta(days=plan.days)
        if planned - last < PLAN_IN_SIGHT * (last - begin):
            end = max(end, planned + PAD * (planned - begin))
    return begin, end
