"""Runs the hub without any page: ``python -m lib.live --watch``. Alerts work from boot this way."""

from __future__ import annotations

import argparse
import logging
import signal
import threading

from lib.live.wiring import make_hub, settings


def main() -> None:
    """Watch until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m lib.live", description=__doc__)
    parser.add_argument("--watch", action="store_true", required=True, help="watch and announce")
    parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    hub = make_hub(settings())
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    hub.start()
    logging.getLogger(__name__).info("watching; end with Ctrl-C")
    stop.wait()
    hub.stop()


if __name__ == "__main__":
    main()
