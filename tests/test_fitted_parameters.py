"""Every constructor parameter of every supported estimator, away from its default: the network is the estimator, or it is refused by name.

The values come from scikit-learn's own declaration of what a parameter takes (`_parameter_constraints`), for the other libraries from a table here.
A setting that the estimator itself refuses to be fitted with is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from fitted_cases import BOOSTING, CASES, Case
from motifnet.engine import MotifnetError
from motifnet.mimicry import transfer
from motifnet.mimicry.fitted import coded, outputs_of

pytestmark = pytest.mark.filterwarnings("ignore")
# of no consequence for a prediction, or random by intention, or a nested estimator, which has its own row
_LEFT_OUT = frozenset(
    ["n_jobs", "verbose", "copy", "copy_X", "copy_X_train", "random_state", "cache_size", "pre_dispatch", "memory", "warm_start", "store_cv_results"]
)
_SKLEARN = [name for name, case in CASES.items() if name not in BOOSTING]


def other_values(estimator: Any, parameter: str) -> Iterator[Any]:
    """Values of a parameter other than the present one, as its class declares them."""
    present = estimator.get_params(deep=False)[parameter]
    constraints = getattr(type(estimator), "_parameter_constraints", {}).get(parameter, [])
    for constraint in constraints if isinstance(constraints, list) else []:
        yield from (value for value in _values(constraint, present) if value is not present and not _equal(value, present))


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, bool | int | float | str) and a == b


def _values(constraint: Any, present: Any) -> list[Any]:
    if constraint == "boolean":
        return [True, False]
    if constraint is None:
        return [None]
    if isinstance(constraint, StrOptions):
        return sorted(constraint.options)
    if isinstance(constraint, Interval):
        return _numbers(constraint, present)
    return []


def _numbers(interval: Interval, present: Any) -> list[Any]:
    whole = interval.type is Integral
    tried = [2, 3, 1] if whole else [0.3, 0.7, 1.5, 0.0]
    return [v for v in tried if v in interval and not (whole and isinstance(present, float))]


def settings(case: Case) -> Iterator[tuple[str, Any]]:
    estimator = case.make()
    for parameter in sorted(estimator.get_params(deep=False)):
        if parameter not in _LEFT_OUT:
            for value in other_values(estimator, parameter):
                yield parameter, value


def difference(case: Case, **changed: Any) -> float | str | None:
    """Largest difference in units of the standard deviation; why it was refused; None where it cannot be fitted."""
    try:
        model = case.make().set_params(**changed).fit(case.rows(), case.y)
        expected = outputs_of(model, case.rows())
    except Exception:  # not a setting for these rows
        return None
    if not np.isfinite(expected).all():
        return None
    try:
        got = transfer(model)(torch.as_tensor(coded(case.rows()))).detach().numpy()
    except MotifnetError as error:
        return str(error)
    assert got.shape == expected.shape
    return float(np.abs(got - expected).max(initial=0) / max(expected.std(0).max(initial=0), 1e-6, 1e-3 * np.abs(expected).max(initial=0)))


@pytest.mark.parametrize("name", _SKLEARN)
def test_every_parameter_is_honoured_or_refused(name: str) -> None:
    wrong = {}
    for parameter, value in settings(CASES[name]):
        found = difference(CASES[name], **{parameter: value})
        if isinstance(found, float) and not found <= max(CASES[name].tolerance, 1e-9):
            wrong[f"{parameter}={value!r}"] = found
    assert not wrong
