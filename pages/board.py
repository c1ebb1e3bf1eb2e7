"""Every experiment at a glance, sorted by need to act; ``?tv=1`` fills a screen on the wall."""

from lib.ui.board import board_panel
from lib.ui.frame import frame

with frame("Board"):
    board_panel()
