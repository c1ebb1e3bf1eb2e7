"""A Series as a data frame, one row a moment and arm, for files and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.experiments.model import Experiment
from lib.history.encode import OPTIONAL, REQUIRED
from lib.stats.movement import DAILY, READING
from lib.stats.results import Series


def frame(experiment: Experiment, series: Series) -> pd.DataFrame:
    """Every moment and arm, oldest first, arms in configured order.

    Columns: ``at`` (UTC, microseconds), ``arm_key`` (text), ``n``, ``total``, ``total_sq`` (float, NaN where
    the arm was not sent), the further sums that this kind of metric has and, where it is known, ``origin``
    (``reading`` or ``daily figure from PostHog``).
    """
    keys = [variant.key for variant in experiment.variants]
    micros = np.round(series.as_of * 1e6).astype("int64")
    columns = {
        "at": pd.to_datetime(np.repeat(micros, len(keys)), unit="us", utc=True),
        "arm_key": np.tile(np.array(keys, dtype=object), len(series)),
    }
    for name in (*REQUIRED, *OPTIONAL):
        values = getattr(series, name)
        if values is not None:
            columns[name] = values.reshape(-1)
    if series.is_daily is not None:
        columns["origin"] = np.repeat(np.where(series.is_daily, DAILY, READING), len(keys))
    return pd.DataFrame(columns)
