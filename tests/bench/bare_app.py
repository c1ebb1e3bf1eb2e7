"""The measure for ``viewers.py``: the same three charts and four metrics in a bare Streamlit fragment."""

import time

import numpy as np
import plotly.graph_objects as go
import streamlit as st

st.set_page_config(layout="wide")
EVERY_S = 10


@st.cache_resource(max_entries=4, show_spinner=False)
def figures(version: int) -> tuple[list[go.Figure], np.ndarray]:
    """Built once for all viewers, as the app does."""
    rng = np.random.default_rng(version)
    values = rng.normal(0.1, 0.01, (2, 120))
    gauge, bars, lines = go.Figure(), go.Figure(), go.Figure()
    gauge.add_indicator(mode="gauge+number", value=float(values[0, -1] * 1000))
    for name, row in zip(("control", "test"), values, strict=True):
        bars.add_scatter(x=row[:4].tolist(), y=["a", "b", "c", "d"], name=name)
        lines.add_scatter(x=list(range(120)), y=row.tolist(), name=name)
    for figure in (gauge, bars, lines):
        figure.update_layout(height=240)
    return [gauge, bars, lines], values


@st.fragment(run_every=EVERY_S)
def live() -> None:
    """One tick."""
    drawn, values = figures(int(time.time() / EVERY_S))
    for column, value in zip(st.columns(4), values[:, -2:].ravel(), strict=True):
        column.metric("rate", f"{value:.3f}", border=True)
    for place, (column, figure) in enumerate(zip(st.columns(3), drawn, strict=True)):
        column.plotly_chart(figure, key=f"figure-{place}")


live()
