"""The decision memo inside an answer: the text, and the same as files. Drawn by ``lib.ui.answer_view``.

It is computed from the stored record as of the answer's own moment, once, and never changes afterwards.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache

import streamlit as st

from lib.commentary.memo import memo_html, memo_markdown
from lib.live.feed import Hub
from lib.ui.take_away import file_name, memo_of
from lib.ui.viewer import viewer
from lib.ui.wiring import hub

FENCE, HEADING = "\n```", "\n## "


def draw_memo(experiment_id: int, as_of: datetime | None, key: str) -> None:
    """The memo of one experiment as it stood at ``as_of``."""
    source = hub()
    if source.look(experiment_id, as_of) is None:
        st.caption("This experiment is being read.")
        return
    name, markdown, page = _made(source, experiment_id, as_of, viewer(source.clock).zone)
    with st.expander("Decision memo", icon=":material/description:", expanded=True, key=key):
        st.markdown(without_record(markdown))
        with st.container(horizontal=True, key=f"{key}-files"):
            st.download_button(
                "HTML", page, file_name=f"{name}-memo.html", mime="text/html", on_click="ignore",
                icon=":material/download:", type="tertiary", key=f"{key}-html",
            )  # fmt: skip
            st.download_button(
                "Markdown", markdown, file_name=f"{name}-memo.md", mime="text/markdown",
                on_click="ignore", icon=":material/download:", type="tertiary", key=f"{key}-md",
            )  # fmt: skip


def without_record(markdown: str) -> str:
    """The memo's words; the record at its end is in the files, not on the screen."""
    return markdown.partition(FENCE)[0].rpartition(HEADING)[0]


@lru_cache(maxsize=64)
def _made(
    source: Hub, experiment_id: int, as_of: datetime | None, zone: tzinfo
) -> tuple[str, str, str]:
    """File name, Markdown and HTML; kept, since an old answer does not change."""
    view = source.look(experiment_id, as_of)
    assert view is not None  # noqa: S101  # the caller looked
    memo = memo_of(view)
    return file_name(view), memo_markdown(memo, zone=zone), memo_html(memo, zone=zone)
