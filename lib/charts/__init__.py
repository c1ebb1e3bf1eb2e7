"""One file per figure, pure: results in, ``go.Figure`` out. Nothing here reads, waits or knows a page."""
