"""AutoGluon in a Python of its own, behind scikit-learn's interface.

Rows go there as a CSV of the form `categories`, and predictions come back as an array (`_autogluon_process.py`). Seconds and memory are those that the
other process measures between its imports and its end, children included: `seconds_` has them under the names of `Result`.

    python3 -m venv FOLDER && FOLDER/bin/pip install -r benchmarks/autogluon/requirements.txt
    export MOTIFNET_AUTOGLUON_PYTHON=FOLDER/bin/python
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._environment import Environment
from motifnet.compare._method import Setting, Target

AUTOGLUON = Environment("MOTIFNET_AUTOGLUON_PYTHON", "autogluon.tabular", "[lightgbm,catboost,xgboost]")
PROGRAM = Path(__file__).with_name("_autogluon_process.py")
TARGET = "target"
LAST_WORDS = 300


class AutoGluon:
    """One preset with a limit in seconds; what it stores goes with this object."""

    def __init__(self, preset: str, limit: float, setting: Setting) -> None:
        self.preset = preset
        self.limit = limit
        self.setting = setting

    def fit(self, X: pd.DataFrame, y: Target) -> Self:
        """Train there; columns of X have the names that `Inputs` gives."""
        self.folder_ = tempfile.TemporaryDirectory()
        folder, s = Path(self.folder_.name), self.setting
        request = {"preset": self.preset, "limit": self.limit, "classes": s.classes, "threads": s.threads, "categories": list(s.categories)}
        (folder / "request.json").write_text(json.dumps(request))
        X.assign(**{TARGET: y}).to_csv(folder / "fit.csv", index=False)
        self._run("fit")
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Values, or with shape (n, classes) probabilities."""
        folder = Path(self.folder_.name)
        X.to_csv(folder / "predict.csv", index=False)
        self._run("predict")
        return np.asarray(np.load(folder / "predicted.npy"))

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The same for probabilities."""
        return self.predict(X)

    @property
    def seconds_(self) -> dict[str, float]:
        """What was measured there."""
        files = Path(self.folder_.name).glob("*.seconds.json")
        return {name: value for file in files for name, value in json.loads(file.read_text()).items()}

    def _run(self, what: str) -> None:
        done = subprocess.run([AUTOGLUON.python, str(PROGRAM), what, self.folder_.name], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"AutoGluon ended with code {done.returncode}: {done.stderr[-LAST_WORDS:]}")


def autogluon(setting: Setting, *, preset: str, limit: float) -> Any:
    """AutoGluon with a preset and a limit."""
    return AutoGluon(preset, limit, setting)
