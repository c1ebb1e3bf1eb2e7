"""What was announced, withdrawn and sent, and when."""

from lib.ui.alerts_page import alerts_page
from lib.ui.frame import frame

with frame("Alerts"):
    alerts_page()
