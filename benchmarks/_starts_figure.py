"""The figure of `benchmarks.starts`."""
from __future__ import annotations
from pathlib import Path
import pandas as pd
def picture(rows: pd.DataFrame, path: Path) -> None: ...
