"""The only package that knows Streamlit. Pages call it; nothing below it does.

Heavy libraries are imported here, at the top, because a cold deep link may be the first thing that runs:
imported lazily, two sessions starting at once can meet a half-imported module.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

__all__ = ["go", "np", "pd", "st"]
