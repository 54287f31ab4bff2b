"""Which transfer serves which fitted estimator, by the names of the classes, so that no library is loaded for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from motifnet.engine import UsageError
from motifnet.mimicry.fitted._instead import advice
from motifnet.mimicry.fitted._output import method_of
from motifnet.motifs import Chain, Motif

Transfer = Callable[[Any], list[Motif]]
TRANSFERS: dict[str, Transfer] = {}
FURTHER: dict[tuple[str, str], Transfer] = {}  # by class and method: of methods beside the one that `method_of` names
_LIBRARIES = ("sklearn", "lightgbm", "xgboost", "catboost")


def network_of(fitted: Any) -> Motif:
    """The network of a fitted estimator; `method_of` says of which of its methods."""
    make = _transfer_of(fitted)
    _check_fitted(fitted)
    return Chain(make(fitted), label=type(fitted).__name__)


def network_for(part: Any, method: str) -> Motif:
    """The network of one method of an estimator, as others that it is a member of ask for it."""
    if method_of(part) == method:
        return network_of(part)
    make = next((FURTHER[name, method] for name in _names(part) if (name, method) in FURTHER), None)
    if make is None:
        known = " or ".join(map(repr, methods_of(part)))
        raise UsageError(
            f"{type(part).__name__} is asked for its {method!r} here, but there is a transfer of its {known} alone. "
            "Put an estimator there that has no other, such as a regressor for 'predict' or a transformer for 'transform'."
        )
    _check_fitted(part)
    return Chain(make(part), label=type(part).__name__)


def methods_of(fitted: Any) -> list[str]:
    """The methods that there is a network of, the one of `network_of` first; UsageError where there is none."""
    _transfer_of(fitted)
    further = [method for kind in _names(fitted) for name, method in FURTHER if name == kind and hasattr(fitted, method)]
    return list(dict.fromkeys([method_of(fitted), *further]))


def _transfer_of(fitted: Any) -> Transfer:
    make = found(TRANSFERS, fitted)
    if make is None:
        name, known = type(fitted).__name__, ", ".join(sorted(kind for kind in TRANSFERS if not kind.startswith("_")))
        raise UsageError(
            f"There is no transfer to a network for {name}; there is one for {known}.{advice(name)} "
            "Fit one of these, register a transfer for your type with `@transfer.register`, or let its values be imitated, which is not exact: "
            "`mimic(fitted.predict, X)`."
        )
    return make


def found(table: Mapping[str, Transfer], fitted: Any) -> Transfer | None:
    """The entry of its class, or of the nearest base that has one."""
    return next((table[name] for name in _names(fitted) if name in table), None)


def _check_fitted(fitted: Any) -> None:
    if hasattr(fitted, "fit"):  # a booster of LightGBM's own is there only once it is fitted
        try:
            check_is_fitted(fitted)
        except NotFittedError as error:
            raise UsageError(f"{type(fitted).__name__} is not fitted, and so predicts nothing. Call its `fit` first.") from error


def _names(fitted: Any) -> Iterator[str]:
    """Names of its class and bases, as far as they come from a library that is known here."""
    return (kind.__name__ for kind in type(fitted).__mro__ if kind.__module__.split(".")[0] in _LIBRARIES)
