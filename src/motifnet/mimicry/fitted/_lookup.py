"""Which transfer serves which fitted estimator, by the names of the classes, so that no library is loaded for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from motifnet.engine import UsageError
from motifnet.mimicry.fitted._instead import advice
from motifnet.motifs import Chain, Motif

Transfer = Callable[[Any], list[Motif]]
TRANSFERS: dict[str, Transfer] = {}
_LIBRARIES = ("sklearn", "lightgbm", "xgboost", "catboost")


def network_of(fitted: Any) -> Motif:
    """The network of a fitted estimator; `Output` says of which of its methods."""
    make = next((TRANSFERS[name] for name in _names(fitted) if name in TRANSFERS), None)
    if make is None:
        name = type(fitted).__name__
        raise UsageError(
            f"There is no transfer to a network for {name}; there is one for {', '.join(sorted(TRANSFERS))}.{advice(name)} "
            "Fit one of these, register a transfer for your type with `@transfer.register`, or let its values be imitated, which is not exact: "
            "`mimic(fitted.predict, X)`."
        )
    if hasattr(fitted, "fit"):  # a booster of LightGBM's own is there only once it is fitted
        from sklearn.exceptions import NotFittedError
        from sklearn.utils.validation import check_is_fitted

        try:
            check_is_fitted(fitted)
        except NotFittedError as error:
            raise UsageError(f"{type(fitted).__name__} is not fitted, and so predicts nothing. Call its `fit` first.") from error
    return Chain(make(fitted), label=type(fitted).__name__)


def _names(fitted: Any) -> Iterator[str]:
    """Names of its class and bases, as far as they come from a library that is known here."""
    return (kind.__name__ for kind in type(fitted).__mro__ if kind.__module__.split(".")[0] in _LIBRARIES)
