"""A Plotly chart that is updated in place: zoom, legend and hover survive ticks, and changes move.

``st.plotly_chart`` mounts a chart anew whenever its data changes, so it loses all three. This is one DOM
node and ``Plotly.react``. Plotly itself is served from ``static/``, written there from the plotly package
at start. Called by panels; never computes a figure.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from lib.ui.assets import STATIC
from lib.ui.markup import Node
from lib.ui.shared import once

log = logging.getLogger(__name__)
SCRIPT = f"plotly-{plotly.__version__}.min.js"  # the version in the name empties browser caches
Spec = dict[str, Any]


def ensure_plotly_js(static: Path = STATIC) -> Path:
    """Write the plotly.js that ships inside the plotly package next to the app, once a version.

    Where that cannot be written, the pages go on and tell each chart in words.
    """
    target = static / SCRIPT
    if target.exists():
        return target
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    try:
        static.mkdir(exist_ok=True)
        unfinished.write_text(get_plotlyjs(), encoding="utf-8")
        unfinished.replace(target)
    except OSError:
        log.exception("%s cannot be written: charts are told in words", target)
    else:
        log.info("wrote %s", target.name)
    return target


def spec_of(fig: go.Figure) -> Spec:
    """A figure as plain JSON data without its template."""
    spec: Spec = json.loads(fig.to_json())
    spec["layout"].pop("template", None)
    return spec


def plot_node(
    make: Callable[[], go.Figure],
    *,
    version: Hashable,
    key: str,
    alt: str,
    height: int = 260,
    name: str = "chart",
    zoomable: bool = True,
) -> Node:
    """A figure as part of a tree for ``lib.ui.live_block``; ``static/live_plot.js`` draws it.

    Args:
        make: builds the figure; called only when ``version`` was not drawn before.
        version: changes whenever the figure would.
        key: unique among its neighbours in the tree.
        alt: the figure in words.
        height: in pixels.
        name: file name of a saved picture, without ending.
        zoomable: whether the picture has axes to reset.
    """
    figure = once(version, lambda: spec_of(make()))
    return spec_node(figure, key=key, alt=alt, height=height, name=name, zoomable=zoomable)


def spec_node(figure: Spec, *, key: str, **told: Any) -> Node:
    """A figure that is plain data already; ``told``: alt, height, name, zoomable; over time also group and view.

    Charts of one ``group`` share zoom and pointer on the time axis; another ``view`` gives a chosen zoom up.
    """
    attrs = {"class": "live-plot", "role": "img", "tabindex": "0", "data-key": key}
    return ["plot", attrs, {"figure": figure, **told}]
