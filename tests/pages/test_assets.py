"""Files the browser gets from ``static/``: plotly.js out of its package, packed trees and their way back."""

import pytest

from lib.ui.live_block import pack, unpack
from lib.ui.live_plot import SCRIPT, ensure_plotly_js, plot_node
from lib.ui.markup import div, tag


def test_plotly_js_is_written_once(tmp_path):
    """The script of the installed plotly is written whole, and an existing one is left alone."""
    written = ensure_plotly_js(tmp_path / "static")
    assert written.name == SCRIPT
    assert written.stat().st_size > 1_000_000
    written.write_text("mine", encoding="utf-8")
    assert ensure_plotly_js(tmp_path / "static").read_text(encoding="utf-8") == "mine"
    assert [p.name for p in written.parent.iterdir()] == [SCRIPT], "something unfinished is left"


def test_a_folder_that_cannot_be_written_is_no_crash(tmp_path, caplog):
    """Where ``static/`` is a wall the app starts all the same, and the log says why charts are words."""
    wall = tmp_path / "static"
    wall.write_text("a file, no folder", encoding="utf-8")
    assert not ensure_plotly_js(wall / "deeper").exists()
    assert "cannot be written: charts are told in words" in caplog.text


@pytest.mark.parametrize("name", ["Überschuss", "<img src=x>", "a\u202eb", "\U0001f600"])
def test_packed_trees_come_back(name):
    """Packing keeps every character, and what is None is left out."""
    tree = [tag("p", "say", name, title=name), div("card", name)]
    assert unpack(pack(tree[0], None, tree[1])) == tree


def test_a_chart_in_a_tree_carries_its_words():
    """The node names its chart, is reached by the keyboard, and tells itself in words."""
    import plotly.graph_objects as go

    node = plot_node(go.Figure, version="v", key="dial", alt="Evidence: 52 of 100", name="gauge")
    kind, attrs, spec = node
    assert kind == "plot"
    assert attrs["tabindex"] == "0"
    assert attrs["data-key"] == "dial"
    assert spec["alt"] == "Evidence: 52 of 100"
    assert "template" not in spec["figure"]["layout"]
