"""History: what was seen, planned, called, announced and said, in SQL, so that a restart loses nothing.

``store.Store`` is the only name others need (``export`` and ``record`` make files of it). It never asks a
source, never computes a statistic and never words a verdict.
"""
