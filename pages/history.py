"""How the numbers of one experiment moved, at full width, and how it stood at any earlier moment."""

from lib.ui.frame import frame
from lib.ui.history import history_panel
from lib.ui.history_controls import controls, note_form
from lib.ui.picker import pick
from lib.ui.wiring import hub

with frame("History") as bar:
    with bar:
        chosen = pick(hub())
    drawn = controls(chosen)
    history_panel(chosen, is_listed=bool(hub().experiments()), drawn=drawn)
    note_form(chosen)
