"""The objects that a skops file would build, read from its schema before skops sees it.

Each object is identified by the way it is built and by its exact type. skops calls every name that
it is to trust, and trusts some by itself. Here a file is refused if one of its objects is not in
the table below. Records of how an estimator was chosen, such as its scorer, may be functions;
predictions need none of them, and they are left out.

Search trees of nearest neighbours are built again from their rows. Those of a file could point
outside of the rows, and compiled code would follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from motifnet.transfer.fitted import COMPILED_LOSSES, SCALARS, TREE, known_classes

_UNUSED = (
    "_checked_cv_orig",
    "cv",
    "cv_results_",
    "score_func",
    "scorer_",
    "scoring",
    "_feature_subsample_rng",
    "_optimizer",
)
_SEARCHING = ("KNeighbors", "LocalOutlierFactor")
_NOTHING = {
    "__class__": "str",
    "__module__": "builtins",
    "__loader__": "JsonNode",
    "content": "null",
    "is_json": True,
}
_PLAIN = frozenset(
    f"builtins.{name}" for name in ("bool", "float", "int", "list", "set", "str", "tuple")
)
# of splines and of histogram boosting
_HELD = frozenset(
    ("scipy._lib.array_api_compat.numpy._aliases.asarray", "sklearn.utils.validation.check_array")
)


def _functions() -> frozenset[str]:
    """Elementwise functions of numpy and scipy, which act on numbers and nothing else, and two that
    scikit-learn's own estimators hold.
    """
    import numpy as np
    from scipy import special

    # ufuncs of numpy 2.0 name no module, and are found where they are compiled
    found = {
        f"{module}.{name}"
        for module in ("numpy", "numpy._core._multiarray_umath")
        for name in dir(np)
        if isinstance(getattr(np, name), np.ufunc)
    }
    return frozenset(
        found
        | {
            f"scipy.special._ufuncs.{name}"
            for name in dir(special)
            if isinstance(getattr(special, name), np.ufunc)
        }
        | _HELD
    )


def _table() -> dict[str, frozenset[str]]:
    """The types that each way of building may have."""
    plain = {
        kind.title(): frozenset((f"builtins.{kind}",))
        for kind in ("bytearray", "bytes", "list", "set", "slice", "tuple")
    }
    return {
        **{f"{kind}Node": names for kind, names in plain.items()},
        "DTypeNode": frozenset(("numpy.dtype",)),
        "DefaultDictNode": frozenset(("collections.defaultdict",)),
        "DictNode": frozenset(
            ("builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch")
        ),
        "FunctionNode": _functions(),
        "JsonNode": _PLAIN,
        "LossNode": COMPILED_LOSSES,
        "NdArrayNode": SCALARS | {"numpy.ndarray"},
        "ObjectNode": known_classes(),
        "PartialNode": frozenset(("functools.partial",)),
        "RandomStateNode": frozenset(("numpy.random.mtrand.RandomState",)),
        # numbers alone: scipy reads them without pickles
        "SparseMatrixNode": frozenset(("scipy.sparse._csr.csr_matrix",)),
        "TreeNode": frozenset((TREE,)),
        "TupleNode": plain["Tuple"] | {"sklearn.impute._iterative._ImputerTriplet"},
        "TypeNode": _PLAIN | SCALARS | {"collections.OrderedDict"},
    }


def trimmed(schema: Any) -> Any:
    """The part of the schema that predictions need."""
    if isinstance(schema, list):
        return [trimmed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if (
        schema.get("__loader__") == "ObjectNode"
        and isinstance(content := schema.get("content"), dict)
        and isinstance(content.get("content"), dict)
    ):
        # `with_search_trees` builds the trees again
        unused = (
            (*_UNUSED, "_tree") if str(schema.get("__class__")).startswith(_SEARCHING) else _UNUSED
        )
        kept = {
            key: _NOTHING if key in unused else item for key, item in content["content"].items()
        }
        schema = {**schema, "content": {**content, "content": kept}}
    return {key: trimmed(item) for key, item in schema.items()}


def strangers(schema: Any) -> list[str]:
    """Sorted names of objects that the schema would build and that are not allowed."""
    table = _table()
    found = (
        (str(node.get("__loader__")), f"{node.get('__module__')}.{node.get('__class__')}")
        for node in _nodes(schema)
    )
    return sorted({name for loader, name in found if name not in table.get(loader, ())})


def trusted_names() -> list[str]:
    """The names that skops may build, once a file has no strangers."""
    return sorted(set().union(*_table().values()))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """The nodes of the schema that skops can read as an object."""
    if isinstance(schema, list):
        for item in schema:
            yield from _nodes(item)
    elif isinstance(schema, dict):
        if not schema.keys().isdisjoint(("__loader__", "__class__", "__module__")):
            yield schema
        for item in schema.values():
            yield from _nodes(item)


def with_search_trees(model: Any) -> Any:
    """The estimator with new search trees, in it and in its parts."""
    from sklearn.neighbors import BallTree, KDTree

    kinds = {"ball_tree": BallTree, "kd_tree": KDTree}
    for part in _parts(model, set()):
        state = vars(part)
        if state.get("_fit_method") in kinds and state.get("_tree", part) is None:
            metric, settings = state["effective_metric_"], state["effective_metric_params_"]
            part._tree = kinds[state["_fit_method"]](
                state["_fit_X"], state["leaf_size"], metric=metric, **settings
            )
    return model


def _parts(value: Any, seen: set[int]) -> Iterator[Any]:
    """Objects with attributes, and those in their attributes and items, each once."""
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
