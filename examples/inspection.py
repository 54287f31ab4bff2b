"""A fitted model in the tools that many know: sklearn.inspection, SHAP and skore.

    python examples/inspection.py

SHAP and skore are left out where they are not installed (`pip install shap skore`).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import PartialDependenceDisplay, permutation_importance

from motifnet import MotifRegressor


def concrete() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """Mixtures and their strength, 824 to fit and 206 held out."""
    table = pd.read_csv(Path(__file__).parent / "concrete.csv").sample(frac=1, random_state=0)
    strength = table.pop("strength")
    return table[:824], strength[:824], table[824:], strength[824:]


def with_sklearn(model: MotifRegressor, X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    """Permutation importance by column, and a picture of two partial dependences."""
    found = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    PartialDependenceDisplay.from_estimator(model, X, list(X.columns[:2]), grid_resolution=10)
    return dict(zip(X.columns, found.importances_mean, strict=True))


def with_shap(model: Any, background: pd.DataFrame, rows: pd.DataFrame) -> Any:
    """Shapley values of rows of any table: contributions of columns to their predictions.

    SHAP's maskers take numbers only, so that levels and dates come to it as codes.
    """
    import shap

    both = pd.concat([background, rows])
    codes = {name: pd.factorize(both[name], use_na_sentinel=False) for name in both}
    coded = pd.DataFrame({name: code for name, (code, _) in codes.items()}, dtype=float)

    def predict(coded: Any) -> Any:
        values = np.asarray(coded).astype(int)
        return model.predict(
            pd.DataFrame({name: codes[name][1][values[:, j]] for j, name in enumerate(codes)})
        )

    explainer = shap.Explainer(predict, coded[: len(background)], seed=0)
    return explainer(coded[len(background) :], silent=True)


def with_skore(model: Any, X: pd.DataFrame, y: Any) -> Any:
    """skore's report of a fitted model on held-out rows."""
    from skore import EstimatorReport

    return EstimatorReport(model, X_test=X, y_test=y)


def main() -> None:
    """Fit, and ask each tool."""
    X, y, X_new, y_new = concrete()
    model = MotifRegressor(preset="fast").fit(X, y)
    importance = with_sklearn(model, X_new, y_new)
    print("permutation importance:", max(importance, key=lambda name: importance[name]))
    if find_spec("shap"):
        values = with_shap(model, X[:20], X_new[:2])
        print("shap:", dict(zip(X.columns, values.values[0].round(2).tolist(), strict=True)))
    if find_spec("skore"):
        report = with_skore(model, X_new, y_new)
        print("skore:", f"R² {report.metrics.r2():.3f}, RMSE {report.metrics.rmse():.2f}")


if __name__ == "__main__":
    main()
