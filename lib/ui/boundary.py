"""Where a page's errors end: one calm sentence, the trace in the log.

Around each page stands ``boundary``; each fragment is ``contained`` besides, since Streamlit shows an error inside a
fragment with a box of its own, whatever stands around it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from lib import wording
from lib.experiments.errors import DashboardError

log = logging.getLogger(__name__)
P = ParamSpec("P")


@contextmanager
def boundary() -> Iterator[None]:
    """Turn an error into one calm sentence; the trace goes to the log under a number to quote."""
    try:
        yield
    except DashboardError as error:
        st.error(wording.escape_markdown(str(error)), icon=":material/link_off:")
    except Exception:  # a page must never show a trace; the hub and the alerts go on regardless
        number = uuid.uuid4().hex[:8]
        log.exception("page error %s", number)
        st.error(
            "This page could not be drawn. The watch itself goes on. "
            f"The log has the details under {number}.",
            icon=":material/error:",
        )


def contained(draw: Callable[P, None]) -> Callable[P, None]:
    """The function with its errors ending in it; what stands around it is drawn on."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        with boundary():
            draw(*args, **kwargs)

    return drawn
