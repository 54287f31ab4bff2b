"""Whether an estimator is fitted, told by an error that both scikit-learn and we call our own."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted as check

from motifnet.engine import UsageError


class UnfittedError(UsageError, NotFittedError):
    """A method that needs a fitted model was called before `fit`."""


def check_is_fitted(estimator: Any, attribute: str) -> None:
    """Raise UnfittedError where the attribute is missing."""
    try:
        check(estimator, attribute)
    except NotFittedError as error:
        raise UnfittedError(str(error)) from None
