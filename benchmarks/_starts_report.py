from __future__ import annotations
import pandas as pd
def report(rows: pd.DataFrame) -> str: return ""
