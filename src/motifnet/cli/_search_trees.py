"""Search trees of nearest neighbours, made again from their rows: those of a file could point outside of them, and compiled code follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def with_search_trees(model: Any) -> Any:
    """The estimator, with the trees that it and its parts search in."""
    from sklearn.neighbors import BallTree, KDTree

    kinds = {"ball_tree": BallTree, "kd_tree": KDTree}
    for part in _parts(model, set()):
        state = vars(part)
        if state.get("_fit_method") in kinds and state.get("_tree", part) is None:
            metric, settings = state["effective_metric_"], state["effective_metric_params_"]
            part._tree = kinds[state["_fit_method"]](state["_fit_X"], state["leaf_size"], metric=metric, **settings)
    return model


def _parts(value: Any, seen: set[int]) -> Iterator[Any]:
    """Objects with attributes, and those among their attributes and items, each once."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        inner = list(value.values())
    elif isinstance(value, list | tuple):
        inner = list(value)
    else:
        inner = list(getattr(value, "__dict__", {}).values())
        if inner and not isinstance(value, type):
            yield value
    for item in inner:
        yield from _parts(item, seen)
