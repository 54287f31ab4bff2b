"""A regression and a classification with intervals, fitted once."""

from __future__ import annotations

import numpy as np
import pytest

from motifnet import MotifClassifier, MotifRegressor
from tests.uncertainty.fits import rows


@pytest.fixture(scope="session")
def model() -> MotifRegressor:
    return MotifRegressor(preset="fast").fit(*rows(300))


@pytest.fixture(scope="session")
def classifier() -> MotifClassifier:
    X, y = rows(300)
    return MotifClassifier(preset="fast").fit(X, np.digitize(y, [-0.5, 0.5]))
