"""AutoGluon in a Python of its own, with scikit-learn's interface.

Rows go there as a CSV of the form `categories`, and predictions come back as an array
(`_autogluon_process.py`). The other process measures its seconds and memory, children included,
once its imports are done. `seconds_` has them under the names of `Result`.

    make autogluon
    export MOTIFNET_AUTOGLUON_PYTHON=$PWD/.venv-autogluon/bin/python
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._method import Environment, Setting, Target

AUTOGLUON = Environment(
    "MOTIFNET_AUTOGLUON_PYTHON", "autogluon.tabular", "[lightgbm,catboost,xgboost]"
)
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
        folder, s = Path(tempfile.mkdtemp()), self.setting
        self.folder_ = folder
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        request = {
            "preset": self.preset,
            "limit": self.limit,
            "classes": s.classes,
            "threads": s.threads,
            "categories": list(s.categories),
        }
        (folder / "request.json").write_text(json.dumps(request))
        X.assign(**{TARGET: y}).to_csv(folder / "fit.csv", index=False)
        self._run("fit")
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Values, or with shape (n, classes) probabilities."""
        X.to_csv(self.folder_ / "predict.csv", index=False)
        self._run("predict")
        return np.asarray(np.load(self.folder_ / "predicted.npy"))

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """The same for probabilities."""
        return self.predict(X)

    @property
    def seconds_(self) -> dict[str, float]:
        """What was measured there."""
        return {
            name: value
            for file in self.folder_.glob("*.seconds.json")
            for name, value in json.loads(file.read_text()).items()
        }

    def _run(self, what: str) -> None:
        command = [AUTOGLUON.python, str(PROGRAM), what, str(self.folder_)]
        # a program of ours, in the Python that the user names
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(
                f"AutoGluon ended with code {done.returncode}: {done.stderr[-LAST_WORDS:]}"
            )


def autogluon(setting: Setting, *, preset: str, limit: float) -> Any:
    """AutoGluon with a preset and a limit."""
    return AutoGluon(preset, limit, setting)
