"""Where the numbers come from and how well that goes: source, pace, budget, model, store. Read-only."""

from lib.ui.connection import connection_panel
from lib.ui.frame import frame

with frame("Connection"):
    connection_panel()
