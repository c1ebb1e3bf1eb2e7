"""The conversation about experiments, full width: the same one as beside the live panel."""

from lib.ui.chat_page import chat_page
from lib.ui.frame import frame

with frame("Copilot"):
    chat_page()
