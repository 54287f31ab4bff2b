"""Every constructor parameter of every supported estimator, away from its default: the network is
the estimator, or it is refused by name.

The values come from scikit-learn's own declaration of what a parameter takes
(`_parameter_constraints`), and from a table here where that names none (lists, mappings, other
estimators) or where the library declares nothing. A setting that the estimator itself refuses to be
fitted with is left out. Compared are the rows of the fit, and rows that the fit has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from motifnet.engine import MotifnetError, UsageError
from motifnet.transfer import largest_difference, transfer, units
from motifnet.transfer.fitted import coded, network_for, outputs_of
from tests.shared.fitted_cases import CASES
from tests.shared.fitted_rows import Case
from tests.shared.fitted_trees import BOOSTING
from tests.shared.unseen_rows import unseen_rows
from tests.transfer.fitted_parameters import _ELSEWHERE, _OF_THE_FIT, _SINGULAR, BY_HAND

pytestmark = pytest.mark.filterwarnings("ignore")
_UNIT = 5e-7  # of float32, in which XGBoost computes
_LEAST = 1e-8  # of the standard deviation; a case may allow more


def other_values(name: str, parameter: str, present: Any, kind: type) -> Iterator[Any]:
    """Values of a parameter other than the present one: those of the table, and those that the
    class declares.
    """
    yield from BY_HAND.get((name, parameter), [])
    constraints = getattr(kind, "_parameter_constraints", {}).get(parameter, [])
    for constraint in constraints if isinstance(constraints, list) else []:
        yield from (
            value
            for value in _declared(constraint, present)
            if value is not present and not _same(value, present)
        )


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, bool | int | float | str) and a == b


def _declared(constraint: Any, present: Any) -> list[Any]:
    if constraint == "boolean":
        return [True, False]
    if constraint is None:
        return [None]
    if isinstance(constraint, StrOptions):
        return sorted(constraint.options)
    return _numbers(constraint, present) if isinstance(constraint, Interval) else []


def _numbers(interval: Interval, present: Any) -> list[Any]:
    whole = interval.type is Integral
    return [
        v
        for v in ([2, 3, 1] if whole else [0.3, 0.7, 1.5, 0.0])
        if v in interval and not (whole and isinstance(present, float))
    ]


def settings(name: str) -> Iterator[tuple[str, Any]]:
    estimator = CASES[name].make()
    for parameter, present in sorted(estimator.get_params(deep=False).items()):
        for value in (
            other_values(name, parameter, present, type(estimator))
            if parameter not in _OF_THE_FIT
            else ()
        ):
            if (
                type(estimator).__name__,
                parameter,
                value if isinstance(value, float) else None,
            ) not in _SINGULAR:
                yield parameter, value


def difference(name: str, case: Case, **changed: Any) -> float | str | None:
    """Largest difference in units of the standard deviation; why it was refused; None where it
    cannot be fitted.
    """
    try:
        model = case.make().set_params(**changed).fit(case.rows(), case.y)
        asked = [
            (rows, outputs_of(model, rows, case.method))
            for rows in (case.rows(), unseen_rows(name))
        ]
    except UsageError as error:
        return str(error)
    except Exception:  # no setting for these rows
        return None
    try:
        network = transfer(model) if case.method is None else network_for(model, case.method)
    except MotifnetError as error:
        return str(error)
    return max(
        _largest(network(torch.as_tensor(coded(rows))).detach().numpy(), expected)
        for rows, expected in asked
    )


def _largest(got: Any, expected: Any) -> float:
    assert got.shape == expected.shape
    with np.errstate(over="ignore"):
        return largest_difference(
            got, expected, np.maximum(units(expected, alike=True), 1e-3 * np.abs(expected))
        )


def wrong_settings(
    name: str, tried: Iterator[tuple[str, Any]], least: float = _LEAST
) -> dict[str, float]:
    found = {
        f"{parameter}={value!r}": difference(name, CASES[name], **{parameter: value})
        for parameter, value in tried
    }
    return {
        key: value
        for key, value in found.items()
        if isinstance(value, float) and not value <= max(CASES[name].tolerance, least)
    }


def _paced(names: list[str]) -> list[Any]:
    """One case of a class in the fast suite, all of them in the slow one."""
    further = [
        name
        for name in names
        if name.startswith("MLP") or (", " in name and name.partition(", ")[0] in names)
    ]
    return [
        pytest.param(name, marks=pytest.mark.slow) if name in further else name for name in names
    ]


@pytest.mark.parametrize("name", _paced([name for name in CASES if name not in BOOSTING]))
def test_every_parameter_is_honoured_or_refused(name: str) -> None:
    assert not wrong_settings(name, settings(name))


BOOSTED: dict[str, dict[str, list[Any]]] = {
    "LGBMRegressor, missing values": {
        "boosting_type": ["dart", "rf"],
        "objective": ["quantile", "huber", "fair", "mape", "l1", "cross_entropy", "rmse"],
        "num_leaves": [2, 63],
        "max_depth": [1],
        "use_missing": [False],
        "zero_as_missing": [True],
        "linear_tree": [True],
        "extra_trees": [True],
        "path_smooth": [5.0],
        "boost_from_average": [False],
        "max_bin": [7],
        "enable_bundle": [False],
        "interaction_constraints": ["[0,1],[2,3]"],
        "reg_sqrt": [True],
        "pred_early_stop": [True],
        "num_iteration_predict": [3],
        "categorical_feature": [[3]],
        "subsample_for_bin": [20],
    },
    "LGBMClassifier, three classes": {
        "objective": ["softmax", "ova"],
        "boosting_type": ["dart"],
        "class_weight": ["balanced"],
        "sigmoid": [3.0],
    },
    "LGBMClassifier": {
        "objective": ["cross_entropy"],
        "is_unbalance": [True],
        "scale_pos_weight": [4.0],
        "pred_early_stop": [True],
    },
    "XGBRegressor, missing values": {
        "booster": ["dart", "gblinear"],
        "objective": [
            "reg:absoluteerror",
            "reg:pseudohubererror",
            "reg:squaredlogerror",
            "reg:quantileerror",
            "rank:ndcg",
            "survival:aft",
        ],
        "tree_method": ["exact", "approx"],
        "grow_policy": ["lossguide"],
        "num_parallel_tree": [3],
        "missing": [0.0],
        "base_score": [-2.5],
        "monotone_constraints": [(1, 0, 0, -1)],
        "max_leaves": [3],
        "multi_strategy": ["multi_output_tree"],
        "rate_drop": [0.5],
        "max_delta_step": [0.1],
    },
    "XGBClassifier": {
        "objective": ["binary:logitraw", "binary:hinge", "reg:logistic"],
        "base_score": [0.2],
        "booster": ["dart"],
        "scale_pos_weight": [5],
    },
    "XGBClassifier, three classes": {
        "objective": ["multi:softmax"],
        "booster": ["dart"],
        "num_parallel_tree": [2],
    },
    "CatBoostRegressor, missing values": {
        "loss_function": [
            "MAE",
            "Quantile:alpha=0.3",
            "Huber:delta=1",
            "Expectile:alpha=0.3",
            "Lq:q=3",
            "LogCosh",
            "RMSEWithUncertainty",
        ],
        "grow_policy": ["Lossguide", "Depthwise"],
        "nan_mode": ["Max", "Min"],
        "boosting_type": ["Ordered"],
        "boost_from_average": [False],
        "border_count": [5],
        "model_shrink_rate": [0.2],
        "langevin": [True],
        "posterior_sampling": [True],
        "leaf_estimation_method": ["Gradient"],
    },
    "CatBoostClassifier": {
        "loss_function": ["CrossEntropy"],
        "auto_class_weights": ["Balanced"],
        "class_weights": [[1, 3]],
    },
    "CatBoostClassifier, three classes": {
        "loss_function": ["MultiClassOneVsAll"],
        "nan_mode": ["Max"],
    },
}


@pytest.mark.parametrize("name", BOOSTED)
def test_settings_of_boosted_trees_are_honoured_or_refused(name: str) -> None:
    assert not wrong_settings(
        name,
        ((parameter, value) for parameter, values in BOOSTED[name].items() for value in values),
        least=_UNIT,
    )


def test_the_table_names_parameters_that_there_are() -> None:
    for name, parameter in BY_HAND:
        assert parameter in CASES[name].make().get_params(deep=False), (name, parameter)


def test_no_parameter_is_forgotten() -> None:
    """What no declaration and no row of the table gives a value for, in any case of its class, is
    listed here.
    """
    forgotten: dict[str, set[str]] = {}
    for name in CASES:
        if name not in BOOSTING:
            estimator = CASES[name].make()
            tried = {parameter for parameter, _ in settings(name)} | _OF_THE_FIT
            missing = set(estimator.get_params(deep=False)) - tried
            kind = type(estimator).__name__
            forgotten[kind] = forgotten.get(kind, missing) & missing
    assert {
        (kind, parameter) for kind, missing in forgotten.items() for parameter in missing
    } <= _ELSEWHERE
