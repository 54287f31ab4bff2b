"""What a skops file would build, read from its schema before skops sees it: each object by the way in which it is built and by its exact type.

skops calls whatever name it was told to trust, and takes some on its own account. Here a file is refused where any of its objects is not in the
table below. Notes on how an estimator was chosen, such as its scorer, may be functions; predictions need none of them, and they are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from motifnet.mimicry.fitted import COMPILED_LOSSES, SCALARS, TREE, known_classes

_UNUSED = ("_checked_cv_orig", "cv", "cv_results_", "score_func", "scorer_", "scoring", "_feature_subsample_rng", "_optimizer")
_SEARCHING = ("KNeighbors", "LocalOutlierFactor")
_NOTHING = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "null", "is_json": True}
_PLAIN = frozenset(f"builtins.{name}" for name in ("bool", "float", "int", "list", "set", "str", "tuple"))
_HELD = frozenset(("scipy._lib.array_api_compat.numpy._aliases.asarray", "sklearn.utils.validation.check_array"))  # by splines, by its histograms


def _functions() -> frozenset[str]:
    """Elementwise functions of numpy and scipy, which act on numbers and nothing else, and two that scikit-learn's own estimators hold."""
    import numpy as np
    from scipy import special

    found = {f"numpy.{name}" for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    return frozenset(found | {f"scipy.special._ufuncs.{name}" for name in dir(special) if isinstance(getattr(special, name), np.ufunc)} | _HELD)


def _table() -> dict[str, frozenset[str]]:
    """The types that each way of building is allowed."""
    plain = {kind.title(): frozenset((f"builtins.{kind}",)) for kind in ("bytearray", "bytes", "list", "set", "slice", "tuple")}
    return {
        **{f"{kind}Node": names for kind, names in plain.items()},
        "DTypeNode": frozenset(("numpy.dtype",)),
        "DefaultDictNode": frozenset(("collections.defaultdict",)),
        "DictNode": frozenset(("builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch")),
        "FunctionNode": _functions(),
        "JsonNode": _PLAIN,
        "LossNode": COMPILED_LOSSES,
        "NdArrayNode": SCALARS | {"numpy.ndarray"},
        "ObjectNode": known_classes(),
        "PartialNode": frozenset(("functools.partial",)),
        "RandomStateNode": frozenset(("numpy.random.mtrand.RandomState",)),
        "SparseMatrixNode": frozenset(("scipy.sparse._csr.csr_matrix",)),  # numbers alone: scipy reads them without pickles
        "TreeNode": frozenset((TREE,)),
        "TupleNode": plain["Tuple"] | {"sklearn.impute._iterative._ImputerTriplet"},
        "TypeNode": _PLAIN | SCALARS | {"collections.OrderedDict"},
    }


def trimmed(schema: Any) -> Any:
    """The schema without what predictions do not need."""
    if isinstance(schema, list):
        return [trimmed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("__loader__") == "ObjectNode" and isinstance(content := schema.get("content"), dict) and isinstance(content.get("content"), dict):
        unused = (*_UNUSED, "_tree") if str(schema.get("__class__")).startswith(_SEARCHING) else _UNUSED  # made again, see _search_trees
        kept = {key: _NOTHING if key in unused else item for key, item in content["content"].items()}
        schema = {**schema, "content": {**content, "content": kept}}
    return {key: trimmed(item) for key, item in schema.items()}


def strangers(schema: Any) -> list[str]:
    """Names of what the schema would build and must not, in order."""
    table = _table()
    found = ((str(node.get("__loader__")), f"{node.get('__module__')}.{node.get('__class__')}") for node in _nodes(schema))
    return sorted({name for loader, name in found if name not in table.get(loader, ())})


def trusted_names() -> list[str]:
    """What skops is to build, once a file has no strangers."""
    return sorted(set().union(*_table().values()))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Everything in the schema that skops can take for an object."""
    if isinstance(schema, list):
        for item in schema:
            yield from _nodes(item)
    elif isinstance(schema, dict):
        if not schema.keys().isdisjoint(("__loader__", "__class__", "__module__")):
            yield schema
        for item in schema.values():
            yield from _nodes(item)
