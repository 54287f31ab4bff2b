"""Skops files made to run code are refused, with nothing of them built; those of estimators that
have a transfer are read.
"""

from __future__ import annotations

import importlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skops import io

from motifnet import mimic
from motifnet.cli._estimator_file import read_estimator
from motifnet.cli._skops_schema import strangers, trusted_names
from motifnet.engine import FileError, UsageError
from motifnet.transfer.fitted import COMPILED_LOSSES, SCALARS, TRANSFERS, TREE, known_classes
from tests.shared.fitted_cases import CASES, fitted
from tests.shared.fitted_documents import DOCUMENTS

pytestmark = pytest.mark.filterwarnings("ignore")
Node = dict[str, Any]


def text(value: Any) -> Node:
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": json.dumps(value),
        "is_json": True,
    }


def node(loader: str, name: str, content: Any = None, **more: Any) -> Node:
    module, _, kind = name.rpartition(".")
    return {
        "__class__": kind,
        "__module__": module,
        "__loader__": f"{loader}Node",
        **({} if content is None else {"content": content}),
        **more,
    }


def several(*items: Node, name: str = "builtins.tuple", loader: str = "Tuple") -> Node:
    return node(loader, name, list(items))


def mapping(
    items: dict[str, Node], name: str = "builtins.dict", kind: str = "builtins.str"
) -> Node:
    return node(
        "Dict",
        name,
        items,
        key_types=several(*[node("Type", kind)] * len(items), name="builtins.list", loader="List"),
    )


def calling(name: str, *arguments: Node) -> Node:
    return node("ConstructorFromReduce", name, several(*arguments))


def partial(function: Node, *arguments: Node) -> Node:
    return node(
        "Partial",
        "functools.partial",
        {
            "func": function,
            "args": several(*arguments),
            "kwds": mapping({}),
            "namespace": text(None),
        },
    )


CODE = "open('ran', 'w')"  # what must not run
SHELL = "touch ran"
HOSTILE: dict[str, Callable[[], Node]] = {
    "numpy runs a text": lambda: calling("numpy.testing.runstring", text(CODE), mapping({})),
    "numpy runs a list": lambda: several(text(CODE), name="numpy.testing.rundocs", loader="List"),
    "numpy as a set": lambda: several(text("ran"), name="numpy.memmap", loader="Set"),
    "numpy in a list's place": lambda: several(
        text("ran"), text("w"), name="numpy.distutils.exec_command.exec_command", loader="List"
    ),
    "numpy compiles": lambda: calling("numpy.f2py.compile", text(CODE)),
    "numpy opens": lambda: calling(
        "numpy.lib.format.open_memmap", text("ran"), text("w+"), text("f8"), several(text(1))
    ),
    "a key's type is a function": lambda: mapping({CODE: text(1)}, kind="builtins.exec"),
    "a key's type is a class of numpy": lambda: mapping({"ran": text(1)}, kind="numpy.memmap"),
    "eval": lambda: calling("builtins.eval", text(CODE)),
    "exec as a type": lambda: node("Type", "builtins.exec"),
    "the shell": lambda: calling("os.system", text(SHELL)),
    "a process": lambda: calling("subprocess.Popen", text(SHELL)),
    "partial of the shell": lambda: partial(node("Function", "os.system"), text(SHELL)),
    "partial of a function of a library": lambda: partial(
        node("Function", "sklearn.datasets.load_files"), text(".")
    ),
    "a caller of methods": lambda: node(
        "OperatorFunc", "operator.methodcaller", attrs=several(text("system"), text(SHELL))
    ),
    "a getter": lambda: node(
        "OperatorFunc", "operator.attrgetter", attrs=several(text("__class__.__mro__"))
    ),
    "a method of an estimator": lambda: node(
        "Method",
        "sklearn.svm._classes.SVR",
        {"func": "set_params", "obj": node("Object", "sklearn.svm._classes.SVR")},
    ),
    "a function of scipy": lambda: node("Function", "scipy.io.savemat"),
    "a function of scikit-learn": lambda: node("Function", "sklearn.datasets.fetch_openml"),
    "a pickle's loader": lambda: calling("joblib.load", text("ran")),
    "an estimator as a function": lambda: node("Function", "sklearn.svm._classes.SVR"),
    "an estimator called": lambda: calling("sklearn.svm._classes.SVR", text("rbf")),
    "an estimator as a list": lambda: several(
        text(1), name="sklearn.svm._classes.SVR", loader="List"
    ),
    "a booster from a file": lambda: calling(
        "lightgbm.basic.Booster", text(None), text(None), text("ran")
    ),
    "an estimator without a transfer": lambda: node(
        "Object", "sklearn.neighbors._regression.RadiusNeighborsRegressor", mapping({})
    ),
    "a class of the same name elsewhere": lambda: node("Object", "sklearn.evil.SVR", mapping({})),
    "a loader of another protocol": lambda: node(
        "Function", "numpy.log1p", {"module_path": "os", "function": "system"}, protocol=0
    ),
    "a loader that is no name": lambda: {
        "__class__": "system",
        "__module__": "os",
        "__loader__": ["FunctionNode"],
    },
    "an object without a loader": lambda: {"__class__": "system", "__module__": "os"},
    "a random generator of any name": lambda: node(
        "RandomGenerator",
        "numpy.random._generator.Generator",
        {"bit_generator": mapping({}), "seed_seq": text(1)},
    ),
    "a saved reference": lambda: {**node("Cached", "os.system"), "__id__": 1},
}


def write(path: Path, attribute: Node, **top: Any) -> Path:
    """The honest file of a ridge, with one more attribute."""
    io.dump(CASES["Ridge"].make().fit(CASES["Ridge"].rows(), CASES["Ridge"].y), path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(contents["schema.json"])
    attributes = schema["content"]
    attributes["content"]["solver"] = attribute
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (
            contents | {"schema.json": json.dumps(schema | top).encode()}
        ).items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_and_nothing_runs(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    attribute = HOSTILE[case]()
    path = write(tmp_path / "model.skops", attribute, protocol=attribute.pop("protocol", 2))
    with pytest.raises((UsageError, FileError), match=r"no part of an estimator|cannot be read"):
        read_estimator(path, allow_pickle=False)
    assert [file.name for file in tmp_path.iterdir()] == ["model.skops"]


@pytest.mark.parametrize("key", ["score_func", "scorer_", "cv"])
def test_what_predictions_do_not_need_is_not_built(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = CASES["Ridge"].make().fit(CASES["Ridge"].rows(), CASES["Ridge"].y)
    setattr(model, key, write)
    io.dump(model, tmp_path / "model.skops")
    assert getattr(read_estimator(tmp_path / "model.skops", allow_pickle=False), key) is None


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "model.skops", text(1))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(300_000_000))
    with pytest.raises(FileError, match="unpacks to"):
        read_estimator(path, allow_pickle=False)


def test_honest_file_is_what_the_hostile_ones_were_made_from(tmp_path: Path) -> None:
    path = write(tmp_path / "model.skops", text("auto"))
    assert mimic(read_estimator(path, allow_pickle=False), CASES["Ridge"].rows()).certificate


def test_known_names_are_classes_and_no_functions() -> None:
    """Names of libraries that are not here, or of other versions of them, have no module or no
    entry.
    """
    found = 0
    for name in known_classes() | COMPILED_LOSSES | SCALARS | {TREE}:
        module, _, kind = name.rpartition(".")
        try:
            value = getattr(importlib.import_module(module), kind)
        except (ImportError, AttributeError):
            continue
        found += 1
        assert isinstance(value, type) and name == f"{module}.{value.__name__}", name
    assert found > len(known_classes())


def test_every_transfer_has_its_known_class_and_no_other_estimator_is_known() -> None:
    from sklearn.utils import all_estimators

    assert {name.rpartition(".")[2] for name in known_classes()} >= set(TRANSFERS)
    parts = {"DummyClassifier", "DummyRegressor", "LabelBinarizer", "LabelEncoder"}
    known = {
        name for name, kind in all_estimators() if f"{kind.__module__}.{name}" in known_classes()
    }
    assert known - parts <= set(TRANSFERS)


def test_functions_are_elementwise_or_those_that_scikit_learn_holds() -> None:
    functions = [
        name for name in trusted_names() if not isinstance(_found(name), type | None.__class__)
    ]
    assert [name for name in functions if not isinstance(_found(name), np.ufunc)] == [
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "sklearn.utils.validation.check_array",
    ]


def _found(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None


@pytest.mark.parametrize("name", [*CASES, *DOCUMENTS])
def test_estimators_that_have_a_transfer_are_read(name: str, tmp_path: Path) -> None:
    path, model, rows = (
        tmp_path / "model.skops",
        fitted(name),
        (CASES.get(name) or DOCUMENTS[name]).rows(),
    )
    io.dump(model, path)
    again = read_estimator(path, allow_pickle=False)
    method = "predict" if hasattr(model, "predict") else "transform"
    values = [getattr(one, method)(rows) for one in (model, again)]
    dense = [
        np.asarray(value.toarray() if hasattr(value, "toarray") else value) for value in values
    ]
    if dense[0].dtype.kind == "f":
        np.testing.assert_allclose(dense[1], dense[0], rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(dense[1], dense[0])


def test_strangers_are_told_in_order() -> None:
    assert strangers(
        [node("Function", "os.system"), node("Function", "a.b"), node("Type", "builtins.int")]
    ) == ["a.b", "os.system"]
