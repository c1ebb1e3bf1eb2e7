"""Take it away: the numbers as files that say what they are. A file is made only when somebody asks for it.

Used by the history page and the dashboard.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping

import streamlit as st
from streamlit import runtime

from lib import wording
from lib.commentary.memo import MemoInput, memo_html, memo_markdown
from lib.experiments.model import Metric
from lib.history.export import csv, series_csv
from lib.history.record import Record
from lib.live.recompute import gather_records, recompute, write_records
from lib.live.tracker import MAX_ROWS
from lib.live.view import LiveView
from lib.ui import state
from lib.ui.live_block import live_block
from lib.ui.markup import Node, icon, tag
from lib.ui.verdict import data_labels
from lib.ui.viewer import Viewer, viewer
from lib.ui.wiring import hub
from lib.ui.words import state_of

METHOD = "always-valid sequential test; intervals hold at every look at once; single_*: valid for one look only"

HELD = 32  # files of all viewers together

_places = itertools.count()


def take_away(view: LiveView, metric: Metric, key: str) -> None:
    """A menu of downloads: the memo, figures over time, kept totals, the record, pictures."""
    menu = st.popover(
        "Take it away", icon=":material/download:", key=state.take_menu(key), on_change="rerun"
    )
    if menu.open:
        with menu:
            _menu(view, metric, key)


def _menu(view: LiveView, metric: Metric, key: str) -> None:
    who = viewer(hub().clock)
    name = file_name(view)
    _offer("Decision memo (HTML)", f"{name}-memo.html", "text/html", "description",
           lambda: memo_html(memo_of(view), zone=who.zone), key=f"{key}-take-memo")  # fmt: skip
    _offer("Decision memo (Markdown)", f"{name}-memo.md", "text/markdown", "markdown",
           lambda: memo_markdown(memo_of(view), zone=who.zone), key=f"{key}-take-memo-md")  # fmt: skip
    _offer("Figures over time (CSV)", f"{name}-figures.csv", "text/csv", "show_chart",
           lambda: figures_csv(view, metric, who), key=f"{key}-take-figures")  # fmt: skip
    _offer("Kept totals (CSV)", f"{name}-totals.csv", "text/csv", "table",
           lambda: totals_csv(view, metric, who), key=f"{key}-take-totals")  # fmt: skip
    _offer("Record to recompute (JSON)", f"{name}-record.json", "application/json", "data_object",
           lambda: record_json(view), key=f"{key}-take-record")  # fmt: skip
    if key == "history":
        live_block(_pictures(), key=f"{key}-take-pictures")
    st.caption("Each file says what it holds, how it was computed and where the data end.")


def _offer(
    label: str, name: str, kind: str, symbol: str, make: Callable[[], str], *, key: str
) -> None:
    st.download_button(
        label, held(make, name, kind), file_name=name, mime=kind, icon=f":material/{symbol}:", key=key,
        on_click="ignore", type="tertiary", width="stretch",
    )  # fmt: skip


def held(make: Callable[[], str], name: str, kind: str) -> Callable[[], bytes]:
    """Makes the file when it is asked for and holds it until others were made after it.

    Streamlit itself forgets such a file after the next two runs of anybody's page, ticks included: with many viewers
    that is before a slow line has fetched it.
    """

    def made() -> bytes:
        content = make().encode()
        if runtime.exists():
            place = f"take-away-{next(_places) % HELD}"
            runtime.get_instance().media_file_mgr.add(
                content, kind, place, file_name=name, is_for_static_download=True
            )
        return content

    return made


def _pictures() -> Node:
    return tag(
        "button", "", icon("image"), " Every chart as a picture (PNG)", type="button",
        data_save="history", title="Saves what each chart shows now, zoom included",
    )  # fmt: skip


def file_name(view: LiveView) -> str:
    """The experiment's name as part of a file name, with the day of the data."""
    words = re.sub(r"[^\w]+", "-", wording.bare_name(view.experiment.name, 40)).strip("-").lower()
    day = "" if view.as_of is None else f"-{view.as_of:%Y-%m-%d-%H%M}"
    return f"{words or 'experiment'}{day}"


def header_of(view: LiveView, metric: Metric, who: Viewer) -> Mapping[str, str]:
    """What a reader of a file must know; a stamp like "too early" travels along."""
    said = {
        "experiment": wording.bare_name(view.experiment.name),
        "metric": wording.bare_name(metric.name),
        "reading": state_of(view)[0],
        "verdict": view.sentences[0].text if view.sentences else wording.UNKNOWN,
        "method": METHOD,
        "data as of": wording.full_moment(view.as_of, who.zone),
        "checked": wording.full_moment(view.checked_at, who.zone),
        "source": ", ".join(data_labels(view)) or "PostHog",
    }
    if view.frozen_at is not None:
        said["replay"] = "as it stood then, without hindsight"
    return said


def figures_csv(view: LiveView, metric: Metric, who: Viewer) -> str:
    """Lift, intervals, evidence, value, visitors and split over time, as the charts show them."""
    trend = hub().trend(view.experiment.id, metric.id, until=view.frozen_at)
    head = header_of(view, metric, who)
    if trend is None:
        return csv(head, (), ())
    frame = trend.frame()
    rows = ((at.to_pydatetime(), *rest) for at, *rest in frame.itertuples(index=False, name=None))
    return csv(head, tuple(frame.columns), rows)


def totals_csv(view: LiveView, metric: Metric, who: Viewer) -> str:
    """The kept totals; a very long past comes thinned, which the file says."""
    series = hub().store.thinned_series(
        view.experiment, metric, points=MAX_ROWS, until=view.frozen_at
    )
    rows = f"{len(series)} moments" + (", thinned" if len(series) >= MAX_ROWS else "")
    return series_csv(view.experiment, series, {**header_of(view, metric, who), "rows": rows})


def record_json(view: LiveView) -> str:
    """Everything the view was computed from, to be read back by ``lib.live.recompute``."""
    return write_records(_records(view))


def memo_of(view: LiveView) -> MemoInput:
    """The memo of a view. It tells what its own record gives when it is recomputed, so the two never differ."""
    records = _records(view)
    told = recompute(records) if records else view
    store, until = hub().store, view.frozen_at
    alerts = reversed(store.alerts(view.experiment.id))
    return MemoInput(
        experiment=view.experiment,
        analyses=told.analyses if told.primary else (),
        forecast=told.forecast,
        calls=tuple(dict.fromkeys(call for record in records for call in record.calls)),
        alerts=tuple(a for a in alerts if until is None or (a.as_of or a.raised_at) <= until),
        record_json=write_records(records),
        as_of=view.as_of,
        checked_at=view.checked_at,
        server_now=view.server_now or hub().clock(),
        data_label=", ".join(data_labels(view)),
    )


def _records(view: LiveView) -> tuple[Record, ...]:
    source = ", ".join(data_labels(view)) or "PostHog"
    return gather_records(hub().store, view, source=source)
