"""Public docstrings have numpydoc sections that agree with the code, and their examples run.

The public API is what the documentation site shows (`API` in tools/site.py). Every parameter is
named, in the order of the signature; results name their fields; what raises our errors says so;
every class and function has an example.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import runpy
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import matplotlib
import pytest

ROOT = Path(__file__).parents[2]
SITE = runpy.run_path(str(ROOT / "tools" / "site.py"))
PUBLIC = {name: found for _, name, found in SITE["public_names"]()}
CLASSES = {name: found for name, found in PUBLIC.items() if inspect.isclass(found)}
ERRORS = {name for name, found in CLASSES.items() if issubclass(found, Exception | Warning)}
FUNCTIONS = {name: found for name, found in PUBLIC.items() if not inspect.isclass(found)}
# their examples are run once, for all others
ESTIMATORS = ("motifnet.MotifRegressor", "motifnet.MotifClassifier")
# seconds: distillations, and fits in processes of their own
SLOW = {"motifnet.compress.TradeOff", "motifnet.compress.Point", "motifnet.compare.compare"}
# call these and an error of ours may come
CHECKS = re.compile(r"_?check_(?!is_fitted)|as_floats|as_target|as_table|as_levels|read_curves")


def sections(found: Any) -> dict[str, str]:
    """The sections of a docstring of its own; "" is the text before them."""
    text = inspect.cleandoc(found.__doc__ or "")
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", text, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def named(section: str) -> list[str]:
    """Names of the entries of a section."""
    heads = re.findall(r"^(\S[^:\n]*?)(?: :.*)?$", section, flags=re.MULTILINE)
    return [name.strip(" *") for head in heads for name in head.split(",")]


def parameters(found: Any) -> list[str]:
    return [name for name in inspect.signature(found).parameters if name not in ("self", "cls")]


def methods(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public methods that motifnet defines, of the class and of its bases."""
    for base in owner.__mro__:
        for name, member in vars(base).items():
            found = getattr(member, "__func__", member)
            own = inspect.isfunction(found) and found.__module__.startswith("motifnet")
            if own and not name.startswith("_"):
                yield f"{base.__module__}.{base.__name__}.{name}", found


METHODS = dict(found for owner in CLASSES.values() for found in methods(owner))
CALLED = {**FUNCTIONS, **METHODS}


def raises(found: Any) -> bool:
    """Whether its own lines raise an error, or check what comes in."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(found)))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [getattr(call, "id", getattr(call, "attr", "")) for call in calls]
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree)) or any(
        CHECKS.match(name) for name in names
    )


def check_choices(found: Any) -> None:
    """Of choices in braces the first is the default, as numpydoc has it and pages show it."""
    listed = re.findall(
        r"^(\w+) : \{(.*?)[,}]", sections(found).get("Parameters", ""), flags=re.MULTILINE
    )
    given = inspect.signature(found).parameters
    for name, first in listed:
        if given[name].default is not inspect.Parameter.empty:
            assert ast.literal_eval(first) == given[name].default, name


@pytest.mark.parametrize("name", CALLED)
def test_parameters_and_results_are_named(name: str) -> None:
    found, parts = CALLED[name], sections(CALLED[name])
    expected = parameters(found)
    assert parts[""].strip(), "no summary"
    assert named(parts.get("Parameters", "")) == expected
    check_choices(found)
    returns = found.__annotations__.get("return")
    if (expected or name in FUNCTIONS) and returns not in ("None", None, "NoReturn"):
        assert parts.get("Returns", "").strip(), f"returns {returns}"
    if raises(found):
        assert parts.get("Raises", "").strip(), "says not what it raises"


@pytest.mark.parametrize("name", CLASSES)
def test_classes_name_parameters_or_attributes(name: str) -> None:
    found, parts = CLASSES[name], sections(CLASSES[name])
    assert parts[""].strip()
    if name in ERRORS:
        return
    if is_dataclass(found):
        expected = [field.name for field in fields(found) if not field.name.startswith("_")]
        assert named(parts.get("Attributes", ""))[: len(expected)] == expected
    else:
        assert named(parts.get("Parameters", "")) == parameters(found)
        check_choices(found)


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in ERRORS])
def test_has_an_example(name: str) -> None:
    assert ">>> " in sections(PUBLIC[name]).get("Examples", "")


def run_example(name: str, names: dict[str, Any]) -> None:
    """Run the example of a docstring, which leaves what it defines in `names`."""
    text = inspect.cleandoc(PUBLIC[name].__doc__)
    example = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    example.globs = names  # not a copy
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    printed: list[str] = []
    doctest.DocTestRunner(optionflags=flags).run(example, out=printed.append, clear_globs=False)
    assert not printed, "".join(printed)


@pytest.fixture(scope="module")
def shared() -> dict[str, Any]:
    """What examples take over from others: the table and the fits of the two estimators' examples,
    a risk, and rows of a comparison.
    """
    import pandas as pd
    import torch

    from motifnet.compare import Result
    from motifnet.landscape import risk_of

    names: dict[str, Any] = {}
    for name in ESTIMATORS:
        run_example(name, names)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    names["risk"] = risk_of(net, names["X"], names["y"][:, None])
    done = Result(80, 20, "4.6", nrmse=0.4, fit_seconds=0.1, cpu_seconds=0.1, peak_mb=100.0)
    names["rows"] = pd.DataFrame([{"method": "lightgbm", "split": 0, **vars(done)}])
    return names


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
        for name in PUBLIC
        if name not in ERRORS | set(ESTIMATORS)
    ],
)
def test_example_runs(
    name: str, shared: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    run_example(name, dict(shared))
